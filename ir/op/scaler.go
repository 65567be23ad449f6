package op

import (
	"fmt"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// ScalerAttrs holds what is taken away and what is then multiplied by: one value, or one per feature.
type ScalerAttrs struct {
	Offset []float32 `ir:"offset"`
	Scale  []float32 `ir:"scale"`
}

// Scaler is (x − offset) · scale, along the last axis, which holds the features.
var Scaler = define(Def[ScalerAttrs]{
	Name: "scaler", ONNX: "Scaler", Domain: mlDomain, Sig: "x " + features + " -> y f32",
	Props: ir.Pure,
	Infer: func(sc *ir.Scope, a ScalerAttrs, in []ir.Known) (ir.Known, error) {
		x := in[0].Type
		for _, n := range []int{len(a.Offset), len(a.Scale)} {
			if r := x.Rank(); n > 1 && r == 0 {
				return ir.Known{}, fmt.Errorf("%d features in a scalar", n)
			} else if n > 1 && r > 0 {
				if _, err := sc.Same(x.Shape[r-1], sym.Const(n), "features"); err != nil {
					return ir.Known{}, err
				}
			}
		}
		return of(x.WithDType(tensor.F32)), nil
	},
	Eval: func(e *ir.Env, a ScalerAttrs, in []tensor.Value) (tensor.Value, error) {
		x := tens(in, 0)
		for _, n := range []int{len(a.Offset), len(a.Scale)} {
			if r := x.Rank(); n > 1 && (r == 0 || x.Dims()[r-1] != n) {
				return nil, fmt.Errorf("%d features for sizes %v", n, x.Dims())
			}
		}
		v, err := load[float64](e, x)
		if err != nil {
			return nil, err
		}
		for i := range v {
			if n := len(a.Offset); n > 0 {
				v[i] -= float64(a.Offset[i%n])
			}
			if n := len(a.Scale); n > 0 {
				v[i] *= float64(a.Scale[i%n])
			}
		}
		return value(store(e, tensor.F32, v, x.Dims()...))
	},
})
