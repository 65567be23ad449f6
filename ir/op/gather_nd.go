package op

import (
	"fmt"
	"slices"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// GatherNDAttrs holds how many leading axes x and the indices have in common.
type GatherNDAttrs struct {
	BatchDims int `ir:"batch_dims"`
}

// GatherND picks slices of x by tuples of indices, which lie along the last axis of i.
var GatherND = define(Def[GatherNDAttrs]{
	Name: "gather_nd", ONNX: "GatherND", Sig: "x T, i i64 -> y T; T " + movable,
	Props: ir.Pure,
	Infer: func(sc *ir.Scope, a GatherNDAttrs, in []ir.Known) (ir.Known, error) {
		x, ix := in[0].Type, in[1].Type
		if x.Unranked || ix.Unranked {
			return of(ir.UnrankedOf(x.DType)), nil
		}
		k, known, err := tupleSize(ix.Shape, len(x.Shape), a.BatchDims)
		if err != nil {
			return ir.Known{}, err
		}
		for i := range a.BatchDims {
			if _, err := sc.Same(x.Shape[i], ix.Shape[i], fmt.Sprintf("batch axis %d", i)); err != nil {
				return ir.Known{}, err
			}
		}
		if !known {
			return of(ir.UnrankedOf(x.DType)), nil
		}
		return of(x.WithShape(slices.Concat(ix.Shape[:len(ix.Shape)-1], x.Shape[a.BatchDims+k:])...)), nil
	},
	Eval: func(e *ir.Env, a GatherNDAttrs, in []tensor.Value) (tensor.Value, error) {
		x, ix := tens(in, 0), tens(in, 1)
		k, _, err := tupleSize(ir.ShapeOf(ix.Dims()...), x.Rank(), a.BatchDims)
		if err != nil {
			return nil, err
		}
		b := a.BatchDims
		if !slices.Equal(x.Dims()[:b], ix.Dims()[:b]) {
			return nil, fmt.Errorf("batch axes: sizes %v of x, %v of the indices", x.Dims()[:b], ix.Dims()[:b])
		}
		at, err := tuplesAt(e, x.Dims(), ix, b, k)
		if err != nil {
			return nil, err
		}
		return blocksOf(e, x, slices.Concat(ix.Dims()[:ix.Rank()-1], x.Dims()[b+k:]), at, count(x.Dims()[b+k:]))
	},
})

// tupleSize returns the length of the tuples along the last axis of indices, if it is known, which must fit behind batch axes of a
// tensor of the given rank.
func tupleSize(ix ir.Shape, rank, batch int) (k int, known bool, err error) {
	if len(ix) == 0 {
		return 0, false, fmt.Errorf("indices are a scalar")
	}
	if batch < 0 || batch >= len(ix) || batch > rank {
		return 0, false, fmt.Errorf("batch_dims %d for indices of rank %d and x of rank %d", batch, len(ix), rank)
	}
	if k, known = ix[len(ix)-1].Int(); known && (k > rank-batch || k < 0) {
		return 0, false, fmt.Errorf("tuples of %d indices for %d axes", k, rank-batch)
	}
	return k, known, nil
}

// tuplesAt returns, for each tuple of k indices, the first element of x that it picks; the first axes of both are batch axes.
func tuplesAt(e *ir.Env, x []int, ix *tensor.Tensor, batch, k int) ([]int, error) {
	outer := ix.Dims()[:ix.Rank()-1]
	at, err := indexSpace(e, outer...)
	if err != nil {
		return nil, err
	}
	st, v := strides(x), ix.Int64s()
	walk(outer, func(i int, place []int) {
		off := 0
		for j := range batch {
			off += place[j] * st[j]
		}
		for j := range k {
			p, bad := normIndex(v[i*k+j], x[batch+j])
			if bad != nil && err == nil {
				err = fmt.Errorf("axis %d: %w", batch+j, bad)
			}
			off += p * st[batch+j]
		}
		at[i] = off
	})
	return at, err
}
