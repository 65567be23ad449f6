package cpu

import (
	"slices"

	"github.com/cameo-onnx/cameo/backend/cpu/kern"
	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/op"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

var convKernels = []Kernel{
	{Name: "conv.f32.channels_last", Op: op.Conv.Op, Takes: takesConv(ir.ChannelsLast), Emit: emitConv, Body: true, Scratch: convScratch, Run: kern.ConvF32},
	{Name: "conv.f32.row_major", Op: op.Conv.Op, Takes: takesConv(ir.RowMajor), Emit: emitConv, Body: true, Scratch: convRowMajorScratch, Run: convRowMajor},
	{Name: "conv_transpose.f32.channels_last", Op: op.ConvTranspose.Op, Takes: takesConv(ir.ChannelsLast), Emit: emitConv, Body: true, Scratch: convScratch, Run: kern.ConvF32},
	{Name: "conv_transpose.f32.row_major", Op: op.ConvTranspose.Op, Takes: takesConv(ir.RowMajor), Emit: emitConv, Body: true, Scratch: convRowMajorScratch, Run: convRowMajor},
	{Name: "conv.f32.packing", Op: op.Conv.Op, Takes: takesConvPacking, Emit: emitConvPacking, Scratch: convPackingScratch, Run: convPacking},
	{Name: "conv_transpose.f32.packing", Op: op.ConvTranspose.Op, Takes: takesConvPacking, Emit: emitConvPacking, Scratch: convPackingScratch, Run: convPacking},
}

// takesConv takes float32 convolutions with constant weights whose padding is known, with operand and result in the given layout.
func takesConv(l ir.Layout) func(*ir.Node) bool {
	return func(n *ir.Node) bool {
		x, w, y := n.In[0].Type, n.In[1], n.Out[0].Type
		if x.DType != tensor.F32 || x.Unranked || x.Layout != l || y.Layout != l || !isWeights(w) || !isF32(w) || len(x.Shape) < 3 || len(x.Shape) > 5 || empty(w) {
			return false
		}
		if n.Own() > 2 && n.In[2] != nil && !isF32(n.In[2]) || !takesEpilogue(n) {
			return false
		}
		_, ok := convParam(n)
		return ok
	}
}

// constDims returns the sizes of a value that all are known.
func constDims(v *ir.Value) []int {
	dims := make([]int, len(v.Type.Shape))
	for i, d := range v.Type.Shape {
		dims[i], _ = d.Int()
	}
	return dims
}

// empty reports whether v, whose sizes are known, has no elements.
func empty(v *ir.Value) bool { return slices.Contains(constDims(v), 0) }

// convParam returns the kernel's parameter; false where padding depends on sizes that only binding tells.
func convParam(n *ir.Node) (*kern.ConvParam, bool) {
	w := constDims(n.In[1])
	p := &kern.ConvParam{Kernel: w[2:], NR: kern.GemmNR()}
	auto := ""
	var shape []int
	switch a := n.Attrs.(type) {
	case op.ConvAttrs:
		p.Strides, p.Dilations, p.Pads, p.Group, auto = a.Strides, a.Dilations, a.Pads, a.Group, a.AutoPad
	case op.ConvTransposeAttrs:
		p.Strides, p.Dilations, p.Pads, p.Group, auto, shape = a.Strides, a.Dilations, a.Pads, a.Group, a.AutoPad, a.OutputShape
		p.Transposed = true
	}
	spatial := len(w) - 2
	p.Strides, p.Dilations = ones(p.Strides, spatial), ones(p.Dilations, spatial)
	if p.Transposed && (len(shape) > 0 || auto == "SAME_UPPER" || auto == "SAME_LOWER") {
		return nil, false
	}
	var ok bool
	p.Pads, ok = padding(auto, p.Pads, p.Kernel, p.Strides, p.Dilations, n.In[0].Type.Shape[2:])
	return p, ok
}

func ones(v []int, n int) []int {
	if len(v) > 0 {
		return v
	}
	v = make([]int, n)
	for i := range v {
		v[i] = 1
	}
	return v
}

// padding resolves auto_pad to numbers: begins, then ends.
func padding(auto string, pads, kernel, strides, dilations []int, in []sym.Dim) ([]int, bool) {
	n := len(kernel)
	if auto != "SAME_UPPER" && auto != "SAME_LOWER" {
		if len(pads) == 0 || auto == "VALID" {
			pads = make([]int, 2*n)
		}
		return pads, true
	}
	out := make([]int, 2*n)
	for i, k := range kernel {
		span, s := (k-1)*dilations[i]+1, strides[i]
		total := span - 1 // with stride 1 whatever the size
		if x, ok := in[i].Int(); ok {
			total = max(0, ((x+s-1)/s-1)*s+span-x)
		} else if s != 1 {
			return nil, false
		}
		out[i] = total / 2
		if auto == "SAME_LOWER" {
			out[i] = total - total/2
		}
		out[n+i] = total - out[i]
	}
	return out, true
}

func emitConv(c *call, n *ir.Node) (any, error) {
	p, _ := convParam(n)
	w := c.e.weights(n.In[1])
	p.Exact = !kern.Finite(tensor.Data[float32](w))
	size, err := kern.PackedConv(p, w.Dims())
	if err != nil {
		return nil, err
	}
	packed := c.e.room.tensor(tensor.F32, size)
	if err := kern.PackConv(tensor.Data[float32](packed), tensor.Data[float32](w), p, w.Dims()); err != nil {
		return nil, err
	}
	t := tail{}
	if n.Own() > 2 {
		t.bias = n.In[2]
	}
	inPlace := n.Out[0].Type.Layout == ir.ChannelsLast
	t = tailOf(n, t, 1, inPlace)
	p.Clamp = t.clamp
	c.SetArgs(n.In[0], nil, t.bias, t.res)
	c.PackAs(1, packed, n.In[1].Type.Shape)
	switch {
	case len(t.rest) == 0:
		return p, nil
	case inPlace:
		return c.then(n, kern.ThenParam{Conv: p}, t, nil, 0)
	}
	return p, c.behind(n, t)
}

func convScratch(param any, args []kern.Arg, workers int) (int, error) {
	return kern.ConvF32Scratch(param.(*kern.ConvParam), args[0].Dims, args[1].Dims, args[len(args)-1].Dims, workers)
}
