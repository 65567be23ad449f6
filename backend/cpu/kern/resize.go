package kern

import (
	"fmt"
	"math"
)

// A ResizeParam is the parameter of [Resize]. Axes gives, for each dimension in memory, its place in the operands scales, sizes
// and roi, or -1 where it stays; scales are float32, sizes int64, roi of type Roi. Fill is the extrapolation value.
type ResizeParam struct {
	Mode               ResizeMode
	Coord              Coordinates
	Nearest            Nearest
	Antialias, Exclude bool
	Cubic              float64
	Axes               []int
	Last               bool // the dimension of channels is the last in memory, and the second by name
	Policy             ResizePolicy
	Roi                DType
	Type               DType // of the elements; nearest only minds Size
	Size               int
	Fill               []byte
}

// A ResizePolicy says what becomes of the ratio of sizes that are asked for.
type ResizePolicy uint8

const (
	Stretch ResizePolicy = iota
	NotLarger
	NotSmaller
)

type resizeState struct {
	p       *ResizeParam
	spans   [MaxRank]resizeSpan
	axes    [MaxRank]resizeAxis
	rank    int
	order   []int // of the axes that change, as they are interpolated
	nearest nearestRun
	pass    resizePass
	edge    resizeEdge
	convert resizeConvert
}

// spanOf reads how each axis changes off the operands x, roi, scales, sizes.
func (s *resizeState) spanOf(c *Call, p *ResizeParam) error {
	in := c.Args[0].Dims
	if s.rank = len(in); len(c.Args) != 5 || len(p.Axes) != s.rank || s.rank > MaxRank {
		return fmt.Errorf("%d operands, axes %v of %v", len(c.Args), p.Axes, in)
	}
	for i, d := range in {
		s.spans[i] = resizeSpan{d, d, 1, 0, 1}
	}
	n := 0
	for _, k := range p.Axes {
		n = max(n, k+1)
	}
	if n == 0 {
		return nil
	}
	scales, sizes := &c.Args[2], &c.Args[3]
	byScale, bySize := scales.Has() && scales.Len() > 0, sizes.Has() && sizes.Len() > 0
	if byScale == bySize {
		return fmt.Errorf("scales or sizes must be given, and not both")
	}
	if byScale && (len(F32(scales)) < n || scales.Len() != n) {
		return fmt.Errorf("%d scales for %d axes", scales.Len(), n)
	}
	if bySize && (len(Of[int64](sizes)) < n || sizes.Len() != n) {
		return fmt.Errorf("%d sizes for %d axes", sizes.Len(), n)
	}
	if byScale {
		for i, k := range p.Axes {
			if k < 0 {
				continue
			}
			scale := float64(F32(scales)[k])
			f := math.Floor(float64(float32(in[i]) * float32(scale)))
			if !(scale > 0) || !(f < 1<<48) {
				return fmt.Errorf("scale %v of size %d", scale, in[i])
			}
			s.spans[i].out, s.spans[i].scale = int(f), scale
		}
	} else if err := s.bySizes(p, Of[int64](sizes)); err != nil {
		return err
	}
	return s.region(c, p, n)
}

func (s *resizeState) bySizes(p *ResizeParam, sizes []int64) error {
	common := math.NaN()
	for i, k := range p.Axes {
		if k < 0 {
			continue
		}
		r := &s.spans[i]
		if sizes[k] < 0 || sizes[k] > 1<<48 || r.in == 0 && sizes[k] > 0 {
			return fmt.Errorf("size %d becomes %d", r.in, sizes[k])
		}
		if r.out = int(sizes[k]); r.in == 0 {
			continue
		}
		r.scale = float64(r.out) / float64(r.in)
		if math.IsNaN(common) || (p.Policy == NotLarger) == (r.scale < common) {
			common = r.scale
		}
	}
	if p.Policy == Stretch {
		return nil
	}
	for i, k := range p.Axes {
		if r := &s.spans[i]; k >= 0 && r.in > 0 {
			r.scale, r.out = common, int(math.Floor(common*float64(r.in)+0.5))
		}
	}
	return nil
}

// region reads the region of interest.
func (s *resizeState) region(c *Call, p *ResizeParam, n int) error {
	if p.Coord != CropAndResize {
		return nil
	}
	roi := &c.Args[1]
	if !roi.Has() || roi.Len() != 2*n {
		return fmt.Errorf("roi does not hold %d numbers", 2*n)
	}
	at := func(i int) float64 { return float64(F32(roi)[i]) }
	if p.Roi == Float64 {
		at = func(i int) float64 { return Of[float64](roi)[i] }
	}
	for i, k := range p.Axes {
		if k < 0 {
			continue
		}
		r := &s.spans[i]
		r.from, r.to = at(k), at(k+n)
		if math.IsNaN(r.from-r.to) || math.IsInf(r.from-r.to, 0) {
			return fmt.Errorf("roi from %v to %v", r.from, r.to)
		}
	}
	return nil
}

