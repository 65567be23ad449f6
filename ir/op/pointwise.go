package op

import (
	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

type (
	inferFunc[A any] = func(*ir.Scope, A, []ir.Known) (ir.Known, error)
	evalFunc[A any]  = func(*ir.Env, A, []tensor.Value) (tensor.Value, error)
)

// unary evaluates an op of one operand element by element: f in float64, with one rounding at the end, and where g is given, g for integers.
func unary[A any](f func(a A, x float64) float64, g func(a A, x int64) int64) evalFunc[A] {
	return func(e *ir.Env, a A, in []tensor.Value) (tensor.Value, error) {
		x := tens(in, 0)
		d := x.DType()
		if err := charge(e, d, x.Dims()); err != nil {
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

// arith is the evaluations of an arithmetic op of two operands, by kind of element; a missing one means that the signature excludes those types.
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
