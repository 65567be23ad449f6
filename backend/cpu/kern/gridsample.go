package kern

import (
	"fmt"
	"math"
	"slices"
)

// A GridPadding says what stands beyond the edges that a grid names places of.
type GridPadding uint8

const (
	GridZeros GridPadding = iota
	GridBorder
	GridReflection
)

// A GridParam is the parameter of [GridSample]. With Align, -1 and 1 are the centres of the outermost elements, else their
// outer edges. Size is that of an element; what is not the nearest one is float32.
type GridParam struct {
	Mode    ResizeMode
	Padding GridPadding
	Align   bool
	Size    int
}

type gridState struct {
	p        *GridParam
	x, y     Arg
	grid     []float32
	rank     int // of a plane
	dims     [3]int
	st       [3]int
	ch       int
	plane    int
	places   int // of a plane of the result
	taps     int // elements that a place is made of
	block    int // places that are looked up at a time
	perPlane int // blocks
}

// gridRoom is how many taps are looked up at a time.
const gridRoom = 512

// GridSample samples x [N,C,D1...Dr], r up to 3, at the places that grid [N,E1...Er,r] names, innermost axis first, into [N,C,E1...Er].
func GridSample(c *Call) error {
	p, ok := c.Param.(*GridParam)
	if !ok || len(c.Args) != 3 || p.Mode >= numResizeModes {
		return fmt.Errorf("grid_sample: parameter %v for %d operands", c.Param, len(c.Args))
	}
	x, g, y := &c.Args[0], &c.Args[1], &c.Args[2]
	for i, a := range []*Arg{x, g, y} {
		size := p.Size
		if i == 1 {
			size = 4
		}
		if err := sized(a, size, "grid_sample"); err != nil {
			return err
		}
	}
	r := len(x.Dims) - 2
	if r < 1 || r > 3 || len(g.Dims) != r+2 || g.Dims[0] != x.Dims[0] || g.Dims[r+1] != r ||
		len(y.Dims) != r+2 || !slices.Equal(y.Dims[:2], x.Dims[:2]) || !slices.Equal(y.Dims[2:], g.Dims[1:r+1]) {
		return fmt.Errorf("grid of sizes %v for x of sizes %v", g.Dims, x.Dims)
	}
	if y.Len() == 0 {
		return nil
	}
	s := StateOf[gridState](c)
	*s = gridState{p: p, x: *x, y: *y, grid: F32(g), rank: r, ch: x.Dims[1], plane: 1, places: 1, taps: 1}
	for i := r - 1; i >= 0; i-- {
		s.dims[i], s.st[i] = x.Dims[2+i], s.plane
		s.plane *= x.Dims[2+i]
		s.places *= y.Dims[2+i]
		if p.Mode != ResizeNearest {
			s.taps *= 2 * int(p.Mode)
		}
	}
	if s.plane > 1<<31-1 {
		return fmt.Errorf("grid_sample: planes of %d elements", s.plane)
	}
	s.block = gridRoom / s.taps
	s.perPlane = (s.places + s.block - 1) / s.block
	c.ParallelTask(x.Dims[0]*s.perPlane, max(1, 1<<13/(s.block*s.taps*s.ch)), s)
	*s = gridState{}
	return nil
}

// gridTaps are the elements that some places are made of, by weight; -1 is a zero.
type gridTaps struct {
	at     [gridRoom]int32
	weight [gridRoom]float32
	inside bool // none is a zero
}

// Do samples blocks lo to hi-1, of all channels.
func (s *gridState) Do(_, lo, hi int) {
	var t gridTaps
	for i := lo; i < hi; i++ {
		n, from := i/s.perPlane, i%s.perPlane*s.block
		count := min(s.block, s.places-from)
		t.inside = true
		for k := range count {
			s.look(&t, k, s.grid[(n*s.places+from+k)*s.rank:][:s.rank])
		}
		for c := n * s.ch; c < (n+1)*s.ch; c++ {
			if s.p.Mode != ResizeNearest {
				s.blend(&t, F32(&s.x)[c*s.plane:][:s.plane], F32(&s.y)[c*s.places+from:][:count])
				continue
			}
			gridPickOf.of(s.p.Size)(s, &t, c, from, count)
		}
	}
}

var gridPickOf = perWord[func(s *gridState, t *gridTaps, c, from, count int)]{
	gridPick[uint8], gridPick[uint16], gridPick[uint32], gridPick[uint64], gridPick[[2]uint64],
}

