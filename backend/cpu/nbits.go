package cpu

import (
	"github.com/cameo-onnx/cameo/backend/cpu/kern"
	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/op"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

var nbitsKernels = []Kernel{
	{Name: "matmul_nbits.f32", Op: op.MatMulNBits.Op, Takes: takesNBits, Emit: emitNBits, Scratch: nbitsScratch, Run: kern.MatMulNBitsF32},
}

// takesNBits takes float32 by constant weights whose blocks follow each other.
func takesNBits(n *ir.Node) bool {
	a := op.MatMulNBits.Attrs(n)
	in := operands(n, 6)
	if !areF32(in[0], in[2], in[5], n.Out[0]) || in[0].Type.Rank() < 1 || in[4] != nil || !in[1].IsConst() || !in[2].IsConst() {
		return false
	}
	blocks, per := (a.K+a.BlockSize-1)/a.BlockSize, 8/a.Bits
	if in[1].Data.Len() != a.N*blocks*a.BlockSize/per || in[2].Data.Len() != a.N*blocks {
		return false
	}
	switch z := in[3]; {
	case z == nil:
		return true
	case !z.IsConst():
		return false
	case z.Type.DType == tensor.U8:
		return z.Data.Len() == a.N*((blocks+per-1)/per)
	default:
		return z.Type.DType.IsFloat() && z.Data.Len() == a.N*blocks
	}
}

func emitNBits(c *call, n *ir.Node) (any, error) {
	a := op.MatMulNBits.Attrs(n)
	in := operands(n, 6)
	p := &kern.NBitsParam{K: a.K, N: a.N, Block: a.BlockSize, Bits: max(4, a.Bits), NR: kern.GemmNR()}
	blocks, per := (a.K+a.BlockSize-1)/a.BlockSize, 8/a.Bits
	s := &kern.NBitsSource{Data: in[1].Data.Bytes(), Bits: a.Bits, Scale: tensor.Data[float32](in[2].Data)}
	switch z := in[3]; {
	case z == nil:
		s.Zero = func(int, int) float32 { return float32(int(1) << (a.Bits - 1)) }
	case z.Type.DType == tensor.U8:
		data, row := z.Data.Bytes(), (blocks+per-1)/per
		s.Zero = func(n, b int) float32 {
			return float32(data[n*row+b/per] >> (b % per * a.Bits) & byte(1<<a.Bits-1))
		}
	default:
		s.Zero = func(n, b int) float32 { return float32(z.Data.Float64At(n*blocks + b)) }
	}
	weights, scales := kern.PackedNBits(p)
	w, scale, zero := c.e.room.tensor(tensor.U8, weights), c.e.room.tensor(tensor.F32, scales), c.e.room.tensor(tensor.F32, scales)
	kern.PackNBits(p, s, w.Bytes(), tensor.Data[float32](scale), tensor.Data[float32](zero))
	c.SetArgs(in[0], nil, nil, nil, in[5])
	c.PackAs(1, w, ir.ShapeOf(weights))
	c.PackAs(2, scale, ir.ShapeOf(scales))
	c.PackAs(3, zero, ir.ShapeOf(scales))
	return p, nil
}

func nbitsScratch(_ any, _ []kern.Arg, workers int) (int, error) {
	return kern.MatMulNBitsF32Scratch(workers), nil
}
