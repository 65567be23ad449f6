package passes

import (
	"slices"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/op"
)

// flow folds control flow: an If whose condition is known becomes its branch, a Loop of no trips what it starts with; elsewhere
// constants move into the bodies that capture them.
func (f *folder) flow(n *ir.Node) error {
	switch n.Op {
	case op.If.Op:
		if body := taken(n); body != nil && !draws(body) {
			return f.inline(n, body, n.In[1:])
		}
		f.pass(n, n.In[1:], 0, n.Bodies...)
	case op.Loop.Op:
		carried := op.Loop.Attrs(n).Carried
		if idle(n) && f.skip(n, n.In[2:2+carried]) {
			return f.swap(n, n.In[2:2+len(n.Out)]...)
		}
		f.pass(n, n.In[2+carried:], 2+carried, n.Bodies...)
	case op.Scan.Op:
		a := op.Scan.Attrs(n)
		f.pass(n, n.In[a.States+a.NumScanInputs:], a.States+a.NumScanInputs, n.Bodies...)
	}
	return nil
}

// taken returns the branch of an If whose condition is known.
func taken(n *ir.Node) *ir.Graph {
	c, ok := n.In[0].Known().Ints()
	if !ok || len(c) != 1 {
		return nil
	}
	return n.Bodies[1-min(c[0], 1)]
}

// draws reports whether a body draws random numbers, which depend on the node that runs it.
func draws(g *ir.Graph) bool {
	return !g.AllNodes(func(_ *ir.Graph, n *ir.Node) bool { return n.Op.Props&ir.Random == 0 })
}

// idle reports whether a loop surely makes no trip.
func idle(n *ir.Node) bool {
	is := func(v *ir.Value, stops func(int) bool) bool {
		x, ok := v.Known().Ints()
		return v != nil && ok && len(x) == 1 && stops(x[0])
	}
	return is(n.In[0], func(k int) bool { return k <= 0 }) || len(n.In) > 1 && is(n.In[1], func(k int) bool { return k == 0 })
}

// skip reports whether the starting values can stand for all of the loop's results: there are none that it stacks.
func (f *folder) skip(n *ir.Node, start []*ir.Value) bool {
	if len(n.Out) > len(start) {
		return false
	}
	for i, v := range n.Out {
		if start[i] == nil || !start[i].Type.Equal(v.Type) {
			return false
		}
	}
	f.fired("loop-idle", n, nil)
	return true
}

// pass replaces the inputs, from index first on, that stand for constants among the captured values by those constants. The
// inputs stay, unused.
func (f *folder) pass(n *ir.Node, captured []*ir.Value, first int, bodies ...*ir.Graph) {
	for i, v := range captured {
		if v == nil || !v.IsConst() {
			continue
		}
		for _, b := range bodies {
			if first+i >= len(b.Inputs) || len(b.Inputs[first+i].Uses()) == 0 {
				continue
			}
			in := b.Inputs[first+i]
			if err := b.Replace(in, b.Const(v.Name, v.Data)); err == nil {
				f.fired("captured-constant", n, nil)
			}
		}
	}
}

// inline puts a copy of body in the place of n, and folds it.
func (f *folder) inline(n *ir.Node, body *ir.Graph, args []*ir.Value) error {
	of := map[*ir.Value]*ir.Value{}
	for i, v := range body.Inputs {
		if i < len(args) {
			of[v] = args[i]
		}
	}
	look := func(v *ir.Value) *ir.Value {
		if v != nil && of[v] == nil && v.IsConst() {
			of[v] = f.g.Const(v.Name, v.Data)
		}
		return of[v]
	}
	b := ir.NewBuilder(f.g).Before(n)
	at := f.g.Index(n)
	for _, m := range body.Nodes {
		in := make([]*ir.Value, len(m.In))
		for i, v := range m.In {
			if in[i] = look(v); v != nil && in[i] == nil {
				return f.drop(at, n) // an input without an operand: its use will say so
			}
		}
		b.From = m.From
		c := b.Add(m.Op, m.Attrs, m.Bodies, len(m.Out), in...)
		if c == nil {
			return f.drop(at, n)
		}
		for i, v := range m.Out {
			of[v] = c.Out[i]
			// Sizes that only running tells keep their names, which bodies further in may mention.
			if err := f.g.SetType(c.Out[i], v.Type); err != nil {
				return err
			}
			f.g.Rename(c.Out[i], v.Name)
		}
	}
	built := slices.Clone(f.g.Nodes[at:f.g.Index(n)])
	outs := make([]*ir.Value, len(n.Out))
	for i := range outs {
		if outs[i] = look(body.Outputs[i].Value); outs[i] == nil {
			return f.drop(at, n)
		}
	}
	f.fired("if-known", n, nil)
	if err := f.swap(n, outs...); err != nil {
		return err
	}
	for _, m := range built {
		if err := f.node(m); err != nil {
			return err
		}
	}
	return nil
}

// drop erases what was built for n from index at on, so that n stays.
func (f *folder) drop(at int, n *ir.Node) error {
	for _, m := range slices.Backward(slices.Clone(f.g.Nodes[at:f.g.Index(n)])) {
		f.g.Erase(m)
	}
	return nil
}
