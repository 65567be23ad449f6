//go:build !amd64 || purego

package kern

func f32OfVectors([]float32, []byte, bool, float32) int { return 0 }

func wholeOfVectors([]float32) int { return 0 }

func bytesOfVectors([]byte, []float32) int { return 0 }

func quantizeVectors([]byte, []float32, float32, float32) int { return 0 }

func extremesOfVectors([]float32, *[32]float32) (n, width int) { return 0, 0 }

func greaterOfVectors([]byte, []byte, bool) int { return 0 }
