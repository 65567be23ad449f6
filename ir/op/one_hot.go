package op

import (
	"fmt"
	"slices"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// OneHot is values[1] where the place along the new axis is the index, and values[0] elsewhere. Negative indices count from the end;
// others out of range match nowhere.
var OneHot = define(Def[AxisAttrs]{
	Name: "one_hot", ONNX: "OneHot", Sig: "i I, depth D, values T -> y T; I num, D num, T " + movable,
	Props: ir.Pure,
	Attrs: AxisAttrs{Axis: -1},
	Infer: func(sc *ir.Scope, a AxisAttrs, in []ir.Known) (ir.Known, error) {
		ix, d := in[0].Type, in[2].Type.DType
		if ix.Unranked {
			return of(ir.UnrankedOf(d)), nil
		}
		axis, err := normAxis(a.Axis, len(ix.Shape)+1)
		if err != nil {
			return ir.Known{}, err
		}
		depth := sizesOr(in[1], 1)[0]
		if c := in[1].Const; c != nil && c.DType().IsFloat() && c.Len() == 1 {
			depth = sym.Const(int(c.Float64s()[0]))
		}
		if n, ok := depth.Int(); ok && n < 0 {
			return ir.Known{}, fmt.Errorf("depth %d", n)
		}
		if !depth.Valid() {
			depth = sc.Fresh()
		}
		if v := in[2].Type; !v.Unranked {
			if len(v.Shape) != 1 {
				return ir.Known{}, fmt.Errorf("values are of rank %d, not 1", len(v.Shape))
			}
			if _, err := sc.Same(v.Shape[0], sym.Const(2), "values"); err != nil {
				return ir.Known{}, err
			}
		}
		return of(ir.TensorOf(d, slices.Insert(slices.Clone(ix.Shape), axis, depth)...)), nil
	},
	Eval: func(e *ir.Env, a AxisAttrs, in []tensor.Value) (tensor.Value, error) {
		ix, values := tens(in, 0), tens(in, 2)
		axis, err := normAxis(a.Axis, ix.Rank()+1)
		if err != nil {
			return nil, err
		}
		if values.Len() != 2 || tens(in, 1).Len() != 1 {
			return nil, fmt.Errorf("%d values and %d depths, not 2 and 1", values.Len(), tens(in, 1).Len())
		}
		depth := int(whole(tens(in, 1))[0])
		dims := slices.Insert(slices.Clone(ix.Dims()), axis, depth)
		out, err := draftOf(e, values.DType(), dims)
		if err != nil {
			return nil, err
		}
		src := lanesOf(values)
		out.fill(0, out.t.Len(), src, 0)
		_, _, inner := split(dims, axis)
		for i, k := range whole(ix) {
			if k < 0 {
				k += int64(depth)
			}
			if k >= 0 && k < int64(depth) {
				out.put((i/inner*depth+int(k))*inner+i%inner, src, 1, 1)
			}
		}
		return out.done(), nil
	},
})

// whole returns the elements of a tensor of numbers as integers, floats without their fractions.
func whole(t *tensor.Tensor) []int64 {
	if !t.DType().IsFloat() {
		return t.Int64s()
	}
	return tensor.FromFloat64s(tensor.I64, t.Float64s(), t.Dims()...).Int64s()
}
