package kern

import "unsafe"

// A depthRun is the plan of a depthwise convolution.
type depthRun struct {
	phases   []depthPhase
	rows     int       // of results in one image
	grain    int       // rows that one thread takes together, because they share rows of input
	block    int       // channels whose rows of input stay in the first-level cache
	lanes    int       // of a vector
	taps     [][]dwTap // room per worker
	expanded int       // float32 of scratch: one image with each channel repeated, if there is a multiplier
	x        []float32 // the images to read
	first    int       // image number of x[0]
	skipped  [2]int    // float32 of the images that lie before x[0], and of the results before y[0]
	repeat   repeatTask
}

type depthPhase struct {
	axis    [3]axisPhase
	weights int // where its taps begin, in float32
	rows    int
	spans   []depthSpan
}

// A depthSpan is results of a row that see the same taps along x: those from x0 to x1-1.
type depthSpan struct {
	first, count, x0, x1 int
	taps                 []dwTap // with all taps of the other axes; nil where that would be many
}

// fewTaps is the width of a kernel up to which the taps of every span are listed once for all rows.
const fewTaps = 16

func (d *depthRun) plan(s *convShape) {
	*d = depthRun{taps: d.taps}
	var axes [3][]axisPhase
	for a := range axes {
		axes[a] = s.visible(a)
	}
	for _, z := range axes[0] {
		for _, y := range axes[1] {
			for _, x := range axes[2] {
				ph := depthPhase{axis: [3]axisPhase{z, y, x}, rows: z.count * y.count}
				ph.weights = s.before(ph.axis) * s.oc
				ph.plan(s)
				d.phases = append(d.phases, ph)
				d.rows += ph.rows
			}
		}
	}
	if s.ocg > 1 {
		d.expanded = s.in[0] * s.in[1] * s.in[2] * s.oc
	}
	d.block = caches().L1 * 3 / 4 / (4 * s.k[0] * s.k[1] * max(1, s.in[2])) &^ 31
	if d.block < 64 { // too few for the calls to pay
		d.block = s.oc
	}
	d.grain = min(8*s.k[1], 14)
}

func (ph *depthPhase) plan(s *convShape) {
	x := &ph.axis[2]
	for i := 0; i < x.count; {
		p := depthSpan{first: i, count: 1}
		p.x0, p.x1 = x.inside(i, s.in[2])
		if p.x0 == 0 && p.x1 == len(x.taps) && p.x1 > 0 {
			p.count = min(x.count, (s.in[2]-1-x.taps[p.x1-1].at)/x.istep+1) - i
		}
		if len(x.taps) <= fewTaps && p.x1 > p.x0 {
			w := depthWindow{z1: len(ph.axis[0].taps), y1: len(ph.axis[1].taps), x0: p.x0, x1: p.x1}
			p.taps = ph.list(nil, s, &w)
		}
		ph.spans = append(ph.spans, p)
		i += p.count
	}
}

// inside returns which taps of an axis see the image from output i: those from lo to hi-1.
func (f *axisPhase) inside(i, size int) (lo, hi int) {
	hi = len(f.taps)
	for lo < hi && f.taps[lo].at+i*f.istep < 0 {
		lo++
	}
	for hi > lo && f.taps[hi-1].at+i*f.istep >= size {
		hi--
	}
	return lo, hi
}

// A depthWindow is the taps that a pixel sees along each axis.
type depthWindow struct{ z0, z1, y0, y1, x0, x1 int }

// list appends the taps of a window, from the pixel of a result.
func (ph *depthPhase) list(to []dwTap, s *convShape, w *depthWindow) []dwTap {
	zs, ys, xs := ph.axis[0].taps, ph.axis[1].taps, ph.axis[2].taps
	for i := w.z0; i < w.z1; i++ {
		for j := w.y0; j < w.y1; j++ {
			for k := w.x0; k < w.x1; k++ {
				to = append(to, dwTap{
					src: 4 * s.oc * ((zs[i].at*s.in[1]+ys[j].at)*s.in[2] + xs[k].at),
					w:   4 * s.oc * ((i*len(ys)+j)*len(xs) + k),
				})
			}
		}
	}
	return to
}

// runDepthwise runs all rows of all images, or image by image where channels are repeated first.
func (cv *convRun) runDepthwise(c *Call) {
	s, d := &cv.shape, &cv.depth
	for len(d.taps) < cv.workers {
		d.taps = append(d.taps, nil)
	}
	d.lanes = dwLanes(cv.row)
	if d.expanded == 0 {
		d.x, d.first = cv.x, 0
		cv.depthRows(c, s.n)
		return
	}
	size := s.in[0] * s.in[1] * s.in[2]
	for n := range s.n {
		d.repeat = repeatTask{dst: cv.scratch, src: cv.x[n*size*s.c:], chans: s.c, times: s.ocg}
		c.ParallelTask(size, 256, &d.repeat)
		d.x, d.first = cv.scratch, n
		cv.depthRows(c, 1)
		if c.Stopped() {
			return
		}
	}
}

func (cv *convRun) depthRows(c *Call, images int) {
	s, d := &cv.shape, &cv.depth
	rows := images * d.rows
	if work := float64(rows) * float64(s.out[2]*s.oc*s.taps()); work < smallGemm/4 {
		(*depthTask)(cv).Do(0, 0, rows)
		return
	}
	c.ParallelTask(rows, d.grain, (*depthTask)(cv))
}

// A repeatTask writes each channel of pixels so many times.
type repeatTask struct {
	dst, src     []float32
	chans, times int
}

