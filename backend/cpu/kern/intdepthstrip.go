package kern

import (
	"slices"
	"unsafe"
)

// A depthStrips is how a depthwise convolution of bytes over two axes or one runs strip by strip of
// results: what a strip reads is widened, convolved and ended while it is in the second-level cache.
type depthStrips struct {
	cv      convRun
	workers []convRun // with a strip each
	rows    int       // of a strip
	nx, ny  int       // float32 of a strip's image and of its sums
}

// plan makes strips; false where the convolution does not run so.
func (d *depthStrips) plan(p *ConvParam, x, w, y []int, workers int) (bool, error) {
	if len(x) > 4 {
		return false, nil
	}
	same := d.cv.p == p && d.cv.workers == workers && slices.Equal(d.cv.dims[0], x) && slices.Equal(d.cv.dims[2], y)
	if err := d.cv.prepare(p, x, w, y, workers, false); err != nil {
		return false, err
	}
	s := &d.cv.shape
	if !s.depthwise() || s.ocg != 1 || len(d.cv.depth.phases) != 1 {
		return false, nil
	}
	if same && len(d.workers) > 0 {
		return true, nil
	}
	reach := (s.k[1]-1)*s.dil[1] + 1
	row, out := s.in[2]*s.c, max(1, s.out[2]*s.oc)
	d.rows = min(max(1, machineBlocks().mc*machineBlocks().kc/(s.stride[1]*row+out)), max(1, s.out[1]))
	for workers > 1 && d.rows > 4 && s.n*ceilDiv(s.out[1], d.rows) < 3*workers {
		d.rows = (d.rows + 1) / 2
	}
	d.nx = min(s.in[1], (d.rows-1)*s.stride[1]+reach)*row + 32
	d.ny = d.rows*out + 32
	d.workers = make([]convRun, workers)
	depth := &d.cv.depth
	for len(depth.taps) < workers {
		depth.taps = append(depth.taps, nil)
	}
	depth.lanes = dwLanes(d.cv.row)
	for i := range d.workers {
		d.workers[i] = d.cv
	}
	return true, nil
}

// strips returns how many there are.
func (d *depthStrips) strips() int { return d.cv.shape.n * ceilDiv(d.cv.shape.out[1], d.rows) }

// A stripTask is an intDepth whose items are strips.
type stripTask intDepth

// Do computes strips lo to hi-1.
func (t *stripTask) Do(worker, lo, hi int) {
	st := (*intDepth)(t)
	d := &st.strips
	s, cv := &d.cv.shape, &d.workers[worker]
	scratch := st.floats[worker*(d.nx+d.ny):][:d.nx+d.ny]
	size := st.ends.result.size()
	each := ceilDiv(s.out[1], d.rows)
	row, out := s.in[2]*s.c, s.out[2]*s.oc
	for id := lo; id < hi; id++ {
		n, y0 := id/each, id%each*d.rows
		y1 := min(y0+d.rows, s.out[1])
		i0 := min(max(0, y0*s.stride[1]-s.front[1]), s.in[1])
		i1 := max(i0, min(s.in[1], (y1-1)*s.stride[1]-s.front[1]+(s.k[1]-1)*s.dil[1]+1))
		first, done := (n*s.in[1]+i0)*row, (n*s.out[1]+y0)*out
		x := scratch[:(i1-i0)*row]
		f32OfBytes(x, st.src[first:first+len(x)], st.p.ASigned, st.zero)
		cv.w, cv.y = st.weights, scratch[d.nx:]
		cv.depth.x, cv.depth.first, cv.depth.skipped = scratch[:d.nx], 0, [2]int{first, done}
		for c0 := 0; c0 < s.oc; c0 += cv.depth.block {
			c1 := min(s.oc, c0+cv.depth.block)
			for y := y0; y < y1; y++ {
				cv.depthRow(worker, &cv.depth.phases[0], n, 0, y, c0, c1)
			}
		}
		e := st.ends.end
		sums := wholeOfF32(scratch[d.nx:][:(y1-y0)*out])
		e.acc, e.ldacc, e.rows = unsafe.Pointer(unsafe.SliceData(sums)), 4*s.oc, (y1-y0)*s.out[2]
		e.out, e.ldout = unsafe.Pointer(unsafe.SliceData(st.out[done*size:])), s.oc*size
		e.run(st.ends.result, s.oc)
	}
}
