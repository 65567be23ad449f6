package onnxgo

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestPowersAreWithinAUnitOfTheLastPlace(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	worst := 0.0
	for range 200000 {
		x, y := float32(math.Exp(20*r.NormFloat64())), float32(3*r.NormFloat64())
		want := math.Pow(float64(x), float64(y))
		if want < 0x1p-126 || want > math.MaxFloat32 {
			continue
		}
		_, exp := math.Frexp(want)
		worst = max(worst, math.Abs(float64(power(x, y))-want)/math.Ldexp(1, exp-24))
	}
	if worst >= 1 {
		t.Errorf("an error of %g units of the last place", worst)
	}
}

func TestPowersAtTheEdges(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	for _, c := range [][3]float32{{0, 0, 1}, {0, -1, inf}, {-2, 3, -8}, {-2, 0.5, nan}, {inf, -1, 0}, {2, 200, inf}, {2, -200, 0}, {nan, 0, 1}, {2, inf, inf}, {0x1p-149, 2, 0}, {2, -130, 0x1p-130}} {
		if got := power(c[0], c[1]); got != c[2] && !(got != got && c[2] != c[2]) {
			t.Errorf("%g to the power of %g: %g, want %g", c[0], c[1], got, c[2])
		}
	}
}

func TestBroadcastPlacesStayOrRepeat(t *testing.T) {
	for i, want := range []int{0, 0, 0, 1, 1, 1} {
		if got := place(i, []int{2, 3}, []int{2, 1}); got != want {
			t.Errorf("element %d comes from %d, want %d", i, got, want)
		}
		if got := place(i, []int{2, 3}, []int{3}); got != i%3 {
			t.Errorf("element %d comes from %d, want %d", i, got, i%3)
		}
	}
}
