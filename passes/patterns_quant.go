package passes

import (
	"math"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/op"
	"github.com/cameo-onnx/cameo/ir/tensor"
	"github.com/cameo-onnx/cameo/passes/rewrite"
)

// quantRules make products of dequantised operands products of the integers, where the target has kernels for them, and draw in
// what follows: bias, bounds, quantisation.
//
// The integers' sums are exact, and one rounding makes results of them. The real product rounds at every step; where it is
// quantised again, the two may therefore differ by one quantum, and then the exact sum is the nearer.
func quantRules() []rewrite.Rule {
	return []rewrite.Rule{
		{Name: "quantized-conv", From: "conv(x, w, b?)", Do: scaledConv},
		{Name: "quantized-matmul", From: "matmul(x, w)", Do: scaledMatMul},
		{Name: "quantized-gemm", From: "gemm(x, w, b?)", Do: scaledGemm},
		{Name: "scaled-sums", From: "mul(cast(i:matmul_integer|conv_integer(x, w, ...)), s)", Do: scaledSums},
		{Name: "scaled-bias", From: "add(p:scaled_matmul|scaled_conv(...), b)", Do: scaledBias},
		{Name: "scaled-relu", From: "relu(p:scaled_matmul|scaled_conv(...))", Do: func(m *rewrite.Match) *ir.Value { return bounded(m, 0, math.Inf(1)) }},
		{Name: "scaled-clip", From: "clip(p:scaled_matmul|scaled_conv(...), ...)", Do: scaledClip},
		{Name: "scaled-quantize", From: "quantize_linear(p:scaled_matmul|scaled_conv(...), s, z?)", Do: scaledQuantize},
	}
}

// The operands of scaled_matmul and scaled_conv.
const (
	scaledA = iota
	scaledB
	scaledZA
	scaledZB
	scaledSA
	scaledSB
	scaledBiasAt
	scaledSY
	scaledZY
	scaledCount
)

// A quantized value is x: (q − zero)·scale.
type quantized struct{ q, scale, zero *ir.Value }

// quantizedAlong returns what x is made of, if it comes of 8-bit integers by one scale, or by one for each place along an axis;
// axis -1: by one only.
func quantizedAlong(x *ir.Value, axis int) (quantized, bool) {
	n := x.Def
	if n == nil || n.Op != op.DequantizeLinear.Op || len(n.Bodies) > 0 || x.Type.DType != tensor.F32 || x.Type.Rank() < 0 {
		return quantized{}, false
	}
	d := quantized{q: n.In[0], scale: n.In[1]}
	if len(n.In) > 2 {
		d.zero = n.In[2]
	}
	a := op.DequantizeLinear.Attrs(n)
	if t := d.q.Type.DType; t != tensor.I8 && t != tensor.U8 || d.scale.Type.DType != tensor.F32 || a.BlockSize != 0 {
		return quantized{}, false
	}
	if oneNumber(d.scale) && (d.zero == nil || oneNumber(d.zero)) {
		return d, true
	}
	at := fromFront(a.Axis, x.Type.Rank())
	if x.Type.Rank() == 1 {
		at = 0
	}
	return d, axis >= 0 && at == axis && d.scale.Type.Rank() == 1
}

func oneNumber(v *ir.Value) bool {
	dims, ok := v.Type.Shape.Ints()
	n, _ := tensor.Count(dims)
	return ok && v.Type.Rank() >= 0 && n == 1
}

// productOf returns the operands of a product of x and w.
func productOf(x, w quantized) []*ir.Value {
	in := make([]*ir.Value, scaledCount)
	in[scaledA], in[scaledZA], in[scaledSA] = x.q, x.zero, x.scale
	in[scaledB], in[scaledZB], in[scaledSB] = w.q, w.zero, w.scale
	return in
}

// runnable returns v if the target has a kernel for it and it is of the root's shape.
func runnable(m *rewrite.Match, v *ir.Value) *ir.Value {
	if v == nil || v.Def == nil || !m.Ctx.(ruleContext).target.HasKernel(v.Def) || v.Type.Rank() != m.Root.Out[0].Type.Rank() {
		return nil
	}
	return v
}

// perColumn returns a vector of n float32 that v holds for the places along one axis of a tensor of some rank, n being known;
// nil where v holds something else.
func perColumn(m *rewrite.Match, v *ir.Value, axis, rank int, n ir.Type, at int) *ir.Value {
	size := n.Shape[at]
	if v.Type.DType != tensor.F32 || v.Type.Rank() < 0 || v.Type.Rank() > rank {
		return nil
	}
	if v.Type.Rank() == 1 && axis == rank-1 && v.Type.Shape[0].Equal(size) {
		return v
	}
	k, ok := size.Int()
	data := constantOf(v)
	if !ok || k > 1<<20 || data == nil {
		return nil
	}
	for i, d := range data.Dims() {
		if d != 1 && (i+rank-data.Rank() != axis || d != k) {
			return nil
		}
	}
	out := make([]float64, k)
	for i := range out {
		out[i] = data.Float64At(min(i, data.Len()-1))
	}
	return m.G.Const("", tensor.FromFloat64s(tensor.F32, out, k))
}

