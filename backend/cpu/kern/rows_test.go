package kern

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func random(seed uint64, n int) []float32 {
	r := rand.New(rand.NewPCG(seed, 7))
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(r.NormFloat64())
	}
	return x
}

// run calls a kernel on 1 and 2 threads, wants the same bits in its last argument, and no allocation.
func run(t *testing.T, name string, f Func, param any, args ...Arg) {
	t.Helper()
	out := args[len(args)-1]
	var first []byte
	for _, threads := range []int{1, 2} {
		for i := range out.Data {
			out.Data[i] = 0xee
		}
		c := Call{Args: args, Param: param, Threads: threads}
		if err := f(&c); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if first == nil {
			first = slices.Clone(out.Data)
		} else if !slices.Equal(first, out.Data) {
			t.Errorf("%s: other bits on %d threads", name, threads)
		}
		if a := allocations(func() { _ = f(&c) }); a != 0 {
			t.Errorf("%s: %v allocations per run", name, a)
		}
	}
}

// near compares with a tolerance relative to scale, NaN and infinities exactly.
func near(t *testing.T, name string, got []float32, want []float64, tol float64) {
	t.Helper()
	for i, w := range want {
		g := float64(got[i])
		if math.IsNaN(w) != math.IsNaN(g) || math.IsInf(w, 0) && g != w || math.Abs(g-w) > tol*math.Max(1, math.Abs(w)) {
			t.Errorf("%s: element %d is %g, want %g", name, i, g, w)
			return
		}
	}
}

func TestSoftmaxAlongAnyAxis(t *testing.T) {
	inf := float32(math.Inf(1))
	forRows(t, func(t *testing.T) {
		for _, tc := range []struct {
			dims []int
			axis int
		}{{[]int{10}, 0}, {[]int{3, 1}, 1}, {[]int{5, 77}, -1}, {[]int{2, 20000}, 1}, {[]int{3, 7, 5}, 1}, {[]int{4, 6, 600}, 0}, {[]int{2, 0, 3}, 2}, {[]int{1, 300}, 0}} {
			for _, log := range []bool{false, true} {
				x := random(1, dimsLen(tc.dims))
				if len(x) > 300 {
					x[0], x[17], x[len(x)-1] = -inf, 80, -100
				}
				y, want := make([]float32, len(x)), make([]float64, len(x))
				l, _ := loopsOf(tc.dims, tc.axis)
				for i := range l.outer * l.inner {
					at := func(k int) int { return i/l.inner*l.n*l.inner + k*l.inner + i%l.inner }
					top, sum := math.Inf(-1), 0.0
					for k := range l.n {
						top = max(top, float64(x[at(k)]))
					}
					for k := range l.n {
						sum += math.Exp(float64(x[at(k)]) - top)
					}
					for k := range l.n {
						want[at(k)] = float64(x[at(k)]) - top - math.Log(sum)
						if !log {
							want[at(k)] = math.Exp(want[at(k)])
						}
					}
				}
				run(t, fmt.Sprint(tc), SoftmaxF32, &SoftmaxParam{tc.axis, log}, arg(tc.dims, x), arg(tc.dims, y))
				near(t, fmt.Sprint(tc, log), y, want, 2e-6)
			}
		}
		y := make([]float32, 6)
		run(t, "specials", SoftmaxF32, &SoftmaxParam{Axis: 1}, arg([]int{2, 3}, []float32{-inf, -inf, -inf, 1, inf, 2}), arg([]int{2, 3}, y))
		for i, v := range y {
			if v == v {
				t.Errorf("element %d of a row without a maximum to divide by: %g", i, v)
			}
		}
	})
}

func TestLayerAndRMSNorm(t *testing.T) {
	forRows(t, func(t *testing.T) {
		for _, n := range []int{1, 3, 16, 63, 64, 768, 9001} {
			for _, rms := range []bool{false, true} {
				for parts := range 3 {
					rows := 5
					x, g, h := random(2, rows*n), random(3, n), random(4, n)
					for i := range x {
						x[i] = x[i]*2 + 3
					}
					y, want := make([]float32, len(x)), make([]float64, len(x))
					means, invs := make([]float32, rows), make([]float32, rows)
					for r := range rows {
						mean, sq := 0.0, 0.0
						for _, v := range x[r*n : (r+1)*n] {
							mean += float64(v) / float64(n)
						}
						if rms {
							mean = 0
						}
						for _, v := range x[r*n : (r+1)*n] {
							sq += (float64(v) - mean) * (float64(v) - mean) / float64(n)
						}
						for i := range n {
							w := (float64(x[r*n+i]) - mean) / math.Sqrt(sq+1e-5)
							if parts > 0 {
								w *= float64(g[i])
							}
							if parts > 1 {
								w += float64(h[i])
							}
							want[r*n+i] = w
						}
					}
					args := []Arg{arg([]int{rows, n}, x), arg([]int{n}, g), arg([]int{n}, h), arg([]int{rows, n}, y)}
					for k := parts + 1; k < 3; k++ {
						args[k] = Arg{}
					}
					p := &NormParam{Axis: -1, Eps: 1e-5, RMS: rms}
					run(t, fmt.Sprint(n, rms, parts), LayerNormF32, p, args...)
					near(t, fmt.Sprint(n, rms, parts), y, want, 1e-5)
					c := Call{Args: append(args, arg([]int{rows, 1}, means), arg([]int{rows, 1}, invs)), Param: p}
					if err := LayerNormF32(&c); err != nil || invs[4] == 0 || means[4] == 0 && !rms {
						t.Error(err, means, invs)
					}
				}
			}
		}
	})
}

