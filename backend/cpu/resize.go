package cpu

import (
	"math"
	"slices"

	"github.com/cameo-onnx/cameo/backend/cpu/kern"
	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/op"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// sampleKernels holds what samples an operand at other places.
var sampleKernels = []Kernel{
	{Name: "resize", Op: op.Resize.Op, Takes: takesResize, Emit: emitResize, Scratch: resizeScratch, Dims: kern.ResizeDims, Run: kern.Resize},
}

var resizeModes = map[string]kern.ResizeMode{"nearest": kern.ResizeNearest, "linear": kern.ResizeLinear, "cubic": kern.ResizeCubic}

var resizeCoordinates = map[string]kern.Coordinates{
	"half_pixel": kern.HalfPixel, "half_pixel_symmetric": kern.HalfPixelSymmetric, "pytorch_half_pixel": kern.PytorchHalfPixel,
	"align_corners": kern.AlignCorners, "asymmetric": kern.Asymmetric,
	"tf_crop_and_resize": kern.CropAndResize, "tf_half_pixel_for_nn": kern.HalfPixelForNN,
}

var resizeNearest = map[string]kern.Nearest{
	"round_prefer_floor": kern.PreferFloor, "round_prefer_ceil": kern.PreferCeil, "floor": kern.Floor, "ceil": kern.Ceil,
}

var resizePolicies = map[string]kern.ResizePolicy{"stretch": kern.Stretch, "not_larger": kern.NotLarger, "not_smaller": kern.NotSmaller}

// takesResize takes nearest elements of any type, and interpolation of numbers that kernels have names for; both layouts.
func takesResize(n *ir.Node) bool {
	x, y := n.In[0].Type, n.Out[0].Type
	lies := x
	if x.Layout == ir.ChannelsLast && len(x.Shape) >= 3 {
		lies.Layout = ir.RowMajor
	}
	if !movable(&ir.Value{Type: lies}) || x.Layout != y.Layout || len(n.Bodies) > 0 || len(n.Out) != 1 {
		return false
	}
	for _, v := range n.In[1:] {
		if v != nil && !movable(v) {
			return false
		}
	}
	if len(n.In) > 1 && n.In[1] != nil && n.In[1].Type.DType == tensor.F16 {
		return false
	}
	a := op.Resize.Attrs(n)
	if d := x.DType; a.Mode == "linear" && !a.Antialias && !a.ExcludeOutside && (d == tensor.I8 || d == tensor.U8 || d == tensor.I32) {
		return false // weighed in an order of its own, to drop the same fractions as ONNX Runtime
	}
	_, typed := resizeType(x.DType)
	return typed || a.Mode == "nearest"
}

// resizeType returns the kernels' name of a type of numbers that float64 holds.
func resizeType(d tensor.DType) (kern.DType, bool) {
	_, ok := kernTypeOf(d)
	return kernType(d), ok && d != tensor.I64 && d != tensor.U64 || d == tensor.F16 || d == tensor.BF16
}

func emitResize(c *call, n *ir.Node) (any, error) {
	a, x := op.Resize.Attrs(n), n.In[0].Type
	rank := len(x.Shape)
	p := &kern.ResizeParam{
		Mode: resizeModes[a.Mode], Coord: resizeCoordinates[a.CoordinateTransformationMode], Nearest: resizeNearest[a.NearestMode],
		Antialias: a.Antialias, Exclude: a.ExcludeOutside, Cubic: float64(a.CubicCoeffA), Policy: resizePolicies[a.KeepAspectRatioPolicy],
		Size: sizeOf(n.In[0]), Roi: kern.Float32, Axes: slices.Repeat([]int{-1}, rank),
	}
	p.Type, _ = resizeType(x.DType)
	for i := range rank {
		if len(a.Axes) == 0 {
			p.Axes[i] = i
		}
	}
	for i, k := range a.Axes {
		p.Axes[(k+rank)%rank] = i
	}
	fill := tensor.New(x.DType)
	if a.ExtrapolationValue != 0 {
		v := float64(a.ExtrapolationValue)
		switch {
		case x.DType.IsFloat() || a.Mode == "nearest":
		case a.Antialias:
			v = math.Floor(v + 0.5)
		default:
			v = math.RoundToEven(v)
		}
		fill.SetFloat64At(0, v)
	}
	p.Fill = fill.Bytes()
	in := operands(n, 4)
	if in[1] != nil && in[1].Type.DType == tensor.F64 {
		p.Roi = kern.Float64
	}
	c.SetArgs(in...)
	if x.Layout == ir.ChannelsLast && rank >= 3 {
		c.Alias(0, channelsLast(x.Shape))
		c.AliasOut(0, channelsLast(n.Out[0].Type.Shape))
		p.Last, p.Axes = true, slices.Concat(p.Axes[:1], p.Axes[2:], p.Axes[1:2])
	}
	return p, nil
}

func resizeScratch(param any, args []kern.Arg, _ int) (int, error) {
	return kern.ResizeScratch(param.(*kern.ResizeParam), args), nil
}
