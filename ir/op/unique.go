package op

import (
	"cmp"
	"slices"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// UniqueAttrs holds the axis whose slices are compared (without it, single elements), and whether the results are sorted or in order of
// appearance.
type UniqueAttrs struct {
	Axis   *int `ir:"axis"`
	Sorted bool `ir:"sorted"`
}

// Unique is the distinct elements or slices of x, where each appears first, which of them each element of x is, and how often each occurs.
var Unique = defineN(DefN[UniqueAttrs]{
	Name: "unique", ONNX: "Unique", Sig: "x T -> y T, first? i64, inverse? i64, counts? i64; T " + movable,
	Props: ir.Pure,
	Attrs: UniqueAttrs{Sorted: true},
	Infer: func(sc *ir.Scope, a UniqueAttrs, in []ir.Known) ([]ir.Known, error) {
		x, n := in[0].Type, sc.Fresh()
		all, y := sym.Unknown(), x.WithShape(n)
		switch {
		case x.Unranked && a.Axis != nil:
			y = x
		case x.Unranked:
		case a.Axis != nil:
			axis, err := normAxis(*a.Axis, len(x.Shape))
			if err != nil {
				return nil, err
			}
			all, y = x.Shape[axis], x.WithShape(slices.Clone(x.Shape)...)
			y.Shape[axis] = n
		default:
			all = productOf(x.Shape)
		}
		if !all.Valid() {
			all = sc.Fresh()
		} else if err := sc.Assume(ir.Fact{Rel: ir.Le, A: n, B: all}); err != nil {
			return nil, err
		}
		return []ir.Known{of(y), of(ir.TensorOf(tensor.I64, n)), of(ir.TensorOf(tensor.I64, all)), of(ir.TensorOf(tensor.I64, n))}, nil
	},
	Eval: func(e *ir.Env, a UniqueAttrs, in []tensor.Value) ([]tensor.Value, error) {
		x, axis, err := alongOrFlat(tens(in, 0), a.Axis)
		if err != nil {
			return nil, err
		}
		if err := e.Take(tensor.C128, x.Dims()); err != nil {
			return nil, err
		}
		g := groupSlices(x, axis, a.Sorted)
		first := tensor.Of(g.first)
		y, err := slicesOf(e, x, axis, with(x.Dims(), axis, len(g.first)), intsOf(first))
		return []tensor.Value{y, first, tensor.Of(g.inverse), tensor.Of(g.counts)}, err
	},
})

// groups is the distinct slices of a tensor.
type groups struct{ first, inverse, counts []int64 }

// groupSlices finds the distinct slices of x along axis.
func groupSlices(x *tensor.Tensor, axis int, sorted bool) groups {
	outer, n, inner := split(x.Dims(), axis)
	element := ordering(x)
	compare := func(a, b int) int {
		for o := range outer {
			for k := range inner {
				if c := element((o*n+a)*inner+k, (o*n+b)*inner+k); c != 0 {
					return c
				}
			}
		}
		return 0
	}
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Or(compare(a, b), cmp.Compare(a, b)) })
	g := groups{inverse: make([]int64, n), first: []int64{}, counts: []int64{}}
	for i, k := range order {
		if i == 0 || compare(order[i-1], k) != 0 {
			g.first, g.counts = append(g.first, int64(k)), append(g.counts, 0)
		}
		g.inverse[k] = int64(len(g.first) - 1)
		g.counts[len(g.counts)-1]++
	}
	if !sorted {
		g.byAppearance()
	}
	return g
}

// byAppearance reorders sorted groups by where each appears first.
func (g *groups) byAppearance() {
	order := make([]int, len(g.first))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(g.first[a], g.first[b]) })
	first, counts, place := make([]int64, len(order)), make([]int64, len(order)), make([]int64, len(order))
	for i, k := range order {
		first[i], counts[i], place[k] = g.first[k], g.counts[k], int64(i)
	}
	for i, k := range g.inverse {
		g.inverse[i] = place[k]
	}
	g.first, g.counts = first, counts
}
