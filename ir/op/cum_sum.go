package op

import (
	"fmt"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// CumAttrs says whether an element counts itself, and from which end of the axis it starts.
type CumAttrs struct {
	Exclusive bool `ir:"exclusive"`
	Reverse   bool `ir:"reverse"`
}

// CumSum is the sums of the elements up to each along an axis.
var CumSum = define(cumulative("cum_sum", "CumSum", 0, func(a, b float64) float64 { return a + b }, func(a, b int64) int64 { return a + b }))

// CumProd is the products of the elements up to each along an axis.
var CumProd = define(cumulative("cum_prod", "CumProd", 1, func(a, b float64) float64 { return a * b }, func(a, b int64) int64 { return a * b }))

func cumulative(name, onnx string, first int, f func(a, b float64) float64, g func(a, b int64) int64) Def[CumAttrs] {
	return Def[CumAttrs]{
		Name: name, ONNX: onnx, Sig: "x T, axis i32|i64 -> y T; T float|i32|i64|u32|u64",
		Props: ir.Pure,
		Infer: func(sc *ir.Scope, a CumAttrs, in []ir.Known) (ir.Known, error) {
			if r := in[0].Rank(); r >= 0 {
				if axis, ok := in[1].Ints(); ok && len(axis) == 1 {
					if _, err := normAxis(axis[0], r); err != nil {
						return ir.Known{}, err
					}
				}
			}
			return sameAsInput(sc, a, in)
		},
		Eval: func(e *ir.Env, a CumAttrs, in []tensor.Value) (tensor.Value, error) {
			x, axes := tens(in, 0), intsOf(tens(in, 1))
			if len(axes) != 1 {
				return nil, fmt.Errorf("%d values for axis", len(axes))
			}
			axis, err := normAxis(axes[0], x.Rank())
			if err != nil {
				return nil, err
			}
			if err := e.Take(tensor.C128, x.Dims()); err != nil {
				return nil, err
			}
			d, dims := x.DType(), x.Dims()
			if d.IsInt() {
				return tensor.FromInt64s(d, accumulate(x.Int64s(), dims, axis, a, int64(first), g), dims...), nil
			}
			return tensor.FromFloat64s(d, accumulate(x.Float64s(), dims, axis, a, float64(first), f), dims...), nil
		},
	}
}

// accumulate returns the running results of f along axis.
func accumulate[T any](v []T, dims []int, axis int, a CumAttrs, first T, f func(a, b T) T) []T {
	outer, n, inner := split(dims, axis)
	out := make([]T, len(v))
	for o := range outer {
		for i := range inner {
			sum := first
			for j := range n {
				if a.Reverse {
					j = n - 1 - j
				}
				k := (o*n+j)*inner + i
				next := f(sum, v[k])
				if out[k] = next; a.Exclusive {
					out[k] = sum
				}
				sum = next
			}
		}
	}
	return out
}
