package kern

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// Attention of 12 heads of size 64 by their number of tokens, on one thread.
func BenchmarkAttention(b *testing.B) {
	for _, tokens := range []int{49, 128, 197, 512} {
		b.Run(fmt.Sprint(tokens), func(b *testing.B) {
			r := rand.New(rand.NewPCG(1, 1))
			const heads, d = 12, 64
			x := func() Arg { return Arg{Data: Bytes(normals(r, heads*tokens*d)), Dims: []int{1, heads, tokens, d}} }
			c := &Call{Param: &AttentionParam{Left: -1, Right: -1}, Threads: 1, Args: []Arg{x(), x(), x(), {}, {}, {}, {}, x(), {}, {}}}
			n, err := AttentionF32Scratch(c.Param.(*AttentionParam), c.Args, 1)
			if err != nil {
				b.Fatal(err)
			}
			c.Scratch = make([]byte, n)
			for b.Loop() {
				if err := AttentionF32(c); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(4*heads*tokens*tokens*d)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
		})
	}
}
