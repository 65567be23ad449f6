package op

import (
	"fmt"
	"slices"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// Tile is x repeated: repeats holds one count for each axis.
var Tile = define(Def[None]{
	Name: "tile", ONNX: "Tile", Sig: "x T, repeats i64 -> y T; T " + movable,
	Props: ir.Pure,
	Infer: func(sc *ir.Scope, _ None, in []ir.Known) (ir.Known, error) {
		x := in[0].Type
		if x.Unranked {
			return of(x), nil
		}
		if n, ok := knownLength(in[1]); ok && n != len(x.Shape) {
			return ir.Known{}, fmt.Errorf("%d repeats for rank %d", n, len(x.Shape))
		}
		shape := slices.Clone(x.Shape)
		for i, r := range sizesOr(in[1], len(shape)) {
			if n, ok := r.Int(); ok && n < 0 {
				return ir.Known{}, fmt.Errorf("repeats %d", n)
			}
			if shape[i] = sym.Mul(shape[i], r); !r.Valid() {
				shape[i] = sc.Fresh()
			}
		}
		t := x.WithShape(shape...)
		entries, ok := entriesOf(in[0])
		if n, isConst := productOf(shape).Int(); !ok || !isConst || n > ir.MaxElems || len(entries) == 0 {
			return of(t), nil
		} else {
			return holding(t, slices.Repeat(entries, n/len(entries))), nil
		}
	},
	Eval: func(e *ir.Env, _ None, in []tensor.Value) (tensor.Value, error) {
		x, repeats := tens(in, 0), intsOf(tens(in, 1))
		if len(repeats) != x.Rank() {
			return nil, fmt.Errorf("%d repeats for rank %d", len(repeats), x.Rank())
		}
		dims := slices.Clone(x.Dims())
		var walkDims, walkStrides []int
		for i, s := range strides(x.Dims()) {
			n, ok := tensor.Count([]int{dims[i], repeats[i]})
			if !ok {
				return nil, fmt.Errorf("repeats %v are out of range", repeats)
			}
			walkDims, walkStrides = append(walkDims, repeats[i], dims[i]), append(walkStrides, 0, s)
			dims[i] = n
		}
		out, err := draftOf(e, x.DType(), dims)
		if err != nil {
			return nil, err
		}
		out.view(lanesOf(x), walkDims, walkStrides, 0)
		return out.done(), nil
	},
})
