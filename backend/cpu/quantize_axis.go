package cpu

import (
	"slices"

	"github.com/cameo-onnx/cameo/backend/cpu/kern"
	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/op"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// spreadKernels holds the conversions whose scales differ along an axis or in blocks, or are known only when running: pointwise
// loops into which they broadcast.
var spreadKernels = []Kernel{
	{Name: "quantize_linear.spread.f32", Op: op.QuantizeLinear.Op, Takes: takesSpread, Emit: emitSpread, Run: kern.PointwiseF32},
	{Name: "dequantize_linear.spread.f32", Op: op.DequantizeLinear.Op, Takes: takesSpread, Emit: emitSpread, Run: kern.PointwiseF32},
}

// A spread is how the elements of x and their scales lie to each other: x as the kernel sees it, and the scales, which broadcast into it.
type spread struct{ x, scale ir.Shape }

// spreadOf returns how scales are spread; false where a pointwise loop cannot.
func spreadOf(n *ir.Node) (s spread, ok bool) {
	x, scale := n.In[0].Type, n.In[1].Type
	axis, block := scalingAxis(n)
	one := isOneElement(n.In[1])
	switch {
	case one && block == 0:
		return spread{x.Shape, ir.Shape{}}, true
	case axis < 0 || axis >= len(x.Shape):
		return s, false
	case block == 0:
		if scale.Rank() != 1 || !scale.Shape[0].Equal(x.Shape[axis]) {
			return s, false
		}
		s = spread{x.Shape, slices.Repeat([]sym.Dim{sym.Const(1)}, len(x.Shape)-axis)}
		s.scale[0] = x.Shape[axis]
		return s, true
	}
	size, known := x.Shape[axis].Int()
	if !known || block < 1 || size%block != 0 || size == 0 || scale.Rank() != x.Rank() {
		return s, false
	}
	s.x = slices.Insert(slices.Clone(x.Shape), axis+1, sym.Const(block))
	s.x[axis] = sym.Const(size / block)
	s.scale = slices.Insert(slices.Clone(x.Shape), axis+1, sym.Const(1))
	s.scale[axis] = s.x[axis]
	return s, true
}

// scalingAxis returns the axis along which scales differ, and the block.
func scalingAxis(n *ir.Node) (axis, block int) {
	switch a := n.Attrs.(type) {
	case op.QuantizeAttrs:
		axis, block = a.Axis, a.BlockSize
	case op.DequantizeAttrs:
		axis, block = a.Axis, a.BlockSize
	}
	rank := n.In[0].Type.Rank()
	if axis < 0 {
		axis += rank
	}
	if rank == 1 {
		axis = 0
	}
	return axis, block
}

func takesSpread(n *ir.Node) bool {
	real, small := n.In[0], n.Out[0]
	if n.Op == op.DequantizeLinear.Op {
		real, small = small, real
	} else if a := op.QuantizeLinear.Attrs(n); a.Precision != tensor.Invalid && a.Precision != tensor.F32 {
		return false
	}
	for _, v := range slices.Concat(n.In, n.Out) {
		if v != nil && (v.Type.Kind != ir.Tensor || v.Type.Unranked || v.Type.Layout != ir.RowMajor) {
			return false
		}
	}
	if _, whole := ranges[small.Type.DType]; !whole || real.Type.DType != tensor.F32 || n.In[1].Type.DType != tensor.F32 || len(n.Bodies) > 0 {
		return false
	}
	if z := third(n); z != nil && !z.Type.Shape.Equal(n.In[1].Type.Shape) && !(isOneElement(z) && isOneElement(n.In[1])) {
		return false
	}
	s, ok := spreadOf(n)
	return ok && len(s.x) <= kern.MaxRank
}

func emitSpread(c *call, n *ir.Node) (any, error) {
	s, _ := spreadOf(n)
	b := &programmer{regs: map[*ir.Value]uint8{}}
	operands, types := []*ir.Value{n.In[0], n.In[1]}, []kern.DType{kernType(n.In[0].Type.DType), kern.Float32}
	x, scale, zero := reg(0), reg(1), imm(0)
	if z := third(n); z != nil {
		operands, types, zero = append(operands, z), append(types, kernType(z.Type.DType)), reg(2)
	}
	b.inputs, b.next = operands, len(operands)
	if n.Op == op.DequantizeLinear.Op {
		x = b.dequantize(x, scale, zero)
	} else {
		x = b.quantize(x, scale, zero, n.Out[0].Type.DType)
	}
	prog, ok := b.finish([]uint8{x.reg})
	if !ok {
		return nil, errRegisters
	}
	c.SetArgs(operands...)
	c.Alias(0, s.x)
	for i := range operands[1:] {
		c.Alias(1+i, s.scale)
	}
	c.AliasOut(0, s.x)
	return &kern.PointwiseParam{Program: prog, Types: append(types, kernType(n.Out[0].Type.DType))}, nil
}
