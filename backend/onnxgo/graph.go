package onnxgo

import (
	"fmt"
	"strings"

	onnxgo "github.com/owulveryck/onnx-go"
	"gonum.org/v1/gonum/graph"
	"gonum.org/v1/gonum/graph/simple"
	gorgonia "gorgonia.org/tensor"

	"github.com/cameo-onnx/cameo/ir/tensor"
)

// Graph is a computation backend of onnx-go: it collects what onnx-go decodes, and Run runs it on cameo.
type Graph struct {
	strict   bool
	compiles bool // even what is tiny
	opset    int
	file     []byte

	edges    *simple.WeightedDirectedGraph
	nodes    []*Node // by ID
	operands map[int64][]operand
	ops      []operation
	sealed   bool // values are declared, operations follow

	values  []*value // in order of their first nodes; nil until needed
	byName  map[string]*value
	weights bool // a weight was declared before an input: SetInput(i) then addresses the wrong node
	models  []compiled
	wanted  []string // results that were asked for by GetTensor
	last    map[string]tensor.Value
	runs    int
	err     error // found where no error could be returned
}

// operand is an operand of the operation that yields a node: onnx-go draws an edge per result and operand, and its weight is the position.
type operand struct {
	node *Node
	at   int
}

type operation struct {
	name  string
	attrs map[string]interface{}
	out   []*Node
}

// An Option changes how a Graph runs.
type Option func(*Graph)

// Strict evaluates every operation by its reference: in float64 with one rounding per operation, nothing fused or reordered. It
// is slow, and as close to the exact result as the type allows; only a float32 tensor that is reduced as a whole is added up in
// float32, in NumPy's order, as the results that test cases expect were. A graph of one operation on little data is evaluated
// so in any case: that takes less time than compiling it.
func Strict() Option { return func(g *Graph) { g.strict = true } }

// Opset says which version of ai.onnx the model was written for; onnx-go does not pass it on. Without it the forms of the
// operations tell: attributes that later became operands, operands that were attributes, operators that are new. Where they
// leave it open, a model that opset 10 can express is taken for one (onnx-go v0.5.0 knows none newer); any other is refused if
// the version makes a difference.
func Opset(version int) Option { return func(g *Graph) { g.opset = version } }

// File gives the backend the bytes that onnx-go decodes, so that nothing is lost on the way: opset, domains, symbolic sizes,
// functions. The bytes are kept and must not change.
func File(data []byte) Option { return func(g *Graph) { g.file = data } }

// NewGraph returns an empty graph, to be given to onnx.NewModel.
func NewGraph(opts ...Option) *Graph {
	g := &Graph{edges: simple.NewWeightedDirectedGraph(0, 0), operands: map[int64][]operand{}}
	for _, o := range opts {
		o(g)
	}
	return g
}

// ApplyOperation notes that o yields the values ns. Attributes that cannot be read are *onnx.ErrNotImplemented; whether the
// operation is supported turns out in Run.
func (g *Graph) ApplyOperation(o onnxgo.Operation, ns ...graph.Node) error {
	g.changed()
	g.sealed = true
	op := operation{name: o.Name, attrs: o.Attributes}
	for _, n := range ns {
		own, err := g.own(n)
		if err != nil {
			return err
		}
		op.out = append(op.out, own)
	}
	if _, err := op.wireAttrs(); err != nil {
		return err
	}
	g.ops = append(g.ops, op)
	return nil
}

// own returns n, which must be a node of g.
func (g *Graph) own(n graph.Node) (*Node, error) {
	if own, ok := n.(*Node); ok && own.g == g {
		return own, nil
	}
	return nil, fmt.Errorf("onnxgo: %T is no node of this graph", n)
}

// changed forgets what was derived from the graph.
func (g *Graph) changed() { g.values, g.byName, g.models = nil, nil, nil }

// Node returns the node with the given ID if it exists, and nil otherwise.
func (g *Graph) Node(id int64) graph.Node { return g.edges.Node(id) }

// Nodes returns all nodes.
func (g *Graph) Nodes() graph.Nodes { return g.edges.Nodes() }

// From returns the nodes that the node's operation takes.
func (g *Graph) From(id int64) graph.Nodes { return g.edges.From(id) }

// To returns the nodes whose operations take the node.
func (g *Graph) To(id int64) graph.Nodes { return g.edges.To(id) }

// HasEdgeBetween reports whether an edge joins two nodes, in either direction.
func (g *Graph) HasEdgeBetween(xid, yid int64) bool { return g.edges.HasEdgeBetween(xid, yid) }

