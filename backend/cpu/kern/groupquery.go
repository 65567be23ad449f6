package kern

import (
	"fmt"
	"slices"
)

// A GroupQueryParam is the parameter of [GroupQueryF32].
type GroupQueryParam struct {
	Heads, KVHeads    int
	Causal            bool
	Window            int // how many keys up to the last that it may see a query sees; -1: all
	Rotary            bool
	RotaryInterleaved bool
	Scale             float32 // 0: 1/√head size
	Smooth            bool    // a further score of 0 in the softmax
	Softcap           float32
}

// The operands and results of GroupQueryF32.
const (
	gqQ = iota
	gqK
	gqV
	gqPastK
	gqPastV
	gqLens
	gqTotal
	gqCos
	gqSin
	gqPos
	gqBias
	gqSink
	gqY
	gqPresentK
	gqPresentV
	gqArgs
)

type groupQueryState struct {
	attend
	p      *GroupQueryParam
	shape  groupQueryShape
	turned []float32 // queries, if they turn
	news   [2]headsF32
	olds   [2]headsF32
	keep   []int // by item: how many tokens of the old cache the new one takes over
	prompt bool
	turns  rotation
	pos    []int64
	task   groupQueryCache
}

type groupQueryShape struct{ n, length, fresh, size, cache int }

func groupQueryShapeOf(p *GroupQueryParam, args []Arg) (s groupQueryShape, err error) {
	if len(args) != gqArgs || p.KVHeads < 1 || p.Heads < 1 || p.Heads%p.KVHeads != 0 {
		return s, fmt.Errorf("%d operands and results, %d and %d heads", len(args), p.Heads, p.KVHeads)
	}
	q, parts := args[gqQ].Dims, p.Heads
	if !args[gqK].present() {
		parts += 2 * p.KVHeads
	}
	if len(q) != 3 || q[2]%parts != 0 {
		return s, fmt.Errorf("q of sizes %v has no %d heads", q, parts)
	}
	s = groupQueryShape{n: q[0], length: q[1], fresh: q[1], size: q[2] / parts}
	for i, a := range args[gqK : gqV+1] {
		if !a.present() {
			continue
		}
		if d := a.Dims; len(d) != 3 || d[0] != s.n || d[1] != 0 && d[1] != s.length || i == 1 && d[1] != s.fresh || d[2] != p.KVHeads*s.size {
			return s, fmt.Errorf("q, k and v of sizes %v, %v and %v do not fit", q, args[gqK].Dims, args[gqV].Dims)
		}
		s.fresh = a.Dims[1]
	}
	present := args[gqPresentK].Dims
	if len(present) != 4 || present[0] != s.n || present[1] != p.KVHeads || present[3] != s.size || !slices.Equal(present, args[gqPresentV].Dims) {
		return s, fmt.Errorf("caches of sizes %v and %v for %d items of %d heads of size %d", present, args[gqPresentV].Dims, s.n, p.KVHeads, s.size)
	}
	s.cache = present[2]
	return s, nil
}

func (s *groupQueryShape) turned(p *GroupQueryParam) int {
	if !p.Rotary {
		return 0
	}
	return s.n * s.length * p.Heads * s.size
}

func (s *groupQueryShape) attendSizes(p *GroupQueryParam, workers int) (attendSizes, error) {
	return attendSizesOf(s.n, p.Heads, p.KVHeads, s.length, s.cache, s.size, s.size, p.Causal || p.Window >= 0, workers)
}

// GroupQueryF32Scratch returns the bytes of scratch that [GroupQueryF32] needs on so many workers.
func GroupQueryF32Scratch(p *GroupQueryParam, args []Arg, workers int) (int, error) {
	s, err := groupQueryShapeOf(p, args)
	if err != nil {
		return 0, fmt.Errorf("group_query: %w", err)
	}
	z, err := s.attendSizes(p, workers)
	if err != nil {
		return 0, fmt.Errorf("group_query: %w", err)
	}
	return 4 * (s.turned(p) + z.scratch(workers)), nil
}

// GroupQueryF32 is attention over a cache that it extends. Operands: q [N,length,heads·size], k and v alike with fewer heads,
// of as many tokens or none; or all three side by side in q. Then caches of keys and values [N,heads,length,size]; as int32 how
// many keys each item has then, less one, and the most tokens of all; cosines and sines by position, and as int64 positions; a
// bias of the scores; a further score for each head. Results: y, of q's sizes, and both caches, longer or as long, with zeros
// behind each item's tokens. Absent may be k and v, the old caches, and what follows the numbers of keys.
func GroupQueryF32(c *Call) error {
	p, ok := c.Param.(*GroupQueryParam)
	if !ok {
		return fmt.Errorf("group_query: parameter is a %T", c.Param)
	}
	st := StateOf[groupQueryState](c)
	err := st.set(p, c)
	if err == nil && st.shape.size > 0 {
		st.task.st = st
		tokens := max(st.shape.cache, 1) * max(st.shape.size, 1)
		c.ParallelTask(st.shape.n*(p.Heads+2*p.KVHeads), max(1, 1<<14/tokens), &st.task)
		if st.turned != nil {
			st.q = headsAt(st.turned, st.q.n, p.Heads, st.q.length, st.q.size, false)
		}
		err = st.run(c, F32(&Arg{Data: c.Scratch})[st.shape.turned(p):])
	}
	st.drop()
	if err != nil {
		return fmt.Errorf("group_query: %w", err)
	}
	return nil
}

