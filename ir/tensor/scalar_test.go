package tensor

import (
	"math"
	"testing"
)

func TestEveryNarrowValueRoundTripsAndTiesGoToEven(t *testing.T) {
	for d := range numDTypes {
		f := DType(d).format()
		if f == nil {
			continue
		}
		for b := 0; b < int(f.sign)*2; b++ {
			v := f.decode(uint16(b))
			if got := f.encode(v, false); v == v && got != uint16(b) {
				t.Fatalf("%v: %#x is %v, back %#x", DType(d), b, v, got)
			}
			if v != v && !math.IsNaN(f.decode(f.encode(v, false))) {
				t.Fatalf("%v: NaN %#x lost", DType(d), b)
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
					t.Fatalf("%v: %v between %#x and the next: %#x, not %#x", DType(d), x, b, got, want)
				}
			}
		}
	}
}

func TestFastScalarsEqualTheGeneralOnes(t *testing.T) {
	for b := range 1 << 16 {
		h, f := Float16(b), BFloat16(b)
		if x, y := float64(h.Float32()), F16.format().decode(uint16(b)); x != y && (x == x || y == y) || math.Signbit(x) != math.Signbit(y) {
			t.Fatalf("f16 %#x: %v, not %v", b, x, y)
		}
		if x, y := float64(f.Float32()), BF16.format().decode(uint16(b)); x != y && (x == x || y == y) || math.Signbit(x) != math.Signbit(y) {
			t.Fatalf("bf16 %#x: %v, not %v", b, x, y)
		}
	}
	for i := uint64(0); i < 1<<32; i += 997 {
		v := math.Float32frombits(uint32(i))
		if got, want := ToFloat16(v), Float16(F16.format().encode(float64(v), false)); got != want {
			t.Fatalf("f16 of %v: %#x, not %#x", v, got, want)
		}
		if got, want := ToBFloat16(v), BFloat16(BF16.format().encode(float64(v), false)); got != want {
			t.Fatalf("bf16 of %v: %#x, not %#x", v, got, want)
		}
	}
}
