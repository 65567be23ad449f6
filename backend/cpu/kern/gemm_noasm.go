//go:build !amd64 || purego

package kern

func (r *gemmRow) run(mr, cols int, t *gemmTile) { gemmTileGo(mr, cols, t) }

func dwLanes(*gemmRow) int { return 8 }

func (r *gemmRow) runDepthwise(px int, t *dwTile) { dwTileGo(px, t) }
