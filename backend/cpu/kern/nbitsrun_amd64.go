//go:build !purego

package kern

// widenPanelFast makes floats of rows of a block, if it can.
func widenPanelFast(n, bits, nr int, src []byte, dst, scale, zero []float32) bool {
	f := CPU()
	if n == 0 || !(nr == 32 && f.Has(AVX512) || nr == 16 && f.Has(AVX2)) {
		return n == 0
	}
	_, _, _, _ = src[n*nr*bits/8-1], dst[n*nr-1], scale[nr-1], zero[nr-1]
	switch {
	case nr == 32 && bits == 4:
		widenU4x32AVX512(n, &src[0], &dst[0], &scale[0], &zero[0], &countTo16[0])
	case nr == 32:
		widenU8x32AVX512(n, &src[0], &dst[0], &scale[0], &zero[0], &countTo16[0])
	case bits == 4:
		widenU4x16AVX2(n, &src[0], &dst[0], &scale[0], &zero[0], &countTo16[0])
	default:
		widenU8x16AVX2(n, &src[0], &dst[0], &scale[0], &zero[0], &countTo16[0])
	}
	return true
}

var countTo16 = [16]float32{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}
