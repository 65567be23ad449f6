package kern

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"unsafe"
)

// eachRow runs f once per row of the matrix product that this machine has, with the others masked.
func eachRow(t *testing.T, f func(t *testing.T)) {
	for _, m := range []Features{AVX2 | AVX512, AVX2, 0} {
		if !Detected().Has(m) {
			continue
		}
		old := Mask(m)
		t.Run(gemmRowFor(0).name, f)
		Mask(old)
	}
}

func randoms(r *rand.Rand, s []float32) []float32 {
	for i := range s {
		s[i] = r.Float32()*2 - 1
	}
	return s
}

// fma32 is a·b+c rounded once: the float64 sum is rounded to odd, so that the second rounding is right.
func fma32(a, b, c float32) float32 {
	p, q := float64(a)*float64(b), float64(c)
	s := p + q
	v := s - p
	rest := (p - (s - v)) + (q - v)
	if rest != 0 && math.Float64bits(s)&1 == 0 {
		s = math.Nextafter(s, s+rest*math.Inf(1))
	}
	return float32(s)
}

// tol bounds the error of a sum of k products of numbers in [-1,1].
func tol(k int) float64 { return 1e-6 * (1 + float64(k)/4) }

func TestTileFieldsLieWhereKernelsLook(t *testing.T) {
	var x gemmTile
	got := fmt.Sprint(unsafe.Offsetof(x.a), unsafe.Offsetof(x.lda), unsafe.Offsetof(x.segs), unsafe.Offsetof(x.nseg),
		unsafe.Offsetof(x.segk), unsafe.Offsetof(x.b), unsafe.Offsetof(x.bstep), unsafe.Offsetof(x.c), unsafe.Offsetof(x.ldc),
		unsafe.Offsetof(x.bias), unsafe.Offsetof(x.res), unsafe.Offsetof(x.ldr), unsafe.Offsetof(x.lanes),
		unsafe.Offsetof(x.mask), unsafe.Offsetof(x.flags), unsafe.Offsetof(x.alpha), unsafe.Offsetof(x.lo), unsafe.Offsetof(x.hi))
	if want := "0 8 16 24 32 40 48 56 64 72 80 88 96 104 108 112 116 120"; unsafe.Sizeof(x.lda) == 8 && got != want {
		t.Errorf("offsets %s, want %s", got, want)
	}
}

// want computes element i, j of a product in float64.
func (g *Gemm) want(i, j int, b []float32, ldb int, start float32) float64 {
	s := 0.0
	for k := range g.K {
		at := i*g.Lda + k
		if g.TransA {
			at = k*g.Lda + i
		}
		s += float64(g.A[at]) * float64(b[k*ldb+j])
	}
	if g.Alpha != 0 {
		s *= float64(g.Alpha)
	}
	s += float64(start)
	if g.Res != nil {
		s += float64(g.Res[i*g.Ldr+j])
	}
	if g.Clamp.On {
		s = min(max(s, float64(g.Clamp.Lo)), float64(g.Clamp.Hi))
	}
	return s
}

func TestGemmMatchesFloat64AtEveryTail(t *testing.T) {
	eachRow(t, func(t *testing.T) {
		const mm, nn, kk = 17, 70, 40
		r := rand.New(rand.NewPCG(1, 2))
		aa, cc := guarded(t, mm*kk), guarded(t, mm*nn)
		bb, bias, res := guarded(t, 3*32*kk+64), guarded(t, nn), guarded(t, mm*nn)
		src := randoms(r, make([]float32, kk*nn))
		randoms(r, aa)
		randoms(r, bias)
		randoms(r, res)
		step := 1
		if testing.Short() {
			step = 3
		}
		var call Call
		for m := 1; m <= mm; m++ {
			for n := 1; n <= nn; n++ {
				for k := (m + n) % step; k <= kk; k += step {
					// Every operand ends at the guard page.
					g := Gemm{M: m, N: n, K: k, A: aa[len(aa)-m*k:], Lda: k, NR: GemmNR(), C: cc[len(cc)-m*n:], Ldc: n}
					g.B = bb[len(bb)-PackedB(k, n, g.NR):]
					PackB(g.B, src, nn, k, n, g.NR, false)
					if k&1 != 0 {
						g.Bias = bias[nn-n:]
					}
					if k&2 != 0 {
						g.Res, g.Ldr = res[len(res)-m*n:], n
					}
					if k&4 != 0 {
						g.Clamp = Clamp{On: true, Lo: -0.5, Hi: 2}
					}
					g.checkAll(t, &call, src, nn)
				}
			}
		}
	})
}

