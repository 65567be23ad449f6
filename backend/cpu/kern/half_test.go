package kern

import (
	"math"
	"testing"
)

// nearest16 rounds x to a float of 16 bits by looking for the two that it lies between.
func nearest16(x float32, back func(uint16) float32, inf uint16) uint16 {
	if x != x {
		return inf | 1
	}
	sign := uint16(math.Float32bits(x) >> 16 & 0x8000)
	a := math.Abs(float64(x))
	lo, hi := uint16(0), inf
	for hi-lo > 1 {
		if m := lo + (hi-lo)/2; float64(back(m)) <= a {
			lo = m
		} else {
			hi = m
		}
	}
	l, h := float64(back(lo)), float64(back(hi))
	if hi == inf { // infinity stands where the next number would
		h = 2*l - float64(back(lo-1))
	}
	switch {
	case math.IsInf(a, 0):
		lo = inf
	case a-l > h-a || a-l == h-a && lo&1 == 1:
		lo = hi
	}
	return sign | lo
}

func TestHalvesRoundToNearestAndBack(t *testing.T) {
	xs := samples()
	for i := range 1 << 16 {
		h, b := f16ToF32(uint16(i)), bf16ToF32(uint16(i))
		xs = append(xs, h, math.Nextafter32(h, 1e9), (h+f16ToF32(uint16(i+1)))/2, b, math.Float32frombits(math.Float32bits(b)|0x8000))
	}
	for _, c := range []struct {
		name  string
		t     DType
		round Op
		back  func(uint16) float32
		inf   uint16
	}{{"f16", Float16, OpF16, f16ToF32, 0x7c00}, {"bf16", BFloat16, OpBF16, bf16ToF32, 0x7f80}} {
		t.Run(c.name, func(t *testing.T) {
			want := make([]uint16, len(xs))
			for i, x := range xs {
				want[i] = nearest16(x, c.back, c.inf)
			}
			forRows(t, func(t *testing.T) {
				got, wide := make([]uint16, len(xs)), make([]float32, len(xs))
				narrowHalf(c.t, got, xs)
				widenHalf(c.t, wide, got)
				inPlace := runOp(t, c.round, 0, []int{len(xs)}, xs)
				for i, x := range xs {
					bits := math.Float32bits(c.back(want[i]))
					switch {
					case x != x:
						if wide[i] == wide[i] || inPlace[i] == inPlace[i] {
							t.Fatalf("NaN becomes %v and %v", wide[i], inPlace[i])
						}
					case got[i] != want[i] || math.Float32bits(wide[i]) != bits || math.Float32bits(inPlace[i]) != bits:
						t.Fatalf("%g (%08x): %04x, back %g, in a program %g; want %04x", x, math.Float32bits(x), got[i], wide[i], inPlace[i], want[i])
					}
				}
			})
		})
	}
}
