package op

import (
	"errors"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

type (
	inferFunc[A any] = func(*ir.Scope, A, []ir.Known) (ir.Known, error)
	evalFunc[A any]  = func(*ir.Env, A, []tensor.Value) (tensor.Value, error)
)

// floatFunc defines an op without attributes that applies f to floats.
func floatFunc(name, onnx string, f func(x float64) float64) Kind[None] {
	return define(Def[None]{
		Name: name, ONNX: onnx, Sig: "x T -> y T; T float",
		Props: ir.Pure | ir.Elementwise,
		Infer: sameAsInput[None],
		Eval:  unary(func(_ None, x float64) float64 { return f(x) }, nil),
	})
}

// unary evaluates an op of one operand element by element: f in float64, with one rounding at the end, and where g is given, g for
// integers.
func unary[A any](f func(a A, x float64) float64, g func(a A, x int64) int64) evalFunc[A] {
	return func(e *ir.Env, a A, in []tensor.Value) (tensor.Value, error) {
		x := tens(in, 0)
		d := x.DType()
		if err := e.Take(d, x.Dims()); err != nil {
			return nil, err
		}
		if d.IsInt() && g != nil {
			v := x.Int64s()
			for i, t := range v {
				v[i] = g(a, t)
			}
			return tensor.FromInt64s(d, v, x.Dims()...), nil
		}
		v := x.Float64s()
		for i, t := range v {
			v[i] = f(a, t)
		}
		return tensor.FromFloat64s(d, v, x.Dims()...), nil
	}
}

// operands returns two operands broadcast to common sizes by get.
func operands[T any](e *ir.Env, in []tensor.Value, get func(*tensor.Tensor) []T) (x, y []T, dims []int, err error) {
	a, b := tens(in, 0), tens(in, 1)
	if dims, err = broadcastDims(a.Dims(), b.Dims()); err != nil {
		return nil, nil, nil, err
	}
	if err = e.Take(tensor.C128, dims); err != nil {
		return nil, nil, nil, err
	}
	return spread(get(a), a.Dims(), dims), spread(get(b), b.Dims(), dims), dims, nil
}

// uint64s returns the elements of a tensor of u64.
func uint64s(t *tensor.Tensor) []uint64 { return tensor.Data[uint64](t) }

// arith is the evaluations of an arithmetic op of two operands, by kind of element; a missing one means that the signature excludes
// those types.
type arith[A any] struct {
	float func(a A, x, y float64) float64
	int   func(a A, x, y int64) (int64, error)
	uint  func(a A, x, y uint64) (uint64, error)
}

func (f arith[A]) eval(e *ir.Env, a A, in []tensor.Value) (tensor.Value, error) {
	d := tens(in, 0).DType()
	if !d.IsInt() {
		x, y, dims, err := operands(e, in, (*tensor.Tensor).Float64s)
		if err != nil {
			return nil, err
		}
		z := make([]float64, len(x))
		for i := range z {
			z[i] = f.float(a, x[i], y[i])
		}
		return tensor.FromFloat64s(d, z, dims...), nil
	}
	x, y, dims, err := operands(e, in, (*tensor.Tensor).Int64s)
	if err != nil {
		return nil, err
	}
	z := make([]int64, len(x))
	for i := range z {
		if d == tensor.U64 && f.uint != nil {
			var u uint64
			u, err = f.uint(a, uint64(x[i]), uint64(y[i]))
			z[i] = int64(u)
		} else {
			z[i], err = f.int(a, x[i], y[i])
		}
		if err != nil {
			return nil, err
		}
	}
	return tensor.FromInt64s(d, z, dims...), nil
}

// broadcasting infers a result of the first operand's element type and the operands' broadcast shape.
func broadcasting[A any](sc *ir.Scope, _ A, in []ir.Known) (ir.Known, error) {
	t, err := broadcastType(sc, in[0].Type.DType, in...)
	return of(t), err
}

// mapSizes infers like sameAsInput, and the entries of a small tensor of integers or bools by f.
func mapSizes(f func(sym.Dim) sym.Dim) inferFunc[None] {
	return func(_ *ir.Scope, _ None, in []ir.Known) (ir.Known, error) {
		t := in[0].Type
		t.Layout = ir.RowMajor
		return ir.Known{Type: t, Elems: eachSize(t, in[0], f)}, nil
	}
}

// eachSize applies f to the entries of k, for a result of type t; nil where they are not known.
func eachSize(t ir.Type, k ir.Known, f func(sym.Dim) sym.Dim) []sym.Dim {
	x, ok := smallSizes(k)
	if !ok || t.Rank() < 0 || t.Rank() > 1 {
		return nil
	}
	out := make([]sym.Dim, len(x))
	for i, d := range x {
		out[i] = fitSize(t.DType, f(d))
	}
	return out
}

// smallSizes is Sizes of a tensor of at most ir.MaxElems entries.
func smallSizes(k ir.Known) ([]sym.Dim, bool) {
	if k.Elems == nil && k.Const != nil && k.Const.Len() > ir.MaxElems {
		return nil, false
	}
	x, ok := k.Sizes()
	return x, ok && len(x) <= ir.MaxElems
}

// fitSize returns d if an integer of type t surely holds it; sizes that are not constant are taken to fit 32 bits.
func fitSize(t tensor.DType, d sym.Dim) sym.Dim {
	n, ok := d.Int()
	bits := t.Bits()
	switch {
	case !d.Valid():
	case t == tensor.Bool:
		if ok && n&^1 == 0 {
			return d
		}
	case ok && t.IsSigned() && (bits == 64 || n >= -1<<(bits-1) && n < 1<<(bits-1)),
		ok && !t.IsSigned() && n >= 0 && (bits == 64 || n < 1<<bits),
		!ok && bits >= 32 && (t.IsSigned() || sym.GE(d, sym.Const(0), nil)):
		return d
	}
	return sym.Unknown()
}

// foldElems is the evaluation of an op of any number of operands, which f combines from left to right; done is applied to each result,
// with the number of operands.
type foldElems struct {
	float func(x, y float64) float64
	int   func(x, y int64) int64
	uint  func(x, y uint64) uint64
	done  func(x float64, n int) float64
}

func (f foldElems) eval(e *ir.Env, _ None, in []tensor.Value) (tensor.Value, error) {
	var all [][]int
	for i := range in {
		if tens(in, i) == nil {
			return nil, errAbsent
		}
		all = append(all, tens(in, i).Dims())
	}
	dims, err := broadcastDims(all...)
	if err != nil {
		return nil, err
	}
	if err := e.Take(tensor.C128, dims); err != nil {
		return nil, err
	}
	switch d := tens(in, 0).DType(); {
	case d == tensor.U64:
		return tensor.Of(foldAll(in, dims, uint64s, f.uint)).Reshape(dims...), nil
	case d.IsInt():
		return tensor.FromInt64s(d, foldAll(in, dims, (*tensor.Tensor).Int64s, f.int), dims...), nil
	default:
		v := foldAll(in, dims, (*tensor.Tensor).Float64s, f.float)
		for i := range v {
			if f.done != nil {
				v[i] = f.done(v[i], len(in))
			}
		}
		return tensor.FromFloat64s(d, v, dims...), nil
	}
}

func foldAll[T any](in []tensor.Value, dims []int, get func(*tensor.Tensor) []T, f func(x, y T) T) []T {
	x := tens(in, 0)
	acc := append([]T(nil), spread(get(x), x.Dims(), dims)...)
	for k := 1; k < len(in); k++ {
		y := tens(in, k)
		for i, v := range spread(get(y), y.Dims(), dims) {
			acc[i] = f(acc[i], v)
		}
	}
	return acc
}

var errAbsent = errors.New("an operand is absent")

// foldSizes infers the result of an op of any number of operands; the entries of small integer tensors by f.
func foldSizes(f func(x, y sym.Dim) sym.Dim) inferFunc[None] {
	return func(sc *ir.Scope, _ None, in []ir.Known) (ir.Known, error) {
		for _, k := range in {
			if !k.Present() {
				return ir.Known{}, errAbsent
			}
		}
		t, err := broadcastType(sc, in[0].Type.DType, in...)
		if err != nil || f == nil || !t.DType.IsInt() {
			return of(t), err
		}
		acc := in[0]
		for _, k := range in[1:] {
			rank := max(acc.Rank(), k.Rank())
			acc.Elems = zipSizes(ir.TensorOf(t.DType, make(ir.Shape, max(rank, 0))...), acc, k, f)
			acc.Const = nil
		}
		elems, _ := smallSizes(acc)
		if t.Rank() > 1 {
			elems = nil
		}
		return ir.Known{Type: t, Elems: elems}, nil
	}
}
