package op

import (
	"math"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// maths builds arithmetic with values of one graph.
type maths struct{ b *ir.Builder }

func (m maths) add(x, y *ir.Value) *ir.Value { return Add.New(m.b, None{}, x, y) }
func (m maths) sub(x, y *ir.Value) *ir.Value { return Sub.New(m.b, None{}, x, y) }
func (m maths) mul(x, y *ir.Value) *ir.Value { return Mul.New(m.b, None{}, x, y) }
func (m maths) div(x, y *ir.Value) *ir.Value { return Div.New(m.b, None{}, x, y) }

// reshape gives x other sizes; 0 keeps the size at the same place, −1 takes what is left.
func (m maths) reshape(x *ir.Value, sizes ...int) *ir.Value {
	return Reshape.New(m.b, ReshapeAttrs{}, x, intsConst(m.b, sizes...))
}

// reshapeTo is reshape by sizes that are values, vectors of one integer each.
func (m maths) reshapeTo(x *ir.Value, sizes ...*ir.Value) *ir.Value {
	return Reshape.New(m.b, ReshapeAttrs{}, x, Concat.New(m.b, ConcatAttrs{}, sizes...))
}

func (m maths) transpose(x *ir.Value, perm ...int) *ir.Value {
	return Transpose.New(m.b, TransposeAttrs{Perm: perm}, x)
}

// lowerAttention builds attention of matrix products and a softmax. Padded caches, windows, and masks shorter than the keys stay as
// they are.
func lowerAttention(b *ir.Builder, a AttentionAttrs, n *ir.Node) []*ir.Value {
	in := pad(n.In, len(n.Op.Sig.In))
	mask := in[3]
	if !a.lowers(in) || len(n.Out) > 3 {
		return nil
	}
	m := maths{b}
	q, k, v := m.heads(in[0], a.QNumHeads), m.heads(in[1], a.KVNumHeads), m.heads(in[2], a.KVNumHeads)
	if in[4] != nil {
		k, v = Concat.New(b, ConcatAttrs{Axis: 2}, in[4], k), Concat.New(b, ConcatAttrs{Axis: 2}, in[5], v)
	}
	if b.Err() != nil {
		return nil
	}
	hq, ok := q.Type.Shape[1].Int()
	hk, ok2 := k.Type.Shape[1].Int()
	size, ok3 := q.Type.Shape[3].Int()
	if !ok || !ok2 || !ok3 && a.Scale == nil || hk == 0 || !maskFits(mask, k) || !positive(q) || !positive(k) {
		return nil
	}
	scale := scaleOf(size)
	if a.Scale != nil {
		scale = float64(*a.Scale)
	}
	c := scalars(b, q)
	rows := q
	if hq != hk {
		rows = m.reshape(q, 0, hk, -1, 0) // the queries of a group of heads lie in a row
	}
	s := m.mul(MatMul.New(b, None{}, rows, m.transpose(k, 0, 1, 3, 2)), c(scale))
	if hq != hk {
		s = m.reshapeTo(s, sizeAt(b, q, 0), sizeAt(b, q, 1), sizeAt(b, q, 2), sizeAt(b, k, 2))
	}
	if a.Softcap > 0 {
		s = m.mul(Tanh.New(b, None{}, m.div(s, c(float64(a.Softcap)))), c(float64(a.Softcap)))
	}
	bias := m.attentionBias(a, mask, in[4], q, k)
	if bias != nil {
		s = m.add(s, bias)
	}
	p := Softmax.New(b, SoftmaxAttrs{Axis: -1}, s)
	if mask != nil { // a query that sees nothing gets nothing
		top := ReduceMax.New(b, ReduceAttrs{Keepdims: true}, bias, intsConst(b, -1))
		p = Where.New(b, None{}, Equal.New(b, None{}, top, c(math.Inf(-1))), c(0), p)
	}
	if hq != hk {
		p = m.reshapeTo(p, sizeAt(b, q, 0), sizeAt(b, k, 1), intsConst(b, -1), sizeAt(b, k, 2))
	}
	y := MatMul.New(b, None{}, p, v)
	if hq != hk {
		y = m.reshape(y, 0, hq, -1, 0)
	}
	if in[0].Type.Rank() == 3 {
		y = m.reshape(m.transpose(y, 0, 2, 1, 3), 0, 0, -1)
	}
	return []*ir.Value{y, k, v}[:max(1, len(n.Out))]
}

// lowers reports whether lowerAttention takes operands of these types.
func (a AttentionAttrs) lowers(in []*ir.Value) bool {
	for _, v := range in[:3] {
		if v.Type.Unranked {
			return false
		}
	}
	d, mask := in[0].Type.DType, in[3]
	if mask != nil && mask.Type.DType != tensor.Bool && mask.Type.DType != d {
		return false
	}
	return in[6] == nil && a.LeftWindowSize < 0 && a.RightWindowSize < 0 && in[2].Type.DType == d
}

// heads returns an operand as [N,heads,length,size].
func (m maths) heads(x *ir.Value, heads int) *ir.Value {
	if x.Type.Rank() == 4 {
		return x
	}
	return m.transpose(m.reshape(x, 0, 0, heads, -1), 0, 2, 1, 3)
}

// positive reports that no size is certainly or possibly 0, for reshapes could then not tell what is left.
func positive(v *ir.Value) bool {
	for i, d := range v.Type.Shape {
		if n, ok := d.Int(); ok && n == 0 || !ok && i == 3 {
			return false
		}
	}
	return true
}

// maskFits reports that a mask's last axis is that of the keys.
func maskFits(mask, k *ir.Value) bool {
	return mask == nil || mask.Type.Rank() > 0 && mask.Type.Shape[mask.Type.Rank()-1].Equal(k.Type.Shape[2])
}

// attentionBias is what is added to the scores: the mask, and −∞ where a key comes after the query; nil for nothing.
func (m maths) attentionBias(a AttentionAttrs, mask, past, q, k *ir.Value) *ir.Value {
	c := scalars(m.b, q)
	bias := mask
	if mask != nil && mask.Type.DType == tensor.Bool {
		bias = Where.New(m.b, None{}, mask, c(0), c(math.Inf(-1)))
	}
	if !a.IsCausal {
		return bias
	}
	count := func(x *ir.Value) *ir.Value {
		i := func(n int64) *ir.Value { return m.b.G.Const("", tensor.Scalar(n)) }
		return Range.New(m.b, RangeAttrs{}, i(0), Squeeze.New(m.b, None{}, sizeAt(m.b, x, 2)), i(1))
	}
	at := count(q)
	if past != nil {
		at = m.add(at, sizeAt(m.b, past, 2))
	}
	hidden := Greater.New(m.b, None{}, count(k), Unsqueeze.New(m.b, None{}, at, intsConst(m.b, 1)))
	causal := Where.New(m.b, None{}, hidden, c(math.Inf(-1)), c(0))
	if bias == nil {
		return causal
	}
	return m.add(bias, causal)
}

// lowerRotary builds a rotary embedding of slices and products. Heads of unknown size stay as they are.
func lowerRotary(b *ir.Builder, a RotaryEmbeddingAttrs, in []*ir.Value) *ir.Value {
	m, x := maths{b}, in[0]
	rank := x.Type.Rank()
	if rank < 3 || in[1].Type.Unranked || in[2].Type.Unranked {
		return nil
	}
	head := 1 // the axis of heads
	if rank == 3 {
		if n, ok := x.Type.Shape[1].Int(); ok && n == 0 {
			return nil
		}
		x, head = m.reshape(x, 0, 0, a.NumHeads, -1), 2
	}
	if b.Err() != nil {
		return nil
	}
	size, ok := x.Type.Shape[3].Int()
	turn := a.RotaryEmbeddingDim
	if turn == 0 {
		turn = size
	}
	if !ok || turn == 0 {
		return nil
	}
	cos, sin := in[1], in[2]
	if in[3] != nil {
		cos, sin = Gather.New(b, AxisAttrs{}, cos, in[3]), Gather.New(b, AxisAttrs{}, sin, in[3])
	}
	cos, sin = Unsqueeze.New(b, None{}, cos, intsConst(b, head)), Unsqueeze.New(b, None{}, sin, intsConst(b, head))
	cut := func(from, to, step int) *ir.Value {
		return Slice.New(b, None{}, x, intsConst(b, from), intsConst(b, to), intsConst(b, 3), intsConst(b, step))
	}
	x1, x2 := cut(0, turn/2, 1), cut(turn/2, turn, 1)
	if a.Interleaved {
		x1, x2 = cut(0, turn, 2), cut(1, turn, 2)
	}
	re, im := m.sub(m.mul(cos, x1), m.mul(sin, x2)), m.add(m.mul(sin, x1), m.mul(cos, x2))
	var y *ir.Value
	if a.Interleaved {
		last := intsConst(b, -1)
		y = Concat.New(b, ConcatAttrs{Axis: -1}, Unsqueeze.New(b, None{}, re, last), Unsqueeze.New(b, None{}, im, last))
		y = m.reshape(y, 0, 0, 0, turn)
	} else {
		y = Concat.New(b, ConcatAttrs{Axis: -1}, re, im)
	}
	if turn < size {
		y = Concat.New(b, ConcatAttrs{Axis: -1}, y, cut(turn, size, 1))
	}
	if rank == 3 {
		y = Reshape.New(b, ReshapeAttrs{AllowZero: true}, y, Shape.New(b, ShapeAttrs{}, in[0]))
	}
	return y
}
