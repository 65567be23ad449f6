package op

import (
	"fmt"
	"slices"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// CompressAttrs holds the axis whose slices are selected; without it, single elements are.
type CompressAttrs struct {
	Axis *int `ir:"axis"`
}

// Compress is the slices of x for which c holds, or without an axis the elements; those beyond the end of c are left out.
var Compress = define(Def[CompressAttrs]{
	Name: "compress", ONNX: "Compress", Sig: "x T, c bool -> y T; T " + movable,
	Props: ir.Pure,
	Infer: func(sc *ir.Scope, a CompressAttrs, in []ir.Known) (ir.Known, error) {
		x := in[0].Type
		// Where x is read as a vector, so is the condition: one exporter's masked_select relies on it.
		if r := in[1].Rank(); a.Axis != nil && r >= 0 && r != 1 {
			return ir.Known{}, fmt.Errorf("condition is of rank %d, not 1", r)
		}
		if a.Axis == nil {
			return of(x.WithShape(sc.Fresh())), nil
		}
		if x.Unranked {
			return of(x), nil
		}
		axis, err := normAxis(*a.Axis, len(x.Shape))
		if err != nil {
			return ir.Known{}, err
		}
		shape := slices.Clone(x.Shape)
		shape[axis] = sc.Fresh()
		return of(x.WithShape(shape...)), nil
	},
	Eval: func(e *ir.Env, a CompressAttrs, in []tensor.Value) (tensor.Value, error) {
		c := tensor.Data[bool](tens(in, 1))
		x, axis, err := alongOrFlat(tens(in, 0), a.Axis)
		if err != nil {
			return nil, err
		}
		n := x.Dims()[axis]
		var keep []int
		for i, b := range c {
			if b && i >= n {
				return nil, fmt.Errorf("condition selects %d of %d", i, n)
			}
			if b {
				keep = append(keep, i)
			}
		}
		return slicesOf(e, x, axis, with(x.Dims(), axis, len(keep)), keep)
	},
})

// alongOrFlat returns x and the axis, counted from the front; where there is none, x as a vector, and its axis.
func alongOrFlat(x *tensor.Tensor, axis *int) (*tensor.Tensor, int, error) {
	if axis == nil {
		return x.Reshape(x.Len()), 0, nil
	}
	k, err := normAxis(*axis, x.Rank())
	return x, k, err
}

// slicesOf returns a tensor of sizes dims that is made of the slices of x along axis that pick names, in its order.
func slicesOf(e *ir.Env, x *tensor.Tensor, axis int, dims, pick []int) (tensor.Value, error) {
	outer, n, inner := split(x.Dims(), axis)
	starts, err := indexSpace(e, outer, len(pick))
	if err != nil {
		return nil, err
	}
	for o := range outer {
		for j, i := range pick {
			starts[o*len(pick)+j] = (o*n + i) * inner
		}
	}
	return blocksOf(e, x, dims, starts, inner)
}
