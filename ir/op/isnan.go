package op

import (
	"math"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// IsNaN is whether x is NaN.
var IsNaN = define(Def[None]{
	Name: "is_nan", ONNX: "IsNaN", Sig: "x T -> y bool; T float|float8",
	Props: ir.Pure | ir.Elementwise,
	Infer: toBool[None],
	Eval:  testFloats(func(_ None, x float64) bool { return x != x }),
})

// IsInfAttrs says which infinities count.
type IsInfAttrs struct {
	DetectNegative bool `ir:"detect_negative"`
	DetectPositive bool `ir:"detect_positive"`
}

// IsInf is whether x is an infinity.
var IsInf = define(Def[IsInfAttrs]{
	Name: "is_inf", ONNX: "IsInf", Sig: "x T -> y bool; T float|float8",
	Props: ir.Pure | ir.Elementwise,
	Attrs: IsInfAttrs{DetectNegative: true, DetectPositive: true},
	Infer: toBool[IsInfAttrs],
	Eval: testFloats(func(a IsInfAttrs, x float64) bool {
		return a.DetectPositive && math.IsInf(x, 1) || a.DetectNegative && math.IsInf(x, -1)
	}),
})

// toBool infers bools of the first operand's sizes.
func toBool[A any](sc *ir.Scope, a A, in []ir.Known) (ir.Known, error) {
	k, err := sameAsInput(sc, a, in)
	k.Type.DType = tensor.Bool
	return k, err
}

func testFloats[A any](f func(a A, x float64) bool) evalFunc[A] {
	return func(e *ir.Env, a A, in []tensor.Value) (tensor.Value, error) {
		x := tens(in, 0)
		y, err := e.New(tensor.Bool, x.Dims()...)
		if err != nil {
			return nil, err
		}
		b := tensor.Data[bool](y)
		for i, v := range x.Float64s() {
			b[i] = f(a, v)
		}
		return y, nil
	}
}
