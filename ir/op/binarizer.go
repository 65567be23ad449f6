package op

import (
	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// BinarizerAttrs holds the number that elements must exceed to become 1.
type BinarizerAttrs struct {
	Threshold float32 `ir:"threshold"`
}

// Binarizer is 1 where x exceeds the threshold, 0 elsewhere.
var Binarizer = define(Def[BinarizerAttrs]{
	Name: "binarizer", ONNX: "Binarizer", Domain: mlDomain, Sig: "x T -> y T; T " + features,
	Props: ir.Pure | ir.Elementwise,
	Infer: sameAsInput[BinarizerAttrs],
	Eval: func(e *ir.Env, a BinarizerAttrs, in []tensor.Value) (tensor.Value, error) {
		x := tens(in, 0)
		v, err := load[float64](e, x)
		if err != nil {
			return nil, err
		}
		for i, f := range v {
			v[i] = 0
			if f > float64(a.Threshold) {
				v[i] = 1
			}
		}
		return value(store(e, x.DType(), v, x.Dims()...))
	},
})