// constantOf returns v's elements, also where they are quantised constants made real; nil where they are not known, or many.
func constantOf(v *ir.Value) *tensor.Tensor {
	if v.IsConst() {
		return v.Data
	}
	n := v.Def
	if n == nil || n.Op != op.DequantizeLinear.Op || len(n.Bodies) > 0 || !n.In[0].IsConst() || n.In[0].Data.Len() > 1<<20 {
		return nil
	}
	args := make([]tensor.Value, len(n.In))
	for i, x := range n.In {
		if x == nil {
			continue
		}
		if !x.IsConst() {
			return nil
		}
		args[i] = x.Data
	}
	res, err := ir.EvalNode(&ir.Env{Outs: 1}, n, args)
	if err != nil {
		return nil
	}
	t, _ := res[0].(*tensor.Tensor)
	return t
}

func scaledConv(m *rewrite.Match) *ir.Value {
	x, okX := quantizedAlong(m.Value("x"), -1)
	w, okW := quantizedAlong(m.Value("w"), 0)
	if !okX || !okW || len(m.Root.Bodies) > 0 {
		return nil
	}
	in := productOf(x, w)
	if b := m.Value("b"); b != nil {
		if in[scaledBiasAt] = perColumn(m, b, 0, 1, w.q.Type, 0); in[scaledBiasAt] == nil {
			return nil
		}
	}
	a := op.Conv.Attrs(m.Root)
	s := op.ScaledConv.Default()
	s.AutoPad, s.Dilations, s.Group, s.KernelShape, s.Pads, s.Strides = a.AutoPad, a.Dilations, a.Group, a.KernelShape, a.Pads, a.Strides
	return runnable(m, op.ScaledConv.New(m.B, s, in...))
}

func scaledMatMul(m *rewrite.Match) *ir.Value {
	x, okX := quantizedAlong(m.Value("x"), -1)
	w, okW := quantizedAlong(m.Value("w"), max(-1, m.Value("w").Type.Rank()-1))
	if !okX || !okW || len(m.Root.Bodies) > 0 {
		return nil
	}
	return runnable(m, op.ScaledMatMul.New(m.B, op.ScaledMatMul.Default(), productOf(x, w)...))
}

func scaledGemm(m *rewrite.Match) *ir.Value {
	a := op.Gemm.Attrs(m.Root)
	b := m.Value("b")
	if a.TransA || a.Alpha != 1 || b != nil && a.Beta != 1 || len(m.Root.Bodies) > 0 {
		return nil
	}
	axis := 1
	if a.TransB {
		axis = 0
	}
	x, okX := quantizedAlong(m.Value("x"), -1)
	w, okW := quantizedAlong(m.Value("w"), axis)
	if !okX || !okW {
		return nil
	}
	in := productOf(x, w)
	if b != nil {
		if in[scaledBiasAt] = perColumn(m, b, 1, 2, w.q.Type, axis); in[scaledBiasAt] == nil {
			return nil
		}
	}
	s := op.ScaledMatMul.Default()
	s.TransB = a.TransB
	return runnable(m, op.ScaledMatMul.New(m.B, s, in...))
}

// scaledSums joins sums of integers to the factors that make them real.
func scaledSums(m *rewrite.Match) *ir.Value {
	i, s := m.Node("i"), m.Value("s")
	if m.Root.Out[0].Type.DType != tensor.F32 || i.Out[0].Type.Rank() != m.Root.Out[0].Type.Rank() || s.Type.DType != tensor.F32 {
		return nil
	}
	in := make([]*ir.Value, scaledCount)
	copy(in, i.In)
	columns, axis, at := in[scaledB].Type, i.Out[0].Type.Rank()-1, in[scaledB].Type.Rank()-1
	if i.Op == op.ConvInteger.Op {
		axis, at = 1, 0
	}
	if columns.Rank() < 2 {
		return nil
	}
	factor := func(v *ir.Value) bool {
		switch {
		case v.Type.Rank() >= 0 && oneNumber(v) && in[scaledSA] == nil:
			in[scaledSA] = v
		case in[scaledSB] == nil:
			in[scaledSB] = perColumn(m, v, axis, m.Root.Out[0].Type.Rank(), columns, at)
			return in[scaledSB] != nil
		default:
			return false
		}
		return true
	}
	if n := s.Def; n != nil && n.Op == op.Mul.Op && len(n.Bodies) == 0 && factor(n.In[0]) && factor(n.In[1]) {
		// both scales
	} else if in[scaledSA], in[scaledSB] = nil, nil; !factor(s) {
		return nil
	}
	if i.Op == op.MatMulInteger.Op {
		return runnable(m, op.ScaledMatMul.New(m.B, op.ScaledMatMul.Default(), in...))
	}
	a := op.ConvInteger.Attrs(i)
	c := op.ScaledConv.Default()
	c.AutoPad, c.Dilations, c.Group, c.KernelShape, c.Pads, c.Strides = a.AutoPad, a.Dilations, a.Group, a.KernelShape, a.Pads, a.Strides
	return runnable(m, op.ScaledConv.New(m.B, c, in...))
}

