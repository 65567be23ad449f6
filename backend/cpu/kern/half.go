package kern

import "math"

// f16ToF32 is exact.
func f16ToF32(h uint16) float32 {
	sign, rest := uint32(h&0x8000)<<16, uint32(h&0x7fff)
	if rest >= 0x7c00 {
		return math.Float32frombits(sign | 0x7f800000 | rest<<13)
	}
	// The bits, moved, are the number times 2^-112, which no subnormal one loses.
	return math.Float32frombits(sign | math.Float32bits(math.Float32frombits(rest<<13)*0x1p112))
}

// f32ToF16 rounds to nearest, even in the middle; NaN stays NaN.
func f32ToF16(x float32) uint16 {
	b := math.Float32bits(x)
	sign := uint16(b >> 16 & 0x8000)
	switch b &= 1<<31 - 1; {
	case b > 0x7f800000:
		return sign | 0x7e00
	case b >= 0x477ff000: // 65520 and more round to infinity
		return sign | 0x7c00
	case b < 0x38800000: // subnormal: the sum with 1/2 has the right unit in the last place
		return sign | uint16(math.Float32bits(math.Float32frombits(b)+0.5)-0x3f000000)
	}
	return sign | uint16((b+0xfff+b>>13&1-0x38000000)>>13)
}

func bf16ToF32(h uint16) float32 { return math.Float32frombits(uint32(h) << 16) }

// f32ToBF16 rounds to nearest, even in the middle; NaN stays NaN.
func f32ToBF16(x float32) uint16 {
	b := math.Float32bits(x)
	if x != x {
		return uint16(b>>16) | 0x40
	}
	return uint16((b + 0x7fff + b>>16&1) >> 16)
}

// widenHalf fills dst from numbers of type t, Float16 or BFloat16.
func widenHalf(t DType, dst []float32, src []uint16) {
	src = src[:len(dst)]
	n := widenFast(t, dst, src)
	if t == Float16 {
		for i, h := range src[n:] {
			dst[n+i] = f16ToF32(h)
		}
		return
	}
	for i, h := range src[n:] {
		dst[n+i] = bf16ToF32(h)
	}
}

// narrowHalf fills dst with numbers of type t, Float16 or BFloat16, rounded to nearest.
func narrowHalf(t DType, dst []uint16, src []float32) {
	dst = dst[:len(src)]
	n := narrowFast(t, dst, src)
	if t == Float16 {
		for i, x := range src[n:] {
			dst[n+i] = f32ToF16(x)
		}
		return
	}
	for i, x := range src[n:] {
		dst[n+i] = f32ToBF16(x)
	}
}

// half reports whether d is a float of 16 bits.
func (d DType) half() bool { return d == Float16 || d == BFloat16 }

// castHalf converts elements lo to hi-1 from or to floats of 16 bits, by way of float32.
func castHalf(p *CastParam, dst, src *Arg, lo, hi int) {
	var buf [256]float32
	for at := lo; at < hi; at += len(buf) {
		x := buf[:min(len(buf), hi-at)]
		loadAs(p.From, src, at, 1, x)
		storeAs(p.To, dst, at, x)
	}
}
