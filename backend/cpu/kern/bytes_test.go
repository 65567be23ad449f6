package kern

import (
	"math"
	"math/rand/v2"
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
				src, dst, want := make([]float32, n), make([]byte, n+1), make([]byte, n)
				for i := range src {
					src[i] = values[(i*7+n)%len(values)]
				}
				dst[n] = 77
				bytesOfF32(dst, src)
				wrap(want, src, 0, n)
				if i := firstDifference(want, dst); i >= 0 {
					t.Fatalf("%v, %d: %v became %d, not %d", mask, n, src[i], dst[i], want[i])
				}
				back := make([]float32, n+1)
				back[n] = 77
				f32OfBytes(back[:n], dst, signed, 5)
				for i, v := range dst[:n] {
					if want := float32(small([]byte{v}, 0, signed)) - 5; back[i] != want {
						t.Fatalf("%v, %d, signed %v: %d became %v", mask, n, signed, v, back[i])
					}
				}
				if dst[n] != 77 || back[n] != 77 {
					t.Fatalf("%v: %d wrote past the end", mask, n)
				}
			}
		}
	}
}

func TestGreaterBytesAreTheSameOnEveryMachine(t *testing.T) {
	defer Mask(Mask(Detected()))
	r := rand.New(rand.NewPCG(1, 1))
	for _, mask := range intMasks {
		Mask(mask)
		for n := range 150 {
			for _, signed := range []bool{false, true} {
				a, b := randomBytes(r, n), randomBytes(r, n)
				want := make([]byte, n)
				for i := range want {
					want[i] = byte(max(small(a, i, signed), small(b, i, signed)))
				}
				greaterBytes(a, b, signed)
				if i := firstDifference(want, a); i >= 0 {
					t.Fatalf("%v, %d, signed %v: byte %d is %d, not %d", mask, n, signed, i, a[i], want[i])
				}
			}
		}
	}
}
