package kern

import (
	"math"
	"math/rand/v2"
	"testing"
)

func argOf(s []float32, dims ...int) Arg { return Arg{Data: Bytes(s), Dims: dims} }

func sizeOf(dims []int) int {
	n := 1
	for _, d := range dims {
		n *= d
	}
	return n
}

// stackWant computes a product of stacks in float64, by the definition.
func stackWant(p *GemmParam, a, b []float32, s *gemmShape, ad, bd []int) []float64 {
	out := make([]float64, s.batch*s.m*s.n)
	for i := range s.batch {
		ia, ib := s.offsets(i)
		x, y := a[ia*s.m*s.k:], b[ib*s.k*s.n:]
		for r := range s.m {
			for c := range s.n {
				sum := 0.0
				for k := range s.k {
					at, bt := r*s.k+k, k*s.n+c
					if p.TransA {
						at = k*s.m + r
					}
					if p.TransB {
						bt = c*s.k + k
					}
					sum += float64(x[at]) * float64(y[bt])
				}
				if p.Alpha != 0 {
					sum *= float64(p.Alpha)
				}
				out[(i*s.m+r)*s.n+c] = sum
			}
		}
	}
	return out
}

func TestGemmF32BroadcastsStacks(t *testing.T) {
	eachRow(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(9, 10))
		for _, x := range []struct {
			name string
			p    GemmParam
			a, b []int
			c    int
		}{
			{"matrix by matrix", GemmParam{}, []int{5, 7}, []int{7, 33}, 5 * 33},
			{"vector by matrix", GemmParam{}, []int{7}, []int{7, 33}, 33},
			{"matrix by vector", GemmParam{}, []int{5, 7}, []int{7}, 5},
			{"stack by matrix", GemmParam{}, []int{2, 3, 5, 7}, []int{7, 33}, 6 * 5 * 33},
			{"matrix by stack", GemmParam{Alpha: 0.5}, []int{5, 7}, []int{4, 7, 20}, 4 * 5 * 20},
			{"both broadcast", GemmParam{}, []int{3, 1, 5, 7}, []int{2, 7, 20}, 6 * 5 * 20},
			{"attention scores", GemmParam{TransB: true, Alpha: 0.125}, []int{2, 12, 20, 16}, []int{2, 12, 23, 16}, 24 * 20 * 23},
			{"grouped heads", GemmParam{TransB: true}, []int{2, 4, 3, 1, 16}, []int{2, 1, 3, 23, 16}, 24 * 23},
			{"transposed A", GemmParam{TransA: true}, []int{3, 40, 50}, []int{3, 40, 60}, 3 * 50 * 60},
			{"both transposed", GemmParam{TransA: true, TransB: true}, []int{40, 150}, []int{60, 40}, 150 * 60},
			{"large stack", GemmParam{TransA: true}, []int{3, 150, 130}, []int{3, 150, 120}, 3 * 130 * 120},
			{"empty sum", GemmParam{}, []int{2, 5, 0}, []int{2, 0, 9}, 2 * 5 * 9},
			{"empty stack", GemmParam{}, []int{0, 5, 3}, []int{0, 3, 9}, 0},
		} {
			for _, threads := range []int{1, 2} {
				t.Run(x.name, func(t *testing.T) {
					a, b := randoms(r, make([]float32, sizeOf(x.a))), randoms(r, make([]float32, sizeOf(x.b)))
					c := Call{Param: &x.p, Threads: threads}
					s, err := shapeOf(&x.p, x.a, x.b, c.Workers())
					if err != nil {
						t.Fatal(err)
					}
					want := stackWant(&x.p, a, b, &s, x.a, x.b)
					out := make([]float32, x.c)
					n, _ := GemmF32Scratch(&x.p, x.a, x.b, c.Workers())
					c.Scratch = make([]byte, n)
					c.Args = []Arg{argOf(a, x.a...), argOf(b, x.b...), {}, {}, argOf(out, x.c)}
					for range 2 { // the second run finds its state
						clear(out)
						if err := GemmF32(&c); err != nil {
							t.Fatal(err)
						}
						for i, w := range want {
							if !(math.Abs(float64(out[i])-w) <= tol(s.k)) {
								t.Fatalf("element %d is %v, want %v", i, out[i], w)
							}
						}
					}
				})
			}
		}
	})
}

