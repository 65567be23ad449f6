package op

import (
	"fmt"
	"math"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// GroupQueryAttentionAttrs holds the numbers of heads, which are required; how many keys up to its own a query sees (−1: all); whether queries and keys turn by
// their positions; the soft cap and the factor of the scores (0: none, and 1/√head size).
type GroupQueryAttentionAttrs struct {
	DoRotary          bool    `ir:"do_rotary"`
	KVNumHeads        int     `ir:"kv_num_heads"`
	LocalWindowSize   int     `ir:"local_window_size"`
	NumHeads          int     `ir:"num_heads"`
	RotaryInterleaved bool    `ir:"rotary_interleaved"`
	Scale             float32 `ir:"scale"`
	SmoothSoftmax     bool    `ir:"smooth_softmax"`
	Softcap           float32 `ir:"softcap"`
}

// GroupQueryAttention is causal attention over a cache that it extends. q is [N,length,heads·size], k and v alike with fewer heads; or all three lie side by
// side in q. seqlens_k is, per item, how many keys there are then, less one. Caches are [N,heads,length,size]; the new ones hold total_sequence_length
// tokens, or as many as the old. A call whose tokens are the whole sequence is a prompt: the old cache is not read.
var GroupQueryAttention = defineN(DefN[GroupQueryAttentionAttrs]{
	Name: "group_query_attention", ONNX: "GroupQueryAttention", Domain: "com.microsoft",
	Sig: "q T, k? T, v? T, past_key? T, past_value? T, seqlens_k i32, total_sequence_length i32, cos_cache? T, sin_cache? T, position_ids? i64, " +
		"attention_bias? T -> y T, present_key? T, present_value? T; T f32|f16|bf16",
	Props: ir.Pure,
	Attrs: GroupQueryAttentionAttrs{LocalWindowSize: -1},
	Infer: func(sc *ir.Scope, a GroupQueryAttentionAttrs, in []ir.Known) ([]ir.Known, error) {
		if err := a.check(in[1].Present() && in[2].Present(), in[1].Present() || in[2].Present(), in[7].Present() && in[8].Present()); err != nil {
			return nil, err
		}
		q, err := rankedAs(sc, in[0], 3, "q")
		if err != nil {
			return nil, err
		}
		parts, kv := a.NumHeads, sym.Const(a.KVNumHeads)
		if !in[1].Present() {
			parts += 2 * a.KVNumHeads
		}
		if err := sc.Assume(ir.Fact{Rel: ir.Divides, A: sym.Const(parts), B: q[2], What: "q in heads"}); err != nil {
			return nil, err
		}
		size := sym.FloorDiv(q[2], sym.Const(parts))
		for i, name := range map[int]string{1: "k", 2: "v"} {
			if err := sizedAs(sc, in[i], ir.Shape{q[0], q[1], sym.Mul(kv, size)}, name); err != nil {
				return nil, err
			}
		}
		if err := vectorOf(sc, in[5], q[0], "seqlens_k"); err != nil {
			return nil, err
		}
		total := sc.Fresh()
		if v, ok := in[6].Sizes(); ok && len(v) == 1 && v[0].Valid() {
			total = v[0]
			if past := in[3]; past.Rank() == 4 {
				total = sym.Max(total, past.Type.Shape[2])
			}
		}
		d := in[0].Type.DType
		present := of(ir.TensorOf(d, q[0], kv, total, size))
		return []ir.Known{of(ir.TensorOf(d, q[0], q[1], sym.Mul(sym.Const(a.NumHeads), size))), present, present}, nil
	},
	Eval: groupQueryAttention,
})

func (a GroupQueryAttentionAttrs) check(both, any, caches bool) error {
	switch {
	case a.KVNumHeads < 1 || a.NumHeads < 1 || a.NumHeads%a.KVNumHeads != 0 || a.NumHeads > maxWindowAttr:
		return fmt.Errorf("num_heads %d is no multiple of kv_num_heads %d", a.NumHeads, a.KVNumHeads)
	case both != any:
		return fmt.Errorf("k and v go together")
	case a.DoRotary && !caches:
		return fmt.Errorf("do_rotary needs cos_cache and sin_cache")
	case a.LocalWindowSize < -1 || !(a.Softcap >= 0):
		return fmt.Errorf("local_window_size %d, softcap %v: less than allowed", a.LocalWindowSize, a.Softcap)
	}
	return nil
}

// A caching is the state of a call: how many keys each item had before, and has now.
type caching struct {
	past, total []int
	length      int // of the new caches
	prompt      bool
}

func groupQueryAttention(e *ir.Env, a GroupQueryAttentionAttrs, in []tensor.Value) ([]tensor.Value, error) {
	k, v := tens(in, 1), tens(in, 2)
	if err := a.check(k != nil && v != nil, k != nil || v != nil, tens(in, 7) != nil && tens(in, 8) != nil); err != nil {
		return nil, err
	}
	h, err := a.heads(e, tens(in, 0), k, v)
	if err != nil {
		return nil, err
	}
	c, err := cachingOf(tens(in, 5), tens(in, 6), tens(in, 3), h[0])
	if err != nil {
		return nil, err
	}
	if a.DoRotary {
		if err := a.rotate(e, in, h[0], h[1], c); err != nil {
			return nil, err
		}
	}
	m := &attending{q: h[0], scale: float64(a.Scale), softcap: float64(a.Softcap), smooth: a.SmoothSoftmax, mode: -1}
	if a.Scale == 0 {
		m.scale = 1 / math.Sqrt(float64(h[0].size))
	}
	if m.k, err = c.extend(e, tens(in, 3), h[1]); err != nil {
		return nil, fmt.Errorf("past_key: %w", err)
	}
	if m.v, err = c.extend(e, tens(in, 4), h[2]); err != nil {
		return nil, fmt.Errorf("past_value: %w", err)
	}
	bias, err := loadMask(e, tens(in, 10), []int{h[0].n, h[0].heads, h[0].length, c.length})
	if err != nil {
		return nil, err
	}
	m.bias = func(n, head, i int, row []float64) {
		bias.add(n, head, i, row)
		lo, hi := 0, min(c.total[n], c.past[n]+i+1)
		if a.LocalWindowSize >= 0 {
			lo = max(0, c.past[n]+i+1-a.LocalWindowSize)
		}
		hide(row, lo, hi)
	}
	if err := m.run(e); err != nil {
		return nil, err
	}
	d := tens(in, 0).DType()
	dims := []int{h[0].n, h[0].heads, h[0].length, h[0].size}
	return storeAll(e, []tensor.DType{d, d, d}, [][]float64{packed(m.y, dims), m.k.v, m.v.v},
		[]int{dims[0], dims[2], dims[1] * dims[3]}, m.k.dims(), m.v.dims())
}

// heads loads queries, keys and values, which may lie side by side in q.
func (a GroupQueryAttentionAttrs) heads(e *ir.Env, q, k, v *tensor.Tensor) (h [3]heads, err error) {
	if q.Rank() != 3 {
		return h, fmt.Errorf("q has rank %d, not 3", q.Rank())
	}
	if k == nil {
		all, err := loadHeads(e, q, a.NumHeads+2*a.KVNumHeads)
		if err != nil {
			return h, err
		}
		if err := e.Take(tensor.F64, all.dims()); err != nil {
			return h, err
		}
		from := 0
		for i, n := range []int{a.NumHeads, a.KVNumHeads, a.KVNumHeads} {
			h[i] = heads{n: all.n, heads: n, length: all.length, size: all.size}
			for item := range all.n {
				for head := range n {
					h[i].v = append(h[i].v, all.of(item, from+head)...)
				}
			}
			from += n
		}
		return h, nil
	}
	for i, t := range []*tensor.Tensor{q, k, v} {
		if h[i], err = loadHeads(e, t, []int{a.NumHeads, a.KVNumHeads, a.KVNumHeads}[i]); err != nil {
			return h, err
		}
	}
	for _, x := range h[1:] {
		if x.n != h[0].n || x.length != h[0].length || x.size != h[0].size {
			return h, fmt.Errorf("q, k and v of sizes %v, %v and %v do not fit", h[0].dims(), h[1].dims(), h[2].dims())
		}
	}
	return h, nil
}

// cachingOf checks the lengths that a call gives.
func cachingOf(lens, whole, past *tensor.Tensor, q heads) (*caching, error) {
	if lens.Len() != q.n || whole.Len() != 1 {
		return nil, fmt.Errorf("seqlens_k and total_sequence_length of sizes %v and %v for %d items", lens.Dims(), whole.Dims(), q.n)
	}
	total := int(whole.Int64s()[0])
	c := &caching{past: make([]int, q.n), total: make([]int, q.n), length: total, prompt: total == q.length}
	if past != nil && past.Rank() == 4 {
		c.length = max(total, past.Dims()[2])
	}
	if total < q.length || total > maxWindowAttr {
		return nil, fmt.Errorf("total_sequence_length %d is out of range for %d tokens", total, q.length)
	}
	for i, n := range lens.Int64s() {
		c.total[i] = int(n) + 1
		if !c.prompt {
			c.past[i] = c.total[i] - q.length
		}
		if c.past[i] < 0 || n < -1 || c.total[i] > total {
			return nil, fmt.Errorf("seqlens_k: %d is out of range for %d of %d tokens", n, q.length, total)
		}
	}
	return c, nil
}

// rotate turns queries and keys by their positions.
func (a GroupQueryAttentionAttrs) rotate(e *ir.Env, in []tensor.Value, q, k heads, c *caching) error {
	cos := tens(in, 7)
	if cos.Rank() != 2 {
		return fmt.Errorf("cos_cache has rank %d, not 2", cos.Rank())
	}
	pos := tens(in, 9)
	if pos == nil {
		at := make([]int64, 0, q.n*q.length)
		for n := range q.n {
			for i := range q.length {
				at = append(at, int64(min(c.past[n]+i, cos.Dims()[0]-1)))
				if c.past[n]+i >= cos.Dims()[0] && i < c.total[n]-c.past[n] {
					return fmt.Errorf("position %d is out of range for %d", c.past[n]+i, cos.Dims()[0])
				}
			}
		}
		pos = tensor.Of(at, q.n, q.length)
	}
	r := rotation{size: 2 * cos.Dims()[1], interleaved: a.RotaryInterleaved}
	if err := r.load(e, cos, tens(in, 8), pos, q); err != nil {
		return err
	}
	r.turn(q)
	r.turn(k)
	return nil
}

// extend returns a new cache: the old one's tokens, and those of x behind each item's past.
func (c *caching) extend(e *ir.Env, past *tensor.Tensor, x heads) (heads, error) {
	out := heads{n: x.n, heads: x.heads, length: c.length, size: x.size}
	old := heads{n: x.n, heads: x.heads, size: x.size}
	var err error
	if past != nil {
		if old, err = loadHeads(e, past, 0); err != nil {
			return out, err
		}
		if old.n != x.n || old.heads != x.heads || old.size != x.size {
			return out, fmt.Errorf("sizes %v do not fit %v", old.dims(), x.dims())
		}
	}
	if out.v, err = alloc[float64](e, out.dims()...); err != nil {
		return out, err
	}
	for n := range x.n {
		if c.past[n] > old.length {
			return out, fmt.Errorf("%d tokens are to be read of a cache of %d", c.past[n], old.length)
		}
		for h := range x.heads {
			to := out.of(n, h)
			copy(to, old.of(n, h))
			copy(to[c.past[n]*x.size:], x.of(n, h))
		}
	}
	return out, nil
}
