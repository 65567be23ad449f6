package kern

import "unsafe"

// An attendWorker is what one thread works with.
type attendWorker struct {
	keys, values []float32 // packed
	scores, inv  []float32 // of a tile: rows of scores, and 1 over the sum of each
	unit         int       // the open one, plus one
	n, head      int
	valid        int  // its keys
	hides        bool // some row does not see some key
	wild         bool // a number among keys and values is not finite, and some row does not see all keys
}

// open packs the keys and values of a unit, if that pays.
func (w *attendWorker) open(a *attend, unit int) {
	if w.unit == unit+1 {
		return
	}
	w.unit, w.n, w.head = unit+1, unit/a.k.heads, unit%a.k.heads
	w.valid = a.valid[w.n]
	from, _ := a.sees(w.n, a.q.length-1)
	_, to := a.sees(w.n, 0)
	w.hides = from > 0 || to < w.valid
	w.wild = w.hides && !(a.k.finite(a.rows, w.n, w.head, 0, w.valid) && a.v.finite(a.rows, w.n, w.head, 0, w.valid))
	if !a.sizes.whole {
		return
	}
	nr := a.gemm.nr
	packPanels(w.keys, a.k.at(w.n, w.head), a.k.token, a.k.size, w.valid, nr, true, 0, (w.valid+nr-1)/nr)
	if !a.inPlace() {
		packPanels(w.values, a.v.at(w.n, w.head), a.v.token, w.valid, a.v.size, nr, false, 0, (a.v.size+nr-1)/nr)
	}
}

// inPlace reports whether a head of values is a panel as it lies.
func (a *attend) inPlace() bool { return a.v.size == a.gemm.nr && a.v.token == a.gemm.nr }

// tile computes rows r0 to r1-1 of the open unit.
func (w *attendWorker) tile(a *attend, r0, r1 int) {
	lo, hi, wild := 0, w.valid, w.wild
	if w.hides {
		if lo, hi, wild = w.reach(a, r0, r1); wild {
			lo, hi = 0, w.valid // zeros times what is not finite are not zero
		}
	}
	masked := a.mask.add != nil && a.softcap == 0 && !wild // the product adds the mask
	w.products(a, r0, r1, lo, hi, masked)
	for r := r0; r < r1; {
		head, i := w.head*a.sizes.group+r/a.q.length, r%a.q.length
		for end := min(r1, r-i+a.q.length); r < end; r++ {
			x := w.scores[(r-r0)*a.sizes.ld:][:hi]
			w.inv[r-r0] = w.row(a, head, i, x, lo, masked, wild)
			i++
		}
	}
	w.sums(a, r0, r1, lo, hi)
}

// reach returns which keys the rows of a tile see, from the first of a panel on, and whether a number is not finite among what they meet.
func (w *attendWorker) reach(a *attend, r0, r1 int) (lo, hi int, wild bool) {
	tq := a.q.length
	lo, wild = w.valid, w.wild
	for r := r0; r < r1; r++ {
		from, to := a.sees(w.n, r%tq)
		lo, hi = min(lo, from), max(hi, to)
		wild = wild || !a.q.finite(a.rows, w.n, w.head*a.sizes.group+r/tq, r%tq, r%tq+1)
	}
	return min(lo, hi) &^ (a.gemm.nr - 1), hi, wild
}

// A run of rows of a tile that lie evenly spaced: those of one head, or one query of several heads.
func (a *attend) spaced(r0, r1 int) (n, q, y, mask int) {
	if a.q.length == 1 {
		return r1 - r0, a.q.head, a.y.head, a.mask.step[1]
	}
	return min(r1-r0, a.q.length-r0%a.q.length), a.q.token, a.y.token, a.mask.step[2]
}

