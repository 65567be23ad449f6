package op

import (
	"errors"
	"math"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// Pow is x^y, of x's element type. Where both are integers it is exact and wraps, and a negative exponent truncates; where only x is,
// it is computed in floats and truncated.
var Pow = define(Def[None]{
	Name: "pow", ONNX: "Pow", Sig: "x T, y U -> z T; T float|i32|i64, U num",
	Props: ir.Pure | ir.Elementwise,
	Infer: broadcasting[None],
	Eval: func(e *ir.Env, _ None, in []tensor.Value) (tensor.Value, error) {
		x, y := tens(in, 0), tens(in, 1)
		if x.DType().IsInt() && y.DType().IsInt() {
			return powInts(e, in)
		}
		v, w, dims, err := operands(e, in, (*tensor.Tensor).Float64s)
		if err != nil {
			return nil, err
		}
		z := make([]float64, len(v))
		for i := range z {
			z[i] = math.Pow(v[i], w[i])
		}
		if d := x.DType(); d.IsInt() {
			n := make([]int64, len(z))
			for i, v := range z {
				n[i] = tensor.Wrap(v, d)
			}
			return tensor.FromInt64s(d, n, dims...), nil
		}
		return tensor.FromFloat64s(x.DType(), z, dims...), nil
	},
})

func powInts(e *ir.Env, in []tensor.Value) (tensor.Value, error) {
	v, w, dims, err := operands(e, in, (*tensor.Tensor).Int64s)
	if err != nil {
		return nil, err
	}
	unsigned := tens(in, 1).DType() == tensor.U64
	z := make([]int64, len(v))
	for i := range z {
		if w[i] >= 0 || unsigned {
			z[i] = powInt(v[i], uint64(w[i]))
			continue
		}
		switch v[i] {
		case 0:
			return nil, errors.New("zero to a negative power")
		case 1, -1:
			z[i] = powInt(v[i], uint64(-w[i]))
		}
	}
	return tensor.FromInt64s(tens(in, 0).DType(), z, dims...), nil
}

// powInt is x^n, modulo 2^64.
func powInt(x int64, n uint64) int64 {
	y := int64(1)
	for ; n > 0; n >>= 1 {
		if n&1 != 0 {
			y *= x
		}
		x *= x
	}
	return y
}
