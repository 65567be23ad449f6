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
