//go:build !amd64 || purego

package kern

func turnFast(re, im, x, y, cos, sin []float32) int { return 0 }
