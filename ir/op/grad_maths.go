package op

import (
	"fmt"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// This file holds what gradients are built of.

type gradFunc[A any] = func(*ir.Grad, A, *ir.Node) []*ir.Value

// derive gives an op its gradient.
func derive[A any](k Kind[A], f gradFunc[A]) {
	k.Op.Grad = func(g *ir.Grad, n *ir.Node) ([]*ir.Value, error) {
		in := f(g, n.Attrs.(A), n)
		return in, g.Err()
	}
}

// operand returns operand i of n, nil where it is left out.
func operand(n *ir.Node, i int) *ir.Value {
	if i < len(n.In) {
		return n.In[i]
	}
	return nil
}

// needs reports whether the adjoint of operand i is asked for.
func needs(g *ir.Grad, i int) bool { return i < len(g.Need) && g.Need[i] }

func (m maths) one(k Kind[None], in ...*ir.Value) *ir.Value { return k.New(m.b, None{}, in...) }
func (m maths) neg(x *ir.Value) *ir.Value                   { return m.one(Neg, x) }
func (m maths) exp(x *ir.Value) *ir.Value                   { return m.one(Exp, x) }
func (m maths) less(x, y *ir.Value) *ir.Value               { return m.one(Less, x, y) }
func (m maths) where(c, x, y *ir.Value) *ir.Value           { return m.one(Where, c, x, y) }
func (m maths) identity(x *ir.Value) *ir.Value              { return m.one(Identity, x) }
func (m maths) matmul(x, y *ir.Value) *ir.Value             { return m.one(MatMul, x, y) }
func (m maths) shape(x *ir.Value) *ir.Value                 { return Shape.New(m.b, ShapeAttrs{}, x) }
func (m maths) size(x *ir.Value) *ir.Value                  { return m.one(Size, x) }
func (m maths) ints(v ...int) *ir.Value                     { return intsConst(m.b, v...) }

// c is the scalar v, of x's element type.
func (m maths) c(x *ir.Value, v float64) *ir.Value { return lowerConst(m.b, x.Type.DType, v) }

// scale is x times v.
func (m maths) scale(x *ir.Value, v float64) *ir.Value { return m.mul(x, m.c(x, v)) }

// axpb is a·x + b.
func (m maths) axpb(a float64, x *ir.Value, b float64) *ir.Value {
	if a != 1 {
		x = m.scale(x, a)
	}
	return m.add(x, m.c(x, b))
}

// gate is dy where c holds and 0 elsewhere.
func (m maths) gate(c, dy *ir.Value) *ir.Value { return m.where(c, dy, m.c(dy, 0)) }

// sum is the sum of x over axes.
func (m maths) sum(x *ir.Value, keep bool, axes ...int) *ir.Value {
	if len(axes) == 0 {
		return x
	}
	return ReduceSum.New(m.b, ReduceAttrs{Keepdims: keep}, x, m.ints(axes...))
}

// total is the sum of all elements, a scalar.
func (m maths) total(x *ir.Value) *ir.Value { return ReduceSum.New(m.b, ReduceAttrs{}, x) }

// concat joins vectors of integers.
func (m maths) concat(in ...*ir.Value) *ir.Value { return Concat.New(m.b, ConcatAttrs{}, in...) }

// sized gives x the sizes that a vector holds, in which 0 is 0.
func (m maths) sized(x, sizes *ir.Value) *ir.Value {
	return Reshape.New(m.b, ReshapeAttrs{AllowZero: true}, x, sizes)
}

// like gives x the sizes of v, which has as many elements.
func (m maths) like(x, v *ir.Value) *ir.Value {
	if x == nil || v == nil || sameShape(x, v) {
		return x
	}
	return m.sized(x, m.shape(v))
}

// expandTo broadcasts x to v's sizes.
func (m maths) expandTo(x, v *ir.Value) *ir.Value {
	if x == nil || v == nil || sameShape(x, v) {
		return x
	}
	return m.one(Expand, x, m.shape(v))
}

// zeros is as many zeros as v has elements, and of its type.
func (m maths) zeros(v *ir.Value) *ir.Value {
	if v == nil {
		return nil
	}
	return m.one(Expand, m.c(v, 0), m.shape(v))
}

// flat is x as a vector.
func (m maths) flat(x *ir.Value) *ir.Value { return m.reshape(x, -1) }

// sameShape reports whether x and v surely have the same sizes.
func sameShape(x, v *ir.Value) bool {
	s, t := x.Type, v.Type
	if s.Unranked || t.Unranked || len(s.Shape) != len(t.Shape) {
		return false
	}
	for i, d := range s.Shape {
		if !d.Equal(t.Shape[i]) {
			return false
		}
	}
	return true
}

// sumTo sums x over the axes along which v was broadcast, back to v's sizes.
func (m maths) sumTo(x, v *ir.Value) *ir.Value {
	if x == nil || v == nil || sameShape(x, v) {
		return x
	}
	s, t := x.Type, v.Type
	lead := len(s.Shape) - len(t.Shape)
	if s.Unranked || t.Unranked || lead < 0 {
		return m.sumToSizes(x, v)
	}
	axes := make([]int, 0, len(s.Shape))
	for i, d := range s.Shape {
		switch {
		case i < lead:
			axes = append(axes, i)
		case d.Equal(t.Shape[i-lead]):
		default:
			if n, ok := t.Shape[i-lead].Int(); !ok || n != 1 {
				return m.sumToSizes(x, v)
			}
			axes = append(axes, i)
		}
	}
	return m.like(m.sum(x, len(axes) > lead, axes...), v)
}

// sumToSizes is sumTo where only running tells which axes were broadcast.
func (m maths) sumToSizes(x, v *ir.Value) *ir.Value {
	sx, sv := m.shape(x), m.shape(v)
	lead := m.sub(m.reshape(m.size(sx), 1), m.reshape(m.size(sv), 1))
	ones := m.one(Expand, m.ints(1), lead)
	differ := m.one(Not, m.one(Equal, sx, Concat.New(m.b, ConcatAttrs{}, ones, sv)))
	axes := m.flat(m.one(NonZero, differ))
	y := ReduceSum.New(m.b, ReduceAttrs{Keepdims: true, NoopWithEmptyAxes: true}, x, axes)
	return m.sized(y, sv)
}

// inverseCount is 1 over the number of x's elements for each of y's, in y's type; where y has none, 1 over that of x's.
func (m maths) inverseCount(x, y *ir.Value) *ir.Value {
	n := m.div(m.size(x), m.one(Max, m.size(y), m.b.G.Const("", tensor.Scalar[int64](1))))
	wide := tensor.F32
	if y.Type.DType == tensor.F64 {
		wide = tensor.F64
	}
	return m.cast(m.one(Reciprocal, m.cast(n, wide)), y.Type.DType)
}

// rankOf is x's rank; where it is not known, that is an error of the builder.
func (m maths) rankOf(x *ir.Value) int {
	if x == nil || x.Type.Unranked {
		m.b.Fail(fmt.Errorf("the gradient needs an operand of known rank: %w", ir.ErrUnsupported))
		return 0
	}
	return x.Type.Rank()
}

// upTo lists the integers from lo on and below hi.
func upTo(lo, hi int) []int {
	out := make([]int, 0, max(0, hi-lo))
	for i := lo; i < hi; i++ {
		out = append(out, i)
	}
	return out
}

// inversePerm returns the permutation that undoes perm.
func inversePerm(perm []int) []int {
	back := make([]int, len(perm))
	for i, p := range perm {
		back[p] = i
	}
	return back
}

// through differentiates the node by what build spells it out in: the values that stand for its results, made of in, which stand for
// its operands.
func through(g *ir.Grad, n *ir.Node, build func(m maths, in []*ir.Value) []*ir.Value) []*ir.Value {
	m := maths{g.Builder}
	in := make([]*ir.Value, max(len(n.In), len(n.Op.Sig.In)))
	var xs []*ir.Value
	var at []int
	for i, v := range n.In {
		// Every operand gets a name of its own, so that a value that is two operands has two adjoints.
		if in[i] = v; needs(g, i) {
			in[i] = m.identity(v)
			xs, at = append(xs, in[i]), append(at, i)
		}
	}
	outs := build(m, in)
	if g.Err() != nil {
		return nil
	}
	var ys, dys []*ir.Value
	for i, dy := range g.Out {
		if dy == nil {
			continue
		}
		if i >= len(outs) || outs[i] == nil {
			g.Fail(fmt.Errorf("result %d has no gradient: %w", i, ir.ErrUnsupported))
			return nil
		}
		ys, dys = append(ys, outs[i]), append(dys, dy)
	}
	adj := make([]*ir.Value, len(n.In))
	for k, v := range g.Diff(g.Builder, ys, dys, xs) {
		adj[at[k]] = v
	}
	return adj
}

// Differentiable reports whether values pass gradients on through nodes of o: by its own, or through what it lowers to.
func Differentiable(o *ir.Op) bool {
	floats := func(ps []ir.Param) bool {
		for _, p := range ps {
			if p.Takes(tensor.F32) || p.TakesOthers() {
				return true
			}
		}
		return false
	}
	return (o.Grad != nil || o.Lower != nil) && floats(o.Sig.In) && floats(o.Sig.Out)
}
