package cpu

import (
	"github.com/cameo-onnx/cameo/backend/cpu/kern"
	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/op"
)

// lateKernels holds the ops whose results have sizes that only the data tells.
var lateKernels = []Kernel{
	{Name: "non_zero", Op: op.NonZero.Op, Takes: takesTyped, Emit: emitNonZero, Dims: kern.NonZeroDims, Run: kern.NonZero},
	{Name: "compress", Op: op.Compress.Op, Takes: takesMove(0), Emit: emitCompress, Dims: kern.CompressDims, Run: kern.Compress},
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
