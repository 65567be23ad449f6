package kern

import (
	"fmt"
	"slices"
	"unsafe"
)

// An IntConvParam is the Param of [IntConv].
type IntConvParam struct {
	IntParam
	Conv ConvParam // NR is that of the packing; Clamp is not used

	// Depth holds the zero points of the weights, one or one for each filter, where the
	// convolution is depthwise and runs as one of float32: NR is then that of ConvF32.
	Depth []int32
}

// dims returns the sizes that the float32 plan sees: a channel is a step of k. Groups of one step
// take two, lest they be taken for depthwise ones.
func (p *IntConvParam) dims(x, w []int) (steps int, xd, wd []int) {
	steps = p.Packing.steps(w[1])
	if p.Conv.Group > 1 {
		steps = max(steps, 2)
	}
	xd, wd = append([]int(nil), x...), append([]int(nil), w...)
	xd[1], wd[1] = p.Conv.Group*steps, steps
	return steps, xd, wd
}

// PackedIntConv returns the bytes that [PackIntConv] writes for weights of these dims.
func PackedIntConv(p *IntConvParam, w []int) (int, error) {
	if len(w) < 3 {
		return 0, fmt.Errorf("weights of dims %v", w)
	}
	if p.Depth != nil {
		n, err := PackedConv(&p.Conv, w)
		return 4 * n, err
	}
	steps, _, wd := p.dims(w, w)
	s, err := p.Conv.axes(wd)
	if err != nil {
		return 0, err
	}
	return s.group * p.Packing.size(s.taps()*steps, s.ocg), nil
}

// PackIntConv puts weights [OC,C/group,…] in the order that [IntConv] wants: for each group panels of
// result channels, [tap][step], with the sum of each channel behind them.
func PackIntConv(dst, src []byte, p *IntConvParam, w []int) error {
	size, err := PackedIntConv(p, w)
	if err != nil {
		return err
	}
	if p.Depth != nil {
		return p.packDepth(dst, src, w)
	}
	taps, group := 1, p.Conv.Group
	for _, d := range w[2:] {
		taps *= d
	}
	oc, cg := w[0], w[1]
	if len(dst) < size || len(src) < oc*cg*taps {
		return fmt.Errorf("packing %d weights into %d bytes", len(src), len(dst))
	}
	clear(dst[:size])
	steps, _, _ := p.dims(w, w)
	pk, ocg, nr := p.Packing, oc/group, p.Packing.NR
	shift := pk.shift(p.ASigned, p.BSigned)
	for g := range group {
		to := dst[g*pk.size(taps*steps, ocg):][:pk.size(taps*steps, ocg)]
		sums := pk.sums(to, taps*steps, ocg)
		for c0 := 0; c0 < ocg; c0 += nr {
			panel := to[stepBytes*taps*steps*c0:]
			for tap := range taps {
				b := matrixB{src, p.BSigned, taps, cg * taps, (g*ocg+c0)*cg*taps + tap}
				pk.pack(panel, sums[c0:], &b, 0, cg, tap*steps, min(nr, ocg-c0), shift)
			}
		}
	}
	return nil
}

// An intConv is what a step keeps from run to run.
type intConv struct {
	cv          convRun
	p           *IntConvParam
	dims        [2][]int // of x and w, as the operands have them
	xd, wd      []int    // as the plan sees them
	steps       int
	kind        intKind
	pk          IntPacking
	ends        []intEnds // by group
	prepare     intPrepare
	row         *intRow
	pad         []byte
	copies      bool
	sizeX       int // bytes of the ordered input
	pixels      int // most of a strip
	acc, rowsum []int32
	weights     []byte
	out         []byte
}

// IntConvScratch returns the bytes of scratch that [IntConv] needs.
func IntConvScratch(p *IntConvParam, args []Arg, workers int) (int, error) {
	if p.Depth != nil {
		return intDepthScratch(p, args, workers)
	}
	var st intConv
	if err := st.plan(p, args, workers); err != nil {
		return 0, err
	}
	return st.scratch(), nil
}

func (st *intConv) scratch() int {
	return st.sizeX + 4*st.cv.workers*(st.cv.buffer+maxIntTile+st.pixels)
}

