package kern

import (
	"math/rand/v2"
	"sync/atomic"
	"testing"
)

// told checks that every row of y, so many floats each, was reported once, and with its final values.
type told struct {
	y, seen []float32
	size    int
	times   []atomic.Int32
}

func newTold(y []float32, size int) *told {
	return &told{y: y, seen: make([]float32, len(y)), size: size, times: make([]atomic.Int32, len(y)/size)}
}

func (x *told) then(r0, r1 int) {
	for i := r0; i < r1; i++ {
		x.times[i].Add(1)
	}
	copy(x.seen[r0*x.size:r1*x.size], x.y[r0*x.size:])
}

func (x *told) check(t *testing.T, what any) {
	t.Helper()
	for i := range x.times {
		if n := x.times[i].Load(); n != 1 {
			t.Fatalf("%v: row %d told %d times", what, i, n)
		}
	}
	for i, v := range x.seen {
		if v != x.y[i] {
			t.Fatalf("%v: element %d was %v when told, then %v", what, i, v, x.y[i])
		}
	}
}

func TestConvTellsOfEveryFinishedPixelOnce(t *testing.T) {
	eachRow(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(25, 26))
		cases := []*convCase{convOf(r, 2, 32, 28, 64, 3, 1, 1, 1), convOf(r, 1, 64, 30, 64, 3, 1, 1, 64), convOf(r, 2, 64, 28, 64, 1, 1, 0, 1)}
		for i := range 40 {
			cases = append(cases, randomConv(r, i%3 == 0))
		}
		for _, c := range cases {
			call := c.call(2)
			x := newTold(F32(&call.Args[4]), c.y[1])
			if err := ConvF32Then(call, x.then); err != nil {
				t.Fatal(err)
			}
			x.check(t, c)
		}
	})
}

func TestGemmF32TellsOfEveryFinishedRowOnce(t *testing.T) {
	for _, x := range []struct{ a, b []int }{
		{[]int{300, 128}, []int{128, 96}}, {[]int{9, 40, 128}, []int{9, 128, 96}}, {[]int{2, 140, 128}, []int{2, 128, 96}},
	} {
		p := GemmParam{}
		rows := sizeOf(x.a) / 128
		out := make([]float32, rows*96)
		r := rand.New(rand.NewPCG(27, 28))
		c := Call{Param: &p, Threads: 2, Args: []Arg{argOf(randoms(r, make([]float32, sizeOf(x.a))), x.a...),
			argOf(randoms(r, make([]float32, sizeOf(x.b))), x.b...), {}, {}, argOf(out, rows, 96)}}
		n, err := GemmF32Scratch(&p, x.a, x.b, c.Workers())
		if err != nil {
			t.Fatal(err)
		}
		c.Scratch = make([]byte, n)
		done := newTold(out, 96)
		if err := GemmF32Then(&c, done.then); err != nil {
			t.Fatal(err)
		}
		done.check(t, x.a)
	}
}
