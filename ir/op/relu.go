package op

import "github.com/cameo-onnx/cameo/ir"

// Relu is max(x, 0); NaN stays NaN.
var Relu = define(Def[None]{
	Name: "relu", ONNX: "Relu", Sig: "x T -> y T; T float|int",
	Props: ir.Pure | ir.Elementwise,
	Infer: sameAsInput[None],
	Eval: unary(func(_ None, x float64) float64 {
		if x < 0 {
			return 0
		}
		return x
	}, func(_ None, x int64) int64 { return max(x, 0) }),
	Lower: func(b *ir.Builder, _ None, in []*ir.Value) *ir.Value {
		return Max.New(b, None{}, in[0], scalars(b, in[0])(0))
	},
})
