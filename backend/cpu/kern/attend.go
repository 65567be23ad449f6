package kern

import (
	"fmt"
	"math"
)

// noWindow is the reach of a window that has no end.
const noWindow = 1 << 40

// A headsF32 is an operand of attention: element j of token t of head h of item n stands at n·item + h·head + t·token + j.
type headsF32 struct {
	v                      []float32
	item, head, token      int // elements from one to the next
	n, heads, length, size int
}

// headsAt lays out [n,heads,length,size] in row-major order, or [n,length,heads,size] with tokens first.
func headsAt(v []float32, n, heads, length, size int, tokensFirst bool) headsF32 {
	h := headsF32{v: v, n: n, heads: heads, length: length, size: size, item: heads * length * size}
	if h.head, h.token = length*size, size; tokensFirst {
		h.head, h.token = size, heads*size
	}
	return h
}

// at returns the elements from the first token of a head on.
func (h *headsF32) at(n, head int) []float32 { return h.v[min(n*h.item+head*h.head, len(h.v)):] }

// finite reports whether no element of tokens lo to hi-1 of a head is NaN or infinite; it may say no where their sum is infinite.
func (h *headsF32) finite(rows *rowKernels, n, head, lo, hi int) bool {
	if lo >= hi || h.size == 0 {
		return true
	}
	v := h.at(n, head)
	if h.token == h.size {
		return isFinite(foldSum(rows.sumAbs, v[lo*h.size:hi*h.size], 0))
	}
	for t := lo; t < hi; t++ {
		if !isFinite(foldSum(rows.sumAbs, v[t*h.token:t*h.token+h.size], 0)) {
			return false
		}
	}
	return true
}

// defaultScale is the factor of scores of heads of a size; of size 0 all scores are 0, whatever it is.
func defaultScale(size int) float32 { return float32(1 / math.Sqrt(float64(max(size, 1)))) }

func isFinite(x float64) bool { return x-x == 0 }

// An attendMask is added to scores, or hides keys where it is false; it broadcasts to items, heads and queries, and hides the
// keys beyond its length.
type attendMask struct {
	add    []float32
	keep   []byte
	step   [3]int // from item to item, head to head, query to query
	length int
}

// set lays out a mask that broadcasts to items, heads, queries and keys, but that it may have fewer keys.
func (m *attendMask) set(arg *Arg, bools bool, to [4]int) error {
	*m = attendMask{}
	d := arg.Dims
	if len(d) == 0 {
		return nil
	}
	if len(d) > 4 || d[len(d)-1] > to[3] {
		return fmt.Errorf("a mask of sizes %v does not broadcast to %v", d, to)
	}
	m.length = d[len(d)-1]
	step := m.length
	for i := len(d) - 2; i >= 0; i-- {
		switch k := 4 - len(d) + i; d[i] {
		case 1:
		case to[k]:
			m.step[k] = step
		default:
			return fmt.Errorf("a mask of sizes %v does not broadcast to %v", d, to)
		}
		step *= d[i]
	}
	if m.keep, m.add = arg.Data, nil; !bools {
		m.keep, m.add = nil, F32(arg)
	}
	if m.none() { // it has no element: no key is left, or no query
		m.keep = []byte{}
	}
	return nil
}

func (m *attendMask) none() bool { return m.add == nil && m.keep == nil }

// An attend is attention being computed: softmax(q·kᵀ·scale + mask)·v by head, keys and values shared by groups of heads of q.
//
// A unit is a head of keys of one item with all rows of queries that see it, or a block of them. Its keys and values are packed
// once, unless there are few rows: then a stretch at a time. Its rows go in tiles: their scores, the softmax, and the product
// with the values while the scores are in the cache. What a row comes to depends neither on its tile nor on its block: chains
// of a product go by the number of the key, keys that no row of a tile sees would add zeros, and sums of exponentials go over
// the keys that the row sees.
type attend struct {
	q, k, v, y     headsF32
	scale, softcap float32
	left, right    int   // a query at position p sees keys p-left to p+right
	first, valid   []int // by item: the position of its first query, and how many keys there are
	mask           attendMask
	back           int       // if not 0, one more than how many keys a query sees, up to the last that it may see
	smooth         bool      // a further score in the softmax's divisor:
	sink           []float32 // by head; nil: 0

	sizes   attendSizes
	kc      int
	gemm    *gemmRow
	rows    *rowKernels
	table   *pwTable
	scratch []float32
	workers []attendWorker
	call    *Call // whose Stop ends it
}

// attendSizes says how the work is cut, and how many float32 of scratch a worker needs.
type attendSizes struct {
	group, rows             int // heads of queries per unit, and their rows
	blocks                  int // of rows per unit
	tile                    int // rows
	ld                      int // of scores
	whole                   bool
	keys, values, all, each int // float32 of scratch: for keys, for values, for both and scores, and for one worker
}

const (
	streamPanels = 4   // panels of keys that are packed at a time where few rows meet them
	streamKeys   = 128 // values, likewise
)

