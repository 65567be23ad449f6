package op

import (
	"fmt"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

func init() {
	derive(If, ifGrad)
	derive(Scan, scanGrad)
	derive(Loop, loopGrad)
}

// ifGrad is an If whose branches differentiate those of the node.
func ifGrad(g *ir.Grad, _ None, n *ir.Node) []*ir.Value {
	m := maths{g.Builder}
	in := append([]*ir.Value{}, n.In...)
	for _, dy := range g.Out {
		if dy != nil {
			in = append(in, dy)
		}
	}
	var bodies []*ir.Graph
	var wanted []int
	for _, body := range n.Bodies {
		h := m.b.G.NewBody(body.Name)
		b := ir.NewBuilder(h)
		args := make([]*ir.Value, len(body.Inputs))
		for i, v := range body.Inputs {
			args[i] = h.Input(v.Name, v.Type)
		}
		outs := body.CopyInto(b, args)
		var ys, dys, xs []*ir.Value
		for i, dy := range g.Out {
			if dy != nil {
				ys, dys = append(ys, outs[i]), append(dys, h.Input("", outs[i].Type))
			}
		}
		wanted = wanted[:0]
		for i, v := range args {
			if needs(g, 1+i) {
				xs, wanted = append(xs, v), append(wanted, 1+i)
			}
		}
		for i, d := range g.Diff(b, ys, dys, xs) {
			if d == nil {
				d = maths{b}.zeros(xs[i])
			}
			h.Output("", d)
		}
		if b.Err() != nil {
			g.Fail(b.Err())
			return nil
		}
		bodies = append(bodies, h)
	}
	if g.Err() != nil {
		return nil
	}
	d := m.b.Add(If.Op, None{}, bodies, len(wanted), in...)
	if d == nil {
		return nil
	}
	out := make([]*ir.Value, len(n.In))
	for i, w := range wanted {
		out[w] = m.like(d.Out[i], n.In[w])
	}
	return out
}

// reversal says how to run through a loop's trips from the last to the first. Indices are those of the body's inputs and outputs.
type reversal struct {
	body    *ir.Graph
	given   map[int]*tensor.Tensor // inputs that are constants
	carried []carriedValue
	scanned []scannedValue
	stacked []scannedValue // results that were stacked, with their adjoints
	capture []scannedValue
}

// carriedValue is a value that a loop hands on.
type carriedValue struct {
	in, out int
	saved   *ir.Value // what each trip got, stacked along axis 0
	final   *ir.Value
	adjoint *ir.Value // of final; nil where zero
}

// scannedValue is an operand that a loop steps through, a result that it stacks, or one that it captures.
type scannedValue struct {
	at              int
	v               *ir.Value
	axis, direction int
	want            bool
}

// A backScan is the scan that goes back through the trips, being built: its body, its operands so far, and its attributes.
type backScan struct {
	outer, inner maths // builders of the graph and of the body
	body         *ir.Graph
	in           []*ir.Value
	attrs        ScanAttrs
}

// carry adds a value that the scan hands on, start at first.
func (s *backScan) carry(start *ir.Value, t ir.Type) *ir.Value {
	s.in = append(s.in, start)
	s.attrs.States++
	return s.body.Input("", t)
}

// scan adds an operand that the scan steps through, against the loop's direction.
func (s *backScan) scan(v *ir.Value, t ir.Type, axis, direction int) *ir.Value {
	s.in = append(s.in, v)
	a := &s.attrs
	a.NumScanInputs++
	a.ScanInputAxes, a.ScanInputDirections = append(a.ScanInputAxes, axis), append(a.ScanInputDirections, 1-direction)
	return s.body.Input("", t)
}

// run builds a scan that goes back through the trips, and returns the adjoints of the carried values before the first trip, of what was
// captured, and of what was scanned; nil where there is none.
func (r reversal) run(g *ir.Grad) (carried, captured, scanned []*ir.Value) {
	h := g.G.NewBody("back")
	s := &backScan{outer: maths{g.Builder}, inner: maths{ir.NewBuilder(h)}, body: h}
	args, ds, acc, dys := r.inputs(s)
	dstates, dscans, dcaps := r.trip(g, s.inner, args, ds, dys)
	if g.Err() != nil {
		return nil, nil, nil
	}
	r.outputs(s, acc, dstates, dscans, dcaps)
	if err := s.inner.b.Err(); err != nil {
		g.Fail(err)
		return nil, nil, nil
	}
	n := g.Add(Scan.Op, s.attrs, []*ir.Graph{h}, len(h.Outputs), s.in...)
	if n == nil {
		return nil, nil, nil
	}
	rest := n.Out
	take := func(have []*ir.Value) []*ir.Value {
		out := make([]*ir.Value, len(have))
		for i, d := range have {
			if d != nil {
				out[i], rest = rest[0], rest[1:]
			}
		}
		return out
	}
	return take(dstates), take(acc), take(dscans)
}

// inputs gives the scan its operands and the body its inputs: args stand for what the loop's body got, ds are the adjoints of carried
// values, acc those of captured values so far, dys those of stacked results.
func (r reversal) inputs(s *backScan) (args, ds, acc, dys []*ir.Value) {
	m, h := s.outer, s.body
	args = make([]*ir.Value, len(r.body.Inputs))
	ds, acc, dys = make([]*ir.Value, len(r.carried)), make([]*ir.Value, len(r.capture)), make([]*ir.Value, len(r.stacked))
	for i, c := range r.carried {
		if t := r.body.Inputs[c.in].Type; t.Carries() {
			start := c.adjoint
			if start == nil {
				start = m.zeros(c.final)
			}
			ds[i] = s.carry(start, t)
		}
	}
	for i, c := range r.capture {
		if c.want {
			acc[i] = s.carry(m.zeros(c.v), r.body.Inputs[c.at].Type)
		}
	}
	for _, c := range r.carried {
		args[c.in] = s.scan(c.saved, r.body.Inputs[c.in].Type, 0, 0)
	}
	for _, c := range r.scanned {
		args[c.at] = s.scan(c.v, r.body.Inputs[c.at].Type, c.axis, c.direction)
	}
	for i, c := range r.stacked {
		dys[i] = s.scan(c.v, r.body.Outputs[c.at].Value.Type, c.axis, c.direction)
	}
	for _, c := range r.capture {
		s.in, args[c.at] = append(s.in, c.v), h.Input("", r.body.Inputs[c.at].Type)
	}
	for i, t := range r.given {
		args[i] = h.Const("", t)
	}
	return args, ds, acc, dys
}

// outputs returns from the body what trip found.
func (r reversal) outputs(s *backScan, acc, dstates, dscans, dcaps []*ir.Value) {
	for _, d := range dstates {
		if d != nil {
			s.body.Output("", d)
		}
	}
	for i, d := range dcaps {
		switch {
		case acc[i] == nil:
		case d == nil:
			s.body.Output("", s.inner.identity(acc[i]))
		default:
			s.body.Output("", s.inner.add(acc[i], d))
		}
	}
	for i, d := range dscans {
		if d != nil {
			s.body.Output("", d)
			a := &s.attrs
			a.ScanOutputAxes, a.ScanOutputDirections = append(a.ScanOutputAxes, r.scanned[i].axis), append(a.ScanOutputDirections, 1-r.scanned[i].direction)
		}
	}
}

// trip differentiates one trip: it returns the adjoints of what the body got.
func (r reversal) trip(g *ir.Grad, bm maths, args, ds, dstacked []*ir.Value) (states, scans, caps []*ir.Value) {
	outs := r.body.CopyInto(bm.b, args)
	var ys, dys, xs []*ir.Value
	for i, c := range r.carried {
		if ds[i] != nil {
			ys, dys, xs = append(ys, outs[c.out]), append(dys, ds[i]), append(xs, args[c.in])
		}
	}
	for i, s := range r.stacked {
		ys, dys = append(ys, outs[s.at]), append(dys, dstacked[i])
	}
	for _, list := range [][]scannedValue{r.scanned, r.capture} {
		for _, s := range list {
			if s.want {
				xs = append(xs, args[s.at])
			}
		}
	}
	adj := g.Diff(bm.b, ys, dys, xs)
	if adj == nil {
		adj = make([]*ir.Value, len(xs))
	}
	next := func(zero bool) *ir.Value {
		d := adj[0]
		if d == nil && zero {
			d = bm.zeros(xs[0])
		}
		adj, xs = adj[1:], xs[1:]
		return d
	}
	states, scans, caps = make([]*ir.Value, len(ds)), make([]*ir.Value, len(r.scanned)), make([]*ir.Value, len(r.capture))
	for i := range ds {
		if ds[i] != nil {
			states[i] = next(true)
		}
	}
	for i, s := range r.scanned {
		if s.want {
			scans[i] = next(true)
		}
	}
	for i, s := range r.capture {
		if s.want {
			caps[i] = next(false)
		}
	}
	return states, scans, caps
}

// saving is a copy of a loop's body that also returns its inputs of the given indices.
func saving(g *ir.Grad, body *ir.Graph, inputs []int) *ir.Graph {
	h := g.CopyBody(body)
	b := ir.NewBuilder(h)
	for _, i := range inputs {
		h.Output("", Identity.New(b, None{}, h.Inputs[i]))
	}
	return h
}

func scanGrad(g *ir.Grad, a ScanAttrs, n *ir.Node) []*ir.Value {
	body, outs := n.Bodies[0], len(n.Bodies[0].Outputs)
	scans := outs - a.States
	full := func(v []int, n int) []int { return append(append([]int{}, v...), make([]int, n-len(v))...) }
	// The axes are those of slices too, where they count from the front.
	r := reversal{body: body}
	for i := range a.NumScanInputs {
		x := n.In[a.States+i]
		axis, err := normAxis(pickInt(a.ScanInputAxes, i), maths{g.Builder}.rankOf(x))
		if err != nil {
			g.Fail(err)
			return nil
		}
		direction := pickInt(a.ScanInputDirections, i)
		r.scanned = append(r.scanned, scannedValue{at: a.States + i, v: x, axis: axis, direction: direction, want: needs(g, a.States+i)})
	}
	again := a
	again.ScanOutputAxes, again.ScanOutputDirections = full(a.ScanOutputAxes, scans+a.States), full(a.ScanOutputDirections, scans+a.States)
	saved := upTo(0, a.States)
	dys := g.Out
	m := g.Again(again, []*ir.Graph{saving(g, body, saved)}, outs+a.States)
	if m == nil {
		return nil
	}
	for i, dy := range dys[min(a.States, len(dys)):] {
		if dy != nil {
			axis, err := normAxis(pickInt(a.ScanOutputAxes, i), maths{g.Builder}.rankOf(dy))
			if err != nil {
				g.Fail(err)
				return nil
			}
			r.stacked = append(r.stacked, scannedValue{at: a.States + i, v: dy, axis: axis, direction: pickInt(a.ScanOutputDirections, i)})
		}
	}
	for i := range a.States {
		c := carriedValue{in: i, out: i, saved: m.Out[outs+i], final: m.Out[i]}
		if i < len(dys) {
			c.adjoint = dys[i]
		}
		r.carried = append(r.carried, c)
	}
	for i := a.States + a.NumScanInputs; i < len(n.In); i++ {
		r.capture = append(r.capture, scannedValue{at: i, v: n.In[i], want: needs(g, i)})
	}
	if g.Err() != nil {
		return nil
	}
	carried, captured, scanned := r.run(g)
	return append(append(carried, scanned...), captured...)
}

// loopGrad runs back through the trips that the loop made, with the values that each of them got.
func loopGrad(g *ir.Grad, a LoopAttrs, n *ir.Node) []*ir.Value {
	body, outs := n.Bodies[0], len(n.Bodies[0].Outputs)-1
	for i, v := range body.Inputs[:2+a.Carried] {
		if v.Type.Kind != ir.Tensor {
			g.Fail(fmt.Errorf("carried value %d is a %v: %w", i-2, v.Type, ir.ErrUnsupported))
			return nil
		}
	}
	saved := append([]int{0}, upTo(2, 2+a.Carried)...)
	dys := g.Out
	m := g.Again(a, []*ir.Graph{saving(g, body, saved)}, outs+len(saved))
	if m == nil {
		return nil
	}
	r := reversal{body: body, given: map[int]*tensor.Tensor{1: tensor.Scalar(true)}}
	r.scanned = []scannedValue{{at: 0, v: m.Out[outs]}}
	for i := range a.Carried {
		c := carriedValue{in: 2 + i, out: 1 + i, saved: m.Out[outs+1+i], final: m.Out[i]}
		if i < len(dys) {
			c.adjoint = dys[i]
		}
		r.carried = append(r.carried, c)
	}
	for i, dy := range dys[min(a.Carried, len(dys)):] {
		if dy != nil {
			r.stacked = append(r.stacked, scannedValue{at: 1 + a.Carried + i, v: dy})
		}
	}
	for i := 2 + a.Carried; i < len(n.In); i++ {
		r.capture = append(r.capture, scannedValue{at: i, v: n.In[i], want: needs(g, i)})
	}
	if g.Err() != nil {
		return nil
	}
	carried, captured, _ := r.run(g)
	return append(append([]*ir.Value{nil, nil}, carried...), captured...)
}