// checkAll runs g and compares all of C.
func (g *Gemm) checkAll(t *testing.T, call *Call, b []float32, ldb int) {
	t.Helper()
	for i := range g.C {
		g.C[i] = float32(math.NaN())
	}
	if err := g.Run(call, make([]float32, GemmScratch(g.M, g.K, call.Workers()))); err != nil {
		t.Fatal(err)
	}
	for i := range g.M {
		for j := range g.N {
			start := float32(0)
			if g.Bias != nil {
				start = g.Bias[j]
			}
			want := g.want(i, j, b, ldb, start)
			if got := float64(g.C[i*g.Ldc+j]); !(math.Abs(got-want) <= tol(g.K)) {
				t.Fatalf("%dx%dx%d: C[%d,%d] = %v, want %v", g.M, g.K, g.N, i, j, got, want)
			}
		}
	}
}

func TestGemmOfLargerSizesMatchesFloat64(t *testing.T) {
	eachRow(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(3, 4))
		for _, s := range [][3]int{{1, 500, 784}, {2, 130, 900}, {3, 96, 1030}, {29, 65, 1537}, {350, 40, 33}, {64, 200, 300}} {
			for _, trans := range []bool{false, true} {
				m, n, k := s[0], s[1], s[2]
				src := randoms(r, make([]float32, k*n))
				g := Gemm{M: m, N: n, K: k, A: randoms(r, make([]float32, m*k)), Lda: k, NR: GemmNR(), C: make([]float32, m*n), Ldc: n,
					Alpha: 0.25, TransA: trans}
				if trans {
					g.Lda = m
				}
				g.B = make([]float32, PackedB(k, n, g.NR))
				PackB(g.B, src, n, k, n, g.NR, false)
				g.checkAll(t, &Call{Threads: 2}, src, n)
			}
		}
	})
}

func TestGemmIsOneChainInTheOrderOfK(t *testing.T) {
	eachRow(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(5, 6))
		step := fma32
		if strings.HasSuffix(t.Name(), ".go") {
			if goFuses() {
				t.Skip("the compiler fuses here")
			}
			step = func(a, b, c float32) float32 { return c + float32(a*b) }
		}
		const m, n, k = 5, 37, 1700 // several blocks of k
		a, b, bias := randoms(r, make([]float32, m*k)), randoms(r, make([]float32, k*n)), randoms(r, make([]float32, n))
		g := Gemm{M: m, N: n, K: k, A: a, Lda: k, NR: GemmNR(), C: make([]float32, m*n), Ldc: n, Bias: bias}
		g.B = make([]float32, PackedB(k, n, g.NR))
		PackB(g.B, b, n, k, n, g.NR, false)
		if err := g.Run(&Call{}, nil); err != nil {
			t.Fatal(err)
		}
		for i := range m {
			for j := range n {
				s := float32(0)
				for x := range k {
					s = step(a[i*k+x], b[x*n+j], s)
				}
				if s += bias[j]; s != g.C[i*n+j] {
					t.Fatalf("C[%d,%d] = %x, want %x", i, j, g.C[i*n+j], s)
				}
			}
		}
	})
}

// goFuses reports whether the compiler makes one operation of a multiply and an add.
func goFuses() bool {
	r := rand.New(rand.NewPCG(1, 1))
	for range 1000 {
		a, b, c := r.Float32(), r.Float32(), r.Float32()
		if a*b+c != c+float32(a*b) {
			return true
		}
	}
	return false
}

