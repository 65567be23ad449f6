package op

import (
	"fmt"
	"math"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// ScaledMatMulAttrs says whether b is transposed, and what bounds the result before it is quantised.
type ScaledMatMulAttrs struct {
	TransB bool    `ir:"transB"`
	Min    float32 `ir:"min"`
	Max    float32 `ir:"max"`
}

// scaledOperands follow the two operands of scaled_matmul and scaled_conv.
const scaledOperands = "a_zero_point? A, b_zero_point? B, a_scale? f32, b_scale? f32, bias? f32, y_scale? f32, y_zero_point? Y -> y R; " +
	"A i8|u8, B i8|u8, Y i8|u8, R f32|i8|u8"

// ScaledMatMul is the matrix product of quantised operands as real numbers, or quantised again where y_scale and y_zero_point are
// given: what DequantizeLinear, MatMul or Gemm and QuantizeLinear make together, without their rounding on the way. Scale and zero
// point of a are one number, those of b one number or one for each column. Passes make it; no model holds it.
var ScaledMatMul = define(Def[ScaledMatMulAttrs]{
	Name: "scaled_matmul", Sig: "a A, b B, " + scaledOperands,
	Props: ir.Pure,
	Attrs: ScaledMatMulAttrs{Min: float32(math.Inf(-1)), Max: float32(math.Inf(1))},
	Infer: func(sc *ir.Scope, a ScaledMatMulAttrs, in []ir.Known) (ir.Known, error) {
		b := in[1].Type
		if a.TransB {
			if b.Rank() != 2 {
				return ir.Known{}, fmt.Errorf("a transposed operand of type %v is no matrix", b)
			}
			b.Shape = ir.Shape{b.Shape[1], b.Shape[0]}
		}
		d, err := scaledType(in)
		if err != nil {
			return ir.Known{}, err
		}
		t, err := matmulType(sc, d, in[0].Type, b)
		if err != nil || t.Unranked || b.Rank() < 2 {
			return of(t), err
		}
		for i, name := range []string{3: "b_zero_point", 5: "b_scale", 6: "bias"} {
			if k := in[i]; name == "" || !k.Present() || k.Type.Unranked || i != 6 && oneElement(k.Type) {
				continue
			}
			if err := vectorOf(sc, in[i], b.Shape[len(b.Shape)-1], name); err != nil {
				return ir.Known{}, err
			}
		}
		return of(t), nil
	},
	Eval: func(e *ir.Env, a ScaledMatMulAttrs, in []tensor.Value) (tensor.Value, error) {
		b := tens(in, 1)
		v, err := loadAll[int64](e, tens(in, 0), b)
		if err != nil {
			return nil, err
		}
		bd := b.Dims()
		if a.TransB {
			v[1], bd = flipped(v[1], bd[0], bd[1]), []int{bd[1], bd[0]}
		}
		if err := shift(e, v[0], tens(in, 0).Dims(), tens(in, 2), nil, "a_zero_point"); err != nil {
			return nil, err
		}
		if err := shift(e, v[1], bd, tens(in, 3), columnsOf(dimsOf(tens(in, 3)), bd), "b_zero_point"); err != nil {
			return nil, err
		}
		y, dims, err := matmulData(e, v[0], tens(in, 0).Dims(), v[1], bd)
		if err != nil {
			return nil, err
		}
		n := 1
		if len(bd) > 1 {
			n = bd[len(bd)-1]
		}
		return value(rescaled(e, y, dims, n, 1, in[4:], a.Min, a.Max))
	},
})

func dimsOf(t *tensor.Tensor) []int {
	if t == nil {
		return nil
	}
	return t.Dims()
}

// scaledType returns the element type of the result: that of y_zero_point, which stands where y_scale does.
func scaledType(in []ir.Known) (tensor.DType, error) {
	if in[7].Present() != in[8].Present() {
		return tensor.F32, fmt.Errorf("y_scale without y_zero_point, or the other way round")
	}
	if in[8].Present() {
		return in[8].Type.DType, nil
	}
	return tensor.F32, nil
}

// rescaled turns sums into results. A column holds for inner elements, n columns follow each other; in holds a_scale, b_scale, bias,
// y_scale and y_zero_point. The factors are multiplied and divided in float64; s·factor + bias rounds once there, and once to the
// result.
func rescaled(e *ir.Env, sums []int64, dims []int, n, inner int, in []tensor.Value, least, most float32) (*tensor.Tensor, error) {
	sa, err := scalarOf(tens(in, 0), 1, "a_scale")
	if err != nil {
		return nil, err
	}
	sy, err := scalarOf(tens(in, 3), 1, "y_scale")
	if err != nil {
		return nil, err
	}
	zy, err := scalarOf(tens(in, 4), 0, "y_zero_point")
	if err != nil {
		return nil, err
	}
	if err := checkVector(tens(in, 2), n, "bias"); err != nil {
		return nil, err
	}
	mul, err := perColumnNumbers(tens(in, 1), n, 1)
	if err != nil {
		return nil, err
	}
	add, err := perColumnNumbers(tens(in, 2), n, 0)
	if err != nil {
		return nil, err
	}
	for j := range n {
		mul[j] = sa * mul[j] / sy
		if tens(in, 2) != nil {
			add[j] /= sy // a scale of 0 makes NaN of no bias
		}
	}
	d := tensor.F32
	if t := tens(in, 4); t != nil {
		d = t.DType()
	}
	out, err := alloc[float64](e, dims...)
	if err != nil {
		return nil, err
	}
	lo, hi := float64(least)/sy, float64(most)/sy
	if math.Signbit(sy) {
		lo, hi = hi, lo
	}
	for i, s := range sums {
		j := i / inner % n
		x := math.FMA(float64(s), mul[j], add[j])
		if math.IsInf(float64(least), -1) && math.IsInf(float64(most), 1) {
			out[i] = x
		} else {
			out[i] = min(max(x, lo), hi)
		}
		if d != tensor.F32 {
			out[i] = requantized(out[i], zy, d)
		}
	}
	return store(e, d, out, dims...)
}

// perColumnNumbers returns a number for each of n columns: t's one or its n; def where t is absent.
func perColumnNumbers(t *tensor.Tensor, n int, def float64) ([]float64, error) {
	out := make([]float64, n)
	if t == nil {
		fill(out, def)
		return out, nil
	}
	v := t.Float64s()
	if len(v) != 1 && len(v) != n {
		return nil, fmt.Errorf("%d numbers for %d columns", len(v), n)
	}
	for j := range out {
		out[j] = v[min(j, len(v)-1)]
	}
	return out, nil
}
