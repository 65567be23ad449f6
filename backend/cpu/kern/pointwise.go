package kern

import "fmt"

// An Op is an instruction of the pointwise interpreter. In the comments a, b and c are the
// operands, x is the only one. Masks are 1 and 0; any other number than 0 counts as true.
type Op uint8

const (
	OpCopy  Op = iota // x
	OpConst           // Imm; no operands
	OpAdd             // a + b
	OpSub             // a - b
	OpMul             // a * b
	OpDiv             // a / b
	OpMin             // the lesser, NaN if either is
	OpMax             // the greater, NaN if either is
	OpPRelu           // a if a >= 0, else a * b: leaky_relu when b is Imm
	OpPow             // a to the power b
	OpMod             // a - b*floor(a/b): the sign of b
	OpFmod            // a - b*trunc(a/b): the sign of a
	OpEq              // comparisons give masks
	OpNe
	OpLt
	OpLe
	OpGt
	OpGe
	OpAnd
	OpOr
	OpXor
	OpNeg
	OpAbs
	OpSqrt
	OpRsqrt      // 1 / sqrt x
	OpReciprocal // 1 / x
	OpSquare     // x * x
	OpRelu       // max(x, 0), NaN stays
	OpFloor
	OpCeil
	OpRound // to nearest, even in the middle
	OpTrunc
	OpSign      // NaN stays
	OpF16       // rounded to float16, to nearest, even in the middle
	OpBF16      // rounded to bfloat16 likewise
	OpNot       // mask
	OpIsNaN     // mask
	OpIsInf     // mask
	OpHardSwish // x * min(max(x/6 + 0.5, 0), 1)
	OpExp
	OpExpm1 // e^x - 1
	OpLog
	OpLog1p // log(1 + x)
	OpSigmoid
	OpTanh
	OpErf
	OpGelu     // x/2 (1 + erf(x/√2))
	OpGeluTanh // x/2 (1 + tanh(√(2/π) (x + 0.044715 x³)))
	OpSilu     // x sigmoid(x)
	OpSoftplus // log(1 + e^x)
	OpMish     // x tanh(softplus(x))
	OpSoftsign // x / (1 + |x|)
	OpSin
	OpCos
	OpTan
	OpAsin
	OpAcos
	OpAtan
	OpSinh
	OpCosh
	OpAsinh
	OpAcosh
	OpAtanh
	OpElu   // x if x >= 0, else Imm (e^x - 1)
	OpReluN // min(max(x, 0), Imm): relu6 with 6, hard_sigmoid's clamp with 1
	OpFMA   // a*b + c, rounded once
	OpWhere // b if a is true, else c
	OpClip  // min(max(a, b), c)
	numOps
	// OpFlip flips every bit of an integer: [Unary] has it and no program.
	OpFlip = numOps
)

// ImmReg in place of an operand stands for the instruction's Imm. Instructions of two operands
// take it as either, OpFMA as B or C; no others do.
const ImmReg = 255

// MaxRegs is the most registers that a program may use.
const MaxRegs = 64

// An Instr computes one tile into register Dst from registers A, B and C, as many as its Op has.
type Instr struct {
	Op      Op
	Dst     uint8
	A, B, C uint8
	Imm     float32
}

// A Program computes results from operands, element by element, in float32. Registers 0 to In-1
// are the operands and are only read; the next Out are the results; the rest are temporaries.
// A result may share its memory with an operand of the same dims only if no instruction after
// the first that writes the result reads that operand.
type Program struct {
	In, Out, Regs int
	Code          []Instr
}

// The forms of an instruction: which operand is the immediate.
const (
	formV = iota
	formB
	formA
	formC
	formBits = 2
)

// A pwFunc computes n elements of one instruction; operands that it does not have are nil.
type pwFunc func(n int, d, a, b, c *float32, imm float32)

// A pwTable has a row for every instruction and form: Op<<formBits + form.
type pwTable [int(numOps) << formBits]pwFunc

// operands returns how many operands an instruction has.
func (o Op) operands() int {
	switch {
	case o == OpConst:
		return 0
	case o == OpFlip:
		return 1
	case o >= OpFMA:
		return 3
	case o >= OpAdd && o <= OpXor:
		return 2
	}
	return 1
}

// Operands returns the registers that the instruction reads, ImmReg where that is its immediate.
func (i *Instr) Operands() []*uint8 { return []*uint8{&i.A, &i.B, &i.C}[:i.Op.operands()] }

// row returns the instruction's place in a table.
func (i *Instr) row() int {
	form := formV
	switch n := i.Op.operands(); {
	case n >= 1 && i.A == ImmReg:
		form = formA
	case n >= 2 && i.B == ImmReg:
		form = formB
	case n == 3 && i.C == ImmReg:
		form = formC
	}
	return int(i.Op)<<formBits + form
}

// weight is about how many nanoseconds a tile of the instruction takes.
func (i *Instr) weight() int {
	switch o := i.Op; {
	case o >= OpTan && o <= OpAtanh, o == OpPow, o == OpMod, o == OpFmod, o == OpLog1p:
		return 15000
	case o >= OpExp && o <= OpCos, o == OpElu:
		return 500
	}
	return 80
}

// Check reports what makes the program unfit to run.
func (p *Program) Check() error {
	if p.In < 0 || p.Out < 1 || p.In+p.Out > p.Regs || p.Regs > MaxRegs {
		return fmt.Errorf("registers: %d operands and %d results in %d, at most %d", p.In, p.Out, p.Regs, MaxRegs)
	}
	for n := range p.Code {
		i := &p.Code[n]
		if i.Op >= numOps {
			return fmt.Errorf("instruction %d: unknown op %d", n, i.Op)
		}
		if int(i.Dst) < p.In || int(i.Dst) >= p.Regs {
			return fmt.Errorf("instruction %d: result in register %d: not in [%d, %d)", n, i.Dst, p.In, p.Regs)
		}
		imm := 0
		for k, r := range i.Operands() {
			if *r == ImmReg {
				imm++
			} else if int(*r) >= p.Regs {
				return fmt.Errorf("instruction %d: operand %d in register %d of %d", n, k, *r, p.Regs)
			}
		}
		if imm > 1 || pwGo[i.row()] == nil {
			return fmt.Errorf("instruction %d: op %d does not take an immediate there", n, i.Op)
		}
	}
	return nil
}
