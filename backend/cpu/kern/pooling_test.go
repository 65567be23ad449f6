package kern

import (
	"fmt"
	"math"
	"testing"
)

// toLast moves dimension 1 to the end.
func toLast(x []float32, dims []int) ([]float32, []int) {
	last := append([]int{dims[0]}, append(append([]int{}, dims[2:]...), dims[1])...)
	y := make([]float32, len(x))
	for i, v := range x {
		k := index(i, dims)
		y[join(append([]int{k[0]}, append(append([]int{}, k[2:]...), k[1])...), last)] = v
	}
	return y, last
}

// poolRef computes one window by its definition.
func poolRef(p *PoolParam, x []float32, dims, out []int) float64 {
	sp := len(p.Kernel)
	sum, top, n, padded := 0.0, math.Inf(-1), 0, 0
	taps := dimsLen(p.Kernel)
	for t := range taps {
		k := index(t, p.Kernel)
		at := []int{out[0], out[1]}
		in, inPad := true, true
		for i := range sp {
			v := out[2+i]*p.Strides[i] - p.Before[i] + k[i]*p.Dilations[i]
			in = in && v >= 0 && v < dims[2+i]
			inPad = inPad && v < dims[2+i]+p.After[i]
			at = append(at, v)
		}
		if inPad {
			padded++
		}
		if in {
			v := float64(x[join(at, dims)])
			sum, top, n = sum+v, max(top, v), n+1
		}
	}
	switch {
	case !p.Average:
		return top
	case n == 0:
		return 0
	case p.CountPad:
		return sum / float64(padded)
	}
	return sum / float64(n)
}

func TestPoolWindows(t *testing.T) {
	forRows(t, func(t *testing.T) {
		for _, tc := range []struct{ dims, kernel, strides, dil, before, after, out []int }{
			{[]int{2, 3, 9}, []int{3}, []int{2}, []int{1}, []int{1}, []int{1}, []int{5}},
			{[]int{2, 5, 9, 11}, []int{3, 3}, []int{2, 2}, []int{1, 1}, []int{1, 1}, []int{1, 1}, []int{5, 6}},
			{[]int{1, 20, 8, 8}, []int{2, 2}, []int{2, 2}, []int{1, 1}, []int{0, 0}, []int{0, 0}, []int{4, 4}},
			{[]int{1, 3, 8, 9}, []int{3, 2}, []int{2, 3}, []int{2, 3}, []int{2, 0}, []int{1, 3}, []int{4, 3}},
			{[]int{1, 2, 7, 7}, []int{3, 3}, []int{2, 2}, []int{1, 1}, []int{0, 0}, []int{1, 1}, []int{4, 4}}, // rounded up
			{[]int{1, 2, 4, 5, 6}, []int{2, 3, 2}, []int{1, 2, 2}, []int{1, 1, 1}, []int{0, 1, 0}, []int{0, 1, 0}, []int{3, 3, 3}},
			{[]int{1, 1, 3, 3000}, []int{3, 5}, []int{1, 1}, []int{1, 1}, []int{1, 2}, []int{1, 2}, []int{3, 3000}},
		} {
			x := random(21, dimsLen(tc.dims))
			for mode := range 3 {
				p := &PoolParam{Kernel: tc.kernel, Strides: tc.strides, Dilations: tc.dil, Before: tc.before, After: tc.after, Average: mode > 0, CountPad: mode == 2}
				out := append([]int{tc.dims[0], tc.dims[1]}, tc.out...)
				y, want := make([]float32, dimsLen(out)), make([]float64, dimsLen(out))
				w32 := make([]float32, len(want))
				for i := range want {
					want[i] = poolRef(p, x, tc.dims, index(i, out))
					w32[i] = float32(want[i])
				}
				name := fmt.Sprint(tc, mode)
				run(t, name, PoolF32, p, arg(tc.dims, x), arg(out, y))
				near(t, name, y, want, 1e-6)
				xl, dl := toLast(x, tc.dims)
				wl, ol := toLast(w32, out)
				q := *p
				q.Last = true
				run(t, name, PoolF32, &q, arg(dl, xl), arg(ol, y))
				for i := range want {
					want[i] = float64(wl[i])
				}
				near(t, name+" last", y, want, 1e-6)
			}
		}
	})
}

func TestPoolRefusesHostileParameters(t *testing.T) {
	x := make([]float32, 16)
	d := []int{1, 1, 4, 4}
	for _, p := range []PoolParam{
		{Kernel: []int{2}}, {Kernel: []int{0, 1}}, {Kernel: []int{2, 2}, Strides: []int{0, 1}}, {Kernel: []int{2, 2}, Before: []int{-1, 0}}, {Kernel: []int{2, 2}, Dilations: []int{1}},
	} {
		if PoolF32(&Call{Args: []Arg{arg(d, x), arg(d, x)}, Param: &p}) == nil {
			t.Errorf("%+v: no error", p)
		}
	}
}

