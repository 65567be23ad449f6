//go:build unix

package kern

import "testing"

// No kernel touches memory beyond its rows.
func TestRowKernelsStayInsideTheirRows(t *testing.T) {
	forRows(t, func(t *testing.T) {
		x, y, z, w := guarded(t, 150), guarded(t, 150), guarded(t, 150), guarded(t, 150)
		k := rowsBest()
		for n := 1; n <= 150; n++ {
			a, b, c, d := &x[150-n], &y[150-n], &z[150-n], &w[150-n]
			for _, f := range pwBest() {
				if f != nil {
					f(n, d, a, b, c, 0.5)
				}
			}
			for _, f := range []rowFold{k.sum, k.sumAbs, k.prod, k.max, k.min, k.sumSq, k.sumExp} {
				_ = f(n, a, 0)
			}
			_ = k.exp(n, d, a, 0)
			for _, f := range []rowMapFunc{k.linear, k.norm, k.normG, k.normGH} {
				f(n, d, a, b, c, 1, 2)
			}
		}
	})
}
