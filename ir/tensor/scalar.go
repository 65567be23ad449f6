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

// Float64 returns h's value, exactly.
func (h Float16) Float64() float64 { return fmtF16.decode(uint16(h)) }

// Float64ToFloat16 rounds v once, to nearest even.
func Float64ToFloat16(v float64) Float16 { return Float16(fmtF16.encode(v, false)) }

// Float64 returns h's value, exactly.
func (h BFloat16) Float64() float64 { return fmtBF16.decode(uint16(h)) }

// Float64ToBFloat16 rounds v once, to nearest even.
func Float64ToBFloat16(v float64) BFloat16 { return BFloat16(fmtBF16.encode(v, false)) }

// Float32 returns h's value, exactly.
func (h Float8E4M3FN) Float32() float32 { return float32(fmtF8E4M3FN.decode(uint16(h))) }

// Float64 returns h's value, exactly.
func (h Float8E4M3FN) Float64() float64 { return fmtF8E4M3FN.decode(uint16(h)) }

// ToFloat8E4M3FN rounds v once, to nearest even; with saturate what is too great becomes the greatest finite value.
func ToFloat8E4M3FN(v float32, saturate bool) Float8E4M3FN {
	return Float8E4M3FN(fmtF8E4M3FN.encode(float64(v), saturate))
}

// Float64ToFloat8E4M3FN is ToFloat8E4M3FN from float64, rounding once.
func Float64ToFloat8E4M3FN(v float64, saturate bool) Float8E4M3FN {
	return Float8E4M3FN(fmtF8E4M3FN.encode(v, saturate))
}

// Float32 returns h's value, exactly.
func (h Float8E4M3FNUZ) Float32() float32 { return float32(fmtF8E4M3FNUZ.decode(uint16(h))) }

// Float64 returns h's value, exactly.
func (h Float8E4M3FNUZ) Float64() float64 { return fmtF8E4M3FNUZ.decode(uint16(h)) }

// ToFloat8E4M3FNUZ rounds v once, to nearest even; with saturate what is too great becomes the greatest finite value.
func ToFloat8E4M3FNUZ(v float32, saturate bool) Float8E4M3FNUZ {
	return Float8E4M3FNUZ(fmtF8E4M3FNUZ.encode(float64(v), saturate))
}

// Float64ToFloat8E4M3FNUZ is ToFloat8E4M3FNUZ from float64, rounding once.
func Float64ToFloat8E4M3FNUZ(v float64, saturate bool) Float8E4M3FNUZ {
	return Float8E4M3FNUZ(fmtF8E4M3FNUZ.encode(v, saturate))
}

// Float32 returns h's value, exactly.
func (h Float8E5M2) Float32() float32 { return float32(fmtF8E5M2.decode(uint16(h))) }

// Float64 returns h's value, exactly.
func (h Float8E5M2) Float64() float64 { return fmtF8E5M2.decode(uint16(h)) }

// ToFloat8E5M2 rounds v once, to nearest even; with saturate what is too great becomes the greatest finite value.
func ToFloat8E5M2(v float32, saturate bool) Float8E5M2 {
	return Float8E5M2(fmtF8E5M2.encode(float64(v), saturate))
}

// Float64ToFloat8E5M2 is ToFloat8E5M2 from float64, rounding once.
func Float64ToFloat8E5M2(v float64, saturate bool) Float8E5M2 {
	return Float8E5M2(fmtF8E5M2.encode(v, saturate))
}

// Float32 returns h's value, exactly.
func (h Float8E5M2FNUZ) Float32() float32 { return float32(fmtF8E5M2FNUZ.decode(uint16(h))) }

// Float64 returns h's value, exactly.
func (h Float8E5M2FNUZ) Float64() float64 { return fmtF8E5M2FNUZ.decode(uint16(h)) }

// ToFloat8E5M2FNUZ rounds v once, to nearest even; with saturate what is too great becomes the greatest finite value.
func ToFloat8E5M2FNUZ(v float32, saturate bool) Float8E5M2FNUZ {
	return Float8E5M2FNUZ(fmtF8E5M2FNUZ.encode(float64(v), saturate))
}

// Float64ToFloat8E5M2FNUZ is ToFloat8E5M2FNUZ from float64, rounding once.
func Float64ToFloat8E5M2FNUZ(v float64, saturate bool) Float8E5M2FNUZ {
	return Float8E5M2FNUZ(fmtF8E5M2FNUZ.encode(v, saturate))
}

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

// Float32 returns h's value, exactly: a power of two, the least of them subnormal.
func (h Float8E8M0) Float32() float32 { return float32(h.Float64()) }

// Float64 returns h's value, exactly: a power of two.
func (h Float8E8M0) Float64() float64 {
	if h == 0xff {
		return math.NaN()
	}
	return pow2(int(h) - 127)
}

// ToFloat8E8M0 is Float64ToFloat8E8M0 from float32.
func ToFloat8E8M0(v float32, saturate bool, r Rounding) Float8E8M0 {
	return Float64ToFloat8E8M0(float64(v), saturate, r)
}

// Float64ToFloat8E8M0 rounds v to a power of two in r's direction. A sign is dropped, which ONNX leaves open. What lies outside [2^-127, 2^127] after rounding,
// zero and infinity included, becomes the nearer end with saturate, and NaN without.
func Float64ToFloat8E8M0(v float64, saturate bool, r Rounding) Float8E8M0 {
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
		return Float8E8M0(e)
	case !saturate:
		return 0xff
	case e < 0:
		return 0
	}
	return 254
}

// Float4E2M1Float32 returns the value of the low four bits of b as f4e2m1, exactly.
func Float4E2M1Float32(b uint8) float32 { return float32(fmtF4E2M1.decode(uint16(b & 15))) }

// ToFloat4E2M1 rounds v once, to nearest even, into the low four bits; what is too great becomes 6, and NaN a zero.
func ToFloat4E2M1(v float64) uint8 { return uint8(fmtF4E2M1.encode(v, true)) }
