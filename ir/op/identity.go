package op

import (
	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// Identity is x, whatever kind of value it is.
var Identity = define(Def[None]{
	Name: "identity", ONNX: "Identity", Sig: "x T -> y T; T any",
	Props: ir.Pure,
	Infer: func(_ *ir.Scope, _ None, in []ir.Known) (ir.Known, error) { return in[0], nil },
	Eval: func(_ *ir.Env, _ None, in []tensor.Value) (tensor.Value, error) {
		return in[0], nil
	},
})
