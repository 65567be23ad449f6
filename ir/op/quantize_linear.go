package op

import (
	"fmt"
	"math"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// QuantizeAttrs says along which axis scales differ, how many elements share one (0: no blocks), and in which types to divide and to store.
type QuantizeAttrs struct {
	Axis        int          `ir:"axis"`
	BlockSize   int          `ir:"block_size"`
	OutputDType tensor.DType `ir:"output_dtype"`
	Precision   tensor.DType `ir:"precision"`
	Saturate    bool         `ir:"saturate"`
}

// quantized is the element types that QuantizeLinear makes.
const quantized = "i8|u8|i16|u16|i4|u4|i2|u2|float8|float6|f4e2m1"

// QuantizeLinear is x / scale, rounded to nearest even, + zero_point, within the range of the result's type; floats are rounded to it
// instead. One scale serves all of x, a slice of it along an axis, or a block of such slices.
var QuantizeLinear = define(Def[QuantizeAttrs]{
	Name: "quantize_linear", ONNX: "QuantizeLinear",
	Sig:   "x T, scale S, zero_point? Z -> y Z; T f32|f16|bf16|i32, S f32|f16|bf16|i32|f8e8m0, Z " + quantized,
	Props: ir.Pure,
	Attrs: QuantizeAttrs{Axis: 1, Saturate: true},
	Infer: func(sc *ir.Scope, a QuantizeAttrs, in []ir.Known) (ir.Known, error) {
		t := in[0].Type.WithDType(a.result(in[2].Type.DType))
		if z := in[2]; z.Present() && z.Type.DType != t.DType {
			return of(t), fmt.Errorf("output_dtype is %v, but the zero point is of %v", t.DType, z.Type.DType)
		}
		if !isQuantized(t.DType) {
			return of(t), fmt.Errorf("output_dtype %v: %w", t.DType, ir.ErrUnsupported)
		}
		if p := a.Precision; p != tensor.Invalid && (!isReal(p) || p == tensor.F64) {
			return of(t), fmt.Errorf("precision %v: %w", p, ir.ErrUnsupported)
		}
		return of(t), inferScales(sc, in, a.Axis, a.BlockSize)
	},
	Eval: evalQuantize,
})

// result is the element type of the result, given that of the zero point.
func (a QuantizeAttrs) result(zero tensor.DType) tensor.DType {
	return either(either(a.OutputDType, zero), tensor.U8)
}

func isQuantized(d tensor.DType) bool {
	return d.IsInt() && d.Bits() <= 16 || d.IsFloat() && d.Bits() <= 8 && d != tensor.F8E8M0
}

// precision is the type in which x is divided by scale.
func (a QuantizeAttrs) precision(x, scale tensor.DType) tensor.DType {
	switch {
	case a.Precision != tensor.Invalid:
		return a.Precision
	case isReal(scale):
		return scale
	case isReal(x):
		return x
	}
	return tensor.F32
}

func evalQuantize(e *ir.Env, a QuantizeAttrs, in []tensor.Value) (tensor.Value, error) {
	x, scale, zero := tens(in, 0), tens(in, 1), tens(in, 2)
	d := a.result(tensor.Invalid)
	if zero != nil {
		d = zero.DType()
	}
	if err := e.Take(tensor.C128, x.Dims()); err != nil {
		return nil, err
	}
	at, err := scaleIndex(x, scale, zero, a.Axis, a.BlockSize)
	if err != nil {
		return nil, err
	}
	p := a.precision(x.DType(), scale.DType())
	v, s := rounded(p, x.Float64s()), rounded(p, scale.Float64s())
	z := make([]float64, len(s))
	if zero != nil {
		z = zero.Float64s()
	}
	for i, k := range at {
		v[i] /= s[k]
	}
	v = rounded(p, v)
	for i, k := range at {
		if d.IsInt() {
			v[i] = math.RoundToEven(v[i])
		}
		if _, ok := float8Max[d]; !ok { // 8-bit floats have no use for a zero point
			v[i] += z[k]
		}
	}
	if d.IsInt() {
		return tensor.FromFloat64s(d, v, x.Dims()...), nil
	}
	return tensor.Convert(tensor.FromFloat64s(tensor.F64, v, x.Dims()...), d, a.Saturate, tensor.NearestEven)
}

// rounded returns v, each element rounded to type d.
func rounded(d tensor.DType, v []float64) []float64 {
	if d == tensor.F64 {
		return v
	}
	return tensor.FromFloat64s(d, v, len(v)).Float64s()
}
