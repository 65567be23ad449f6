//go:build !purego

package kern

import "unsafe"

// intRows are in order of preference.
var intRows = append([]intRow{
	{"gemm.i8.14x32.vnni", AVX512 | VNNI, true, 14, 32},
	{"gemm.i16.14x32.avx512", AVX512, false, 14, 32},
	{"gemm.i16.6x16.avx2", AVX2, false, 6, 16},
}, goIntRows...)

// run computes one tile of mr rows and a panel.
func (r *intRow) run(mr int, kind intKind, t *intTile) {
	switch r.needs {
	case AVX512 | VNNI:
		if kind == intU8 {
			intTileU8VNNI(mr, t)
		} else {
			intTileI8VNNI(mr, t)
		}
	case AVX512:
		intTileI16AVX512(mr, t)
	case AVX2:
		intTileI16AVX2(mr, t)
	default:
		intTileGo(mr, kind, t)
	}
}

// intEndVectors runs what the machine has whole vectors for, and returns how many columns that were.
func intEndVectors(kind intResult, t *intEnd, cols int) int {
	p := (*byte)(unsafe.Pointer(t))
	switch f := CPU(); {
	case f.Has(AVX512):
		t.vecs, t.mask = cols/16, uint32(1)<<(cols%16)-1
		switch kind {
		case intResult32:
			intEndIntAVX512(p)
		case intResultReal:
			intEndRealAVX512(p)
		default:
			if t.near.mul != nil {
				if intEndNearAVX512(p); t.near.sure() {
					return cols
				}
			}
			intEndSmallAVX512(p)
		}
		return cols
	case f.Has(AVX2) && cols >= 8:
		t.vecs, t.mask = cols/8, 0
		switch kind {
		case intResult32:
			intEndIntAVX2(p)
		case intResultReal:
			intEndRealAVX2(p)
		default:
			if kind == intResultI8 {
				t.mask = 1
			}
			t.near.worst = [16]float32{}
			if t.near.mul != nil {
				if intEndNearAVX2(p); t.near.sure() {
					return cols &^ 7
				}
			}
			intEndSmallAVX2(p)
		}
		return cols &^ 7
	}
	return 0
}

// sure reports whether all bytes are those that float64 gives.
func (n *intNear) sure() bool {
	for _, v := range n.worst {
		if !(v < n.room) {
			return false
		}
	}
	return true
}
