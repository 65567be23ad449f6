package kern

import (
	"fmt"
	"slices"
	"unsafe"
)

// A convRun is what a step keeps from run to run: the plan for the sizes that it last saw, and the
// operands of the run under way.
type convRun struct {
	p         *ConvParam
	dims      [3][]int // of x, w and y that the plan is for
	workers   int
	shape     convShape
	row       *gemmRow
	kc        int
	phases    []convPhase
	buffer    int // float32 of scratch per worker
	tasks     int
	holds     []int // the strip that each worker has in its scratch, plus one
	x, w, y   []float32
	bias, res []float32
	scratch   []float32
	depth     depthRun
}

// ConvF32Scratch returns the bytes of scratch that [ConvF32] needs for operands of these dims on so
// many workers (see [Call.Workers]).
func ConvF32Scratch(p *ConvParam, x, w, y []int, workers int) (int, error) {
	var cv convRun
	if err := cv.prepare(p, x, w, y, workers); err != nil {
		return 0, err
	}
	return 4 * cv.scratchSize(), nil
}

func (cv *convRun) scratchSize() int {
	if cv.shape.depthwise() {
		return cv.depth.expanded
	}
	return cv.buffer * cv.workers
}

// prepare makes the plan, unless it is for these very sizes already.
func (cv *convRun) prepare(p *ConvParam, x, w, y []int, workers int) error {
	row := gemmRowFor(p.NR)
	if row == nil || p.NR <= 0 {
		return fmt.Errorf("weights in panels of %d channels: no such kernel", p.NR)
	}
	if cv.p == p && cv.row == row && cv.workers == workers &&
		slices.Equal(cv.dims[0], x) && slices.Equal(cv.dims[1], w) && slices.Equal(cv.dims[2], y) {
		return nil
	}
	s, err := p.shape(x, w, y)
	if err != nil {
		return err
	}
	cv.p, cv.shape, cv.row, cv.workers, cv.kc = p, s, row, workers, machineBlocks().kc
	for i, d := range [][]int{x, w, y} {
		cv.dims[i] = append(cv.dims[i][:0], d...)
	}
	cv.buffer, cv.tasks, cv.phases = 0, 0, nil
	if s.depthwise() {
		cv.depth.plan(&cv.shape)
		return nil
	}
	cv.phases = s.plan(p.NR, workers)
	for i := range cv.phases {
		cv.buffer = max(cv.buffer, cv.phases[i].buffer(&cv.shape))
		cv.tasks += cv.phases[i].tasks
	}
	if len(cv.holds) < workers {
		cv.holds = make([]int, workers)
	}
	return nil
}

// ConvF32 convolves channels-last activations: x [N,…,C] with dims in the order N,C,…, weights as
// [PackConv] left them with dims as they were before, bias [OC] or absent, residual like y or absent,
// y [N,…,OC]; y = clamp(conv + bias + residual). Param: *ConvParam. Each result is one chain of
// multiply-adds, from the bias, over taps in the order of the kernel (backwards along each axis if
// transposed), then channels; what lies outside the image is added as zero, or left out.
func ConvF32(c *Call) error {
	p, ok := c.Param.(*ConvParam)
	if !ok || len(c.Args) != 5 {
		return fmt.Errorf("conv: %d operands and parameters of type %T", len(c.Args), c.Param)
	}
	cv := StateOf[convRun](c)
	if err := cv.prepare(p, c.Args[0].Dims, c.Args[1].Dims, c.Args[4].Dims, c.Workers()); err != nil {
		return fmt.Errorf("conv: %w", err)
	}
	cv.x, cv.w, cv.y = F32(&c.Args[0]), F32(&c.Args[1]), F32(&c.Args[4])
	cv.bias, cv.res, cv.scratch = nil, nil, Of[float32](&Arg{Data: c.Scratch})
	if c.Args[2].Has() {
		cv.bias = F32(&c.Args[2])
	}
	if c.Args[3].Has() {
		cv.res = F32(&c.Args[3])
	}
	if err := cv.check(); err != nil {
		return fmt.Errorf("conv: %w", err)
	}
	if len(cv.y) == 0 {
		return nil
	}
	if cv.shape.depthwise() {
		cv.runDepthwise(c)
		return nil
	}
	clear(cv.holds)
	if cv.tasks == 1 {
		cv.Do(0, 0, 1)
		return nil
	}
	c.ParallelTask(cv.tasks, 1, cv)
	return nil
}

