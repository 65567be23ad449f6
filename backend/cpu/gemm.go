package cpu

import (
	"github.com/cameo-onnx/cameo/backend/cpu/kern"
	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/op"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

var gemmKernels = []Kernel{
	{Name: "gemm.f32", Op: op.Gemm.Op, Takes: takesGemm, Emit: emitGemm, Scratch: gemmScratch, Run: kern.GemmF32},
	{Name: "matmul.f32", Op: op.MatMul.Op, Takes: takesMatMul, Emit: emitMatMul, Scratch: gemmScratch, Run: kern.GemmF32},
}

// takesGemm reports whether n is a product of float32 matrices whose bias, if any, is one row.
func takesGemm(n *ir.Node) bool {
	a := op.Gemm.Attrs(n)
	if !allF32(n) || len(n.Bodies) > 0 {
		return false
	}
	if len(n.In) < 3 || n.In[2] == nil {
		return true
	}
	return a.Alpha == 1 && a.Beta == 1 && isRow(n.In[2], n.Out[0])
}

// isRow reports whether v is a vector that is added to every row of the matrix y.
func isRow(v, y *ir.Value) bool {
	s := v.Type.Shape
	if len(s) == 0 || !s[len(s)-1].Equal(y.Type.Shape[len(y.Type.Shape)-1]) {
		return false
	}
	for _, d := range s[:len(s)-1] {
		if n, ok := d.Int(); !ok || n != 1 {
			return false
		}
	}
	return true
}

func emitGemm(c *call, n *ir.Node) (any, error) {
	a := op.Gemm.Attrs(n)
	p := &kern.GemmParam{TransA: a.TransA, TransB: a.TransB, Alpha: a.Alpha}
	if len(n.In) > 2 {
		c.SetArgs(n.In[0], n.In[1], n.In[2], nil)
	} else {
		c.SetArgs(n.In[0], n.In[1], nil, nil)
	}
	packB(c, p, n.In[1])
	return p, nil
}

func takesMatMul(n *ir.Node) bool { return allF32(n) && len(n.Bodies) == 0 }

func emitMatMul(c *call, n *ir.Node) (any, error) {
	p := &kern.GemmParam{}
	c.SetArgs(n.In[0], n.In[1], nil, nil)
	packB(c, p, n.In[1])
	return p, nil
}

// packB packs a constant B of two dimensions for the kernel that this machine takes.
func packB(c *call, p *kern.GemmParam, b *ir.Value) {
	if !b.IsConst() || b.Type.Rank() != 2 || b.Data.Len() == 0 {
		return
	}
	k, n := b.Data.Dims()[0], b.Data.Dims()[1]
	ldb := n
	if p.TransB {
		k, n = n, k
	}
	p.NR = kern.GemmNR()
	packed := tensor.New(tensor.F32, kern.PackedB(k, n, p.NR))
	kern.PackB(tensor.Data[float32](packed), tensor.Data[float32](b.Data), ldb, k, n, p.NR, p.TransB)
	c.PackAs(1, packed, b.Type.Shape)
}

func gemmScratch(param any, args []kern.Arg, workers int) (int, error) {
	return kern.GemmF32Scratch(param.(*kern.GemmParam), args[0].Dims, args[1].Dims, workers)
}
