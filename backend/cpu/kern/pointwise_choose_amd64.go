//go:build !purego

package kern

var pwFull512, pwFull2 = complete(&pwAVX512), complete(&pwAVX2)

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

// complete fills the rows that have no assembly with the portable ones.
func complete(t *pwTable) *pwTable {
	full := *t
	for i := range full {
		if full[i] == nil {
			full[i] = pwGo[i]
		}
	}
	return &full
}
