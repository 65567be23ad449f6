package op

import (
	"fmt"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// FlattenAttrs holds the first axis of the second size; negative counts from the end, and the rank itself is allowed.
type FlattenAttrs struct {
	Axis int `ir:"axis"`
}

func (a FlattenAttrs) place(rank int) (int, error) {
	if a.Axis < -rank || a.Axis > rank {
		return 0, fmt.Errorf("axis %d is out of range for rank %d", a.Axis, rank)
	}
	if a.Axis < 0 {
		return a.Axis + rank, nil
	}
	return a.Axis, nil
}

// Flatten is the elements of x as a matrix: the axes before Axis make the rows.
var Flatten = define(Def[FlattenAttrs]{
	Name: "flatten", ONNX: "Flatten", Sig: "x T -> y T; T tensor",
	Props: ir.Pure,
	Attrs: FlattenAttrs{Axis: 1},
	Infer: func(sc *ir.Scope, a FlattenAttrs, in []ir.Known) (ir.Known, error) {
		t := in[0].Type
		if t.Unranked {
			return of(t.WithShape(sc.FreshShape(2)...)), nil
		}
		i, err := a.place(len(t.Shape))
		if err != nil {
			return ir.Known{}, err
		}
		return moved(in[0], ir.Shape{productOf(t.Shape[:i]), productOf(t.Shape[i:])}), nil
	},
	Eval: func(e *ir.Env, a FlattenAttrs, in []tensor.Value) (tensor.Value, error) {
		x := tens(in, 0)
		i, err := a.place(x.Rank())
		if err != nil {
			return nil, err
		}
		dims := []int{1, 1}
		for k, d := range x.Dims() {
			if k < i {
				dims[0] *= d
			} else {
				dims[1] *= d
			}
		}
		return x.Reshape(dims...), nil
	},
})
