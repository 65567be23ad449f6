package op

import (
	"fmt"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// A caching is the state of a call of grouped attention: how many keys each item had before its tokens, and has now.
type caching struct {
	past, total []int
	length      int   // of the new caches
	keep        []int // of each item, how many keys its new cache takes over
	prompt      bool
}

// cachingOf checks the lengths that a call gives; fresh is how many tokens k has.
func cachingOf(lens, whole, past *tensor.Tensor, q heads, fresh int) (*caching, error) {
	if lens.Len() != q.n || whole.Len() != 1 {
		return nil, fmt.Errorf("seqlens_k and total_sequence_length of sizes %v and %v for %d items", lens.Dims(), whole.Dims(), q.n)
	}
	total := int(whole.Int64s()[0])
	c := &caching{past: make([]int, q.n), total: make([]int, q.n), keep: make([]int, q.n), length: total, prompt: total == q.length}
	if past != nil && past.Rank() == 4 {
		c.length = max(total, past.Dims()[2])
	}
	if total < q.length || total > maxWindowAttr {
		return nil, fmt.Errorf("total_sequence_length %d is out of range for %d tokens", total, q.length)
	}
	for i, n := range lens.Int64s() {
		c.total[i] = int(n) + 1
		if !c.prompt && past != nil {
			c.past[i] = c.total[i] - q.length
		}
		if n < 0 || int(n) >= c.length || c.past[i] < 0 {
			return nil, fmt.Errorf("seqlens_k: %d is out of range for %d of %d tokens", n, q.length, c.length)
		}
		if c.keep[i] = c.past[i]; fresh == 0 {
			c.keep[i] = c.total[i]
		}
		if c.keep[i]+fresh > c.length {
			return nil, fmt.Errorf("a cache of %d tokens does not hold %d and %d more", c.length, c.keep[i], fresh)
		}
	}
	return c, nil
}

// seen returns the keys that query i of an item sees: from lo to hi, the latter excluded.
func (c *caching) seen(a GroupQueryAttentionAttrs, item, i int) (lo, hi int) {
	hi = c.total[item]
	if a.Causal {
		hi = min(hi, c.past[item]+i+1)
	}
	if a.LocalWindowSize >= 0 {
		lo = max(0, hi-a.LocalWindowSize)
	}
	return lo, hi
}

// extend returns a new cache: the tokens that it takes over from the old one, and those of x behind them.
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
		if c.keep[n] > old.length {
			return out, fmt.Errorf("%d tokens are to be read of a cache of %d", c.keep[n], old.length)
		}
		for h := range x.heads {
			to := out.of(n, h)
			copy(to, old.of(n, h)[:c.keep[n]*x.size])
			copy(to[c.keep[n]*x.size:], x.of(n, h))
		}
	}
	return out, nil
}

// rotate turns queries and keys by their positions. In a prompt tokens stand behind one another, from the first of all positions on.
func (a GroupQueryAttentionAttrs) rotate(e *ir.Env, in []tensor.Value, q, k heads, c *caching) error {
	cos := tens(in, 7)
	if cos.Rank() != 2 {
		return fmt.Errorf("cos_cache has rank %d, not 2", cos.Rank())
	}
	pos := tens(in, 9)
	if pos == nil || c.prompt && pos.Len() > 0 {
		first := 0
		if pos != nil {
			first = int(pos.Int64s()[0])
		}
		at, rows := make([]int64, 0, q.n*q.length), cos.Dims()[0]
		for n := range q.n {
			for i := range q.length {
				p := first + c.past[n] + i
				if p >= rows && i < c.total[n]-c.past[n] {
					return fmt.Errorf("position %d is out of range for %d", p, rows)
				}
				at = append(at, int64(min(p, rows-1)))
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
