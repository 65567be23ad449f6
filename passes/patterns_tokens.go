package passes

import (
	"slices"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/op"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
	"github.com/cameo-onnx/cameo/passes/rewrite"
)

// tokenRules let attention read queries, keys and values as projections leave them, [N,length,heads·size], and leave its result
// so: four transposes are none.
func tokenRules() []rewrite.Rule {
	return []rewrite.Rule{
		{Name: "attention-tokens", From: "transpose(a:attention(q, k, v, ...))", Do: attentionOfTokens},
		{Name: "unstack", From: "gather(s, i!)", Do: unstack, Shared: true},
	}
}

// attentionOfTokens is attention of operands of rank 3 where each is the transpose of such an operand's heads, and the result
// is transposed back.
func attentionOfTokens(m *rewrite.Match) *ir.Value {
	n, root := m.Node("a"), m.Root.Out[0]
	y := n.Out[0].Type.Shape
	q, k, v := m.Value("q").Type.Shape, m.Value("k").Type.Shape, m.Value("v").Type.Shape
	if len(n.Out) > 1 || len(n.In) > 4 || len(y) != 4 || len(q) != 4 || len(k) != 4 || len(v) != 4 {
		return nil
	}
	if !isTranspose(root, 0, 2, 1, 3) && !(isTranspose(root, 2, 0, 1, 3) && isOne(y[0])) {
		return nil
	}
	a := op.Attention.Attrs(n)
	var ok, ok2 bool
	a.QNumHeads, ok = q[1].Int()
	a.KVNumHeads, ok2 = k[1].Int()
	if size, known := y[3].Int(); !ok || !ok2 || !known || size < 1 || a.QNumHeads < 1 || a.KVNumHeads < 1 {
		return nil
	}
	in := slices.Clone(n.In)
	for i := range 3 {
		if in[i] = tokens(m, in[i]); in[i] == nil {
			return nil
		}
	}
	z := op.Attention.New(m.B, a, in...)
	if z == nil || !m.Ctx.(ruleContext).target.HasKernel(z.Def) {
		return nil
	}
	to := keepTwo(m, root.Type.Shape, z.Type.Shape)
	if to == nil {
		return nil
	}
	if z = reshapedBy(m.B, z, to); z == nil || !z.Type.Equal(root.Type) {
		return nil
	}
	return z
}

// keepTwo is what reshape asks for to turn sizes from into s, the first two of which are often equal, whatever they are.
func keepTwo(m *rewrite.Match, s, from ir.Shape) *ir.Value {
	if !s[:2].Equal(from[:2]) {
		return shapeOperand(m, s)
	}
	dims := make([]int64, len(s)) // 0 keeps a size
	for i, d := range s[2:] {
		n, ok := d.Int()
		if !ok || n < 1 {
			return nil
		}
		dims[2+i] = int64(n)
	}
	return m.G.Const("", tensor.Of(dims))
}

// tokens returns [N,length,heads·size] whose heads v[N,heads,length,size] holds one behind the other; nil where that needs a transpose.
func tokens(m *rewrite.Match, v *ir.Value) *ir.Value {
	s := v.Type.Shape
	heads, ok := s[1].Int()
	size, ok2 := s[3].Int()
	u := split(m, v)
	if !ok || !ok2 || heads < 1 || size < 1 || u == nil {
		return nil
	}
	want := ir.Shape{s[0], s[2], sym.Const(heads * size)}
	for x := u; x.Def != nil && x.Def.Op == op.Reshape.Op; {
		if x = x.Def.In[0]; x.Type.Shape.Equal(want) && !x.Type.Unranked {
			return x
		}
	}
	to := keepTwo(m, want, u.Type.Shape)
	if to == nil {
		return nil
	}
	if u = reshapedBy(m.B, u, to); u == nil || !u.Type.Shape.Equal(want) {
		return nil
	}
	return u
}

// split returns [N,length,heads,size], or [length,heads,size] of one item, of which v[N,heads,length,size] is a transpose.
func split(m *rewrite.Match, v *ir.Value) *ir.Value {
	s := v.Type.Shape
	if isTranspose(v, 0, 2, 1, 3) {
		return v.Def.In[0]
	}
	if v.Def != nil && v.Def.Op == op.Reshape.Op && isOne(s[0]) {
		if t := v.Def.In[0]; isTranspose(t, 1, 0, 2) && t.Type.Shape.Equal(s[1:]) {
			return t.Def.In[0]
		}
	}
	if !op.Gather.Is(v) { // one of a stack: [N,length,3,heads,size], transposed so that 3 comes first
		return nil
	}
	t, i := v.Def.In[0], v.Def.In[1]
	p, ok := order(t)
	axis := op.Gather.Attrs(v.Def).Axis
	if !ok || len(p) != 5 || !i.IsConst() || i.Data.Rank() != 0 || axis != 0 {
		return nil
	}
	var rest []int
	for _, a := range p[1:] {
		if a > p[0] {
			a--
		}
		rest = append(rest, a)
	}
	if !slices.Equal(rest, []int{0, 2, 1, 3}) {
		return nil
	}
	return op.Gather.New(m.B, op.AxisAttrs{Axis: p[0]}, t.Def.In[0], i)
}

// unstack takes one of a stack from where it lies, if a transpose did no more than bring the stack's axis to the front.
func unstack(m *rewrite.Match) *ir.Value {
	s, i, root := m.Value("s"), m.Const("i"), m.Root.Out[0].Type
	if op.Gather.Attrs(m.Root).Axis != 0 || i.Rank() != 0 || s.Type.Unranked || root.Unranked {
		return nil
	}
	t := s
	if s.Def != nil && (s.Def.Op == op.Squeeze.Op || s.Def.Op == op.Reshape.Op) {
		if t = s.Def.In[0]; t.Type.Rank() < 1 || !t.Type.Shape[0].Equal(s.Type.Shape[0]) {
			return nil
		}
	}
	p, ok := order(t)
	if !ok || len(p) < 3 || p[0] == 0 {
		return nil
	}
	x := t.Def.In[0]
	last, inner := -1, 1
	for _, a := range p[1:] {
		if isOne(x.Type.Shape[a]) {
			continue
		}
		if a < last {
			return nil
		}
		last = a
	}
	for _, d := range x.Type.Shape[p[0]+1:] {
		n, ok := d.Int()
		if !ok {
			return nil
		}
		inner *= n
	}
	to := shapeOperand(m, root.Shape)
	if inner < 16 || to == nil {
		return nil
	}
	y := op.Gather.New(m.B, op.AxisAttrs{Axis: p[0]}, x, m.Value("i"))
	if y == nil {
		return nil
	}
	if y = reshapedBy(m.B, y, to); y == nil || !y.Type.Equal(root) {
		return nil
	}
	return y
}
