//go:build !purego

package kern

// copyPanel copies n rows of nr floats, lds apart, to dst, one behind the other, and reports
// whether it could.
func copyPanel(dst, src []float32, lds, n, nr int) bool {
	if n == 0 {
		return true
	}
	_, _ = dst[n*nr-1], src[(n-1)*lds+nr-1]
	f := CPU()
	if !(nr == 32 && f.Has(AVX512) || nr == 16 && f.Has(AVX2)) {
		return false
	}
	for i := 0; i < n; i += copyCall {
		m := min(copyCall, n-i)
		if nr == 32 {
			copyF32x32AVX512(m, &src[i*lds], 4*lds, &dst[i*nr])
		} else {
			copyF32x16AVX2(m, &src[i*lds], 4*lds, &dst[i*nr])
		}
	}
	return true
}

// copyCall bounds the rows that one call copies, to about 20 µs out of memory.
const copyCall = 2048

// transposeFast transposes as many rows as come in whole vectors, and of them as many columns as
// come in fours; it returns how many rows those are.
func transposeFast(dst []float32, ldd int, src []float32, lds, rows, cols int) int {
	lanes := 8
	f := CPU()
	if !f.Has(AVX2) || cols < 4 {
		return 0
	}
	if f.Has(AVX512) {
		lanes = 16
	}
	whole := rows / lanes * lanes
	if whole == 0 {
		return 0
	}
	_, _ = dst[(cols-1)*ldd+rows-1], src[(rows-1)*lds+cols-1]
	for r := 0; r < whole; r += lanes {
		if lanes == 16 {
			transposeF32x16x4AVX512(cols/4, &src[r*lds], 4*lds, &dst[r], 4*ldd)
		} else {
			transposeF32x8x4AVX2(cols/4, &src[r*lds], 4*lds, &dst[r], 4*ldd)
		}
	}
	return whole
}
