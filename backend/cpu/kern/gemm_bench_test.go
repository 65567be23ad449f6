package kern

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

func BenchmarkGemm(b *testing.B) {
	for _, m := range []Features{AVX512 | AVX2, AVX2, 0} {
		for _, s := range [][3]int{
			{512, 512, 512}, {1024, 1024, 1024}, {2048, 2048, 2048}, {196, 1024, 256}, {128, 3072, 768}, {128, 768, 3072},
			{1, 4096, 4096}, {1, 500, 784}, {8, 500, 784},
		} {
			for _, threads := range []int{1, 2} {
				if m == 0 && (threads > 1 || s[0] > 512) {
					continue
				}
				old := Mask(m)
				name := fmt.Sprintf("%s/%dx%dx%d/threads=%d", GemmRow(), s[0], s[1], s[2], threads)
				b.Run(name, func(b *testing.B) { benchGemm(b, s[0], s[1], s[2], threads) })
				Mask(old)
			}
		}
	}
}

func benchGemm(b *testing.B, m, n, k, threads int) {
	r := rand.New(rand.NewPCG(1, 2))
	g := Gemm{M: m, N: n, K: k, A: randoms(r, make([]float32, m*k)), Lda: k, NR: GemmNR(), C: make([]float32, m*n), Ldc: n}
	g.B = make([]float32, PackedB(k, n, g.NR))
	PackB(g.B, randoms(r, make([]float32, k*n)), n, k, n, g.NR, false)
	c := Call{Threads: threads}
	for b.Loop() {
		if err := g.Run(&c, nil); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(2*float64(m)*float64(n)*float64(k)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
}