func gridPick[T word](s *gridState, t *gridTaps, c, from, count int) {
	x, y := words[T](s.x.Data)[c*s.plane:][:s.plane], words[T](s.y.Data)[c*s.places+from:][:count]
	for i := range y {
		var v T
		if k := t.at[i]; k >= 0 {
			v = x[k]
		}
		y[i] = v
	}
}

// blend computes one channel of a block.
func (s *gridState) blend(t *gridTaps, x, y []float32) {
	if s.taps == 4 && t.inside {
		for i := range y {
			at, w := t.at[4*i:4*i+4:4*i+4], t.weight[4*i:4*i+4:4*i+4]
			y[i] = w[0]*x[at[0]] + w[1]*x[at[1]] + w[2]*x[at[2]] + w[3]*x[at[3]]
		}
		return
	}
	for i := range y {
		var sum float32
		for j, k := range t.at[i*s.taps:][:s.taps] {
			if k >= 0 {
				sum += t.weight[i*s.taps+j] * x[k]
			}
		}
		y[i] = sum
	}
}

// look sets the taps of place k of a block, whose coordinates come the last axis first.
func (s *gridState) look(t *gridTaps, k int, coord []float32) {
	at, weight := t.at[k*s.taps:][:s.taps], t.weight[k*s.taps:][:s.taps]
	var axisAt [4]int32
	var axisW [4]float64
	var wide [64]float64
	at[0], wide[0] = 0, 1
	m := 1
	for i := range s.rank {
		n := s.axis(&axisAt, &axisW, float64(coord[s.rank-1-i]), s.dims[i])
		for j := n - 1; j >= 0; j-- {
			for q := range m {
				off := int32(-1)
				if axisAt[j] >= 0 && at[q] >= 0 {
					off = at[q] + axisAt[j]*int32(s.st[i])
				}
				at[j*m+q], wide[j*m+q] = off, wide[q]*axisW[j]
			}
		}
		m *= n
	}
	for j := range weight {
		weight[j] = float32(wide[j])
		t.inside = t.inside && at[j] >= 0
	}
}

// axis sets the elements, and their weights, for a coordinate along an axis of n elements, and returns their number.
func (s *gridState) axis(at *[4]int32, weight *[4]float64, p float64, n int) int {
	lo, hi := -0.5, float64(n)-0.5
	x := ((p+1)*float64(n) - 1) / 2
	if s.p.Align {
		lo, hi = 0, float64(n-1)
		x = (p + 1) / 2 * float64(n-1)
	}
	if s.p.Mode == ResizeNearest {
		x = math.RoundToEven(x)
	}
	if x < lo || x > hi {
		switch s.p.Padding {
		case GridBorder: // a cubic keeps its place, and only its neighbours move to the border
			if s.p.Mode != ResizeCubic {
				x = min(max(x, 0), float64(n-1))
			}
		case GridReflection:
			x = gridMirror(x, lo, hi)
		}
	}
	// Beyond a few elements outside, nothing changes any more; what is no number lies there too.
	if x = min(max(x, -4), float64(n+4)); x != x {
		x = -4
	}
	base := int(math.Floor(x))
	f := x - float64(base)
	switch s.p.Mode {
	case ResizeNearest:
		at[0], weight[0] = s.tap(base, n, lo, hi), 1
		return 1
	case ResizeLinear:
		at[0], weight[0] = s.tap(base, n, lo, hi), 1-f
		at[1], weight[1] = s.tap(base+1, n, lo, hi), f
		return 2
	}
	for k := range 4 {
		at[k], weight[k] = s.tap(base+k-1, n, lo, hi), cubicWeight(-0.75, math.Abs(float64(k-1)-f))
	}
	return 4
}

// tap returns element i of n, brought inside as the padding says; -1 is a zero.
func (s *gridState) tap(i, n int, lo, hi float64) int32 {
	switch s.p.Padding {
	case GridBorder:
		i = min(max(i, 0), n-1)
	case GridReflection:
		i = int(gridMirror(float64(i), lo, hi))
	}
	if i < 0 || i >= n {
		return -1
	}
	return int32(i)
}

// gridMirror folds x into lo to hi, as if mirrors stood there.
func gridMirror(x, lo, hi float64) float64 {
	if x >= lo && x <= hi {
		return x
	}
	width := hi - lo
	if !(width > 0) {
		return lo
	}
	d := math.Mod(math.Abs(x-lo), 2*width)
	return lo + min(d, 2*width-d)
}