// plan makes the plan, unless it is for these very sizes.
func (st *intConv) plan(p *IntConvParam, args []Arg, workers int) error {
	if len(args) != intArgCount {
		return fmt.Errorf("%d operands", len(args))
	}
	x, w, y := args[intArgA].Dims, args[intArgB].Dims, args[intArgY].Dims
	if len(x) < 3 || len(w) != len(x) || x[1] != w[1]*p.Conv.Group {
		return fmt.Errorf("%v by weights %v in %d groups", x, w, p.Conv.Group)
	}
	if st.p != p || !slices.Equal(st.dims[0], x) || !slices.Equal(st.dims[1], w) {
		st.steps, st.xd, st.wd = p.dims(x, w)
		st.dims[0], st.dims[1] = append(st.dims[0][:0], x...), append(st.dims[1][:0], w...)
	}
	st.p, st.pk, st.cv.padded = p, p.Packing, true
	if err := st.cv.prepare(&p.Conv, st.xd, st.wd, y, workers, false); err != nil {
		return err
	}
	cg := w[1]
	st.copies = !st.pk.Bytes || cg%4 != 0 || st.steps*4 != cg
	st.sizeX = 0
	if st.copies {
		st.sizeX = (len0(x)*p.Conv.Group*st.steps*stepBytes + 63) &^ 63
	}
	st.pixels = 0
	for i := range st.cv.phases {
		st.pixels = max(st.pixels, st.cv.phases[i].rows*st.cv.phases[i].cols)
	}
	return nil
}

// len0 returns the pixels of an image's dims N,C,….
func len0(d []int) int {
	n := d[0]
	for _, k := range d[2:] {
		n *= k
	}
	return n
}

// IntConv convolves channels-last activations of 8-bit integers, as [ConvF32] does those of float32;
// outside the image lies the zero point of A. What becomes of the sums, and the operands: as in
// [IntMatMul], A being the image, B the weights as [PackIntConv] left them and columns the channels
// of the result. Param: *IntConvParam.
func IntConv(c *Call) error {
	p, ok := c.Param.(*IntConvParam)
	if !ok {
		return fmt.Errorf("integer conv: parameters of type %T", c.Param)
	}
	if p.Depth != nil {
		if err := StateOf[intDepth](c).run(c, p); err != nil {
			return fmt.Errorf("integer conv: %w", err)
		}
		return nil
	}
	st := StateOf[intConv](c)
	if err := st.run(c, p); err != nil {
		return fmt.Errorf("integer conv: %w", err)
	}
	return nil
}

func (st *intConv) run(c *Call, p *IntConvParam) error {
	if err := st.plan(p, c.Args, c.Workers()); err != nil {
		return err
	}
	if err := st.check(c); err != nil {
		return err
	}
	if len(st.out) == 0 {
		return nil
	}
	if err := st.setEnds(c); err != nil {
		return err
	}
	cv, workers := &st.cv, st.cv.workers
	words := Of[int32](&Arg{Data: c.Scratch[st.sizeX:]})
	st.acc, st.rowsum = words[:workers*maxIntTile], words[workers*maxIntTile:][:workers*st.pixels]
	cv.scratch = Of[float32](&Arg{Data: Bytes(words[workers*(maxIntTile+st.pixels):])})
	st.order(c)
	clear(cv.holds)
	if cv.tasks == 1 {
		st.Do(0, 0, 1)
		return nil
	}
	c.ParallelTask(cv.tasks, 1, st)
	return nil
}

// check refuses operands that are shorter than their sizes.
func (st *intConv) check(c *Call) error {
	if st.row = intRowFor(st.pk.Bytes, st.pk.NR); st.row == nil {
		return fmt.Errorf("weights in panels of %d channels: no such kernel", st.pk.NR)
	}
	shape := &st.cv.shape
	want := shape.group * st.pk.size(shape.taps()*st.steps, shape.ocg)
	x, y := &c.Args[intArgA], &c.Args[intArgY]
	st.weights, st.out = c.Args[intArgB].Data, y.Data
	return enough("bytes", need{"input", len(x.Data), x.Len()}, need{"packed weights", len(st.weights), want},
		need{"result", len(st.out), y.Len() * st.p.Result.Size()}, need{"scratch", len(c.Scratch), st.scratch()})
}

