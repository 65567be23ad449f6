package op

import (
	"fmt"
	"slices"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// AxesAttrs holds the axes that an op works on; without them, all.
type AxesAttrs struct {
	Axes []int `ir:"axes"`
}

// all returns the axes, counted from the front.
func (a AxesAttrs) all(rank int) ([]int, error) {
	out := make([]int, 0, rank)
	if a.Axes == nil {
		for i := range rank {
			out = append(out, i)
		}
		return out, nil
	}
	if _, err := normAxes(a.Axes, rank); err != nil {
		return nil, err
	}
	for _, k := range a.Axes {
		k, _ = normAxis(k, rank)
		out = append(out, k)
	}
	return out, nil
}

// CenterCropPad cuts the axes of x, or puts zeros around them, to the sizes shape, keeping the centre. Where a rest is odd, the cut is
// shifted towards the front, and the padding is longer behind.
var CenterCropPad = define(Def[AxesAttrs]{
	Name: "center_crop_pad", ONNX: "CenterCropPad", Sig: "x T, shape i32|i64 -> y T; T " + movable,
	Props: ir.Pure,
	Infer: func(sc *ir.Scope, a AxesAttrs, in []ir.Known) (ir.Known, error) {
		x := in[0].Type
		if x.Unranked {
			return of(x), nil
		}
		axes, err := a.all(len(x.Shape))
		if err != nil {
			return ir.Known{}, err
		}
		if n, ok := knownLength(in[1]); ok && n != len(axes) {
			return ir.Known{}, fmt.Errorf("%d sizes for %d axes", n, len(axes))
		}
		shape, want := slices.Clone(x.Shape), asShape(sc, sizesOr(in[1], len(axes)))
		for i, k := range axes {
			shape[k] = want[i]
		}
		return of(x.WithShape(shape...)), nil
	},
	Eval: func(e *ir.Env, a AxesAttrs, in []tensor.Value) (tensor.Value, error) {
		x, want := tens(in, 0), intsOf(tens(in, 1))
		axes, err := a.all(x.Rank())
		if err != nil {
			return nil, err
		}
		if len(want) != len(axes) {
			return nil, fmt.Errorf("%d sizes for %d axes", len(want), len(axes))
		}
		dims := slices.Clone(x.Dims())
		for i, k := range axes {
			dims[k] = want[i]
		}
		out, err := draftOf(e, x.DType(), dims)
		if err != nil {
			return nil, err
		}
		idx := make([][]int, len(dims))
		for k, s := range strides(x.Dims()) {
			if idx[k], err = indexSpace(e, dims[k]); err != nil {
				return nil, err
			}
			n := x.Dims()[k]
			off := (n - dims[k]) / 2
			for i := range idx[k] {
				if idx[k][i] = -1; i+off >= 0 && i+off < n {
					idx[k][i] = (i + off) * s
				}
			}
		}
		out.grid(lanesOf(x), idx)
		return out.done(), nil
	},
})
