package passes

import (
	"math"
	"slices"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/op"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
	"github.com/cameo-onnx/cameo/passes/rewrite"
)

// attentionRules find attention of operands of rank 3 and 4, and bring the factors of a product of queries and keys to one place.
//
// They leave what `attention` does not say exactly: masks that enlarge the scores, heads that broadcast, keys that are no
// transpose. A query of which an additive mask hides every key by −∞ gives zeros in `attention`, and in the second rule, whose
// exporters meant that; spelt out as in the first, its row is NaN: there the mask must be one that leaves every query a key.
func attentionRules() []rewrite.Rule {
	return []rewrite.Rule{
		{Name: "attention", From: "matmul(p:softmax(s), v)", Do: func(m *rewrite.Match) *ir.Value { return attention(m, neverHides) }},
		{Name: "attention-safe", From: "matmul(where(is_nan(p:softmax(s)), 0, p), v)", Do: func(m *rewrite.Match) *ir.Value { return attention(m, nil) }},
		{Name: "add-inside-reshape", From: "reshape(add(r:reshape(x, ...), c!), ...)", Do: addInside},
		{Name: "scale-both", From: "matmul(mul(q, s!), mul(k, t!))", Do: scaleOnce(false)},
		{Name: "scale-both-transposed", From: "matmul(mul(q, s!), p:transpose(mul(k, t!)))", Do: scaleOnce(true)},
	}
}

// scaleOnce multiplies the two factors of a product's operands; the left operand keeps them.
func scaleOnce(transposed bool) func(*rewrite.Match) *ir.Value {
	return func(m *rewrite.Match) *ir.Value {
		s, t := m.Const("s"), m.Const("t")
		q, k := m.Value("q").Type, m.Value("k").Type
		if s.Len() != 1 || t.Len() != 1 || s.Rank() > max(q.Rank(), 0) || t.Rank() > max(k.Rank(), 0) || !s.DType().IsFloat() {
			return nil
		}
		both := tensor.FromFloat64s(s.DType(), []float64{s.Float64At(0) * t.Float64At(0)})
		right := m.Value("k")
		if transposed {
			right = rebuilt(m, m.Node("p"), right)
		}
		return op.MatMul.New(m.B, op.None{}, op.Mul.New(m.B, op.None{}, m.Value("q"), m.G.Const("", both)), right)
	}
}

// attention builds the op from softmax(s)·v, if s is a product of queries and keys, perhaps scaled, perhaps with a mask added.
func attention(m *rewrite.Match, fits func(mask *ir.Value) bool) *ir.Value {
	s, v := m.Value("s"), m.Value("v")
	t := s.Type
	rank := t.Rank()
	if axis := op.Softmax.Attrs(m.Node("p")).Axis; rank != 3 && rank != 4 || axis != -1 && axis != rank-1 || !t.DType.IsFloat() || v.Type.Rank() != rank {
		return nil
	}
	s, mask, ok := unmasked(m, s)
	if !ok || mask != nil && fits != nil && !fits(mask) {
		return nil
	}
	scale := 1.0
	s = unscaled(m, s, &scale)
	if !alone(m, s, op.MatMul.Op) || !s.Type.Shape.Equal(t.Shape) {
		return nil
	}
	q, k := unscaled(m, s.Def.In[0], &scale), unscaled(m, s.Def.In[1], &scale)
	if q.Type.Rank() != rank || k.Type.Rank() != rank {
		return nil
	}
	if k = untransposed(m, k, &scale); k == nil || math.IsInf(scale, 0) || math.IsNaN(scale) {
		return nil
	}
	if rank == 3 {
		return attentionOf3(m, q, k, v, mask, scale)
	}
	// Heads that every group of queries shares need not be repeated.
	if k0, v0 := unrepeated(k), unrepeated(v); k0 != nil && v0 != nil && k0.Type.Shape[1].Equal(v0.Type.Shape[1]) {
		k, v = k0, v0
	} else if !q.Type.Shape[1].Equal(k.Type.Shape[1]) {
		return nil
	}
	if !fitHeads(q.Type.Shape, k.Type.Shape, v.Type.Shape, t.Shape) {
		return nil
	}
	y := attend(m, q, k, v, mask, scale)
	if y == nil || !y.Type.Equal(m.Root.Out[0].Type) {
		return nil
	}
	return y
}

