package kern

import "fmt"

// A CastParam is the parameter of [Cast].
type CastParam struct{ From, To DType }

type integer interface {
	~int8 | ~uint8 | ~int16 | ~uint16 | ~int32 | ~uint32 | ~int64 | ~uint64
}

type castState struct {
	p        *CastParam
	src, dst Arg
}

// Cast converts an operand to a result of the same dims. Integers wrap; floats lose their fraction
// on the way to integers and wrap as tensor.Wrap says; anything but zero is true.
func Cast(c *Call) error {
	p, ok := c.Param.(*CastParam)
	if !ok || p.From >= numDTypes || p.To >= numDTypes || len(c.Args) != 2 {
		return fmt.Errorf("cast: parameter %v for %d operands", c.Param, len(c.Args))
	}
	if p.To.half() && p.From.Size() > 2 && p.From != Float32 {
		return fmt.Errorf("cast: from type %d to a float of 16 bits would round twice", p.From)
	}
	n, err := c.Args[0].count(p.From.Size())
	m, err2 := c.Args[1].count(p.To.Size())
	if err != nil || err2 != nil || n != m {
		return fmt.Errorf("cast: dims %v to %v", c.Args[0].Dims, c.Args[1].Dims)
	}
	s := StateOf[castState](c)
	s.p, s.src, s.dst = p, c.Args[0], c.Args[1]
	c.ParallelTask(n, 1<<14, s)
	s.src, s.dst = Arg{}, Arg{}
	return nil
}

func (s *castState) Do(_, lo, hi int) {
	if s.p.From.half() || s.p.To.half() {
		castHalf(s.p, &s.dst, &s.src, lo, hi)
		return
	}
	castOf[s.p.From](s.p.To, &s.dst, &s.src, lo, hi)
}

var castOf = perType[func(to DType, dst, src *Arg, lo, hi int)]{
	castFloat[float32], castFloat[float64], castPlain[int8], castPlain[int16], castPlain[int32], castPlain[int64],
	castPlain[uint8], castPlain[uint16], castPlain[uint32], castPlain[uint64], castPlain[uint8],
}

// castFloat is castPlain but for integers, which floats are wrapped to.
func castFloat[S float32 | float64](to DType, dst, from *Arg, lo, hi int) {
	src := Of[S](from)
	switch to {
	case Int8:
		wrap(Of[int8](dst), src, lo, hi)
	case Int16:
		wrap(Of[int16](dst), src, lo, hi)
	case Int32:
		wrap(Of[int32](dst), src, lo, hi)
	case Int64:
		wrapWide(Of[int64](dst), src, lo, hi)
	case Uint8:
		wrap(Of[uint8](dst), src, lo, hi)
	case Uint16:
		wrap(Of[uint16](dst), src, lo, hi)
	case Uint32:
		wrapUnsigned(Of[uint32](dst), src, lo, hi, 1<<31)
	case Uint64:
		wrapUnsigned(Of[uint64](dst), src, lo, hi, 1<<63)
	default:
		castPlain[S](to, dst, from, lo, hi)
	}
}

// castPlain converts elements as Go does; to bools by what is not 0.
func castPlain[S number](to DType, dst, from *Arg, lo, hi int) {
	src := elements[S](from)
	switch to {
	case Float32:
		convert(Of[float32](dst), src, lo, hi)
	case Float64:
		convert(Of[float64](dst), src, lo, hi)
	case Int8:
		convert(Of[int8](dst), src, lo, hi)
	case Int16:
		convert(Of[int16](dst), src, lo, hi)
	case Int32:
		convert(Of[int32](dst), src, lo, hi)
	case Int64:
		convert(Of[int64](dst), src, lo, hi)
	case Uint8:
		convert(Of[uint8](dst), src, lo, hi)
	case Uint16:
		convert(Of[uint16](dst), src, lo, hi)
	case Uint32:
		convert(Of[uint32](dst), src, lo, hi)
	case Uint64:
		convert(Of[uint64](dst), src, lo, hi)
	case Bool:
		truths(Of[uint8](dst), src, lo, hi)
	}
}

func convert[D, S number](dst []D, src []S, lo, hi int) {
	d := dst[lo:hi]
	for i, v := range src[lo:hi] {
		d[i] = D(v)
	}
}

func truths[S number](dst []uint8, src []S, lo, hi int) {
	d := dst[lo:hi]
	for i, v := range src[lo:hi] {
		d[i] = 0
		if v != 0 {
			d[i] = 1
		}
	}
}

// wrap drops the fraction and keeps the low bits of an integer of 32 bits; what that cannot hold, NaN included, is the least one.
func wrap[D integer, S float32 | float64](dst []D, src []S, lo, hi int) {
	d := dst[lo:hi]
	for i, v := range src[lo:hi] {
		x := int32(-1 << 31)
		if f := float64(v); f > -1<<31-1 && f < 1<<31 {
			x = int32(f)
		}
		d[i] = D(x)
	}
}

// wrapWide is wrap by way of 64 bits.
func wrapWide[S float32 | float64](dst []int64, src []S, lo, hi int) {
	d := dst[lo:hi]
	for i, v := range src[lo:hi] {
		x := int64(-1 << 63)
		if f := float64(v); f >= -1<<63 && f < 1<<63 {
			x = int64(f)
		}
		d[i] = x
	}
}

// wrapUnsigned keeps numbers below 2^bits and the bits of negative ones down to -2^(bits-1); what is greater is 0, what is less 2^(bits-1).
func wrapUnsigned[D uint32 | uint64, S float32 | float64](dst []D, src []S, lo, hi int, half float64) {
	d := dst[lo:hi]
	for i, v := range src[lo:hi] {
		switch f := float64(v); {
		case f >= 0 && f < 2*half:
			d[i] = D(f)
		case f >= 0:
			d[i] = 0
		case f > -half-1:
			d[i] = D(int64(f))
		default:
			d[i] = D(half)
		}
	}
}
