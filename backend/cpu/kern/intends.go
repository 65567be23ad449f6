package kern

import (
	"fmt"
	"math"
)

// An IntParam is what the products of small integers have in common.
type IntParam struct {
	Packing          IntPacking // of B; the zero value: it is not packed
	ASigned, BSigned bool
	Result           DType // Int32: the sums; Float32; Uint8 or Int8
	Clamp            Clamp // of what the result stands for
	RealBias         bool  // the bias is of float32
	Fixed            bool  // B, scales, zero points and bias are the same in every run
}

// The operands of [IntMatMul] and [IntConv]; all but A and B may be absent.
const (
	intArgA     = iota
	intArgB     // packed, with the dims it had before
	intArgZA    // zero point of A: one, or in IntMatMul one for each row
	intArgZB    // one, or one for each column
	intArgSA    // scale of A, one float32
	intArgSB    // one float32, or one for each column
	intArgBias  // int32, in units of both scales, or float32; one for each column
	intArgSY    // scale of the result, one float32
	intArgZY    // its zero point
	intArgY     // the result
	intArgCount // how many there are
)

// An intEnds is what turns sums into results, for all columns.
type intEnds struct {
	result   intResult
	add, zb  []int32
	mul      []float64
	real     []float64
	end      intEnd
	shifted  bool    // zero points of B, as it is packed, are not all 0
	za       int32   // the zero point that A, as the kernel reads it, has for all rows
	zeros    []int32 // by row, where they differ
	zeroA    int32   // A's own
	done     bool
	near     [2][]float32 // mul and real
	bias32   []int32
	biasReal []float32
}

func (s *intEnds) of(p *IntParam) error {
	switch p.Result {
	case Int32:
		s.result = intResult32
	case Float32:
		s.result = intResultReal
	case Uint8:
		s.result = intResultU8
	case Int8:
		s.result = intResultI8
	default:
		return fmt.Errorf("integer product: results of type %d", p.Result)
	}
	return nil
}

// small returns element i of a vector of bytes.
func small(b []byte, i int, signed bool) int32 {
	if signed {
		return int32(int8(b[i]))
	}
	return int32(b[i])
}

// scalar returns the one number of a float32 operand, 1 where it is absent.
func scalar(a *Arg, name string) (float64, error) {
	if !a.Has() {
		return 1, nil
	}
	v := F32(a)
	if len(v) != 1 {
		return 0, fmt.Errorf("%s of %d numbers", name, len(v))
	}
	return float64(v[0]), nil
}

// set reads scales, zero points and bias for n columns of B, and k numbers in each sum; sums are those of B's columns as packed.
// rows is how many zero points A may have; 1 where there is one for all.
func (s *intEnds) set(p *IntParam, args []Arg, pk IntPacking, sums []int32, k, n, rows int) error {
	if s.done && p.Fixed {
		return nil
	}
	if err := s.of(p); err != nil {
		return err
	}
	s.add, s.zb, s.mul, s.real = roomOf(s.add, n), roomOf(s.zb, n), roomOf(s.mul, n), roomOf(s.real, n)
	if err := s.zeroPoints(p, args, pk, n, rows); err != nil {
		return err
	}
	s.bias32, s.biasReal = nil, nil
	if b := &args[intArgBias]; b.Has() {
		if len(b.Data) != 4*n {
			return fmt.Errorf("bias of %d bytes for %d columns", len(b.Data), n)
		}
		s.biasReal = F32(b)
		if !p.RealBias {
			s.biasReal, s.bias32 = nil, Of[int32](b)
		}
	}
	for j := range n {
		s.add[j] = int32(k)*s.za*s.zb[j] - s.za*sums[j]
		if s.bias32 != nil {
			s.add[j] += s.bias32[j]
		}
		s.zb[j] = -s.zb[j]
	}
	s.end = intEnd{add: at0(s.add), mul: at0(s.mul), real: at0(s.real)}
	if s.shifted {
		s.end.zb = at0(s.zb)
	}
	s.done = true
	if s.result == intResult32 {
		return nil
	}
	return s.scales(p, args, n)
}

