package op

import "github.com/cameo-onnx/cameo/ir"

// LeakyReluAttrs holds the slope below zero.
type LeakyReluAttrs struct {
	Alpha float32 `ir:"alpha"`
}

// LeakyRelu is x above zero and Alpha·x below.
var LeakyRelu = define(Def[LeakyReluAttrs]{
	Name: "leaky_relu", ONNX: "LeakyRelu", Sig: "x T -> y T; T float",
	Props: ir.Pure | ir.Elementwise,
	Attrs: LeakyReluAttrs{Alpha: 0.01},
	Infer: sameAsInput[LeakyReluAttrs],
	Eval: unary(func(a LeakyReluAttrs, x float64) float64 {
		if x < 0 {
			return float64(a.Alpha) * x
		}
		return x
	}, nil),
	Lower: func(b *ir.Builder, a LeakyReluAttrs, in []*ir.Value) *ir.Value {
		c := scalars(b, in[0])
		return Where.New(b, None{}, Less.New(b, None{}, in[0], c(0)), Mul.New(b, None{}, in[0], c(float64(a.Alpha))), in[0])
	},
})
