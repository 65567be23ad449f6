//go:build !purego

package kern

// turnFast turns as many pairs as come in whole vectors, and returns how many those are.
func turnFast(re, im, x, y, cos, sin []float32) int {
	n, f := len(cos), CPU()
	_, _, _, _, _ = re[:n], im[:n], x[:n], y[:n], sin[:n]
	switch {
	case n >= 16 && f.Has(AVX512):
		turnF32AVX512(n/16, &re[0], &im[0], &x[0], &y[0], &cos[0], &sin[0])
		return n &^ 15
	case n >= 8 && f.Has(AVX2):
		turnF32AVX2(n/8, &re[0], &im[0], &x[0], &y[0], &cos[0], &sin[0])
		return n &^ 7
	}
	return 0
}
