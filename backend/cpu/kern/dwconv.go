package kern

import "unsafe"

// A dwTap is one place of a depthwise kernel.
type dwTap struct{ src, w int } // bytes from a tile's first pixel and from its weights

// A dwTile is one call of a depthwise kernel: tiles of evenly spaced pixels of one row, all
// channels. Kernels know the offsets of its fields.
type dwTile struct {
	src   unsafe.Pointer // channel 0 of the first pixel
	pix   int            // bytes from pixel to pixel
	taps  *dwTap
	ntaps int
	w     unsafe.Pointer // [tap][channel]
	dst   unsafe.Pointer
	dpix  int            // bytes from result to result, and from residual to residual
	bias  unsafe.Pointer // or nil
	res   unsafe.Pointer // or nil
	tiles int
	vecs  int    // whole vectors of channels
	lanes *int32 // what is left, as a vector mask
	mask  uint32 // what is left, as bits
	clamp int32  // lo and hi apply, if not 0
	lo    float32
	hi    float32
	chans int // all of them; only dwTileGo looks
}

const dwPixels = 8 // most pixels of a tile

// dwTileGo is the portable depthwise tile, and what every other equals up to the rounding of a
// multiply-add:
//
//	for each pixel p and channel c:
//		s := bias[c]
//		for each tap: s += src[p·pix+tap.src+c] * w[tap.w+c]
//		dst[p·dpix+c] = min(max(s + res[p·dpix+c], lo), hi)
func dwTileGo(px int, t *dwTile) {
	taps := unsafe.Slice(t.taps, t.ntaps)
	for p := range px * t.tiles {
		dst := rowOf(t.dst, p*t.dpix, 0, t.chans)
		if t.bias != nil {
			copy(dst, rowOf(t.bias, 0, 0, t.chans))
		} else {
			clear(dst)
		}
		for _, tap := range taps {
			src := rowOf(t.src, p*t.pix+tap.src, 0, t.chans)[:len(dst)]
			w := rowOf(t.w, tap.w, 0, t.chans)[:len(dst)]
			for c := range dst {
				dst[c] += src[c] * w[c]
			}
		}
		if t.res != nil {
			for c, r := range rowOf(t.res, p*t.dpix, 0, t.chans) {
				dst[c] += r
			}
		}
		if t.clamp != 0 {
			clampRow(dst, t.lo, t.hi)
		}
	}
}

// clampRow bounds every element; NaN stays.
func clampRow(s []float32, lo, hi float32) {
	for j, v := range s {
		if lo > v {
			v = lo
		}
		if hi < v {
			v = hi
		}
		s[j] = v
	}
}

// A depthRun is the plan of a depthwise convolution.
type depthRun struct {
	phases   []depthPhase
	rows     int
	taps     [][]dwTap // room per worker
	expanded int       // float32 of scratch: one image with each channel repeated, if there is a multiplier
	lanes    int
	x        []float32 // the images to read
	first    int       // image number of x[0]
	repeat   repeatTask
}

type depthPhase struct {
	axis    [3]axisPhase
	weights int // in float32
	rows    int
	tile    dwTile
}

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
				d.phases = append(d.phases, ph)
				d.rows += ph.rows
			}
		}
	}
	if s.ocg > 1 {
		d.expanded = s.in[0] * s.in[1] * s.in[2] * s.oc
	}
}

// runDepthwise runs all rows of all images, or image by image where channels are repeated first.
func (cv *convRun) runDepthwise(c *Call) {
	s, d := &cv.shape, &cv.depth
	for len(d.taps) < cv.workers {
		d.taps = append(d.taps, nil)
	}
	for i := range cv.workers {
		if cap(d.taps[i]) < s.taps() {
			d.taps[i] = make([]dwTap, 0, s.taps())
		}
	}
	d.lanes = dwLanes(cv.row)
	if d.expanded == 0 {
		d.x, d.first = cv.x, 0
		cv.depthRows(c, 0, s.n)
		return
	}
	size := s.in[0] * s.in[1] * s.in[2]
	for n := range s.n {
		d.repeat = repeatTask{dst: cv.scratch, src: cv.x[n*size*s.c:], chans: s.c, times: s.ocg}
		c.ParallelTask(size, 256, &d.repeat)
		d.x, d.first = cv.scratch, n
		cv.depthRows(c, n, n+1)
		if c.Stopped() {
			return
		}
	}
}

