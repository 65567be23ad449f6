package ir

import (
	"fmt"
	"hash/fnv"
	"strings"

	"github.com/cameo-onnx/cameo/ir/tensor"
)

// NodeError says which node of a graph could not be evaluated.
type NodeError struct {
	Name string // of the ONNX node, or of the first result
	Op   string
	Err  error
}

func (e *NodeError) Error() string {
	return fmt.Sprintf("node %q: %s: %v", printable(e.Name), e.Op, e.Err)
}

// Unwrap returns the cause.
func (e *NodeError) Unwrap() error { return e.Err }

// printable shortens a name and replaces what must not reach a terminal; the caller quotes it.
func printable(s string) string {
	if len(s) > 80 {
		s = s[:77] + "..."
	}
	return strings.ToValidUTF8(s, "?")
}

// Label returns the name by which messages call n: that of the ONNX node it stands for, or of its first result.
func (n *Node) Label() string {
	if len(n.From) > 0 && n.From[0] != "" {
		return n.From[0]
	}
	if len(n.Out) > 0 {
		return n.Out[0].Name
	}
	return n.Op.Name
}

// title returns the operator's name in messages: ONNX's, where it has one.
func (o *Op) title() string {
	if o.ONNX != "" {
		return o.ONNX
	}
	return o.Name
}

// Fault wraps an error that arose at n; one that names a node already is returned as it is.
func (n *Node) Fault(err error) error {
	if _, ok := err.(*NodeError); ok {
		return err
	}
	return &NodeError{Name: n.Label(), Op: n.Op.title(), Err: err}
}

// Eval runs g by each op's reference evaluation. in holds the inputs in order; a nil entry takes the input's default.
func (g *Graph) Eval(env *Env, in []tensor.Value) ([]tensor.Value, error) {
	if len(in) != len(g.Inputs) {
		return nil, fmt.Errorf("%d inputs, not %d", len(in), len(g.Inputs))
	}
	inner := *env
	inner.symbols = &symbols{outer: env.symbols}
	env = &inner
	vals := make([]tensor.Value, g.nextID)
	left := make([]int, g.nextID) // uses to come
	for i, v := range g.Inputs {
		vals[v.ID] = in[i]
		if in[i] == nil && v.Data != nil {
			vals[v.ID] = v.Data
		}
		env.symbols.bind(v, vals[v.ID])
	}
	for _, n := range g.Nodes {
		for _, v := range n.In {
			if v != nil {
				left[v.ID]++
			}
		}
	}
	for _, o := range g.Outputs {
		left[o.Value.ID]++
	}
	for _, n := range g.Nodes {
		if err := g.evalNode(env, n, vals); err != nil {
			return nil, n.Fault(err)
		}
		for _, v := range n.In {
			if v == nil {
				continue
			}
			if left[v.ID]--; left[v.ID] == 0 {
				vals[v.ID] = nil
			}
		}
	}
	out := make([]tensor.Value, len(g.Outputs))
	for i, o := range g.Outputs {
		if out[i] = vals[o.Value.ID]; o.Value.IsConst() {
			out[i] = o.Value.Data
		}
	}
	return out, nil
}

func (g *Graph) evalNode(env *Env, n *Node, vals []tensor.Value) error {
	if err := env.Err(); err != nil {
		return err
	}
	args := make([]tensor.Value, len(n.In))
	for i, v := range n.In {
		switch {
		case v == nil:
		case v.IsConst():
			args[i] = v.Data
		case vals[v.ID] == nil:
			return fmt.Errorf("operand %%%s has no value", v.Name)
		default:
			args[i] = vals[v.ID]
		}
	}
	sub := *env
	sub.Outs, sub.Bodies, sub.NodeID = len(n.Out), n.Bodies, NodeKey(n)
	res, err := EvalNode(&sub, n, args)
	if err != nil {
		return err
	}
	for i, v := range n.Out {
		vals[v.ID] = res[i]
		env.symbols.bind(v, res[i])
		if env.Watch != nil {
			env.Watch(v, res[i])
		}
	}
	return nil
}

