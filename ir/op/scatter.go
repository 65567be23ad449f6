package op

import (
	"fmt"
	"math"
	"slices"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// ScatterElementsAttrs holds the axis, and what becomes of an element that is updated: "none" replaces it, or "add", "mul", "max", "min".
type ScatterElementsAttrs struct {
	Axis      int    `ir:"axis"`
	Reduction string `ir:"reduction"`
}

// ScatterElements is x with single elements updated, at the places that GatherElements would pick.
var ScatterElements = define(Def[ScatterElementsAttrs]{
	Name: "scatter_elements", ONNX: "ScatterElements", Sig: "x T, i I, u T -> y T; T " + movable + ", I i32|i64",
	Props: ir.Pure,
	Attrs: ScatterElementsAttrs{Reduction: "none"},
	Infer: func(sc *ir.Scope, a ScatterElementsAttrs, in []ir.Known) (ir.Known, error) {
		if err := picksAlong(sc, a.Axis, in[0], in[1]); err != nil {
			return ir.Known{}, err
		}
		if err := checkUpdates(sc, in[2].Type, in[1].Type); err != nil {
			return ir.Known{}, err
		}
		return scatterType(a.Reduction, in)
	},
	Eval: func(e *ir.Env, a ScatterElementsAttrs, in []tensor.Value) (tensor.Value, error) {
		x, ix, u := tens(in, 0), tens(in, 1), tens(in, 2)
		if !slices.Equal(ix.Dims(), u.Dims()) {
			return nil, fmt.Errorf("updates have sizes %v, indices %v", u.Dims(), ix.Dims())
		}
		at, err := elementsAt(e, a.Axis, x, ix)
		if err != nil {
			return nil, err
		}
		return scatter(e, x, u, at, 1, a.Reduction)
	},
})

// Scatter is ScatterElements under the name that ONNX gave up.
var Scatter = define(Def[AxisAttrs]{
	Name: "scatter", ONNX: "Scatter", Sig: ScatterElements.Sig.String(),
	Props: ir.Pure,
	Infer: func(sc *ir.Scope, a AxisAttrs, in []ir.Known) (ir.Known, error) {
		out, err := ScatterElements.Infer(sc, ScatterElementsAttrs{Axis: a.Axis, Reduction: "none"}, in)
		if err != nil {
			return ir.Known{}, err
		}
		return out[0], nil
	},
	Eval: func(e *ir.Env, a AxisAttrs, in []tensor.Value) (tensor.Value, error) {
		out, err := ScatterElements.Eval(e, ScatterElementsAttrs{Axis: a.Axis, Reduction: "none"}, in)
		if err != nil {
			return nil, err
		}
		return out[0], nil
	},
	Lower: func(b *ir.Builder, a AxisAttrs, in []*ir.Value) *ir.Value {
		return ScatterElements.New(b, ScatterElementsAttrs{Axis: a.Axis, Reduction: "none"}, in...)
	},
})

// ScatterNDAttrs holds what becomes of an element that is updated, as in ScatterElementsAttrs.
type ScatterNDAttrs struct {
	Reduction string `ir:"reduction"`
}

// ScatterND is x with slices updated, at the places that GatherND would pick.
var ScatterND = define(Def[ScatterNDAttrs]{
	Name: "scatter_nd", ONNX: "ScatterND", Sig: "x T, i i64, u T -> y T; T " + movable,
	Props: ir.Pure,
	Attrs: ScatterNDAttrs{Reduction: "none"},
	Infer: func(sc *ir.Scope, a ScatterNDAttrs, in []ir.Known) (ir.Known, error) {
		x, ix := in[0].Type, in[1].Type
		if !x.Unranked && !ix.Unranked {
			k, known, err := tupleSize(ix.Shape, len(x.Shape), 0)
			if err != nil {
				return ir.Known{}, err
			}
			if known {
				want := x.WithShape(slices.Concat(ix.Shape[:len(ix.Shape)-1], x.Shape[k:])...)
				if err := checkUpdates(sc, in[2].Type, want); err != nil {
					return ir.Known{}, err
				}
			}
		}
		return scatterType(a.Reduction, in)
	},
	Eval: func(e *ir.Env, a ScatterNDAttrs, in []tensor.Value) (tensor.Value, error) {
		x, ix, u := tens(in, 0), tens(in, 1), tens(in, 2)
		k, _, err := tupleSize(ir.ShapeOf(ix.Dims()...), x.Rank(), 0)
		if err != nil {
			return nil, err
		}
		if want := slices.Concat(ix.Dims()[:ix.Rank()-1], x.Dims()[k:]); !slices.Equal(want, u.Dims()) {
			return nil, fmt.Errorf("updates have sizes %v, not %v", u.Dims(), want)
		}
		at, err := tuplesAt(e, x.Dims(), ix, 0, k)
		if err != nil {
			return nil, err
		}
		return scatter(e, x, u, at, count(x.Dims()[k:]), a.Reduction)
	},
})

// checkUpdates requires that the updates, of type u, have the sizes of want.
func checkUpdates(sc *ir.Scope, u, want ir.Type) error {
	if u.Unranked || want.Unranked {
		return nil
	}
	return sameShapes(sc, u.Shape, want.Shape, "updates")
}

func scatterType(reduction string, in []ir.Known) (ir.Known, error) {
	t := in[0].Type
	t.Layout = ir.RowMajor
	return of(t), checkReduction(reduction, t.DType)
}

func checkReduction(reduction string, d tensor.DType) error {
	switch reduction {
	case "none", "add":
		return nil
	case "mul":
		if d != tensor.String {
			return nil
		}
	case "min", "max":
		if d != tensor.String && !d.IsComplex() {
			return nil
		}
	default:
		return fmt.Errorf("reduction %q", reduction)
	}
	return fmt.Errorf("reduction %q of %v", reduction, d)
}

// scatter returns x with runs of n elements updated by those of u, the first of which stand at the given places.
func scatter(e *ir.Env, x, u *tensor.Tensor, at []int, n int, reduction string) (tensor.Value, error) {
	d := x.DType()
	if err := checkReduction(reduction, d); err != nil {
		return nil, err
	}
	if reduction == "none" {
		out, err := copyOf(e, x)
		if err != nil {
			return nil, err
		}
		src := lanesOf(u)
		for i, p := range at {
			out.put(p, src, i*n, n)
		}
		return out.done(), nil
	}
	if err := e.Take(tensor.C128, x.Dims()); err != nil {
		return nil, err
	}
	if d == tensor.String { // each update is appended once, so that the result is no longer than both operands
		out := x.Clone()
		reduceRuns(out.Strings(), u.Strings(), at, n, func(a, b string) string { return a + b })
		return out, nil
	}
	switch {
	case d.IsComplex():
		v := x.Complex128s()
		reduceRuns(v, u.Complex128s(), at, n, complexReductions[reduction])
		return tensor.FromComplex128s(d, v, x.Dims()...), nil
	case d.IsFloat():
		v := x.Float64s()
		reduceRuns(v, u.Float64s(), at, n, floatReductions[reduction])
		return tensor.FromFloat64s(d, v, x.Dims()...), nil
	}
	f := intReductions[reduction]
	if d == tensor.U64 && (reduction == "min" || reduction == "max") {
		f = uintReductions[reduction]
	}
	v := x.Int64s()
	reduceRuns(v, u.Int64s(), at, n, f)
	return tensor.FromInt64s(d, v, x.Dims()...), nil
}

func reduceRuns[T any](x, u []T, at []int, n int, f func(a, b T) T) {
	for i, p := range at {
		for j := range n {
			x[p+j] = f(x[p+j], u[i*n+j])
		}
	}
}

var (
	complexReductions = map[string]func(a, b complex128) complex128{
		"add": func(a, b complex128) complex128 { return a + b },
		"mul": func(a, b complex128) complex128 { return a * b },
	}
	floatReductions = map[string]func(a, b float64) float64{
		"add": func(a, b float64) float64 { return a + b },
		"mul": func(a, b float64) float64 { return a * b },
		"min": math.Min,
		"max": math.Max,
	}
	intReductions = map[string]func(a, b int64) int64{
		"add": func(a, b int64) int64 { return a + b },
		"mul": func(a, b int64) int64 { return a * b },
		"min": func(a, b int64) int64 { return min(a, b) },
		"max": func(a, b int64) int64 { return max(a, b) },
	}
	uintReductions = map[string]func(a, b int64) int64{
		"min": func(a, b int64) int64 { return int64(min(uint64(a), uint64(b))) },
		"max": func(a, b int64) int64 { return int64(max(uint64(a), uint64(b))) },
	}
)