func TestGroupAndBatchNorm(t *testing.T) {
	forRows(t, func(t *testing.T) {
		dims := []int{2, 6, 5, 7}
		x, g, h := random(5, 420), random(6, 6), random(7, 6)
		for _, groups := range []int{1, 2, 6} {
			y, want := make([]float32, 420), make([]float64, 420)
			n := 210 / groups
			for b := range 2 * groups {
				mean, sq := 0.0, 0.0
				for _, v := range x[b*n : (b+1)*n] {
					mean += float64(v) / float64(n)
				}
				for _, v := range x[b*n : (b+1)*n] {
					sq += (float64(v) - mean) * (float64(v) - mean) / float64(n)
				}
				for i := b * n; i < (b+1)*n; i++ {
					ch := i / 35 % 6
					want[i] = (float64(x[i])-mean)/math.Sqrt(sq+1e-3)*float64(g[ch]) + float64(h[ch])
				}
			}
			run(t, fmt.Sprint("groups ", groups), GroupNormF32, &GroupNormParam{groups, 1e-3}, arg(dims, x), arg([]int{6}, g), arg([]int{6}, h), arg(dims, y))
			near(t, fmt.Sprint("groups ", groups), y, want, 1e-5)
		}
		mean, va := random(8, 6), []float32{1, 2, 3, 0.5, 0.1, 4}
		for _, last := range []bool{false, true} {
			d := dims
			if last {
				d = []int{2, 5, 7, 6}
			}
			y, want := make([]float32, 420), make([]float64, 420)
			for i := range want {
				ch := i / 35 % 6
				if last {
					ch = i % 6
				}
				want[i] = (float64(x[i])-float64(mean[ch]))/math.Sqrt(float64(va[ch])+1e-3)*float64(g[ch]) + float64(h[ch])
			}
			v := []int{6}
			run(t, "batch", BatchNormF32, &BatchNormParam{1e-3, last}, arg(d, x), arg(v, g), arg(v, h), arg(v, mean), arg(v, va), arg(d, y))
			near(t, "batch", y, want, 1e-5)
		}
	})
}

func reduceRef(op ReduceOp, v []float64) float64 {
	sum, prod, top, low, l1, sq := 0.0, 1.0, math.Inf(-1), math.Inf(1), 0.0, 0.0
	for _, x := range v {
		sum, prod, top, low, l1, sq = sum+x, prod*x, max(top, x), min(low, x), l1+math.Abs(x), sq+x*x
	}
	lse := 0.0
	for _, x := range v {
		lse += math.Exp(x - top)
	}
	if lse = math.Log(lse) + top; math.IsInf(top, 0) {
		lse = top
	}
	return []float64{sum, sum / math.Max(1, float64(len(v))), top, low, prod, l1, math.Sqrt(sq), sq, math.Log(sum), lse}[op]
}

