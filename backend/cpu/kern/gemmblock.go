package kern

import (
	"sync"
	"unsafe"
)

// A gemmBlocks says how much of a product is worked on at a time. It changes speed, never bits.
type gemmBlocks struct {
	kc int // steps of k before the chains rest in C
	mc int // rows of A that stay in the second-level cache
}

// blocksFor sizes blocks from the second-level cache: a block of A takes a quarter of it, and a panel
// of B of kc steps and 32 columns a twentieth. Long stretches of k touch C less often.
func blocksFor(c Caches) gemmBlocks {
	kc := min(max(c.L2/8192*3, 192), 1024) &^ 15
	mc := c.L2 / 4 / (4 * kc)
	return gemmBlocks{kc: kc, mc: min(max(mc, 42), 336)}
}

var machineBlocks = sync.OnceValue(func() gemmBlocks { return blocksFor(caches()) })

// A gemmPart is a product as the block driver sees it: rows of C in runs of equal length, each
// evenly spaced in A and C; convolution has a run per row of pixels, a matrix has one run.
type gemmPart struct {
	row              *gemmRow
	kc               int
	a, c, res        unsafe.Pointer // of row 0; res may be nil
	lda, ldc, ldr    int            // bytes from row to row
	arun, crun, rrun int            // bytes from run to run
	runs, len        int            // runs, and rows in each
	segs             []int          // where each segment of k begins in a row of A, in bytes
	segk             int
	bsegs            []int          // where each segment begins in a panel, in bytes; nil: one behind the other
	b, bias          unsafe.Pointer // panel 0; bias may be nil
	deep             int            // steps of k that panels of B hold; 0: as many as are multiplied
	n                int            // columns in all
	flags            uint32         // tileLoad, tileAlpha, tileClamp
	alpha, lo, hi    float32
}

// noOffset is the one segment of a plain matrix.
var noOffset = []int{0}

// laneMasks holds vector masks: laneMasks[32-n:] begins with n live lanes.
var laneMasks = func() (m [64]int32) {
	for i := range 32 {
		m[i] = -1
	}
	return m
}()

// panels computes column panels p0 to p1-1 of all rows.
func (g *gemmPart) panels(p0, p1 int) {
	if g.runs == 0 || g.len == 0 {
		return
	}
	k := len(g.segs) * g.segk
	t := gemmTile{lda: g.lda, ldc: g.ldc, ldr: g.ldr, alpha: g.alpha, lo: g.lo, hi: g.hi, nr: int32(g.row.nr)}
	t.bstep = 4 * k * g.row.nr
	if g.deep > 0 {
		t.bstep = 4 * g.deep * g.row.nr
	}
	for done := 0; ; {
		// A step of the outer loop takes whole segments, or a piece of one.
		seg, at := 0, 0
		if done > 0 {
			seg, at = done/g.segk, done%g.segk
		}
		n := g.segk
		t.nseg = 1
		if g.segk > g.kc {
			n = evenPart(g.segk, g.kc, at)
		} else if g.segk > 0 && g.bsegs == nil {
			t.nseg = evenPart(len(g.segs), max(1, g.kc/g.segk), seg)
		}
		t.segk = n
		t.segs = &g.segs[seg]
		t.flags = g.flags & tileLoad
		t.bias, t.res = nil, nil
		if done > 0 {
			t.flags = tileLoad
		}
		a := unsafe.Add(g.a, 4*at)
		b := unsafe.Add(g.b, 4*done*g.row.nr)
		if g.bsegs != nil {
			b = unsafe.Add(g.b, g.bsegs[seg]+4*at*g.row.nr)
		}
		done += t.nseg * n
		last := done >= k
		if last {
			t.flags |= g.flags & (tileAlpha | tileClamp)
		}
		g.step(&t, a, b, p0, p1, last)
		if last {
			return
		}
	}
}

// evenPart returns how many of n items the part that begins at item at has, when parts have at
// most limit items and are as even as can be.
func evenPart(n, limit, at int) int {
	if n <= limit {
		return n
	}
	parts := (n + limit - 1) / limit
	size := (n + parts - 1) / parts
	if size > 8 {
		size = (size + 3) &^ 3 // kernels are unrolled by four
	}
	return min(size, n-at)
}

// step runs one stretch of k over the panels.
func (g *gemmPart) step(t *gemmTile, a, b unsafe.Pointer, p0, p1 int, last bool) {
	wide := 1
	if g.runs == 1 {
		wide = g.row.wideFor(g.len)
	}
	nr := g.row.nr
	for p := p0; p < p1; p += wide {
		np := min(wide, p1-p)
		live := min(nr, g.n-(p+np-1)*nr)
		cols := np * nr
		if np == 1 && g.row.half && 2*live <= nr {
			cols = nr / 2
		}
		t.mask = uint32(1)<<live - 1
		t.lanes = &laneMasks[32-live]
		whole := uint32(0)
		if live == nr {
			whole = tileWhole
		}
		t.flags = t.flags&^tileWhole | whole
		t.b = unsafe.Add(b, p*t.bstep)
		col := 4 * p * nr
		if last && g.bias != nil {
			t.bias = unsafe.Add(g.bias, col)
		}
		for r := range g.runs {
			g.rows(t, unsafe.Add(a, r*g.arun), r, col, cols, last)
		}
	}
}

// rows runs the tiles of one run: all about equally high, because a low one is slow.
func (g *gemmPart) rows(t *gemmTile, a unsafe.Pointer, run, col, cols int, last bool) {
	tiles := (g.len + g.row.mr - 1) / g.row.mr
	for i := 0; tiles > 0; tiles-- {
		mr := (g.len - i + tiles - 1) / tiles
		t.a = unsafe.Add(a, i*g.lda)
		t.c = unsafe.Add(g.c, run*g.crun+i*g.ldc+col)
		if last && g.res != nil {
			t.res = unsafe.Add(g.res, run*g.rrun+i*g.ldr+col)
		}
		g.row.run(mr, cols, t)
		i += mr
	}
}
