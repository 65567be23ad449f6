package cpu

import (
	"github.com/cameo-onnx/cameo/backend/cpu/kern"
	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/op"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

var poolKernels = []Kernel{
	{Name: "max_pool.f32", Op: op.MaxPool.Op, Takes: takesPool, Emit: emitPool, Run: kern.PoolF32},
	{Name: "max_pool.i8", Op: op.MaxPool.Op, Takes: takesBytePool, Emit: emitBytePool, Run: kern.MaxPoolBytes},
	{Name: "max_pool", Op: op.MaxPool.Op, Takes: takesMaxPool, Emit: emitMaxPool, Run: kern.MaxPool},
	{Name: "max_unpool", Op: op.MaxUnpool.Op, Takes: takesUnpool, Emit: emitUnpool, Dims: kern.MaxUnpoolDims, Run: kern.MaxUnpool},
	{Name: "col2im.f32", Op: op.Col2Im.Op, Takes: takesCol2Im, Emit: emitCol2Im, Run: kern.Col2Im},
	{Name: "average_pool.f32", Op: op.AveragePool.Op, Takes: takesPool, Emit: emitPool, Run: kern.PoolF32},
	{Name: "global_average_pool.f32", Op: op.GlobalAveragePool.Op, Takes: takesSpatial, Emit: emitGlobalPool(kern.ReduceMean), Run: kern.Reduce},
	{Name: "global_max_pool.f32", Op: op.GlobalMaxPool.Op, Takes: takesSpatial, Emit: emitGlobalPool(kern.ReduceMax), Run: kern.Reduce},
}

// takesSpatial takes float32 operands with channels and spatial axes, in one layout throughout.
func takesSpatial(n *ir.Node) bool { return n.In[0].Type.DType == tensor.F32 && isSpatial(n) }

func isSpatial(n *ir.Node) bool {
	x, y := n.In[0].Type, n.Out[0].Type
	return !x.Unranked && len(x.Shape) >= 3 && len(x.Shape) <= 5 && x.Layout == y.Layout && len(n.Out) == 1 && len(n.Bodies) == 0
}

func takesPool(n *ir.Node) bool {
	if !takesSpatial(n) {
		return false
	}
	_, ok := poolParam(n)
	return ok
}

// takesBytePool takes what takesPool does, of 8-bit integers.
func takesBytePool(n *ir.Node) bool {
	if d := n.In[0].Type.DType; d != tensor.I8 && d != tensor.U8 || !isSpatial(n) {
		return false
	}
	_, ok := poolParam(n)
	return ok
}

func emitBytePool(c *call, n *ir.Node) (any, error) {
	p, _ := poolParam(n)
	spatialAliases(c, n)
	return &kern.BytePoolParam{PoolParam: *p, Signed: n.In[0].Type.DType == tensor.I8}, nil
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

// takesMaxPool takes what max_pool.f32 does not: other types, and places beside the maxima.
func takesMaxPool(n *ir.Node) bool {
	r := n.In[0].Type.Rank()
	if d := n.In[0].Type.DType; !takesTyped(n) || r < 3 || r > 5 || d != tensor.F32 && d != tensor.F64 && d != tensor.I8 && d != tensor.U8 {
		return false
	}
	_, ok := poolParam(n)
	return ok
}

func emitMaxPool(c *call, n *ir.Node) (any, error) {
	p, _ := poolParam(n)
	c.absent = 2 - len(n.Out)
	return &kern.MaxPoolParam{Pool: *p, Type: kernType(n.In[0].Type.DType), Columns: op.MaxPool.Attrs(n).StorageOrder == 1}, nil
}

func takesUnpool(n *ir.Node) bool {
	return takesMove(0)(n) && n.In[0].Type.Rank() >= 2
}

func emitUnpool(_ *call, n *ir.Node) (any, error) {
	a := op.MaxUnpool.Attrs(n)
	p := &kern.UnpoolParam{Kernel: a.KernelShape, Strides: ones(a.Strides, len(a.KernelShape)), Pads: a.Pads, Size: sizeOf(n.In[0])}
	if len(p.Pads) == 0 {
		p.Pads = make([]int, 2*len(p.Kernel))
	}
	return p, nil
}

func takesCol2Im(n *ir.Node) bool {
	return takesMove(0)(n) && isF32(n.In[0]) && isF32(n.Out[0]) && n.In[0].Type.Rank() == 3
}

func emitCol2Im(_ *call, n *ir.Node) (any, error) {
	a := op.Col2Im.Attrs(n)
	r := n.Out[0].Type.Rank() - 2
	p := &kern.Col2ImParam{Strides: ones(a.Strides, r), Dilations: ones(a.Dilations, r), Pads: a.Pads}
	if a.Pads == nil {
		p.Pads = make([]int, 2*r)
	}
	return p, nil
}
