package kern

import "fmt"

// A PoolParam is the parameter of [PoolF32], for up to three spatial dimensions. The dims of the
// result say how many windows there are, which is how ceil_mode comes in.
type PoolParam struct {
	Kernel, Strides, Dilations []int // Strides and Dilations may be nil: ones
	Before, After              []int // padding; nil: none
	Average                    bool  // else the maximum
	CountPad                   bool  // the padding counts in the average
	Last                       bool  // channels lie last in memory, else second
}

// A window is one spatial dimension, outermost first; missing ones have size and kernel 1.
type window struct{ in, out, k, stride, dil, before, after int }

// span returns the taps of output i that lie inside the operand, and how many are inside it or its
// padding.
func (w *window) span(i int) (lo, hi, padded int) {
	start := i*w.stride - w.before
	lo, hi = w.taps(-start), w.taps(w.in-start)
	return min(lo, hi), hi, w.taps(w.in + w.after - start)
}

// taps returns how many taps of a window lie less than d behind its start.
func (w *window) taps(d int) int {
	if d <= 0 {
		return 0
	}
	return min(w.k, (d+w.dil-1)/w.dil)
}

// inside returns the outputs whose windows lie inside the operand as a whole.
func (w *window) inside() (lo, hi int) {
	lo = (w.before + w.stride - 1) / w.stride
	room := w.in - 1 - (w.k-1)*w.dil + w.before
	if room < 0 {
		return 0, 0
	}
	lo, hi = min(lo, w.out), min(room/w.stride+1, w.out)
	return lo, max(lo, hi)
}

type poolState struct {
	p    *PoolParam
	d    [3]window
	ch   int
	rows int // of the result, in the order of memory
	x, y []float32
	fold pwFunc // of two rows
	scal pwFunc // by an immediate
	call *Call  // whose Stop ends it
	wide bool   // windows are so large that each looks at Stop
}

// PoolF32 takes the maximum or average over windows. The operand is [N, C, spatial...], or
// [N, spatial..., C] with Last. A window that lies in the padding alone gives -Inf or 0.
func PoolF32(c *Call) error {
	p, ok := c.Param.(*PoolParam)
	if !ok || len(c.Args) != 2 {
		return fmt.Errorf("pool: parameter %T for %d operands", c.Param, len(c.Args))
	}
	s := StateOf[poolState](c)
	n, m, err := s.layOut(p, c, 4)
	if err != nil || m == 0 {
		return err
	}
	op := OpMax
	if p.Average {
		op = OpAdd
	}
	t := pwBest()
	s.x, s.y = F32(&c.Args[0])[:n], F32(&c.Args[1])[:m]
	s.fold, s.scal = t[int(op)<<formBits], t[int(OpMul)<<formBits+formB]
	c.ParallelTask(s.rows, s.grain(1<<14), s)
	s.x, s.y = nil, nil
	return nil
}

// layOut lays the windows out over operand 0, of n elements of so many bytes, and operand 1, of m.
func (s *poolState) layOut(p *PoolParam, c *Call, size int) (n, m int, err error) {
	in, out := c.Args[0].Dims, c.Args[1].Dims
	if err := s.windows(p, in, out); err != nil {
		return 0, 0, fmt.Errorf("pool: %w", err)
	}
	s.call, s.wide = c, p.Kernel != nil && countOf(p.Kernel) > 1<<10
	n, err = c.Args[0].count(size)
	m, err2 := c.Args[1].count(size)
	if err != nil || err2 != nil {
		return 0, 0, fmt.Errorf("pool: %v to %v: too short", in, out)
	}
	s.rows = in[0] * s.d[0].out * s.d[1].out
	if !p.Last {
		s.rows *= s.ch
	}
	return n, m, nil
}