// Do handles pixels lo to hi-1.
func (t *repeatTask) Do(_, lo, hi int) {
	dst := t.dst[lo*t.chans*t.times:]
	for i, v := range t.src[lo*t.chans : hi*t.chans] {
		for j := range t.times {
			dst[i*t.times+j] = v
		}
	}
}

// A depthTask is a convRun whose items are rows of depthwise results.
type depthTask convRun

// Do computes rows lo to hi-1, a block of channels at a time.
func (dt *depthTask) Do(worker, lo, hi int) {
	cv := (*convRun)(dt)
	d := &cv.depth
	for c0 := 0; c0 < cv.shape.oc; c0 += d.block {
		c1 := min(cv.shape.oc, c0+d.block)
		for id := lo; id < hi; id++ {
			n, r := d.first+id/d.rows, id%d.rows
			i := 0
			for ; r >= d.phases[i].rows; i++ {
				r -= d.phases[i].rows
			}
			ph := &d.phases[i]
			p := cv.depthRow(worker, ph, n, r/ph.axis[1].count, r%ph.axis[1].count, c0, c1)
			if cv.then != nil && c1 == cv.shape.oc {
				cv.tellRow(ph, p)
			}
		}
	}
}

// tellRow reports a row of results that begins at pixel p.
func (cv *convRun) tellRow(ph *depthPhase, p int) {
	x := &ph.axis[2]
	if x.ostep == 1 {
		cv.then(p, p+x.count)
		return
	}
	for i := range x.count {
		cv.then(p+i*x.ostep, p+i*x.ostep+1)
	}
}

// depthRow computes channels c0 to c1-1 of one row of results, span by span, and returns the row's
// first pixel.
func (cv *convRun) depthRow(worker int, ph *depthPhase, n, tz, ty, c0, c1 int) int {
	s, d := &cv.shape, &cv.depth
	z, y, x := &ph.axis[0], &ph.axis[1], &ph.axis[2]
	t := dwTile{
		src: unsafe.Add(ptr(d.x), 4*c0), pix: 4 * x.istep * s.oc, dpix: 4 * x.ostep * s.oc, chans: c1 - c0,
		w: ptr(cv.w), lo: cv.p.Clamp.Lo, hi: cv.p.Clamp.Hi,
	}
	if cv.bias != nil {
		t.bias = unsafe.Add(ptr(cv.bias), 4*c0)
	}
	if cv.p.Clamp.On {
		t.clamp = 1
	}
	left := t.chans % d.lanes
	t.vecs, t.mask, t.lanes = t.chans/d.lanes, 1<<left-1, &laneMasks[32-left]
	w := depthWindow{}
	w.z0, w.z1 = z.inside(tz, s.in[0])
	w.y0, w.y1 = y.inside(ty, s.in[1])
	pixel := ((n*s.out[0]+z.first+tz*z.ostep)*s.out[1]+y.first+ty*y.ostep)*s.out[2] + x.first
	out := pixel*s.oc + c0
	in := (((n-d.first)*s.in[0]+tz*z.istep)*s.in[1] + ty*y.istep) * s.in[2]
	for i := range ph.spans {
		p := &ph.spans[i]
		w.x0, w.x1 = p.x0, p.x1
		taps := cv.depthTaps(worker, ph, p, &w)
		t.taps, t.ntaps = unsafe.SliceData(taps), len(taps)
		if len(taps) > 0 {
			t.w = unsafe.Add(ptr(cv.w), 4*(ph.weights+c0))
		}
		t.at = 4 * (s.oc*(in+p.first*x.istep) - d.skipped[0])
		at := 4 * (out + p.first*x.ostep*s.oc - d.skipped[1])
		t.dst = unsafe.Add(ptr(cv.y), at)
		if cv.res != nil {
			t.res = unsafe.Add(ptr(cv.res), at)
		}
		cv.depthPixels(&t, p.count)
	}
	return pixel
}

// depthTaps returns the taps of a span in rows that see the given window.
func (cv *convRun) depthTaps(worker int, ph *depthPhase, p *depthSpan, w *depthWindow) []dwTap {
	nz, ny := len(ph.axis[0].taps), len(ph.axis[1].taps)
	row := w.x1 - w.x0
	switch {
	case w.z1 == w.z0 || w.y1 == w.y0 || row == 0:
		return nil
	case p.taps != nil && w.y1-w.y0 == ny:
		return p.taps[w.z0*ny*row : w.z1*ny*row]
	case p.taps != nil && nz == 1:
		return p.taps[w.y0*row : w.y1*row]
	}
	room := &cv.depth.taps[worker]
	*room = ph.list((*room)[:0], &cv.shape, w)
	return *room
}

// depthCall bounds the multiply-adds of vectors in one call of a kernel, to about 20 µs.
const depthCall = 1 << 16

// depthPixels runs n pixels in tiles that are about equally long.
func (cv *convRun) depthPixels(t *dwTile, n int) {
	most := max(1, depthCall/(dwPixels*(t.vecs+1)*(t.ntaps+1)))
	tiles := (n + dwPixels - 1) / dwPixels
	for tiles > 0 {
		px := (n + tiles - 1) / tiles
		// So many tiles are of px pixels, the others one shorter.
		long := n - tiles*(px-1)
		t.tiles = min(long, most)
		cv.row.runDepthwise(px, t)
		n -= t.tiles * px
		tiles -= t.tiles
		if tiles == 0 {
			return
		}
		t.at += t.tiles * px * t.pix
		t.dst = unsafe.Add(t.dst, t.tiles*px*t.dpix)
		if t.res != nil {
			t.res = unsafe.Add(t.res, t.tiles*px*t.dpix)
		}
	}
}