// drop lets the operands go.
func (st *groupQueryState) drop() {
	st.q.v, st.k.v, st.v.v, st.y.v, st.mask, st.scratch, st.sink = nil, nil, nil, nil, attendMask{}, nil, nil
	st.turned, st.pos, st.turns = nil, nil, rotation{}
	st.news, st.olds = [2]headsF32{}, [2]headsF32{}
}

// set lays out the operands.
func (st *groupQueryState) set(p *GroupQueryParam, c *Call) error {
	s, err := groupQueryShapeOf(p, c.Args)
	if err != nil {
		return err
	}
	st.p, st.shape = p, s
	for i := range c.Args {
		size := 4
		if i == gqPos {
			size = 8
		}
		if c.Args[i].present() || i == gqTotal {
			if err := sized(&c.Args[i], size, "operand"); err != nil {
				return err
			}
		}
	}
	st.projections(c)
	st.y = headsAt(F32(&c.Args[gqY]), s.n, p.Heads, s.length, s.size, true)
	if c.Args[gqY].Len() != s.n*s.length*p.Heads*s.size {
		return fmt.Errorf("result of sizes %v", c.Args[gqY].Dims)
	}
	for i, to := range []*headsF32{&st.k, &st.v} {
		*to = headsAt(F32(&c.Args[gqPresentK+i]), s.n, p.KVHeads, s.cache, s.size, false)
		past, length := &c.Args[gqPastK+i], 0
		if past.present() {
			d := past.Dims
			if len(d) != 4 || d[0] != s.n || d[1] != p.KVHeads || d[3] != s.size {
				return fmt.Errorf("a cache of sizes %v for %d items of %d heads of size %d", d, s.n, p.KVHeads, s.size)
			}
			length = d[2]
		}
		st.olds[i] = headsAt(F32(past), s.n, p.KVHeads, length, s.size, false)
	}
	st.scale, st.softcap, st.smooth = p.Scale, p.Softcap, p.Smooth
	if p.Scale == 0 {
		st.scale = defaultScale(s.size)
	}
	if sink := &c.Args[gqSink]; sink.present() {
		if st.smooth, st.sink = true, F32(sink); len(st.sink) < p.Heads {
			return fmt.Errorf("%d further scores for %d heads", len(st.sink), p.Heads)
		}
	}
	if err := st.lengths(c); err != nil {
		return err
	}
	return st.rotary(c)
}

// projections lays out queries, keys and values, which may lie side by side.
func (st *groupQueryState) projections(c *Call) {
	s, p := &st.shape, st.p
	q := F32(&c.Args[gqQ])
	st.q = headsAt(q, s.n, p.Heads, s.length, s.size, true)
	if c.Args[gqK].present() {
		for i := range st.news {
			st.news[i] = headsAt(F32(&c.Args[gqK+i]), s.n, p.KVHeads, s.fresh, s.size, true)
		}
	} else {
		st.q.token = (p.Heads + 2*p.KVHeads) * s.size
		st.q.item = s.length * st.q.token
		for i := range st.news {
			st.news[i] = st.q
			st.news[i].heads, st.news[i].v = p.KVHeads, q[min(len(q), (p.Heads+i*p.KVHeads)*s.size):]
		}
	}
}

// lengths reads how many keys each item has, and what its queries see.
func (st *groupQueryState) lengths(c *Call) error {
	s, p := &st.shape, st.p
	lens := Of[int32](&c.Args[gqLens])
	if c.Args[gqLens].Len() != s.n || c.Args[gqTotal].Len() != 1 {
		return fmt.Errorf("numbers of keys of sizes %v and %v for %d items", c.Args[gqLens].Dims, c.Args[gqTotal].Dims, s.n)
	}
	total := int(Of[int32](&c.Args[gqTotal])[0])
	want, past := total, c.Args[gqPastK].present()
	if past {
		want = max(total, st.olds[0].length)
	}
	if total < s.length || want != s.cache {
		return fmt.Errorf("%d keys in all, for %d tokens and a cache of %d", total, s.length, s.cache)
	}
	st.prompt = total == s.length
	if cap(st.first) < s.n {
		st.first, st.valid, st.keep = make([]int, s.n), make([]int, s.n), make([]int, s.n)
	}
	st.first, st.valid, st.keep = st.first[:s.n], st.valid[:s.n], st.keep[:s.n]
	for i := range s.n {
		n := int(lens[i])
		st.valid[i], st.first[i] = n+1, 0
		if !st.prompt && past {
			st.first[i] = n + 1 - s.length
		}
		if n < 0 || n >= s.cache || st.first[i] < 0 {
			return fmt.Errorf("number of keys %d is out of range for %d of %d tokens", n, s.length, s.cache)
		}
		if st.keep[i] = st.first[i]; s.fresh == 0 {
			st.keep[i] = st.valid[i]
		}
		if k := st.keep[i]; k+s.fresh > s.cache || k > st.olds[0].length || k > st.olds[1].length {
			return fmt.Errorf("%d tokens of a cache of %d, and %d more, for one of %d", k, st.olds[0].length, s.fresh, s.cache)
		}
	}
	st.left, st.right, st.back = noWindow, noWindow, 0
	if p.Causal {
		st.right = 0
	}
	if p.Window >= 0 {
		st.back = min(p.Window, noWindow) + 1
	}
	return st.mask.set(&c.Args[gqBias], false, [4]int{s.n, p.Heads, s.length, s.cache})
}