// ResizeDims sets the dims of the result.
func ResizeDims(c *Call) error {
	p, ok := c.Param.(*ResizeParam)
	if !ok {
		return fmt.Errorf("resize: parameter is a %T", c.Param)
	}
	s := StateOf[resizeState](c)
	if err := s.spanOf(c, p); err != nil {
		return fmt.Errorf("resize: %w", err)
	}
	for i := range c.Args[4].Dims {
		c.Args[4].Dims[i] = s.spans[i].out
	}
	return nil
}

// Resize samples an operand at other sizes: operands x, roi, scales and sizes, of which the last three may be absent.
// Neighbours of weight 0 do not count, even if they are infinite.
func Resize(c *Call) error {
	p, ok := c.Param.(*ResizeParam)
	if !ok || p.Mode >= numResizeModes || p.Coord >= numCoordinates || p.Nearest >= numNearest {
		return fmt.Errorf("resize: parameter %v", c.Param)
	}
	s := StateOf[resizeState](c)
	if err := s.spanOf(c, p); err != nil {
		return fmt.Errorf("resize: %w", err)
	}
	x, y := &c.Args[0], &c.Args[4]
	n, err := x.count(p.Size)
	m, err2 := y.count(p.Size)
	if err != nil || err2 != nil || len(y.Dims) != s.rank {
		return fmt.Errorf("resize: %v to %v", x.Dims, y.Dims)
	}
	s.order = s.order[:0]
	for i := range s.rank {
		if y.Dims[i] != s.spans[i].out {
			return fmt.Errorf("resize: %v to %v, axis %d to %d", x.Dims, y.Dims, i, s.spans[i].out)
		}
		if s.spans[i].same() {
			continue
		}
		s.order = append(s.order, i)
		if err := s.axes[i].set(p, s.spans[i]); err != nil {
			return fmt.Errorf("resize: %w", err)
		}
	}
	if m == 0 {
		return nil
	}
	if n == 0 {
		return fmt.Errorf("resize: %v to %v", x.Dims, y.Dims)
	}
	s.p = p
	switch {
	case len(s.order) == 0:
		copy(y.Data[:m*p.Size], x.Data)
		return nil
	case p.Mode == ResizeNearest:
		s.nearest.run(c, s)
		return nil
	}
	return s.smooth(c)
}

// nearestRun copies elements by tables.
type nearestRun struct {
	s       *resizeState
	x, y    []byte
	fill    []byte
	last    int // the last axis that changes
	inner   int // elements behind it
	xs      [MaxRank]int
	lead    [MaxRank]int // sizes of the result before it
	columns int
}

func (r *nearestRun) run(c *Call, s *resizeState) {
	x, y := &c.Args[0], &c.Args[4]
	*r = nearestRun{s: s, x: x.Data, y: y.Data, fill: s.p.Fill, last: s.order[len(s.order)-1], inner: 1, xs: strides(x.Dims)}
	rows := 1
	for i, d := range y.Dims {
		switch {
		case i < r.last:
			r.lead[i] = d
			rows *= d
		case i > r.last:
			r.inner *= d
		}
	}
	r.columns = y.Dims[r.last]
	c.ParallelTask(rows, max(1, 1<<13/(r.columns*r.inner)), r)
	*r = nearestRun{}
}

// Do copies rows lo to hi-1: all places of the last axis that changes.
func (r *nearestRun) Do(_, lo, hi int) { nearestRowsOf.of(r.s.p.Size)(r, lo, hi) }

var nearestRowsOf = perWord[func(r *nearestRun, lo, hi int)]{
	nearestRows[uint8], nearestRows[uint16], nearestRows[uint32], nearestRows[uint64], nearestRows[[2]uint64],
}

func nearestRows[T word](r *nearestRun, lo, hi int) {
	x, y := words[T](r.x), words[T](r.y)
	var fill T
	if f := words[T](r.fill); len(f) > 0 {
		fill = f[0]
	}
	at, n := r.s.axes[r.last].at, r.inner
	for row := lo; row < hi; row++ {
		dst := y[row*r.columns*n:][:r.columns*n]
		from, ok := r.from(row)
		switch {
		case !ok:
			for i := range dst {
				dst[i] = fill
			}
		case n == 1:
			src := x[from:][:r.s.spans[r.last].in]
			for j, k := range at[:len(dst)] {
				if k >= 0 {
					dst[j] = src[k]
				} else {
					dst[j] = fill
				}
			}
		default:
			for j, k := range at {
				d := dst[j*n : j*n+n]
				if k >= 0 {
					copy(d, x[from+int(k)*n:])
					continue
				}
				for i := range d {
					d[i] = fill
				}
			}
		}
	}
}

// from returns where the elements of a row start in the operand; false outside of it.
func (r *nearestRun) from(row int) (int, bool) {
	off := 0
	for i := r.last - 1; i >= 0; i-- {
		q := row / r.lead[i]
		k := row - q*r.lead[i]
		row = q
		if a := &r.s.axes[i]; !r.s.spans[i].same() {
			if a.at[k] < 0 {
				return 0, false
			}
			k = int(a.at[k])
		}
		off += k * r.xs[i]
	}
	return off, true
}
