package op

import (
	"fmt"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// TransposeAttrs holds, for each axis of the result, the axis of x that it is; without it, the axes are reversed.
type TransposeAttrs struct {
	Perm []int `ir:"perm"`
}

// Order returns the permutation for a tensor of the given rank.
func (a TransposeAttrs) Order(rank int) ([]int, error) {
	if a.Perm == nil {
		p := make([]int, rank)
		for i := range p {
			p[i] = rank - 1 - i
		}
		return p, nil
	}
	if len(a.Perm) != rank {
		return nil, fmt.Errorf("perm %v for rank %d", a.Perm, rank)
	}
	if _, err := normAxes(a.Perm, rank); err != nil {
		return nil, fmt.Errorf("perm %v: %w", a.Perm, err)
	}
	p := make([]int, rank)
	for i, k := range a.Perm {
		p[i], _ = normAxis(k, rank)
	}
	return p, nil
}

// Transpose is x with its axes in another order.
var Transpose = define(Def[TransposeAttrs]{
	Name: "transpose", ONNX: "Transpose", Sig: "x T -> y T; T tensor",
	Props: ir.Pure,
	Infer: func(sc *ir.Scope, a TransposeAttrs, in []ir.Known) (ir.Known, error) {
		x := in[0].Type
		if x.Unranked {
			if a.Perm != nil {
				return of(x.WithShape(sc.FreshShape(len(a.Perm))...)), nil
			}
			return of(x), nil
		}
		p, err := a.Order(len(x.Shape))
		if err != nil {
			return ir.Known{}, err
		}
		shape := make(ir.Shape, len(p))
		for i, k := range p {
			shape[i] = x.Shape[k]
		}
		t := x.WithShape(shape...)
		entries, ok := laidEntries(in[0])
		dims, ok2 := x.Shape.Ints()
		if !ok || !ok2 {
			return of(t), nil
		}
		dims, st := permuted(dims, p)
		return laidOut(t, viewEntries(entries, dims, st, 0)), nil
	},
	Eval: func(e *ir.Env, a TransposeAttrs, in []tensor.Value) (tensor.Value, error) {
		x := tens(in, 0)
		p, err := a.Order(x.Rank())
		if err != nil {
			return nil, err
		}
		return transposed(e, x, p)
	},
})

// transposed returns x with its axes in the order p.
func transposed(e *ir.Env, x *tensor.Tensor, p []int) (tensor.Value, error) {
	dims, st := permuted(x.Dims(), p)
	return viewOf(e, x, dims, st, 0)
}

// permuted returns the sizes and strides of a tensor of sizes dims whose axes are in the order p.
func permuted(dims, p []int) (d, st []int) {
	from := strides(dims)
	for _, k := range p {
		d, st = append(d, dims[k]), append(st, from[k])
	}
	return d, st
}
