package cpu

import (
	"maps"
	"slices"

	"github.com/cameo-onnx/cameo/backend/cpu/kern"
	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/op"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// arithKernels holds arithmetic, comparison and logic on other types than float32: the small tensors of sizes, positions and masks.
var arithKernels = func() []Kernel {
	var out []Kernel
	binary := map[*ir.Op]kern.Op{op.Min.Op: kern.OpMin, op.Max.Op: kern.OpMax, op.Mod.Op: kern.OpMod, op.Pow.Op: kern.OpPow}
	maps.Copy(binary, binaryOps)
	for o, code := range binary {
		out = append(out, Kernel{Name: o.Name, Op: o, Takes: takesArith, Emit: emitArith(code), Run: kern.Arith})
	}
	unary := map[*ir.Op]kern.Op{op.BitwiseNot.Op: kern.OpFlip}
	for _, o := range []*ir.Op{
		op.Neg.Op, op.Abs.Op, op.Sign.Op, op.Relu.Op, op.Not.Op, op.Sqrt.Op, op.Reciprocal.Op, op.Floor.Op, op.Ceil.Op, op.Round.Op,
		op.Exp.Op, op.Log.Op, op.Sigmoid.Op, op.Tanh.Op, op.Erf.Op, op.Sin.Op, op.Cos.Op, op.Tan.Op, op.IsNaN.Op,
	} {
		unary[o] = unaryOps[o]
	}
	for o, code := range unary {
		out = append(out, Kernel{Name: o.Name, Op: o, Takes: takesUnary, Emit: emitArith(code), Run: kern.Unary})
	}
	for o, code := range map[*ir.Op]kern.BitOp{
		op.BitwiseAnd.Op: kern.BitAnd, op.BitwiseOr.Op: kern.BitOr, op.BitwiseXor.Op: kern.BitXor, op.BitShift.Op: kern.BitLeft,
	} {
		out = append(out, Kernel{Name: o.Name, Op: o, Takes: takesArith, Emit: emitBits(code), Run: kern.Bits})
	}
	return out
}()

// wholeOps are the ops of one operand that integers have too; bools have Not, and the others are for float64.
var wholeOps = opSet(op.Neg.Op, op.Abs.Op, op.Sign.Op, op.Relu.Op, op.BitwiseNot.Op)

// takesArith takes two operands of one type that kernels have a name for: integers, bools and float64.
func takesArith(n *ir.Node) bool {
	if !takesTyped(n) || len(n.In) != 2 || slices.Contains(n.In, nil) || n.In[0].Type.DType != n.In[1].Type.DType {
		return false
	}
	switch d := n.In[0].Type.DType; n.Op {
	case op.Min.Op, op.Max.Op:
		return d.IsInt() // NaN is left to Eval
	case op.Pow.Op:
		return d != tensor.F32 // whose powers are pointwise programs
	case op.Div.Op:
		return d != tensor.Bool
	}
	return true
}

func takesUnary(n *ir.Node) bool {
	d := n.In[0].Type.DType
	return takesTyped(n) && (d.IsInt() && wholeOps[n.Op] || n.Op == op.Not.Op || d == tensor.F64)
}

func emitArith(code kern.Op) func(*call, *ir.Node) (any, error) {
	return func(_ *call, n *ir.Node) (any, error) {
		if n.Op == op.Mod.Op && op.Mod.Attrs(n).Fmod != 0 {
			return &kern.ArithParam{Op: kern.OpFmod, Type: kernType(n.In[0].Type.DType)}, nil
		}
		return &kern.ArithParam{Op: code, Type: kernType(n.In[0].Type.DType)}, nil
	}
}

func emitBits(code kern.BitOp) func(*call, *ir.Node) (any, error) {
	return func(_ *call, n *ir.Node) (any, error) {
		p := &kern.BitsParam{Op: code, Type: kernType(n.In[0].Type.DType)}
		if n.Op == op.BitShift.Op && op.BitShift.Attrs(n).Direction == "RIGHT" {
			p.Op = kern.BitRight
		}
		return p, nil
	}
}

// scatterKernels holds what writes to places that indices name.
var scatterKernels = []Kernel{
	{Name: "scatter_nd", Op: op.ScatterND.Op, Takes: takesScatter, Emit: emitScatterND, Run: kern.ScatterND},
	{Name: "scatter_elements", Op: op.ScatterElements.Op, Takes: takesScatter, Emit: emitScatterElements, Run: kern.ScatterElements},
}

var scatterOps = map[string]kern.ScatterOp{
	"none": kern.ScatterSet, "add": kern.ScatterAdd, "mul": kern.ScatterMul, "max": kern.ScatterMax, "min": kern.ScatterMin,
}

// takesScatter takes sums and the like of numbers that kernels have names for, and of any type of up to 8 bytes what is merely written.
func takesScatter(n *ir.Node) bool {
	d := n.In[0].Type.DType
	if !takesMove(0)(n) || n.In[0].Type.Rank() == 0 {
		return false
	}
	_, typed := kernTypeOf(d)
	return typed && d != tensor.Bool || scatterReduction(n) == "none" && d.Bits() <= 64
}

// wordTypes are integers by their bytes, for what is only moved.
var wordTypes = map[int]kern.DType{1: kern.Uint8, 2: kern.Uint16, 4: kern.Uint32, 8: kern.Uint64}

func scatterReduction(n *ir.Node) string {
	switch a := n.Attrs.(type) {
	case op.ScatterNDAttrs:
		return a.Reduction
	case op.ScatterElementsAttrs:
		return a.Reduction
	}
	return ""
}

func scatterParam(n *ir.Node) *kern.ScatterParam {
	p := &kern.ScatterParam{Op: scatterOps[scatterReduction(n)], Type: kernType(n.In[0].Type.DType), Index: kernType(n.In[1].Type.DType)}
	if p.Op == kern.ScatterSet {
		p.Type = wordTypes[sizeOf(n.In[0])]
	}
	return p
}

func emitScatterND(_ *call, n *ir.Node) (any, error) { return scatterParam(n), nil }

func emitScatterElements(_ *call, n *ir.Node) (any, error) {
	p := scatterParam(n)
	p.Axis = op.ScatterElements.Attrs(n).Axis
	return p, nil
}
