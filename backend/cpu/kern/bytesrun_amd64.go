//go:build !purego

package kern

// f32OfVectors does what the machine has whole vectors for, and returns how many that were.
func f32OfVectors(dst []float32, src []byte, signed bool, zero float32) int {
	n := len(dst)
	switch f := CPU(); {
	case n < 8:
		return 0
	case f.Has(AVX512) && signed:
		f32OfI8AVX512(n, &src[0], &dst[0], zero)
	case f.Has(AVX512):
		f32OfU8AVX512(n, &src[0], &dst[0], zero)
	case f.Has(AVX2):
		n &^= 7
		if signed {
			f32OfI8AVX2(n, &src[0], &dst[0], zero)
		} else {
			f32OfU8AVX2(n, &src[0], &dst[0], zero)
		}
	default:
		return 0
	}
	return n
}

// bytesOfVectors is the same for bytesOfF32.
func bytesOfVectors(dst []byte, src []float32) int {
	n := len(src)
	switch f := CPU(); {
	case n < 8:
		return 0
	case f.Has(AVX512):
		f32ToBytesAVX512(n, &src[0], &dst[0])
	case f.Has(AVX2):
		n &^= 7
		f32ToBytesAVX2(n, &src[0], &dst[0])
	default:
		return 0
	}
	return n
}

// quantizeVectors is the same for bytes by a scale and a zero point.
func quantizeVectors(dst []byte, src []float32, scale, zero float32) int {
	n := len(src)
	switch f := CPU(); {
	case n < 8:
		return 0
	case f.Has(AVX512):
		quantizeU8AVX512(n, &src[0], &dst[0], scale, zero, 0, 255)
	case f.Has(AVX2):
		n &^= 7
		quantizeU8AVX2(n, &src[0], &dst[0], scale, zero, 0, 255)
	default:
		return 0
	}
	return n
}

// extremesOfVectors finds the least and the greatest numbers, and 0, lane by lane: least first. It returns how many numbers it
// looked at and how many lanes there are.
func extremesOfVectors(src []float32, lanes *[32]float32) (n, width int) {
	switch f := CPU(); {
	case f.Has(AVX512) && len(src) >= 16:
		width = 16
		extremesAVX512(len(src)/16, &src[0], &lanes[0])
	case f.Has(AVX2) && len(src) >= 8:
		width = 8
		extremesAVX2(len(src)/8, &src[0], &lanes[0])
	default:
		return 0, 0
	}
	return len(src) / width * width, width
}

// wholeOfVectors is the same for wholeOfF32.
func wholeOfVectors(v []float32) int {
	n := len(v)
	switch f := CPU(); {
	case n < 8:
		return 0
	case f.Has(AVX512):
		f32ToI32AVX512(n, &v[0])
	case f.Has(AVX2):
		n &^= 7
		f32ToI32AVX2(n, &v[0])
	default:
		return 0
	}
	return n
}

// greaterOfVectors is the same for greaterBytes.
func greaterOfVectors(dst, src []byte, signed bool) int {
	n := len(src)
	switch f := CPU(); {
	case f.Has(AVX512) && n >= 64:
		n &^= 63
		if signed {
			greaterI8AVX512(n/64, &dst[0], &src[0])
		} else {
			greaterU8AVX512(n/64, &dst[0], &src[0])
		}
	case f.Has(AVX2) && n >= 32:
		n &^= 31
		if signed {
			greaterI8AVX2(n/32, &dst[0], &src[0])
		} else {
			greaterU8AVX2(n/32, &dst[0], &src[0])
		}
	default:
		return 0
	}
	return n
}
