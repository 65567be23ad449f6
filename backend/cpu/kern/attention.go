package kern

import "fmt"

// An AttentionParam is the parameter of [AttentionF32].
type AttentionParam struct {
	QHeads, KVHeads int      // of operands of rank 3
	Scale           *float32 // nil: 1/√head size
	Softcap         float32
	MaskBool        bool
	Left, Right     int // how many keys before and after its own position a query sees; -1: all
}

type attentionState struct {
	attend
	join joinTask
}

// attentionShape is the sizes of a call.
type attentionShape struct {
	n, hq, hk, tq, tk, past, d, dv int
	tokensFirst                    bool
	extraK, extraV                 bool // past and present keys or values need room in scratch
}

// present reports whether an operand or result is there, before it has its memory too.
func (a *Arg) present() bool { return len(a.Dims) > 0 }

// attentionShapeOf reads the sizes off operands and results, see [AttentionF32].
func attentionShapeOf(p *AttentionParam, args []Arg) (s attentionShape, err error) {
	if len(args) != 10 {
		return s, fmt.Errorf("%d operands and results, not 10", len(args))
	}
	var h [3][4]int
	for i, heads := range []int{p.QHeads, p.KVHeads, p.KVHeads} {
		d := args[i].Dims
		x := &h[i]
		if x[0], x[1], x[2], x[3], err = headSizes(d, heads); err != nil {
			return s, err
		}
		if len(d) != len(args[0].Dims) {
			return s, fmt.Errorf("operands of rank %d and %d", len(args[0].Dims), len(d))
		}
	}
	q, k, v := h[0], h[1], h[2]
	if q[0] != k[0] || q[0] != v[0] || k[1] != v[1] || k[2] != v[2] || q[3] != k[3] || k[1] == 0 && q[1] != 0 || q[1]%max(1, k[1]) != 0 {
		return s, fmt.Errorf("q, k and v of sizes %v, %v and %v do not fit", q, k, v)
	}
	s = attentionShape{n: q[0], hq: q[1], hk: k[1], tq: q[2], tk: k[2], d: q[3], dv: v[3], tokensFirst: len(args[0].Dims) == 3}
	for i, size := range []int{s.d, s.dv} {
		past := args[4+i].Dims
		if len(past) == 0 {
			if i == 1 && s.past != 0 {
				return s, fmt.Errorf("past keys without past values")
			}
			continue
		}
		if len(past) != 4 || past[0] != s.n || past[1] != s.hk || past[3] != size || i == 1 && past[2] != s.past {
			return s, fmt.Errorf("past of sizes %v for %d items of %d heads of size %d", past, s.n, s.hk, size)
		}
		s.past = past[2]
	}
	s.extraK, s.extraV = args[4].present() && !args[8].present(), args[5].present() && !args[9].present()
	s.tk += s.past
	return s, nil
}

// room returns how many float32 past and present keys, and values, need where no result holds them.
func (s *attentionShape) room() (k, v int) {
	if s.extraK {
		k = s.n * s.hk * s.tk * s.d
	}
	if s.extraV {
		v = s.n * s.hk * s.tk * s.dv
	}
	return k, v
}

func (p *AttentionParam) window() (left, right int) {
	left, right = noWindow, noWindow
	if p.Left >= 0 {
		left = min(left, p.Left)
	}
	if p.Right >= 0 {
		right = min(right, p.Right)
	}
	return left, right
}

// AttentionF32Scratch returns the bytes of scratch that [AttentionF32] needs on so many workers.
func AttentionF32Scratch(p *AttentionParam, args []Arg, workers int) (int, error) {
	s, err := attentionShapeOf(p, args)
	if err != nil {
		return 0, fmt.Errorf("attention: %w", err)
	}
	left, right := p.window()
	z, err := attendSizesOf(s.n, s.hq, s.hk, s.tq, s.tk, s.d, s.dv, left < noWindow || right < noWindow, workers)
	if err != nil {
		return 0, fmt.Errorf("attention: %w", err)
	}
	k, v := s.room()
	return 4 * (k + v + z.scratch(workers)), nil
}

