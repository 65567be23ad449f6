package zoo

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/op"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// Linear is x·Wᵀ + b over the last axis of x: parameters NAME.weight [out,in] and NAME.bias [out]. A ReLU behind it makes no
// difference but to He's initialisation: see LinearReLU.
func (n *Net) Linear(name string, x *ir.Value, out int) *ir.Value {
	return n.linear(name, x, out, false)
}

// LinearReLU is Linear followed by a rectifier.
func (n *Net) LinearReLU(name string, x *ir.Value, out int) *ir.Value {
	return n.ReLU(n.linear(name, x, out, true))
}

func (n *Net) linear(name string, x *ir.Value, out int, relu bool) *ir.Value {
	if x == nil {
		return nil
	}
	dims := n.sizesOf(x, x.Type.Rank()-1, name)
	if len(dims) == 0 {
		n.fail("%s: operand %s has no features", name, x.Type)
		return nil
	}
	in := dims[len(dims)-1]
	n.layer(name, "Linear %d→%d", in, out)
	w := n.Param(join(name, "weight"), n.weight(in, out, relu), out, in)
	b := n.Param(join(name, "bias"), n.bias(in), out)
	if len(dims) == 1 {
		a := op.Gemm.Default()
		a.TransB = true
		return n.done(op.Gemm.New(n.b, a, x, w, b))
	}
	wt := op.Transpose.New(n.b, op.TransposeAttrs{Perm: []int{1, 0}}, w)
	return n.done(n.add(op.Add, n.add(op.MatMul, x, wt), b))
}

// A Window says how a convolution moves. The zero Stride is 1.
type Window struct {
	Kernel, Stride, Padding int
	OutputPadding           int // of transposed convolutions
	NoBias                  bool
}

// String says how it moves, as listings of layers do.
func (w Window) String() string {
	return fmt.Sprintf("%d×%d, stride %d, padding %d", w.Kernel, w.Kernel, max(w.Stride, 1), w.Padding)
}

func (w Window) pads() []int    { return []int{w.Padding, w.Padding, w.Padding, w.Padding} }
func (w Window) kernel() []int  { return []int{w.Kernel, w.Kernel} }
func (w Window) strides() []int { return []int{max(w.Stride, 1), max(w.Stride, 1)} }

// Conv2d is a convolution of images x[N,in,H,W]: parameters NAME.weight [out,in,k,k] and NAME.bias [out].
func (n *Net) Conv2d(name string, x *ir.Value, out int, w Window) *ir.Value {
	in := n.sizesOf(x, 3, name)[0]
	area := w.Kernel * w.Kernel
	n.layer(name, "Conv2d %d→%d, %v", in, out, w)
	f := n.Param(join(name, "weight"), n.weight(in*area, out*area, false), out, in, w.Kernel, w.Kernel)
	b := n.windowBias(name, w, in*area, out)
	a := op.Conv.Default()
	a.KernelShape, a.Strides, a.Pads, a.Dilations = w.kernel(), w.strides(), w.pads(), []int{1, 1}
	return n.done(op.Conv.New(n.b, a, x, f, b))
}

// ConvTranspose2d is the transposed convolution of images x[N,in,H,W]: parameters NAME.weight [in,out,k,k] and NAME.bias [out].
func (n *Net) ConvTranspose2d(name string, x *ir.Value, out int, w Window) *ir.Value {
	in := n.sizesOf(x, 3, name)[0]
	area := w.Kernel * w.Kernel
	n.layer(name, "ConvTranspose2d %d→%d, %v", in, out, w)
	// PyTorch counts a transposed kernel's fan_in on its second axis, the outputs.
	f := n.Param(join(name, "weight"), n.weight(out*area, in*area, false), in, out, w.Kernel, w.Kernel)
	b := n.windowBias(name, w, out*area, out)
	a := op.ConvTranspose.Default()
	a.KernelShape, a.Strides, a.Pads, a.Dilations = w.kernel(), w.strides(), w.pads(), []int{1, 1}
	a.OutputPadding = []int{w.OutputPadding, w.OutputPadding}
	return n.done(op.ConvTranspose.New(n.b, a, x, f, b))
}

