package cpu

import (
	"github.com/cameo-onnx/cameo/backend/cpu/kern"
	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/op"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

var gemmKernels = []Kernel{
	{Name: "gemm.f32", Op: op.Gemm.Op, Takes: takesGemm, Emit: emitGemm, Scratch: gemmScratch, Body: true, Run: kern.GemmF32},
	{Name: "matmul.f32", Op: op.MatMul.Op, Takes: takesGemm, Emit: emitMatMul, Scratch: gemmScratch, Body: true, Run: kern.GemmF32},
}

// takesGemm reports whether n is a product of float32 matrices.
func takesGemm(n *ir.Node) bool {
	if n.Op == op.Gemm.Op && op.Gemm.Attrs(n).Alpha == 0 {
		return false // the kernel's 0 is 1
	}
	return areF32(n.In[:n.Own()]...) && isF32(n.Out[0]) && takesEpilogue(n)
}

func emitGemm(c *call, n *ir.Node) (any, error) {
	a := op.Gemm.Attrs(n)
	p := &kern.GemmParam{TransA: a.TransA, TransB: a.TransB, Alpha: a.Alpha}
	var t tail
	var scaled *ir.Value
	y := n.Out[0]
	if n.Own() > 2 && n.In[2] != nil && a.Beta != 0 {
		switch v := n.In[2]; {
		case a.Beta == 1 && alongAxis(v, y, y.Type.Rank()-1):
			t.bias = v
		case a.Beta == 1 && v.Type.Shape.Equal(y.Type.Shape):
			t.res = v
		default:
			scaled = v
		}
	}
	return c.product(n, p, t, scaled, a.Beta)
}

func emitMatMul(c *call, n *ir.Node) (any, error) {
	return c.product(n, &kern.GemmParam{}, tail{}, nil, 0)
}

// product emits a matrix product, with beta·scaled behind it if that is there.
func (c *call) product(n *ir.Node, p *kern.GemmParam, t tail, scaled *ir.Value, beta float32) (any, error) {
	if scaled != nil {
		t.body = n.Epilogue()
		if t.body != nil {
			t.y, t.rest = t.body.Inputs[0], t.body.Nodes
		}
	} else {
		channel := n.Out[0].Type.Rank() - 1
		if n.In[1].Type.Rank() == 1 {
			channel = -1 // the result's last axis is one of A
		}
		t = tailOf(n, t, channel, true)
	}
	p.Clamp = t.clamp
	c.SetArgs(n.In[0], n.In[1], t.bias, t.res)
	packB(c, p, n.In[1])
	if scaled == nil && len(t.rest) == 0 {
		return p, nil
	}
	return c.then(n, kern.ThenParam{Gemm: p}, t, scaled, beta)
}

// packB packs a constant B of two dimensions for the kernel that this machine takes.
func packB(c *call, p *kern.GemmParam, b *ir.Value) {
	if !isWeights(b) || b.Type.Rank() != 2 || empty(b) {
		return
	}
	data := c.e.weights(b)
	k, n := data.Dims()[0], data.Dims()[1]
	ldb := n
	if p.TransB {
		k, n = n, k
	}
	p.NR = kern.GemmNR()
	packed := c.e.room.tensor(tensor.F32, kern.PackedB(k, n, p.NR))
	kern.PackB(tensor.Data[float32](packed), tensor.Data[float32](data), ldb, k, n, p.NR, p.TransB)
	c.PackAs(1, packed, b.Type.Shape)
}

func gemmScratch(param any, args []kern.Arg, workers int) (int, error) {
	return kern.GemmF32Scratch(param.(*kern.GemmParam), args[0].Dims, args[1].Dims, workers)
}
