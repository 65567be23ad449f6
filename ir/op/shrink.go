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

// Shrink is x + Bias below -Lambd, x - Bias above Lambd, and 0 between. Integers are compared and moved as real numbers, and lose their
// fraction then.
var Shrink = define(Def[ShrinkAttrs]{
	Name: "shrink", ONNX: "Shrink", Sig: "x T -> y T; T num",
	Props: ir.Pure | ir.Elementwise,
	Attrs: ShrinkAttrs{Lambd: 0.5},
	Infer: sameAsInput[ShrinkAttrs],
	Eval: func(e *ir.Env, a ShrinkAttrs, in []tensor.Value) (tensor.Value, error) {
		x := tens(in, 0)
		d := x.DType()
		if !d.IsInt() {
			return evalShrink(e, a, in)
		}
		y, err := e.New(d, x.Dims()...)
		if err != nil {
			return nil, err
		}
		for i := range x.Len() {
			y.SetInt64At(i, a.shrinkInt(d, x.Float64At(i), x.Int64At(i)))
		}
		return y, nil
	},
	Lower: func(b *ir.Builder, a ShrinkAttrs, in []*ir.Value) *ir.Value {
		if in[0].Type.DType.IsInt() {
			return nil
		}
		x, c := in[0], scalars(b, in[0])
		lambd, bias := float64(a.Lambd), float64(a.Bias)
		high := Where.New(b, None{}, Greater.New(b, None{}, x, c(lambd)), Sub.New(b, None{}, x, c(bias)), c(0))
		return Where.New(b, None{}, Less.New(b, None{}, x, c(-lambd)), Add.New(b, None{}, x, c(bias)), high)
	},
})

// shrinkInt is Shrink of the integer n of type d, which is x as a real number.
func (a ShrinkAttrs) shrinkInt(d tensor.DType, x float64, n int64) int64 {
	lambd, bias := float64(a.Lambd), float64(a.Bias)
	switch {
	case x < -lambd:
	case x > lambd:
		bias = -bias
	default:
		return 0
	}
	if bias == math.Trunc(bias) && math.Abs(bias) < 1<<62 {
		return n + int64(bias) // exact
	}
	return tensor.Wrap(x+bias, d)
}

var evalShrink = unary(func(a ShrinkAttrs, x float64) float64 {
	switch lambd := float64(a.Lambd); {
	case x < -lambd:
		return x + float64(a.Bias)
	case x > lambd:
		return x - float64(a.Bias)
	}
	return 0
}, nil)