func TestGemmF32AddsBiasAfterAlphaThenResidualThenClamps(t *testing.T) {
	eachRow(t, func(t *testing.T) {
		for _, x := range []struct {
			p         GemmParam
			bias, res []float32
			want      [2]float32
		}{
			{GemmParam{Alpha: 2}, []float32{1, 2}, nil, [2]float32{7, 10}},
			{GemmParam{}, []float32{1, 2}, []float32{10, 20}, [2]float32{14, 26}},
			{GemmParam{Alpha: 2}, nil, []float32{10, 20}, [2]float32{16, 28}},
			{GemmParam{Alpha: 2}, []float32{1, 2}, []float32{10, 20}, [2]float32{17, 30}},
			{GemmParam{Clamp: Clamp{On: true, Lo: 0, Hi: 15}}, []float32{-9, 2}, []float32{1, 20}, [2]float32{0, 15}},
		} {
			p, out := x.p, make([]float32, 2)
			p.NR = GemmNR()
			b := make([]float32, PackedB(1, 2, p.NR))
			PackB(b, []float32{3, 4}, 2, 1, 2, p.NR, false)
			c := Call{Param: &p, Args: []Arg{argOf([]float32{1}, 1, 1), argOf(b, 1, 2), {}, {}, argOf(out, 1, 2)}}
			if x.bias != nil {
				c.Args[2] = argOf(x.bias, 2)
			}
			if x.res != nil {
				c.Args[3] = argOf(x.res, 1, 2)
			}
			for range 2 { // the second run has no plan to make, but a result and an input elsewhere
				if err := GemmF32(&c); err != nil || [2]float32(out) != x.want {
					t.Errorf("%+v: %v, %v; want %v", x, out, err, x.want)
				}
				out = make([]float32, 2)
				c.Args[0], c.Args[4] = argOf([]float32{1}, 1, 1), argOf(out, 1, 2)
			}
			c.Args[0] = argOf([]float32{1, 1}, 2, 1)
			if err := GemmF32(&c); err == nil {
				t.Error("a run of two rows took a result of one")
			}
		}
	})
}

func TestGemmF32RefusesSizesThatDoNotMeet(t *testing.T) {
	for _, x := range []struct {
		a, b []int
		want string
	}{
		{[]int{2, 3}, []int{4, 5}, "gemm: inner dimensions: 3 != 4"},
		{[]int{2, 2, 3}, []int{3, 3, 5}, "gemm: batch dimensions: [2] and [3]"},
		{[]int{1 << 30, 1 << 30}, []int{1 << 30, 1 << 30}, "gemm: [1073741824 1073741824] by [1073741824 1073741824]: too many elements"},
		{[]int{2, 3}, []int{3, 5}, "gemm: A has 0 elements: want 6"},
	} {
		c := Call{Param: &GemmParam{}, Args: []Arg{{Dims: x.a}, {Dims: x.b}, {}, {}, {}}}
		if err := GemmF32(&c); err == nil || err.Error() != x.want {
			t.Errorf("%v by %v: %v, want %s", x.a, x.b, err, x.want)
		}
	}
}

func TestGemmF32AllocatesNothingOnceItRan(t *testing.T) {
	p := GemmParam{TransB: true, Alpha: 0.5}
	dims := []int{8, 64, 64}
	a, b, out := make([]float32, sizeOf(dims)), make([]float32, sizeOf(dims)), make([]float32, sizeOf(dims))
	c := Call{Param: &p, Threads: 2, Args: []Arg{argOf(a, dims...), argOf(b, dims...), {}, {}, argOf(out, dims...)}}
	n, err := GemmF32Scratch(&p, dims, dims, c.Workers())
	if err != nil {
		t.Fatal(err)
	}
	c.Scratch = make([]byte, n)
	run := func() {
		if err := GemmF32(&c); err != nil {
			t.Fatal(err)
		}
	}
	run()
	if n := allocations(run); n != 0 {
		t.Errorf("%v allocations a run", n)
	}
}
