package kern

import "unsafe"

// An intTile is one call of a kernel of the product of small integers: some rows of A by one panel
// of B. A step of k is the four bytes of a row of A and the four of each column of B that are
// multiplied at once. Kernels know the offsets of its fields.
type intTile struct {
	a    unsafe.Pointer // row 0, read in place
	lda  int            // bytes from row to row
	segs *int           // where each segment of k begins in every row of A: bytes from a
	nseg int
	segk int            // steps per segment
	b    unsafe.Pointer // [step][nr], four bytes each
	c    unsafe.Pointer // sums: int32, whole panels
	ldc  int            // bytes
	load int            // unless 0 the sums go on from what C holds
	nr   int            // columns of a panel; only intTileGo looks
}

// An intKind is what the four bytes of a step are.
type intKind uint8

const (
	intPairs intKind = iota // two int16 of A and of B, zero points subtracted
	intU8                   // four bytes of A without a sign, four of B with one
	intI8                   // four bytes of A with a sign, four of B without
)

// An intRow is one implementation of the product of small integers. Sums are exact modulo 2^32, so
// that all of them give the same bits.
type intRow struct {
	name  string
	needs Features
	bytes bool // takes intU8 and intI8; else intPairs
	mr    int  // most rows of a tile
	nr    int  // columns of a panel
}

// intRowFor returns the best row for B packed in one way, in panels of nr columns.
func intRowFor(bytes bool, nr int) *intRow {
	f := CPU()
	for i := range intRows {
		if r := &intRows[i]; f.Has(r.needs) && r.bytes == bytes && r.nr == nr {
			return r
		}
	}
	return nil
}

// intRowBest returns the row that this machine takes.
func intRowBest() *intRow {
	f := CPU()
	for i := range intRows {
		if f.Has(intRows[i].needs) {
			return &intRows[i]
		}
	}
	return nil
}

// goIntRows are the portable rows; the last three run what was packed for another machine.
var goIntRows = []intRow{
	{"gemm.i16.2x16.go", 0, false, 2, 16},
	{"gemm.i16.2x32.go", 0, false, 2, 32},
	{"gemm.i8.2x32.go", 0, true, 2, 32},
}

// intTileGo is the portable tile, and what every other equals:
//
//	for each row i and column j:
//		s := 0 or c[i][j]
//		for each segment and step k in it: s += a[i][seg+k] · b[seg·segk+k][j], over all that a step holds
//		c[i][j] = s
func intTileGo(mr int, kind intKind, t *intTile) {
	nr := t.nr
	segs := unsafe.Slice(t.segs, t.nseg)
	for i := range mr {
		c := unsafe.Slice((*int32)(unsafe.Add(t.c, i*t.ldc)), nr)
		if t.load == 0 {
			clear(c)
		}
		if t.segk == 0 {
			continue
		}
		b := t.b
		for _, off := range segs {
			a := unsafe.Add(t.a, off+i*t.lda)
			for k := range t.segk {
				row := unsafe.Add(b, 4*k*nr)
				step := unsafe.Add(a, 4*k)
				switch kind {
				case intPairs:
					v := (*[2]int16)(step)
					if *v != [2]int16{} {
						addPairs(c, int32(v[0]), int32(v[1]), unsafe.Slice((*[2]int16)(row), nr))
					}
				case intU8:
					v := (*[4]uint8)(step)
					addFour(c, [4]int32{int32(v[0]), int32(v[1]), int32(v[2]), int32(v[3])}, unsafe.Slice((*[4]int8)(row), nr))
				default:
					v := (*[4]int8)(step)
					addFour(c, [4]int32{int32(v[0]), int32(v[1]), int32(v[2]), int32(v[3])}, unsafe.Slice((*[4]uint8)(row), nr))
				}
			}
			b = unsafe.Add(b, 4*t.segk*nr)
		}
	}
}

func addPairs(c []int32, x, y int32, b [][2]int16) {
	b = b[:len(c)]
	for j := range c {
		c[j] += x*int32(b[j][0]) + y*int32(b[j][1])
	}
}

func addFour[T int8 | uint8](c []int32, a [4]int32, b [][4]T) {
	b = b[:len(c)]
	for j := range c {
		v := &b[j]
		c[j] += a[0]*int32(v[0]) + a[1]*int32(v[1]) + a[2]*int32(v[2]) + a[3]*int32(v[3])
	}
}
