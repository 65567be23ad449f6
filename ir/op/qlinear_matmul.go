package op

import (
	"math"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// QLinearMatMul is the matrix product of quantised operands, quantised. Scales and zero points are one number, one for each row of a or
// column of b, or tensors that broadcast to the operand; those of the result are one number, one for each row, or broadcast to it.
var QLinearMatMul = define(Def[None]{
	Name: "qlinear_matmul", ONNX: "QLinearMatMul",
	Sig: "a A, a_scale S, a_zero_point A, b B, b_scale S, b_zero_point B, y_scale S, y_zero_point Y -> y Y; " +
		"A i8|u8|float8, B i8|u8|float8, S f32|f16|bf16, Y i8|u8|float8",
	Props: ir.Pure,
	Infer: func(sc *ir.Scope, _ None, in []ir.Known) (ir.Known, error) {
		t, err := matmulType(sc, in[7].Type.DType, in[0].Type, in[3].Type)
		if err != nil {
			return of(t), err
		}
		for _, i := range []int{1, 2, 6, 7} {
			rows := in[0].Type
			if i > 2 {
				rows = t
			}
			if err := perRow(sc, in[i], rows, qlinearMatMulNames[i]); err != nil {
				return ir.Known{}, err
			}
		}
		for _, i := range []int{4, 5} {
			if err := perColumn(sc, in[i], in[3].Type, qlinearMatMulNames[i]); err != nil {
				return ir.Known{}, err
			}
		}
		return of(t), nil
	},
	Eval: func(e *ir.Env, _ None, in []tensor.Value) (tensor.Value, error) {
		if wholeColumns(in) {
			sums, dims, err := integerProduct(e, tens(in, 0), tens(in, 3), tens(in, 2), tens(in, 5))
			if err != nil {
				return nil, err
			}
			n := 1
			if b := tens(in, 3).Dims(); len(b) > 1 {
				n = b[len(b)-1]
			}
			return value(rescaled(e, sums, dims, n, 1, []tensor.Value{in[1], in[4], nil, in[6], in[7]}, float32(math.Inf(-1)), float32(math.Inf(1))))
		}
		a, err := dequantized(e, in, 0, rowsOf)
		if err != nil {
			return nil, err
		}
		b, err := dequantized(e, in, 3, columnsOf)
		if err != nil {
			return nil, err
		}
		y, dims, err := matmulData(e, a, tens(in, 0).Dims(), b, tens(in, 3).Dims())
		if err != nil {
			return nil, err
		}
		scale, zero := tens(in, 6), tens(in, 7)
		s, err := spreadNumber(e, scale, rowsOf(scale.Dims(), dims), dims, "y_scale")
		if err != nil {
			return nil, err
		}
		z, err := spreadNumber(e, zero, rowsOf(zero.Dims(), dims), dims, "y_zero_point")
		if err != nil {
			return nil, err
		}
		for i := range y {
			y[i] = requantized(y[i]/s[i], z[i], zero.DType())
		}
		return value(store(e, zero.DType(), y, dims...))
	},
})

// wholeColumns reports whether the product is of integers, and its scales and the result's zero point are one number, or one for each
// column of b: then the sums are exact.
func wholeColumns(in []tensor.Value) bool {
	b := tens(in, 3)
	for _, i := range []int{1, 6, 7} {
		if tens(in, i).Len() != 1 {
			return false
		}
	}
	s := tens(in, 4)
	columns := s.Rank() == 1 && b.Rank() > 1 && s.Len() == b.Dims()[b.Rank()-1]
	return tens(in, 0).DType().IsInt() && b.DType().IsInt() && tens(in, 7).DType().IsInt() && (s.Len() == 1 || columns)
}

var qlinearMatMulNames = []string{"a", "a_scale", "a_zero_point", "b", "b_scale", "b_zero_point", "y_scale", "y_zero_point"}

// spreadNumber returns the elements of t, of sizes td, for each element of a tensor of sizes dims.
func spreadNumber(e *ir.Env, t *tensor.Tensor, td, dims []int, what string) ([]float64, error) {
	v, err := load[float64](e, t)
	if err != nil {
		return nil, err
	}
	if err := e.Take(tensor.F64, dims); err != nil {
		return nil, err
	}
	if len(v) == 1 {
		out := make([]float64, count(dims))
		fill(out, v[0])
		return out, nil
	}
	return spreadTo(v, td, dims, what)
}

// dequantized returns (x − zero)·scale of three operands from i on, the last two spread by the sizes that along gives. Products of
// 8-bit numbers and of float32 scales are exact, so that only sums round.
func dequantized(e *ir.Env, in []tensor.Value, i int, along func(k, operand []int) []int) ([]float64, error) {
	x, scale, zero := tens(in, i), tens(in, i+1), tens(in, i+2)
	v, err := load[float64](e, x)
	if err != nil {
		return nil, err
	}
	s, err := spreadNumber(e, scale, along(scale.Dims(), x.Dims()), x.Dims(), qlinearMatMulNames[i+1])
	if err != nil {
		return nil, err
	}
	z, err := spreadNumber(e, zero, along(zero.Dims(), x.Dims()), x.Dims(), qlinearMatMulNames[i+2])
	if err != nil {
		return nil, err
	}
	for k := range v {
		v[k] = (v[k] - z[k]) * s[k]
	}
	return v, nil
}

// requantized is x rounded to even plus the zero point, kept within element type d; NaN is the least number. Where d is a float type,
// only its own rounding happens.
func requantized(x, zero float64, d tensor.DType) float64 {
	if !d.IsInt() {
		top := float8Max[d]
		return max(-top, min(top, x+zero))
	}
	lo, hi := float64(leastInt(d)), math.Pow(2, float64(d.Bits()))
	if x != x {
		return lo
	}
	return max(lo, min(lo+hi-1, math.RoundToEven(x)+zero))
}

// float8Max is the greatest finite number of each type.
var float8Max = map[tensor.DType]float64{tensor.F8E4M3FN: 448, tensor.F8E4M3FNUZ: 240, tensor.F8E5M2: 57344, tensor.F8E5M2FNUZ: 57344}
