package op

import (
	"fmt"
	"slices"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// PadAttrs holds what is put around x: "constant", or elements of x by "reflect", "edge" or "wrap".
type PadAttrs struct {
	Mode string `ir:"mode"`
}

// Pad is x with elements added before and after axes (all, where they are left out); negative pads remove elements, and before others
// are added.
var Pad = define(Def[PadAttrs]{
	Name: "pad", ONNX: "Pad", Sig: "x T, pads i64, value? T, axes? I -> y T; T tensor, I i32|i64",
	Props: ir.Pure,
	Attrs: PadAttrs{Mode: "constant"},
	Infer: inferPad,
	Eval: func(e *ir.Env, a PadAttrs, in []tensor.Value) (tensor.Value, error) {
		x, fill := tens(in, 0), tens(in, 2)
		before, after, err := padsOf(intsOf(tens(in, 1)), intsOf(tens(in, 3)), in[3] != nil, x.Rank(), 0)
		if err != nil {
			return nil, err
		}
		if fill != nil && fill.Len() != 1 {
			return nil, fmt.Errorf("value has %d elements, not 1", fill.Len())
		}
		dims := make([]int, x.Rank())
		for i, d := range x.Dims() {
			if before[i] < -d || after[i] < -d || max(before[i], after[i]) > 1<<48 || d+before[i]+after[i] < 0 {
				return nil, fmt.Errorf("pads %d and %d for size %d", before[i], after[i], d)
			}
			dims[i] = d + before[i] + after[i]
		}
		out, err := draftOf(e, x.DType(), dims)
		if err != nil {
			return nil, err
		}
		if a.Mode == "constant" && fill != nil {
			out.fill(0, out.t.Len(), lanesOf(fill), 0)
		}
		idx := make([][]int, len(dims))
		for i, s := range strides(x.Dims()) {
			if idx[i], err = padIndex(e, a.Mode, x.Dims()[i], before[i], after[i], s); err != nil {
				return nil, err
			}
		}
		out.grid(lanesOf(x), idx)
		return out.done(), nil
	},
})

// padsOf returns the pads before and after every axis; zero stands where none are given.
func padsOf[D any](pads []D, axes []int, hasAxes bool, rank int, zero D) (before, after []D, err error) {
	if !hasAxes {
		for i := range rank {
			axes = append(axes, i)
		}
	}
	if _, err := normAxes(axes, rank); err != nil {
		return nil, nil, err
	}
	if len(pads) != 2*len(axes) {
		return nil, nil, fmt.Errorf("%d pads for %d axes", len(pads), len(axes))
	}
	before, after = make([]D, rank), make([]D, rank)
	for i := range rank {
		before[i], after[i] = zero, zero
	}
	for i, k := range axes {
		k, _ = normAxis(k, rank)
		before[k], after[k] = pads[i], pads[i+len(axes)]
	}
	return before, after, nil
}

// padIndex returns, for each place along a padded axis of n elements, the offset in x of the element there; -1 where the value goes.
func padIndex(e *ir.Env, mode string, n, before, after, stride int) ([]int, error) {
	idx, err := indexSpace(e, n+before+after)
	if err != nil {
		return nil, err
	}
	// What is cut off is not there to be reflected.
	first := max(0, -before)
	kept := n - first - max(0, -after)
	if kept <= 0 && len(idx) > 0 && mode != "constant" {
		return nil, fmt.Errorf("mode %q has no elements to repeat", mode)
	}
	for i := range idx {
		k := i - max(0, before)
		switch mode {
		case "constant":
			if k < 0 || k >= kept {
				idx[i] = -1
				continue
			}
		case "edge":
			k = min(max(k, 0), kept-1)
		case "wrap":
			k = (k%kept + kept) % kept
		case "reflect":
			k = reflect(k, kept)
		default:
			return nil, fmt.Errorf("mode %q", mode)
		}
		idx[i] = (first + k) * stride
	}
	return idx, nil
}

// reflect folds k into 0 to n-1, as if the ends were mirrors that are not repeated.
func reflect(k, n int) int {
	if n == 1 {
		return 0
	}
	period := 2 * (n - 1)
	k = (k%period + period) % period
	return min(k, period-k)
}

func inferPad(sc *ir.Scope, a PadAttrs, in []ir.Known) (ir.Known, error) {
	x := in[0].Type
	if !slices.Contains([]string{"constant", "reflect", "edge", "wrap"}, a.Mode) {
		return ir.Known{}, fmt.Errorf("mode %q", a.Mode)
	}
	if x.Unranked {
		return of(x), nil
	}
	rank := len(x.Shape)
	axes, known := in[3].Ints()
	pads, ok, err := wanted(in[1], "pads")
	if err != nil {
		return ir.Known{}, err
	}
	if !ok || in[3].Present() && !known {
		return of(x.WithShape(sc.FreshShape(rank)...)), nil
	}
	before, after, err := padsOf(pads, axes, in[3].Present(), rank, sym.Const(0))
	if err != nil {
		return ir.Known{}, err
	}
	shape := make(ir.Shape, rank)
	for i, d := range x.Shape {
		if !before[i].Valid() || !after[i].Valid() {
			shape[i] = sc.Fresh()
			continue
		}
		shape[i] = sym.Add(d, sym.Add(before[i], after[i]))
		if n, ok := shape[i].Int(); ok && n < 0 {
			return ir.Known{}, fmt.Errorf("pads %v and %v for size %v", before[i], after[i], d)
		}
	}
	return of(x.WithShape(shape...)), nil
}