// attendSizesOf cuts attention of so many items, heads, queries, keys, and sizes of heads.
func attendSizesOf(n, hq, hk, tq, tk, d, dv int, windowed bool, workers int) (s attendSizes, err error) {
	if n == 0 || hq == 0 || tq == 0 || dv == 0 {
		return s, nil // nothing is computed, however large the other sizes are
	}
	if all := float64(n) * float64(hq) * float64(tq+1) * float64(tk+1) * float64(d+dv+1); all > maxElements {
		return s, fmt.Errorf("%d items, %d heads, %d queries, %d keys: too many elements", n, hq, tq, tk)
	}
	row := gemmRowFor(0)
	s.group = hq / max(hk, 1)
	s.rows = s.group * tq
	if s.blocks, s.ld = 1, (tk+15)&^15; s.ld%256 == 0 {
		s.ld += 16 // rows that lie apart by a power of two share the sets of a cache
	}
	if units := n * hk; workers > 1 && units > 0 && units < 2*workers {
		s.blocks = max(1, min((2*workers+units-1)/units, s.rows/(4*row.mr)))
	}
	most := (s.rows + s.blocks - 1) / s.blocks
	s.whole = most > 4*row.mr
	s.tile = 4 * row.mr
	if windowed && s.whole {
		s.tile = 2 * row.mr // higher ones would meet more keys that their rows do not see
	}
	s.tile = max(1, min(s.tile, most, max(row.mr, caches().L2/4/(4*max(s.ld, 1)))))
	keys, values := tk, tk
	if !s.whole {
		keys, values = min(tk, streamPanels*row.nr), min(tk, streamKeys)
	}
	s.keys, s.values = PackedB(d, keys, row.nr), PackedB(values, dv, row.nr)
	s.all = s.keys + s.values + s.tile*s.ld
	s.each = s.all + s.tile
	return s, nil
}

func (s *attendSizes) scratch(workers int) int { return workers * s.each }

// windowed reports whether queries may differ in the keys that they see.
func (a *attend) windowed() bool { return a.left < noWindow || a.right < noWindow || a.back != 0 }

// run computes y.
func (a *attend) run(c *Call, scratch []float32) error {
	w := c.Workers()
	var err error
	if a.sizes, err = attendSizesOf(a.q.n, a.q.heads, a.k.heads, a.q.length, a.k.length, a.q.size, a.v.size, a.windowed(), w); err != nil {
		return err
	}
	if a.sizes.rows == 0 {
		return nil
	}
	units := a.q.n * a.k.heads
	if want := a.sizes.scratch(w); len(scratch) < want {
		return fmt.Errorf("scratch has %d elements: want %d", len(scratch), want)
	}
	a.scratch, a.kc, a.call = scratch, machineBlocks().kc, c
	a.gemm, a.rows, a.table = gemmRowFor(0), rowsBest(), pwBest()
	if len(a.workers) < w {
		a.workers = make([]attendWorker, w)
	}
	for i := range a.workers {
		a.workers[i].unit = 0
	}
	work := float64(a.sizes.rows) * float64(a.k.length+1) * float64(a.q.size+a.v.size)
	c.ParallelTask(units*a.sizes.blocks, int(min(1<<20, max(1, smallGemm/4/max(work/float64(a.sizes.blocks), 1)))), a)
	return nil
}

// sees returns the keys lo to hi-1 that query i of item n may see.
func (a *attend) sees(n, i int) (lo, hi int) {
	p := a.first[n] + i
	hi = max(0, min(a.valid[n], p+a.right+1))
	if lo = max(0, p-a.left); a.back != 0 {
		lo = max(0, hi-a.back+1)
	}
	if !a.mask.none() {
		hi = min(hi, a.mask.length)
	}
	return min(lo, hi), hi
}

// Do computes blocks lo to hi-1.
func (a *attend) Do(worker, lo, hi int) {
	s, w := &a.sizes, &a.workers[worker]
	mem := a.scratch[worker*s.each : (worker+1)*s.each]
	w.keys, w.values, w.scores, w.inv = mem[:s.keys], mem[s.keys:s.keys+s.values], mem[s.keys+s.values:s.all], mem[s.all:]
	for id := lo; id < hi; id++ {
		unit, b := id/s.blocks, id%s.blocks
		w.open(a, unit)
		r, end := s.rows*b/s.blocks, s.rows*(b+1)/s.blocks
		for r < end && !a.call.Stopped() {
			tiles := (end - r + s.tile - 1) / s.tile
			n := (end - r + tiles - 1) / tiles
			w.tile(a, r, r+n)
			r += n
		}
	}
}

// A joinTask puts tokens of heads one behind the other.
type joinTask struct {
	past, now, to headsF32
	used          int // float32 of scratch that hold results
}

// run makes to of past and h, and h of to.
func (t *joinTask) run(c *Call, h, past *headsF32, to headsF32) {
	t.past, t.now, t.to = *past, *h, to
	if to.size > 0 {
		c.ParallelTask(to.n*to.heads, max(1, 1<<14/max(1, to.length*to.size)), t)
	}
	*h = to
	t.past.v, t.now.v, t.to.v = nil, nil, nil
}

// Do joins heads lo to hi-1.
func (t *joinTask) Do(_, lo, hi int) {
	for i := lo; i < hi; i++ {
		n, head := i/t.to.heads, i%t.to.heads
		to := t.to.at(n, head)
		k := copy(to, t.past.at(n, head)[:t.past.length*t.past.size])
		from := t.now.at(n, head)
		for j := range t.now.length {
			k += copy(to[k:], from[j*t.now.token:j*t.now.token+t.now.size])
		}
	}
}
