package kern

import "unsafe"

// A dwTap is one place of a depthwise kernel.
type dwTap struct{ src, w int } // bytes from where a tile is and from its weights

// A dwTile is one call of a depthwise kernel: tiles of evenly spaced pixels of one row, all
// channels. Kernels know the offsets of its fields.
type dwTile struct {
	src   unsafe.Pointer // the operand
	pix   int            // bytes from pixel to pixel
	taps  *dwTap
	ntaps int
	w     unsafe.Pointer // [tap][channel]
	dst   unsafe.Pointer
	dpix  int            // bytes from result to result, and from residual to residual
	bias  unsafe.Pointer // or nil
	res   unsafe.Pointer // or nil
	tiles int
	vecs  int    // whole vectors of channels
	lanes *int32 // what is left, as a vector mask
	mask  uint32 // what is left, as bits
	clamp int32  // lo and hi apply, if not 0
	lo    float32
	hi    float32
	at    int // bytes from src to the first pixel, which may lie outside where the taps do not
	chans int // all of them; only dwTileGo looks
}

const dwPixels = 8 // most pixels of a tile

// dwTileGo is the portable depthwise tile, and what every other equals up to the rounding of a
// multiply-add:
//
//	for each pixel p and channel c:
//		s := 0
//		for each tap: s += src[at+p·pix+tap.src+c] * w[tap.w+c]
//		dst[p·dpix+c] = min(max(s + bias[c] + res[p·dpix+c], lo), hi)
func dwTileGo(px int, t *dwTile) {
	taps := unsafe.Slice(t.taps, t.ntaps)
	for p := range px * t.tiles {
		dst := rowOf(t.dst, p*t.dpix, 0, t.chans)
		clear(dst)
		for _, tap := range taps {
			src := rowOf(t.src, t.at+p*t.pix+tap.src, 0, t.chans)[:len(dst)]
			w := rowOf(t.w, tap.w, 0, t.chans)[:len(dst)]
			for c := range dst {
				dst[c] += src[c] * w[c]
			}
		}
		if t.bias != nil {
			for c, b := range rowOf(t.bias, 0, 0, t.chans) {
				dst[c] += b
			}
		}
		if t.res != nil {
			for c, r := range rowOf(t.res, p*t.dpix, 0, t.chans) {
				dst[c] += r
			}
		}
		if t.clamp != 0 {
			clampRow(dst, t.lo, t.hi)
		}
	}
}

// clampRow bounds every element; NaN stays.
func clampRow(s []float32, lo, hi float32) {
	for j, v := range s {
		if lo > v {
			v = lo
		}
		if hi < v {
			v = hi
		}
		s[j] = v
	}
}
