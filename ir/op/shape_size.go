package op

import (
	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// ShapeAttrs holds the slice of the sizes that is asked for; negative places count from the end, and both are clamped.
type ShapeAttrs struct {
	Start int  `ir:"start"`
	End   *int `ir:"end"`
}

// Clamp returns the axes, from to to-1, of a tensor of the given rank whose sizes are asked for.
func (a ShapeAttrs) Clamp(rank int) (from, to int) {
	place := func(i int) int {
		if i < 0 {
			i += rank
		}
		return min(max(i, 0), rank)
	}
	from, to = place(a.Start), rank
	if a.End != nil {
		to = place(*a.End)
	}
	return from, max(from, to)
}

// Shape is the sizes of x.
var Shape = define(Def[ShapeAttrs]{
	Name: "shape", ONNX: "Shape", Sig: "x tensor -> y i64",
	Props: ir.Pure,
	Infer: func(sc *ir.Scope, a ShapeAttrs, in []ir.Known) (ir.Known, error) {
		t := in[0].Type
		if t.Unranked {
			return of(ir.TensorOf(tensor.I64, sc.Fresh())), nil
		}
		from, to := a.Clamp(len(t.Shape))
		return holding(ir.TensorOf(tensor.I64, sym.Const(to-from)), append([]sym.Dim{}, t.Shape[from:to]...)), nil
	},
	Eval: func(e *ir.Env, a ShapeAttrs, in []tensor.Value) (tensor.Value, error) {
		dims := tens(in, 0).Dims()
		from, to := a.Clamp(len(dims))
		out := make([]int64, to-from)
		for i, d := range dims[from:to] {
			out[i] = int64(d)
		}
		return tensor.Of(out), nil
	},
})

// Size is the number of elements of x.
var Size = define(Def[None]{
	Name: "size", ONNX: "Size", Sig: "x tensor -> y i64",
	Props: ir.Pure,
	Infer: func(sc *ir.Scope, _ None, in []ir.Known) (ir.Known, error) {
		t := ir.TensorOf(tensor.I64)
		if in[0].Type.Unranked {
			return of(t), nil
		}
		return holding(t, []sym.Dim{productOf(in[0].Type.Shape)}), nil
	},
	Eval: func(e *ir.Env, _ None, in []tensor.Value) (tensor.Value, error) {
		return tensor.Scalar(int64(tens(in, 0).Len())), nil
	},
})
