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

// Compress is the slices of x for which c holds; those beyond the end of c are left out.
var Compress = define(Def[CompressAttrs]{
	Name: "compress", ONNX: "Compress", Sig: "x T, c bool -> y T; T " + movable,
	Props: ir.Pure,
	Infer: func(sc *ir.Scope, a CompressAttrs, in []ir.Known) (ir.Known, error) {
		x := in[0].Type
		if r := in[1].Rank(); r >= 0 && r != 1 {
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
		x, c, axis := tens(in, 0), tensor.Data[bool](tens(in, 1)), 0
		if a.Axis == nil {
			x = x.Reshape(x.Len())
		} else {
			var err error
			if axis, err = normAxis(*a.Axis, x.Rank()); err != nil {
				return nil, err
			}
		}
		outer, n, inner := split(x.Dims(), axis)
		var keep []int
		for i, b := range c {
			if b && i >= n {
				return nil, fmt.Errorf("condition selects %d of %d", i, n)
			}
			if b {
				keep = append(keep, i)
			}
		}
		starts, err := indexSpace(e, outer, len(keep))
		if err != nil {
			return nil, err
		}
		for o := range outer {
			for j, i := range keep {
				starts[o*len(keep)+j] = (o*n + i) * inner
			}
		}
		return blocksOf(e, x, with(x.Dims(), axis, len(keep)), starts, inner)
	},
})
