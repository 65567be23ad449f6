package kern

import (
	"fmt"
	"slices"
)

// A convRun is what a step keeps from run to run: the plan for the sizes that it last saw, and the
// operands of the run under way.
type convRun struct {
	p         *ConvParam
	dims      [3][]int // of x, w and y that the plan is for
	workers   int
	whole     bool // tasks have all channels of their pixels
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
	then      func(p0, p1 int)
	pad       []float32 // a pixel outside the image; nil: zeros
	padded    bool      // pad may be there: set before the plan is made
}

// ConvF32Scratch returns the bytes of scratch that [ConvF32] needs for operands of these dims on so
// many workers (see [Call.Workers]).
func ConvF32Scratch(p *ConvParam, x, w, y []int, workers int) (int, error) {
	var cv convRun
	if err := cv.prepare(p, x, w, y, workers, false); err != nil {
		return 0, err
	}
	return 4 * cv.scratchSize(), nil
}

func (cv *convRun) scratchSize() int {
	if cv.shape.depthwise() && !cv.p.Exact {
		return cv.depth.expanded
	}
	return cv.buffer * cv.workers
}

// prepare makes the plan, unless it is for these very sizes already.
func (cv *convRun) prepare(p *ConvParam, x, w, y []int, workers int, then bool) error {
	row := gemmRowFor(p.NR)
	if row == nil || p.NR <= 0 {
		return fmt.Errorf("weights in panels of %d channels: no such kernel", p.NR)
	}
	if cv.p == p && cv.row == row && cv.workers == workers && cv.whole == then &&
		slices.Equal(cv.dims[0], x) && slices.Equal(cv.dims[1], w) && slices.Equal(cv.dims[2], y) {
		return nil
	}
	s, err := p.shape(x, w, y)
	if err != nil {
		return err
	}
	s.surrounded = cv.padded
	cv.p, cv.shape, cv.row, cv.workers, cv.whole, cv.kc = p, s, row, workers, then, machineBlocks().kc
	for i, d := range [][]int{x, w, y} {
		cv.dims[i] = append(cv.dims[i][:0], d...)
	}
	cv.buffer, cv.tasks, cv.phases = 0, 0, nil
	if p.Exact {
		cv.tasks = s.n * s.out[0] * s.out[1] * s.out[2]
		return nil
	}
	if s.depthwise() {
		cv.depth.plan(&cv.shape)
		return nil
	}
	cv.phases = s.plan(p.NR, workers, then)
	for i := range cv.phases {
		size := cv.phases[i].buffer(&cv.shape)
		if size < 0 {
			cv.p = nil // there is no plan
			return fmt.Errorf("%v to %v: dilations %v with pads %v: a strip of input takes more than %d elements", x, y, p.Dilations, p.Pads, maxStrip)
		}
		cv.buffer = max(cv.buffer, size)
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
// multiply-adds, from zero, over taps in the order of the kernel (backwards along each axis if
// transposed), then channels; what lies outside the image is added as zero, or left out, which is the same
// while weights are finite: see [Finite] for those that are not.
func ConvF32(c *Call) error { return ConvF32Then(c, nil) }

// ConvF32Then is [ConvF32] and tells then, unless it is nil, of pixels p0 to p1-1 of y, counted
// through all images, when all their channels are done and still hot: on any thread, once for each
// pixel.
func ConvF32Then(c *Call, then func(p0, p1 int)) error {
	p, ok := c.Param.(*ConvParam)
	if !ok || len(c.Args) != 5 {
		return fmt.Errorf("conv: %d operands and parameters of type %T", len(c.Args), c.Param)
	}
	cv := StateOf[convRun](c)
	if err := cv.prepare(p, c.Args[0].Dims, c.Args[1].Dims, c.Args[4].Dims, c.Workers(), then != nil); err != nil {
		return fmt.Errorf("conv: %w", err)
	}
	cv.x, cv.w, cv.y = F32(&c.Args[0]), F32(&c.Args[1]), F32(&c.Args[4])
	cv.then = then
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
	if cv.shape.depthwise() && !p.Exact {
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
	bias, res := need{"bias", len(cv.bias), s.oc}, need{"residual", len(cv.res), out}
	if cv.bias == nil {
		bias.want = 0
	}
	if cv.res == nil {
		res.want = 0
	}
	return enough("elements", need{"input", len(cv.x), s.n * s.in[0] * s.in[1] * s.in[2] * s.c}, need{"packed weights", len(cv.w), weights},
		bias, res, need{"result", len(cv.y), out}, need{"scratch", len(cv.scratch), cv.scratchSize()})
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
	t.group, id = id%ph.groups, id/ph.groups
	t.strip = strip + id
	t.x0, id = id%ph.nx*ph.cols, id/ph.nx
	t.y0, id = id%ph.ny*ph.rows, id/ph.ny
	t.z, t.n = id%ph.axis[0].count, id/ph.axis[0].count
	t.rows = min(ph.rows, ph.axis[1].count-t.y0)
	t.cols = min(ph.cols, ph.axis[2].count-t.x0)
	return t
}