// AttentionF32 is softmax(q·kᵀ·scale + mask)·v by head. Operands: q, k and v of sizes [N,heads,length,size] or
// [N,length,heads·size]; a mask of float32 or bool that broadcasts to [N,heads,queries,keys] but for its last axis, beyond
// which keys are hidden; past keys and values [N,heads,length,size]; and, as int64, how many keys of each item count. Results:
// y, and past and present keys and values together. Any operand from the mask on may be absent, and any result but y.
func AttentionF32(c *Call) error {
	p, ok := c.Param.(*AttentionParam)
	if !ok {
		return fmt.Errorf("attention: parameter is a %T", c.Param)
	}
	st := StateOf[attentionState](c)
	if err := st.set(p, c); err != nil {
		return fmt.Errorf("attention: %w", err)
	}
	err := st.run(c, F32(&Arg{Data: c.Scratch})[st.join.used:])
	st.q.v, st.k.v, st.v.v, st.y.v, st.mask, st.scratch = nil, nil, nil, nil, attendMask{}, nil
	if err != nil {
		return fmt.Errorf("attention: %w", err)
	}
	return nil
}

// set lays out the operands, and joins past and present.
func (st *attentionState) set(p *AttentionParam, c *Call) error {
	s, err := attentionShapeOf(p, c.Args)
	if err != nil {
		return err
	}
	for i := range c.Args {
		size := 4
		switch {
		case !c.Args[i].present():
			continue
		case i == 6:
			size = 8
		case i == 3 && p.MaskBool:
			size = 1
		}
		if err := sized(&c.Args[i], size, "attention"); err != nil {
			return err
		}
	}
	now := s.tk - s.past
	st.q = headsAt(F32(&c.Args[0]), s.n, s.hq, s.tq, s.d, s.tokensFirst)
	st.k = headsAt(F32(&c.Args[1]), s.n, s.hk, now, s.d, s.tokensFirst)
	st.v = headsAt(F32(&c.Args[2]), s.n, s.hk, now, s.dv, s.tokensFirst)
	st.y = headsAt(F32(&c.Args[7]), s.n, s.hq, s.tq, s.dv, s.tokensFirst)
	if c.Args[7].Len() != s.n*s.hq*s.tq*s.dv {
		return fmt.Errorf("result of sizes %v for %d items of %d heads of %d queries of size %d", c.Args[7].Dims, s.n, s.hq, s.tq, s.dv)
	}
	k, v := s.room()
	scratch := F32(&Arg{Data: c.Scratch})
	if len(scratch) < k+v {
		return fmt.Errorf("scratch has %d elements: want %d", len(scratch), k+v)
	}
	st.join.used = k + v
	for i, room := range [][]float32{scratch[:k], scratch[k : k+v]} {
		h := []*headsF32{&st.k, &st.v}[i]
		if out := &c.Args[8+i]; out.present() {
			room = F32(out)
			if len(room) < s.n*s.hk*s.tk*h.size {
				return fmt.Errorf("present of sizes %v for %d items of %d heads of %d keys of size %d", out.Dims, s.n, s.hk, s.tk, h.size)
			}
		} else if !c.Args[4+i].present() {
			continue
		}
		past := headsAt(F32(&c.Args[4+i]), s.n, s.hk, s.past, h.size, false)
		st.join.run(c, h, &past, headsAt(room, s.n, s.hk, s.tk, h.size, false))
	}
	return st.ranges(p, c, &s)
}

// ranges sets what each query sees.
func (st *attentionState) ranges(p *AttentionParam, c *Call, s *attentionShape) error {
	st.left, st.right = p.window()
	st.scale, st.softcap = defaultScale(s.d), p.Softcap
	if p.Scale != nil {
		st.scale = *p.Scale
	}
	var counts []int64
	if lens := &c.Args[6]; lens.present() {
		if counts = Of[int64](lens); len(counts) < s.n {
			return fmt.Errorf("numbers of keys of sizes %v for %d items", lens.Dims, s.n)
		}
	}
	if s.n == 0 || s.hq == 0 || s.tq == 0 || s.dv == 0 {
		return nil // nothing is computed, and no operand bounds the number of items
	}
	if cap(st.first) < s.n {
		st.first, st.valid = make([]int, s.n), make([]int, s.n)
	}
	st.first, st.valid = st.first[:s.n], st.valid[:s.n]
	for n := range s.n {
		st.first[n], st.valid[n] = s.past, s.tk
		if counts == nil {
			continue
		}
		st.valid[n] = int(max(0, min(int64(s.tk), counts[n])))
		if !c.Args[4].present() {
			st.first[n] = st.valid[n] - s.tq
		}
	}
	return st.mask.set(&c.Args[3], p.MaskBool, [4]int{s.n, s.hq, s.tq, s.tk})
}