// NodeKey returns the number that keys n's random draws: that of its first result's name, so that passes, threads and order do not
// change what is drawn.
func NodeKey(n *Node) uint64 {
	h := fnv.New64a()
	h.Write([]byte(n.Out[0].Name))
	return h.Sum64()
}

// EvalNode evaluates n on args by its op's Eval, or through Lower where it has none.
func EvalNode(env *Env, n *Node, args []tensor.Value) ([]tensor.Value, error) {
	if e := n.Epilogue(); e != nil {
		return evalEpilogue(env, n, e, args)
	}
	if n.Op.Eval == nil {
		return evalLowered(env, n, args)
	}
	res, err := n.Op.Eval(env, n.Attrs, args)
	if err != nil {
		return nil, err
	}
	if len(res) < env.Outs {
		return nil, fmt.Errorf("evaluated to %d results, not %d", len(res), env.Outs)
	}
	for i, v := range n.Out {
		t, ok := res[i].(*tensor.Tensor)
		if v.Type.Kind == Tensor && (!ok || t == nil || t.DType() != v.Type.DType) {
			return nil, fmt.Errorf("result %d is no tensor of %v", i, v.Type.DType)
		}
	}
	return res[:env.Outs], nil
}

// evalEpilogue evaluates n without its epilogue e, and then e.
func evalEpilogue(env *Env, n *Node, e *Graph, args []tensor.Value) ([]tensor.Value, error) {
	bare := *n
	bare.Bodies, bare.In, bare.Out = nil, n.In[:n.Own()], e.Inputs[:1] // the op's own result, whose type the epilogue may change
	sub := *env
	sub.Bodies, sub.Outs = nil, 1
	res, err := EvalNode(&sub, &bare, args[:n.Own()])
	if err != nil {
		return nil, err
	}
	return e.Eval(&sub, append(res[:1:1], args[n.Own():]...))
}

// evalLowered builds a graph of n alone, lowered, and evaluates that.
func evalLowered(env *Env, n *Node, args []tensor.Value) ([]tensor.Value, error) {
	g := NewGraph("lowered")
	in := make([]*Value, len(n.In))
	var given []tensor.Value
	for i, v := range n.In {
		if v == nil {
			continue
		}
		if v.IsConst() {
			in[i] = g.Const("", v.Data)
			continue
		}
		in[i] = g.Input("", TypeOf(args[i]))
		given = append(given, args[i])
	}
	b := NewBuilder(g)
	m := b.Add(n.Op, n.Attrs, n.Bodies, len(n.Out), in...)
	if m == nil {
		return nil, b.Err()
	}
	outs, err := n.Op.Lower(b, m)
	if err == nil {
		err = b.Err()
	}
	if err != nil || outs == nil {
		return nil, fmt.Errorf("cannot be evaluated: %w", orUnsupported(err))
	}
	for i := range n.Out {
		g.Output(fmt.Sprint(i), outs[i])
	}
	g.Sweep()
	sub := *env
	sub.Bodies = nil
	return g.Eval(&sub, given)
}

func orUnsupported(err error) error {
	if err == nil {
		return fmt.Errorf("this form has neither an evaluation nor a decomposition")
	}
	return err
}

// TypeOf returns the type of a value.
func TypeOf(v tensor.Value) Type {
	switch v := v.(type) {
	case *tensor.Tensor:
		return TensorOf(v.DType(), ShapeOf(v.Dims()...)...)
	case *tensor.Sequence:
		if len(v.Elems) > 0 {
			t := TypeOf(v.Elems[0])
			for _, x := range v.Elems[1:] {
				// Elements may differ in their sizes.
				if t.Kind == Tensor && !TypeOf(x).Equal(t) {
					return SequenceOf(UnrankedOf(t.DType))
				}
			}
			return SequenceOf(t)
		}
		return SequenceOf(UnrankedOf(tensor.F32))
	case *tensor.Optional:
		if v.Elem != nil {
			return OptionalOf(TypeOf(v.Elem))
		}
		return OptionalOf(UnrankedOf(tensor.F32))
	case *tensor.Map:
		return MapOf(v.Keys.DType(), UnrankedOf(v.Values.DType()))
	}
	return Type{}
}
