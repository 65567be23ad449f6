package kern

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// A row's bits depend on nothing but the row; the assembly makes the floats that Go makes; nothing is allocated.
func TestMatMulNBitsRowStandsAlone(t *testing.T) {
	defer Mask(Mask(Detected()))
	for _, bits := range []int{4, 8} {
		r := rand.New(rand.NewPCG(5, 6))
		p := &NBitsParam{K: 700, N: 333, Block: 32, Bits: bits}
		blocks := p.blocks()
		src := &NBitsSource{Data: make([]byte, p.N*blocks*p.Block*bits/8), Bits: bits, Scale: normals(r, p.N*blocks), Zero: func(n, b int) float32 { return float32((n + b) % 7) }}
		for i := range src.Data {
			src.Data[i] = byte(r.Uint32())
		}
		a := normals(r, 40*p.K)
		for _, f := range []Features{Detected(), Detected() & AVX2, 0} {
			Mask(f)
			p := *p
			p.NR = GemmNR()
			weights, scales := PackedNBits(&p)
			w, scale, zero := make([]byte, weights), make([]float32, scales), make([]float32, scales)
			PackNBits(&p, src, w, scale, zero)
			run := func(m0, m1, threads int) []float32 {
				y := make([]float32, (m1-m0)*p.N)
				c := &Call{Param: &p, Threads: threads, Args: []Arg{{Data: Bytes(a[m0*p.K : m1*p.K]), Dims: []int{m1 - m0, p.K}}, {Data: w, Dims: []int{weights}}, {Data: Bytes(scale), Dims: []int{scales}},
					{Data: Bytes(zero), Dims: []int{scales}}, {}, {Data: Bytes(y), Dims: []int{m1 - m0, p.N}}}}
				c.Scratch = make([]byte, MatMulNBitsF32Scratch(c.Workers()))
				if err := MatMulNBitsF32(c); err != nil {
					t.Fatal(err)
				}
				if n := allocations(func() { _ = MatMulNBitsF32(c) }); n > 0 {
					t.Errorf("%v: %v allocations", f, n)
				}
				return y
			}
			whole := run(0, 40, 1)
			if !slices.Equal(whole, run(0, 40, 0)) {
				t.Errorf("%v, %d bits: the threads change bits", f, bits)
			}
			for _, n := range []int{1, 3, 4} {
				if !slices.Equal(whole[7*p.N:(7+n)*p.N], run(7, 7+n, 0)) {
					t.Errorf("%v, %d bits: %d rows alone differ", f, bits, n)
				}
			}
			if p.NR != 16 && p.NR != 32 {
				continue
			}
			x, y := make([]float32, 32*p.NR), make([]float32, 32*p.NR)
			widenPanel(32, bits, p.NR, w, x, scale[:p.NR], zero[:p.NR])
			Mask(0)
			widenPanel(32, bits, p.NR, w, y, scale[:p.NR], zero[:p.NR])
			if !slices.Equal(x, y) {
				t.Errorf("%v, %d bits: assembly and Go differ", f, bits)
			}
		}
	}
}
