package op

import (
	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// ConvAttrs holds the windows of a convolution and the number of groups of channels. KernelShape may be nil: the filter tells.
type ConvAttrs struct {
	AutoPad     string `ir:"auto_pad"`
	Dilations   []int  `ir:"dilations"`
	Group       int    `ir:"group"`
	KernelShape []int  `ir:"kernel_shape"`
	Pads        []int  `ir:"pads"`
	Strides     []int  `ir:"strides"`
}

func (a ConvAttrs) window() windowAttrs {
	return windowAttrs{auto: a.AutoPad, kernel: a.KernelShape, strides: a.Strides, dilations: a.Dilations, pads: a.Pads}
}

// Conv is the cross-correlation of x[N,C,…] with filters w[M,C/Group,…], plus a bias per filter.
var Conv = define(Def[ConvAttrs]{
	Name: "conv", ONNX: "Conv", Sig: "x T, w T, b? T -> y T; T float",
	Props: ir.Pure,
	Attrs: ConvAttrs{AutoPad: "NOTSET", Group: 1},
	Infer: func(sc *ir.Scope, a ConvAttrs, in []ir.Known) (ir.Known, error) {
		t, err := convType(sc, a.window(), a.Group, in[0].Type, in[1].Type, in[2])
		return of(t), err
	},
	Eval: func(e *ir.Env, a ConvAttrs, in []tensor.Value) (tensor.Value, error) {
		return value(convEval(e, a, in))
	},
})

func convEval(e *ir.Env, a ConvAttrs, in []tensor.Value) (*tensor.Tensor, error) {
	x, f, b := tens(in, 0), tens(in, 1), tens(in, 2)
	c, dims, err := convolutionOf(a.window(), a.Group, x.Dims(), f.Dims())
	if err != nil {
		return nil, err
	}
	if err := checkVector(b, c.m, "bias"); err != nil {
		return nil, err
	}
	v, err := loadAll[float64](e, x, f, b)
	if err != nil {
		return nil, err
	}
	y, err := convolve(e, c, v[0], v[1], v[2], dims)
	if err != nil {
		return nil, err
	}
	return store(e, x.DType(), y, dims...)
}