// windowBias returns the parameter NAME.bias of a convolution; nil where it has none.
func (n *Net) windowBias(name string, w Window, fanIn, out int) *ir.Value {
	if w.NoBias {
		return nil
	}
	return n.Param(join(name, "bias"), n.bias(fanIn), out)
}

// BatchNorm normalises the channels of x[N,C,H,W] by the batch's statistics in training and by the running ones in evaluation:
// parameters NAME.weight, bias, running_mean and running_var [C].
func (n *Net) BatchNorm(name string, x *ir.Value) *ir.Value {
	c := n.sizesOf(x, 3, name)[0]
	n.layer(name, "BatchNorm2d %d", c)
	in := []*ir.Value{
		x,
		n.Param(join(name, "weight"), constant(1), c), n.Param(join(name, "bias"), constant(0), c),
		n.Param(join(name, "running_mean"), constant(0), c), n.Param(join(name, "running_var"), constant(1), c),
	}
	a, outs := op.BatchNormalization.Default(), 1
	if a.TrainingMode = n.o.Train; a.TrainingMode {
		outs = 3 // ONNX wants the updated statistics named, whether or not they are used
	}
	return n.done(op.BatchNormalization.NewN(n.b, a, outs, in...)[0])
}

// LSTM runs over the second axis of x[N,T,in] and returns all states [N,T,hidden] and the last one [N,hidden]: parameters
// NAME.weight_ih_l0 [4·hidden,in], weight_hh_l0, bias_ih_l0, bias_hh_l0, whose gates are in PyTorch's order: input, forget,
// cell, output.
func (n *Net) LSTM(name string, x *ir.Value, hidden int) (all, last *ir.Value) {
	in := n.sizesOf(x, 2, name)[1]
	n.layer(name, "LSTM %d→%d", in, hidden)
	bound := uniform(1 / math.Sqrt(float64(hidden)))
	start := [4]func(*rand.Rand, []float32){bound, bound, bound, bound}
	if n.init != torch {
		start = [4]func(*rand.Rand, []float32){n.weight(in, 4*hidden, false), orthogonal(hidden), forgetOne, constant(0)}
	}
	w := n.gates(n.Param(join(name, "weight_ih_l0"), start[0], 4*hidden, in))
	r := n.gates(n.Param(join(name, "weight_hh_l0"), start[1], 4*hidden, hidden))
	bi := n.gates(n.Param(join(name, "bias_ih_l0"), start[2], 4*hidden))
	bh := n.gates(n.Param(join(name, "bias_hh_l0"), start[3], 4*hidden))
	a := op.LSTM.Default()
	a.HiddenSize = &hidden
	steps := op.Transpose.New(n.b, op.TransposeAttrs{Perm: []int{1, 0, 2}}, x)
	out := op.LSTM.NewN(n.b, a, 2, steps, w, r, op.Concat.New(n.b, op.ConcatAttrs{Axis: 1}, bi, bh))
	all = op.Transpose.New(n.b, op.TransposeAttrs{Perm: []int{1, 0, 2}}, n.add(op.Squeeze, out[0], n.ints(1)))
	return n.done(all), n.add(op.Squeeze, out[1], n.ints(0))
}

// gates turns PyTorch's order of gates into ONNX's (input, output, forget, cell) and adds the axis of directions.
func (n *Net) gates(p *ir.Value) *ir.Value {
	four := 4
	g := op.Split.NewN(n.b, op.SplitAttrs{NumOutputs: &four}, 4, p)
	return n.add(op.Unsqueeze, op.Concat.New(n.b, op.ConcatAttrs{}, g[0], g[3], g[1], g[2]), n.ints(0))
}

// Dropout zeroes elements with probability ratio in training and scales the others up to keep the mean; in evaluation it is x.
func (n *Net) Dropout(x *ir.Value, ratio float32) *ir.Value {
	if x == nil {
		return nil
	}
	n.layer("", "Dropout %g", ratio)
	if !n.o.Train {
		n.layers[len(n.layers)-1].Out = x.Type.String()
		return x
	}
	on := n.g.Const("", tensor.Scalar(true))
	return n.done(op.Dropout.NewN(n.b, op.DropoutAttrs{}, 1, x, n.Scalar(ratio), on)[0])
}

// join names a parameter of a layer; a net that is one layer has no name for it.
func join(layer, parameter string) string {
	if layer == "" {
		return parameter
	}
	return layer + "." + parameter
}
