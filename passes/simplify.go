package passes

import (
	"math"
	"slices"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/op"
	"github.com/cameo-onnx/cameo/ir/tensor"
	"github.com/cameo-onnx/cameo/passes/rewrite"
)

// simplify applies rules that make a graph smaller or plainer whatever the target. Rules on floats are exact, NaNs, infinities
// and the sign of zero included, except those that fold constants into weights, which round where the model would have.
func simplify(g *ir.Graph, t Target) error { return rewriteBy(simplifyRules, g, t) }

// A bare name on the right side applies only where its type is the result's, so that nothing is said here of broadcasts.
var simplifyRules = rewrite.Compile([]rewrite.Rule{
	{Name: "add-zero", From: "add(x, z!)", When: addsNothing, To: "x"},
	{Name: "sub-zero", From: "sub(x, z!)", When: takesNothing, To: "x"},
	{Name: "mul-one", From: "mul(x, 1)", To: "x"},
	{Name: "div-one", From: "div(x, 1)", To: "x"},
	{Name: "pow-one", From: "pow(x, 1)", To: "x"},
	{Name: "pow-two", From: "pow(x, 2)", When: squares, To: "mul(x, x)"},
	{Name: "neg-neg", From: "neg(neg(x))", To: "x", Shared: true},
	{Name: "not-not", From: "not(not(x))", To: "x", Shared: true},
	{Name: "abs-abs", From: "abs(a:abs(x))", To: "a", Shared: true},
	{Name: "relu-relu", From: "relu(r:relu(x))", To: "r", Shared: true},
	{Name: "clip-clip", From: "clip(clip(x, a?!, b?!), c?!, d?!)", Do: clipOnce, Shared: true},
	{Name: "and-same", From: "and(x, x)", To: "x"},
	{Name: "or-same", From: "or(x, x)", To: "x"},
	{Name: "max-same", From: "max(x, x)", To: "x"},
	{Name: "max-one", From: "max(x)", To: "x"},
	{Name: "min-same", From: "min(x, x)", To: "x"},
	{Name: "min-one", From: "min(x)", To: "x"},
	{Name: "where-true", From: "where(c!, x, y)", When: isSplat("c", 1), To: "x"},
	{Name: "where-false", From: "where(c!, x, y)", When: isSplat("c", 0), To: "y"},
	{Name: "where-same", From: "where(c, x, x)", To: "x"},
	{Name: "cast-same", From: "cast(x)", To: "x"},
	{Name: "cast-like", From: "cast_like(x, t)", Do: castTo},
	{Name: "cast-cast", From: "c:cast(cast(x))", When: widens, To: "c:cast(x)", Shared: true},
	{Name: "dropout", From: "dropout(x, r?, t?!)", When: keepsAll, To: "x"},

	{Name: "reshape-same", From: "reshape(x, s)", To: "x"},
	{Name: "expand-same", From: "expand(x, s)", To: "x"},
	{Name: "slice-whole", From: "slice(x, s, e, a?, t?)", When: forwards, To: "x"},
	{Name: "tile-once", From: "tile(x, 1)", To: "x"},
	{Name: "pad-nothing", From: "pad(x, 0, ...)", To: "x"},
	{Name: "concat-one", From: "concat(x)", To: "x"},
	{Name: "concat-concat", From: "c:concat(x, ...)", Do: concatOnce},
	{Name: "split-concat", From: "concat(x, ...)", Do: neverSplit},
	{Name: "split-one", From: "s:split(x, n?)", When: onePart, To: "x"},
	{Name: "transpose-same", From: "transpose(x)", When: inPlace, To: "x"},
	{Name: "transpose-transpose", From: "t:transpose(u:transpose(x))", Do: transposeOnce, Shared: true},
	{Name: "transpose-view", From: "transpose(x)", Do: transposeAsReshape},
	{Name: "view-view", From: "reshape|squeeze|unsqueeze|flatten(reshape|squeeze|unsqueeze|flatten(x, ...), ...)", Do: viewOnce, Shared: true},

	{Name: "bn-fold", From: "n:batch_normalization(p:conv|conv_transpose|gemm(x, w!, b?!), s!, h!, u!, v!)", Do: foldNorm, Loose: true},
	{Name: "bn-affine", From: "n:batch_normalization(x, s!, h!, u!, v!)", Do: normAsAffine, Loose: true},
	{Name: "mul-fold", From: "mul(p:conv|conv_transpose|gemm(x, w!, b?!), c!)", Do: foldScale(false), Loose: true},
	{Name: "div-fold", From: "div(p:conv|conv_transpose|gemm(x, w!, b?!), c!)", Do: foldScale(true), Loose: true},
	{Name: "add-fold", From: "add(p:conv|conv_transpose|gemm(x, w!, b?!), c!)", Do: foldShift(1), Loose: true},
	{Name: "sub-fold", From: "sub(p:conv|conv_transpose|gemm(x, w!, b?!), c!)", Do: foldShift(-1), Loose: true},
	{Name: "gemm-bias", From: "add(g:gemm(x, w), b)", Do: gemmBias},
	{Name: "matmul-bias", From: "add(matmul(x, w!), b)", When: linear, To: "gemm(x, w, b)"},
	{Name: "gemm-transposed-a", From: "g:gemm(transpose(x), w, ...)", Do: flipGemm(0), Shared: true},
	{Name: "gemm-transposed-b", From: "g:gemm(x, transpose(w), ...)", Do: flipGemm(1), Shared: true},
	{Name: "matmul-transposed-b", From: "matmul(x, t:transpose(w))", When: matrices, To: "gemm{transB=true}(x, w)", Shared: true},
	{Name: "pad-conv", From: "c:conv(p:pad(x, n!, v?!), w, b?)", Do: padInConv, Shared: true},
	{Name: "pad-average-pool", From: "a:average_pool(p:pad(x, n!, v?!))", Do: padInPool, Shared: true},
	{Name: "mean-global", From: "reduce_mean{keepdims=true}(x, a!)", When: spatialAxes, To: "global_average_pool(x)"},
})

