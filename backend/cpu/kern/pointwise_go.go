package kern

import (
	"math"
	"unsafe"
)

// pwGo is the portable row of every instruction and form.
var pwGo = portablePointwise()

func pwTile(p *float32, n int) []float32 { return unsafe.Slice(p, n) }

// pwOne makes the kernel of an instruction of one operand.
func pwOne(f func(float32) float32) pwFunc {
	return func(n int, d, a, _, _ *float32, _ float32) {
		x, y := pwTile(a, n), pwTile(d, n)
		for i, v := range x {
			y[i] = f(v)
		}
	}
}

// two puts the three forms of an instruction of two operands into the table.
func (t *pwTable) two(op Op, f func(a, b float32) float32) {
	t[int(op)<<formBits+formV] = func(n int, d, a, b, _ *float32, _ float32) {
		x, z, y := pwTile(a, n), pwTile(b, n), pwTile(d, n)
		for i, v := range x {
			y[i] = f(v, z[i])
		}
	}
	t[int(op)<<formBits+formB] = func(n int, d, a, _, _ *float32, imm float32) {
		x, y := pwTile(a, n), pwTile(d, n)
		for i, v := range x {
			y[i] = f(v, imm)
		}
	}
	t[int(op)<<formBits+formA] = func(n int, d, _, b, _ *float32, imm float32) {
		z, y := pwTile(b, n), pwTile(d, n)
		for i, v := range z {
			y[i] = f(imm, v)
		}
	}
}

func truth(b bool) float32 {
	if b {
		return 1
	}
	return 0
}

func portablePointwise() *pwTable {
	t := new(pwTable)
	for op, f := range unaries {
		t[int(op)<<formBits] = pwOne(f)
	}
	for op, f := range binaries {
		t.two(op, f)
	}
	for op, f := range functions64 {
		t[int(op)<<formBits] = pwOne(func(x float32) float32 { return float32(f(float64(x))) })
	}
	t[int(OpPow)<<formBits+formB] = powImm
	for row, f := range plain {
		t[row] = f
	}
	return t
}

var unaries = map[Op]func(float32) float32{
	OpNeg:        func(x float32) float32 { return -x },
	OpAbs:        abs32,
	OpRsqrt:      func(x float32) float32 { return 1 / float32(math.Sqrt(float64(x))) },
	OpReciprocal: func(x float32) float32 { return 1 / x },
	OpSquare:     func(x float32) float32 { return x * x },
	OpSign:       sign32,
	OpF16:        func(x float32) float32 { return f16ToF32(f32ToF16(x)) },
	OpBF16:       func(x float32) float32 { return bf16ToF32(f32ToBF16(x)) },
	OpNot:        func(x float32) float32 { return truth(x == 0) },
	OpIsNaN:      func(x float32) float32 { return truth(x != x) },
	OpIsInf:      func(x float32) float32 { return truth(abs32(x) == inf32) },
	OpHardSwish:  hardSwish32,
	OpExp:        exp32,
	OpExpm1:      expm1f,
	OpLog:        log32,
	OpSigmoid:    sigmoid32,
	OpTanh:       tanh32,
	OpErf:        erf32,
	OpGelu:       gelu32,
	OpGeluTanh:   geluTanh32,
	OpSilu:       func(x float32) float32 { return x * sigmoid32(x) },
	OpSoftplus:   softplus32,
	OpMish:       mish32,
	OpSoftsign:   func(x float32) float32 { return x / (1 + abs32(x)) },
}

// functions64 are rare enough to go through float64, which also rounds them within one ulp.
var functions64 = map[Op]func(float64) float64{
	OpSqrt: math.Sqrt, OpFloor: math.Floor, OpCeil: math.Ceil, OpRound: math.RoundToEven, OpTrunc: math.Trunc,
	OpLog1p: math.Log1p, OpSin: math.Sin, OpCos: math.Cos, OpTan: math.Tan, OpAsin: math.Asin, OpAcos: math.Acos,
	OpAtan: math.Atan, OpSinh: math.Sinh, OpCosh: math.Cosh, OpAsinh: math.Asinh, OpAcosh: math.Acosh, OpAtanh: math.Atanh,
}

