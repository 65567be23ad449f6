//go:build !amd64 || purego

package kern

func widenFast(t DType, dst []float32, src []uint16) int { return 0 }

func narrowFast(t DType, dst []uint16, src []float32) int { return 0 }
