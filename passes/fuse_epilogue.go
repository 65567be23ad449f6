package passes

import (
	"slices"

	"github.com/cameo-onnx/cameo/ir"
)

// fuseEpilogues makes the elementwise nodes behind a producer its epilogue, where nothing else sees what lies between. Later
// producers choose first: of two whose results are added, the later one finds the other's in memory.
func fuseEpilogues(g *ir.Graph, t Target) error {
	e := epilogues{t: t, s: newSplicer(g), pos: make(map[*ir.Node]int, len(g.Nodes)), dead: map[*ir.Node]bool{}, out: outputsOf(g)}
	nodes := slices.Clone(g.Nodes)
	for i, n := range nodes {
		e.pos[n] = i
	}
	for _, n := range slices.Backward(nodes) {
		if e.dead[n] || len(n.Bodies) > 0 || len(n.Out) != 1 || n.Out[0].Type.Rank() < 0 || !t.TakesEpilogue(n) {
			continue
		}
		l, exit := e.grow(n)
		if len(l.nodes) == 0 {
			continue
		}
		if err := e.attach(n, l, exit); err != nil {
			return err
		}
	}
	err := e.s.done()
	g.Sweep()
	return err
}

type epilogues struct {
	t    Target
	s    *splicer
	pos  map[*ir.Node]int
	dead map[*ir.Node]bool // replaced, but still in the graph
	out  map[*ir.Value]bool
}

// grow returns the largest bounded loop behind n of which only one value, exit, is seen from outside.
func (e *epilogues) grow(n *ir.Node) (best loop, exit *ir.Value) {
	first := n.Out[0]
	l := loop{}
	live := []*ir.Value{first} // values of the loop that are used outside it
	inside := func(v *ir.Value) bool { return v == first || l.has(v.Def) }
	for {
		next := e.firstUser(live, &l)
		if next == nil || scalesAll(next) || !inLoop(next, e.t, first.Type) {
			return best, exit
		}
		l.nodes = append(l.nodes, next)
		l.addOperands(next, inside)
		if len(l.nodes) > maxFusedNodes || len(l.operands) > maxFusedOperands {
			return best, exit
		}
		live = append(live, next.Out[0])
		live = slices.DeleteFunc(live, func(v *ir.Value) bool { return v != next.Out[0] && !e.seen(v, &l) })
		if len(live) == 1 {
			best, exit = loop{slices.Clone(l.nodes), slices.Clone(l.operands)}, live[0]
		}
	}
}

// seen reports whether v is used outside l.
func (e *epilogues) seen(v *ir.Value, l *loop) bool {
	return e.out[v] || slices.ContainsFunc(v.Uses(), func(u ir.Use) bool { return !e.dead[u.Node] && !l.has(u.Node) })
}

// firstUser returns the first node outside l that uses one of vs; nil where one of them is an output, or has so many users that
// they cannot all be in a loop.
func (e *epilogues) firstUser(vs []*ir.Value, l *loop) (first *ir.Node) {
	for _, v := range vs {
		if e.out[v] || len(v.Uses()) > 2*maxFusedNodes {
			return nil
		}
		for _, u := range v.Uses() {
			if !e.dead[u.Node] && !l.has(u.Node) && (first == nil || e.pos[u.Node] < e.pos[first]) {
				first = u.Node
			}
		}
	}
	return first
}

// attach gives n the epilogue l, in place of the nodes that it stands for.
func (e *epilogues) attach(n *ir.Node, l loop, exit *ir.Value) error {
	body, err := l.body(e.s.g, "epilogue", append([]*ir.Value{n.Out[0]}, l.operands...), []*ir.Value{exit})
	if err != nil {
		return err
	}
	in := append(slices.Clone(n.In), l.operands...)
	m := e.s.add(exit.Def, from(append([]*ir.Node{n}, l.nodes...)...), n.Op, n.Attrs, []*ir.Graph{body}, 1, in...)
	if m == nil {
		return n.Fault(e.s.b.Err())
	}
	if e.t.HasKernel(n) && !e.t.HasKernel(m) {
		e.dead[m] = true // not this epilogue
		return nil
	}
	e.dead[n] = true
	for _, d := range l.nodes {
		e.dead[d] = true
	}
	if e.out[exit] {
		delete(e.out, exit)
		e.out[m.Out[0]] = true
	}
	return replace(e.s.g, exit, m.Out[0])
}

// replace puts v in the place of old: with its name and its type.
func replace(g *ir.Graph, old, v *ir.Value) error {
	if err := g.SetType(v, old.Type); err != nil {
		return err
	}
	name := old.Name
	g.Rename(old, name+".was")
	g.Rename(v, name)
	return g.Replace(old, v)
}
