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

// attentionRules find attention of operands of rank 4, and bring the factors of a product of queries and keys to one place.
//
// They leave what `attention` does not say exactly: masks that enlarge the scores, heads that broadcast, keys that are no transpose. A query of which an additive mask
// hides every key by −∞ gives zeros in `attention`, and in the second rule, whose exporters meant that; spelt out as in the first, its row is NaN.
func attentionRules() []rewrite.Rule {
	return []rewrite.Rule{
		{Name: "attention", From: "matmul(p:softmax(s), v)", Do: attention},
		{Name: "attention-safe", From: "matmul(where(is_nan(p:softmax(s)), 0, p), v)", Do: attention},
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
func attention(m *rewrite.Match) *ir.Value {
	s, v := m.Value("s"), m.Value("v")
	t := s.Type
	if axis := op.Softmax.Attrs(m.Node("p")).Axis; t.Rank() != 4 || axis != -1 && axis != 3 || !t.DType.IsFloat() || v.Type.Rank() != 4 {
		return nil
	}
	var mask *ir.Value
	if alone(m, s, op.Add.Op) {
		for i, w := range s.Def.In {
			other := s.Def.In[1-i]
			if mask == nil && leadsToProduct(m, w) && fitsMask(other, t) {
				s, mask = w, other
			}
		}
	}
	scale := 1.0
	s = unscaled(m, s, &scale)
	if !alone(m, s, op.MatMul.Op) || !s.Type.Shape.Equal(t.Shape) {
		return nil
	}
	q, k := unscaled(m, s.Def.In[0], &scale), unscaled(m, s.Def.In[1], &scale)
	if k = untransposed(m, k, &scale); k == nil || math.IsInf(scale, 0) || math.IsNaN(scale) {
		return nil
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
	f := float32(scale)
	a := op.Attention.Default()
	a.Scale = &f
	y := op.Attention.New(m.B, a, q, k, v, mask)
	if y == nil || !m.Ctx.(Target).HasKernel(y.Def) || !y.Type.Equal(m.Root.Out[0].Type) {
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

// leadsToProduct reports whether v is a matrix product, perhaps scaled.
func leadsToProduct(m *rewrite.Match, v *ir.Value) bool {
	var scale float64
	return alone(m, unscaled(m, v, &scale), op.MatMul.Op)
}

// fitsMask reports whether v may be added to scores of type t by the op: it has a number for each key.
func fitsMask(v *ir.Value, t ir.Type) bool {
	r := v.Type.Rank()
	if v.Type.DType != t.DType || r < 2 || r > 4 || !v.Type.Shape[r-1].Equal(t.Shape[3]) {
		return false
	}
	for i, d := range v.Type.Shape {
		if n, ok := d.Int(); !d.Equal(t.Shape[4-r+i]) && (!ok || n != 1) {
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

// untransposed returns the keys [N,heads,length,size] whose last two axes v has changed places of; nil where v is no transpose.
func untransposed(m *rewrite.Match, v *ir.Value, scale *float64) *ir.Value {
	if v.Type.Rank() != 4 || !m.Alone(v) {
		return nil
	}
	s := v.Type.Shape
	if p, ok := order(v); ok {
		x := unscaled(m, v.Def.In[0], scale)
		p = []int{p[0], p[1], p[3], p[2]}
		if isIdentity(p) {
			return x
		}
		return op.Transpose.New(m.B, op.TransposeAttrs{Perm: p}, x)
	}
	// [N,heads,length,size], reshaped to [N·heads,length,size], transposed, reshaped back.
	if v.Def == nil || v.Def.Op != op.Reshape.Op {
		return nil
	}
	p, ok := order(v.Def.In[0])
	if !ok || !slices.Equal(p, []int{0, 2, 1}) {
		return nil
	}
	r := v.Def.In[0].Def.In[0]
	if r.Def == nil || r.Def.Op != op.Reshape.Op || !r.Type.Shape[1:].Equal(ir.Shape{s[3], s[2]}) {
		return nil
	}
	if x := r.Def.In[0]; x.Type.Rank() == 4 && x.Type.Shape.Equal(ir.Shape{s[0], s[1], s[3], s[2]}) {
		return unscaled(m, x, scale)
	}
	return nil
}

// unrepeated returns the heads [N,h,length,size] that v repeats, each for a group of its own: unsqueezed to [N,h,1,…], expanded, and reshaped to [N,h·group,…].
func unrepeated(v *ir.Value) *ir.Value {
	if v.Def == nil || v.Def.Op != op.Reshape.Op || !op.Expand.Is(v.Def.In[0]) {
		return nil
	}
	wide := v.Def.In[0]
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
