package kern

import "math"

// ResizeScratch returns the bytes that [Resize] needs for what lies between its passes.
func ResizeScratch(p *ResizeParam, args []Arg) int {
	x, y := &args[0], &args[len(args)-1]
	switch {
	case p.Mode == ResizeNearest:
		return 0
	case p.Type == Float32 || p.Type.half():
		return 2 * ((4*max(x.Len(), y.Len()) + 7) &^ 7)
	}
	most := 1 // passes stand in the order of the axes: what lies between them may be larger than either end
	for i, d := range x.Dims {
		most *= max(d, y.Dims[i])
	}
	return 2 * 8 * most
}

// smooth interpolates along one axis after the other: float32 in an order of little work, others in float64 and in the order of the axes.
func (s *resizeState) smooth(c *Call) error {
	p, x, y := s.p, &c.Args[0], &c.Args[4]
	n, m := x.Len(), y.Len()
	half := len(c.Scratch) / 16 * 8
	bufs := [2]Arg{{Data: c.Scratch[:half]}, {Data: c.Scratch[half : 2*half]}}
	switch {
	case p.Type == Float32:
		s.cheapest()
		resizePasses(c, s, F32(x)[:n], F32(y)[:m], [2][]float32{F32(&bufs[0]), F32(&bufs[1])})
	case p.Type.half():
		s.cheapest()
		a, b := F32(&bufs[0]), F32(&bufs[1])
		s.convert = resizeConvert{t: p.Type, v32: a[:n], x: *x}
		c.ParallelTask(n, 1<<14, &s.convert)
		v := resizePasses(c, s, a[:n], nil, [2][]float32{b, a})
		s.convert = resizeConvert{back: true, t: p.Type, v32: v[:m], x: *y}
		c.ParallelTask(m, 1<<14, &s.convert)
	default:
		if k := len(s.order) - 1; p.Last && s.order[k] == s.rank-1 {
			at := 0
			if s.order[0] == 0 {
				at = min(1, k)
			}
			copy(s.order[at+1:], s.order[at:k])
			s.order[at] = s.rank - 1
		}
		a, b := Of[float64](&bufs[0]), Of[float64](&bufs[1])
		s.convert = resizeConvert{t: p.Type, v: a[:n], x: *x}
		c.ParallelTask(n, 1<<14, &s.convert)
		v := resizePasses(c, s, a[:n], nil, [2][]float64{b, a})
		s.convert = resizeConvert{back: true, up: p.Antialias, t: p.Type, v: v[:m], x: *y}
		c.ParallelTask(m, 1<<14, &s.convert)
	}
	s.convert = resizeConvert{}
	if p.Coord == CropAndResize {
		s.edge.run(c, s)
	}
	return nil
}

// cheapest orders the axes so that those that shrink most come first; of those alike the first where they shrink, for it goes
// over whole rows, else the last, for it has fewer then.
func (s *resizeState) cheapest() {
	for i := 1; i < len(s.order); i++ {
		for j := i; j > 0; j-- {
			a, b := &s.spans[s.order[j-1]], &s.spans[s.order[j]]
			if p, q := a.out*b.in, b.out*a.in; p < q || p == q && a.out < a.in {
				break
			}
			s.order[j-1], s.order[j] = s.order[j], s.order[j-1]
		}
	}
}

// resizePasses runs the passes from x to y; without y the last one writes to a buffer too, which it returns.
func resizePasses[T float32 | float64](c *Call, s *resizeState, x, y []T, bufs [2][]T) []T {
	var dims [MaxRank]int
	copy(dims[:], c.Args[0].Dims)
	for i, k := range s.order {
		a := &s.axes[k]
		l, _ := loopsOf(dims[:s.rank], k)
		outer, inner := l.outer, l.inner
		dims[k] = a.out
		to := bufs[i%2]
		if i == len(s.order)-1 && y != nil {
			to = y
		}
		if to = to[:outer*a.out*inner]; len(to) == 0 {
			return to
		}
		s.pass = resizePass{a: a, inner: inner}
		switch src := any(x).(type) {
		case []float32:
			s.pass.x32, s.pass.y32 = src, any(to).([]float32)
			t := pwBest()
			s.pass.scale, s.pass.add = t[int(OpMul)<<formBits+formB], t[int(OpFMA)<<formBits+formB]
		case []float64:
			s.pass.x64, s.pass.y64 = src, any(to).([]float64)
		}
		if inner == 1 {
			c.ParallelTask(outer, max(1, 1<<13/(a.out*a.width)), &s.pass)
		} else {
			c.ParallelTask(outer*a.out, max(1, 1<<14/(inner*a.width)), &s.pass)
		}
		s.pass = resizePass{}
		x = to
	}
	return x
}

// A resizePass interpolates along one axis: items are rows of the result along it where nothing lies behind it, else single places.
type resizePass struct {
	a          *resizeAxis
	inner      int
	x32, y32   []float32
	x64, y64   []float64
	scale, add pwFunc
}

func (r *resizePass) Do(_, lo, hi int) {
	switch {
	case r.x64 != nil && r.inner == 1:
		resizeAlong(r.a, r.a.weight, r.x64, r.y64, lo, hi)
	case r.x64 != nil:
		for i := lo; i < hi; i++ {
			r.across64(i)
		}
	case r.inner == 1 && r.a.width == 2:
		r.along2(lo, hi)
	case r.inner == 1:
		resizeAlong(r.a, r.a.narrow, r.x32, r.y32, lo, hi)
	default:
		for i := lo; i < hi; i++ {
			r.across32(i)
		}
	}
}

