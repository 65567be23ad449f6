//go:build !amd64 || purego

package kern

var intRows = goIntRows

func (r *intRow) run(mr int, kind intKind, t *intTile) { intTileGo(mr, kind, t) }

func intEndVectors(intResult, *intEnd, int) int { return 0 }
