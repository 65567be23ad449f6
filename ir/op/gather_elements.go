package op

import (
	"fmt"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// GatherElements picks single elements: y has the sizes of i, and each element is that of x at the same place, but at the index along Axis.
var GatherElements = define(Def[AxisAttrs]{
	Name: "gather_elements", ONNX: "GatherElements", Sig: "x T, i I -> y T; T " + movable + ", I i32|i64",
	Props: ir.Pure,
	Infer: func(sc *ir.Scope, a AxisAttrs, in []ir.Known) (ir.Known, error) {
		x, ix := in[0].Type, in[1].Type
		if err := picksAlong(sc, a.Axis, in[0], in[1]); err != nil {
			return ir.Known{}, err
		}
		if ix.Unranked && !x.Unranked {
			return of(x.WithShape(sc.FreshShape(len(x.Shape))...)), nil
		}
		return of(ix.WithDType(x.DType)), nil
	},
	Eval: func(e *ir.Env, a AxisAttrs, in []tensor.Value) (tensor.Value, error) {
		x, ix := tens(in, 0), tens(in, 1)
		at, err := elementsAt(e, a.Axis, x, ix)
		if err != nil {
			return nil, err
		}
		return blocksOf(e, x, ix.Dims(), at, 1)
	},
})

// picksAlong checks an operand of indices that picks single elements of x along axis.
func picksAlong(sc *ir.Scope, axis int, x, ix ir.Known) error {
	if x.Type.Unranked || ix.Type.Unranked {
		return nil
	}
	axis, err := normAxis(axis, len(x.Type.Shape))
	if err != nil {
		return err
	}
	if len(ix.Type.Shape) != len(x.Type.Shape) {
		return fmt.Errorf("indices are of rank %d, x is of rank %d", len(ix.Type.Shape), len(x.Type.Shape))
	}
	for i, d := range ix.Type.Shape {
		if i == axis {
			continue
		}
		if err := sc.Assume(ir.Fact{Rel: ir.Le, A: d, B: x.Type.Shape[i], What: fmt.Sprintf("indices: axis %d", i)}); err != nil {
			return err
		}
	}
	return checkIndices(ix, x.Type.Shape[axis])
}

// elementsAt returns, for each of the indices, which element of x it picks along axis.
func elementsAt(e *ir.Env, axis int, x, ix *tensor.Tensor) ([]int, error) {
	axis, err := normAxis(axis, x.Rank())
	if err != nil {
		return nil, err
	}
	if ix.Rank() != x.Rank() {
		return nil, fmt.Errorf("indices are of rank %d, x is of rank %d", ix.Rank(), x.Rank())
	}
	for i, d := range ix.Dims() {
		if i != axis && d > x.Dims()[i] {
			return nil, fmt.Errorf("indices: axis %d: %d > %d", i, d, x.Dims()[i])
		}
	}
	at, err := indexSpace(e, ix.Dims()...)
	if err != nil {
		return nil, err
	}
	st, v, n := strides(x.Dims()), ix.Int64s(), x.Dims()[axis]
	walk(ix.Dims(), func(i int, place []int) {
		k, bad := normIndex(v[i], n)
		if bad != nil && err == nil {
			err = bad
		}
		off := k * st[axis]
		for j, p := range place {
			if j != axis {
				off += p * st[j]
			}
		}
		at[i] = off
	})
	return at, err
}