func TestReduceOverAnyAxes(t *testing.T) {
	forRows(t, func(t *testing.T) {
		for _, tc := range []struct{ dims, axes []int }{
			{[]int{5}, nil}, {[]int{}, nil}, {[]int{4, 130}, []int{1}}, {[]int{130, 4}, []int{0}}, {[]int{3, 4, 5}, []int{1}}, {[]int{3, 4, 5}, []int{0, 2}},
			{[]int{2, 3, 4, 5}, []int{-1, -2}}, {[]int{2, 3, 4, 5}, []int{0, 2}}, {[]int{2, 3, 4, 5}, []int{1, 3}}, {[]int{2, 1, 600}, []int{0}},
			{[]int{30000}, nil}, {[]int{3, 0, 2}, []int{1}}, {[]int{0, 3}, []int{1}}, {[]int{3, 0}, []int{1}}, {[]int{1, 1}, []int{0}},
		} {
			over := map[int]bool{}
			for _, a := range tc.axes {
				over[(a+len(tc.dims))%len(tc.dims)] = true
			}
			out := slices.Clone(tc.dims)
			for i := range out {
				if over[i] || tc.axes == nil {
					out[i] = 1
				}
			}
			x := random(9, dimsLen(tc.dims))
			for i := range x {
				x[i] = 1 + x[i]/8
			}
			groups := make([][]float64, dimsLen(out))
			for i, v := range x {
				k := index(i, tc.dims)
				for a := range k {
					k[a] %= out[a]
				}
				groups[join(k, out)] = append(groups[join(k, out)], float64(v))
			}
			for op := range numReduceOps {
				y, want := make([]float32, len(groups)), make([]float64, len(groups))
				for i, g := range groups {
					want[i] = reduceRef(op, g)
				}
				name := fmt.Sprint(tc, " op ", op)
				run(t, name, Reduce, &ReduceParam{Op: op, Axes: tc.axes}, arg(tc.dims, x), arg(out, y))
				if op != ReduceProd || len(x) < 1000 {
					near(t, name, y, want, 1e-5)
				}
				x64, y64 := make([]float64, len(x)), make([]float64, len(y))
				for i := range x {
					x64[i] = float64(x[i])
				}
				run(t, name, Reduce, &ReduceParam{Op: op, Axes: tc.axes, Type: Float64}, Arg{Bytes(x64), tc.dims}, Arg{Bytes(y64), out})
				for i := range y64 {
					y[i] = float32(y64[i])
				}
				near(t, name, y, want, 1e-5)
			}
		}
		nan := float32(math.NaN())
		y := make([]float32, 3)
		run(t, "nan", Reduce, &ReduceParam{Op: ReduceMax, Axes: []int{1}}, arg([]int{3, 3}, []float32{nan, 1, 2, 1, nan, 2, 1, 2, 5}), arg([]int{3}, y))
		if y[0] == y[0] || y[1] == y[1] || y[2] != 5 {
			t.Error(y)
		}
		run(t, "keep", Reduce, &ReduceParam{Op: ReduceSum, Keep: true}, arg([]int{3}, []float32{1, 2, 3}), arg([]int{3}, y))
		if fmt.Sprint(y) != "[1 2 3]" {
			t.Error(y)
		}
	})
	z := make([]int64, 2)
	run(t, "int64", Reduce, &ReduceParam{Op: ReduceProd, Axes: []int{1}, Type: Int64}, Arg{Bytes([]int64{2, 3, 4, 5, 6, 1 << 40}), []int{2, 3}}, Arg{Bytes(z), []int{2}})
	if z[0] != 24 || z[1] != 30<<40 {
		t.Error(z)
	}
}

// A sum depends on the length of its row alone, not on where the row lies or who its neighbours are.
func TestRowResultsDoNotDependOnBatch(t *testing.T) {
	forRows(t, func(t *testing.T) {
		for _, n := range []int{5, 100, 777} {
			x := random(11, 9*n+3)
			for _, f := range []func(x, y []float32, rows int) error{
				func(x, y []float32, rows int) error {
					return SoftmaxF32(&Call{Args: []Arg{arg([]int{rows, n}, x), arg([]int{rows, n}, y)}, Param: &SoftmaxParam{Axis: 1}})
				},
				func(x, y []float32, rows int) error {
					return LayerNormF32(&Call{Args: []Arg{arg([]int{rows, n}, x), {}, {}, arg([]int{rows, n}, y)}, Param: &NormParam{Axis: 1}})
				},
			} {
				all, one := make([]float32, 9*n), make([]float32, n+3)
				if err := f(x, all, 9); err != nil {
					t.Fatal(err)
				}
				copy(one[3:], x[4*n:5*n])
				if err := f(one[3:], one[3:], 1); err != nil || !slices.Equal(one[3:], all[4*n:5*n]) {
					t.Errorf("n %d: a row alone has other bits: %v", n, err)
				}
			}
		}
	})
}

func BenchmarkRows(b *testing.B) {
	x, y := random(1, 128*768), make([]float32, 128*768)
	d := []int{128, 768}
	g := random(2, 768)
	for name, f := range map[string]func() error{
		"softmax": func() func() error {
			c := &Call{Threads: 1, Args: []Arg{arg(d, x), arg(d, y)}, Param: &SoftmaxParam{Axis: 1}}
			return func() error { return SoftmaxF32(c) }
		}(),
		"layernorm": func() func() error {
			c := &Call{Threads: 1, Args: []Arg{arg(d, x), arg(d[1:], g), arg(d[1:], g), arg(d, y)}, Param: &NormParam{Axis: 1}}
			return func() error { return LayerNormF32(c) }
		}(),
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				_ = f()
			}
		})
	}
}
