package kern

import (
	"fmt"
	"math"
)

// Coordinates says which place of the operand a place of the result stands for.
type Coordinates uint8

const (
	HalfPixel          Coordinates = iota // (i + 0.5) / scale - 0.5
	HalfPixelSymmetric                    // the same about the middle, where the scale gives no whole size
	PytorchHalfPixel                      // half pixel, but 0 for a result of size 1
	AlignCorners                          // i (in - 1) / (out - 1), out before it was rounded down where a scale below 1 left a fraction
	Asymmetric                            // i / scale
	numCoordinates
)

// Nearest says how a coordinate is rounded where no interpolation is made.
type Nearest uint8

const (
	PreferFloor Nearest = iota // to the nearest, down in the middle
	PreferCeil
	Floor
	Ceil
	numNearest
)

// A ResizeParam is the parameter of [ResizeF32]. Scales holds one number per dimension, 0 for
// result size / operand size; nil is all zeros.
type ResizeParam struct {
	Linear  bool // else the nearest element
	Coord   Coordinates
	Nearest Nearest
	Scales  []float64
}

type resizeState struct {
	p            *ResizeParam
	lo, hi       [2][]int     // for each place of the two dimensions its neighbours
	w            [2][]float32 // and the share of the upper one
	outer, inner int
	in, out      [2]int
	x, y         []float32
}

// ResizeF32 resizes at most two neighbouring dimensions, whichever differ between operand and
// result: the spatial ones of NCHW or NHWC. Operands other than the first are not read.
func ResizeF32(c *Call) error {
	p, ok := c.Param.(*ResizeParam)
	if !ok || len(c.Args) < 2 || p.Coord >= numCoordinates || p.Nearest >= numNearest {
		return fmt.Errorf("resize: parameter %v for %d operands", c.Param, len(c.Args))
	}
	in, out := &c.Args[0], &c.Args[len(c.Args)-1]
	n, err := in.count(4)
	m, err2 := out.count(4)
	if err != nil || err2 != nil || len(in.Dims) != len(out.Dims) || len(in.Dims) == 0 || p.Scales != nil && len(p.Scales) != len(in.Dims) || n == 0 && m != 0 {
		return fmt.Errorf("resize: %v by %v to %v", in.Dims, p.Scales, out.Dims)
	}
	if m == 0 {
		return nil
	}
	s := StateOf[resizeState](c)
	if err := s.layOut(p, in.Dims, out.Dims); err != nil {
		return fmt.Errorf("resize: %w", err)
	}
	s.p, s.x, s.y = p, F32(in)[:n], F32(out)[:m]
	row := s.out[1] * s.inner
	c.ParallelTask(s.outer*s.out[0], max(1, 1<<13/row), s)
	s.x, s.y = nil, nil
	return nil
}

func (s *resizeState) layOut(p *ResizeParam, in, out []int) error {
	first, last := -1, -1
	for i := range in {
		if in[i] != out[i] || p.Scales != nil && p.Scales[i] != 0 && p.Scales[i] != 1 {
			if first < 0 {
				first = i
			}
			last = i
		}
	}
	if first < 0 {
		first, last = len(in)-1, len(in)-1
	}
	if last > first+1 {
		return fmt.Errorf("%v to %v: more than two neighbouring dimensions", in, out)
	}
	s.outer, s.inner = 1, 1
	for _, d := range in[:first] {
		s.outer *= d
	}
	for _, d := range in[last+1:] {
		s.inner *= d
	}
	s.in, s.out = [2]int{1, in[last]}, [2]int{1, out[last]}
	scale := [2]float64{}
	if p.Scales != nil {
		scale[1] = p.Scales[last]
	}
	if first != last {
		s.in[0], s.out[0] = in[first], out[first]
		if p.Scales != nil {
			scale[0] = p.Scales[first]
		}
	}
	for k := range 2 {
		s.neighbours(p, k, scale[k])
	}
	return nil
}

