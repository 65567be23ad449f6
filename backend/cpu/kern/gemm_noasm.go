//go:build !amd64 || purego

package kern

func (r *gemmRow) run(mr, cols int, t *gemmTile) { gemmTileGo(mr, cols, t) }
