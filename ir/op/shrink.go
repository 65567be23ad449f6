package op

import (
	"math"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// ShrinkAttrs holds the offset and the threshold.
type ShrinkAttrs struct {
	Bias  float32 `ir:"bias"`
	Lambd float32 `ir:"lambd"`
}

// Shrink is x + Bias below -Lambd, x - Bias above Lambd, and 0 between; for integers both attributes lose their fraction.
var Shrink = define(Def[ShrinkAttrs]{
	Name: "shrink", ONNX: "Shrink", Sig: "x T -> y T; T num",
	Props: ir.Pure | ir.Elementwise,
	Attrs: ShrinkAttrs{Lambd: 0.5},
	Infer: sameAsInput[ShrinkAttrs],
	Eval: func(e *ir.Env, a ShrinkAttrs, in []tensor.Value) (tensor.Value, error) {
		x := tens(in, 0)
		if x.DType() != tensor.U64 {
			return evalShrink(e, a, in)
		}
		y, err := e.New(tensor.U64, x.Dims()...)
		if err != nil {
			return nil, err
		}
		lambd, bias := uint64(clampInt(a.Lambd)), uint64(clampInt(a.Bias))
		for i, v := range uint64s(x) {
			if a.Lambd < 0 || v > lambd {
				uint64s(y)[i] = v - bias
			}
		}
		return y, nil
	},
	Lower: func(b *ir.Builder, a ShrinkAttrs, in []*ir.Value) *ir.Value {
		x, c := in[0], scalars(b, in[0])
		lambd, bias := float64(a.Lambd), float64(a.Bias)
		if d := x.Type.DType; d.IsInt() {
			if !d.IsSigned() {
				return nil // -Lambd is no such integer
			}
			lambd, bias = math.Trunc(lambd), math.Trunc(bias)
		}
		high := Where.New(b, None{}, Greater.New(b, None{}, x, c(lambd)), Sub.New(b, None{}, x, c(bias)), c(0))
		return Where.New(b, None{}, Less.New(b, None{}, x, c(-lambd)), Add.New(b, None{}, x, c(bias)), high)
	},
})

var evalShrink = unary(func(a ShrinkAttrs, x float64) float64 {
	switch lambd := float64(a.Lambd); {
	case x < -lambd:
		return x + float64(a.Bias)
	case x > lambd:
		return x - float64(a.Bias)
	}
	return 0
}, func(a ShrinkAttrs, x int64) int64 {
	switch lambd := clampInt(a.Lambd); {
	case x < -lambd:
		return x + clampInt(a.Bias)
	case x > lambd:
		return x - clampInt(a.Bias)
	}
	return 0
})

// clampInt drops v's fraction; what is beyond 2^62 becomes that, and NaN 0.
func clampInt(v float32) int64 {
	if v != v {
		return 0
	}
	return int64(math.Min(math.Max(float64(v), -1<<62), 1<<62))
}
