package op

import (
	"math"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// ScaledConvAttrs holds the windows and groups as ConvAttrs does, and what bounds the result before it is quantised.
type ScaledConvAttrs struct {
	AutoPad     string  `ir:"auto_pad"`
	Dilations   []int   `ir:"dilations"`
	Group       int     `ir:"group"`
	KernelShape []int   `ir:"kernel_shape"`
	Pads        []int   `ir:"pads"`
	Strides     []int   `ir:"strides"`
	Min         float32 `ir:"min"`
	Max         float32 `ir:"max"`
}

// Conv returns the windows and groups alone.
func (a ScaledConvAttrs) Conv() ConvAttrs {
	return ConvAttrs{AutoPad: a.AutoPad, Dilations: a.Dilations, Group: a.Group, KernelShape: a.KernelShape, Pads: a.Pads, Strides: a.Strides}
}

// ScaledConv is to Conv what ScaledMatMul is to MatMul; a filter is a column, and padding is a's zero point.
var ScaledConv = define(Def[ScaledConvAttrs]{
	Name: "scaled_conv", Sig: "x A, w B, " + scaledOperands,
	Props: ir.Pure,
	Attrs: ScaledConvAttrs{AutoPad: "NOTSET", Group: 1, Min: float32(math.Inf(-1)), Max: float32(math.Inf(1))},
	Infer: func(sc *ir.Scope, a ScaledConvAttrs, in []ir.Known) (ir.Known, error) {
		t, err := convType(sc, a.Conv().window(), a.Group, in[0].Type, in[1].Type, in[6])
		if err != nil {
			return of(t), err
		}
		d, err := scaledType(in)
		if err != nil {
			return of(t), err
		}
		for i, name := range []string{3: "b_zero_point", 5: "b_scale"} {
			if name == "" {
				continue
			}
			if err := perFilter(sc, in[i], in[1].Type, name); err != nil {
				return ir.Known{}, err
			}
		}
		return of(t.WithDType(d)), nil
	},
	Eval: func(e *ir.Env, a ScaledConvAttrs, in []tensor.Value) (tensor.Value, error) {
		sums, dims, err := integerConv(e, a.Conv(), tens(in, 0), tens(in, 1), tens(in, 2), tens(in, 3), nil)
		if err != nil {
			return nil, err
		}
		_, c, inner := channelsOf(dims)
		return value(rescaled(e, sums, dims, c, max(1, inner), in[4:], a.Min, a.Max))
	},
})
