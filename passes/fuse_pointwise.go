package passes

import (
	"container/heap"
	"slices"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/op"
)

// fusePointwise makes maximal groups of connected elementwise nodes into `fused` nodes.
//
// A group stands where its last node stood. It may therefore grow only until a node outside it uses one of its values: then it
// is closed. So no path leaves a group and enters it again, by construction and without a search. That the nodes be in an order
// in which this closes few groups is the business of gather.
func fusePointwise(g *ir.Graph, t Target) error {
	gather(g, t)
	p := pointwise{t: t, of: make(map[*ir.Node]*group, len(g.Nodes))}
	for _, n := range g.Nodes {
		p.visit(n)
	}
	s := newSplicer(g)
	out := outputsOf(g)
	nodes := slices.Clone(g.Nodes)
	for _, n := range nodes {
		if gr := p.of[n].root(); gr != nil && gr.nodes[len(gr.nodes)-1] == n && len(gr.nodes) > 1 {
			if err := gr.build(g, s, t, out); err != nil {
				return err
			}
		}
	}
	err := s.done()
	g.Sweep()
	return err
}

type pointwise struct {
	t  Target
	of map[*ir.Node]*group
}

type group struct {
	loop
	typ    ir.Type
	closed bool
	into   *group // the group that this one became part of
}

func (gr *group) root() *group {
	for gr != nil && gr.into != nil {
		if gr.into.into != nil {
			gr.into = gr.into.into
		}
		gr = gr.into
	}
	return gr
}

// visit puts n into a group with as many of its operands' groups as the bounds allow, and closes the others.
func (p *pointwise) visit(n *ir.Node) {
	var own *group
	if len(n.Out) == 1 && inLoop(n, p.t, n.Out[0].Type) {
		own = &group{typ: n.Out[0].Type}
		own.nodes = []*ir.Node{n}
		own.addOperands(n, func(*ir.Value) bool { return false })
		p.of[n] = own
	}
	for _, v := range n.In {
		if v == nil || v.Def == nil {
			continue
		}
		gr := p.of[v.Def].root()
		if gr == nil || gr == own {
			continue
		}
		if own != nil && !gr.closed && gr.typ.Shape.Equal(own.typ.Shape) && gr.typ.Layout == own.typ.Layout {
			if both := join(gr, own); both != nil {
				own = both
				continue
			}
		}
		gr.closed = true
	}
}

// join returns the union of a, which has the earlier nodes, and b; nil where it would be too large.
func join(a, b *group) *group {
	if len(a.nodes)+len(b.nodes) > maxFusedNodes {
		return nil
	}
	u := &group{typ: b.typ}
	u.nodes = append(slices.Clone(a.nodes), b.nodes...)
	made := func(v *ir.Value) bool { return u.has(v.Def) }
	for _, n := range u.nodes {
		u.addOperands(n, made)
	}
	if len(u.operands) > maxFusedOperands || len(u.operands) == 0 {
		return nil
	}
	a.into, b.into = u, u
	return u
}

// build makes the group a node, unless too many of its values are seen from outside, or the target does not run it.
func (gr *group) build(g *ir.Graph, s *splicer, t Target, out map[*ir.Value]bool) error {
	var results []*ir.Value
	for _, n := range gr.nodes {
		v := n.Out[0]
		if out[v] || slices.ContainsFunc(v.Uses(), func(u ir.Use) bool { return !gr.has(u.Node) }) {
			results = append(results, v)
		}
	}
	if len(results) == 0 || len(results) > maxFusedResults {
		return nil
	}
	// Groups that stand before this one are nodes by now, and have changed its operands.
	gr.operands = nil
	for _, n := range gr.nodes {
		gr.addOperands(n, func(v *ir.Value) bool { return gr.has(v.Def) })
	}
	body, err := gr.body(g, "fused", gr.operands, results)
	if err != nil {
		return err
	}
	last := gr.nodes[len(gr.nodes)-1]
	n := s.add(last, from(gr.nodes...), op.Fused.Op, op.None{}, []*ir.Graph{body}, len(results), gr.operands...)
	if n == nil {
		return last.Fault(s.b.Err())
	}
	for i, v := range results {
		g.SetLayout(n.Out[i], v.Type.Layout) // which inference does not tell of conversions
	}
	if !t.HasKernel(n) && !slices.ContainsFunc(gr.nodes, func(m *ir.Node) bool { return !t.HasKernel(m) }) {
		return nil // the nodes run by themselves, the loop would not
	}
	for i, v := range results {
		if err := replace(g, v, n.Out[i]); err != nil {
			return err
		}
	}
	return nil
}

// gather reorders the nodes, each still behind its operands, so that elementwise nodes come as soon as they can and with that
// next to each other.
func gather(g *ir.Graph, t Target) {
	pos := make(map[*ir.Node]int, len(g.Nodes))
	waits := make([]int, len(g.Nodes)) // operands that are still to come
	r := ready{loop: make([]bool, len(g.Nodes))}
	for i, n := range g.Nodes {
		pos[n] = i
		r.loop[i] = len(n.Out) == 1 && inLoop(n, t, n.Out[0].Type)
		for _, v := range n.In {
			if v != nil && v.Def != nil {
				waits[i]++
			}
		}
		if waits[i] == 0 {
			heap.Push(&r, i)
		}
	}
	nodes := make([]*ir.Node, 0, len(g.Nodes))
	for len(r.at) > 0 {
		n := g.Nodes[heap.Pop(&r).(int)]
		nodes = append(nodes, n)
		for _, v := range n.Out {
			for _, u := range v.Uses() {
				i := pos[u.Node]
				if waits[i]--; waits[i] == 0 {
					heap.Push(&r, i)
				}
			}
		}
	}
	g.Nodes = nodes
}

// ready is a heap of the places of nodes whose operands are there: elementwise ones first, then in the old order.
type ready struct {
	at   []int
	loop []bool
}

func (r *ready) Len() int { return len(r.at) }

func (r *ready) Less(i, j int) bool {
	a, b := r.at[i], r.at[j]
	if r.loop[a] != r.loop[b] {
		return r.loop[a]
	}
	return a < b
}

func (r *ready) Swap(i, j int) { r.at[i], r.at[j] = r.at[j], r.at[i] }

func (r *ready) Push(x any) { r.at = append(r.at, x.(int)) }

func (r *ready) Pop() any {
	x := r.at[len(r.at)-1]
	r.at = r.at[:len(r.at)-1]
	return x
}
