//go:build !unix

package kern

import "testing"

// guarded returns n floats.
func guarded(t testing.TB, n int) []float32 { return make([]float32, n) }
