package kern

// f32OfBytes makes float32 of bytes, with or without a sign.
func f32OfBytes(dst []float32, src []byte, signed bool) {
	src = src[:len(dst)]
	n := f32OfVectors(dst, src, signed)
	if signed {
		for i, v := range src[n:] {
			dst[n+i] = float32(int8(v))
		}
		return
	}
	for i, v := range src[n:] {
		dst[n+i] = float32(v)
	}
}

// bytesOfF32 makes bytes of float32, with or without a sign, bounded by what they hold and without
// their fractions; NaN becomes 0.
func bytesOfF32(dst []byte, src []float32, signed bool) {
	dst = dst[:len(src)]
	least, most := float32(0), float32(255)
	if signed {
		least, most = -128, 127
	}
	n := bytesOfVectors(dst, src, signed, least, most)
	for i, v := range src[n:] {
		dst[n+i] = uint8(int32(min(max(v, least), most))) // of NaN all that is kept is zeros, on every machine
	}
}
