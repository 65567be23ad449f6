package tensor

import "math"

// Rounding says how a conversion to f8e8m0 rounds; all other conversions round to nearest even.
type Rounding uint8

// The values of Cast's round_mode. NearestEven is its "nearest": to a power of two, ties go up.
const (
	NearestEven Rounding = iota
	Up
	Down
)

// Float32 returns b's value, exactly.
func (b BFloat16) Float32() float32 { return math.Float32frombits(uint32(b) << 16) }

// ToBFloat16 rounds v to nearest even.
func ToBFloat16(v float32) BFloat16 {
	b := math.Float32bits(v)
	if v != v {
		return BFloat16(b>>31<<15) | 0x7fc0
	}
	return BFloat16((b + 0x7fff + b>>16&1) >> 16)
}

// Float32 returns h's value, exactly.
func (h Float16) Float32() float32 {
	sign, code := uint32(h&0x8000)<<16, uint32(h&0x7fff)
	switch {
	case code > 0x7c00:
		return math.Float32frombits(sign | 0x7fc00000)
	case code == 0x7c00:
		return math.Float32frombits(sign | 0x7f800000)
	case code < 0x400:
		return math.Float32frombits(sign | math.Float32bits(float32(code)*0x1p-24))
	}
	return math.Float32frombits(sign | (code<<13 + (127-15)<<23))
}

// ToFloat16 rounds v to nearest even.
func ToFloat16(v float32) Float16 {
	b := math.Float32bits(v)
	sign := Float16(b >> 31 << 15)
	b &= 0x7fffffff
	switch {
	case b > 0x7f800000:
		return sign | 0x7e00
	case b >= 0x47800000:
		return sign | 0x7c00
	case b < 0x38800000:
		// Below 2^-14 the unit is 2^-24, which is that of a float32 in [0.5, 1): adding 0.5 rounds.
		return sign | Float16(math.Float32bits(math.Float32frombits(b)+0.5)-0x3f000000)
	}
	return sign | Float16((b-(127-15)<<23+0xfff+b>>13&1)>>13)
}

// decodeE8M0 returns the value of f8e8m0's bits b, exactly: a power of two, or NaN.
func decodeE8M0(b uint8) float64 {
	if b == 0xff {
		return math.NaN()
	}
	return pow2(int(b) - 127)
}

// encodeE8M0 rounds v to a power of two in r's direction and returns its bits. A sign is dropped, which ONNX leaves open. What lies outside
// [2^-127, 2^127] after rounding, zero and infinity included, becomes the nearer end with saturate, and NaN without.
func encodeE8M0(v float64, saturate bool, r Rounding) uint8 {
	bits := math.Float64bits(v)
	if v != v {
		return 0xff
	}
	e, frac := int(bits>>52&0x7ff)-1023+127, bits&(1<<52-1)
	if r == Up && frac != 0 || r == NearestEven && frac >= 1<<51 {
		e++
	}
	switch {
	case e >= 0 && e <= 254:
		return uint8(e)
	case !saturate:
		return 0xff
	case e < 0:
		return 0
	}
	return 254
}
