package cpu

import (
	"math"
	"slices"

	"github.com/cameo-onnx/cameo/backend"
	"github.com/cameo-onnx/cameo/backend/cpu/kern"
	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/op"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// takesEpilogue reports whether the pointwise kernel can apply n's epilogue, if it has one, to its result.
func takesEpilogue(n *ir.Node) bool {
	g := n.Epilogue()
	if g == nil {
		return len(n.Bodies) == 0
	}
	y := n.Out[0]
	if y.Type.DType != tensor.F32 || maxRank(n) > kern.MaxRank {
		return false
	}
	for _, v := range n.In[n.Own():] {
		if _, ok := memoryShape(v, y.Type.Layout, y.Type.Rank()); !ok || !pointwiseType(v.Type.DType) {
			return false
		}
	}
	return hasProgram(g)
}

// A tail is what follows a product's sums: a bias, a residual and a clamp that the product's kernel applies itself, then a program.
type tail struct {
	bias, res *ir.Value
	clamp     kern.Clamp
	body      *ir.Graph
	y         *ir.Value  // of the body: what the program starts from
	rest      []*ir.Node // of the body: the program
}

// tailOf takes off n's epilogue what the kernel does itself, in its order: bias, residual, clamp. channel is the axis of the
// bias. Without residual that is left to the program.
func tailOf(n *ir.Node, t tail, channel int, residual bool) tail {
	t.body = n.Epilogue()
	if t.body == nil {
		return t
	}
	t.y, t.rest = t.body.Inputs[0], slices.Clone(t.body.Nodes)
	for !t.clamp.On {
		if len(t.y.Uses()) != 1 || t.y == t.body.Outputs[0].Value {
			break
		}
		m := t.y.Uses()[0].Node
		if !t.take(n, m, channel, residual) {
			break
		}
		t.y = m.Out[0]
		t.rest = slices.DeleteFunc(t.rest, func(x *ir.Node) bool { return x == m })
	}
	return t
}

// take makes the kernel do what m does to the result so far, if it can.
func (t *tail) take(n, m *ir.Node, channel int, residual bool) bool {
	switch m.Op {
	case op.Relu.Op:
		t.clamp = kern.Clamp{On: true, Hi: float32(math.Inf(1))}
		return true
	case op.Clip.Op:
		lo, hi := float32(math.Inf(-1)), float32(math.Inf(1))
		for i, end := range []*float32{&lo, &hi} {
			if len(m.In) <= i+1 || m.In[i+1] == nil {
				continue
			}
			x, ok := scalarOf(m.In[i+1])
			if !ok {
				return false
			}
			*end = x
		}
		if m.In[0] != t.y || lo != lo || hi != hi {
			return false
		}
		t.clamp = kern.Clamp{On: true, Lo: lo, Hi: hi}
		return true
	case op.Add.Op:
		v := m.In[0]
		if v == t.y {
			v = m.In[1]
		}
		i := slices.Index(t.body.Inputs, v)
		if i < 1 {
			return false // a value of the body has no place among the node's operands, not even a constant
		}
		v = n.In[n.Own()+i-1]
		y := n.Out[0].Type
		switch {
		case t.bias == nil && t.res == nil && alongAxis(v, n.Out[0], channel):
			t.bias = v
			return true
		case t.res == nil && residual && v.Type.DType == tensor.F32 && v.Type.Layout == y.Layout && v.Type.Shape.Equal(y.Shape):
			t.res = v
			return true
		}
	}
	return false
}

// alongAxis reports whether v holds a float32 for each place along one axis of y, and nothing else.
func alongAxis(v, y *ir.Value, axis int) bool {
	s, full := v.Type.Shape, y.Type.Shape
	if v.Type.DType != tensor.F32 || v.Type.Unranked || len(s) > len(full) || len(s) < len(full)-axis {
		return false
	}
	for i, d := range s {
		if i+len(full)-len(s) == axis {
			if !d.Equal(full[axis]) {
				return false
			}
			continue
		}
		if k, ok := d.Int(); !ok || k != 1 {
			return false
		}
	}
	return true
}

// program returns the program behind a product: what scales and adds c, if it is there, to the result first, then the rest of
// the body. Its first operand is nil: the result itself.
func (t *tail) program(c *ir.Value, beta float32) (kern.Program, []*ir.Value, bool) {
	b := &programmer{regs: map[*ir.Value]uint8{}}
	b.inputs, b.next = []*ir.Value{nil}, 1
	if t.body != nil {
		b.regs[t.y] = 0
	}
	if c != nil {
		b.load(c)
	}
	b.operands(t.rest)
	y := uint8(0)
	if c != nil {
		y = b.binary(kern.OpAdd, reg(y), reg(b.binary(kern.OpMul, reg(b.load(c)), imm(beta))))
	}
	if t.body == nil {
		p, ok := b.finish([]uint8{y})
		return p, b.inputs, ok
	}
	b.regs[t.y] = y
	for _, n := range t.rest {
		b.node(n)
	}
	p, ok := b.finish([]uint8{b.load(t.body.Outputs[0].Value)})
	return p, b.inputs, ok
}

// outer returns which operand of n each input of its body stands for, but for the first: the result so far.
func (t *tail) outer(n *ir.Node) map[*ir.Value]*ir.Value {
	out := map[*ir.Value]*ir.Value{}
	if t.body != nil {
		for i, v := range t.body.Inputs[1:] {
			out[v] = n.In[n.Own()+i]
		}
	}
	return out
}

// then returns the parameter of a product with what is left of its tail, and names the kernel that does it. The four operands
// of the product are in place.
func (c *call) then(n *ir.Node, p kern.ThenParam, t tail, scaled *ir.Value, beta float32) (any, error) {
	prog, inputs, ok := t.program(scaled, beta)
	if !ok {
		return nil, errRegisters
	}
	outer := t.outer(n)
	if scaled != nil {
		outer[scaled] = scaled
	}
	types, err := c.programOperands(inputs[1:], outer, n.Out[0])
	if err != nil {
		return nil, err
	}
	p.Then = kern.PointwiseParam{Program: prog, Types: unlessFloat32(slices.Concat([]kern.DType{kern.Float32}, types, []kern.DType{kern.Float32}))}
	c.st.Kernel = productThen
	return &p, nil
}

// productThen is the row that runs products with programs behind them.
const productThen = "product.then.f32"

var thenKernels = []Kernel{
	{Name: productThen, Op: op.Gemm.Op, Takes: func(*ir.Node) bool { return false }, Scratch: thenScratch, Run: kern.ProductThenF32},
}

func thenScratch(param any, args []kern.Arg, workers int) (int, error) {
	return kern.ProductThenScratch(param.(*kern.ThenParam), args, workers)
}

// behind makes the call add a step behind its own that applies what is left of a tail to the result, in place.
func (c *call) behind(n *ir.Node, t tail) error {
	prog, inputs, ok := t.program(nil, 1)
	if !ok {
		return errRegisters
	}
	c.after = func() error {
		y := n.Out[0]
		st := backend.Step{Kernel: "fused.f32", Node: c.st.Node, Outs: 1, From: n.From}
		d := &call{e: c.e, st: &st}
		outer := t.outer(n)
		outer[nil] = y
		types, err := d.programOperands(inputs, outer, y)
		if err != nil {
			return err
		}
		st.Param = &kern.PointwiseParam{Program: prog, Types: unlessFloat32(append(types, kern.Float32))}
		s, _ := memoryShape(y, y.Type.Layout, y.Type.Rank())
		st.Args = append(st.Args, c.e.alias(c.e.slots[y.ID], s))
		c.e.step(st)
		return nil
	}
	return nil
}
