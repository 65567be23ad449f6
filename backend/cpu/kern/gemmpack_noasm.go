//go:build !amd64 || purego

package kern

func copyPanel(dst, src []float32, lds, n, nr int) bool { return false }

func transposeFast(dst []float32, ldd int, src []float32, lds, rows, cols int) int { return 0 }
