package cpu

import (
	"slices"

	"github.com/cameo-onnx/cameo/backend/cpu/kern"
	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/op"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// arithKernels holds arithmetic, comparison and logic on other types than float32: the small tensors of sizes, positions and masks.
var arithKernels = func() []Kernel {
	var out []Kernel
	for o, code := range map[*ir.Op]kern.Op{
		op.Add.Op: kern.OpAdd, op.Sub.Op: kern.OpSub, op.Mul.Op: kern.OpMul, op.Div.Op: kern.OpDiv, op.Min.Op: kern.OpMin, op.Max.Op: kern.OpMax, op.Mod.Op: kern.OpMod,
		op.Equal.Op: kern.OpEq, op.Greater.Op: kern.OpGt, op.GreaterOrEqual.Op: kern.OpGe, op.Less.Op: kern.OpLt, op.LessOrEqual.Op: kern.OpLe,
		op.And.Op: kern.OpAnd, op.Or.Op: kern.OpOr, op.Xor.Op: kern.OpXor,
	} {
		out = append(out, Kernel{Name: o.Name, Op: o, Takes: takesArith, Emit: emitArith(code), Run: kern.Arith})
	}
	for o, code := range map[*ir.Op]kern.Op{op.Neg.Op: kern.OpNeg, op.Abs.Op: kern.OpAbs, op.Sign.Op: kern.OpSign, op.Not.Op: kern.OpNot} {
		out = append(out, Kernel{Name: o.Name, Op: o, Takes: takesUnary, Emit: emitArith(code), Run: kern.Unary})
	}
	return out
}()

// takesArith takes two operands of one type that kernels have a name for: integers, bools and float64.
func takesArith(n *ir.Node) bool {
	if !takesTyped(n) || len(n.In) != 2 || slices.Contains(n.In, nil) || n.In[0].Type.DType != n.In[1].Type.DType {
		return false
	}
	switch d := n.In[0].Type.DType; n.Op {
	case op.Min.Op, op.Max.Op:
		return d.IsInt() // NaN is left to Eval
	case op.Mod.Op:
		return d.IsInt()
	case op.Div.Op:
		return d != tensor.Bool
	}
	return true
}

func takesUnary(n *ir.Node) bool {
	d := n.In[0].Type.DType
	return takesTyped(n) && (d.IsInt() || n.Op == op.Not.Op)
}

func emitArith(code kern.Op) func(*call, *ir.Node) (any, error) {
	return func(_ *call, n *ir.Node) (any, error) {
		if n.Op == op.Mod.Op && op.Mod.Attrs(n).Fmod != 0 {
			return &kern.ArithParam{Op: kern.OpFmod, Type: kernType(n.In[0].Type.DType)}, nil
		}
		return &kern.ArithParam{Op: code, Type: kernType(n.In[0].Type.DType)}, nil
	}
}

// scatterKernels holds what writes to places that indices name.
var scatterKernels = []Kernel{
	{Name: "scatter_nd", Op: op.ScatterND.Op, Takes: takesScatter, Emit: emitScatterND, Run: kern.ScatterND},
	{Name: "scatter_elements", Op: op.ScatterElements.Op, Takes: takesScatter, Emit: emitScatterElements, Run: kern.ScatterElements},
}

var scatterOps = map[string]kern.ScatterOp{"none": kern.ScatterSet, "add": kern.ScatterAdd, "mul": kern.ScatterMul, "max": kern.ScatterMax, "min": kern.ScatterMin}

// takesScatter takes float32 and what is merely written.
func takesScatter(n *ir.Node) bool {
	return takesTyped(n) && n.In[0].Type.Rank() > 0 && (n.In[0].Type.DType == tensor.F32 || scatterReduction(n) == "none")
}

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
	return &kern.ScatterParam{Op: scatterOps[scatterReduction(n)], Type: kernType(n.In[0].Type.DType), Index: kernType(n.In[1].Type.DType)}
}

func emitScatterND(_ *call, n *ir.Node) (any, error) { return scatterParam(n), nil }

func emitScatterElements(_ *call, n *ir.Node) (any, error) {
	p := scatterParam(n)
	p.Axis = op.ScatterElements.Attrs(n).Axis
	return p, nil
}
