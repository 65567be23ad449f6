package op

import (
	"fmt"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// EyeLikeAttrs holds the element type by ONNX's number (0: that of x), and the diagonal, counted upwards from the main one.
type EyeLikeAttrs struct {
	DType int `ir:"dtype"`
	K     int `ir:"k"`
}

func (a EyeLikeAttrs) dtype(x tensor.DType) (tensor.DType, error) {
	d := x
	if a.DType != 0 {
		if d = tensor.DType(a.DType); a.DType < 0 || a.DType > 255 || !d.Valid() || d.Bits() < 8 || d.IsComplex() || d == tensor.String {
			return d, fmt.Errorf("dtype %d", a.DType)
		}
	}
	return d, nil
}

// EyeLike is a matrix of the sizes of x with ones on a diagonal.
var EyeLike = define(Def[EyeLikeAttrs]{
	Name: "eye_like", ONNX: "EyeLike", Sig: "x num|bool -> y num|bool",
	Props: ir.Pure,
	Infer: func(sc *ir.Scope, a EyeLikeAttrs, in []ir.Known) (ir.Known, error) {
		x := in[0].Type
		d, err := a.dtype(x.DType)
		if err != nil {
			return ir.Known{}, err
		}
		if x.Unranked {
			return of(ir.TensorOf(d, sc.FreshShape(2)...)), nil
		}
		if len(x.Shape) != 2 {
			return ir.Known{}, fmt.Errorf("rank %d, not 2", len(x.Shape))
		}
		return of(ir.TensorOf(d, x.Shape...)), nil
	},
	Eval: func(e *ir.Env, a EyeLikeAttrs, in []tensor.Value) (tensor.Value, error) {
		x := tens(in, 0)
		d, err := a.dtype(x.DType())
		if err != nil {
			return nil, err
		}
		if x.Rank() != 2 {
			return nil, fmt.Errorf("rank %d, not 2", x.Rank())
		}
		out, err := e.New(d, x.Dims()...)
		if err != nil {
			return nil, err
		}
		rows, cols := x.Dims()[0], x.Dims()[1]
		for r := range rows {
			if a.K >= -r && a.K < cols-r {
				out.SetFloat64At(r*cols+r+a.K, 1)
			}
		}
		return out, nil
	},
})
