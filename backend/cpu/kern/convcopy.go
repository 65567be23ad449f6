package kern

import "unsafe"

// strip returns the copy of a task's input in the worker's scratch, made unless it is there already.
func (cv *convRun) strip(worker int, t *convTask) unsafe.Pointer {
	buf := cv.scratch[worker*cv.buffer : (worker+1)*cv.buffer]
	if cv.holds[worker] == t.strip+1 {
		return ptr(buf)
	}
	cv.holds[worker] = t.strip + 1
	ph, s := t.ph, &cv.shape
	z, y := &ph.axis[0], &ph.axis[1]
	plane := s.in[1] * s.in[2] * s.c
	rows := (t.rows-1)*y.istep + ph.span[1]
	for jz, tz := range z.taps {
		iz := tz.at + t.z*z.istep
		var image []float32 // of this depth; none outside
		if iz >= 0 && iz < s.in[0] {
			image = cv.x[(t.n*s.in[0]+iz)*plane:][:plane]
		}
		for r := range rows {
			if !ph.reads(r) {
				continue
			}
			iy := ph.lo[1] + t.y0*y.istep + r
			var src []float32
			if image != nil && iy >= 0 && iy < s.in[1] {
				src = image[iy*s.in[2]*s.c:][:s.in[2]*s.c]
			}
			if ph.mode == convHalo {
				size := ph.bufCols * s.c
				cv.haloRow(buf[(jz*ph.bufRows+r)*size:][:size], src, t)
			} else {
				at := (jz*y.istep+r%y.istep)*ph.bufRows + r/y.istep
				size := ph.cols * len(ph.axis[2].taps) * s.c
				cv.ribbonRow(buf[at*size:][:size], src, t)
			}
		}
	}
	return ptr(buf)
}

// reads reports whether any output of a strip reads row r of its input.
func (ph *convPhase) reads(r int) bool {
	y := &ph.axis[1]
	for _, tap := range y.taps {
		if d := r - (tap.at - ph.lo[1]); d >= 0 && d%y.istep == 0 {
			return true
		}
	}
	return false
}

// haloRow copies one row of input, its padding with it; src is nil for a row of padding.
func (cv *convRun) haloRow(dst, src []float32, t *convTask) {
	ph, s := t.ph, &cv.shape
	if src == nil {
		cv.padPixels(dst)
		return
	}
	x := &ph.axis[2]
	from := ph.lo[2] + t.x0*x.istep
	n := (t.cols-1)*x.istep + ph.span[2]
	left := min(max(0, -from), n)
	right := max(left, min(n, s.in[2]-from))
	cv.padPixels(dst[:left*s.c])
	if right > left {
		copy(dst[left*s.c:right*s.c], src[(from+left)*s.c:])
	}
	cv.padPixels(dst[right*s.c : n*s.c])
}

// ribbonRow copies the taps that each output sees in one row of input.
func (cv *convRun) ribbonRow(dst, src []float32, t *convTask) {
	ph, s := t.ph, &cv.shape
	if src == nil {
		cv.padPixels(dst)
		return
	}
	x := &ph.axis[2]
	for i := range t.cols {
		for _, tap := range x.taps {
			d := dst[:s.c]
			dst = dst[s.c:]
			if at := tap.at + (t.x0+i)*x.istep; at >= 0 && at < s.in[2] {
				copy(d, src[at*s.c:])
			} else {
				cv.padPixels(d)
			}
		}
	}
}

// padPixels fills pixels that lie outside the image.
func (cv *convRun) padPixels(dst []float32) {
	if cv.pad == nil {
		clear(dst)
		return
	}
	for len(dst) > 0 {
		dst = dst[copy(dst, cv.pad):]
	}
}
