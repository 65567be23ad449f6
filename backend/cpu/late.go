package cpu

import (
	"github.com/cameo-onnx/cameo/backend/cpu/kern"
	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/op"
)

// lateKernels holds the ops whose results have sizes that only the data tells, and others that select.
var lateKernels = []Kernel{
	{Name: "non_zero", Op: op.NonZero.Op, Takes: takesTyped, Emit: emitNonZero, Dims: kern.NonZeroDims, Run: kern.NonZero},
	{Name: "compress", Op: op.Compress.Op, Takes: takesMove(0), Emit: emitCompress, Dims: kern.CompressDims, Run: kern.Compress},
	{Name: "non_max_suppression", Op: op.NonMaxSuppression.Op, Takes: takesTyped, Emit: emitNMS, Dims: kern.NonMaxSuppressionDims, Run: kern.NonMaxSuppression},
	{Name: "unique", Op: op.Unique.Op, Takes: takesTyped, Emit: emitUnique, Dims: kern.UniqueDims, Run: kern.Unique},
	{Name: "one_hot", Op: op.OneHot.Op, Takes: takesOneHot, Emit: emitOneHot, Dims: kern.OneHotDims, Run: kern.OneHot},
	{Name: "trilu", Op: op.Trilu.Op, Takes: takesMove(0), Emit: emitTrilu, Run: kern.Trilu},
	{Name: "reverse_sequence", Op: op.ReverseSequence.Op, Takes: takesMove(0), Emit: emitReverse, Run: kern.ReverseSequence},
	{Name: "reshape.copy", Op: op.Reshape.Op, Takes: takesMove(0), Emit: emitReshape, Dims: kern.ReshapeDims, Run: kern.Reshape},
}

func emitNonZero(_ *call, n *ir.Node) (any, error) {
	return &kern.NonZeroParam{Type: kernType(n.In[0].Type.DType)}, nil
}

func emitCompress(_ *call, n *ir.Node) (any, error) {
	p := &kern.CompressParam{Size: sizeOf(n.In[0]), Flat: true}
	if a := op.Compress.Attrs(n).Axis; a != nil {
		p.Axis, p.Flat = *a, false
	}
	return p, nil
}

// emitReshape makes a step of what is a view wherever sizes are known: the elements are copied to where their late sizes hold.
func emitReshape(_ *call, n *ir.Node) (any, error) {
	return &kern.ReshapeParam{AllowZero: op.Reshape.Attrs(n).AllowZero, Size: sizeOf(n.In[0])}, nil
}

func emitNMS(c *call, n *ir.Node) (any, error) {
	c.SetArgs(operands(n, 5)...)
	return &kern.NMSParam{Center: op.NonMaxSuppression.Attrs(n).CenterPointBox == 1}, nil
}

func emitUnique(c *call, n *ir.Node) (any, error) {
	a := op.Unique.Attrs(n)
	p := &kern.UniqueParam{Flat: true, Sorted: a.Sorted, Type: kernType(n.In[0].Type.DType)}
	if a.Axis != nil {
		p.Axis, p.Flat = *a.Axis, false
	}
	c.absent = 4 - len(n.Out)
	return p, nil
}

func takesOneHot(n *ir.Node) bool {
	for _, v := range n.In[:2] {
		if _, ok := kernTypeOf(v.Type.DType); !ok {
			return false
		}
	}
	return takesMove(2)(n)
}

func emitOneHot(_ *call, n *ir.Node) (any, error) {
	return &kern.OneHotParam{Axis: op.OneHot.Attrs(n).Axis, Index: kernType(n.In[0].Type.DType), Depth: kernType(n.In[1].Type.DType), Size: sizeOf(n.In[2])}, nil
}

func emitTrilu(_ *call, n *ir.Node) (any, error) {
	return &kern.TriluParam{Upper: op.Trilu.Attrs(n).Upper, Size: sizeOf(n.In[0])}, nil
}

func emitReverse(_ *call, n *ir.Node) (any, error) {
	return &kern.ReverseParam{TimeFirst: op.ReverseSequence.Attrs(n).TimeAxis == 0, Size: sizeOf(n.In[0])}, nil
}
