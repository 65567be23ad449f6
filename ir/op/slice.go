package op

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// Slice is x[starts:ends:steps] along axes (all, where they are left out). Negative places count from the end; places beyond the ends
// are clamped.
var Slice = define(Def[None]{
	Name: "slice", ONNX: "Slice", Sig: "x T, starts I, ends I, axes? I, steps? I -> y T; T " + movable + ", I i32|i64",
	Props: ir.Pure,
	Infer: inferSlice,
	Eval: func(e *ir.Env, _ None, in []tensor.Value) (tensor.Value, error) {
		x := tens(in, 0)
		starts, ends := intsOf(tens(in, 1)), intsOf(tens(in, 2))
		axes, steps, err := sliceAxes(len(starts), len(ends), intsOf(tens(in, 3)), intsOf(tens(in, 4)), in[3] != nil, in[4] != nil)
		if err != nil {
			return nil, err
		}
		dims, st, off, err := sliceView(x.Dims(), starts, ends, axes, steps)
		if err != nil {
			return nil, err
		}
		return viewOf(e, x, dims, st, off)
	},
})

// sliceView returns the sizes, strides and first element of a slice of a tensor of sizes x.
func sliceView(x, starts, ends, axes, steps []int) (dims, st []int, off int, err error) {
	if _, err := normAxes(axes, len(x)); err != nil {
		return nil, nil, 0, err
	}
	dims, st = slices.Clone(x), strides(x)
	for i, k := range axes {
		if k < 0 {
			k += len(x)
		}
		from, n, err := sliceRange(starts[i], ends[i], steps[i], dims[k])
		if err != nil {
			return nil, nil, 0, err
		}
		off += from * st[k]
		// A single element is never stepped over, so that a huge step cannot overflow.
		if dims[k] = n; n > 1 {
			st[k] *= steps[i]
		}
	}
	return dims, st, off, nil
}

// sliceAxes checks the lengths of a slice's operands and fills in axes and steps.
func sliceAxes(starts, ends int, axes, steps []int, hasAxes, hasSteps bool) (a, s []int, err error) {
	if !hasAxes {
		for i := range starts {
			axes = append(axes, i)
		}
	}
	if !hasSteps {
		for range starts {
			steps = append(steps, 1)
		}
	}
	if ends != starts || len(axes) != starts || len(steps) != starts {
		return nil, nil, fmt.Errorf("%d starts, %d ends, %d axes and %d steps", starts, ends, len(axes), len(steps))
	}
	return axes, steps, nil
}

var errStep = errors.New("step 0")

// sliceRange returns the first element and the number of elements of [start:end:step] in n elements.
func sliceRange(start, end, step, n int) (from, count int, err error) {
	lo, hi := 0, n
	switch {
	case step == 0:
		return 0, 0, errStep
	case step < 0:
		lo, hi = -1, n-1
	}
	clamp := func(i int) int {
		if i < 0 {
			i += n
		}
		return min(max(i, lo), hi)
	}
	if from, end = clamp(start), clamp(end); step < 0 {
		if from <= end {
			return 0, 0, nil
		}
		return from, int((uint(from-end)-1)/uint(-step)) + 1, nil
	}
	if from >= end {
		return 0, 0, nil
	}
	return from, (end-from-1)/step + 1, nil
}

func inferSlice(sc *ir.Scope, _ None, in []ir.Known) (ir.Known, error) {
	x := in[0].Type
	if x.Unranked {
		return of(x), nil
	}
	n, ok := knownLength(in[1])
	axes, okAxes := in[3].Ints()
	steps, okSteps := in[4].Ints()
	if !ok || in[3].Present() && !okAxes {
		return of(x.WithShape(sc.FreshShape(len(x.Shape))...)), nil
	}
	m, ok := knownLength(in[2])
	if !ok {
		m = n
	}
	if in[4].Present() && !okSteps {
		steps = make([]int, n) // 0: not known
	}
	axes, steps, err := sliceAxes(n, m, axes, steps, in[3].Present(), in[4].Present())
	if err != nil {
		return ir.Known{}, err
	}
	if _, err := normAxes(axes, len(x.Shape)); err != nil {
		return ir.Known{}, err
	}
	starts, ends := sizesOr(in[1], n), sizesOr(in[2], n)
	shape := slices.Clone(x.Shape)
	for i, k := range axes {
		if k < 0 {
			k += len(shape)
		}
		if steps[i] == 0 && okSteps {
			return ir.Known{}, errStep
		}
		if shape[k] = sliceSize(starts[i], ends[i], steps[i], shape[k]); !shape[k].Valid() {
			shape[k] = sc.Fresh()
		}
	}
	return laidOut(x.WithShape(shape...), sliceEntries(in[0], starts, ends, axes, steps)), nil
}

// sizesOr returns the entries of k; where they are not known, n entries that are not Valid.
func sizesOr(k ir.Known, n int) []sym.Dim {
	if ints, ok := k.Ints(); ok && len(ints) == n {
		out := make([]sym.Dim, n)
		for i, x := range ints {
			// The least integer is no size, but means as much as the next one.
			out[i] = sym.Const(max(x, -math.MaxInt))
		}
		return out
	}
	if s, ok := k.Sizes(); ok && len(s) == n {
		return s
	}
	out := make([]sym.Dim, n)
	for i := range out {
		out[i] = sym.Unknown()
	}
	return out
}

// far is a place that exporters write for "to the end".
const far = math.MaxInt32

// slicePlace returns the place that i means in n elements, at least 0; not Valid where its sign is not known.
func slicePlace(i, n sym.Dim) sym.Dim {
	c, isConst := i.Int()
	switch {
	case !i.Valid():
		return i
	case isConst && c >= far:
		return n
	case isConst && c <= -far:
		return sym.Const(0)
	case atLeast(i, 0):
		return i
	case atMost(i, -1):
		return sym.Max(sym.Add(i, n), sym.Const(0))
	}
	return sym.Unknown()
}

// sliceSize returns the number of elements of [start:end:step] in n; not Valid where it is not known.
func sliceSize(start, end sym.Dim, step int, n sym.Dim) sym.Dim {
	s, ok1 := start.Int()
	t, ok2 := end.Int()
	c, ok3 := n.Int()
	switch {
	case step == 0:
		return sym.Unknown()
	case ok1 && ok2 && ok3:
		_, count, _ := sliceRange(s, t, step, c)
		return sym.Const(count)
	case step > 0:
		// A start beyond the end gives a negative difference, wherever it is clamped.
		from, to := slicePlace(start, n), slicePlace(end, n)
		if to.Valid() && !to.Equal(n) && atLeast(end, 0) {
			to = sym.Min(to, n)
		}
		return sym.Max(sym.CeilDiv(sym.Sub(to, from), sym.Const(step)), sym.Const(0))
	case ok1 && ok2 && (s == -1 || s >= far) && t <= -far && step > -far:
		return sym.CeilDiv(n, sym.Const(-step))
	}
	return sym.Unknown()
}

// sliceEntries returns the entries of a slice of a small tensor.
func sliceEntries(x ir.Known, starts, ends []sym.Dim, axes, steps []int) []sym.Dim {
	entries, ok := laidEntries(x)
	from, ok1 := ir.Shape(starts).Ints()
	to, ok2 := ir.Shape(ends).Ints()
	dims, ok3 := x.Type.Shape.Ints()
	if !ok || !ok1 || !ok2 || !ok3 {
		return nil
	}
	dims, st, off, err := sliceView(dims, from, to, axes, steps)
	if err != nil {
		return nil
	}
	return viewEntries(entries, dims, st, off)
}
