package ir

import (
	"fmt"
	"math"
	"slices"

	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// A Builder appends nodes and keeps the first error, so that code which builds graphs reads as maths.
type Builder struct {
	G    *Graph
	From []string // given to the nodes that are built

	before *Node
	err    error
}

// NewBuilder returns a builder that appends to g.
func NewBuilder(g *Graph) *Builder { return &Builder{G: g} }

// Before makes b insert in front of n, which stays in place; nil means at the end.
func (b *Builder) Before(n *Node) *Builder { b.before = n; return b }

// Err returns the first error.
func (b *Builder) Err() error { return b.err }

// Fail records err, if it is the first.
func (b *Builder) Fail(err error) {
	if b.err == nil {
		b.err = err
	}
}

// Add appends a node of outs results (0: as many as the op always has) and infers their types. It returns nil after an error.
func (b *Builder) Add(op *Op, attrs any, bodies []*Graph, outs int, in ...*Value) *Node {
	if b.err != nil {
		return nil
	}
	n, err := b.G.add(b, op, attrs, bodies, outs, in)
	if err != nil {
		b.err = err
		return nil
	}
	return n
}

func (g *Graph) add(b *Builder, op *Op, attrs any, bodies []*Graph, outs int, in []*Value) (*Node, error) {
	n := &Node{Op: op, In: slices.Clone(in), Attrs: attrs, Bodies: bodies, From: b.From}
	for len(n.In) > 0 && n.In[len(n.In)-1] == nil {
		n.In = n.In[:len(n.In)-1]
	}
	known, sc, err := g.infer(n, outs)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", op.Name, err)
	}
	for _, k := range known {
		v := g.newValue("", k.Type)
		v.Def, v.elems = n, elemsOfKnown(k)
		n.Out = append(n.Out, v)
	}
	for i, v := range n.In {
		if v != nil {
			v.uses = append(v.uses, Use{n, i})
		}
	}
	g.assume(n, sc.facts)
	if b.before == nil {
		g.Nodes = append(g.Nodes, n)
		return n, nil
	}
	i := g.Index(b.before)
	g.Nodes = slices.Insert(g.Nodes, i, n)
	g.hint = i + 1
	return n, nil
}

func elemsOfKnown(k Known) []sym.Dim {
	if k.Elems == nil && k.Const != nil {
		return elemsOf(k.Const)
	}
	if len(k.Elems) > MaxElems {
		return nil
	}
	return k.Elems
}

// maxRank bounds the rank of a result.
const maxRank = 64

// infer returns what is known of n's results: exactly outs of them, or as many as the op always has where outs is 0.
func (g *Graph) infer(n *Node, outs int) ([]Known, *Scope, error) {
	outs = n.Op.Sig.results(outs)
	in := make([]Known, len(n.In))
	for i, v := range n.In {
		in[i] = v.Known()
	}
	in, extra := in[:n.Own()], in[n.Own():]
	if err := n.Op.Sig.check(in, outs); err != nil {
		return nil, nil, err
	}
	sc := NewScope(g, outs, n.Bodies)
	out, err := n.Op.Infer(sc, n.Attrs, in)
	if e := n.Epilogue(); e != nil && err == nil {
		if len(e.Outputs) != 1 || len(e.Inputs) != 1+len(extra) {
			return nil, nil, fmt.Errorf("an epilogue of %d inputs and %d outputs", len(e.Inputs), len(e.Outputs))
		}
		out[0] = Known{Type: e.Outputs[0].Value.Type}
	}
	if err != nil {
		return nil, nil, err
	}
	if len(out) < outs {
		return nil, nil, fmt.Errorf("has %d results, not %d", len(out), outs)
	}
	symbols := slices.ContainsFunc(in, Known.symbols)
	for i, k := range out[:outs] {
		if len(k.Type.Shape) > maxRank {
			return nil, nil, fmt.Errorf("result %d: rank %d is more than %d", i, len(k.Type.Shape), maxRank)
		}
		if symbols {
			k.Type = sc.spelt(k.Type)
			out[i].Type = k.Type
		}
		for _, d := range k.Type.Shape {
			if !d.Valid() {
				return nil, nil, fmt.Errorf("result %d: size out of range", i)
			}
			if c, ok := d.Int(); ok && c < 0 {
				return nil, nil, fmt.Errorf("result %d: negative size in %v", i, k.Type)
			}
		}
		if dims, ok := k.Type.Shape.Ints(); ok && k.Type.Kind == Tensor {
			if _, ok := tensor.ByteSize(k.Type.DType, dims); !ok {
				return nil, nil, fmt.Errorf("result %d: a tensor of %v is not possible", i, k.Type)
			}
		}
		g.useSyms(k.Type)
	}
	return out[:outs], sc, nil
}

// sized reports whether t tells all sizes as numbers.
func (t Type) sized() bool {
	_, ok := t.Shape.Ints()
	return ok && t.Kind == Tensor && !t.Unranked
}

