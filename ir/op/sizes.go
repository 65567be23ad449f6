package op

import (
	"fmt"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// SizesAttrs holds the texts of the sizes, the rank of the result, 0 for a single size or 1, and its element type: i64, i32 or bool.
type SizesAttrs struct {
	Exprs []string     `ir:"exprs"`
	Rank  int          `ir:"rank"`
	DType tensor.DType `ir:"dtype"`
}

// SizesOf returns the attributes of the op whose result holds entries and is of type t.
func SizesOf(t ir.Type, entries []sym.Dim) SizesAttrs {
	a := SizesAttrs{Rank: len(t.Shape), DType: t.DType}
	for _, d := range entries {
		a.Exprs = append(a.Exprs, d.String())
	}
	return a
}

func (a SizesAttrs) dims() ([]sym.Dim, error) {
	if a.Rank != 1 && (a.Rank != 0 || len(a.Exprs) != 1) {
		return nil, fmt.Errorf("%d sizes in a tensor of rank %d", len(a.Exprs), a.Rank)
	}
	if a.DType != tensor.I64 && a.DType != tensor.I32 && a.DType != tensor.Bool {
		return nil, fmt.Errorf("sizes as %v: %w", a.DType, ir.ErrUnsupported)
	}
	out := make([]sym.Dim, len(a.Exprs))
	for i, s := range a.Exprs {
		d, err := sym.Parse(s)
		if err != nil {
			return nil, fmt.Errorf("size %q: %w", s, err)
		}
		out[i] = d
	}
	return out, nil
}

// Sizes is a small tensor computed from the run's sizes alone. It takes the place of the arithmetic on shapes that a model spells out.
var Sizes = define(Def[SizesAttrs]{
	Name: "sizes", Sig: "-> y i64|i32|bool",
	Props: ir.Pure,
	Attrs: SizesAttrs{Rank: 1, DType: tensor.I64},
	Infer: func(_ *ir.Scope, a SizesAttrs, _ []ir.Known) (ir.Known, error) {
		dims, err := a.dims()
		if err != nil {
			return ir.Known{}, err
		}
		t := ir.TensorOf(a.DType)
		if a.Rank == 1 {
			t = ir.TensorOf(a.DType, sym.Const(len(dims)))
		}
		return holding(t, dims), nil
	},
	Eval: func(e *ir.Env, a SizesAttrs, _ []tensor.Value) (tensor.Value, error) {
		dims, err := a.dims()
		if err != nil {
			return nil, err
		}
		out := make([]int64, len(dims))
		for i, d := range dims {
			n, err := d.Eval(e.Sym)
			if err != nil {
				return nil, err
			}
			out[i] = int64(n)
		}
		if a.Rank == 0 {
			return tensor.FromInt64s(a.DType, out), nil
		}
		return tensor.FromInt64s(a.DType, out, len(out)), nil
	},
})
