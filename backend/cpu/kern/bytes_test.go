package kern

import (
	"math"
	"testing"
)

func TestBytesAreTheSameOnEveryMachine(t *testing.T) {
	defer Mask(Mask(Detected()))
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	values := []float32{0, 1.9, -1.9, 127, 128, 254.5, 255.9, 300, -127.5, -128, -129, -1e30, 1e30, nan, inf, -inf, 0.5}
	for _, mask := range intMasks {
		Mask(mask)
		for n := range 40 {
			for _, signed := range []bool{false, true} {
				src, dst := make([]float32, n), make([]byte, n+1)
				for i := range src {
					src[i] = values[(i*7+n)%len(values)]
				}
				dst[n] = 77
				bytesOfF32(dst[:n], src, signed)
				back := make([]float32, n+1)
				back[n] = 77
				f32OfBytes(back[:n], dst, signed)
				for i, v := range src {
					lo, hi := float32(0), float32(255)
					if signed {
						lo, hi = -128, 127
					}
					want := float32(math.Trunc(float64(min(max(v, lo), hi))))
					if v != v {
						want = 0
					}
					if back[i] != want {
						t.Fatalf("%v, %d, signed %v: %v became %v, not %v", mask, n, signed, v, back[i], want)
					}
				}
				if dst[n] != 77 || back[n] != 77 {
					t.Fatalf("%v: %d wrote past the end", mask, n)
				}
			}
		}
	}
}
