package passes

import (
	"slices"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/op"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// Bounds of what becomes one loop, so that register programs stay small and a loop streams few operands.
const (
	maxFusedNodes    = 48
	maxFusedOperands = 8
	maxFusedResults  = 4
)

// fuse makes elementwise nodes part of loops: first as epilogues of the producers whose results they change, then maximal
// groups of them as `fused`. No node is computed twice, and a loop has one shape: all nodes in it have results of that shape,
// operands broadcast into it.
func fuse(g *ir.Graph, t Target) error {
	if err := fuseEpilogues(g, t); err != nil {
		return err
	}
	return fusePointwise(g, t)
}

// inLoop reports whether n may be part of a loop over shape: elementwise, with one result of that very shape.
func inLoop(n *ir.Node, t Target, like ir.Type) bool {
	if len(n.Out) != 1 || len(n.Bodies) > 0 || n.Op.Props&ir.Elementwise == 0 && !scalesAll(n) || n.Op.Props&ir.Random != 0 {
		return false
	}
	y := n.Out[0].Type
	return y.Rank() >= 0 && y.Layout == like.Layout && y.Shape.Equal(like.Shape) && t.Fusable(n)
}

// scalesAll reports whether n converts all of its operand to or from small integers by one scale and one zero point, which are constants.
func scalesAll(n *ir.Node) bool {
	if n.Op != op.QuantizeLinear.Op && n.Op != op.DequantizeLinear.Op {
		return false
	}
	for _, v := range n.In[1:] {
		if v != nil && !single(v) {
			return false
		}
	}
	return true
}

// single reports whether v is a constant of one element, which a body holds itself.
func single(v *ir.Value) bool {
	return v.IsConst() && v.Data.Len() == 1 && v.Data.DType() != tensor.String
}

// A loop is a body in the making.
type loop struct {
	nodes    []*ir.Node  // in the graph's order
	operands []*ir.Value // from outside, each once
}

func (l *loop) has(n *ir.Node) bool { return n != nil && slices.Contains(l.nodes, n) }

// addOperands notes those operands of n that come from outside.
func (l *loop) addOperands(n *ir.Node, inside func(*ir.Value) bool) {
	for _, v := range n.In {
		if v != nil && !single(v) && !inside(v) && !slices.Contains(l.operands, v) {
			l.operands = append(l.operands, v)
		}
	}
}

// body returns a graph that computes results from inputs by the loop's nodes. Constants of one element are its own.
func (l *loop) body(g *ir.Graph, name string, inputs, results []*ir.Value) (*ir.Graph, error) {
	body := g.NewBody(name)
	in := make(map[*ir.Value]*ir.Value, len(inputs)+len(l.nodes))
	for _, v := range inputs {
		in[v] = body.Input(v.Name, v.Type)
	}
	b := ir.NewBuilder(body)
	for _, n := range l.nodes {
		args := make([]*ir.Value, len(n.In))
		for i, v := range n.In {
			switch {
			case v == nil:
			case in[v] != nil:
				args[i] = in[v]
			default:
				args[i] = body.Const(v.Name, v.Data)
				in[v] = args[i]
			}
		}
		m := b.Add(n.Op, n.Attrs, nil, len(n.Out), args...)
		if m == nil {
			return nil, n.Fault(b.Err())
		}
		for i, v := range m.Out {
			if err := body.SetType(v, n.Out[i].Type); err != nil {
				return nil, n.Fault(err)
			}
			body.Rename(v, n.Out[i].Name)
			in[n.Out[i]] = v
		}
	}
	for _, v := range results {
		body.Output(v.Name, in[v])
	}
	return body, nil
}

// from returns the ONNX nodes that nodes stand for, each once.
func from(nodes ...*ir.Node) (names []string) {
	seen := map[string]bool{}
	for _, n := range nodes {
		for _, s := range n.From {
			if !seen[s] {
				seen[s] = true
				names = append(names, s)
			}
		}
	}
	return names
}

// A splicer builds nodes at the end of a graph and moves them to their places all at once, so that many insertions cost one
// pass over the nodes.
type splicer struct {
	g      *ir.Graph
	b      *ir.Builder
	old    int // nodes that the graph had
	before map[*ir.Node][]*ir.Node
}

func newSplicer(g *ir.Graph) *splicer {
	return &splicer{g: g, b: ir.NewBuilder(g), old: len(g.Nodes), before: map[*ir.Node][]*ir.Node{}}
}

// add builds a node that will stand before at, or at the end where at is nil. It returns nil after an error.
func (s *splicer) add(at *ir.Node, from []string, op *ir.Op, attrs any, bodies []*ir.Graph, outs int, in ...*ir.Value) *ir.Node {
	s.b.From = from
	n := s.b.Add(op, attrs, bodies, outs, in...)
	if n != nil {
		s.before[at] = append(s.before[at], n)
	}
	return n
}

// build adds what f builds, to stand before at.
func (s *splicer) build(at *ir.Node, from []string, f func(*ir.Builder) *ir.Value) *ir.Value {
	start := len(s.g.Nodes)
	s.b.From = from
	v := f(s.b)
	s.before[at] = append(s.before[at], s.g.Nodes[start:]...)
	return v
}

// done puts the nodes in their places.
func (s *splicer) done() error {
	nodes := make([]*ir.Node, 0, len(s.g.Nodes))
	for _, n := range s.g.Nodes[:s.old] {
		nodes = append(append(nodes, s.before[n]...), n)
	}
	s.g.Nodes = append(nodes, s.before[nil]...)
	return s.b.Err()
}

// outputsOf returns the values that are outputs of g.
func outputsOf(g *ir.Graph) map[*ir.Value]bool {
	out := make(map[*ir.Value]bool, len(g.Outputs))
	for _, o := range g.Outputs {
		out[o.Value] = true
	}
	return out
}