// rotary takes the angles, and checks that each token has some.
func (st *groupQueryState) rotary(c *Call) error {
	s := &st.shape
	if !st.p.Rotary {
		return nil
	}
	n := s.turned(st.p)
	scratch := F32(&Arg{Data: c.Scratch})
	if len(scratch) < n {
		return fmt.Errorf("scratch has %d elements: want %d", len(scratch), n)
	}
	st.turned = scratch[:n]
	cos := &c.Args[gqCos]
	if len(cos.Dims) != 2 {
		return fmt.Errorf("cosines of sizes %v", cos.Dims)
	}
	if err := st.turns.set(cos, &c.Args[gqSin], s.size, 2*cos.Dims[1], st.p.RotaryInterleaved); err != nil {
		return err
	}
	if pos := &c.Args[gqPos]; pos.present() {
		st.pos = Of[int64](pos)
		if k := pos.Len(); k != s.n*s.length && !(st.prompt && k > 0) {
			return fmt.Errorf("positions of sizes %v for %d items of %d tokens", pos.Dims, s.n, s.length)
		}
	}
	for i := range s.n {
		for t := range min(s.length, n) { // none where heads have no element
			if _, err := st.at(i, t); err != nil {
				return err
			}
		}
	}
	return nil
}

// at returns the row of angles of a token. In a prompt tokens stand behind one another, from the first of all positions on;
// those behind an item's last may lack a position.
func (st *groupQueryState) at(item, t int) (int, error) {
	if len(st.pos) > 0 && !st.prompt {
		return st.turns.position(st.pos, item*st.shape.length+t)
	}
	p, rows := st.first[item]+t, st.turns.rows
	if len(st.pos) > 0 {
		p += int(max(-1<<40, min(1<<40, st.pos[0])))
	}
	if p >= rows && t >= st.valid[item]-st.first[item] {
		p = rows - 1
	}
	if p < 0 || p >= rows {
		return 0, fmt.Errorf("position %d is out of range for %d", p, rows)
	}
	return p, nil
}

// A groupQueryCache turns queries and makes the new caches, by item and head.
type groupQueryCache struct{ st *groupQueryState }

// Do handles heads lo to hi-1: those of queries of an item, then those of keys and of values.
func (t *groupQueryCache) Do(_, lo, hi int) {
	st := t.st
	heads, kv := st.p.Heads, st.p.KVHeads
	all := heads + 2*kv
	for i := lo; i < hi; i++ {
		switch item, h := i/all, i%all; {
		case h >= heads+kv:
			st.extend(&st.v, &st.olds[1], &st.news[1], item, h-heads-kv, false)
		case h >= heads:
			st.extend(&st.k, &st.olds[0], &st.news[0], item, h-heads, st.p.Rotary)
		case st.turned != nil:
			q := headsAt(st.turned, st.q.n, heads, st.q.length, st.q.size, false)
			st.append(q.at(item, h), &st.q, item, h, true)
		}
	}
}

// extend makes one head of a new cache.
func (st *groupQueryState) extend(to, old, fresh *headsF32, item, head int, turn bool) {
	d, k := to.at(item, head)[:st.shape.cache*to.size], st.keep[item]*to.size
	if k > 0 {
		copy(d, old.at(item, head)[:k])
	}
	if st.shape.fresh > 0 {
		k += st.append(d[k:], fresh, item, head, turn)
	}
	clear(d[k:])
}

// append copies the tokens of a head to dst, turned or not, and returns how many elements they are.
func (st *groupQueryState) append(dst []float32, from *headsF32, item, head int, turn bool) int {
	x := from.at(item, head)
	for t := range from.length {
		src, d := x[t*from.token:][:from.size], dst[t*from.size:][:from.size]
		if !turn {
			copy(d, src)
			continue
		}
		at, _ := st.at(item, t)
		st.turns.turn(d, src, at)
	}
	return from.length * from.size
}
