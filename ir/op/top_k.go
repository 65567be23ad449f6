package op

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// TopKAttrs holds the axis, and which end of the order is asked for. Results are sorted in either case.
type TopKAttrs struct {
	Axis    int  `ir:"axis"`
	Largest bool `ir:"largest"`
	Sorted  bool `ir:"sorted"`
}

// TopK is the k largest or smallest elements along an axis, and their indices; of equal ones, those of lower index come first. NaN is
// the largest.
var TopK = defineN(DefN[TopKAttrs]{
	Name: "top_k", ONNX: "TopK", Sig: "x T, k i64 -> values T, indices i64; T num",
	Props: ir.Pure,
	Attrs: TopKAttrs{Axis: -1, Largest: true, Sorted: true},
	Infer: inferTopK,
	Eval: func(e *ir.Env, a TopKAttrs, in []tensor.Value) ([]tensor.Value, error) {
		x := tens(in, 0)
		axis, err := normAxis(a.Axis, x.Rank())
		if err != nil {
			return nil, err
		}
		if tens(in, 1).Len() != 1 {
			return nil, fmt.Errorf("%d values for k", tens(in, 1).Len())
		}
		outer, n, inner := split(x.Dims(), axis)
		k := intsOf(tens(in, 1))[0]
		if k < 0 || k > n {
			return nil, fmt.Errorf("k is %d for %d elements", k, n)
		}
		dims := with(x.Dims(), axis, k)
		ix, err := e.New(tensor.I64, dims...)
		if err != nil {
			return nil, err
		}
		at, err := indexSpace(e, dims...)
		if err != nil {
			return nil, err
		}
		compare, out := ordering(x), tensor.Data[int64](ix)
		sign := 1
		if a.Largest {
			sign = -1
		}
		lane := make([]int, n)
		for o := range outer {
			if err := e.Err(); err != nil {
				return nil, err
			}
			for i := range inner {
				for j := range lane {
					lane[j] = (o*n+j)*inner + i
				}
				slices.SortFunc(lane, func(a, b int) int { return cmp.Or(sign*compare(a, b), cmp.Compare(a, b)) })
				for j, p := range lane[:k] {
					to := (o*k+j)*inner + i
					at[to], out[to] = p, int64(p/inner%n)
				}
			}
		}
		values, err := blocksOf(e, x, dims, at, 1)
		return []tensor.Value{values, ix}, err
	},
})

func inferTopK(sc *ir.Scope, a TopKAttrs, in []ir.Known) ([]ir.Known, error) {
	x := in[0].Type
	if x.Unranked {
		return []ir.Known{of(x), of(ir.UnrankedOf(tensor.I64))}, nil
	}
	axis, err := normAxis(a.Axis, len(x.Shape))
	if err != nil {
		return nil, err
	}
	k := sizesOr(in[1], 1)[0]
	if n, ok := k.Int(); ok && n < 0 {
		return nil, fmt.Errorf("k is %d", n)
	}
	shape := slices.Clone(x.Shape)
	if shape[axis] = k; !k.Valid() {
		shape[axis] = sc.Fresh()
	} else if err := sc.Assume(ir.Fact{Rel: ir.Le, A: k, B: x.Shape[axis], What: "k"}); err != nil {
		return nil, err
	}
	return []ir.Known{of(x.WithShape(shape...)), of(ir.TensorOf(tensor.I64, slices.Clone([]sym.Dim(shape))...))}, nil
}
