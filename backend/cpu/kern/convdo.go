package kern

import "unsafe"

// Do computes tasks lo to hi-1.
func (cv *convRun) Do(worker, lo, hi int) {
	if cv.p.Exact {
		cv.exact(lo, hi)
		return
	}
	for id := lo; id < hi; id++ {
		t := cv.task(id)
		if !cv.whole {
			cv.compute(worker, &t)
			continue
		}
		for t.group = range cv.shape.group {
			cv.compute(worker, &t)
		}
		cv.tell(&t)
	}
}

// pixel returns the number of a task's first result.
func (cv *convRun) pixel(t *convTask) int {
	s := &cv.shape
	z, y, x := &t.ph.axis[0], &t.ph.axis[1], &t.ph.axis[2]
	return ((t.n*s.out[0]+z.first+t.z*z.ostep)*s.out[1]+y.first+t.y0*y.ostep)*s.out[2] + x.first + t.x0*x.ostep
}

// tell reports a task's pixels, in stretches that are as long as they come.
func (cv *convRun) tell(t *convTask) {
	y, x := &t.ph.axis[1], &t.ph.axis[2]
	width := cv.shape.out[2]
	p := cv.pixel(t)
	if x.ostep == 1 && y.ostep == 1 && t.cols == width {
		cv.then(p, p+t.rows*width)
		return
	}
	for r := range t.rows {
		row := p + r*y.ostep*width
		if x.ostep == 1 {
			cv.then(row, row+t.cols)
			continue
		}
		for i := range t.cols {
			cv.then(row+i*x.ostep, row+i*x.ostep+1)
		}
	}
}

// rows returns where the rows of A of a task begin, and how many bytes lie from row to row and from run to run.
func (cv *convRun) rows(worker int, t *convTask) (a unsafe.Pointer, lda, arun int) {
	s, ph := &cv.shape, t.ph
	z, y, x := &ph.axis[0], &ph.axis[1], &ph.axis[2]
	pixel := 4 * s.c
	lda = x.istep * pixel
	switch {
	case ph.k == 0: // nothing is read: no pointer may leave its operand
		return ptr(cv.x), 0, 0
	case ph.mode == convInPlace:
		at := ((t.n*s.in[0]+t.z*z.istep)*s.in[1]+t.y0*y.istep)*s.in[2] + t.x0*x.istep
		a, arun = unsafe.Add(ptr(cv.x), at*pixel), y.istep*s.in[2]*pixel
	case ph.mode == convHalo:
		a, arun = cv.strip(worker, t), y.istep*ph.bufCols*pixel
	default:
		lda = len(x.taps) * pixel
		a, arun = cv.strip(worker, t), ph.cols*lda
	}
	return unsafe.Add(a, 4*t.group*s.cg), lda, arun
}

// compute does a task for one group.
func (cv *convRun) compute(worker int, t *convTask) {
	s, ph := &cv.shape, t.ph
	y, x := &ph.axis[1], &ph.axis[2]
	g := gemmPart{
		row: cv.row, kc: cv.kc, segs: ph.segs, segk: ph.segk, bsegs: ph.bsegs, deep: ph.deep, n: s.ocg,
		ldc: 4 * x.ostep * s.oc, crun: 4 * y.ostep * s.out[2] * s.oc,
		runs: t.rows, len: t.cols, lo: cv.p.Clamp.Lo, hi: cv.p.Clamp.Hi,
		b: ptr(cv.w),
	}
	g.a, g.lda, g.arun = cv.rows(worker, t)
	if ph.k > 0 {
		g.b = unsafe.Add(g.b, 4*(ph.weights+t.group*PackedB(ph.deep, s.ocg, cv.row.nr)))
	}
	if g.arun == g.len*g.lda && g.crun == g.len*g.ldc {
		g.runs, g.len = 1, g.runs*g.len
	}
	col := 4 * (cv.pixel(t)*s.oc + t.group*s.ocg)
	g.c, g.ldr, g.rrun = unsafe.Add(ptr(cv.y), col), g.ldc, g.crun
	if cv.res != nil {
		g.res = unsafe.Add(ptr(cv.res), col)
	}
	if cv.bias != nil {
		g.bias = unsafe.Add(ptr(cv.bias), 4*t.group*s.ocg)
	}
	if cv.p.Clamp.On {
		g.flags |= tileClamp
	}
	g.panels(t.panel, t.panel1)
}
