package kern

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

func BenchmarkConv(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, m := range []Features{AVX512 | AVX2, AVX2, 0} {
		for _, s := range [][7]int{ // channels, size, results, kernel, stride, padding, groups
			{64, 56, 64, 3, 1, 1, 1}, {128, 28, 128, 3, 1, 1, 1}, {256, 14, 256, 3, 1, 1, 1}, {512, 7, 512, 3, 1, 1, 1},
			{64, 56, 256, 1, 1, 0, 1}, {512, 7, 2048, 1, 1, 0, 1}, {256, 56, 512, 1, 2, 0, 1}, {3, 224, 64, 7, 2, 3, 1}, {3, 224, 32, 3, 2, 1, 1},
			{128, 28, 128, 3, 2, 1, 1}, {128, 56, 128, 3, 1, 1, 32},
			{32, 112, 32, 3, 1, 1, 32}, {96, 112, 96, 3, 2, 1, 96}, {240, 28, 240, 5, 1, 2, 240}, {960, 7, 960, 3, 1, 1, 960},
		} {
			for _, threads := range []int{1, 2} {
				if m == 0 && threads > 1 {
					continue
				}
				old := Mask(m)
				name := fmt.Sprintf("%s/%dx%d-%d.k%ds%dg%d/threads=%d", gemmRowFor(0).name, s[0], s[1], s[2], s[3], s[4], s[6], threads)
				c := convOf(r, 1, s[0], s[1], s[2], s[3], s[4], s[5], s[6])
				b.Run(name, func(b *testing.B) { benchConv(b, c, threads) })
				Mask(old)
			}
		}
	}
}

func benchConv(b *testing.B, c *convCase, threads int) {
	call := c.call(threads)
	for b.Loop() {
		if err := ConvF32(call); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(2*float64(sizeOf(c.y))*float64(sizeOf(c.w))/float64(c.w[0])*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
}