// HasEdgeFromTo reports whether u's operation takes v.
func (g *Graph) HasEdgeFromTo(uid, vid int64) bool { return g.edges.HasEdgeFromTo(uid, vid) }

// Edge returns the edge from u to v, or nil.
func (g *Graph) Edge(uid, vid int64) graph.Edge { return g.edges.Edge(uid, vid) }

// NewNode returns a node with the next ID: 0, 1, 2, …, as onnx-go's SetInput relies on.
func (g *Graph) NewNode() graph.Node {
	g.changed()
	n := &Node{g: g, id: int64(len(g.nodes))}
	g.nodes = append(g.nodes, n)
	return n
}

// AddNode adds a node that NewNode returned.
func (g *Graph) AddNode(n graph.Node) { g.edges.AddNode(n) }

// NewWeightedEdge returns an edge from a result to an operand, whose position the weight is.
func (g *Graph) NewWeightedEdge(from, to graph.Node, weight float64) graph.WeightedEdge {
	return g.edges.NewWeightedEdge(from, to, weight)
}

// SetWeightedEdge adds an edge. A value that an operation takes twice is one edge in the graph, with the last weight; that it
// stands at both positions is kept beside it.
func (g *Graph) SetWeightedEdge(e graph.WeightedEdge) {
	g.changed()
	g.sealed = true
	if to, err := g.own(e.To()); err != nil {
		g.fail(err)
	} else if at := e.Weight(); !(at >= 0 && at < maxOperands && at == float64(int(at))) {
		g.fail(fmt.Errorf("onnxgo: %v is no position of an operand", at))
	} else {
		g.operands[e.From().ID()] = append(g.operands[e.From().ID()], operand{to, int(at)})
	}
	if e.From().ID() != e.To().ID() {
		g.edges.SetWeightedEdge(e)
	}
}

const maxOperands = 1 << 20

// fail keeps the first error that could not be returned; Run returns it.
func (g *Graph) fail(err error) {
	if g.err == nil {
		g.err = err
	}
}

// Node is a value of a Graph: an input, a weight or a result.
type Node struct {
	g     *Graph
	id    int64
	name  string
	named bool
	t     gorgonia.Tensor
	first gorgonia.Tensor // the placeholder, where the value is declared: only its element type can be relied on
	sets  int             // calls of SetTensor while values were declared: a placeholder, a weight, or one after the other
	given bool            // SetTensor was called after that
	run   int             // that t is of, for results
}

// ID returns the node's place in the order of creation.
func (n *Node) ID() int64 { return n.id }

// SetName sets the name. Empty is that of operands that are left out.
func (n *Node) SetName(name string) {
	n.g.changed()
	n.name, n.named = name, true
}

// GetName returns the name.
func (n *Node) GetName() string { return n.name }

// key names the node's value; empty where there is none.
func (n *Node) key() string {
	if n.named {
		return n.name
	}
	return fmt.Sprintf("node %d", n.id)
}

// SetTensor gives an input its value, which the runs to come share, or a weight another one. It is an error for results; and
// for weights of a model that lists them before inputs, because there onnx-go's SetInput reaches a weight in place of the
// input.
func (n *Node) SetTensor(t gorgonia.Tensor) error {
	g := n.g
	if t == nil {
		return fmt.Errorf("onnxgo: no tensor for %q", n.name)
	}
	if !g.sealed {
		g.changed()
		if n.first == nil {
			n.first = t
		}
		n.t = t
		n.sets++
		return nil
	}
	g.resolve()
	v := g.byName[n.key()]
	switch {
	case v == nil: // what no operation takes
	case v.def >= 0:
		return fmt.Errorf("onnxgo: %q is a result of %s and cannot be set", n.name, g.ops[v.def].name)
	case v.weight && g.weights:
		err := fmt.Errorf("onnxgo: %q is a weight: the model lists it before an input, so that SetInput(%d) means another input; "+
			"find that by GetNodeByName and use its SetTensor", n.name, n.id)
		g.fail(err)
		return err
	case v.weight:
		g.models = nil
	}
	n.t, n.given = t, true
	if v != nil {
		v.given = n
	}
	return nil
}

// GetTensor returns the node's value: after a run that of the run, computed on demand where the node is an intermediate value;
// before, what was set, or a placeholder that onnx-go made. It is nil where there is none, and where computing it failed: the
// next Run returns why.
func (n *Node) GetTensor() gorgonia.Tensor {
	if n.g.runs > 0 && n.run != n.g.runs {
		n.g.demand(n)
	}
	return n.t
}

// isDummy reports whether onnx-go made the node up as the operand of an operation without any.
func (n *Node) isDummy() bool {
	return n.sets == 0 && !n.given && strings.HasSuffix(n.name, "/input")
}
