//go:build !purego

package kern

// halfCall bounds the elements that one call converts, to a few µs.
const halfCall = 1 << 14

// widenFast converts as many of src as come in whole vectors, and returns how many.
func widenFast(t DType, dst []float32, src []uint16) int {
	whole := len(src) &^ 7
	if !CPU().Has(AVX2) {
		return 0
	}
	for at := 0; at < whole; at += halfCall {
		n := min(halfCall, whole-at)
		if t == Float16 {
			widenF16AVX2(n, &src[at], &dst[at])
		} else {
			widenBF16AVX2(n, &src[at], &dst[at])
		}
	}
	return whole
}

// narrowFast converts as many of src as come in whole vectors, and returns how many.
func narrowFast(t DType, dst []uint16, src []float32) int {
	whole := len(src) &^ 7
	if !CPU().Has(AVX2) {
		return 0
	}
	for at := 0; at < whole; at += halfCall {
		n := min(halfCall, whole-at)
		if t == Float16 {
			narrowF16AVX2(n, &src[at], &dst[at])
		} else {
			narrowBF16AVX2(n, &src[at], &dst[at])
		}
	}
	return whole
}