var binaries = map[Op]func(a, b float32) float32{
	OpDiv: func(a, b float32) float32 { return a / b },
	OpSub: func(a, b float32) float32 { return a - b },
	OpAdd: func(a, b float32) float32 { return a + b },
	OpMul: func(a, b float32) float32 { return a * b },
	OpMin: func(a, b float32) float32 { return min(a, b) },
	OpMax: func(a, b float32) float32 { return max(a, b) },
	OpPRelu: func(a, b float32) float32 {
		if a < 0 {
			return a * b
		}
		return a
	},
	OpPow:  pow32,
	OpMod:  mod32,
	OpFmod: fmod32,
	OpEq:   func(a, b float32) float32 { return truth(a == b) },
	OpNe:   func(a, b float32) float32 { return truth(a != b) },
	OpLt:   func(a, b float32) float32 { return truth(a < b) },
	OpLe:   func(a, b float32) float32 { return truth(a <= b) },
	OpGt:   func(a, b float32) float32 { return truth(a > b) },
	OpGe:   func(a, b float32) float32 { return truth(a >= b) },
	OpAnd:  func(a, b float32) float32 { return truth(a != 0 && b != 0) },
	OpOr:   func(a, b float32) float32 { return truth(a != 0 || b != 0) },
	OpXor:  func(a, b float32) float32 { return truth((a != 0) != (b != 0)) },
}

// plain holds the rows that fit no pattern, and those whose speed the portable path lives on.
var plain = map[int]pwFunc{
	int(OpCopy) << formBits: func(n int, d, a, _, _ *float32, _ float32) { copy(pwTile(d, n), pwTile(a, n)) },
	int(OpConst) << formBits: func(n int, d, _, _, _ *float32, imm float32) {
		for i := range pwTile(d, n) {
			pwTile(d, n)[i] = imm
		}
	},
	int(OpRelu) << formBits: func(n int, d, a, _, _ *float32, _ float32) {
		y := pwTile(d, n)
		for i, v := range pwTile(a, n) {
			if v < 0 {
				v = 0
			}
			y[i] = v
		}
	},
	int(OpReluN) << formBits: func(n int, d, a, _, _ *float32, imm float32) {
		y := pwTile(d, n)
		for i, v := range pwTile(a, n) {
			y[i] = min(max(v, 0), imm)
		}
	},
	int(OpElu) << formBits: func(n int, d, a, _, _ *float32, imm float32) {
		y := pwTile(d, n)
		for i, v := range pwTile(a, n) {
			if v < 0 {
				v = imm * expm1f(v)
			}
			y[i] = v
		}
	},
	int(OpAdd) << formBits: func(n int, d, a, b, _ *float32, _ float32) {
		y, z := pwTile(d, n), pwTile(b, n)
		for i, v := range pwTile(a, n) {
			y[i] = v + z[i]
		}
	},
	int(OpMul) << formBits: func(n int, d, a, b, _ *float32, _ float32) {
		y, z := pwTile(d, n), pwTile(b, n)
		for i, v := range pwTile(a, n) {
			y[i] = v * z[i]
		}
	},
	int(OpFMA) << formBits: func(n int, d, a, b, c *float32, _ float32) {
		y, z, w := pwTile(d, n), pwTile(b, n), pwTile(c, n)
		for i, v := range pwTile(a, n) {
			y[i] = fused32(v, z[i], w[i])
		}
	},
	int(OpFMA)<<formBits + formB: func(n int, d, a, _, c *float32, imm float32) {
		y, w := pwTile(d, n), pwTile(c, n)
		for i, v := range pwTile(a, n) {
			y[i] = fused32(v, imm, w[i])
		}
	},
	int(OpFMA)<<formBits + formC: func(n int, d, a, b, _ *float32, imm float32) {
		y, z := pwTile(d, n), pwTile(b, n)
		for i, v := range pwTile(a, n) {
			y[i] = fused32(v, z[i], imm)
		}
	},
	int(OpWhere) << formBits: func(n int, d, a, b, c *float32, _ float32) {
		y, z, w := pwTile(d, n), pwTile(b, n), pwTile(c, n)
		for i, v := range pwTile(a, n) {
			if v != 0 {
				y[i] = z[i]
			} else {
				y[i] = w[i]
			}
		}
	},
	int(OpClip) << formBits: func(n int, d, a, b, c *float32, _ float32) {
		y, z, w := pwTile(d, n), pwTile(b, n), pwTile(c, n)
		for i, v := range pwTile(a, n) {
			y[i] = min(max(v, z[i]), w[i])
		}
	},
}

// fused32 is x*y + z: the product of two float32 is exact in float64, so the sum is rounded twice at
// most, which float32 can tell from once only in ties.
func fused32(x, y, z float32) float32 { return float32(float64(x)*float64(y) + float64(z)) }

// powImm is a power with a fixed exponent; the usual ones need no logarithm.
func powImm(n int, d, a, _, _ *float32, imm float32) {
	x, y := pwTile(a, n), pwTile(d, n)
	switch imm {
	case 2:
		for i, v := range x {
			y[i] = v * v
		}
	case 3:
		for i, v := range x {
			y[i] = v * v * v
		}
	default:
		for i, v := range x {
			if imm == 0.5 && v > 0 {
				y[i] = float32(math.Sqrt(float64(v)))
			} else {
				y[i] = pow32(v, imm)
			}
		}
	}
}
