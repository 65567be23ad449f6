package cpu

import (
	"slices"

	"github.com/cameo-onnx/cameo/backend/cpu/kern"
	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/op"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// quantizeKernels holds the conversions between float32 and small integers by one constant scale and zero point, as pointwise
// loops, and the one that finds its scale itself.
var quantizeKernels = []Kernel{
	{Name: "quantize_linear.f32", Op: op.QuantizeLinear.Op, Takes: takesQuantize, Emit: emitScaling, Run: kern.PointwiseF32},
	{Name: "dynamic_quantize_linear", Op: op.DynamicQuantizeLinear.Op, Takes: takesDynamic, Run: kern.DynamicQuantizeLinear},
	{Name: "dequantize_linear.f32", Op: op.DequantizeLinear.Op, Takes: takesDequantize, Emit: emitScaling, Run: kern.PointwiseF32},
}

func takesDynamic(n *ir.Node) bool {
	return len(n.Bodies) == 0 && len(n.Out) == 3 && isF32(n.In[0]) && n.Out[0].Type.Layout == ir.RowMajor
}

// ranges of the integers that a float32 holds with room to spare.
var ranges = map[tensor.DType][2]float32{tensor.I8: {-128, 127}, tensor.U8: {0, 255}, tensor.I16: {-32768, 32767}, tensor.U16: {0, 65535}}

// scaleOf returns the one scale and zero point of a node, which must be constants.
func scaleOf(n *ir.Node) (scale, zero float32, ok bool) {
	s := n.In[1]
	if !s.IsConst() || s.Data.Len() != 1 || s.Type.DType != tensor.F32 {
		return 0, 0, false
	}
	scale = float32(s.Data.Float64At(0))
	if z := third(n); z != nil {
		if !z.IsConst() || z.Data.Len() != 1 {
			return 0, 0, false
		}
		zero = float32(z.Data.Float64At(0))
	}
	return scale, zero, true
}

func takesScaled(n *ir.Node, real, small *ir.Value, block int) bool {
	_, _, ok := scaleOf(n)
	_, whole := ranges[small.Type.DType]
	x, y := n.In[0].Type, n.Out[0].Type
	return ok && whole && block == 0 && real.Type.DType == tensor.F32 && len(n.Bodies) == 0 && !x.Unranked &&
		maxRank(n) <= kern.MaxRank && x.Layout == y.Layout
}

func takesQuantize(n *ir.Node) bool {
	a := op.QuantizeLinear.Attrs(n)
	return (a.Precision == tensor.Invalid || a.Precision == tensor.F32) && takesScaled(n, n.In[0], n.Out[0], a.BlockSize)
}

func takesDequantize(n *ir.Node) bool {
	return takesScaled(n, n.Out[0], n.In[0], op.DequantizeLinear.Attrs(n).BlockSize)
}

// emitScaling emits the program of one conversion.
func emitScaling(c *call, n *ir.Node) (any, error) {
	b := &programmer{regs: map[*ir.Value]uint8{}}
	b.load(n.In[0])
	prog, ok := b.finish([]uint8{b.scaling(n)})
	if !ok {
		return nil, errRegisters
	}
	c.SetArgs(n.In[0])
	return &kern.PointwiseParam{Program: prog, Types: []kern.DType{kernType(n.In[0].Type.DType), kernType(n.Out[0].Type.DType)}}, nil
}

// isScaling reports whether n converts between floats and small integers.
func isScaling(n *ir.Node) bool {
	return n.Op == op.QuantizeLinear.Op || n.Op == op.DequantizeLinear.Op
}

// scaling appends the instructions of a conversion, whose scale and zero point are constants.
func (b *programmer) scaling(n *ir.Node) uint8 {
	scale, zero, _ := scaleOf(n)
	x := reg(b.load(n.In[0]))
	if n.Op == op.QuantizeLinear.Op {
		return b.quantize(x, imm(scale), imm(zero), n.Out[0].Type.DType).reg
	}
	if q := n.In[0].Def; q != nil && q.Op == op.QuantizeLinear.Op && !slices.Contains(b.inputs, n.In[0]) { // never stored, which makes 0 of NaN
		x = reg(b.emit(kern.OpWhere, 0, b.unary(kern.OpIsNaN, x), b.emit(kern.OpConst, 0), x.reg))
	}
	return b.dequantize(x, imm(scale), imm(zero)).reg
}

// quantize appends x/scale, rounded to even, plus the zero point, within the range of to.
func (b *programmer) quantize(x, scale, zero operand, to tensor.DType) operand {
	x = reg(b.unary(kern.OpRound, reg(b.binary(kern.OpDiv, x, scale))))
	if zero != imm(0) {
		x = reg(b.binary(kern.OpAdd, x, zero))
	}
	r := ranges[to]
	return reg(b.binary(kern.OpMin, reg(b.binary(kern.OpMax, x, imm(r[0]))), imm(r[1])))
}

// dequantize appends (x - zero)·scale.
func (b *programmer) dequantize(x, scale, zero operand) operand {
	if zero != imm(0) {
		x = reg(b.binary(kern.OpSub, x, zero))
	}
	return reg(b.binary(kern.OpMul, x, scale))
}

// isWeights reports whether v's data is known when compiling: a constant, or quantized constants made floats again.
func isWeights(v *ir.Value) bool {
	if v.IsConst() {
		return true
	}
	n := v.Def
	if n == nil || n.Op != op.DequantizeLinear.Op || len(n.Bodies) > 0 {
		return false
	}
	for _, x := range n.In {
		if x != nil && !x.IsConst() {
			return false
		}
	}
	return true
}

// weights returns the data of v, of which isWeights holds.
func (e *emitter) weights(v *ir.Value) *tensor.Tensor {
	if v.IsConst() {
		return v.Data
	}
	return e.p.Consts[e.p.Slots[e.slots[v.ID]].Index]
}

// dequantized makes constants of a node that turns quantized constants into floats, if n is one.
func (e *emitter) dequantized(n *ir.Node) (bool, error) {
	if n.Op != op.DequantizeLinear.Op || !isWeights(n.Out[0]) {
		return false, nil
	}
	args := make([]tensor.Value, len(n.In))
	for i, v := range n.In {
		if v != nil {
			args[i] = v.Data
		}
	}
	res, err := ir.EvalNode(&ir.Env{Outs: 1, NodeID: ir.NodeKey(n)}, n, args)
	if err != nil {
		return false, err
	}
	e.slot(n.Out[0], e.constSlot(res[0].(*tensor.Tensor)))
	return true, nil
}
