package cpu

import (
	"slices"

	"github.com/cameo-onnx/cameo/backend/cpu/kern"
	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/op"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

var poolKernels = []Kernel{
	{Name: "max_pool.f32", Op: op.MaxPool.Op, Takes: takesPool, Emit: emitPool, Run: kern.PoolF32},
	{Name: "average_pool.f32", Op: op.AveragePool.Op, Takes: takesPool, Emit: emitPool, Run: kern.PoolF32},
	{Name: "global_average_pool.f32", Op: op.GlobalAveragePool.Op, Takes: takesSpatial, Emit: emitGlobalPool(kern.ReduceMean), Run: kern.Reduce},
	{Name: "global_max_pool.f32", Op: op.GlobalMaxPool.Op, Takes: takesSpatial, Emit: emitGlobalPool(kern.ReduceMax), Run: kern.Reduce},
	{Name: "resize.f32", Op: op.Resize.Op, Takes: takesResize, Emit: emitResize, Run: kern.ResizeF32},
}

// takesSpatial takes float32 operands with channels and spatial axes, in one layout throughout.
func takesSpatial(n *ir.Node) bool {
	x, y := n.In[0].Type, n.Out[0].Type
	return x.DType == tensor.F32 && !x.Unranked && len(x.Shape) >= 3 && len(x.Shape) <= 5 && x.Layout == y.Layout && len(n.Out) == 1 && len(n.Bodies) == 0
}

func takesPool(n *ir.Node) bool {
	if !takesSpatial(n) {
		return false
	}
	_, ok := poolParam(n)
	return ok
}

func poolParam(n *ir.Node) (*kern.PoolParam, bool) {
	p := &kern.PoolParam{}
	var auto string
	var pads []int
	switch a := n.Attrs.(type) {
	case op.MaxPoolAttrs:
		p.Kernel, p.Strides, p.Dilations, auto, pads = a.KernelShape, a.Strides, a.Dilations, a.AutoPad, a.Pads
	case op.AveragePoolAttrs:
		p.Kernel, p.Strides, p.Dilations, auto, pads = a.KernelShape, a.Strides, a.Dilations, a.AutoPad, a.Pads
		p.Average, p.CountPad = true, a.CountIncludePad
	}
	spatial := len(n.In[0].Type.Shape) - 2
	p.Strides, p.Dilations = ones(p.Strides, spatial), ones(p.Dilations, spatial)
	pads, ok := padding(auto, pads, p.Kernel, p.Strides, p.Dilations, n.In[0].Type.Shape[2:])
	if !ok {
		return nil, false
	}
	p.Before, p.After = pads[:spatial], pads[spatial:]
	p.Last = n.In[0].Type.Layout == ir.ChannelsLast
	return p, true
}

// spatialAliases makes the kernel see operand and result in the order of memory.
func spatialAliases(c *call, n *ir.Node) {
	c.SetArgs(n.In[0])
	if n.In[0].Type.Layout == ir.ChannelsLast {
		c.Alias(0, channelsLast(n.In[0].Type.Shape))
		c.AliasOut(0, channelsLast(n.Out[0].Type.Shape))
	}
}

func emitPool(c *call, n *ir.Node) (any, error) {
	p, _ := poolParam(n)
	spatialAliases(c, n)
	return p, nil
}

func emitGlobalPool(r kern.ReduceOp) func(*call, *ir.Node) (any, error) {
	return func(c *call, n *ir.Node) (any, error) {
		spatialAliases(c, n)
		p := &kern.ReduceParam{Op: r}
		first := 2
		if n.In[0].Type.Layout == ir.ChannelsLast {
			first = 1
		}
		for i := range len(n.In[0].Type.Shape) - 2 {
			p.Axes = append(p.Axes, first+i)
		}
		return p, nil
	}
}

var resizeCoordinates = map[string]kern.Coordinates{
	"half_pixel": kern.HalfPixel, "half_pixel_symmetric": kern.HalfPixelSymmetric, "pytorch_half_pixel": kern.PytorchHalfPixel, "align_corners": kern.AlignCorners, "asymmetric": kern.Asymmetric,
}

var resizeNearest = map[string]kern.Nearest{
	"round_prefer_floor": kern.PreferFloor, "round_prefer_ceil": kern.PreferCeil, "floor": kern.Floor, "ceil": kern.Ceil,
}

// takesResize takes nearest and linear interpolation of at most two spatial axes.
func takesResize(n *ir.Node) bool {
	a := op.Resize.Attrs(n)
	_, ok := resizeCoordinates[a.CoordinateTransformationMode]
	_, ok2 := resizeNearest[a.NearestMode]
	if !takesSpatial(n) || len(n.In[0].Type.Shape) != 4 || !ok || !ok2 || a.Mode == "cubic" || a.Antialias || a.ExcludeOutside || len(n.In) > 3 && n.In[3] != nil && a.KeepAspectRatioPolicy != "stretch" {
		return false
	}
	x, y := n.In[0].Type.Shape, n.Out[0].Type.Shape
	if !x[0].Equal(y[0]) || !x[1].Equal(y[1]) {
		return false
	}
	_, ok = resizeScales(n)
	return ok
}

// resizeScales returns the scale of each axis; zeros where it is that of the sizes. False where only running tells the scales.
func resizeScales(n *ir.Node) ([]float64, bool) {
	if len(n.In) < 3 || n.In[2] == nil || n.In[2].Type.Shape.Equal(ir.Shape{sym.Const(0)}) {
		return nil, true
	}
	if !n.In[2].IsConst() {
		return nil, false
	}
	scales := make([]float64, n.In[0].Type.Rank())
	axes := op.Resize.Attrs(n).Axes
	for i, s := range n.In[2].Data.Float64s() {
		k := i
		if len(axes) > 0 {
			k = (axes[i] + len(scales)) % len(scales)
		}
		scales[k] = s
	}
	return scales, true
}

func emitResize(c *call, n *ir.Node) (any, error) {
	a := op.Resize.Attrs(n)
	scales, _ := resizeScales(n)
	p := &kern.ResizeParam{Linear: a.Mode == "linear", Coord: resizeCoordinates[a.CoordinateTransformationMode], Nearest: resizeNearest[a.NearestMode], Scales: scales}
	spatialAliases(c, n)
	if scales != nil && n.In[0].Type.Layout == ir.ChannelsLast {
		p.Scales = slices.Concat(scales[:1], scales[2:], scales[1:2])
	}
	return p, nil
}
