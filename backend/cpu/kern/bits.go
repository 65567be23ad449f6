package kern

import "fmt"

// A BitOp is an instruction on the bits of two integers.
type BitOp uint8

const (
	BitAnd BitOp = iota
	BitOr
	BitXor
	BitLeft  // bits that leave are lost
	BitRight // ones move in behind a negative number
	numBitOps
)

// A BitsParam is the parameter of [Bits].
type BitsParam struct {
	Op   BitOp
	Type DType
}

type bitsState struct {
	sweep
	p       *BitsParam
	a, b, y Arg
}

// Bits computes one instruction over integers of one type, with broadcasting. Shifts by a negative number of places, or by more
// than there are, move all bits out.
func Bits(c *Call) error {
	p, ok := c.Param.(*BitsParam)
	if !ok || p.Op >= numBitOps || p.Type < Int8 || p.Type > Uint64 || len(c.Args) != 3 {
		return fmt.Errorf("bits: parameter %v for %d operands", c.Param, len(c.Args))
	}
	for i := range c.Args {
		if err := sized(&c.Args[i], p.Type.Size(), "bits"); err != nil {
			return err
		}
	}
	s := StateOf[bitsState](c)
	if err := s.prepare(c.Args[2].Dims, c.Args[:2]); err != nil {
		return fmt.Errorf("bits: %w", err)
	}
	s.p, s.a, s.b, s.y = p, c.Args[0], c.Args[1], c.Args[2]
	c.ParallelTask(s.pieces, s.grain(), s)
	s.a, s.b, s.y = Arg{}, Arg{}, Arg{}
	return nil
}

func (s *bitsState) Do(_, lo, hi int) { bitPiecesOf[s.p.Type](s, lo, hi) }

var bitPiecesOf = perType[func(s *bitsState, lo, hi int)]{
	nil, nil, bitPieces[int8], bitPieces[int16], bitPieces[int32], bitPieces[int64],
	bitPieces[uint8], bitPieces[uint16], bitPieces[uint32], bitPieces[uint64],
}

func bitPieces[T integer](s *bitsState, lo, hi int) {
	for i := lo; i < hi; i++ {
		row, off, n := s.at(i)
		at, sa := s.from(0, row, off)
		bt, sb := s.from(1, row, off)
		yt := row*s.dims[s.rank-1] + off
		a, b, y := Of[T](&s.a)[at:], Of[T](&s.b)[bt:], Of[T](&s.y)[yt:yt+n]
		switch s.p.Op {
		case BitAnd:
			for k := range y {
				y[k] = a[k*sa] & b[k*sb]
			}
		case BitOr:
			for k := range y {
				y[k] = a[k*sa] | b[k*sb]
			}
		case BitXor:
			for k := range y {
				y[k] = a[k*sa] ^ b[k*sb]
			}
		case BitLeft:
			for k := range y {
				y[k] = a[k*sa] << uint64(b[k*sb])
			}
		case BitRight:
			for k := range y {
				y[k] = a[k*sa] >> uint64(b[k*sb])
			}
		}
	}
}
