package kern

import "unsafe"

// An intPart is a product of small integers as the block driver sees it: rows in runs of equal
// length, evenly spaced in A and in the results, as in a gemmPart.
type intPart struct {
	row         *intRow
	kind        intKind
	a           unsafe.Pointer
	lda, arun   int // bytes from row to row, from run to run
	runs, len   int
	segs        []int
	segk        int // steps
	b           unsafe.Pointer
	n           int // columns
	out         unsafe.Pointer
	ldout, orun int // bytes
	result      intResult
	end         intEnd  // what applies to column 0 on
	rowsum      []int32 // by row, runs one after the other; nil unless end.zb is there
	rowzero     []int32 // zero points of A by row, or nil
	colsum      []int32 // the sums of columns of B, where rowzero is there
}

// intSteps bounds the steps of one call, for the time that it takes.
const intSteps = 4096

// panels computes column panels p0 to p1-1 of all rows. acc has room for a tile.
func (g *intPart) panels(p0, p1 int, acc []int32) {
	if g.runs == 0 || g.len == 0 {
		return
	}
	nr := g.row.nr
	steps := len(g.segs) * g.segk
	t := intTile{lda: g.lda, nr: nr, c: unsafe.Pointer(unsafe.SliceData(acc)), ldc: 4 * nr}
	tiles := ceilDiv(g.len, g.row.mr)
	for p := p0; p < p1; p++ {
		b := unsafe.Add(g.b, p*nr*steps*stepBytes)
		cols := min(nr, g.n-p*nr)
		for r := range g.runs {
			for i, left := 0, tiles; left > 0; left-- {
				mr := (g.len - i + left - 1) / left // about equally high, because a low tile is slow
				g.sums(&t, unsafe.Add(g.a, r*g.arun+i*g.lda), b, mr)
				g.finish(acc, p*nr, cols, r, i, mr)
				i += mr
			}
		}
	}
}

// sums computes one tile, some steps at a time.
func (g *intPart) sums(t *intTile, a, b unsafe.Pointer, mr int) {
	t.load = 0
	steps := len(g.segs) * g.segk
	for done := 0; ; {
		// A call takes whole segments, or a piece of one.
		seg, at := 0, 0
		if done > 0 {
			seg, at = done/g.segk, done%g.segk
		}
		t.nseg, t.segk = 1, g.segk
		if g.segk > intSteps {
			t.segk = min(intSteps, g.segk-at)
		} else if g.segk > 0 {
			t.nseg = min(len(g.segs)-seg, intSteps/g.segk)
		}
		t.segs = &g.segs[seg]
		t.a, t.b = unsafe.Add(a, stepBytes*at), unsafe.Add(b, stepBytes*done*g.row.nr)
		g.row.run(mr, g.kind, t)
		t.load = 1
		if done += t.nseg * t.segk; done >= steps {
			return
		}
	}
}

// finish writes the results of a tile.
func (g *intPart) finish(acc []int32, col, cols, run, i, mr int) {
	e := g.end
	e.acc, e.ldacc, e.rows = unsafe.Pointer(unsafe.SliceData(acc)), 4*g.row.nr, mr
	e.out, e.ldout = unsafe.Add(g.out, run*g.orun+i*g.ldout+col*g.result.size()), g.ldout
	e.add = (*int32)(unsafe.Add(unsafe.Pointer(e.add), 4*col))
	if g.result != intResult32 {
		e.mul = (*float64)(unsafe.Add(unsafe.Pointer(e.mul), 8*col))
		e.real = (*float64)(unsafe.Add(unsafe.Pointer(e.real), 8*col))
		if e.near.mul != nil {
			e.near.mul = (*float32)(unsafe.Add(unsafe.Pointer(e.near.mul), 4*col))
			e.near.real = (*float32)(unsafe.Add(unsafe.Pointer(e.near.real), 4*col))
		}
	}
	row := run*g.len + i
	if e.zb != nil {
		e.zb = (*int32)(unsafe.Add(unsafe.Pointer(e.zb), 4*col))
		e.rowsum = &g.rowsum[row]
	}
	if g.rowzero != nil {
		for r := range mr {
			z := g.rowzero[row+r]
			sums := acc[r*g.row.nr:][:cols]
			for j, s := range g.colsum[col : col+cols] {
				sums[j] -= z * s
			}
		}
	}
	e.run(g.result, cols)
}
