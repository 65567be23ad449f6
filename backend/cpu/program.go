package cpu

import (
	"maps"
	"slices"

	"github.com/cameo-onnx/cameo/backend/cpu/kern"
	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/op"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// programmer turns elementwise nodes into a register program. Temporaries are given numbers of their own first; finish packs
// them into registers.
type programmer struct {
	code   []kern.Instr
	inputs []*ir.Value
	regs   map[*ir.Value]uint8
	next   int // the next virtual register
	failed bool
}

// instruction builds what a node means from its operands' registers and returns the register of the result.
type instruction func(b *programmer, n *ir.Node, in []operand) uint8

// An operand is a register, or a number known when compiling.
type operand struct {
	reg   uint8
	imm   float32
	isImm bool
}

// emit appends an instruction that reads registers in, and returns the register of its result.
func (b *programmer) emit(o kern.Op, imm float32, in ...uint8) uint8 {
	if b.next >= 250 {
		b.failed = true
		return 0
	}
	i := kern.Instr{Op: o, Dst: uint8(b.next), Imm: imm}
	for k, r := range in {
		*i.Operands()[k] = r
	}
	b.code = append(b.code, i)
	b.next++
	return i.Dst
}

// reg returns an operand in a register.
func (b *programmer) reg(x operand) uint8 {
	if x.isImm {
		return b.emit(kern.OpConst, x.imm)
	}
	return x.reg
}

// unary applies an instruction of one operand.
func (b *programmer) unary(o kern.Op, x operand) uint8 { return b.emit(o, 0, b.reg(x)) }

// binary applies an instruction of two operands, one of which may be a number.
func (b *programmer) binary(o kern.Op, x, y operand) uint8 {
	switch {
	case y.isImm && !x.isImm:
		return b.emit(o, y.imm, x.reg, kern.ImmReg)
	case x.isImm && !y.isImm:
		return b.emit(o, x.imm, kern.ImmReg, y.reg)
	}
	return b.emit(o, 0, b.reg(x), b.reg(y))
}

func imm(x float32) operand { return operand{imm: x, isImm: true} }

func reg(r uint8) operand { return operand{reg: r} }

// folded applies an instruction from the left over any number of operands.
func folded(o kern.Op, last func(b *programmer, x uint8, n int) uint8) instruction {
	return func(b *programmer, _ *ir.Node, in []operand) uint8 {
		x := in[0]
		for _, y := range in[1:] {
			x = reg(b.binary(o, x, y))
		}
		if last != nil {
			return last(b, b.reg(x), len(in))
		}
		return b.reg(x)
	}
}

// unaryOps are the ops of one operand that are an instruction.
var unaryOps = map[*ir.Op]kern.Op{
	op.Identity.Op: kern.OpCopy, op.Neg.Op: kern.OpNeg, op.Abs.Op: kern.OpAbs, op.Sign.Op: kern.OpSign, op.Not.Op: kern.OpNot, op.IsNaN.Op: kern.OpIsNaN,
	op.Floor.Op: kern.OpFloor, op.Ceil.Op: kern.OpCeil, op.Round.Op: kern.OpRound, op.Sqrt.Op: kern.OpSqrt, op.Reciprocal.Op: kern.OpReciprocal,
	op.Exp.Op: kern.OpExp, op.Log.Op: kern.OpLog, op.Erf.Op: kern.OpErf, op.Relu.Op: kern.OpRelu, op.Sigmoid.Op: kern.OpSigmoid, op.Tanh.Op: kern.OpTanh,
	op.Softplus.Op: kern.OpSoftplus, op.Softsign.Op: kern.OpSoftsign, op.Mish.Op: kern.OpMish, op.HardSwish.Op: kern.OpHardSwish,
	op.Sin.Op: kern.OpSin, op.Cos.Op: kern.OpCos, op.Tan.Op: kern.OpTan, op.Asin.Op: kern.OpAsin, op.Acos.Op: kern.OpAcos, op.Atan.Op: kern.OpAtan,
	op.Sinh.Op: kern.OpSinh, op.Cosh.Op: kern.OpCosh, op.Asinh.Op: kern.OpAsinh, op.Acosh.Op: kern.OpAcosh, op.Atanh.Op: kern.OpAtanh,
}

// binaryOps are the ops of two operands that are an instruction, whatever their type.
var binaryOps = map[*ir.Op]kern.Op{
	op.Add.Op: kern.OpAdd, op.Sub.Op: kern.OpSub, op.Mul.Op: kern.OpMul, op.Div.Op: kern.OpDiv,
	op.Equal.Op: kern.OpEq, op.Greater.Op: kern.OpGt, op.GreaterOrEqual.Op: kern.OpGe, op.Less.Op: kern.OpLt, op.LessOrEqual.Op: kern.OpLe,
	op.And.Op: kern.OpAnd, op.Or.Op: kern.OpOr, op.Xor.Op: kern.OpXor,
}

// instructions holds what the pointwise kernel can do, by op. Ops that need a file of their own to be understood are left to Eval.
var instructions = func() map[*ir.Op]instruction {
	out := maps.Clone(specialInstructions)
	for o, code := range unaryOps {
		out[o] = func(b *programmer, _ *ir.Node, in []operand) uint8 { return b.unary(code, in[0]) }
	}
	for o, code := range binaryOps {
		out[o] = func(b *programmer, _ *ir.Node, in []operand) uint8 { return b.binary(code, in[0], in[1]) }
	}
	return out
}()

// specialInstructions are those that look at attributes, or at how many operands there are.
var specialInstructions = map[*ir.Op]instruction{
	op.Max.Op: folded(kern.OpMax, nil), op.Min.Op: folded(kern.OpMin, nil), op.Sum.Op: folded(kern.OpAdd, nil),
	op.Mean.Op: folded(kern.OpAdd, func(b *programmer, x uint8, n int) uint8 {
		return b.binary(kern.OpDiv, reg(x), imm(float32(n)))
	}),
	op.Pow.Op:   powInstr,
	op.IsInf.Op: isInfInstr, op.Clip.Op: clipInstr, op.Where.Op: whereInstr, op.Gelu.Op: geluInstr, op.Selu.Op: seluInstr,
	op.LeakyRelu.Op: func(b *programmer, n *ir.Node, in []operand) uint8 {
		return b.binary(kern.OpPRelu, reg(b.reg(in[0])), imm(op.LeakyRelu.Attrs(n).Alpha))
	},
	op.Elu.Op: func(b *programmer, n *ir.Node, in []operand) uint8 {
		return b.emit(kern.OpElu, op.Elu.Attrs(n).Alpha, b.reg(in[0]))
	},
	op.HardSigmoid.Op: func(b *programmer, n *ir.Node, in []operand) uint8 {
		a := op.HardSigmoid.Attrs(n)
		x := b.binary(kern.OpAdd, reg(b.binary(kern.OpMul, reg(b.reg(in[0])), imm(a.Alpha))), imm(a.Beta))
		return b.emit(kern.OpReluN, 1, x)
	},
	op.Swish.Op: func(b *programmer, n *ir.Node, in []operand) uint8 {
		x := b.reg(in[0])
		if a := op.Swish.Attrs(n).Alpha; a != 1 {
			return b.binary(kern.OpMul, reg(x), reg(b.unary(kern.OpSigmoid, reg(b.binary(kern.OpMul, reg(x), imm(a))))))
		}
		return b.unary(kern.OpSilu, reg(x))
	},
	op.PRelu.Op: func(b *programmer, _ *ir.Node, in []operand) uint8 { return b.binary(kern.OpPRelu, in[0], in[1]) },
	op.Cast.Op:  func(b *programmer, _ *ir.Node, in []operand) uint8 { return b.reg(in[0]) },
}

func powInstr(b *programmer, _ *ir.Node, in []operand) uint8 {
	if in[1].isImm {
		switch in[1].imm {
		case 2:
			return b.unary(kern.OpSquare, in[0])
		case 0.5:
			return b.unary(kern.OpSqrt, in[0])
		case 3:
			x := reg(b.reg(in[0]))
			return b.binary(kern.OpMul, reg(b.unary(kern.OpSquare, x)), x)
		}
	}
	return b.binary(kern.OpPow, in[0], in[1])
}

func isInfInstr(b *programmer, n *ir.Node, in []operand) uint8 {
	a := op.IsInf.Attrs(n)
	x := reg(b.reg(in[0]))
	m := b.unary(kern.OpIsInf, x)
	switch {
	case !a.DetectPositive && !a.DetectNegative:
		return b.emit(kern.OpConst, 0)
	case !a.DetectPositive:
		return b.binary(kern.OpAnd, reg(m), reg(b.binary(kern.OpLt, x, imm(0))))
	case !a.DetectNegative:
		return b.binary(kern.OpAnd, reg(m), reg(b.binary(kern.OpGt, x, imm(0))))
	}
	return m
}

func clipInstr(b *programmer, n *ir.Node, in []operand) uint8 {
	x := b.reg(in[0])
	if len(in) > 1 && n.In[1] != nil {
		x = b.binary(kern.OpMax, reg(x), in[1])
	}
	if len(in) > 2 && n.In[2] != nil {
		x = b.binary(kern.OpMin, reg(x), in[2])
	}
	return x
}

func whereInstr(b *programmer, _ *ir.Node, in []operand) uint8 {
	return b.emit(kern.OpWhere, 0, b.reg(in[0]), b.reg(in[1]), b.reg(in[2]))
}

func geluInstr(b *programmer, n *ir.Node, in []operand) uint8 {
	x := reg(b.binary(kern.OpMax, in[0], imm(-100))) // there the result is 0 already, and at -Inf it would be 0 times Inf
	if op.Gelu.Attrs(n).Approximate == "tanh" {
		return b.unary(kern.OpGeluTanh, x)
	}
	return b.unary(kern.OpGelu, x)
}

func seluInstr(b *programmer, n *ir.Node, in []operand) uint8 {
	a := op.Selu.Attrs(n)
	return b.binary(kern.OpMul, reg(b.emit(kern.OpElu, a.Alpha, b.reg(in[0]))), imm(a.Gamma))
}

// pointwiseType reports whether the pointwise kernel can read and write elements of type d without loss.
func pointwiseType(d tensor.DType) bool { return inF32(d) || d == tensor.Bool }

// inF32 reports whether d is a float that programs compute with in float32: every number of it is one of float32.
func inF32(d tensor.DType) bool { return d == tensor.F32 || d == tensor.F16 || d == tensor.BF16 }

// roundings holds the instructions that round results to narrower types.
var roundings = map[tensor.DType]kern.Op{tensor.F16: kern.OpF16, tensor.BF16: kern.OpBF16}

// exactOps return one of their operands, or a number that any float has.
var exactOps = opSet(
	op.Identity.Op, op.Neg.Op, op.Abs.Op, op.Relu.Op, op.Max.Op, op.Min.Op, op.Clip.Op, op.Where.Op, op.Sign.Op, op.Floor.Op, op.Ceil.Op, op.Round.Op,
)

// inProgram reports whether n can be part of a register program.
func inProgram(n *ir.Node) bool {
	switch n.Op {
	case op.QuantizeLinear.Op:
		return takesQuantize(n)
	case op.DequantizeLinear.Op:
		return takesDequantize(n) && !isWeights(n.Out[0])
	}
	if instructions[n.Op] == nil || len(n.Bodies) > 0 || len(n.Out) != 1 || n.Op == op.Cast.Op && n.Out[0].Type.DType == tensor.Bool {
		return false
	}
	for _, list := range [][]*ir.Value{n.In, n.Out} {
		for _, v := range list {
			if v != nil && (v.Type.Kind != ir.Tensor || v.Type.Unranked || !pointwiseType(v.Type.DType)) {
				return false
			}
		}
	}
	return true
}

// scalarOf returns the number that a constant of one element holds.
func scalarOf(v *ir.Value) (float32, bool) {
	if v == nil || !v.IsConst() || v.Data.Len() != 1 || !pointwiseType(v.Data.DType()) {
		return 0, false
	}
	return float32(v.Data.Float64At(0)), true
}

// node appends the instructions of n.
func (b *programmer) node(n *ir.Node) {
	if isScaling(n) {
		b.regs[n.Out[0]] = b.scaling(n)
		return
	}
	in := make([]operand, len(n.In))
	for i, v := range n.In {
		if v == nil {
			continue
		}
		if x, ok := scalarOf(v); ok {
			in[i] = imm(x)
			continue
		}
		in[i] = reg(b.load(v))
	}
	r := instructions[n.Op](b, n, in)
	if o, narrow := roundings[n.Out[0].Type.DType]; narrow && !exactOps[n.Op] {
		r = b.unary(o, reg(r))
	}
	b.regs[n.Out[0]] = r
}

// operands makes operands of what nodes take from outside, but constants of one element. It must be done before the first instruction.
func (b *programmer) operands(nodes []*ir.Node) {
	for _, n := range nodes {
		for _, v := range n.In {
			if v == nil || slices.Contains(nodes, v.Def) || isScaling(n) && v != n.In[0] {
				continue
			}
			if _, scalar := scalarOf(v); !scalar {
				b.load(v)
			}
		}
	}
}

// load returns the register of a value, which becomes an operand of the program if it is none yet.
func (b *programmer) load(v *ir.Value) uint8 {
	if r, ok := b.regs[v]; ok {
		return r
	}
	b.inputs = append(b.inputs, v)
	b.regs[v] = uint8(b.next)
	b.next++
	return b.regs[v]
}

// programOf returns the register program of nodes in order, its operands and whether it fits.
func programOf(nodes []*ir.Node, inputs, outputs []*ir.Value) (kern.Program, []*ir.Value, bool) {
	b := &programmer{regs: map[*ir.Value]uint8{}}
	for _, v := range inputs {
		b.load(v)
	}
	b.operands(nodes)
	for _, n := range nodes {
		b.node(n)
	}
	outs := make([]uint8, len(outputs))
	for i, v := range outputs {
		outs[i] = b.load(v)
	}
	p, ok := b.finish(outs)
	return p, b.inputs, ok
}
