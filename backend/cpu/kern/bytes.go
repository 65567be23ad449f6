package kern

// f32OfBytes makes float32 of bytes, with or without a sign, less zero.
func f32OfBytes(dst []float32, src []byte, signed bool, zero float32) {
	src = src[:len(dst)]
	n := f32OfVectors(dst, src, signed, zero)
	if signed {
		for i, v := range src[n:] {
			dst[n+i] = float32(int8(v)) - zero
		}
		return
	}
	for i, v := range src[n:] {
		dst[n+i] = float32(v) - zero
	}
}

// wholeOfF32 makes integers of 32 bits of whole float32, in their place.
func wholeOfF32(v []float32) []int32 {
	out := Of[int32](&Arg{Data: Bytes(v)})
	n := wholeOfVectors(v)
	for i, x := range v[n:] {
		out[n+i] = int32(x)
	}
	return out
}

// bytesOfF32 makes bytes of float32 as [Cast] does: the low bits of integers of 32 bits, without
// fractions.
func bytesOfF32(dst []byte, src []float32) {
	n := bytesOfVectors(dst[:len(src)], src)
	wrap(dst, src, n, len(src))
}

// greaterBytes keeps in dst the greater of its bytes and those of src, with or without a sign.
func greaterBytes(dst, src []byte, signed bool) {
	dst = dst[:len(src)]
	turn := byte(0)
	if signed {
		turn = 0x80 // with it turned over, bytes with a sign are in the order of those without
	}
	n := greaterOfVectors(dst, src, signed)
	for i, v := range src[n:] {
		if v^turn > dst[n+i]^turn {
			dst[n+i] = v
		}
	}
}