// check refuses operands that are shorter than their sizes.
func (cv *convRun) check() error {
	s := &cv.shape
	weights, err := PackedConv(cv.p, cv.dims[1])
	if err != nil {
		return err
	}
	out := s.n * s.out[0] * s.out[1] * s.out[2] * s.oc
	for _, x := range []struct {
		name       string
		have, want int
		absent     bool
	}{
		{"input", len(cv.x), s.n * s.in[0] * s.in[1] * s.in[2] * s.c, false},
		{"packed weights", len(cv.w), weights, false},
		{"bias", len(cv.bias), s.oc, cv.bias == nil},
		{"residual", len(cv.res), out, cv.res == nil},
		{"result", len(cv.y), out, false},
		{"scratch", len(cv.scratch), cv.scratchSize(), false},
	} {
		if !x.absent && x.have < x.want {
			return fmt.Errorf("%s has %d elements: want %d", x.name, x.have, x.want)
		}
	}
	return nil
}

// A convTask is one strip of outputs of one group, and some of the panels.
type convTask struct {
	ph                   *convPhase
	strip                int // its number among all strips
	n, z, y0, x0         int // image, and output coordinates within the phase
	rows, cols           int
	group, panel, panel1 int
}

// task decodes a task number: panels vary fastest, then groups, because they share the strip.
func (cv *convRun) task(id int) (t convTask) {
	strip := 0
	i := 0
	for ; id >= cv.phases[i].tasks; i++ {
		id -= cv.phases[i].tasks
		strip += cv.phases[i].tasks
	}
	ph, s := &cv.phases[i], &cv.shape
	t.ph = ph
	panels := (s.ocg + cv.row.nr - 1) / cv.row.nr
	b := id % ph.nb
	id /= ph.nb
	t.panel, t.panel1 = panels*b/ph.nb, panels*(b+1)/ph.nb
	t.group, id = id%s.group, id/s.group
	t.strip = strip + id
	t.x0, id = id%ph.nx*ph.cols, id/ph.nx
	t.y0, id = id%ph.ny*ph.rows, id/ph.ny
	t.z, t.n = id%ph.axis[0].count, id/ph.axis[0].count
	t.rows = min(ph.rows, ph.axis[1].count-t.y0)
	t.cols = min(ph.cols, ph.axis[2].count-t.x0)
	return t
}

// Do computes tasks lo to hi-1.
func (cv *convRun) Do(worker, lo, hi int) {
	s := &cv.shape
	for id := lo; id < hi; id++ {
		t := cv.task(id)
		ph := t.ph
		z, y, x := &ph.axis[0], &ph.axis[1], &ph.axis[2]
		g := gemmPart{
			row: cv.row, kc: cv.kc, segs: ph.segs, segk: ph.segk, n: s.ocg,
			lda: 4 * x.istep * s.c, ldc: 4 * x.ostep * s.oc, crun: 4 * y.ostep * s.out[2] * s.oc,
			runs: t.rows, len: t.cols, lo: cv.p.Clamp.Lo, hi: cv.p.Clamp.Hi,
		}
		g.arun = y.istep * s.in[2] * 4 * s.c
		switch {
		case ph.k == 0: // nothing is read: no pointer may leave its operand
			g.a, g.lda, g.arun = ptr(cv.x), 0, 0
		case ph.mode == convInPlace:
			g.a = unsafe.Add(ptr(cv.x), 4*s.c*(((t.n*s.in[0]+t.z*z.istep)*s.in[1]+t.y0*y.istep)*s.in[2]+t.x0*x.istep))
		case ph.mode == convHalo:
			g.a, g.arun = cv.strip(worker, &t), y.istep*ph.bufCols*4*s.c
		default:
			g.a, g.lda = cv.strip(worker, &t), 4*len(x.taps)*s.c
			g.arun = ph.cols * g.lda
		}
		g.b = ptr(cv.w)
		if ph.k > 0 {
			g.a = unsafe.Add(g.a, 4*t.group*s.cg)
			g.b = unsafe.Add(g.b, 4*(ph.weights+t.group*PackedB(ph.k, s.ocg, cv.row.nr)))
		}
		if g.arun == g.len*g.lda && g.crun == g.len*g.ldc {
			g.runs, g.len = 1, g.runs*g.len
		}
		out := ((t.n*s.out[0]+z.first+t.z*z.ostep)*s.out[1]+y.first+t.y0*y.ostep)*s.out[2] + x.first + t.x0*x.ostep
		col := 4 * (out*s.oc + t.group*s.ocg)
		g.c, g.ldr, g.rrun = unsafe.Add(ptr(cv.y), col), g.ldc, g.crun
		if cv.res != nil {
			g.res = unsafe.Add(ptr(cv.res), col)
		}
		if cv.bias != nil {
			g.init = unsafe.Add(ptr(cv.bias), 4*t.group*s.ocg)
		}
		if cv.p.Clamp.On {
			g.flags |= tileClamp
		}
		g.panels(t.panel, t.panel1)
	}
}