// neverHides reports whether an additive mask leaves every query a key: it has no row of −∞ throughout.
func neverHides(v *ir.Value) bool {
	if v.IsConst() {
		x := v.Data.Float64s()
		n := len(x)
		if r := v.Data.Rank(); r > 0 {
			n = v.Data.Dims()[r-1]
		}
		for row := range slices.Chunk(x, max(n, 1)) {
			if slices.Max(row) == math.Inf(-1) {
				return false
			}
		}
		return true
	}
	return finite(v, 8)
}

// finite reports whether no element of v is infinite, but for products that overflow.
func finite(v *ir.Value, depth int) bool {
	if v.IsConst() {
		return !slices.ContainsFunc(v.Data.Float64s(), func(x float64) bool { return math.IsInf(x, 0) })
	}
	if v.Def == nil || depth == 0 {
		return false
	}
	switch d := v.Def; d.Op {
	case op.Cast.Op:
		return !d.In[0].Type.DType.IsFloat() || finite(d.In[0], depth-1)
	case op.Where.Op:
		return finite(d.In[1], depth-1) && finite(d.In[2], depth-1)
	case op.Add.Op, op.Sub.Op, op.Mul.Op, op.Min.Op, op.Max.Op:
		return !slices.ContainsFunc(d.In, func(x *ir.Value) bool { return !finite(x, depth-1) })
	case op.Reshape.Op, op.Unsqueeze.Op, op.Squeeze.Op, op.Expand.Op, op.Slice.Op, op.Transpose.Op, op.Gather.Op, op.Identity.Op, op.Tile.Op:
		return finite(d.In[0], depth-1)
	}
	return false
}

// attend builds the op; nil where the target has no kernel for it.
func attend(m *rewrite.Match, q, k, v, mask *ir.Value, scale float64) *ir.Value {
	f := float32(scale)
	a := op.Attention.Default()
	a.Scale = &f
	y := op.Attention.New(m.B, a, q, k, v, mask)
	if y == nil || !m.Ctx.(ruleContext).target.HasKernel(y.Def) {
		return nil
	}
	return y
}

// attentionOf3 is attention of operands [items,length,size]: those items are the heads of one item, and what makes them so are views.
func attentionOf3(m *rewrite.Match, q, k, v, mask *ir.Value, scale float64) *ir.Value {
	a, b, c, one := q.Type.Shape, k.Type.Shape, v.Type.Shape, sym.Const(1)
	s := ir.Shape{a[0], a[1], b[1]}
	of1 := func(s ir.Shape) ir.Shape { return append(ir.Shape{one}, s...) }
	if !fitHeads(of1(a), of1(b), of1(c), of1(s)) || !a[0].Equal(b[0]) {
		return nil
	}
	first := m.G.Const("", tensor.Of([]int64{0}))
	lift := func(x *ir.Value) *ir.Value { return op.Unsqueeze.New(m.B, op.None{}, x, first) }
	y := attend(m, lift(q), lift(k), lift(v), mask, scale)
	if y == nil {
		return nil
	}
	if y = op.Squeeze.New(m.B, op.None{}, y, first); y == nil || !y.Type.Equal(m.Root.Out[0].Type) {
		return nil
	}
	return y
}

// fitHeads reports whether q, k and v have the sizes whose scores are of shape s.
func fitHeads(q, k, v, s ir.Shape) bool {
	return len(q) == 4 && len(k) == 4 && q[0].Equal(k[0]) && q[0].Equal(v[0]) && k[1].Equal(v[1]) && k[2].Equal(v[2]) && q[3].Equal(k[3]) &&
		s.Equal(ir.Shape{q[0], q[1], q[2], k[2]})
}

