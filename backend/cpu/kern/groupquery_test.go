package kern

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// A token after a prompt gets what it gets when it comes with the prompt, in every bit; nothing is allocated once the kernel has run.
func TestGroupQueryGoesOnFromItsCache(t *testing.T) {
	const n, heads, kv, size, length = 2, 4, 2, 16, 37
	r := rand.New(rand.NewPCG(3, 4))
	qkv := normals(r, n*length*(heads+2*kv)*size)
	cos, sin := normals(r, length*size/2), normals(r, length*size/2)
	p := &GroupQueryParam{Heads: heads, KVHeads: kv, Causal: true, Window: -1, Rotary: true}
	call := func(q []float32, tokens, past, total int, caches [2][]float32) (y []float32, next [2][]float32) {
		c := &Call{Param: p, Args: make([]Arg, gqArgs)}
		y = make([]float32, n*tokens*heads*size)
		room := max(past, total)
		for i := range next {
			next[i] = make([]float32, n*kv*room*size)
			c.Args[gqPresentK+i] = Arg{Data: Bytes(next[i]), Dims: []int{n, kv, room, size}}
			if caches[i] != nil {
				c.Args[gqPastK+i] = Arg{Data: Bytes(caches[i]), Dims: []int{n, kv, past, size}}
			}
		}
		c.Args[gqQ] = Arg{Data: Bytes(q), Dims: []int{n, tokens, (heads + 2*kv) * size}}
		c.Args[gqLens] = Arg{Data: Bytes([]int32{int32(total - 1), int32(total - 1)}), Dims: []int{n}}
		c.Args[gqTotal] = Arg{Data: Bytes([]int32{int32(total)}), Dims: []int{1}}
		c.Args[gqCos] = Arg{Data: Bytes(cos), Dims: []int{length, size / 2}}
		c.Args[gqSin] = Arg{Data: Bytes(sin), Dims: []int{length, size / 2}}
		c.Args[gqY] = Arg{Data: Bytes(y), Dims: []int{n, tokens, heads * size}}
		bytes, err := GroupQueryF32Scratch(p, c.Args, c.Workers())
		if err != nil {
			t.Fatal(err)
		}
		c.Scratch = make([]byte, bytes)
		if err := GroupQueryF32(c); err != nil {
			t.Fatal(err)
		}
		if a := allocations(func() { _ = GroupQueryF32(c) }); a > 0 {
			t.Errorf("%v allocations", a)
		}
		return y, next
	}
	part := func(from, to int) []float32 {
		var out []float32
		row := (heads + 2*kv) * size
		for i := range n {
			out = append(out, qkv[(i*length+from)*row:(i*length+to)*row]...)
		}
		return out
	}
	whole, caches := call(qkv, length, 0, length, [2][]float32{})
	_, before := call(part(0, length-1), length-1, 0, length-1, [2][]float32{})
	last, after := call(part(length-1, length), 1, length-1, length, before)
	for i := range n {
		row := heads * size
		if !slices.Equal(last[i*row:(i+1)*row], whole[((i+1)*length-1)*row:(i+1)*length*row]) {
			t.Errorf("item %d: the last token differs", i)
		}
	}
	if !slices.Equal(caches[0], after[0]) || !slices.Equal(caches[1], after[1]) {
		t.Error("the caches differ")
	}
}
