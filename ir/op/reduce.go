package op

import (
	"fmt"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// ReduceAttrs says whether reduced axes stay with size 1, and what an absent or empty list of axes means: all axes or, with
// NoopWithEmptyAxes, none.
type ReduceAttrs struct {
	Keepdims          bool `ir:"keepdims"`
	NoopWithEmptyAxes bool `ir:"noop_with_empty_axes"`
}

var reduceDefaults = ReduceAttrs{Keepdims: true}

// flags returns which axes of a tensor of the given rank are reduced.
func (a ReduceAttrs) flags(axes []int, rank int) ([]bool, error) {
	if len(axes) > 0 {
		return normAxes(axes, rank)
	}
	on := make([]bool, rank)
	fill(on, !a.NoopWithEmptyAxes)
	return on, nil
}

// reduceType infers the type of a reduction.
func reduceType(sc *ir.Scope, a ReduceAttrs, in []ir.Known) (ir.Type, error) {
	t := in[0].Type
	if r := in[1].Rank(); in[1].Present() && r >= 0 && r != 1 {
		return ir.Type{}, fmt.Errorf("axes of rank %d are no vector", r)
	}
	axes, known := listedAxes(in[1])
	if t.Unranked {
		return ir.UnrankedOf(t.DType), nil
	}
	if !known {
		return reduceUnknown(sc, a, t, in[1])
	}
	on, err := a.flags(axes, len(t.Shape))
	if err != nil {
		return ir.Type{}, err
	}
	out := ir.Shape{}
	for i, d := range t.Shape {
		if !on[i] {
			out = append(out, d)
		} else if a.Keepdims {
			out = append(out, sym.Const(1))
		}
	}
	return ir.TensorOf(t.DType, out...), nil
}

// listedAxes returns the axes that an operand lists, none where it is absent; false where they are not known.
func listedAxes(k ir.Known) ([]int, bool) {
	if !k.Present() {
		return nil, true
	}
	return k.Ints()
}

// reduceUnknown infers the type of a reduction over axes that only running can tell.
func reduceUnknown(sc *ir.Scope, a ReduceAttrs, t ir.Type, axes ir.Known) (ir.Type, error) {
	if a.Keepdims {
		return ir.TensorOf(t.DType, sc.FreshShape(len(t.Shape))...), nil
	}
	if axes.Rank() == 1 {
		if n, ok := axes.Type.Shape[0].Int(); ok && n > 0 {
			if n > len(t.Shape) {
				return ir.Type{}, fmt.Errorf("%d axes of a tensor of rank %d", n, len(t.Shape))
			}
			return ir.TensorOf(t.DType, sc.FreshShape(len(t.Shape)-n)...), nil
		}
	}
	return ir.UnrankedOf(t.DType), nil
}

// reducing infers a reduction; where f is given, also the one entry of a small integer vector that is reduced whole.
func reducing(f func(x, y sym.Dim) sym.Dim) inferFunc[ReduceAttrs] {
	return func(sc *ir.Scope, a ReduceAttrs, in []ir.Known) (ir.Known, error) {
		t, err := reduceType(sc, a, in)
		k := of(t)
		v, ok := in[0].Sizes()
		if err != nil || f == nil || !ok || !t.DType.IsInt() || in[0].Rank() != 1 || len(v) == 0 || len(v) > ir.MaxElems {
			return k, err
		}
		axes, known := listedAxes(in[1])
		if !known {
			return k, nil
		}
		if on, err := a.flags(axes, 1); err != nil || !on[0] {
			return k, err
		}
		s := v[0]
		for _, d := range v[1:] {
			s = f(s, d)
		}
		k.Elems = []sym.Dim{s}
		return k, nil
	}
}

// A reduction is the state of evaluating one in the working type T.
type reduction[T number] struct {
	x    []T
	out  []T
	dims []int // of x
	to   []int // of the result
	n    int   // how many elements each result stands for
	step []int // strides of the result along the axes of x; 0 where reduced
}

// newReduction loads the operand and makes the result, each element init.
func newReduction[T number](e *ir.Env, a ReduceAttrs, in []tensor.Value, init T) (*reduction[T], error) {
	t := tens(in, 0)
	var axes []int
	if k := tens(in, 1); k != nil {
		if k.Rank() != 1 {
			return nil, fmt.Errorf("axes of rank %d are no vector", k.Rank())
		}
		for _, v := range k.Int64s() {
			axes = append(axes, int(v))
		}
	}
	dims := t.Dims()
	on, err := a.flags(axes, len(dims))
	if err != nil {
		return nil, err
	}
	r := &reduction[T]{dims: dims, to: []int{}, n: 1, step: make([]int, len(dims))}
	kept := make([]int, len(dims))
	for i, d := range dims {
		if kept[i] = d; on[i] {
			kept[i] = 1
			r.n *= d
		}
		if !on[i] || a.Keepdims {
			r.to = append(r.to, kept[i])
		}
	}
	for i, s := range strides(kept) {
		if !on[i] {
			r.step[i] = s
		}
	}
	if r.x, err = load[T](e, t); err != nil {
		return nil, err
	}
	if r.out, err = alloc[T](e, r.to...); err != nil {
		return nil, err
	}
	fill(r.out, init)
	return r, nil
}

// rows calls f for each line along the last axis: x is the line, o the result that its first element goes to, and step (0 or 1) how
// that moves on.
func (r *reduction[T]) rows(f func(x []T, o, step int)) {
	if len(r.x) == 0 {
		return
	}
	last := len(r.dims) - 1
	if last < 0 {
		f(r.x, 0, 0)
		return
	}
	n := r.dims[last]
	walk(r.dims[:last], func(i int, at []int) {
		o := 0
		for k, x := range at {
			o += x * r.step[k]
		}
		f(r.x[i*n:(i+1)*n], o, min(1, r.step[last]))
	})
}

// each combines every element into its result.
func (r *reduction[T]) each(f func(acc, x T) T) {
	r.rows(func(x []T, o, step int) {
		if step == 0 {
			acc := r.out[o]
			for _, v := range x {
				acc = f(acc, v)
			}
			r.out[o] = acc
			return
		}
		out := r.out[o:][:len(x)]
		for i, v := range x {
			out[i] = f(out[i], v)
		}
	})
}

// reducer evaluates a reduction that combines elements one by one. What is nil the signature excludes, or needs no last step.
type reducer struct {
	init  float64
	float func(acc, x float64) float64
	last  func(acc float64, n int) float64
	// Integers; inits returns what an element type starts from. Without them integers are reduced as floats and truncated.
	inits func(d tensor.DType) int64
	int   func(acc, x int64) int64
	uint  func(acc, x uint64) uint64 // for u64, where it differs
	end   func(acc int64, n int) (int64, error)
}

func (f reducer) eval(e *ir.Env, a ReduceAttrs, in []tensor.Value) (tensor.Value, error) {
	d := tens(in, 0).DType()
	if (d.IsInt() || d == tensor.Bool) && f.int != nil {
		return value(f.evalInt(e, a, in, d))
	}
	r, err := newReduction(e, a, in, f.init)
	if err != nil {
		return nil, err
	}
	r.each(f.float)
	if f.last != nil {
		for i, v := range r.out {
			r.out[i] = f.last(v, r.n)
		}
	}
	return value(store(e, d, r.out, r.to...))
}

func (f reducer) evalInt(e *ir.Env, a ReduceAttrs, in []tensor.Value, d tensor.DType) (*tensor.Tensor, error) {
	r, err := newReduction(e, a, in, f.inits(d))
	if err != nil {
		return nil, err
	}
	step := f.int
	if d == tensor.U64 && f.uint != nil {
		step = func(acc, x int64) int64 { return int64(f.uint(uint64(acc), uint64(x))) }
	}
	r.each(step)
	if f.end != nil {
		for i, v := range r.out {
			if r.out[i], err = f.end(v, r.n); err != nil {
				return nil, err
			}
		}
	}
	return store(e, d, r.out, r.to...)
}
