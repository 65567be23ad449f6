//go:build !amd64 || purego

package kern

func widenPanelFast(n, bits, nr int, src []byte, dst, scale, zero []float32) bool { return false }
