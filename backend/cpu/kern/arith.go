package kern

import (
	"errors"
	"fmt"
	"math"
	"sync/atomic"
)

// An ArithParam is the parameter of [Arith]: one of the instructions on two operands, add to xor,
// and the type of both. Comparisons and logic give bools; arithmetic gives the type itself.
type ArithParam struct {
	Op   Op
	Type DType
}

// ErrDivideByZero tells of an integer division by zero in an operand's data.
var ErrDivideByZero = errors.New("integer division by zero")

var errZeroPower = errors.New("zero to a negative power")

type arithState struct {
	sweep
	p       *ArithParam
	a, b, y Arg
	zero    atomic.Bool
}

// Arith computes one instruction over operands of any type, with broadcasting, in portable code:
// it is for the small tensors that hold sizes, positions and masks. OpDiv on integers rounds
// towards zero, OpMod takes the sign of the divisor, OpFmod that of the dividend.
func Arith(c *Call) error {
	p, ok := c.Param.(*ArithParam)
	if !ok || p.Type >= Float16 || p.Op.operands() != 2 || len(c.Args) != 3 {
		return fmt.Errorf("arith: parameter %v for %d operands", c.Param, len(c.Args))
	}
	s := StateOf[arithState](c)
	out := p.Type
	if p.Op >= OpEq && p.Op <= OpXor {
		out = Bool
	}
	for i := range c.Args {
		t := p.Type
		if i == 2 {
			t = out
		}
		if _, err := c.Args[i].count(t.Size()); err != nil {
			return fmt.Errorf("arith: operand %d: %w", i, err)
		}
	}
	if err := s.prepare(c.Args[2].Dims, c.Args[:2]); err != nil {
		return fmt.Errorf("arith: %w", err)
	}
	s.p, s.a, s.b, s.y = p, c.Args[0], c.Args[1], c.Args[2]
	s.zero.Store(false)
	c.ParallelTask(s.pieces, s.grain(), s)
	s.a, s.b, s.y = Arg{}, Arg{}, Arg{}
	switch {
	case s.zero.Load() && p.Op == OpPow:
		return errZeroPower
	case s.zero.Load():
		return ErrDivideByZero
	}
	return nil
}

func (s *arithState) Do(_, lo, hi int) { arithPiecesOf[s.p.Type](s, lo, hi) }

var arithPiecesOf = perType[func(s *arithState, lo, hi int)]{
	arithPieces[float32], arithPieces[float64], arithPieces[int8], arithPieces[int16], arithPieces[int32], arithPieces[int64],
	arithPieces[uint8], arithPieces[uint16], arithPieces[uint32], arithPieces[uint64], arithPieces[uint8],
}

func arithPieces[T number](s *arithState, lo, hi int) {
	for i := lo; i < hi; i++ {
		row, off, n := s.at(i)
		at, sa := s.from(0, row, off)
		bt, sb := s.from(1, row, off)
		yt := row*s.dims[s.rank-1] + off
		a, b := Of[T](&s.a)[at:], Of[T](&s.b)[bt:]
		if s.p.Op >= OpEq && s.p.Op <= OpXor {
			compareRow(s.p.Op, Of[uint8](&s.y)[yt:yt+n], a, b, sa, sb)
		} else if !arithRow(s.p.Op, Of[T](&s.y)[yt:yt+n], a, b, sa, sb) {
			s.zero.Store(true)
		}
	}
}

// arithRow reports false where an integer was divided by zero.
func arithRow[T number](op Op, y, a, b []T, sa, sb int) bool {
	switch op {
	case OpAdd:
		for i := range y {
			y[i] = a[i*sa] + b[i*sb]
		}
	case OpSub:
		for i := range y {
			y[i] = a[i*sa] - b[i*sb]
		}
	case OpMul:
		for i := range y {
			y[i] = a[i*sa] * b[i*sb]
		}
	case OpMin:
		for i := range y {
			y[i] = min(a[i*sa], b[i*sb])
		}
	case OpMax:
		for i := range y {
			y[i] = max(a[i*sa], b[i*sb])
		}
	case OpPRelu:
		for i := range y {
			y[i] = a[i*sa]
			if y[i] < 0 {
				y[i] *= b[i*sb]
			}
		}
	case OpPow:
		for i := range y {
			if y[i] = powOf(a[i*sa], b[i*sb]); b[i*sb] < 0 && a[i*sa] == 0 && !isFloat[T]() {
				return false
			}
		}
	default:
		return divideRow(op, y, a, b, sa, sb)
	}
	return true
}

// isFloat reports whether T has fractions.
func isFloat[T number]() bool { return T(1)/2 != 0 }

func divideRow[T number](op Op, y, a, b []T, sa, sb int) bool {
	float := isFloat[T]()
	for i := range y {
		u, v := a[i*sa], b[i*sb]
		if float && op != OpDiv {
			r := math.Mod(float64(u), float64(v))
			if op == OpMod && r == 0 {
				r = math.Copysign(0, float64(v))
			} else if op == OpMod && (r < 0) != (v < 0) {
				r += float64(v)
			}
			y[i] = T(r)
			continue
		}
		if v == 0 && !float {
			return false
		}
		q := u / v
		if op == OpDiv {
			y[i] = q
			continue
		}
		r := u - q*v
		if op == OpMod && r != 0 && (r < 0) != (v < 0) {
			r += v
		}
		y[i] = r
	}
	return true
}

// powOf is exact for integers as long as the result fits; a negative exponent gives 0 but for
// the bases 1 and -1.
func powOf[T number](x, y T) T {
	if isFloat[T]() {
		return T(math.Pow(float64(x), float64(y)))
	}
	if y < 0 {
		switch {
		case x == 1:
			return 1
		case x+1 == 0:
			if y/2*2 == y {
				return 1
			}
			return x
		}
		return 0
	}
	r := T(1)
	for e := uint64(y); e > 0; e >>= 1 {
		if e&1 != 0 {
			r *= x
		}
		x *= x
	}
	return r
}

func compareRow[T number](op Op, y []uint8, a, b []T, sa, sb int) {
	for i := range y {
		u, v, r := a[i*sa], b[i*sb], false
		switch op {
		case OpEq:
			r = u == v
		case OpNe:
			r = u != v
		case OpLt:
			r = u < v
		case OpLe:
			r = u <= v
		case OpGt:
			r = u > v
		case OpGe:
			r = u >= v
		case OpAnd:
			r = u != 0 && v != 0
		case OpOr:
			r = u != 0 || v != 0
		case OpXor:
			r = (u != 0) != (v != 0)
		}
		y[i] = 0
		if r {
			y[i] = 1
		}
	}
}