// grain returns the rows that make up a chunk of about so many elements to look at: no window has
// more of them than the operand is wide, however large it is.
func (s *poolState) grain(elements int) int {
	each := s.d[2].out
	if s.p.Last {
		each *= s.ch
	}
	for _, w := range s.d {
		each *= max(1, min(w.k, w.in))
	}
	return max(1, elements/max(1, each))
}

func (s *poolState) windows(p *PoolParam, in, out []int) error {
	k := len(in) - 2
	if k < 1 || k > 3 || len(out) != len(in) || len(p.Kernel) != k || countOf(p.Kernel) > maxElements {
		return fmt.Errorf("kernel %v on %v to %v", p.Kernel, in, out)
	}
	first, ch := 2, 1
	if p.Last {
		first, ch = 1, k+1
	}
	if in[0] != out[0] || in[ch] != out[ch] {
		return fmt.Errorf("%v to %v", in, out)
	}
	s.p, s.ch = p, in[ch]
	at := func(v []int, i, or int) int {
		if v == nil {
			return or
		}
		return v[i]
	}
	for _, v := range [][]int{p.Strides, p.Dilations, p.Before, p.After} {
		if v != nil && len(v) != k {
			return fmt.Errorf("%v for %d dimensions", v, k)
		}
	}
	for i := range 3 {
		s.d[i] = window{1, 1, 1, 1, 1, 0, 0}
	}
	for i := range k {
		w := window{in[first+i], out[first+i], p.Kernel[i], at(p.Strides, i, 1), at(p.Dilations, i, 1), at(p.Before, i, 0), at(p.After, i, 0)}
		const most = 1 << 24
		if w.k < 1 || w.stride < 1 || w.dil < 1 || w.before < 0 || w.after < 0 || w.k > most || w.stride > most || w.dil > most || w.before > most || w.after > most {
			return fmt.Errorf("kernel %v, strides %v, dilations %v, padding %v and %v", p.Kernel, p.Strides, p.Dilations, p.Before, p.After)
		}
		s.d[3-k+i] = w
	}
	return nil
}

func (s *poolState) Do(_, lo, hi int) {
	for row := lo; row < hi; row++ {
		if s.p.Last {
			s.channelsLast(row)
		} else {
			s.plane(row)
		}
	}
}

// empty is what a window without elements comes to.
func (s *poolState) empty() float32 {
	if s.p.Average {
		return 0
	}
	return -inf32
}

// channelsLast computes one output row: windows side by side, each a vector of channels.
func (s *poolState) channelsLast(row int) {
	dz, dy, dx := &s.d[0], &s.d[1], &s.d[2]
	oy := row % dy.out
	oz := row / dy.out % dz.out
	n := row / dy.out / dz.out
	z0, z1, zp := dz.span(oz)
	y0, y1, yp := dy.span(oy)
	for ox := range dx.out {
		if s.wide && s.call.Stopped() {
			return
		}
		x0, x1, xp := dx.span(ox)
		dst := s.y[(row*dx.out+ox)*s.ch:][:s.ch]
		first := true
		for kz := z0; kz < z1; kz++ {
			iz := n*dz.in + oz*dz.stride - dz.before + kz*dz.dil
			for ky := y0; ky < y1; ky++ {
				iy := iz*dy.in + oy*dy.stride - dy.before + ky*dy.dil
				for kx := x0; kx < x1; kx++ {
					ix := iy*dx.in + ox*dx.stride - dx.before + kx*dx.dil
					src := s.x[ix*s.ch:][:s.ch]
					if first {
						copy(dst, src)
						first = false
						continue
					}
					s.fold(s.ch, &dst[0], &dst[0], &src[0], nil, 0)
				}
			}
		}
		count := (z1 - z0) * (y1 - y0) * (x1 - x0)
		if first {
			count = 1
			for i := range dst {
				dst[i] = s.empty()
			}
		}
		if s.p.Average {
			s.scal(s.ch, &dst[0], &dst[0], nil, nil, s.share(count, zp*yp*xp))
		}
	}
}

