package memory

import (
	"cmp"
	"slices"
)

// maxPairs limits the memory of a search: beyond it only greedy orders place.
const maxPairs = 1 << 22

// A search is a depth-first branch and bound over canonical placements: buffers
// are placed by rising (offset, rank), each at the lowest offset that the
// buffers placed so far leave it. Every best placement can be brought into this
// form by letting its buffers sink, so nothing is lost.
type search struct {
	p     *Placer
	n     int
	ids   []int32   // buffer of each rank: larger key first, nothing of size 0
	size  []int     // per rank
	align []int     // per rank
	over  [][]int32 // ranks that live at the same time
	count int       // of such pairs: setting up costs time too
	from  []int     // first section of each rank; a section is a step at which a life begins
	to    []int     // end of its sections

	low    []int  // lowest offset that the placed buffers leave each rank
	placed []bool // per rank
	off    []int  // per rank
	floor  []int  // per section: top of what is placed there
	rest   []int  // per section: bytes still to be placed there
	limit  int    // arenas of more bytes are cut off
	trail  []change
	cands  []int32
	frames []frame
}

type change struct {
	table *int
	old   int
}

type frame struct {
	rank  int32 // placed on the way into this frame
	cands int   // start of this frame's candidates, tried from the end
	trail int
}

// search improves the placement in p.best, whose size is given, within so many
// nodes. It aims halfway between the proven bound and the best size, with each
// preorder in turn, so that a promising aim is reached before the last bytes
// are fought for.
func (p *Placer) search(size, nodes int) (best int, exact bool) {
	proven := p.bound // no arena is smaller
	lo := proven
	share := max(nodes/32, 1)
	for nodes > 0 && proven < size {
		aim := lo + (size-1-lo)/2
		found, exhausted := false, false
		for i := range preorders {
			s := p.newSearch(preorders[i], aim)
			if s == nil {
				return size, false
			}
			nodes -= min(s.count/256, nodes)
			got, left := s.run(min(share, nodes))
			nodes -= min(share, nodes) - left
			if got {
				size, found = s.arena(), true
				s.store(p.best)
				break
			}
			if left > 0 {
				exhausted = true
				break
			}
			if nodes <= 0 {
				return size, size == proven
			}
		}
		switch {
		case found:
			lo = min(lo, size-1)
		case exhausted:
			proven = aim + 1
			lo = max(lo, proven)
		default:
			lo = aim + 1
		}
		if lo >= size { // every aim was tried: again, longer
			lo, share = proven, share*4
		}
	}
	return size, size == proven
}

// preorders decide which candidate is tried first; the later keys break ties.
var preorders = [...][3]func(p *Placer, b int) int{
	{keyBreadth, keyArea, keySize},
	{keyBreadth, keyLife, keySize},
	{keyArea, keyBreadth, keyLife},
	{keyLife, keySize, keyBreadth},
	{keySize, keyLife, keyBreadth},
}

func keyBreadth(p *Placer, b int) int { return p.breadth[b] }
func keyArea(p *Placer, b int) int    { return mulSat(p.size[b], p.last[b]-p.first[b]+1) }
func keyLife(p *Placer, b int) int    { return p.last[b] - p.first[b] }
func keySize(p *Placer, b int) int    { return p.size[b] }

// newSearch prepares a search for an arena of at most limit bytes, or nil when
// too many pairs of buffers live at the same time.
func (p *Placer) newSearch(keys [3]func(*Placer, int) int, limit int) *search {
	s := &search{p: p, limit: limit}
	for b, size := range p.size {
		if size > 0 {
			s.ids = append(s.ids, int32(b))
		}
	}
	slices.SortFunc(s.ids, func(a, b int32) int {
		for _, key := range keys {
			if c := cmp.Compare(key(p, int(b)), key(p, int(a))); c != 0 {
				return c
			}
		}
		return int(a - b)
	})
	s.n = len(s.ids)
	s.size, s.align, s.low, s.off = make([]int, s.n), make([]int, s.n), make([]int, s.n), make([]int, s.n)
	s.from, s.to = make([]int, s.n), make([]int, s.n)
	s.placed = make([]bool, s.n)
	s.over = make([][]int32, s.n)
	if !s.pairs() {
		return nil
	}
	s.sections()
	return s
}

// pairs fills over; false when there are too many.
func (s *search) pairs() bool {
	rankOf := make([]int32, len(s.p.size))
	for r, b := range s.ids {
		rankOf[b] = int32(r)
		s.size[r], s.align[r] = s.p.size[b], s.p.align[b]
	}
	for i, b := range s.p.byFirst {
		if s.p.size[b] == 0 {
			continue
		}
		for _, c := range s.p.byFirst[i+1 : max(i+1, int(s.p.upto[b]))] {
			if s.p.size[c] == 0 {
				continue
			}
			r, q := rankOf[b], rankOf[c]
			s.over[r], s.over[q] = append(s.over[r], q), append(s.over[q], r)
			if s.count++; s.count > maxPairs {
				return false
			}
		}
	}
	return true
}

