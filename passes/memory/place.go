package memory

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

const (
	placeWork = 1 << 23 // pairs of buffers compared before Place starts no further greedy order
	bindWork  = 1 << 21 // the same for Placer.Place
	hardWork  = 1 << 27 // pairs after which an order stacks what is left on top: a bound for hostile plans
)

// Place gives every buffer an offset. searchSteps limits the work of the
// repair and the branch and bound that follow the greedy orders; 0 leaves them out. The result
// depends on the arguments alone. The error names a buffer whose size, lifetime
// or alignment makes no sense, or sizes whose sum overflows.
func Place(bufs []Buffer, searchSteps int) (Placement, error) {
	var p Placer
	if err := p.load(bufs); err != nil {
		return Placement{}, err
	}
	size := p.portfolio(placeWork)
	pl := Placement{Size: size, LowerBound: p.bound, Exact: size == p.bound}
	if !pl.Exact && searchSteps > 0 {
		size = p.repair(size, searchSteps)
		pl.Size, pl.Exact = p.search(size, searchSteps)
	}
	pl.Offsets = slices.Clone(p.best)
	return pl, nil
}

// A Placer runs the greedy stage of [Place] and reuses its storage. The zero
// Placer is ready. It must not be used by two goroutines at once.
type Placer struct {
	size, align, first, last []int   // per buffer; size is rounded up
	byFirst, byLast          []int32 // buffers in order of First, of Last
	rank                     []int32 // position in byFirst
	upto                     []int32 // how many buffers have First <= this one's Last
	live                     []int   // bytes live at the First of byFirst[i]
	breadth                  []int   // largest live set during the buffer's life
	bound                    int

	leaves int   // of tree: a power of two
	tree   []int // maximum over ranks of the Last of placed buffers; -1 for none

	key   []int
	order []int32
	off   []int   // offsets under construction
	done  []int32 // placed buffers by offset
	near  []span  // placed buffers that live at the same time as the next one
	work  int     // pairs compared by the last greedy run
	best  []int
}

type span struct{ off, end int }

// Place writes the offset of each buffer to out and returns the bytes that the
// arena needs. After the first call for as many buffers it allocates nothing.
func (p *Placer) Place(bufs []Buffer, out []int) (size int, err error) {
	if len(out) != len(bufs) {
		return 0, fmt.Errorf("memory: %d offsets for %d buffers", len(out), len(bufs))
	}
	if err := p.load(bufs); err != nil {
		return 0, err
	}
	size = p.portfolio(bindWork)
	copy(out, p.best)
	return size, nil
}

// portfolio tries the greedy orders until one meets the lower bound or the work
// is used up, leaves the best offsets in p.best and returns their size.
func (p *Placer) portfolio(work int) int {
	best, spent := math.MaxInt, 0
	for i := range orders {
		p.sort(&orders[i])
		for _, tight := range [...]bool{true, false} {
			if size := p.greedy(tight, best); size < best {
				best = size
				copy(p.best, p.off)
			}
			if spent += p.work; best == p.bound || spent > work {
				return best
			}
		}
	}
	return best
}

// greedy places the buffers in p.order: each in the smallest gap that holds it
// (tight) or in the lowest one. It gives up when the arena reaches limit.
func (p *Placer) greedy(tight bool, limit int) (size int) {
	for i := range p.tree {
		p.tree[i] = -1
	}
	p.done = p.done[:0]
	p.work = 0
	for _, b := range p.order {
		if p.size[b] == 0 {
			p.off[b] = 0
			continue
		}
		off := alignUp(size, p.align[b])
		if p.work <= hardWork {
			p.neighbours(b)
			off = p.gap(p.size[b], p.align[b], tight)
		}
		p.off[b] = off
		if size = max(size, off+p.size[b]); size >= limit {
			return size
		}
		p.insert(b)
	}
	return size
}

// gap finds room for size bytes among p.near, which is in order of offset.
func (p *Placer) gap(size, align int, tight bool) int {
	at, room, top := -1, math.MaxInt, 0
	for _, s := range p.near {
		if start := alignUp(top, align); s.off-start >= size && s.off-top < room {
			if !tight {
				return start
			}
			at, room = start, s.off-top
		}
		top = max(top, s.end)
	}
	if at < 0 {
		at = alignUp(top, align)
	}
	return at
}

// neighbours fills p.near with the placed buffers that live during b's life, by
// offset. Few are found through the tree and sorted; many are read off p.done.
func (p *Placer) neighbours(b int32) {
	p.near = p.near[:0]
	if p.collect(1, 0, p.leaves, int(p.upto[b]), p.first[b], len(p.done)/8+8) {
		slices.SortFunc(p.near, func(x, y span) int {
			if x.off != y.off {
				return cmp.Compare(x.off, y.off)
			}
			return cmp.Compare(x.end, y.end)
		})
		p.work += 4*len(p.near) + 1
		return
	}
	p.near = p.near[:0]
	first, last := p.first[b], p.last[b]
	for _, c := range p.done {
		if p.first[c] <= last && p.last[c] >= first {
			p.near = append(p.near, span{p.off[c], p.off[c] + p.size[c]})
		}
	}
	p.work += len(p.done)
}

// collect appends the placed buffers of rank below upto that live at or after
// step first; it reports false once there are more than limit. Its depth is
// the logarithm of the number of buffers.
func (p *Placer) collect(node, lo, hi, upto, first, limit int) bool {
	if lo >= upto || p.tree[node] < first {
		return true
	}
	if hi-lo == 1 {
		c := p.byFirst[lo]
		p.near = append(p.near, span{p.off[c], p.off[c] + p.size[c]})
		return len(p.near) <= limit
	}
	mid := (lo + hi) / 2
	return p.collect(2*node, lo, mid, upto, first, limit) && p.collect(2*node+1, mid, hi, upto, first, limit)
}

// insert enters b, which has its offset, into the tree and the offset order.
func (p *Placer) insert(b int32) {
	for node := p.leaves + int(p.rank[b]); node > 0 && p.tree[node] < p.last[b]; node /= 2 {
		p.tree[node] = p.last[b]
	}
	at, _ := slices.BinarySearchFunc(p.done, p.off[b], func(c int32, off int) int { return cmp.Compare(p.off[c], off) })
	p.done = slices.Insert(p.done, at, b)
}
