package op

import (
	"fmt"
	"math"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// ImputerAttrs holds the value that stands for a missing one, NaN perhaps, and what replaces it: one value, or one per feature.
type ImputerAttrs struct {
	ImputedFloats []float32 `ir:"imputed_value_floats"`
	ImputedInts   []int     `ir:"imputed_value_int64s"`
	ReplacedFloat float32   `ir:"replaced_value_float"`
	ReplacedInt   int       `ir:"replaced_value_int64"`
}

func (a ImputerAttrs) values(d tensor.DType) (int, error) {
	n, other := len(a.ImputedFloats), len(a.ImputedInts)
	if d.IsInt() {
		n, other = other, n
	}
	if n == 0 || other > 0 {
		return n, fmt.Errorf("x of %v, but imputed values: %d floats and %d integers", d, len(a.ImputedFloats), len(a.ImputedInts))
	}
	return n, nil
}

// Imputer replaces one value by another: by one for all, or by one for each place along the last axis.
var Imputer = define(Def[ImputerAttrs]{
	Name: "imputer", ONNX: "Imputer", Domain: mlDomain, Sig: "x T -> y T; T " + features,
	Props: ir.Pure,
	Infer: func(sc *ir.Scope, a ImputerAttrs, in []ir.Known) (ir.Known, error) {
		x := in[0].Type
		n, err := a.values(x.DType)
		if err != nil {
			return ir.Known{}, err
		}
		if r := x.Rank(); n > 1 && r == 0 {
			return ir.Known{}, fmt.Errorf("%d imputed values for a scalar", n)
		} else if n > 1 && r > 0 {
			if _, err := sc.Same(x.Shape[r-1], sym.Const(n), "features"); err != nil {
				return ir.Known{}, err
			}
		}
		return sameAsInput(sc, a, in)
	},
	Eval: func(e *ir.Env, a ImputerAttrs, in []tensor.Value) (tensor.Value, error) {
		x := tens(in, 0)
		n, err := a.values(x.DType())
		if err != nil {
			return nil, err
		}
		if r := x.Rank(); n > 1 && (r == 0 || x.Dims()[r-1] != n) {
			return nil, fmt.Errorf("%d imputed values for sizes %v", n, x.Dims())
		}
		if err := e.Take(x.DType(), x.Dims()); err != nil {
			return nil, err
		}
		out := x.Clone()
		for i := range x.Len() {
			switch {
			case x.DType().IsInt():
				if x.Int64At(i) == int64(a.ReplacedInt) {
					out.SetInt64At(i, int64(a.ImputedInts[i%n]))
				}
			default:
				old := float64(a.ReplacedFloat)
				if f := x.Float64At(i); f == old || math.IsNaN(f) && math.IsNaN(old) {
					out.SetFloat64At(i, float64(a.ImputedFloats[i%n]))
				}
			}
		}
		return out, nil
	},
})
