package memory

import (
	"cmp"
	"slices"
)

// maxImprove limits the steps of a search: one descent may look at all pairs.
const maxImprove = 1 << 14

// improve looks for an order whose peak is below limit, depth first, within so
// many nodes; nil when it finds none. A ready step that fits and leaves no more
// bytes live than before runs at once: moving it forward in any order never
// raises a live set. Sets of steps seen before are not entered again. A node
// that looks at many ready steps counts for several.
func (s *sched) improve(limit, nodes int) (order []int, left int) {
	if s.n > maxImprove {
		return nil, 0
	}
	d := &descent{state: s.start(), limit: limit, seen: make(map[uint64]bool)}
	for i, p := range d.preds {
		if p == 0 {
			d.ready = append(d.ready, int32(i))
		}
	}
	if !d.advance() || !d.branch() {
		return nil, nodes
	}
	if len(d.done) == s.n {
		return d.order(), nodes
	}
	for nodes > 0 {
		nodes -= 1 + d.work/1024
		d.work = 0
		if len(d.marks) == 0 {
			return nil, max(nodes, 0)
		}
		m := d.marks[len(d.marks)-1]
		d.rewind(m.done)
		if len(d.cands) == m.cands {
			d.marks = d.marks[:len(d.marks)-1]
			continue
		}
		i := d.cands[len(d.cands)-1]
		d.cands = d.cands[:len(d.cands)-1]
		d.exec(i)
		if !d.advance() {
			continue
		}
		if len(d.done) == s.n {
			return d.order(), nodes
		}
		d.branch()
	}
	return nil, 0
}

type descent struct {
	*state
	limit int
	ready []int32
	done  []int32
	woke  [][]int32 // per step in done: the buffers that it brought to life
	marks []mark
	cands []int32
	seen  map[uint64]bool
	work  int    // ready steps looked at since the last node
	hash  uint64 // of the set of steps in done
}

// mark is a point of choice: how much was done, where its candidates start.
type mark struct{ done, cands int }

// advance runs every step that costs nothing; false when some ready step can
// never run again within the limit, or the set was seen before.
func (d *descent) advance() bool {
	for k := 0; k < len(d.ready); {
		i := d.ready[k]
		if d.delta[i] <= 0 && d.live+d.alloc[i] < d.limit {
			d.exec(i)
			d.work += k
			k = 0
			continue
		}
		k++
	}
	if d.seen[d.hash] {
		return false
	}
	d.seen[d.hash] = true
	return true
}

// branch pushes the ready steps that fit, the most promising last; false when
// there is none and steps are left.
func (d *descent) branch() bool {
	if len(d.done) == d.n {
		return true
	}
	m := mark{len(d.done), len(d.cands)}
	d.work += 8 * len(d.ready)
	for _, i := range d.ready {
		if d.live+d.alloc[i] < d.limit {
			d.cands = append(d.cands, i)
		}
	}
	if len(d.cands) == m.cands {
		return false
	}
	slices.SortFunc(d.cands[m.cands:], func(a, b int32) int {
		if c := cmp.Compare(d.delta[b], d.delta[a]); c != 0 {
			return c
		}
		return int(b - a)
	})
	d.marks = append(d.marks, m)
	return true
}

func (d *descent) exec(i int32) {
	var woke []int32
	for _, b := range d.names[i] {
		if !d.alive[b] {
			woke = append(woke, b)
		}
	}
	d.run(i, func(int32) {})
	d.done, d.woke = append(d.done, i), append(d.woke, woke)
	d.hash ^= scramble(i)
	d.drop(i)
	for _, j := range d.succ[i] {
		if d.preds[j]--; d.preds[j] == 0 {
			d.ready = append(d.ready, j)
		}
	}
}

// drop removes a step from ready.
func (d *descent) drop(i int32) {
	at := slices.Index(d.ready, i)
	d.ready = slices.Delete(d.ready, at, at+1)
	d.work += len(d.ready)
}

// rewind takes back steps until n are done.
func (d *descent) rewind(n int) {
	for len(d.done) > n {
		k := len(d.done) - 1
		i := d.done[k]
		for _, j := range d.succ[i] {
			if d.preds[j] == 0 {
				d.drop(j)
			}
			d.preds[j]++
		}
		d.ready = append(d.ready, i)
		d.undo(i, d.woke[k])
		d.hash ^= scramble(i)
		d.done, d.woke = d.done[:k], d.woke[:k]
	}
}

func (d *descent) order() []int {
	order := make([]int, len(d.done))
	for k, i := range d.done {
		order[k] = int(i)
	}
	return order
}

// scramble gives each step 64 well-mixed bits (the finaliser of SplitMix64).
func scramble(i int32) uint64 {
	x := uint64(i+1) * 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
