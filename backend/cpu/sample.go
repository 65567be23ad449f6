package cpu

import (
	"github.com/cameo-onnx/cameo/backend/cpu/kern"
	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/op"
)

// gridKernels holds what samples an operand at places that another one names.
var gridKernels = []Kernel{
	{Name: "grid_sample", Op: op.GridSample.Op, Takes: takesGrid, Emit: emitGrid, Run: kern.GridSample},
	{Name: "roi_align.f32", Op: op.RoiAlign.Op, Takes: takesRois, Emit: emitRoiAlign, Scratch: roiScratch, Run: kern.RoiAlign},
	{Name: "max_roi_pool.f32", Op: op.MaxRoiPool.Op, Takes: takesRois, Emit: emitMaxRoiPool, Run: kern.MaxRoiPool},
}

// takesGrid takes float32, and of other types the nearest elements, of up to three spatial axes.
func takesGrid(n *ir.Node) bool {
	x, r := n.In[0], n.In[0].Type.Rank()
	return takesMove(0)(n) && isF32(n.In[1]) && r >= 3 && r <= 5 && (isF32(x) || op.GridSample.Attrs(n).Mode == "nearest")
}

var gridPaddings = map[string]kern.GridPadding{"zeros": kern.GridZeros, "border": kern.GridBorder, "reflection": kern.GridReflection}

func emitGrid(_ *call, n *ir.Node) (any, error) {
	a := op.GridSample.Attrs(n)
	return &kern.GridParam{Mode: resizeModes[a.Mode], Padding: gridPaddings[a.PaddingMode], Align: a.AlignCorners, Size: sizeOf(n.In[0])}, nil
}

func takesRois(n *ir.Node) bool {
	return isF32(n.In[0]) && isF32(n.In[1]) && isF32(n.Out[0]) && !n.In[len(n.In)-1].Type.Unranked && len(n.Bodies) == 0
}

func emitRoiAlign(_ *call, n *ir.Node) (any, error) {
	a := op.RoiAlign.Attrs(n)
	return &kern.RoiAlignParam{
		Max: a.Mode == "max", Half: a.CoordinateTransformationMode == "half_pixel",
		Height: a.OutputHeight, Width: a.OutputWidth, Sampling: a.SamplingRatio, Scale: float64(a.SpatialScale),
	}, nil
}

func emitMaxRoiPool(_ *call, n *ir.Node) (any, error) {
	a := op.MaxRoiPool.Attrs(n)
	return &kern.RoiAlignParam{Height: a.PooledShape[0], Width: a.PooledShape[1], Scale: float64(a.SpatialScale)}, nil
}

func roiScratch(param any, args []kern.Arg, workers int) (int, error) {
	return kern.RoiScratch(param.(*kern.RoiAlignParam), args, workers), nil
}
