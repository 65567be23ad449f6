package kern

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestArgReduceTies(t *testing.T) {
	nan := float32(math.NaN())
	x := []float32{1, 3, 3, 2, nan, 5, nan, 0, -1, -1, -1, -2}
	for _, tc := range []struct {
		p    ArgParam
		want string
	}{{ArgParam{Axis: 1}, "[1 0 0]"}, {ArgParam{Axis: 1, Last: true}, "[2 0 2]"}, {ArgParam{Axis: 1, Min: true}, "[0 0 3]"}} {
		y := make([]int64, 3)
		run(t, "arg", ArgReduce, &tc.p, arg([]int{3, 4}, x), Arg{Bytes(y), []int{3}})
		if fmt.Sprint(y) != tc.want {
			t.Error(tc, y)
		}
	}
	y := make([]int64, 4)
	run(t, "axis 0", ArgReduce, &ArgParam{Axis: 0, Type: Int32}, Arg{Bytes([]int32{1, 9, 3, 4, 5, 6, 7, 4}), []int{2, 4}}, Arg{Bytes(y), []int{1, 4}})
	if fmt.Sprint(y) != "[1 0 1 0]" {
		t.Error(y)
	}
}

func TestCumSumDirections(t *testing.T) {
	x := []float32{1, 2, 3, 4, 5, 6}
	for _, tc := range []struct {
		p    CumSumParam
		want string
	}{
		{CumSumParam{Axis: 1}, "[1 3 6 4 9 15]"}, {CumSumParam{Axis: -1, Exclusive: true}, "[0 1 3 0 4 9]"},
		{CumSumParam{Axis: 1, Reverse: true}, "[6 5 3 15 11 6]"}, {CumSumParam{Axis: 0, Reverse: true, Exclusive: true}, "[4 5 6 0 0 0]"},
	} {
		y := make([]float32, 6)
		run(t, "cumsum", CumSum, &tc.p, arg([]int{2, 3}, x), arg([]int{2, 3}, y))
		if fmt.Sprint(y) != tc.want {
			t.Error(tc, y)
		}
	}
}

func TestTopKOrdersValues(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for _, tc := range []struct {
		dims []int
		axis int
		k    int
	}{{[]int{50}, 0, 7}, {[]int{4, 30}, 1, 30}, {[]int{20, 3, 5}, 0, 4}, {[]int{3, 9}, -1, 1}, {[]int{3, 9}, 1, 0}} {
		for _, smallest := range []bool{false, true} {
			x := make([]float32, dimsLen(tc.dims))
			for i := range x {
				x[i] = float32(r.IntN(12))
			}
			x[3] = float32(math.NaN())
			out := slices.Clone(tc.dims)
			axis := (tc.axis + len(out)) % len(out)
			out[axis] = tc.k
			v, idx := make([]float32, dimsLen(out)), make([]int64, dimsLen(out))
			run(t, fmt.Sprint(tc), TopK, &TopKParam{Axis: tc.axis, Smallest: smallest}, arg(tc.dims, x), arg(out, v), Arg{Bytes(idx), out})
			l, _ := loopsOf(tc.dims, tc.axis)
			for i := range l.outer * l.inner {
				var order []int
				for k := range l.n {
					order = append(order, k)
				}
				val := func(k int) float64 {
					f := float64(x[i/l.inner*l.n*l.inner+k*l.inner+i%l.inner])
					if f != f {
						f = math.Inf(1)
					}
					if smallest {
						return f
					}
					return -f
				}
				slices.SortStableFunc(order, func(a, b int) int {
					if val(a) < val(b) {
						return -1
					} else if val(a) > val(b) {
						return 1
					}
					return 0
				})
				for k := range tc.k {
					if got := idx[i/l.inner*tc.k*l.inner+k*l.inner+i%l.inner]; got != int64(order[k]) {
						t.Fatalf("%v smallest %v row %d rank %d: %d, want %d", tc, smallest, i, k, got, order[k])
					}
				}
			}
		}
	}
}