// products computes the scores of keys lo to hi-1, whose first begins a panel.
func (w *attendWorker) products(a *attend, r0, r1, lo, hi int, masked bool) {
	nr := a.gemm.nr
	step := (hi - lo + nr - 1) / nr
	if !a.sizes.whole {
		step = streamPanels
	}
	keys := a.k.at(w.n, w.head)
	g := gemmPart{row: a.gemm, kc: a.kc, ldc: 4 * a.sizes.ld, runs: 1, segs: noOffset, segk: a.q.size, b: ptr(w.keys), flags: tileAlpha, alpha: a.scale}
	for p := lo / nr; p*nr < hi; p += step {
		np := min(step, (hi-p*nr+nr-1)/nr)
		if a.sizes.whole {
			g.b = unsafe.Add(ptr(w.keys), 4*p*nr*a.q.size)
		} else {
			packPanels(w.keys, keys[p*nr*a.k.token:], a.k.token, a.k.size, min(w.valid-p*nr, np*nr), nr, true, 0, np)
		}
		g.n = min(hi-p*nr, np*nr)
		for r := r0; r < r1; {
			n, q, _, mask := a.spaced(r, r1)
			head, i := w.head*a.sizes.group+r/a.q.length, r%a.q.length
			g.len, g.lda, g.ldr = n, 4*q, 4*mask
			if a.q.size == 0 {
				g.lda = 0 // nothing is read: no pointer may leave its operand
			}
			g.a = unsafe.Add(ptr(a.q.v), 4*(w.n*a.q.item+head*a.q.head+i*a.q.token))
			g.c = unsafe.Add(ptr(w.scores), 4*((r-r0)*a.sizes.ld+p*nr))
			if masked {
				g.res = unsafe.Add(ptr(a.mask.add), 4*(a.maskAt(w.n, head, i)+p*nr))
			}
			g.panels(0, np)
			r += n
		}
	}
}

func (a *attend) maskAt(n, head, i int) int {
	m := &a.mask.step
	return n*m[0] + head*m[1] + i*m[2]
}

// sums multiplies the tile's exponentials of keys lo to hi-1 by the values, and divides by the sums of the exponentials.
func (w *attendWorker) sums(a *attend, r0, r1, lo, hi int) {
	nr, dv := a.gemm.nr, a.v.size
	np := (dv + nr - 1) / nr
	values := a.v.at(w.n, w.head)
	step := max(1, hi-lo)
	if !a.sizes.whole && !a.inPlace() {
		step = streamKeys
	}
	g := gemmPart{row: a.gemm, kc: a.kc, lda: 4 * a.sizes.ld, runs: 1, segs: noOffset, n: dv, deep: w.valid}
	for k := lo; k < hi || k == lo; k += step {
		g.segk = min(step, hi-k)
		switch {
		case a.inPlace():
			g.b = unsafe.Add(ptr(values), 4*k*nr)
		case a.sizes.whole:
			g.b = unsafe.Add(ptr(w.values), 4*k*nr)
		default:
			g.b, g.deep = ptr(w.values), g.segk
			packPanels(w.values, values[min(k*a.v.token, len(values)):], a.v.token, g.segk, dv, nr, false, 0, np)
		}
		if k > lo {
			g.flags = tileLoad
		}
		for r := r0; r < r1; {
			n, _, y, _ := a.spaced(r, r1)
			head, i := w.head*a.sizes.group+r/a.q.length, r%a.q.length
			g.len, g.ldc = n, 4*y
			g.a = unsafe.Add(ptr(w.scores), 4*((r-r0)*a.sizes.ld+k))
			g.c = unsafe.Add(ptr(a.y.v), 4*(w.n*a.y.item+head*a.y.head+i*a.y.token))
			g.panels(0, np)
			r += n
		}
	}
	for r := r0; r < r1; {
		i := r % a.q.length
		y := a.y.at(w.n, w.head*a.sizes.group+r/a.q.length)
		for end := min(r1, r-i+a.q.length); r < end; r++ {
			row := y[i*a.y.token:][:dv]
			mapRow(a.rows.norm, row, row, nil, nil, 0, w.inv[r-r0])
			i++
		}
	}
}
