//go:build !purego

package kern

// run computes one tile of mr rows and so many columns.
func (r *gemmRow) run(mr, cols int, t *gemmTile) {
	switch r.needs {
	case AVX512:
		gemmTileAVX512(mr, cols, t)
	case AVX2:
		gemmTileAVX2(mr, cols, t)
	default:
		gemmTileGo(mr, cols, t)
	}
}

// dwLanes returns how many channels a vector of a row's depthwise kernel has.
func dwLanes(r *gemmRow) int {
	if r.needs == AVX512 {
		return 16
	}
	return 8
}

// runDepthwise computes tiles of px pixels.
func (r *gemmRow) runDepthwise(px int, t *dwTile) {
	switch r.needs {
	case AVX512:
		dwTileAVX512(px, t)
	case AVX2:
		dwTileAVX2(px, t)
	default:
		dwTileGo(px, t)
	}
}
