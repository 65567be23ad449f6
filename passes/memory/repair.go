package memory

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
)

// repair improves the placement in p.best, whose size is given, by running the
// greedy placer again and again: buffers that stick out above the lower bound
// move forward in the order, by a distance drawn from a fixed seed, and the new
// order is kept unless the arena grew by more than a little (squeaky wheel,
// Joslin and Clements, 1999). A step pays for 4096 pairs of buffers, a run
// costs 32 steps at least, and more where there are more buffers than caches hold.
func (p *Placer) repair(size, steps int) int {
	r := rand.New(rand.NewPCG(1, uint64(len(p.order))))
	n := len(p.order)
	kept := make([]int32, n)
	share := mulSat(min(steps, 1<<20), 4096) / len(orders) // pairs for each order to start from
	for o := range orders {
		p.sort(&orders[o])
		copy(kept, p.order)
		last := math.MaxInt
		for left := share; left > 0; {
			got := p.greedy(false, math.MaxInt)
			left -= max(p.work, 32*4096) * (1 + n/512)
			if got < size {
				size = got
				copy(p.best, p.off)
				if size == p.bound {
					return size
				}
			}
			if got <= last {
				copy(kept, p.order)
				last = got
			} else {
				last += (last - p.bound) / 256 // a plateau must end
				copy(p.order, kept)
			}
			p.blame(r)
		}
	}
	return size
}

// blame moves some of the buffers that stick out forward in p.order.
func (p *Placer) blame(r *rand.Rand) {
	n := len(p.order)
	for at, b := range p.order {
		p.key[b] = 8 * at
	}
	for _, b := range p.order {
		if over := p.off[b] + p.size[b] - p.bound; over > 0 && r.IntN(3) == 0 {
			p.key[b] -= 8*r.IntN(n/4+2) + 4
		}
	}
	slices.SortFunc(p.order, func(a, b int32) int { return cmp.Compare(p.key[a], p.key[b]) })
}