func (cv *convRun) depthRows(c *Call, n0, n1 int) {
	s, d := &cv.shape, &cv.depth
	rows := (n1 - n0) * d.rows
	if work := float64(rows) * float64(s.out[2]*s.oc*s.taps()); work < smallGemm/4 {
		(*depthTask)(cv).Do(0, 0, rows)
		return
	}
	c.ParallelTask(rows, 1, (*depthTask)(cv))
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

// Do computes rows lo to hi-1.
func (dt *depthTask) Do(worker, lo, hi int) {
	cv := (*convRun)(dt)
	d := &cv.depth
	for id := lo; id < hi; id++ {
		n, r := d.first+id/d.rows, id%d.rows
		i := 0
		for ; r >= d.phases[i].rows; i++ {
			r -= d.phases[i].rows
		}
		ph := &d.phases[i]
		cv.depthRow(worker, ph, n, r/ph.axis[1].count, r%ph.axis[1].count)
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

// depthRow computes one row of results: pixels near the ends, which see fewer taps, one by one.
func (cv *convRun) depthRow(worker int, ph *depthPhase, n, tz, ty int) {
	s := &cv.shape
	z, y, x := &ph.axis[0], &ph.axis[1], &ph.axis[2]
	t := dwTile{
		pix: 4 * x.istep * s.oc, dpix: 4 * x.ostep * s.oc, bias: ptr(cv.bias), chans: s.oc,
		w: ptr(cv.w), lo: cv.p.Clamp.Lo, hi: cv.p.Clamp.Hi,
	}
	if cv.p.Clamp.On {
		t.clamp = 1
	}
	if len(x.taps) > 0 && len(y.taps) > 0 && len(z.taps) > 0 {
		t.w = unsafe.Add(t.w, 4*ph.weights)
	}
	lanes := cv.depth.lanes
	left := s.oc % lanes
	t.vecs, t.mask, t.lanes = s.oc/lanes, 1<<left-1, &laneMasks[32-left]
	var w depthWindow
	w.z0, w.z1 = z.inside(tz, s.in[0])
	w.y0, w.y1 = y.inside(ty, s.in[1])
	out := (((n*s.out[0]+z.first+tz*z.ostep)*s.out[1]+y.first+ty*y.ostep)*s.out[2] + x.first) * s.oc
	image := (n - cv.depth.first) * s.in[0]
	for i := 0; i < x.count; {
		w.x0, w.x1 = x.inside(i, s.in[2])
		end := i + 1
		if w.x0 == 0 && w.x1 == len(x.taps) && w.x1 > 0 {
			end = min(x.count, (s.in[2]-1-x.taps[w.x1-1].at)/x.istep+1)
		}
		t.dst = unsafe.Add(ptr(cv.y), 4*(out+i*x.ostep*s.oc))
		if cv.res != nil {
			t.res = unsafe.Add(ptr(cv.res), 4*(out+i*x.ostep*s.oc))
		}
		cv.depthTaps(worker, ph, &w, &t)
		if t.ntaps > 0 {
			iz, iy, ix := z.taps[w.z0].at+tz*z.istep, y.taps[w.y0].at+ty*y.istep, x.taps[w.x0].at+i*x.istep
			t.src = unsafe.Add(ptr(cv.depth.x), 4*s.oc*(((image+iz)*s.in[1]+iy)*s.in[2]+ix))
		} else {
			t.src = ptr(cv.depth.x)
		}
		cv.depthPixels(&t, end-i)
		i = end
	}
}

// A depthWindow is the taps that a pixel sees along each axis.
type depthWindow struct{ z0, z1, y0, y1, x0, x1 int }

// depthTaps lists the taps of a window, from its first.
func (cv *convRun) depthTaps(worker int, ph *depthPhase, w *depthWindow, t *dwTile) {
	s := &cv.shape
	taps := cv.depth.taps[worker][:0]
	zs, ys, xs := ph.axis[0].taps, ph.axis[1].taps, ph.axis[2].taps
	if w.z1 > w.z0 && w.y1 > w.y0 && w.x1 > w.x0 {
		for i := w.z0; i < w.z1; i++ {
			for j := w.y0; j < w.y1; j++ {
				for k := w.x0; k < w.x1; k++ {
					dz, dy, dx := zs[i].at-zs[w.z0].at, ys[j].at-ys[w.y0].at, xs[k].at-xs[w.x0].at
					taps = append(taps, dwTap{
						src: 4 * s.oc * ((dz*s.in[1]+dy)*s.in[2] + dx),
						w:   4 * s.oc * ((i*len(ys)+j)*len(xs) + k),
					})
				}
			}
		}
	}
	cv.depth.taps[worker] = taps
	t.taps, t.ntaps = unsafe.SliceData(taps), len(taps)
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
		t.src = unsafe.Add(t.src, t.tiles*px*t.pix)
		t.dst = unsafe.Add(t.dst, t.tiles*px*t.dpix)
		if t.res != nil {
			t.res = unsafe.Add(t.res, t.tiles*px*t.dpix)
		}
	}
}