// plane computes one output row of one channel: the rows under the windows are folded into one as
// vectors, and that is folded along itself.
func (s *poolState) plane(row int) {
	dz, dy, dx := &s.d[0], &s.d[1], &s.d[2]
	oy := row % dy.out
	oz := row / dy.out % dz.out
	plane := row / dy.out / dz.out
	z0, z1, zp := dz.span(oz)
	y0, y1, yp := dy.span(oy)
	var line []float32
	var mem *pwRegs
	for kz := z0; kz < z1; kz++ {
		iz := plane*dz.in + oz*dz.stride - dz.before + kz*dz.dil
		if s.wide && s.call.Stopped() {
			break
		}
		for ky := y0; ky < y1; ky++ {
			iy := iz*dy.in + oy*dy.stride - dy.before + ky*dy.dil
			src := s.x[iy*dx.in:][:dx.in]
			switch {
			case line == nil:
				line = src
				continue
			case mem == nil:
				mem = takeRegs((dx.in + pwTileLen - 1) / pwTileLen)
				line = mem.buf[:dx.in]
				copy(line, s.x[(((plane*dz.in+oz*dz.stride-dz.before+z0*dz.dil)*dy.in)+oy*dy.stride-dy.before+y0*dy.dil)*dx.in:])
			}
			s.foldRow(line, src)
		}
	}
	s.along(s.y[row*dx.out:][:dx.out], line, (z1-z0)*(y1-y0), zp*yp)
	if mem != nil {
		giveRegs(mem)
	}
}

func (s *poolState) foldRow(line, src []float32) {
	for at := 0; at < len(src); at += rowBlock {
		s.fold(min(rowBlock, len(src)-at), &line[at], &line[at], &src[at], nil, 0)
	}
}

// along folds a line, the join of so many rows, window by window.
func (s *poolState) along(out, line []float32, rows, paddedRows int) {
	dx := &s.d[2]
	lo, hi := 0, 0
	if len(line) > 0 {
		lo, hi = dx.inside()
	}
	for ox := range out {
		if ox == lo && hi > lo {
			s.full(out[lo:hi], line[lo*dx.stride-dx.before:], rows, paddedRows)
		}
		if ox >= lo && ox < hi {
			continue
		}
		x0, x1, xp := dx.span(ox)
		if len(line) == 0 || x0 == x1 {
			out[ox] = s.empty()
			continue
		}
		if s.wide && s.call.Stopped() {
			return
		}
		out[ox] = s.one(line[ox*dx.stride-dx.before+x0*dx.dil:], x1-x0, rows, paddedRows*xp)
	}
}

// one folds n taps from the start of a line.
func (s *poolState) one(line []float32, n, rows, padded int) float32 {
	v, at := line[0], 0
	for range n - 1 {
		at += s.d[2].dil
		if s.p.Average {
			v += line[at]
		} else {
			v = max(v, line[at])
		}
	}
	if s.p.Average {
		v *= s.share(rows*n, padded)
	}
	return v
}

// share is what an average multiplies its sum by.
func (s *poolState) share(count, padded int) float32 {
	if s.p.CountPad {
		count = max(1, padded)
	}
	return 1 / float32(count)
}

// full folds windows that are whole: at every place of the line, as vectors, of which those that
// the stride asks for are then picked.
func (s *poolState) full(out, line []float32, rows, paddedRows int) {
	dx := &s.d[2]
	n := (len(out)-1)*dx.stride + 1
	mem := takeRegs((n + pwTileLen - 1) / pwTileLen)
	acc := mem.buf[:n]
	copy(acc, line)
	for t := 1; t < dx.k && !(s.wide && s.call.Stopped()); t++ {
		s.foldRow(acc, line[t*dx.dil:][:n])
	}
	for i := range out {
		out[i] = acc[i*dx.stride]
	}
	if s.p.Average {
		r := s.share(rows*dx.k, paddedRows*dx.k)
		for i := range out {
			out[i] *= r
		}
	}
	giveRegs(mem)
}