// plain returns the product that p stands for, if its results are real and nothing bounds them, and its operands.
func plain(m *rewrite.Match) (n *ir.Node, in []*ir.Value) {
	n = m.Node("p")
	in = make([]*ir.Value, scaledCount)
	copy(in, n.In)
	if in[scaledSY] != nil || m.Root.Out[0].Type.Rank() != n.Out[0].Type.Rank() {
		return nil, nil
	}
	return n, in
}

// unbounded reports whether nothing bounds what n gives.
func unbounded(n *ir.Node) bool {
	lo, hi := bounds(n)
	return math.IsInf(lo, -1) && math.IsInf(hi, 1)
}

func bounds(n *ir.Node) (lo, hi float64) {
	switch a := n.Attrs.(type) {
	case op.ScaledMatMulAttrs:
		return float64(a.Min), float64(a.Max)
	case op.ScaledConvAttrs:
		return float64(a.Min), float64(a.Max)
	}
	return math.Inf(-1), math.Inf(1)
}

// remade builds n with other operands and bounds.
func remade(m *rewrite.Match, n *ir.Node, lo, hi float64, in []*ir.Value) *ir.Value {
	switch a := n.Attrs.(type) {
	case op.ScaledMatMulAttrs:
		a.Min, a.Max = float32(lo), float32(hi)
		return runnable(m, op.ScaledMatMul.New(m.B, a, in...))
	case op.ScaledConvAttrs:
		a.Min, a.Max = float32(lo), float32(hi)
		return runnable(m, op.ScaledConv.New(m.B, a, in...))
	}
	return nil
}

func scaledBias(m *rewrite.Match) *ir.Value {
	n, in := plain(m)
	if n == nil || in[scaledBiasAt] != nil || !unbounded(n) || in[scaledB].Type.Rank() < 2 {
		return nil
	}
	rank := n.Out[0].Type.Rank()
	axis, at := rank-1, in[scaledB].Type.Rank()-1
	switch a := n.Attrs.(type) {
	case op.ScaledConvAttrs:
		axis, at = 1, 0
	case op.ScaledMatMulAttrs:
		if a.TransB {
			at = 0
		}
	}
	if in[scaledBiasAt] = perColumn(m, m.Value("b"), axis, rank, in[scaledB].Type, at); in[scaledBiasAt] == nil {
		return nil
	}
	return remade(m, n, math.Inf(-1), math.Inf(1), in)
}

func bounded(m *rewrite.Match, lo, hi float64) *ir.Value {
	n, in := plain(m)
	if n == nil || !unbounded(n) || !(lo <= hi) {
		return nil
	}
	return remade(m, n, lo, hi, in)
}

func scaledClip(m *rewrite.Match) *ir.Value {
	ends := [2]float64{math.Inf(-1), math.Inf(1)}
	for i := range ends {
		if len(m.Root.In) <= i+1 || m.Root.In[i+1] == nil {
			continue
		}
		v := m.Root.In[i+1]
		if !v.IsConst() || v.Data.Len() != 1 {
			return nil
		}
		ends[i] = v.Data.Float64At(0)
	}
	return bounded(m, ends[0], ends[1])
}

func scaledQuantize(m *rewrite.Match) *ir.Value {
	n, in := plain(m)
	if n == nil {
		return nil
	}
	a, d := op.QuantizeLinear.Attrs(m.Root), m.Root.Out[0].Type.DType
	s, z := m.Value("s"), m.Value("z")
	inF32 := s.Type.DType == tensor.F32 && (a.Precision == tensor.Invalid || a.Precision == tensor.F32)
	if a.BlockSize != 0 || !inF32 || d != tensor.I8 && d != tensor.U8 || !oneNumber(s) {
		return nil
	}
	if z == nil {
		z = m.G.Const("", tensor.FromInt64s(d, []int64{0}))
	}
	in[scaledSY], in[scaledZY] = s, z
	lo, hi := bounds(n)
	return remade(m, n, lo, hi, in)
}
