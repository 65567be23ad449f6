package memory

import (
	"cmp"
	"math"
	"math/bits"
	"slices"
)

// An order is a greedy order: buffers with a larger key are placed first.
type order struct {
	name string
	key  func(p *Placer, b int) int
}

// orders is the portfolio. The first is optimal on most networks, so it stands
// first: the portfolio stops where the lower bound is met.
var orders = [...]order{
	{"size", func(p *Placer, b int) int { return p.size[b] }},
	{"breadth", func(p *Placer, b int) int { return p.breadth[b] }}, // what lives at the fullest steps first
	{"area", func(p *Placer, b int) int { return mulSat(p.size[b], p.last[b]-p.first[b]+1) }},
	{"lifetime", func(p *Placer, b int) int { return p.last[b] - p.first[b] }},
	{"first use", func(p *Placer, b int) int { return -p.first[b] }},
	{"last use", func(p *Placer, b int) int { return p.last[b] }},
}

// sort fills p.order; ties go to the larger, then the longer-lived, then the
// earlier buffer, so the order is total.
func (p *Placer) sort(o *order) {
	for b := range p.key {
		p.key[b] = o.key(p, b)
	}
	slices.SortFunc(p.order, func(a, b int32) int {
		if c := cmp.Compare(p.key[b], p.key[a]); c != 0 {
			return c
		}
		if c := cmp.Compare(p.size[b], p.size[a]); c != 0 {
			return c
		}
		if c := cmp.Compare(p.last[b]-p.first[b], p.last[a]-p.first[a]); c != 0 {
			return c
		}
		return int(a - b)
	})
}

// load takes over the buffers and computes what the orders need.
func (p *Placer) load(bufs []Buffer) error {
	if err := validate(bufs); err != nil {
		return err
	}
	p.resize(len(bufs))
	for i, b := range bufs {
		p.align[i] = b.align()
		p.size[i] = alignUp(b.Size, p.align[i])
		p.first[i], p.last[i] = b.First, b.Last
		p.byFirst[i], p.byLast[i], p.order[i] = int32(i), int32(i), int32(i)
	}
	slices.SortFunc(p.byFirst, func(a, b int32) int {
		if c := cmp.Compare(p.first[a], p.first[b]); c != 0 {
			return c
		}
		return int(a - b)
	})
	slices.SortFunc(p.byLast, func(a, b int32) int {
		if c := cmp.Compare(p.last[a], p.last[b]); c != 0 {
			return c
		}
		return int(a - b)
	})
	for r, b := range p.byFirst {
		p.rank[b] = int32(r)
	}
	next := 0
	for _, b := range p.byLast {
		for next < len(p.byFirst) && p.first[p.byFirst[next]] <= p.last[b] {
			next++
		}
		p.upto[b] = int32(next)
	}
	p.measure()
	return nil
}

// measure fills live, bound and breadth. A live set is largest at some First,
// so only those steps are looked at.
func (p *Placer) measure() {
	sum, gone := 0, 0
	p.bound = 0
	for r := 0; r < len(p.byFirst); {
		step, from := p.first[p.byFirst[r]], r
		for ; r < len(p.byFirst) && p.first[p.byFirst[r]] == step; r++ {
			sum += p.size[p.byFirst[r]]
		}
		for ; p.last[p.byLast[gone]] < step; gone++ {
			sum -= p.size[p.byLast[gone]]
		}
		for i := from; i < r; i++ {
			p.live[i] = sum
		}
		p.bound = max(p.bound, sum)
	}
	for i := range p.tree {
		p.tree[i] = 0
	}
	copy(p.tree[p.leaves:], p.live)
	for i := p.leaves - 1; i > 0; i-- {
		p.tree[i] = max(p.tree[2*i], p.tree[2*i+1])
	}
	for b := range p.breadth {
		lo, hi, top := int(p.rank[b])+p.leaves, int(p.upto[b])+p.leaves, 0
		for ; lo < hi; lo, hi = lo/2, hi/2 {
			if lo&1 == 1 {
				top = max(top, p.tree[lo])
				lo++
			}
			if hi&1 == 1 {
				hi--
				top = max(top, p.tree[hi])
			}
		}
		p.breadth[b] = top
	}
}

// resize gives every table room for n buffers, in the storage at hand if it is
// large enough.
func (p *Placer) resize(n int) {
	p.leaves = 1
	for p.leaves < n {
		p.leaves *= 2
	}
	for _, s := range []*[]int{&p.size, &p.align, &p.first, &p.last, &p.live, &p.breadth, &p.key, &p.off, &p.best} {
		*s = slices.Grow((*s)[:0], n)[:n]
	}
	for _, s := range []*[]int32{&p.byFirst, &p.byLast, &p.rank, &p.upto, &p.order, &p.done} {
		*s = slices.Grow((*s)[:0], n)[:n]
	}
	p.near = slices.Grow(p.near[:0], n+1)
	p.tree = slices.Grow(p.tree[:0], 2*p.leaves)[:2*p.leaves]
}

// mulSat is a × b for a, b >= 0, or the largest int where that overflows.
func mulSat(a, b int) int {
	hi, lo := bits.Mul64(uint64(a), uint64(b))
	if hi != 0 || lo > math.MaxInt {
		return math.MaxInt
	}
	return int(lo)
}
