package kern

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// attentionCase is one call of AttentionF32 of operands of rank 4.
type attentionCase struct {
	p                        AttentionParam
	n, hq, hk, tq, tk, d, dv int
	q, k, v, mask            []float32
	past, threads            int
}

func (a *attentionCase) run(t *testing.T) []float32 {
	t.Helper()
	arg := func(v []float32, dims ...int) Arg { return Arg{Data: Bytes(v), Dims: dims} }
	y := make([]float32, a.n*a.hq*a.tq*a.dv)
	c := &Call{Param: &a.p, Threads: a.threads, Args: make([]Arg, 10)}
	now := a.tk - a.past
	c.Args[0], c.Args[1], c.Args[2] = arg(a.q, a.n, a.hq, a.tq, a.d), arg(a.k, a.n, a.hk, now, a.d), arg(a.v, a.n, a.hk, now, a.dv)
	if a.mask != nil {
		c.Args[3] = arg(a.mask, a.tk)
	}
	if a.past > 0 {
		c.Args[1], c.Args[4] = splitTokens(a.k, a.n*a.hk, a.tk, a.past, a.d, a.n, a.hk)
		c.Args[2], c.Args[5] = splitTokens(a.v, a.n*a.hk, a.tk, a.past, a.dv, a.n, a.hk)
	}
	c.Args[7] = arg(y, a.n, a.hq, a.tq, a.dv)
	size, err := AttentionF32Scratch(&a.p, c.Args, c.Workers())
	if err != nil {
		t.Fatal(err)
	}
	c.Scratch = make([]byte, size)
	for range 2 {
		if err := AttentionF32(c); err != nil {
			t.Fatal(err)
		}
	}
	if n := allocations(func() { _ = AttentionF32(c) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
	return y
}

// splitTokens returns the tokens from past on, and those before.
func splitTokens(v []float32, heads, length, past, size, n, h int) (now, before Arg) {
	var a, b []float32
	for i := range heads {
		x := v[i*length*size : (i+1)*length*size]
		b, a = append(b, x[:past*size]...), append(a, x[past*size:]...)
	}
	return Arg{Data: Bytes(a), Dims: []int{n, h, length - past, size}}, Arg{Data: Bytes(b), Dims: []int{n, h, past, size}}
}

func normals(r *rand.Rand, n int) []float32 {
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(r.NormFloat64())
	}
	return v
}

// A row's bits depend neither on the threads, nor on the other items and queries of the call, nor on what keys that it does not
// see hold, nor on which of its keys are past.
func TestAttentionRowStandsAlone(t *testing.T) {
	defer Mask(Mask(Detected()))
	for _, f := range []Features{Detected(), Detected() & AVX2, 0} {
		Mask(f)
		for i, c := range []attentionCase{
			{n: 2, hq: 2, hk: 2, tq: 200, tk: 200, d: 64, dv: 64, p: AttentionParam{Left: -1, Right: 0}},
			{n: 3, hq: 4, hk: 2, tq: 33, tk: 170, d: 16, dv: 32, p: AttentionParam{Left: -1, Right: -1, Softcap: 3}},
			{n: 1, hq: 1, hk: 1, tq: 300, tk: 300, d: 24, dv: 40, p: AttentionParam{Left: 50, Right: 20}},
			{n: 2, hq: 6, hk: 2, tq: 9, tk: 400, d: 32, dv: 16, p: AttentionParam{Left: -1, Right: -1}, mask: []float32{}},
		} {
			t.Run(fmt.Sprintf("%v/%d", f, i), func(t *testing.T) { standsAlone(t, c) })
		}
	}
}

func standsAlone(t *testing.T, c attentionCase) {
	r := rand.New(rand.NewPCG(1, 2))
	c.q, c.k, c.v = normals(r, c.n*c.hq*c.tq*c.d), normals(r, c.n*c.hk*c.tk*c.d), normals(r, c.n*c.hk*c.tk*c.dv)
	if c.mask != nil {
		c.mask = normals(r, c.tk)
		c.mask[3] = float32(math.Inf(-1))
	}
	c.threads = 1
	y := c.run(t)
	c.threads = 0
	if !slices.Equal(y, c.run(t)) {
		t.Error("bits depend on the threads")
	}
	group := c.hq / c.hk
	for _, at := range [][3]int{{0, 0, 0}, {c.n - 1, c.hq - 1, c.tq - 1}, {0, c.hq - 1, c.tq / 2}} {
		n, h, i := at[0], at[1], at[2]
		one := c
		row := (n*c.hq+h)*c.tq + i
		kv := n*c.hk + h/group
		one.n, one.hq, one.hk, one.tq = 1, 1, 1, 1
		one.q = c.q[row*c.d : (row+1)*c.d]
		one.k, one.v = slices.Clone(c.k[kv*c.tk*c.d:(kv+1)*c.tk*c.d]), slices.Clone(c.v[kv*c.tk*c.dv:(kv+1)*c.tk*c.dv])
		if c.p.Right == 0 { // the keys up to its own, all but that past
			one.tk, one.past = i+1, i
			one.k, one.v = one.k[:one.tk*c.d], one.v[:one.tk*c.dv]
		} else if c.p.Right > 0 {
			continue
		}
		if got := one.run(t); !slices.Equal(got, y[row*c.dv:(row+1)*c.dv]) {
			t.Errorf("query %d of head %d of item %d differs when it comes alone", i, h, n)
		}
	}
	if c.p.Right >= 0 {
		c.k, c.v = slices.Clone(c.k), slices.Clone(c.v)
		last := c.tk - 1 // seen by the last queries of the first head only
		c.v[last*c.dv] = float32(math.Inf(1))
		got := c.run(t)
		if c.dv > 1 && got[1] != y[1] || got[0] == got[0] {
			t.Errorf("an infinite value behind the window makes %v, %v of %v, %v: zero times infinity is NaN, and no other element changes", got[0], got[1], y[0], y[1])
		}
	}
}

// Sizes without elements cost nothing, however large they are.
func TestAttentionOfNothing(t *testing.T) {
	const huge = 1 << 50
	for _, d := range [][3][]int{
		{{0, 1, 1, huge}, {0, 1, 1, huge}, {0, 1, 1, huge}},
		{{1, 1, huge, 0}, {1, 1, huge, 0}, {1, 1, huge, 0}},
		{{1, 0, huge, huge}, {1, 0, huge, huge}, {1, 0, huge, huge}},
		{{1, huge, 0}, {1, huge, 0}, {1, huge, 0}},
		{{huge, 0, 1, 1}, {huge, 0, 1, 1}, {huge, 0, 1, 1}},
	} {
		c := &Call{Param: &AttentionParam{QHeads: 2, KVHeads: 2, Left: -1, Right: -1}, Args: make([]Arg, 10)}
		for i := range d {
			c.Args[i] = Arg{Data: []byte{}, Dims: d[i]}
		}
		c.Args[7] = Arg{Data: []byte{}, Dims: d[0]}
		if len(d[0]) == 4 {
			c.Args[8], c.Args[9] = c.Args[1], c.Args[2]
		}
		n, err := AttentionF32Scratch(c.Param.(*AttentionParam), c.Args, 2)
		if err != nil || n != 0 {
			t.Errorf("%v: %d bytes of scratch, error %v", d[0], n, err)
		}
		if err := AttentionF32(c); err != nil {
			t.Errorf("%v: %v", d[0], err)
		}
	}
}
