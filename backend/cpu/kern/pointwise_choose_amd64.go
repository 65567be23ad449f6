//go:build !purego

package kern

import "math"

var pwFull512, pwFull2 = complete(&pwAVX512, &rowsAVX512), complete(&pwAVX2, &rowsAVX2)

// pwBest returns the best table that this machine has.
func pwBest() *pwTable {
	switch f := CPU(); {
	case f.Has(AVX512):
		return pwFull512
	case f.Has(AVX2):
		return pwFull2
	}
	return pwGo
}

// complete fills the rows that have no assembly with the portable ones, and guards those that have
// some for part of their arguments only.
func complete(t *pwTable, rows *rowKernels) *pwTable {
	full := *t
	for i := range full {
		if full[i] == nil {
			full[i] = pwGo[i]
		}
	}
	for op, f := range map[Op]func(float64) float64{OpSin: math.Sin, OpCos: math.Cos} {
		row := int(op) << formBits
		full[row] = guard(full[row], rows, f)
	}
	return &full
}

// pwSinLimit is where the vector sine and cosine end: beyond, too few bits of the argument's
// remainder are left.
const pwSinLimit = 30000

// guard takes f for arguments within pwSinLimit and g for others, each by itself, so that a result
// does not depend on its neighbours.
func guard(f pwFunc, rows *rowKernels, g func(float64) float64) pwFunc {
	return func(n int, d, a, b, c *float32, imm float32) {
		if rows.max(n, a, 0) < pwSinLimit && rows.min(n, a, 0) > -pwSinLimit {
			f(n, d, a, b, c, imm)
			return
		}
		x, y := pwTile(a, n), pwTile(d, n)
		for i := range x {
			if abs32(x[i]) < pwSinLimit {
				f(1, &y[i], &x[i], nil, nil, imm)
			} else {
				y[i] = float32(g(float64(x[i])))
			}
		}
	}
}