// alone reports whether v is the result of a node of op o, used once.
func alone(m *rewrite.Match, v *ir.Value, o *ir.Op) bool {
	return v.Def != nil && v.Def.Op == o && m.Alone(v) && len(v.Def.Bodies) == 0
}

// unmasked returns the scores to which s adds a mask, or a constant mask and another; false where it adds what cannot be one.
func unmasked(m *rewrite.Match, s *ir.Value) (scores, mask *ir.Value, ok bool) {
	for range 2 {
		if !alone(m, s, op.Add.Op) {
			break
		}
		from, with := s.Def.In[0], s.Def.In[1]
		if !leadsToScores(m, from, 2) {
			from, with = with, from
		}
		if !leadsToScores(m, from, 2) || !fitsMask(with, s.Type) {
			return nil, nil, false
		}
		if mask != nil {
			if with = sumOf(m, mask, with); with == nil {
				return nil, nil, false
			}
		}
		s, mask = from, with
	}
	return s, mask, true
}

// leadsToScores reports whether v is a matrix product, perhaps scaled, perhaps with one thing added.
func leadsToScores(m *rewrite.Match, v *ir.Value, depth int) bool {
	var scale float64
	if alone(m, unscaled(m, v, &scale), op.MatMul.Op) {
		return true
	}
	return depth > 1 && alone(m, v, op.Add.Op) && (leadsToScores(m, v.Def.In[0], depth-1) || leadsToScores(m, v.Def.In[1], depth-1))
}

// sumOf returns the sum of two constants, if it is finite where they are: a key that is nearly hidden must not become hidden.
func sumOf(m *rewrite.Match, a, b *ir.Value) *ir.Value {
	if !a.IsConst() || !b.IsConst() || max(a.Data.Len(), b.Data.Len()) > 1<<24 || a.Data.Len()*b.Data.Len() > 1<<24 {
		return nil
	}
	out, err := op.Add.Eval(&ir.Env{Outs: 1}, op.None{}, []tensor.Value{a.Data, b.Data})
	if err != nil {
		return nil
	}
	sum := out[0].(*tensor.Tensor)
	isInf := func(x float64) bool { return math.IsInf(x, 0) }
	if slices.ContainsFunc(sum.Float64s(), isInf) && !slices.ContainsFunc(a.Data.Float64s(), isInf) && !slices.ContainsFunc(b.Data.Float64s(), isInf) {
		return nil
	}
	return m.G.Const("", sum)
}

// addInside adds c without the axis of size 1 that the reshapes put in front of x and take away again.
func addInside(m *rewrite.Match) *ir.Value {
	x, r, c := m.Value("x"), m.Value("r").Type, m.Value("c")
	n := x.Type.Rank()
	if n < 1 || r.Rank() != n+1 || c.Type.Rank() != n+1 || !x.Type.Equal(m.Root.Out[0].Type) {
		return nil
	}
	d := c.Data.Dims()
	if d[0] != 1 || !r.Shape.Equal(append(ir.Shape{sym.Const(1)}, x.Type.Shape...)) {
		return nil
	}
	y := op.Add.New(m.B, op.None{}, x, m.G.Const("", c.Data.Reshape(d[1:]...)))
	if y == nil || !y.Type.Equal(x.Type) {
		return nil
	}
	return y
}

// fitsMask reports whether v may be added to scores of type t by the op: it has a number for each key.
func fitsMask(v *ir.Value, t ir.Type) bool {
	r, rank := v.Type.Rank(), t.Rank()
	if v.Type.DType != t.DType || r < 2 || r > rank || !v.Type.Shape[r-1].Equal(t.Shape[rank-1]) {
		return false
	}
	for i, d := range v.Type.Shape {
		if n, ok := d.Int(); !d.Equal(t.Shape[rank-r+i]) && (!ok || n != 1) {
			return false
		}
	}
	return true
}