// sections numbers the steps at which lives begin and fills from, to and rest.
func (s *search) sections() {
	section := make([]int, len(s.p.byFirst)+1) // of each rank by First
	for i := range s.p.byFirst {
		section[i+1] = section[i]
		if i+1 == len(s.p.byFirst) || s.p.first[s.p.byFirst[i+1]] != s.p.first[s.p.byFirst[i]] {
			section[i+1]++
		}
	}
	s.floor = make([]int, section[len(s.p.byFirst)])
	s.rest = make([]int, len(s.floor))
	for r, b := range s.ids {
		s.from[r], s.to[r] = section[s.p.rank[b]], section[s.p.upto[b]]
		for k := s.from[r]; k < s.to[r]; k++ {
			s.rest[k] += s.size[r]
		}
	}
}

// run searches until a placement within the limit is complete, the space is
// exhausted (nodes are left), or the nodes are used up (none is left).
func (s *search) run(nodes int) (found bool, left int) {
	if s.n == 0 {
		return true, nodes
	}
	s.expand(-1, 0)
	s.frames = append(s.frames, frame{rank: -1})
	for len(s.frames) > 0 {
		top := &s.frames[len(s.frames)-1]
		if len(s.cands) == top.cands {
			s.retreat()
			continue
		}
		if nodes -= 1 + s.n/1024; nodes <= 0 {
			return false, 0
		}
		r := s.cands[len(s.cands)-1]
		s.cands = s.cands[:len(s.cands)-1]
		f := frame{rank: r, cands: len(s.cands), trail: len(s.trail)}
		fits := s.place(r)
		s.frames = append(s.frames, f)
		if !fits {
			s.retreat()
			continue
		}
		if len(s.frames) == s.n+1 {
			return true, nodes
		}
		s.expand(r, s.off[r])
	}
	return false, max(nodes, 1)
}

// place puts rank r at its lowest offset; false when some step can then no
// longer stay within the limit.
func (s *search) place(r int32) bool {
	off := s.low[r]
	end := off + s.size[r]
	s.placed[r], s.off[r] = true, off
	for k := s.from[r]; k < s.to[r]; k++ {
		s.set(&s.floor[k], end)
		s.rest[k] -= s.size[r]
	}
	fits := true
	for k := s.from[r]; k < s.to[r] && fits; k++ {
		fits = s.floor[k]+s.rest[k] <= s.limit
	}
	for _, q := range s.over[r] {
		if s.placed[q] {
			continue
		}
		if low := alignUp(end, s.align[q]); low > s.low[q] {
			s.set(&s.low[q], low)
			fits = fits && low+s.size[q] <= s.limit
		}
	}
	return fits
}

func (s *search) set(at *int, v int) {
	s.trail = append(s.trail, change{at, *at})
	*at = v
}

// retreat leaves the last frame and takes back its placement.
func (s *search) retreat() {
	f := s.frames[len(s.frames)-1]
	s.frames = s.frames[:len(s.frames)-1]
	s.cands = s.cands[:f.cands]
	for len(s.trail) > f.trail {
		c := s.trail[len(s.trail)-1]
		*c.table = c.old
		s.trail = s.trail[:len(s.trail)-1]
	}
	if f.rank >= 0 {
		s.placed[f.rank] = false
		for k := s.from[f.rank]; k < s.to[f.rank]; k++ {
			s.rest[k] += s.size[f.rank]
		}
	}
}

// expand pushes the candidates that may follow rank last, placed at offset at;
// the best one comes to the end. A candidate above which another buffer would
// still fit entirely is dominated: that buffer may as well come first.
func (s *search) expand(last int32, at int) {
	roof := s.limit + 1
	for q := range s.n {
		if !s.placed[q] {
			roof = min(roof, s.low[q]+s.size[q])
		}
	}
	if roof <= at || !s.feasible(at) {
		return
	}
	for q := s.n - 1; q >= 0; q-- {
		if low := s.low[q]; !s.placed[q] && low < roof && (low > at || low == at && int32(q) > last) {
			s.cands = append(s.cands, int32(q))
		}
	}
}

// feasible reports whether every section can still hold what is to come, which
// all lies at offset at or higher.
func (s *search) feasible(at int) bool {
	for k, rest := range s.rest {
		if rest > 0 && max(s.floor[k], at)+rest > s.limit {
			return false
		}
	}
	return true
}

// arena is the number of bytes that the complete placement needs.
func (s *search) arena() int {
	size := 0
	for r, off := range s.off {
		size = max(size, off+s.size[r])
	}
	return size
}

// store writes the offsets by buffer.
func (s *search) store(out []int) {
	clear(out)
	for r, b := range s.ids {
		out[b] = s.off[r]
	}
}
