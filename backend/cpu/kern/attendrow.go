package kern

import (
	"math"
	"unsafe"
)

// row turns the scores of a row, those of the keys of its tile from lo on, into exponentials, and returns 1 over their sum.
func (w *attendWorker) row(a *attend, head, i int, x []float32, lo int, masked, wild bool) float32 {
	from, to := lo, len(x)
	if w.hides {
		from, to = a.sees(w.n, i)
	}
	if a.softcap != 0 {
		a.cap(x[lo:])
	}
	s := x[from:to]
	if !masked {
		a.hide(s, w.n, head, i, from)
	}
	var m float32
	if n := len(s); n > 0 && n <= rowBlock {
		m = a.rows.max(n, &s[0], 0)
	} else {
		m = foldMax(a.rows.max, s)
	}
	if !(m > -inf32) && a.blind(w.n, head, i, from, to) {
		clear(x[lo:])
		return 1
	}
	if wild && (poisons(a.rows, x[lo:from]) || poisons(a.rows, x[to:])) {
		m = float32(math.NaN())
	}
	further := float32(0)
	if a.smooth {
		if a.sink != nil {
			further = a.sink[head]
		}
		m = max(m, further)
	}
	sum := 0.0
	for at := 0; at < len(s); at += rowBlock {
		sum += float64(a.rows.exp(min(rowBlock, len(s)-at), &s[at], &s[at], m))
	}
	if a.smooth {
		sum += math.Exp(float64(further) - float64(m))
	}
	if w.hides {
		clear(x[lo:from])
		clear(x[to:])
	}
	return float32(1 / sum)
}

// poisons reports whether hiding one of the scores gives NaN: whether it is NaN or infinite.
func poisons(rows *rowKernels, x []float32) bool { return !(foldMax(rows.max, x) < inf32) }

// cap bounds scores softly.
func (a *attend) cap(x []float32) {
	for len(x) > 0 {
		n, p := min(len(x), pwTileLen), &x[0]
		a.table[int(OpDiv)<<formBits+formB](n, p, p, nil, nil, a.softcap)
		a.table[int(OpTanh)<<formBits](n, p, p, nil, nil, 0)
		a.table[int(OpMul)<<formBits+formB](n, p, p, nil, nil, a.softcap)
		x = x[n:]
	}
}

// hide adds the mask to the scores of keys from on.
func (a *attend) hide(x []float32, n, head, i, from int) {
	if len(x) == 0 || a.mask.none() {
		return
	}
	at := a.maskAt(n, head, i) + from
	if a.mask.keep != nil {
		hideWhere(x, a.mask.keep[at:at+len(x)])
		return
	}
	m := a.mask.add[at : at+len(x)]
	for len(x) > 0 {
		k := min(len(x), pwTileLen)
		a.table[int(OpAdd)<<formBits](k, &x[0], &x[0], &m[0], nil, 0)
		x, m = x[k:], m[k:]
	}
}

// hideWhere adds −∞ to the scores whose keys are not to be kept.
func hideWhere(x []float32, keep []byte) {
	j := 0
	for ; j+8 <= len(keep); j += 8 {
		if *(*uint64)(unsafe.Pointer(&keep[j])) == 0x0101010101010101 {
			continue
		}
		for k, b := range keep[j : j+8] {
			if b == 0 {
				x[j+k] -= inf32
			}
		}
	}
	for ; j < len(keep); j++ {
		if keep[j] == 0 {
			x[j] -= inf32
		}
	}
}

// blind reports whether a query sees no key.
func (a *attend) blind(n, head, i, from, to int) bool {
	if from >= to {
		return true
	}
	if a.mask.none() {
		return false
	}
	at := a.maskAt(n, head, i)
	if a.mask.keep != nil {
		for _, b := range a.mask.keep[at+from : at+to] {
			if b != 0 {
				return false
			}
		}
		return true
	}
	for _, x := range a.mask.add[at+from : at+to] {
		if !(x == -inf32) {
			return false
		}
	}
	return true
}
