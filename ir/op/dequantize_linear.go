package op

import (
	"fmt"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// DequantizeAttrs says along which axis scales differ, how many elements share one (0: no blocks), and the result's type, that of the
// scale where it is not given.
type DequantizeAttrs struct {
	Axis        int          `ir:"axis"`
	BlockSize   int          `ir:"block_size"`
	OutputDType tensor.DType `ir:"output_dtype"`
}

// DequantizeLinear is (x - zero_point) · scale.
var DequantizeLinear = define(Def[DequantizeAttrs]{
	Name: "dequantize_linear", ONNX: "DequantizeLinear",
	Sig:   "x T, scale S, zero_point? T -> y U; T i32|" + quantized + ", S f32|f16|bf16|f8e8m0, U f32|f16|bf16",
	Props: ir.Pure,
	Attrs: DequantizeAttrs{Axis: 1},
	Infer: func(sc *ir.Scope, a DequantizeAttrs, in []ir.Known) (ir.Known, error) {
		t := in[0].Type.WithDType(either(a.OutputDType, in[1].Type.DType))
		if d := t.DType; !isReal(d) || d == tensor.F64 {
			return of(t), fmt.Errorf("output_dtype %v: %w", d, ir.ErrUnsupported)
		}
		return of(t), inferScales(sc, in, a.Axis, a.BlockSize)
	},
	Eval: func(e *ir.Env, a DequantizeAttrs, in []tensor.Value) (tensor.Value, error) {
		x, scale, zero := tens(in, 0), tens(in, 1), tens(in, 2)
		if err := e.Take(tensor.C128, x.Dims()); err != nil {
			return nil, err
		}
		at, err := scaleIndex(x, scale, zero, a.Axis, a.BlockSize)
		if err != nil {
			return nil, err
		}
		v, s := x.Float64s(), scale.Float64s()
		z := make([]float64, len(s))
		if zero != nil {
			z = zero.Float64s()
		}
		for i, k := range at {
			v[i] = (v[i] - z[k]) * s[k]
		}
		return tensor.FromFloat64s(either(a.OutputDType, scale.DType()), v, x.Dims()...), nil
	},
})
