package kern

import (
	"math/bits"
	"unsafe"
)

// A gemmTile is one call of a kernel: some rows of C by some columns. Kernels know the offsets of
// its fields. Column panels of B lie one after the other, each as [k][nr].
type gemmTile struct {
	a     unsafe.Pointer // row 0 of A, read in place
	lda   int            // bytes from row to row
	segs  *int           // where each segment of k begins in every row of A: bytes from a
	nseg  int
	segk  int            // steps of k per segment
	b     unsafe.Pointer // the first panel, at the first step of k
	bstep int            // bytes from panel to panel
	c     unsafe.Pointer
	ldc   int            // bytes
	bias  unsafe.Pointer // one row, added to all sums, or nil
	res   unsafe.Pointer // added to the sums, or nil
	ldr   int            // bytes
	lanes *int32         // for masks that are vectors: -1 for each live column of the last panel, then 0
	mask  uint32         // a bit for each live column of the last panel
	flags uint32
	alpha float32
	lo    float32
	hi    float32
	nr    int32 // columns of a panel; only gemmTileGo does not know it
}

const (
	tileLoad  = 1 // the chains go on from what C holds
	tileAlpha = 2 // the sums are multiplied by alpha, before anything is added
	tileClamp = 4 // lo and hi apply, last
	tileWhole = 8 // no column is masked
)

// A gemmRow is one implementation of the float32 matrix product.
type gemmRow struct {
	name  string
	needs Features
	mr    int    // most rows of a tile
	nr    int    // columns of a panel
	wide  [4]int // panels that one call takes when it has so few rows, to keep enough chains in flight
	half  bool   // has kernels for panels that are at most half full
}

// gemmRows are in order of preference.
//
// Each result is one chain: it starts from zero or from C, and adds a[k]·b[k] for
// ascending k, with one rounding per step in the assembly rows, so that the bits depend neither on
// the tile nor on the blocks nor on the threads. The Go row multiplies, then adds, with two
// roundings unless the compiler fuses them (arm64 and GOAMD64=v3 do): bits differ from the
// assembly rows and from target to target, never within one target.
var gemmRows = []gemmRow{
	{"gemm.f32.14x32.avx512", AVX512, 14, 32, [4]int{1: 4, 2: 2, 3: 2}, true},
	{"gemm.f32.6x16.avx2", AVX2, 6, 16, [4]int{1: 4, 2: 2, 3: 1}, false},
	{"gemm.f32.2x4.go", 0, 2, 16, [4]int{1: 1, 2: 1, 3: 1}, false},
	{"gemm.f32.2x4.go", 0, 2, 32, [4]int{1: 1, 2: 1, 3: 1}, false}, // panels packed for another machine
}

// wideFor returns how many panels one call takes when it has so many rows.
func (r *gemmRow) wideFor(rows int) int {
	if rows > 0 && rows < len(r.wide) {
		return r.wide[rows]
	}
	return 1
}

// gemmRowFor returns the best row for panels of nr columns, or of any width if nr is 0; nil if there is none.
func gemmRowFor(nr int) *gemmRow {
	f := CPU()
	for i := range gemmRows {
		if r := &gemmRows[i]; f.Has(r.needs) && (nr == 0 || nr == r.nr) {
			return r
		}
	}
	return nil
}

// GemmNR is the width of the column panels that this machine wants B packed in.
func GemmNR() int { return gemmRowFor(0).nr }

// gemmTileGo is the portable tile, and what every other tile equals up to the rounding of a
// multiply-add:
//
//	for each row i and column j:
//		s := 0 or c[i][j]
//		for each segment and k in it: s += a[i][seg+k] * b[seg·segk+k][j]
//		c[i][j] = min(max(s·alpha + bias[j] + res[i][j], lo), hi)
func gemmTileGo(mr, cols int, t *gemmTile) {
	nr := int(t.nr)
	for j0 := 0; j0 < cols; j0 += nr {
		live := nr
		if j0+nr >= cols {
			live = bits.Len32(t.mask)
		}
		b := unsafe.Add(t.b, j0/nr*t.bstep)
		for i := 0; i < mr; i += 2 {
			for j := 0; j < live; j += 4 {
				var s [8]float32
				n := min(4, live-j)
				two := i+1 < mr
				t.start(&s, i, j0+j, n, two)
				t.sum2x4(&s, i, b, j, two)
				t.finish(s[:n], i, j0+j)
				if two {
					t.finish(s[4:4+n], i+1, j0+j)
				}
			}
		}
	}
}

func rowOf(p unsafe.Pointer, off, col, n int) []float32 {
	return unsafe.Slice((*float32)(unsafe.Add(p, off+4*col)), n)
}

// start fills the sums of row i in s[:n] and of row i+1 in s[4:].
func (t *gemmTile) start(s *[8]float32, i, col, n int, two bool) {
	if t.flags&tileLoad == 0 {
		return
	}
	copy(s[:4], rowOf(t.c, i*t.ldc, col, n))
	if two {
		copy(s[4:], rowOf(t.c, (i+1)*t.ldc, col, n))
	}
}

// sum2x4 runs eight chains; columns past the live ones lie in the panel too and are dropped later.
func (t *gemmTile) sum2x4(s *[8]float32, i int, b unsafe.Pointer, j int, two bool) {
	nr := int(t.nr)
	s0, s1, s2, s3, s4, s5, s6, s7 := s[0], s[1], s[2], s[3], s[4], s[5], s[6], s[7]
	next := 0
	if two {
		next = t.lda
	}
	if t.segk > 0 {
		for g, off := range unsafe.Slice(t.segs, t.nseg) {
			a := rowOf(t.a, off+i*t.lda, 0, t.segk)
			a2 := rowOf(t.a, off+i*t.lda+next, 0, t.segk)[:len(a)]
			bb := unsafe.Slice((*float32)(unsafe.Add(b, 4*(g*t.segk*nr+j))), (t.segk-1)*nr+4)
			for k, x := range a {
				v := bb[k*nr : k*nr+4 : k*nr+4]
				y := a2[k]
				s0 += x * v[0]
				s1 += x * v[1]
				s2 += x * v[2]
				s3 += x * v[3]
				s4 += y * v[0]
				s5 += y * v[1]
				s6 += y * v[2]
				s7 += y * v[3]
			}
		}
	}
	*s = [8]float32{s0, s1, s2, s3, s4, s5, s6, s7}
}

func (t *gemmTile) finish(s []float32, i, col int) {
	if t.flags&tileAlpha != 0 {
		for j := range s {
			s[j] = float32(s[j] * t.alpha)
		}
	}
	if t.bias != nil {
		for j, b := range rowOf(t.bias, 0, col, len(s)) {
			s[j] += b
		}
	}
	if t.res != nil {
		for j, r := range rowOf(t.res, i*t.ldr, col, len(s)) {
			s[j] += r
		}
	}
	if t.flags&tileClamp != 0 {
		clampRow(s, t.lo, t.hi)
	}
	copy(rowOf(t.c, i*t.ldc, col, len(s)), s)
}
