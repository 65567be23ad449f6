package op

import (
	"fmt"
	"slices"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// AxisAttrs holds the axis that an op works along.
type AxisAttrs struct {
	Axis int `ir:"axis"`
}

// Gather picks slices of x along Axis: y = x[..., i[...], ...]. Negative indices count from the end.
var Gather = define(Def[AxisAttrs]{
	Name: "gather", ONNX: "Gather", Sig: "x T, i I -> y T; T " + movable + ", I i32|i64",
	Props: ir.Pure,
	Infer: inferGather,
	Eval: func(e *ir.Env, a AxisAttrs, in []tensor.Value) (tensor.Value, error) {
		x, ix := tens(in, 0), tens(in, 1)
		axis, err := normAxis(a.Axis, x.Rank())
		if err != nil {
			return nil, err
		}
		pick, err := indexSpace(e, ix.Len())
		if err != nil {
			return nil, err
		}
		for j, i := range ix.Int64s() {
			if pick[j], err = normIndex(i, x.Dims()[axis]); err != nil {
				return nil, err
			}
		}
		return slicesOf(e, x, axis, slices.Concat(x.Dims()[:axis], ix.Dims(), x.Dims()[axis+1:]), pick)
	},
})

// normIndex returns index i counted from the front of n elements.
func normIndex(i int64, n int) (int, error) {
	if i < -int64(n) || i >= int64(n) {
		return 0, fmt.Errorf("index %d is out of range for size %d", i, n)
	}
	if i < 0 {
		i += int64(n)
	}
	return int(i), nil
}

func inferGather(sc *ir.Scope, a AxisAttrs, in []ir.Known) (ir.Known, error) {
	x, ix := in[0].Type, in[1].Type
	if x.Unranked {
		return of(ir.UnrankedOf(x.DType)), nil
	}
	axis, err := normAxis(a.Axis, len(x.Shape))
	if err != nil {
		return ir.Known{}, err
	}
	if err := checkIndices(in[1], x.Shape[axis]); err != nil {
		return ir.Known{}, err
	}
	if ix.Unranked {
		return of(ir.UnrankedOf(x.DType)), nil
	}
	t := x.WithShape(slices.Concat(x.Shape[:axis], ix.Shape, x.Shape[axis+1:])...)
	entries, ok := entriesOf(in[0])
	at, ok2 := in[1].Ints()
	if !ok || !ok2 || !tracked(t) || len(at) > ir.MaxElems {
		return of(t), nil
	}
	out := make([]sym.Dim, len(at))
	for i, k := range at {
		if out[i] = sym.Unknown(); k < 0 {
			k += len(entries)
		}
		if k >= 0 && k < len(entries) {
			out[i] = entries[k]
		}
	}
	return holding(t, out), nil
}

// checkIndices refuses constant indices that no size d can hold.
func checkIndices(k ir.Known, d sym.Dim) error {
	n, ok := d.Int()
	at, ok2 := k.Ints()
	if !ok || !ok2 {
		return nil
	}
	for _, i := range at {
		if _, err := normIndex(int64(i), n); err != nil {
			return err
		}
	}
	return nil
}
