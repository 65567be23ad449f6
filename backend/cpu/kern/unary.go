package kern

import (
	"fmt"
	"math"
)

type unaryState struct {
	p    *ArithParam
	x, y Arg
}

// Unary computes an instruction on one operand of any type, in portable code: copy, neg, abs, sign,
// square, relu, and on bools not; on Float64 also the functions, whose masks are bools.
func Unary(c *Call) error {
	p, ok := c.Param.(*ArithParam)
	if !ok || p.Type >= Float16 || p.Op.operands() != 1 || len(c.Args) != 2 {
		return fmt.Errorf("unary: parameter %v for %d operands", c.Param, len(c.Args))
	}
	out := p.Type
	switch p.Op {
	case OpCopy, OpNeg, OpAbs, OpSign, OpSquare, OpRelu, OpFlip:
	case OpNot:
		if p.Type != Bool {
			return fmt.Errorf("unary: not of type %d", p.Type)
		}
	default:
		if p.Type != Float64 || unary64(p.Op) == nil {
			return fmt.Errorf("unary: op %d on type %d", p.Op, p.Type)
		}
		if p.Op == OpIsNaN || p.Op == OpIsInf {
			out = Bool
		}
	}
	n, err := c.Args[0].count(p.Type.Size())
	m, err2 := c.Args[1].count(out.Size())
	if err != nil || err2 != nil || n != m {
		return fmt.Errorf("unary: dims %v to %v", c.Args[0].Dims, c.Args[1].Dims)
	}
	s := StateOf[unaryState](c)
	s.p, s.x, s.y = p, c.Args[0], c.Args[1]
	c.ParallelTask(n, 1<<14, s)
	s.x, s.y = Arg{}, Arg{}
	return nil
}

func (s *unaryState) Do(_, lo, hi int) { unaryRowOf[s.p.Type](s, lo, hi) }

var unaryRowOf = perType[func(s *unaryState, lo, hi int)]{
	unaryRow[float32], (*unaryState).float64s, unaryRow[int8], unaryRow[int16], unaryRow[int32], unaryRow[int64],
	unaryRow[uint8], unaryRow[uint16], unaryRow[uint32], unaryRow[uint64], unaryRow[uint8],
}

func unaryRow[T number](s *unaryState, lo, hi int) {
	y := elements[T](&s.y)[lo:hi]
	for i, v := range elements[T](&s.x)[lo:hi] {
		switch s.p.Op {
		case OpNeg:
			v = -v
		case OpAbs:
			if v <= 0 {
				v = 0 - v
			}
		case OpSquare:
			v *= v
		case OpRelu:
			if v < 0 {
				v = 0
			}
		case OpSign:
			if v > 0 {
				v = 1
			} else if v < 0 {
				v = 0
				v--
			}
		case OpNot:
			v = 1 - v
		case OpFlip:
			v = 0 - v - 1
		}
		y[i] = v
	}
}

func (s *unaryState) float64s(lo, hi int) {
	f := unary64(s.p.Op)
	if f == nil {
		unaryRow[float64](s, lo, hi)
		return
	}
	x := Of[float64](&s.x)[lo:hi]
	if s.p.Op == OpIsNaN || s.p.Op == OpIsInf {
		y := s.y.Data[lo:hi]
		for i, v := range x {
			y[i] = byte(f(v))
		}
		return
	}
	y := Of[float64](&s.y)[lo:hi]
	for i, v := range x {
		y[i] = f(v)
	}
}

// unary64 returns an instruction's function on float64, nil where it has none.
func unary64(op Op) func(float64) float64 {
	if f := functions64[op]; f != nil {
		return f
	}
	return more64[op]
}

// more64 completes functions64 by those that float32 has rows of its own for.
var more64 = map[Op]func(float64) float64{
	OpRsqrt:      func(x float64) float64 { return 1 / math.Sqrt(x) },
	OpReciprocal: func(x float64) float64 { return 1 / x },
	OpExp:        math.Exp,
	OpExpm1:      math.Expm1,
	OpLog:        math.Log,
	OpSigmoid:    func(x float64) float64 { return 1 / (1 + math.Exp(-x)) },
	OpTanh:       math.Tanh,
	OpErf:        math.Erf,
	OpGelu:       func(x float64) float64 { return x / 2 * math.Erfc(-x/math.Sqrt2) },
	OpSilu:       func(x float64) float64 { return x / (1 + math.Exp(-x)) },
	OpSoftplus:   func(x float64) float64 { return max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))) },
	OpSoftsign:   func(x float64) float64 { return x / (1 + math.Abs(x)) },
	OpIsNaN:      func(x float64) float64 { return float64(truth(x != x)) },
	OpIsInf:      func(x float64) float64 { return float64(truth(math.IsInf(x, 0))) },
}