// unscaled returns what v is a multiple of, and multiplies scale by the factors.
func unscaled(m *rewrite.Match, v *ir.Value, scale *float64) *ir.Value {
	for range 4 {
		for i, w := range operands(m, v, op.Mul.Op, op.Div.Op) {
			c := v.Def.In[1-i]
			if !c.IsConst() || c.Data.Len() != 1 || !w.Type.Equal(v.Type) || i == 1 && v.Def.Op == op.Div.Op {
				continue
			}
			if x := c.Data.Float64At(0); v.Def.Op == op.Div.Op {
				*scale /= x
			} else {
				*scale *= x
			}
			v = w
			break
		}
	}
	return v
}

// operands returns the two operands of v's definition, if that is a node of one of the ops and v is used once.
func operands(m *rewrite.Match, v *ir.Value, ops ...*ir.Op) []*ir.Value {
	if v.Def == nil || !slices.Contains(ops, v.Def.Op) || !m.Alone(v) {
		return nil
	}
	return v.Def.In
}

// untransposed returns the keys [N,heads,length,size], or [items,length,size], whose last two axes v has changed places of; nil
// where v is no transpose.
func untransposed(m *rewrite.Match, v *ir.Value, scale *float64) *ir.Value {
	if !m.Alone(v) || v.Def == nil {
		return nil
	}
	if _, ok := order(v); ok {
		return swapped(m, v, scale)
	}
	// [N·heads,size,length], transposed, and then reshaped to [N,heads,size,length].
	s := v.Type.Shape
	if len(s) != 4 || v.Def.Op != op.Reshape.Op {
		return nil
	}
	t := v.Def.In[0]
	if _, ok := order(t); !ok || t.Type.Rank() != 3 || !t.Type.Shape[1:].Equal(s[2:]) || !m.Alone(t) {
		return nil
	}
	x := swapped(m, t, scale)
	want := ir.Shape{s[0], s[1], s[3], s[2]}
	if x == nil || x.Type.Shape.Equal(want) {
		return x
	}
	if x.Def != nil && x.Def.Op == op.Reshape.Op && x.Def.In[0].Type.Rank() == 4 && x.Def.In[0].Type.Shape.Equal(want) {
		return unscaled(m, x.Def.In[0], scale)
	}
	if to := shapeOperand(m, want); to != nil {
		return reshapedBy(m.B, x, to)
	}
	return nil
}

// swapped returns v, a transpose, with its last two axes in each other's place.
func swapped(m *rewrite.Match, v *ir.Value, scale *float64) *ir.Value {
	p, _ := order(v)
	x := unscaled(m, v.Def.In[0], scale)
	p = slices.Clone(p)
	n := len(p)
	p[n-1], p[n-2] = p[n-2], p[n-1]
	if slices.IsSorted(p) {
		return x
	}
	return op.Transpose.New(m.B, op.TransposeAttrs{Perm: p}, x)
}

// unrepeated returns the heads [N,h,length,size] that v repeats, each for a group of its own: unsqueezed to [N,h,1,…],
// expanded, and reshaped to [N,h·group,…].
func unrepeated(v *ir.Value) *ir.Value {
	if v.Def == nil || v.Def.Op != op.Reshape.Op {
		return nil
	}
	wide := v.Def.In[0]
	for wide.Def != nil && wide.Def.Op == op.Reshape.Op {
		wide = wide.Def.In[0]
	}
	if !op.Expand.Is(wide) {
		return nil
	}
	thin := wide.Def.In[0]
	if wide.Type.Rank() != 5 || thin.Type.Rank() != 5 || thin.Def == nil || thin.Def.Op != op.Unsqueeze.Op && thin.Def.Op != op.Reshape.Op {
		return nil
	}
	x := thin.Def.In[0]
	w := wide.Type.Shape
	one := sym.Const(1)
	if x.Type.Rank() != 4 || !thin.Type.Shape.Equal(ir.Shape{w[0], w[1], one, w[3], w[4]}) ||
		!x.Type.Shape.Equal(ir.Shape{w[0], w[1], w[3], w[4]}) || !v.Type.Shape.Equal(ir.Shape{w[0], sym.Mul(w[1], w[2]), w[3], w[4]}) {
		return nil
	}
	return x
}
