package kern

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestWeightsThatAreNotFiniteMeetPaddingOfAConvolutionAndNothingOfATransposedOne(t *testing.T) {
	r := rand.New(rand.NewPCG(21, 22))
	odd := []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1))}
	for i := range 120 {
		c := randomConv(r, i%2 == 0)
		for range 1 + r.IntN(3) {
			c.wts[r.IntN(len(c.wts))] = odd[r.IntN(len(odd))]
		}
		if Finite(c.wts) {
			t.Fatalf("%v: said to be finite", c)
		}
		c.p.Exact = true
		got := c.run(t, 1+i%2)
		for i, w := range c.want(t) {
			if g := float64(got[i]); g != w && !(math.IsNaN(g) && math.IsNaN(w)) && !(math.Abs(g-w) <= tol(sizeOf(c.w)/c.w[0]*4)) {
				t.Fatalf("%v: element %d is %v, want %v", c, i, g, w)
			}
		}
	}
}

func TestPackingWeightsAgainAllocatesNothing(t *testing.T) {
	r := rand.New(rand.NewPCG(23, 24))
	for i := range 9 {
		c := randomConv(r, i%3 == 0)
		size, err := PackedConv(&c.p, c.w)
		if err != nil {
			t.Fatal(err)
		}
		var packer ConvPacker
		dst := make([]float32, size)
		pack := func() {
			if err := packer.Pack(dst, c.wts, &c.p, c.w); err != nil {
				t.Fatal(err)
			}
		}
		pack()
		if n := allocations(pack); n != 0 {
			t.Errorf("%v: %v allocations", c, n)
		}
	}
}