// neighbours fills the tables of one dimension.
func (s *resizeState) neighbours(p *ResizeParam, k int, scale float64) {
	in, out := s.in[k], s.out[k]
	s.lo[k], s.hi[k], s.w[k] = s.lo[k][:0], s.hi[k][:0], s.w[k][:0]
	if scale == 0 {
		scale = float64(out) / float64(in)
	}
	width := float64(out)
	if scale < 1 {
		width = scale * float64(in)
	}
	for i := range out {
		x := float64(i)
		switch {
		case p.Coord == PytorchHalfPixel && out == 1, p.Coord == AlignCorners && width == 1:
			x = 0
		case p.Coord == AlignCorners:
			x = x * float64(in-1) / (width - 1)
		case p.Coord == Asymmetric && !p.Linear: // rounding follows: the quotient is float32's, which is whole where the true one nearly is
			x = float64(float32(x) / float32(scale))
		case p.Coord == Asymmetric:
			x /= scale
		case p.Coord == HalfPixel && !p.Linear:
			x = float64(float32((float32(x)+0.5)/float32(scale)) - 0.5)
		default:
			x = (x+0.5)/scale - 0.5
			if p.Coord == HalfPixelSymmetric {
				x += float64(in) / 2 * (1 - float64(out)/(scale*float64(in)))
			}
		}
		if !p.Linear {
			switch p.Nearest {
			case PreferFloor:
				x = math.Ceil(x - 0.5)
			case PreferCeil:
				x = math.Floor(x + 0.5)
			case Floor:
				x = math.Floor(x)
			case Ceil:
				x = math.Ceil(x)
			}
		}
		f := math.Floor(x)
		w := float32(x - f)
		lo := int(max(-1, min(f, float64(in))))
		s.lo[k] = append(s.lo[k], max(0, min(lo, in-1)))
		s.hi[k] = append(s.hi[k], max(0, min(lo+1, in-1)))
		s.w[k] = append(s.w[k], w)
	}
}

func (s *resizeState) Do(_, lo, hi int) {
	for row := lo; row < hi; row++ {
		o, i := row/s.out[0], row%s.out[0]
		line := s.in[1] * s.inner
		at := func(k int) []float32 { return s.x[(o*s.in[0]+k)*line:][:line] }
		y := s.y[row*s.out[1]*s.inner:][:s.out[1]*s.inner]
		if s.p.Linear {
			s.linear(y, at(s.lo[0][i]), at(s.hi[0][i]), s.w[0][i])
		} else {
			s.nearest(y, at(s.lo[0][i]))
		}
	}
}

func (s *resizeState) nearest(y, x []float32) {
	for j, k := range s.lo[1] {
		if s.inner == 1 {
			y[j] = x[k]
		} else {
			copy(y[j*s.inner:][:s.inner], x[k*s.inner:])
		}
	}
}

func (s *resizeState) linear(y, a, b []float32, w float32) {
	n := s.inner
	if n == 1 {
		s.linearRow(y, a, b, w)
		return
	}
	for j := range s.lo[1] {
		l, h, v := s.lo[1][j]*n, s.hi[1][j]*n, s.w[1][j]
		al, ah, bl, bh := a[l:l+n], a[h:h+n], b[l:l+n], b[h:h+n]
		d := y[j*n : j*n+n]
		for i := range d {
			top := al[i]*(1-v) + ah[i]*v
			bottom := bl[i]*(1-v) + bh[i]*v
			d[i] = top*(1-w) + bottom*w
		}
	}
}

// linearRow is linear for elements that lie one by one: between the rows first, then along them.
func (s *resizeState) linearRow(y, a, b []float32, w float32) {
	mem := takeRegs((len(a) + pwTileLen - 1) / pwTileLen)
	row := mem.buf[:len(a)]
	b = b[:len(a)]
	for i, v := range a {
		row[i] = v*(1-w) + b[i]*w
	}
	lo, hi, share := s.lo[1][:len(y)], s.hi[1][:len(y)], s.w[1][:len(y)]
	for j := range y {
		v := share[j]
		y[j] = row[lo[j]]*(1-v) + row[hi[j]]*v
	}
	giveRegs(mem)
}
