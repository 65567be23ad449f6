package op

import (
	"fmt"
	"math"
	"slices"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// NormalizerAttrs names what each row is divided by: "MAX", "L1" or "L2".
type NormalizerAttrs struct {
	Norm string `ir:"norm"`
}

// Normalizer divides each row of x, of sizes [N,C] or [C], by its greatest element, by the sum of its magnitudes or by its length; a
// row for which that is 0 stays.
var Normalizer = define(Def[NormalizerAttrs]{
	Name: "normalizer", ONNX: "Normalizer", Domain: mlDomain, Sig: "x " + features + " -> y f32",
	Props: ir.Pure,
	Attrs: NormalizerAttrs{Norm: "MAX"},
	Infer: func(sc *ir.Scope, a NormalizerAttrs, in []ir.Known) (ir.Known, error) {
		if !slices.Contains([]string{"MAX", "L1", "L2"}, a.Norm) {
			return ir.Known{}, fmt.Errorf("norm %q", a.Norm)
		}
		x := in[0].Type
		_, _, err := tableSizes(sc, x)
		return of(x.WithDType(tensor.F32)), err
	},
	Eval: func(e *ir.Env, a NormalizerAttrs, in []tensor.Value) (tensor.Value, error) {
		t, err := loadTable(e, tens(in, 0))
		if err != nil {
			return nil, err
		}
		for i := range t.rows {
			row := t.row(i)
			by := norm(a.Norm, row)
			for j := range row {
				if by != 0 {
					row[j] /= by
				}
			}
		}
		return value(store(e, tensor.F32, t.v, tens(in, 0).Dims()...))
	},
})

func norm(name string, row []float64) (by float64) {
	switch name {
	case "MAX":
		by = -math.MaxFloat32
		for _, x := range row {
			if x > by { // NaN never is
				by = x
			}
		}
	case "L1":
		for _, x := range row {
			by += math.Abs(x)
		}
	default:
		for _, x := range row {
			by += x * x
		}
		by = math.Sqrt(by)
	}
	return by
}