// symbols reports whether any size that k tells, or entry, is not a number.
func (k Known) symbols() bool {
	return k.Present() && !k.Type.sized() || slices.ContainsFunc(k.Elems, func(d sym.Dim) bool { _, ok := d.Int(); return !ok })
}

// spelt returns t with a fresh size in place of each that is too long to spell, by itself or in the number of bytes: only running tells it.
func (s *Scope) spelt(t Type) Type {
	if t.Kind != Tensor || t.Unranked || t.sized() {
		return t
	}
	shape := t.Shape
	for !sym.Mul(sym.Prod(shape...), sym.Const(16)).Valid() {
		at, long := -1, 0
		for i, d := range shape {
			if name, ok := d.Name(); !d.Valid() {
				at, long = i, math.MaxInt
			} else if n := len(d.String()); n > long && len(d.Syms()) > 0 && !(ok && s.fresh[name]) {
				at, long = i, n
			}
		}
		if at < 0 {
			break // an overflow
		}
		shape = slices.Clone(shape)
		shape[at] = s.Fresh()
	}
	t.Shape = shape
	return t
}

// assume adds the facts that inference of n relied on.
func (g *Graph) assume(n *Node, facts []Fact) {
	for _, f := range facts {
		if f.Op == "" {
			f.Node, f.Op = n.Label(), n.Op.title()
		}
		if !slices.ContainsFunc(g.Assumes, func(h Fact) bool { return h.Rel == f.Rel && h.A.Equal(f.A) && h.B.Equal(f.B) }) {
			g.Assumes = append(g.Assumes, f)
		}
	}
}

// Infer returns what is known of the results of op applied to operands of which in is known, without building anything.
func Infer(g *Graph, op *Op, attrs any, bodies []*Graph, outs int, in []Known) ([]Known, error) {
	outs = op.Sig.results(outs)
	if err := op.Sig.check(in, outs); err != nil {
		return nil, err
	}
	return op.Infer(NewScope(g, outs, bodies), attrs, in)
}

// NewScope returns a scope for inference outside a graph's own, such as an op's BodyTypes.
func NewScope(g *Graph, outs int, bodies []*Graph) *Scope {
	return &Scope{Outs: outs, Bodies: bodies, graph: g}
}

// reinfer infers the users of changed values anew, and on downstream as long as types narrow.
func (g *Graph) reinfer(uses []Use) error {
	dirty := make(map[*Node]bool, len(uses))
	first := len(g.Nodes)
	for _, u := range uses {
		if !dirty[u.Node] {
			dirty[u.Node] = true
			first = min(first, g.Index(u.Node))
		}
	}
	for _, n := range g.Nodes[first:] {
		if !dirty[n] {
			continue
		}
		delete(dirty, n)
		known, sc, err := g.infer(n, len(n.Out))
		if err != nil {
			return fmt.Errorf("%%%s = %s: %w", n.Out[0].Name, n.Op.Name, err)
		}
		g.assume(n, sc.facts)
		for i, v := range n.Out {
			t := narrow(v.Type, known[i].Type, sc.fresh)
			elems := elemsOfKnown(known[i])
			if t.Equal(v.Type) && slices.EqualFunc(elems, v.elems, sym.Dim.Equal) {
				continue
			}
			if elems != nil || v.elems == nil {
				v.elems = elems
			}
			v.Type = t
			for _, u := range v.uses {
				dirty[u.Node] = true
			}
		}
		if len(dirty) == 0 {
			break
		}
	}
	return nil
}

// narrow returns what old and inferred say together; sizes in fresh say nothing.
func narrow(old, inferred Type, fresh map[string]bool) Type {
	if old.Kind != Tensor || inferred.Kind != Tensor || inferred.Unranked {
		return old
	}
	inferred.Layout = old.Layout
	if !old.Unranked && len(old.Shape) == len(inferred.Shape) {
		s := slices.Clone(inferred.Shape)
		for i, d := range s {
			_, isConst := old.Shape[i].Int()
			if name, ok := d.Name(); isConst || ok && fresh[name] {
				s[i] = old.Shape[i]
			}
		}
		inferred.Shape = s
	}
	return inferred
}

// SetType narrows v's type, where the caller knows more than inference, and infers its users anew.
func (g *Graph) SetType(v *Value, t Type) error {
	if !v.Type.Fits(t) {
		return fmt.Errorf("%%%s of type %v cannot become %v", v.Name, v.Type, t)
	}
	if v.Type.Equal(t) {
		return nil
	}
	g.useSyms(t)
	v.Type = t
	return g.reinfer(v.uses)
}

// SetLayout says how v lies in memory. Shapes are logical, so nothing is inferred anew; the caller answers for it that every user of v
// takes that layout.
func (g *Graph) SetLayout(v *Value, l Layout) { v.Type.Layout = l }
