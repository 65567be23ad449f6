package op

import (
	"math"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// MeanVarianceNormalizationAttrs holds the axes that the moments are taken over.
type MeanVarianceNormalizationAttrs struct {
	Axes []int `ir:"axes"`
}

// MeanVarianceNormalization is (x − mean)/(√var + 1e-9).
var MeanVarianceNormalization = define(Def[MeanVarianceNormalizationAttrs]{
	Name: "mean_variance_normalization", ONNX: "MeanVarianceNormalization", Sig: "x T -> y T; T float",
	Props: ir.Pure,
	Attrs: MeanVarianceNormalizationAttrs{Axes: []int{0, 2, 3}},
	Infer: func(sc *ir.Scope, a MeanVarianceNormalizationAttrs, in []ir.Known) (ir.Known, error) {
		if r := in[0].Rank(); r >= 0 {
			if _, err := normAxes(a.Axes, r); err != nil {
				return ir.Known{}, err
			}
		}
		return sameAsInput(sc, a, in)
	},
	Eval: func(e *ir.Env, a MeanVarianceNormalizationAttrs, in []tensor.Value) (tensor.Value, error) {
		axes := make([]int64, len(a.Axes))
		for i, x := range a.Axes {
			axes[i] = int64(x)
		}
		r, err := newReduction(e, reduceDefaults, []tensor.Value{in[0], tensor.Of(axes)}, 0.0)
		if err != nil {
			return nil, err
		}
		sum, err := alloc[float64](e, r.to...)
		if err != nil {
			return nil, err
		}
		r.each(func(acc, x float64) float64 { return acc + x })
		n := float64(r.n)
		r.rows(func(x []float64, o, step int) {
			for i := range x {
				x[i] -= r.out[o+i*step] / n
				sum[o+i*step] += x[i] * x[i]
			}
		})
		r.rows(func(x []float64, o, step int) {
			for i := range x {
				x[i] /= math.Sqrt(sum[o+i*step]/n) + 1e-9
			}
		})
		return value(store(e, tens(in, 0).DType(), r.x, r.dims...))
	},
	Lower: lowerMeanVariance,
})
