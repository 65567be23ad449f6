package tensor

import "math"

// format describes a binary floating-point type of at most 16 bits. Codes are the bits without the sign.
type format struct {
	man      int    // bits of the fraction
	bias     int    // of the exponent
	sign     uint16 // the sign bit
	max      uint16 // code of the greatest finite value
	inf      uint16 // code of infinity; 0 where the type has none
	nan      uint16 // what a positive NaN converts to; a negative one flips the sign
	finite   bool   // the type has neither infinity nor NaN; overflow is the greatest finite value, and NaN a zero
	unsigned bool   // zero has no sign: the bits of -0 are the NaN
}

// formats holds the float types of at most 16 bits but for f8e8m0, which has neither sign nor fraction.
var formats = [256]*format{
	F16:        {man: 10, bias: 15, sign: 0x8000, max: 0x7bff, inf: 0x7c00, nan: 0x7e00},
	BF16:       {man: 7, bias: 127, sign: 0x8000, max: 0x7f7f, inf: 0x7f80, nan: 0x7fc0},
	F8E4M3FN:   {man: 3, bias: 7, sign: 0x80, max: 0x7e, nan: 0x7f},
	F8E4M3FNUZ: {man: 3, bias: 8, sign: 0x80, max: 0x7f, nan: 0x80, unsigned: true},
	F8E5M2:     {man: 2, bias: 15, sign: 0x80, max: 0x7b, inf: 0x7c, nan: 0x7e},
	F8E5M2FNUZ: {man: 2, bias: 16, sign: 0x80, max: 0x7f, nan: 0x80, unsigned: true},
	F6E2M3:     {man: 3, bias: 1, sign: 0x20, max: 0x1f, nan: 0x20, finite: true},
	F6E3M2:     {man: 2, bias: 3, sign: 0x20, max: 0x1f, nan: 0x20, finite: true},
	F4E2M1:     {man: 1, bias: 1, sign: 0x8, max: 0x7, nan: 0x8, finite: true},
}

// format returns the layout of a float type of at most 16 bits other than f8e8m0, or nil.
func (d DType) format() *format { return formats[d] }

// isNarrowFloat reports whether d is a float type of at most 16 bits.
func (d DType) isNarrowFloat() bool { return d == F8E8M0 || formats[d] != nil }

// decode returns the value of the bits b, exactly.
func (f *format) decode(b uint16) float64 {
	if f.unsigned && b == f.sign {
		return math.NaN()
	}
	code := b &^ f.sign
	var v float64
	switch {
	case code > f.max && code == f.inf:
		v = math.Inf(1)
	case code > f.max:
		v = math.NaN()
	case code>>f.man == 0:
		v = float64(code) * pow2(1-f.bias-f.man)
	default:
		v = float64(code&(1<<f.man-1)|1<<f.man) * pow2(int(code>>f.man)-f.bias-f.man)
	}
	if b&f.sign != 0 {
		return math.Copysign(v, -1)
	}
	return v
}

// pow2 returns 2^e for e in float64's normal range.
func pow2(e int) float64 { return math.Float64frombits(uint64(e+1023) << 52) }

// encode rounds v once, to nearest even. What is too great becomes infinity, or NaN where the type has no infinity;
// with saturate, or where the type has neither, it becomes the greatest finite value.
func (f *format) encode(v float64, saturate bool) uint16 {
	bits := math.Float64bits(v)
	sign := uint16(bits>>63) * f.sign
	if v != v {
		if f.unsigned {
			return f.nan
		}
		return f.nan ^ sign
	}
	code := f.round(bits, int(bits>>52&0x7ff)-1023)
	if code > uint64(f.max) {
		switch {
		case saturate || f.finite:
			code = uint64(f.max)
		case f.inf != 0:
			code = uint64(f.inf)
		case f.unsigned:
			return f.nan
		default:
			code = uint64(f.nan)
		}
	}
	if code == 0 && f.unsigned {
		return 0
	}
	return uint16(code) | sign
}

// round returns the code of a float64's magnitude, given its bits and exponent; it may lie beyond max.
func (f *format) round(bits uint64, e int) uint64 {
	sig, shift, base := bits&(1<<52-1)|1<<52, 52-f.man, uint64(0)
	if emin := 1 - f.bias; e < emin {
		shift += emin - e
	} else {
		base = uint64(e-emin) << f.man
	}
	if shift > 53 || e == -1023 {
		return 0 // below half of the least subnormal, or at most a float64 subnormal
	}
	q, rem, half := sig>>shift, sig&(1<<shift-1), uint64(1)<<(shift-1)
	if rem > half || rem == half && q&1 == 1 {
		q++
	}
	return base + q
}
