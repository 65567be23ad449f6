package ir

import "github.com/cameo-onnx/cameo/ir/tensor"

// A Grad is what an op's Grad builds with: a builder that appends behind the forward graph, and the adjoints of the results of the node
// in question.
type Grad struct {
	*Builder
	Out  []*Value // adjoints of the node's results, of their types; nil where zero
	Need []bool   // the operands whose adjoints are asked for; those of others are not looked at

	// Diff returns the adjoints of xs, given those of ys, where ys were computed from xs by nodes that b appended since Grad was
	// called; nil entries are zero. It differentiates a node that Grad spells out in simpler ops, or with a builder of its own a body.
	Diff func(b *Builder, ys, adjoints, xs []*Value) []*Value
	// Again puts a node of the same op and operands, but with outs results and other attributes and bodies, in the place of the node,
	// and returns it.
	Again func(attrs any, bodies []*Graph, outs int) *Node
}

// Carries reports whether a value of type t can have an adjoint: a tensor of f64, f32, f16 or bf16.
func (t Type) Carries() bool {
	switch t.DType {
	case tensor.F64, tensor.F32, tensor.F16, tensor.BF16:
		return t.Kind == Tensor
	}
	return false
}

// CopyInto appends copies of g's nodes to b's graph, in which args stand for g's inputs, and returns what stands for g's outputs.
// Bodies are copied too.
func (g *Graph) CopyInto(b *Builder, args []*Value) []*Value {
	of := make(map[*Value]*Value, len(g.Nodes))
	for i, v := range g.Inputs {
		of[v] = args[i]
	}
	b.Copy(g.Nodes, of)
	outs := make([]*Value, len(g.Outputs))
	for i, o := range g.Outputs {
		outs[i] = b.look(of, o.Value)
	}
	return outs
}

// Copy appends copies of nodes, which may be of another graph. of says what stands for a value, and learns what stands for the nodes'
// results; constants are copied as they are met, and where the nodes are of b's own graph, values that of does not have stand for
// themselves.
func (b *Builder) Copy(nodes []*Node, of map[*Value]*Value) {
	from := b.From
	defer func() { b.From = from }()
	for _, n := range nodes {
		in := make([]*Value, len(n.In))
		for i, v := range n.In {
			in[i] = b.look(of, v)
		}
		bodies := make([]*Graph, len(n.Bodies))
		for i, body := range n.Bodies {
			bodies[i] = b.CopyBody(body)
		}
		b.From = n.From
		m := b.Add(n.Op, n.Attrs, bodies, len(n.Out), in...)
		if m == nil {
			return
		}
		for i, v := range n.Out {
			of[v] = m.Out[i]
		}
	}
}

func (b *Builder) look(of map[*Value]*Value, v *Value) *Value {
	switch {
	case v == nil:
		return nil
	case of[v] != nil:
		return of[v]
	case b.G.names[v.Name] == v:
	case v.IsConst():
		of[v] = b.G.Const(v.Name, v.Data)
		return of[v]
	}
	return v
}

// CopyBody returns a copy of body for a node that b is about to build.
func (b *Builder) CopyBody(body *Graph) *Graph {
	h := b.G.NewBody(body.Name)
	args := make([]*Value, len(body.Inputs))
	for i, v := range body.Inputs {
		args[i] = h.Input(v.Name, v.Type)
	}
	sub := NewBuilder(h)
	for i, v := range body.CopyInto(sub, args) {
		h.Output(body.Outputs[i].Name, v)
	}
	if sub.err != nil {
		b.Fail(sub.err)
	}
	return h
}