// addsNothing: x + 0 is x for integers; for floats only x + -0 is, since -0 + 0 is 0.
func addsNothing(m *rewrite.Match) bool {
	z, ok := m.Number("z")
	return ok && z == 0 && (!isFloat(m, "x") || math.Signbit(z))
}

// takesNothing: x - 0 is x, but -0 - -0 is 0.
func takesNothing(m *rewrite.Match) bool {
	z, ok := m.Number("z")
	return ok && z == 0 && !math.Signbit(z)
}

func squares(m *rewrite.Match) bool { return isFloat(m, "x") && sameType(m, "x") }

func isSplat(name string, want float64) func(*rewrite.Match) bool {
	return func(m *rewrite.Match) bool {
		x, ok := m.Number(name)
		return ok && (x != 0) == (want != 0)
	}
}

// clipOnce holds for bounds in order: the inner bounds, clipped by the outer ones, are the bounds of both.
func clipOnce(m *rewrite.Match) *ir.Value {
	d := m.Value("x").Type.DType
	if !d.IsFloat() {
		return nil
	}
	bound := func(name string, absent float64) float64 {
		if x, ok := m.Number(name); ok {
			return x
		}
		return absent
	}
	a, b := bound("a", math.Inf(-1)), bound("b", math.Inf(1))
	c, e := bound("c", math.Inf(-1)), bound("d", math.Inf(1))
	if !(a <= b && c <= e) {
		return nil
	}
	lo, hi := min(max(a, c), e), min(max(b, c), e)
	number := func(x float64) *ir.Value { return m.G.Const("", tensor.FromFloat64s(d, []float64{x})) }
	return op.Clip.New(m.B, op.None{}, m.Value("x"), number(lo), number(hi))
}

func castTo(m *rewrite.Match) *ir.Value {
	a := op.CastLike.Attrs(m.Root)
	return op.Cast.New(m.B, op.CastAttrs{To: m.Root.Out[0].Type.DType, Saturate: a.Saturate, RoundMode: a.RoundMode}, m.Value("x"))
}

// wider lists the types that hold every value of a type.
var wider = map[tensor.DType][]tensor.DType{
	tensor.Bool: {
		tensor.I8, tensor.U8, tensor.I16, tensor.U16, tensor.I32, tensor.U32, tensor.I64, tensor.U64,
		tensor.F16, tensor.BF16, tensor.F32, tensor.F64,
	},
	tensor.I8:   {tensor.I16, tensor.I32, tensor.I64, tensor.F16, tensor.F32, tensor.F64},
	tensor.U8:   {tensor.I16, tensor.U16, tensor.I32, tensor.U32, tensor.I64, tensor.U64, tensor.F16, tensor.F32, tensor.F64},
	tensor.I16:  {tensor.I32, tensor.I64, tensor.F32, tensor.F64},
	tensor.I32:  {tensor.I64, tensor.F64},
	tensor.U32:  {tensor.I64, tensor.U64, tensor.F64},
	tensor.F16:  {tensor.F32, tensor.F64},
	tensor.BF16: {tensor.F32, tensor.F64},
	tensor.F32:  {tensor.F64},
}

// widens reports whether the inner of two casts keeps every value, so that the outer one may read its operand. To text and bool
// the type that is cast matters, not the value alone.
func widens(m *rewrite.Match) bool {
	from, through, to := m.Value("x").Type.DType, m.Root.In[0].Type.DType, m.Root.Out[0].Type.DType
	return slices.Contains(wider[from], through) && to != tensor.String && (from != tensor.Bool || to.IsInt() || to.IsFloat())
}

// keepsAll: outside training dropout is the identity; its mask may be in use.
func keepsAll(m *rewrite.Match) bool {
	t := m.Value("t")
	if t != nil {
		if on, ok := m.Number("t"); !ok || on != 0 {
			return false
		}
	}
	return len(m.Root.Out) < 2 || len(m.Root.Out[1].Uses()) == 0
}
