package kern

import (
	"math"
	"unsafe"
)

// An intEnd is one call of what turns sums of products of small integers into results. Kernels know
// the offsets of its fields.
type intEnd struct {
	acc    unsafe.Pointer // int32
	ldacc  int            // bytes from row to row
	out    unsafe.Pointer
	ldout  int
	rows   int
	vecs   int      // whole vectors of columns
	add    *int32   // by column, added to the sums
	mul    *float64 // by column
	real   *float64 // by column, added behind mul
	zb     *int32   // by column, times rowsum, added to the sums; may be nil
	rowsum *int32   // by row
	lo, hi float64  // bound the real result, before it is rounded
	zero   int32    // added when it is rounded
	mask   uint32   // the columns of the last vector (AVX-512), or whether bytes have a sign (AVX2)
	near   intNear
}

// An intNear is mul, real, lo and hi in float32, for kernels of bytes, which are fast and note how
// far results were from whole numbers: where none came nearer to the middle of two than the error
// that float32 makes, they are those that float64 gives.
type intNear struct {
	mul    *float32 // nil: float32 does not serve
	real   *float32
	lo, hi float32
	worst  [16]float32 // written by kernels
	room   float32     // how far all results may be from whole numbers
}

// An intResult is a kind of result.
type intResult uint8

const (
	intResult32   intResult = iota // the sums themselves
	intResultReal                  // float32
	intResultU8
	intResultI8
)

func (r intResult) size() int {
	if r == intResult32 || r == intResultReal {
		return 4
	}
	return 1
}

// run computes all rows of so many columns.
func (t *intEnd) run(kind intResult, cols int) {
	if t.rows == 0 || cols == 0 {
		return
	}
	if n := intEndVectors(kind, t, cols); n < cols {
		intEndGo(kind, t, n, cols)
	}
}

// intEndGo is the portable end, for columns from one to another:
//
//	for each row i and column j:
//		s := acc[i][j] + add[j] + zb[j]·rowsum[i], modulo 2^32
//		x := min(max(s·mul[j] + real[j], lo), hi), in float64, rounded once before the bounds
//		out[i][j] = s, or x, or x rounded to even + zero
func intEndGo(kind intResult, t *intEnd, from, cols int) {
	add := unsafe.Slice(t.add, cols)
	var mul, real []float64
	if kind != intResult32 {
		mul, real = unsafe.Slice(t.mul, cols), unsafe.Slice(t.real, cols)
	}
	for i := range t.rows {
		acc := unsafe.Slice((*int32)(unsafe.Add(t.acc, i*t.ldacc)), cols)
		out := unsafe.Add(t.out, i*t.ldout)
		for j := from; j < cols; j++ {
			s := acc[j] + add[j]
			if t.zb != nil {
				s += *(*int32)(unsafe.Add(unsafe.Pointer(t.zb), 4*j)) * *(*int32)(unsafe.Add(unsafe.Pointer(t.rowsum), 4*i))
			}
			if kind == intResult32 {
				*(*int32)(unsafe.Add(out, 4*j)) = s
				continue
			}
			x := math.FMA(float64(s), mul[j], real[j])
			if kind == intResultReal {
				*(*float32)(unsafe.Add(out, 4*j)) = float32(min(max(x, t.lo), t.hi))
				continue
			}
			if !(x > t.lo) {
				x = t.lo
			}
			*(*uint8)(unsafe.Add(out, j)) = uint8(int32(math.RoundToEven(min(x, t.hi))) + t.zero)
		}
	}
}
