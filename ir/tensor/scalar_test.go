package tensor

import (
	"math"
	"testing"
)

var narrow = map[DType]*format{F16: &fmtF16, BF16: &fmtBF16, F8E4M3FN: &fmtF8E4M3FN, F8E4M3FNUZ: &fmtF8E4M3FNUZ,
	F8E5M2: &fmtF8E5M2, F8E5M2FNUZ: &fmtF8E5M2FNUZ, F4E2M1: &fmtF4E2M1, F6E2M3: &fmtF6E2M3, F6E3M2: &fmtF6E3M2}

func TestEveryNarrowValueRoundTripsAndTiesGoToEven(t *testing.T) {
	for d, f := range narrow {
		for b := 0; b < int(f.sign)*2; b++ {
			v := f.decode(uint16(b))
			if got := f.encode(v, false); v == v && got != uint16(b) {
				t.Fatalf("%v: %#x is %v, back %#x", d, b, v, got)
			}
			if v != v && !math.IsNaN(f.decode(f.encode(v, false))) {
				t.Fatalf("%v: NaN %#x lost", d, b)
			}
			if code := uint16(b) &^ f.sign; code >= f.max || f.unsigned && uint16(b) == f.sign {
				continue
			}
			next := f.decode(uint16(b) + 1)
			even := uint16(b) + uint16(b)&1
			if f.unsigned && even == f.sign {
				even = 0
			}
			mid := (v + next) / 2
			for x, want := range map[float64]uint16{mid: even, math.Nextafter(mid, v): f.encode(v, false), math.Nextafter(mid, next): uint16(b) + 1} {
				if got := f.encode(x, false); got != want {
					t.Fatalf("%v: %v between %#x and the next: %#x, not %#x", d, x, b, got, want)
				}
			}
		}
	}
}

func TestFastScalarsEqualTheGeneralOnes(t *testing.T) {
	for b := range 1 << 16 {
		h, f := Float16(b), BFloat16(b)
		if x, y := float64(h.Float32()), h.Float64(); x != y && (x == x || y == y) || math.Signbit(x) != math.Signbit(y) {
			t.Fatalf("f16 %#x: %v, not %v", b, x, y)
		}
		if x, y := float64(f.Float32()), f.Float64(); x != y && (x == x || y == y) || math.Signbit(x) != math.Signbit(y) {
			t.Fatalf("bf16 %#x: %v, not %v", b, x, y)
		}
	}
	for i := uint64(0); i < 1<<32; i += 997 {
		v := math.Float32frombits(uint32(i))
		if got, want := ToFloat16(v), Float64ToFloat16(float64(v)); got != want {
			t.Fatalf("f16 of %v: %#x, not %#x", v, got, want)
		}
		if got, want := ToBFloat16(v), Float64ToBFloat16(float64(v)); got != want {
			t.Fatalf("bf16 of %v: %#x, not %#x", v, got, want)
		}
	}
}
