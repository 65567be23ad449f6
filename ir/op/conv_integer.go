package op

import (
	"fmt"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// ConvInteger is Conv of 8-bit integers less their zero points, in 32 bits. The filters' zero point is one number or one for each
// filter; padding is the operand's.
var ConvInteger = define(Def[ConvAttrs]{
	Name: "conv_integer", ONNX: "ConvInteger", Sig: "x X, w W, x_zero_point? X, w_zero_point? W -> y i32; X i8|u8, W i8|u8",
	Props: ir.Pure,
	Attrs: ConvAttrs{AutoPad: "NOTSET", Group: 1},
	Infer: func(sc *ir.Scope, a ConvAttrs, in []ir.Known) (ir.Known, error) {
		t, err := convType(sc, a.window(), a.Group, in[0].Type, in[1].Type, ir.Known{})
		if err != nil {
			return of(t), err
		}
		return of(t.WithDType(tensor.I32)), perFilter(sc, in[3], in[1].Type, "w_zero_point")
	},
	Eval: func(e *ir.Env, a ConvAttrs, in []tensor.Value) (tensor.Value, error) {
		y, dims, err := integerConv(e, a, tens(in, 0), tens(in, 1), tens(in, 2), tens(in, 3), nil)
		if err != nil {
			return nil, err
		}
		return value(store(e, tensor.I32, y, dims...))
	},
})

// perFilter requires that an operand, where it is present, is one number or one for each filter.
func perFilter(sc *ir.Scope, k ir.Known, w ir.Type, what string) error {
	if !k.Present() || k.Rank() <= 0 || w.Unranked {
		return nil
	}
	if n, ok := k.Type.Shape[0].Int(); k.Rank() == 1 && ok && n == 1 {
		return nil
	}
	return vectorOf(sc, k, w.Shape[0], what)
}

// integerConv is the convolution of integers less their zero points, plus a bias.
func integerConv(e *ir.Env, a ConvAttrs, x, w, zx, zw, bias *tensor.Tensor) ([]int64, []int, error) {
	c, dims, err := convolutionOf(a.window(), a.Group, x.Dims(), w.Dims())
	if err != nil {
		return nil, nil, err
	}
	if err := checkVector(bias, c.m, "bias"); err != nil {
		return nil, nil, err
	}
	if zx != nil && zx.Len() != 1 {
		return nil, nil, fmt.Errorf("x_zero_point of sizes %v is not one number", zx.Dims())
	}
	v, err := loadAll[int64](e, x, w, bias)
	if err != nil {
		return nil, nil, err
	}
	if err := shift(e, v[0], x.Dims(), zx, nil, "x_zero_point"); err != nil {
		return nil, nil, err
	}
	if zw != nil && zw.Len() != 1 {
		if err := checkVector(zw, c.m, "w_zero_point"); err != nil {
			return nil, nil, err
		}
	}
	if c.m > 0 {
		if err := shift(e, v[1], []int{c.m, len(v[1]) / c.m}, zw, []int{c.m, 1}, "w_zero_point"); err != nil {
			return nil, nil, err
		}
	}
	y, err := convolve(e, c, v[0], v[1], v[2], dims)
	return y, dims, err
}
