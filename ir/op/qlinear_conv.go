package op

import (
	"fmt"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// QLinearConv is Conv of quantised operands, quantised. The filters' scale and zero point are one number or one for each filter;
// the bias is quantised with the product of the operands' scales and no zero point.
var QLinearConv = define(Def[ConvAttrs]{
	Name: "qlinear_conv", ONNX: "QLinearConv",
	Sig:   "x X, x_scale f32, x_zero_point X, w W, w_scale f32, w_zero_point W, y_scale f32, y_zero_point Y, b? i32 -> y Y; X i8|u8, W i8|u8, Y i8|u8",
	Props: ir.Pure,
	Attrs: ConvAttrs{AutoPad: "NOTSET", Group: 1},
	Infer: func(sc *ir.Scope, a ConvAttrs, in []ir.Known) (ir.Known, error) {
		t, err := convType(sc, a.window(), a.Group, in[0].Type, in[3].Type, in[8])
		if err != nil {
			return of(t), err
		}
		for i, name := range []string{"w_scale", "w_zero_point"} {
			if err := perFilter(sc, in[4+i], in[3].Type, name); err != nil {
				return ir.Known{}, err
			}
		}
		return of(t.WithDType(in[7].Type.DType)), nil
	},
	Eval: func(e *ir.Env, a ConvAttrs, in []tensor.Value) (tensor.Value, error) {
		return value(qlinearConv(e, a, in))
	},
})

func qlinearConv(e *ir.Env, a ConvAttrs, in []tensor.Value) (*tensor.Tensor, error) {
	acc, dims, err := integerConv(e, a, tens(in, 0), tens(in, 3), tens(in, 2), tens(in, 5), tens(in, 8))
	if err != nil {
		return nil, err
	}
	var one [3]float64
	for i, k := range []int{1, 6, 7} {
		if one[i], err = scalarOf(tens(in, k), 0, []string{"x_scale", "y_scale", "y_zero_point"}[i]); err != nil {
			return nil, err
		}
	}
	ws := tens(in, 4).Float64s()
	if len(ws) != 1 && len(ws) != dims[1] {
		return nil, fmt.Errorf("w_scale of sizes %v is not one number, nor one for each of %d filters", tens(in, 4).Dims(), dims[1])
	}
	d := tens(in, 7).DType()
	out, err := alloc[float64](e, dims...)
	if err != nil {
		return nil, err
	}
	_, c, inner := channelsOf(dims)
	for i, v := range acc {
		s := ws[0]
		if len(ws) > 1 {
			s = ws[i/inner%c]
		}
		out[i] = requantized(float64(v)*(one[0]*s/one[1]), one[2], d)
	}
	return store(e, d, out, dims...)
}