func resizeAlong[T float32 | float64](a *resizeAxis, weight []T, x, y []T, lo, hi int) {
	for row := lo; row < hi; row++ {
		src, dst := x[row*a.in:][:a.in], y[row*a.out:][:a.out]
		for i := range dst {
			var sum T
			at := a.at[i*a.width:][:a.width]
			for j, w := range weight[i*a.width:][:a.width] {
				if w != 0 {
					sum += w * src[at[j]]
				}
			}
			dst[i] = sum
		}
	}
}

// along2 is resizeAlong for two neighbours.
func (r *resizePass) along2(lo, hi int) {
	a := r.a
	for row := lo; row < hi; row++ {
		src, dst := r.x32[row*a.in:][:a.in], r.y32[row*a.out:][:a.out]
		at, w := a.at[:2*len(dst)], a.narrow[:2*len(dst)]
		for i := range dst {
			u, v := w[2*i], w[2*i+1]
			switch {
			case v == 0 && u == 0:
				dst[i] = 0
			case v == 0:
				dst[i] = u * src[at[2*i]]
			case u == 0:
				dst[i] = v * src[at[2*i+1]]
			default:
				dst[i] = u*src[at[2*i]] + v*src[at[2*i+1]]
			}
		}
	}
}

func (r *resizePass) across32(i int) {
	a, n := r.a, r.inner
	o, k := i/a.out, i%a.out
	dst, first := r.y32[i*n:][:n], true
	at := a.at[k*a.width:][:a.width]
	for j, w := range a.narrow[k*a.width:][:a.width] {
		if w == 0 {
			continue
		}
		src := r.x32[(o*a.in+int(at[j]))*n:][:n]
		for b := 0; b < n; b += rowBlock {
			m := min(rowBlock, n-b)
			if first {
				r.scale(m, &dst[b], &src[b], nil, nil, w)
			} else {
				r.add(m, &dst[b], &src[b], nil, &dst[b], w)
			}
		}
		first = false
	}
	if first {
		clear(dst)
	}
}

func (r *resizePass) across64(i int) {
	a, n := r.a, r.inner
	o, k := i/a.out, i%a.out
	dst := r.y64[i*n:][:n]
	clear(dst)
	at := a.at[k*a.width:][:a.width]
	for j, w := range a.weight[k*a.width:][:a.width] {
		if w == 0 {
			continue
		}
		for m, v := range r.x64[(o*a.in+int(at[j]))*n:][:n] {
			dst[m] += w * v
		}
	}
}

// resizeConvert turns elements into float64, or those of 16 bits into float32, and back. Integers are rounded, to even or half up.
type resizeConvert struct {
	back bool
	up   bool
	t    DType
	v    []float64
	v32  []float32
	x    Arg
}

func (r *resizeConvert) Do(_, lo, hi int) {
	switch {
	case r.v32 != nil && r.back:
		storeAs(r.t, &r.x, lo, r.v32[lo:hi])
	case r.v32 != nil:
		loadAs(r.t, &r.x, lo, 1, r.v32[lo:hi])
	case !r.back:
		s := castState{p: &CastParam{From: r.t, To: Float64}, src: r.x, dst: Arg{Data: Bytes(r.v)}}
		s.Do(0, lo, hi)
	default:
		e := &typeEnds[r.t]
		for i, f := range r.v[lo:hi] {
			switch {
			case e[0] >= e[1]:
				continue
			case f != f:
				f = 0
			case r.up:
				f = math.Floor(f + 0.5)
			default:
				f = math.RoundToEven(f)
			}
			r.v[lo+i] = min(max(f, e[0]), e[1])
		}
		s := castState{p: &CastParam{From: Float64, To: r.t}, src: Arg{Data: Bytes(r.v)}, dst: r.x}
		s.Do(0, lo, hi)
	}
}

// typeEnds are the ends of the integers that float64 holds, and of bools.
var typeEnds = [numDTypes][2]float64{
	Int8: {-1 << 7, 1<<7 - 1}, Int16: {-1 << 15, 1<<15 - 1}, Int32: {-1 << 31, 1<<31 - 1},
	Uint8: {0, 1<<8 - 1}, Uint16: {0, 1<<16 - 1}, Uint32: {0, 1<<32 - 1}, Bool: {-1 << 53, 1 << 53},
}

// resizeEdge writes the extrapolation value to places that lie outside along any axis.
type resizeEdge struct {
	s    *resizeState
	y    Arg
	fill []byte
	n    int
}

func (r *resizeEdge) run(c *Call, s *resizeState) {
	*r = resizeEdge{s: s, y: c.Args[4], fill: s.p.Fill, n: c.Args[4].Dims[s.rank-1]}
	c.ParallelTask(c.Args[4].Len()/r.n, max(1, 1<<13/r.n), r)
	*r = resizeEdge{}
}

func (r *resizeEdge) Do(_, lo, hi int) {
	s, size := r.s, r.s.p.Size
	for row := lo; row < hi; row++ {
		out, at := false, row
		for i := s.rank - 2; i >= 0; i-- {
			d := r.y.Dims[i]
			out = out || !s.spans[i].same() && s.axes[i].beyond[at%d]
			at /= d
		}
		last := &s.axes[s.rank-1]
		for j := range r.n {
			if out || !s.spans[s.rank-1].same() && last.beyond[j] {
				copy(r.y.Data[(row*r.n+j)*size:][:size], r.fill)
			}
		}
	}
}
