package op

import (
	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// NonZero is the coordinates of the elements that are not zero (not false, not the empty string), one column each, in row-major order.
var NonZero = define(Def[None]{
	Name: "non_zero", ONNX: "NonZero", Sig: "x T -> y i64; T " + movable,
	Props: ir.Pure,
	Infer: func(sc *ir.Scope, _ None, in []ir.Known) (ir.Known, error) {
		if r := in[0].Rank(); r >= 0 {
			return of(ir.TensorOf(tensor.I64, sym.Const(r), sc.Fresh())), nil
		}
		return of(ir.TensorOf(tensor.I64, sc.FreshShape(2)...)), nil
	},
	Eval: func(e *ir.Env, _ None, in []tensor.Value) (tensor.Value, error) {
		x := tens(in, 0)
		is := truths(x)
		n := 0
		for _, b := range is {
			if b {
				n++
			}
		}
		out, err := e.New(tensor.I64, x.Rank(), n)
		if err != nil {
			return nil, err
		}
		v, at := tensor.Data[int64](out), 0
		walk(x.Dims(), func(i int, place []int) {
			if !is[i] {
				return
			}
			for k, p := range place {
				v[k*n+at] = int64(p)
			}
			at++
		})
		return out, nil
	},
})

// truths reports for each element whether it is not zero.
func truths(x *tensor.Tensor) []bool {
	out := make([]bool, x.Len())
	switch d := x.DType(); {
	case d == tensor.String:
		for i, s := range x.Strings() {
			out[i] = s != ""
		}
	case d.IsComplex():
		for i, c := range x.Complex128s() {
			out[i] = c != 0
		}
	case d.IsFloat():
		for i, f := range x.Float64s() {
			out[i] = f != 0
		}
	default:
		for i, n := range x.Int64s() {
			out[i] = n != 0
		}
	}
	return out
}
