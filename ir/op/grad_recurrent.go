package op

import (
	"fmt"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// Recurrent ops are differentiated as scans over their steps, which compute every state anew.
func init() {
	derive(RNN, func(g *ir.Grad, a RNNAttrs, n *ir.Node) []*ir.Value {
		return recurrentGrad(g, n, a.recurrent(), stepper{states: 1, step: a.step})
	})
	derive(LSTM, func(g *ir.Grad, a LSTMAttrs, n *ir.Node) []*ir.Value {
		return recurrentGrad(g, n, a.recurrent(), stepper{states: 2, step: a.step})
	})
	derive(GRU, func(g *ir.Grad, a GRUAttrs, n *ir.Node) []*ir.Value {
		return recurrentGrad(g, n, a.recurrent(), stepper{states: 1, inner: a.LinearBeforeReset, step: a.step})
	})
}

// steps is one direction of a recurrent op inside the body of its scan.
type steps struct {
	recurrent
	r    *ir.Value // the recurrent weights, transposed: [H, gates·H]
	bias *ir.Value // the recurrent bias, where it is not in the operand's part: [gates·H]
	p    *ir.Value // peepholes [3H], or nil
	acts []choice
}

// act applies activation i to x, which is clipped first where the op asks for it.
func (s *steps) act(m maths, i int, x *ir.Value) *ir.Value {
	if s.clip != nil {
		c := float64(*s.clip)
		x = m.one(Clip, x, m.c(x, -c), m.c(x, c))
	}
	return m.activate(s.acts[i], x)
}

// split cuts the last axis into equal parts.
func (m maths) split(x *ir.Value, axis, parts int) []*ir.Value {
	if parts == 1 {
		return []*ir.Value{x}
	}
	return Split.NewN(m.b, SplitAttrs{Axis: axis, NumOutputs: &parts}, parts, x)
}

func (a RNNAttrs) step(m maths, s *steps, pre, h, _ *ir.Value) (*ir.Value, *ir.Value) {
	return s.act(m, 0, m.add(pre, m.matmul(h, s.r))), nil
}

func (a LSTMAttrs) step(m maths, s *steps, pre, h, c *ir.Value) (*ir.Value, *ir.Value) {
	x := m.split(m.add(pre, m.matmul(h, s.r)), -1, 4)
	peep := make([]*ir.Value, 3)
	if s.p != nil {
		peep = m.split(s.p, 0, 3)
	}
	see := func(x *ir.Value, i int, c *ir.Value) *ir.Value {
		if s.p == nil {
			return x
		}
		return m.add(x, m.mul(peep[i], c))
	}
	in := s.act(m, 0, see(x[0], 0, c))
	forget := m.axpb(-1, in, 1)
	if !a.InputForget {
		forget = s.act(m, 0, see(x[2], 2, c))
	}
	c = m.add(m.mul(forget, c), m.mul(in, s.act(m, 1, x[3])))
	return m.mul(s.act(m, 0, see(x[1], 1, c)), m.activate(s.acts[2], c)), c
}

func (a GRUAttrs) step(m maths, s *steps, pre, h, _ *ir.Value) (*ir.Value, *ir.Value) {
	x, r := m.split(pre, -1, 3), m.split(s.r, 1, 3)
	z := s.act(m, 0, m.add(x[0], m.matmul(h, r[0])))
	reset := s.act(m, 0, m.add(x[1], m.matmul(h, r[1])))
	var rec *ir.Value
	if a.LinearBeforeReset {
		rec = m.matmul(h, r[2])
		if s.bias != nil {
			rec = m.add(rec, m.split(s.bias, 0, 3)[2])
		}
		rec = m.mul(reset, rec)
	} else {
		rec = m.matmul(m.mul(reset, h), r[2])
	}
	return m.add(m.mul(m.axpb(-1, z, 1), s.act(m, 1, m.add(x[2], rec))), m.mul(z, h)), nil
}

// stepper builds one step of a recurrent op.
type stepper struct {
	states int  // hidden state, and cell
	inner  bool // the recurrent bias of the last gate lies inside of a product
	step   func(m maths, s *steps, pre, h, c *ir.Value) (*ir.Value, *ir.Value)
}

func recurrentGrad(g *ir.Grad, n *ir.Node, r recurrent, f stepper) []*ir.Value {
	dirs, err := r.dirs()
	if err != nil {
		g.Fail(err)
		return nil
	}
	return through(g, n, func(m maths, in []*ir.Value) []*ir.Value {
		in = append(in, make([]*ir.Value, recP+1-len(in))...)
		if r.layout == 1 {
			for _, i := range []int{recX, recH, recC} {
				if in[i] != nil {
					in[i] = m.transpose(in[i], 1, 0, 2)
				}
			}
		}
		axes := []int{1, 0, 0}
		outs := make([][]*ir.Value, 3) // of each direction: all hidden states, the last ones, the last cells
		for dir := range dirs {
			ys := m.direction(r, in, dir, dirs, f)
			for i, y := range ys {
				outs[i] = append(outs[i], m.one(Unsqueeze, y, m.ints(axes[i])))
			}
			if m.b.Err() != nil {
				return nil
			}
		}
		all := make([]*ir.Value, 3)
		for i, list := range outs {
			if len(list) == 0 {
				continue
			}
			back := []int{1, 0, 2}
			if i == 0 {
				back = []int{2, 0, 1, 3}
			}
			if all[i] = Concat.New(m.b, ConcatAttrs{Axis: axes[i]}, list...); r.layout == 1 {
				all[i] = m.transpose(all[i], back...)
			}
		}
		return all
	})
}

// at takes place i of the first axis.
func (m maths) at(v *ir.Value, i int) *ir.Value {
	if v == nil {
		return nil
	}
	return Gather.New(m.b, AxisAttrs{}, v, m.b.G.Const("", intScalar(i)))
}

// direction builds the scan of one direction: all hidden states [T,N,H], and the last states.
func (m maths) direction(r recurrent, in []*ir.Value, dir, dirs int, f stepper) []*ir.Value {
	acts, err := r.chosen(dirs)
	if err != nil {
		m.b.Fail(err)
		return nil
	}
	x := in[recX]
	s := &steps{recurrent: r, r: m.swapped(m.at(in[recR], dir)), p: m.at(in[recP], dir), acts: acts[dir*r.funcs : (dir+1)*r.funcs]}
	pre := m.matmul(x, m.swapped(m.at(in[recW], dir)))
	if in[recB] != nil {
		both := m.split(m.at(in[recB], dir), 0, 2)
		wide := both[1]
		if s.bias = wide; f.inner {
			gates := m.split(wide, 0, 3)
			wide = Concat.New(m.b, ConcatAttrs{}, gates[0], gates[1], m.zeros(gates[2]))
		}
		pre = m.add(pre, m.add(both[0], wide))
	}
	var operands []*ir.Value
	for _, i := range []int{recH, recC}[:f.states] {
		v := m.at(in[i], dir)
		if v == nil {
			v = m.one(Expand, m.c(x, 0), m.concat(sizeAt(m.b, x, 1), sizeAt(m.b, in[recR], 2)))
		}
		operands = append(operands, v)
	}
	d := 0
	if dir == 1 || r.direction == "reverse" {
		d = 1
	}
	a := ScanAttrs{NumScanInputs: 1, States: f.states, ScanInputDirections: []int{d}, ScanOutputDirections: []int{d}}
	operands = append(operands, pre)
	if in[recLens] != nil {
		a.NumScanInputs, a.ScanInputDirections = 2, []int{d, d}
		from, step := m.b.G.Const("", intScalar(0)), m.b.G.Const("", intScalar(1))
		operands = append(operands, Range.New(m.b, Range.Default(), from, m.reshape(sizeAt(m.b, x, 0)), step))
	}
	return m.scanSteps(s, a, operands, in[recLens], f)
}

// scanSteps builds the scan over operands: the first states, the operand's part of each step, and where lens is given the steps'
// numbers. It returns all hidden states, and the last states.
func (m maths) scanSteps(s *steps, a ScanAttrs, operands []*ir.Value, lens *ir.Value, f stepper) []*ir.Value {
	if m.b.Err() != nil {
		return nil
	}
	h := m.b.G.NewBody("step")
	bm := maths{ir.NewBuilder(h)}
	var args []*ir.Value
	for i, v := range operands {
		t := v.Type
		if i >= a.States && !t.Unranked {
			t = t.WithShape(t.Shape[1:]...)
		}
		args = append(args, h.Input("", t))
	}
	capture := func(v *ir.Value) *ir.Value {
		if v == nil {
			return nil
		}
		operands = append(operands, v)
		return h.Input("", v.Type)
	}
	inner := *s
	inner.r, inner.bias, inner.p = capture(s.r), nil, capture(s.p)
	if f.inner {
		inner.bias = capture(s.bias)
	}
	var c *ir.Value
	if f.states == 2 {
		c = args[1]
	}
	nh, nc := f.step(bm, &inner, args[f.states], args[0], c)
	y := nh
	if lens != nil {
		on := bm.one(Unsqueeze, bm.less(args[f.states+1], bm.cast(capture(lens), tensor.I64)), bm.ints(1))
		y, nh = bm.gate(on, nh), bm.where(on, nh, args[0])
		if nc != nil {
			nc = bm.where(on, nc, c)
		}
	}
	h.Output("h", nh)
	if nc != nil {
		h.Output("c", nc)
	}
	if y == nh {
		y = bm.identity(y)
	}
	h.Output("y", y)
	if err := bm.b.Err(); err != nil {
		m.b.Fail(err)
		return nil
	}
	n := m.b.Add(Scan.Op, a, []*ir.Graph{h}, len(h.Outputs), operands...)
	if n == nil {
		return nil
	}
	return append([]*ir.Value{n.Out[len(n.Out)-1]}, n.Out[:a.States]...)
}

// activate builds an activation.
func (m maths) activate(c choice, x *ir.Value) *ir.Value {
	a, b := float32(c.a), float32(c.b)
	switch c.name {
	case "relu":
		return m.one(Relu, x)
	case "tanh":
		return m.one(Tanh, x)
	case "sigmoid":
		return m.one(Sigmoid, x)
	case "softsign":
		return m.one(Softsign, x)
	case "softplus":
		return m.one(Softplus, x)
	case "affine":
		return m.axpb(c.a, x, c.b)
	case "leakyrelu":
		return LeakyRelu.New(m.b, LeakyReluAttrs{Alpha: a}, x)
	case "thresholdedrelu":
		return ThresholdedRelu.New(m.b, AlphaAttrs{Alpha: a}, x)
	case "scaledtanh":
		return m.scale(m.one(Tanh, m.scale(x, c.b)), c.a)
	case "hardsigmoid":
		return HardSigmoid.New(m.b, HardSigmoidAttrs{Alpha: a, Beta: b}, x)
	case "elu":
		return Elu.New(m.b, AlphaAttrs{Alpha: a}, x)
	}
	m.b.Fail(fmt.Errorf("activation %s has no gradient: %w", c.name, ir.ErrUnsupported))
	return nil
}