func at0[T any](s []T) *T {
	if len(s) == 0 {
		return nil
	}
	return &s[0]
}

func roomOf[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}

// zeroPoints sets za, zeros and, not yet negated, zb.
func (s *intEnds) zeroPoints(p *IntParam, args []Arg, pk IntPacking, n, rows int) error {
	za, zb := args[intArgZA].Data, args[intArgZB].Data
	s.za, s.zeroA, s.zeros, s.shifted = 0, 0, s.zeros[:0], false
	switch {
	case len(za) == 1:
		s.zeroA = small(za, 0, p.ASigned)
	case len(za) == rows:
		for i := range rows {
			s.zeros = append(s.zeros, small(za, i, p.ASigned))
		}
	case len(za) > 0:
		return fmt.Errorf("%d zero points for %d rows", len(za), rows)
	}
	if pk.Bytes {
		s.za = s.zeroA // else A is read with it subtracted
	}
	shift := pk.shift(p.ASigned, p.BSigned)
	if len(zb) > 1 && len(zb) != n {
		return fmt.Errorf("%d zero points for %d columns", len(zb), n)
	}
	for j := range n {
		s.zb[j] = shift
		if len(zb) > 0 {
			s.zb[j] += small(zb, min(j, len(zb)-1), p.BSigned)
		}
		s.shifted = s.shifted || s.zb[j] != 0
	}
	return nil
}

// scales sets the factors, what is added behind them and the bounds.
func (s *intEnds) scales(p *IntParam, args []Arg, n int) error {
	sa, err := scalar(&args[intArgSA], "scale of A")
	if err != nil {
		return err
	}
	sy, err := scalar(&args[intArgSY], "scale of the result")
	if err != nil {
		return err
	}
	sb := F32(&args[intArgSB])
	if len(sb) > 1 && len(sb) != n {
		return fmt.Errorf("%d scales for %d columns", len(sb), n)
	}
	for j := range n {
		v := 1.0
		if len(sb) > 0 {
			v = float64(sb[min(j, len(sb)-1)])
		}
		s.mul[j], s.real[j] = sa*v/sy, 0
		if s.biasReal != nil {
			s.real[j] = float64(s.biasReal[j]) / sy
		}
	}
	lo, hi := math.Inf(-1), math.Inf(1)
	if p.Clamp.On {
		lo, hi = float64(p.Clamp.Lo)/sy, float64(p.Clamp.Hi)/sy
		if math.Signbit(sy) {
			lo, hi = hi, lo
		}
	}
	if s.result != intResultReal {
		least := 0.0
		if s.result == intResultI8 {
			least = -128
		}
		if z := args[intArgZY].Data; len(z) > 0 {
			s.end.zero = small(z, 0, s.result == intResultI8)
		}
		z := float64(s.end.zero)
		lo, hi = min(max(lo, least-z), least+255-z), max(min(hi, least+255-z), least-z)
	}
	s.end.lo, s.end.hi = lo, hi
	if s.result != intResultReal {
		s.setNear()
	}
	return nil
}

// setNear rounds the factors to float32, if bytes can be made by those. A result x is out by less
// than 2^-24·(2·|sum·mul| + |real| + |x|), and |sum·mul| is at most |real| + |x|; a result that lies
// outside the bounds by more than one is outside them in either way.
func (s *intEnds) setNear() {
	s.near[0], s.near[1] = roomOf(s.near[0], len(s.mul)), roomOf(s.near[1], len(s.mul))
	most := 0.0
	for j, m := range s.mul {
		s.near[0][j], s.near[1][j] = float32(m), float32(s.real[j])
		if !(math.Abs(m) < 1e30) {
			most = math.Inf(1)
		}
		most = max(most, math.Abs(s.real[j]))
	}
	e := &s.end.near
	e.mul, e.real, e.lo, e.hi = nil, at0(s.near[1]), float32(s.end.lo), float32(s.end.hi)
	out := 0x1p-22 * (most + max(math.Abs(s.end.lo), math.Abs(s.end.hi)) + 1)
	if out < 0.05 {
		e.mul, e.room = at0(s.near[0]), float32(0.5-out)
	}
}