func TestResizeModes(t *testing.T) {
	x := []float32{1, 2, 3, 4}
	for _, tc := range []struct {
		p    ResizeParam
		out  []int
		want string
	}{
		{ResizeParam{}, []int{4, 6}, "[1 1 1 2 2 2 1 1 1 2 2 2 3 3 3 4 4 4 3 3 3 4 4 4]"},
		{ResizeParam{Mode: ResizeLinear}, []int{4, 4}, "[1 1.25 1.75 2 1.5 1.75 2.25 2.5 2.5 2.75 3.25 3.5 3 3.25 3.75 4]"},
		{ResizeParam{Mode: ResizeLinear, Coord: AlignCorners}, []int{3, 3}, "[1 1.5 2 2 2.5 3 3 3.5 4]"},
		{ResizeParam{Mode: ResizeLinear, Coord: Asymmetric}, []int{2, 4}, "[1 1.5 2 2 3 3.5 4 4]"},
		{ResizeParam{Coord: Asymmetric, Nearest: Floor}, []int{3, 3}, "[1 1 2 1 1 2 3 3 4]"},
		{ResizeParam{Coord: Asymmetric, Nearest: Ceil}, []int{1, 4}, "[1 2 2 2]"},
		{ResizeParam{Mode: ResizeLinear, Coord: PytorchHalfPixel}, []int{1, 1}, "[1]"},
		{ResizeParam{Mode: ResizeLinear}, []int{1, 1}, "[2.5]"},
	} {
		n := dimsLen(tc.out)
		tc.p.Size, tc.p.Axes = 4, []int{-1, -1, 0, 1}
		sizes := Arg{Data: Bytes([]int64{int64(tc.out[0]), int64(tc.out[1])}), Dims: []int{2}}
		resize := func(in []int, x []float32, out []int, y []float32) {
			c := &Call{Param: &tc.p, Args: []Arg{arg(in, x), {}, {}, sizes, arg(out, y)}}
			c.Scratch = make([]byte, ResizeScratch(&tc.p, c.Args))
			if err := Resize(c); err != nil {
				t.Fatalf("%+v: %v", tc, err)
			}
		}
		y := make([]float32, n)
		resize([]int{1, 1, 2, 2}, x, append([]int{1, 1}, tc.out...), y)
		if fmt.Sprint(y) != tc.want {
			t.Errorf("%+v: %v", tc, y)
		}
		two := []float32{1, -1, 2, -2, 3, -3, 4, -4}
		y2 := make([]float32, 2*n)
		tc.p.Axes = []int{-1, 0, 1, -1}
		resize([]int{1, 2, 2, 2}, two, []int{1, tc.out[0], tc.out[1], 2}, y2)
		for i, v := range y {
			if y2[2*i] != v || y2[2*i+1] != -v {
				t.Errorf("%+v channels last: %v", tc, y2)
				break
			}
		}
	}
	for _, bad := range []Arg{{}, {Data: Bytes([]int64{4}), Dims: []int{1}}, {Data: Bytes([]int64{-4, 4}), Dims: []int{2}}} {
		if Resize(&Call{Args: []Arg{arg([]int{2, 2}, x), {}, {}, bad, arg([]int{4, 4}, make([]float32, 16))}, Param: &ResizeParam{Axes: []int{0, 1}, Size: 4}}) == nil {
			t.Errorf("sizes %v give no error", bad)
		}
	}
}

func BenchmarkPool(b *testing.B) {
	x, y := random(1, 112*112*64), make([]float32, 56*56*64)
	for _, last := range []bool{false, true} {
		c := Call{Threads: 1, Args: []Arg{arg([]int{1, 64, 112, 112}, x), arg([]int{1, 64, 56, 56}, y)},
			Param: &PoolParam{Kernel: []int{3, 3}, Strides: []int{2, 2}, Before: []int{1, 1}, After: []int{1, 1}, Last: last}}
		if last {
			c.Args[0].Dims, c.Args[1].Dims = []int{1, 112, 112, 64}, []int{1, 56, 56, 64}
		}
		b.Run(fmt.Sprint("last ", last), func(b *testing.B) {
			for b.Loop() {
				_ = PoolF32(&c)
			}
		})
	}
}

func TestPoolWindowsMayBeFarWiderThanTheImage(t *testing.T) {
	forRows(t, func(t *testing.T) {
		const k = 1 << 24
		p := &PoolParam{Kernel: []int{k, k}, Before: []int{k - 1, k - 1}}
		x, y := []float32{1, 2, 3, 4}, make([]float32, 4)
		run(t, "two axes", PoolF32, p, arg([]int{1, 1, 2, 2}, x), arg([]int{1, 1, 2, 2}, y))
		near(t, "two axes", y, []float64{1, 2, 3, 4}, 0)
		p = &PoolParam{Kernel: []int{k, k, k}, Before: []int{k - 1, k - 1, k - 1}}
		d := []int{1, 1, 1, 2, 2}
		for name, f := range map[string]func() error{
			"float32": func() error { return PoolF32(&Call{Args: []Arg{arg(d, x), arg(d, y)}, Param: p}) },
			"bytes": func() error {
				return MaxPoolBytes(&Call{Args: []Arg{{make([]byte, 4), d}, {make([]byte, 4), d}}, Param: &BytePoolParam{PoolParam: *p}})
			},
			"indices": func() error {
				return MaxPool(&Call{Args: []Arg{arg(d, x), arg(d, y), {make([]byte, 32), d}}, Param: &MaxPoolParam{Pool: *p}})
			},
		} {
			if f() == nil {
				t.Errorf("%s: a window of %d elements to the third is taken", name, k)
			}
		}
	})
}
