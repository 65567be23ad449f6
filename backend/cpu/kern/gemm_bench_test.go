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
				name := fmt.Sprintf("%s/%dx%dx%d/threads=%d", gemmRowFor(0).name, s[0], s[1], s[2], threads)
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

// BenchmarkGemmF32 measures whole calls: small layers, where the driver shows, and attention, where B is packed each time.
func BenchmarkGemmF32(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, x := range []struct {
		name string
		p    GemmParam
		a, b []int
		out  int
	}{
		{"layer 1x16x64", GemmParam{NR: GemmNR()}, []int{1, 16}, []int{16, 64}, 64},
		{"layer 1x64x8", GemmParam{NR: GemmNR()}, []int{1, 64}, []int{64, 8}, 8},
		{"scores 12x128x64", GemmParam{TransB: true, Alpha: 0.125}, []int{12, 128, 64}, []int{12, 128, 64}, 12 * 128 * 128},
		{"values 12x128x64", GemmParam{}, []int{12, 128, 128}, []int{12, 128, 64}, 12 * 128 * 64},
		{"decode 12x1x512", GemmParam{TransB: true, Alpha: 0.125}, []int{12, 1, 64}, []int{12, 512, 64}, 12 * 512},
		{"decode values 12x1x512", GemmParam{}, []int{12, 1, 512}, []int{12, 512, 64}, 12 * 64},
		{"transposed 512", GemmParam{TransA: true, TransB: true}, []int{512, 512}, []int{512, 512}, 512 * 512},
	} {
		b.Run(x.name, func(b *testing.B) {
			c := Call{Param: &x.p, Threads: 1}
			rhs := randoms(r, make([]float32, sizeOf(x.b)))
			if x.p.NR != 0 {
				packed := make([]float32, PackedB(x.b[0], x.b[1], x.p.NR))
				PackB(packed, rhs, x.b[1], x.b[0], x.b[1], x.p.NR, false)
				rhs = packed
			}
			n, err := GemmF32Scratch(&x.p, x.a, x.b, c.Workers())
			if err != nil {
				b.Fatal(err)
			}
			c.Scratch = make([]byte, n)
			c.Args = []Arg{argOf(randoms(r, make([]float32, sizeOf(x.a))), x.a...), argOf(rhs, x.b...), {}, {}, argOf(make([]float32, x.out), x.out)}
			for b.Loop() {
				if err := GemmF32(&c); err != nil {
					b.Fatal(err)
				}
			}
			k := x.a[len(x.a)-1]
			b.ReportMetric(2*float64(x.out)*float64(k)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
		})
	}
}