// setEnds reads scales, zero points and bias for the channels of each group.
func (st *intConv) setEnds(c *Call) error {
	s, p := &st.cv.shape, st.p
	st.kind = st.pk.kind(p.ASigned)
	st.ends = roomOf(st.ends, s.group)
	k := s.taps() * st.dims[1][1]
	var args [intArgCount]Arg
	for g := range s.group {
		e := &st.ends[g]
		if e.done && p.Fixed {
			continue
		}
		copy(args[:], c.Args)
		for _, i := range []int{intArgZB, intArgSB, intArgBias} {
			size := 1
			if i != intArgZB {
				size = 4
			}
			if v := &args[i]; len(v.Data) == s.oc*size && s.group > 1 && s.oc > 1 {
				v.Data = v.Data[g*s.ocg*size : (g+1)*s.ocg*size]
			}
		}
		if err := e.set(&p.IntParam, args[:], st.pk, st.pk.sums(st.packed(g), s.taps()*st.steps, s.ocg), k, s.ocg, 1); err != nil {
			return err
		}
	}
	return nil
}

// packed returns the weights of a group.
func (st *intConv) packed(g int) []byte {
	s := &st.cv.shape
	size := st.pk.size(s.taps()*st.steps, s.ocg)
	return st.weights[g*size : (g+1)*size]
}

// order puts the channels of every pixel in whole steps, and makes the pixel that lies outside.
func (st *intConv) order(c *Call) {
	s, x := &st.cv.shape, c.Args[intArgA]
	zero := st.ends[0].zeroA
	cg := st.dims[1][1]
	st.cv.pad = nil
	if st.pk.Bytes && zero != 0 {
		st.pad = roomOf(st.pad, s.c*stepBytes)
		for i := range st.pad {
			st.pad[i] = 0
			if i%(st.steps*stepBytes) < cg {
				st.pad[i] = byte(zero)
			}
		}
		st.cv.pad = Of[float32](&Arg{Data: st.pad})
	}
	st.cv.x = Of[float32](&x)
	if !st.copies {
		return
	}
	ordered := c.Scratch[:st.sizeX]
	st.cv.x = Of[float32](&Arg{Data: ordered})
	st.prepare = intPrepare{
		src: x.Data, dst: ordered, copies: true, groups: s.group, k: cg, steps: st.steps,
		pk: st.pk, signed: st.p.ASigned, kind: st.kind, zero: zero,
	}
	pixels := len0(x.Dims)
	if x.Len() < 1<<15 {
		st.prepare.Do(0, 0, pixels)
		return
	}
	c.ParallelTask(pixels, ceilDiv(1<<13, x.Dims[1]+1), &st.prepare)
}

// Do computes tasks lo to hi-1.
func (st *intConv) Do(worker, lo, hi int) {
	for id := lo; id < hi; id++ {
		t := st.cv.task(id)
		st.compute(worker, &t)
	}
}

// compute does a task for one group, as convRun's compute does.
func (st *intConv) compute(worker int, t *convTask) {
	cv := &st.cv
	s, ph, size := &cv.shape, t.ph, st.p.Result.Size()
	e := &st.ends[t.group]
	g := intPart{
		row: st.row, kind: st.kind, segs: ph.segs, segk: ph.segk, n: s.ocg,
		runs: t.rows, len: t.cols, b: unsafe.Pointer(unsafe.SliceData(st.packed(t.group))),
		ldout: size * s.oc, orun: size * s.out[2] * s.oc, result: e.result, end: e.end,
	}
	g.a, g.lda, g.arun = cv.rows(worker, t)
	if g.arun == g.len*g.lda && g.orun == g.len*g.ldout {
		g.runs, g.len = 1, g.runs*g.len
	}
	g.out = unsafe.Pointer(unsafe.SliceData(st.out[size*(cv.pixel(t)*s.oc+t.group*s.ocg):]))
	if e.shifted {
		g.rowsum = st.rowsum[worker*st.pixels:][:g.runs*g.len]
		for r := range g.runs {
			rowSums(g.rowsum[r*g.len:(r+1)*g.len], unsafe.Add(g.a, r*g.arun), g.lda, ph.segs, ph.segk, st.kind)
		}
	}
	g.panels(t.panel, t.panel1, st.acc[worker*maxIntTile:(worker+1)*maxIntTile])
}