func TestGemmBitsDependOnNothingButTheRow(t *testing.T) {
	eachRow(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(7, 8))
		const m, n, k = 61, 333, 700
		a, b := randoms(r, make([]float32, m*k)), randoms(r, make([]float32, k*n))
		g := Gemm{M: m, N: n, K: k, A: a, Lda: k, NR: GemmNR(), Ldc: n}
		g.B = make([]float32, PackedB(k, n, g.NR))
		PackB(g.B, b, n, k, n, g.NR, false)
		run := func(rows, at, threads, kc int) []float32 {
			h := g
			h.M, h.A, h.C = rows, a[at*k:], make([]float32, rows*n)
			if err := h.Run(&Call{Threads: threads}, nil); err != nil {
				t.Fatal(err)
			}
			if kc > 0 {
				h.part.kc = kc
				h.Do(0, 0, h.mb*h.nb)
			}
			return h.C
		}
		whole := run(m, 0, 1, 0)
		same := func(what string, got []float32, at int) {
			t.Helper()
			for i, v := range got {
				if v != whole[at*n+i] {
					t.Fatalf("%s: element %d is %v, was %v", what, i, v, whole[at*n+i])
				}
			}
		}
		same("two threads", run(m, 0, 2, 0), 0)
		for _, kc := range []int{1, 7, 64, 5000} {
			same(fmt.Sprint("blocks of k: ", kc), run(m, 0, 1, kc), 0)
		}
		for rows := 1; rows < 16; rows++ {
			same(fmt.Sprint("rows: ", rows), run(rows, 20, 2, 0), 20)
		}
	})
}

func TestGemmTellsOfEveryFinishedRowOnce(t *testing.T) {
	const m, n, k = 300, 128, 64
	g := Gemm{M: m, N: n, K: k, A: make([]float32, m*k), Lda: k, NR: GemmNR(), C: make([]float32, m*n), Ldc: n}
	g.B = make([]float32, PackedB(k, n, g.NR))
	var told [m]int
	g.After = func(r0, r1 int) {
		for i := r0; i < r1; i++ {
			told[i]++
		}
	}
	if err := g.Run(&Call{Threads: 2}, nil); err != nil {
		t.Fatal(err)
	}
	for i, n := range told {
		if n != 1 {
			t.Fatalf("row %d told %d times", i, n)
		}
	}
}

func TestGemmGoesOnFromC(t *testing.T) {
	eachRow(t, func(t *testing.T) {
		c := []float32{10, 20}
		g := Gemm{M: 1, N: 2, K: 1, A: []float32{3}, Lda: 1, NR: GemmNR(), C: c, Ldc: 2, OnC: true}
		g.B = make([]float32, PackedB(1, 2, g.NR))
		PackB(g.B, []float32{1, 2}, 2, 1, 2, g.NR, false)
		if err := g.Run(&Call{}, nil); err != nil || c[0] != 13 || c[1] != 26 {
			t.Errorf("C = %v, %v", c, err)
		}
	})
}

func TestGemmKeepsNaNAndRefusesShortOperands(t *testing.T) {
	eachRow(t, func(t *testing.T) {
		nan := float32(math.NaN())
		g := Gemm{M: 1, N: 1, K: 1, A: []float32{nan}, Lda: 1, NR: GemmNR(), C: make([]float32, 1), Ldc: 1,
			Clamp: Clamp{On: true, Hi: float32(math.Inf(1))}}
		g.B = make([]float32, PackedB(1, 1, g.NR))
		if err := g.Run(&Call{}, nil); err != nil || g.C[0] == g.C[0] {
			t.Errorf("max(NaN, 0) = %v, %v", g.C[0], err)
		}
		g.N = g.NR + 1
		if err := g.Run(&Call{}, nil); err == nil {
			t.Error("a C of one element took a row of many")
		}
	})
}
