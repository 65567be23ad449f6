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
	HalfPixelForNN                        // (i + 0.5) / scale
	CropAndResize                         // from the start to the end of a region of interest
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

// A ResizeMode says what a place of the result is made of.
type ResizeMode uint8

const (
	ResizeNearest ResizeMode = iota // one element
	ResizeLinear
	ResizeCubic
	numResizeModes
)

// A resizeSpan is how one axis changes.
type resizeSpan struct {
	in, out  int
	scale    float64
	from, to float64 // the region of interest, as fractions of the axis
}

func (r *resizeSpan) same() bool { return r.in == r.out && r.scale == 1 && r.from == 0 && r.to == 1 }

// place returns the coordinate in the operand of place i of the result.
func (r *resizeSpan) place(mode Coordinates, i int) float64 {
	x, n, width := float64(i), float64(r.in), r.scale*float64(r.in)
	switch mode {
	case AlignCorners:
		if r.scale >= 1 {
			width = float64(r.out)
		}
		if width == 1 {
			return 0
		}
		return x * (n - 1) / (width - 1)
	case Asymmetric:
		return x / r.scale
	case HalfPixelForNN:
		return (x + 0.5) / r.scale
	case CropAndResize:
		if r.out <= 1 {
			return 0.5 * (r.from + r.to) * (n - 1)
		}
		return r.from*(n-1) + x*(r.to-r.from)*(n-1)/(float64(r.out)-1)
	case PytorchHalfPixel:
		if r.out <= 1 {
			return 0
		}
	case HalfPixelSymmetric:
		return n/2*(1-float64(r.out)/width) + (x+0.5)/r.scale - 0.5
	}
	return (x+0.5)/r.scale - 0.5
}

// rounded is place in float32 arithmetic, for coordinates that are rounded next: the quotient is whole where the true one nearly is.
func (r *resizeSpan) rounded(mode Coordinates, i int) float64 {
	x, scale := float32(i), float32(r.scale)
	switch mode {
	case Asymmetric:
		return float64(x / scale)
	case HalfPixelForNN:
		return float64((x + 0.5) / scale)
	case PytorchHalfPixel:
		if r.out <= 1 {
			return 0
		}
		fallthrough
	case HalfPixel:
		return float64(float32((x+0.5)/scale) - 0.5)
	}
	return r.place(mode, i)
}

// A resizeAxis holds what each place of one axis of the result is made of: width elements of the operand from table at, by
// weight. It is filled anew when what it was filled by changes.
type resizeAxis struct {
	resizeSpan
	filled bool
	width  int
	at     []int32 // elements; for nearest, -1 is outside
	weight []float64
	narrow []float32 // weight, rounded
	beyond []bool    // places outside of the operand
}

// set fills the tables for r.
func (x *resizeAxis) set(p *ResizeParam, r resizeSpan) error {
	if x.filled && x.resizeSpan == r {
		return nil
	}
	if r.in > 1<<31-1 || r.in == 0 && r.out > 0 {
		return fmt.Errorf("size %d becomes %d", r.in, r.out)
	}
	x.resizeSpan, x.filled = r, true
	x.at, x.weight, x.narrow, x.beyond = x.at[:0], x.weight[:0], x.narrow[:0], x.beyond[:0]
	if p.Mode == ResizeNearest {
		x.nearest(p)
		return nil
	}
	return x.taps(p)
}

func (x *resizeAxis) outside(p *ResizeParam, at float64) bool {
	return p.Coord == CropAndResize && (at < 0 || at > float64(x.in-1))
}

func (x *resizeAxis) nearest(p *ResizeParam) {
	x.width = 1
	same := x.same()
	for i := range x.out {
		at := float64(i)
		if !same {
			at = x.rounded(p.Coord, i)
		}
		if x.outside(p, at) {
			x.at = append(x.at, -1)
			continue
		}
		low := math.Floor(at)
		switch f := at - low; {
		case p.Nearest == PreferFloor && f > 0.5, p.Nearest == PreferCeil && f >= 0.5, p.Nearest == Ceil && f > 0:
			low++
		}
		x.at = append(x.at, int32(min(max(low, 0), float64(x.in-1))))
	}
}

func (x *resizeAxis) taps(p *ResizeParam) error {
	scale, reach := 1.0, 1.0
	if p.Antialias {
		scale = min(x.scale, 1)
	}
	if p.Mode == ResizeCubic {
		reach = 2
	}
	first := math.Floor(-reach/scale) + 1
	width := 2 - 2*first
	if !(width*float64(x.out) < 1<<28) {
		return fmt.Errorf("size %d becomes %d by %v", x.in, x.out, x.scale)
	}
	x.width = int(width)
	for i := range x.out {
		at := x.place(p.Coord, i)
		x.beyond = append(x.beyond, x.outside(p, at))
		base := math.Ceil(at) - 1
		sum := 0.0
		for j := range x.width {
			k := base + first + float64(j)
			d := math.Abs(k-at) * scale
			w := max(0, 1-d)
			if p.Mode == ResizeCubic {
				w = cubicWeight(p.Cubic, d)
			}
			if p.Exclude && (k < 0 || k >= float64(x.in)) {
				w = 0
			}
			sum += w
			x.weight = append(x.weight, w)
			x.at = append(x.at, int32(min(max(k, 0), float64(x.in-1))))
		}
		if p.Antialias || p.Exclude {
			for j := range x.width {
				x.weight[i*x.width+j] /= sum
			}
		}
	}
	for _, w := range x.weight {
		x.narrow = append(x.narrow, float32(w))
	}
	return nil
}

// cubicWeight is the weight of a neighbour at distance d, for coefficient a.
func cubicWeight(a, d float64) float64 {
	switch {
	case d <= 1:
		return ((a+2)*d-(a+3))*d*d + 1
	case d < 2:
		return ((a*d-5*a)*d+8*a)*d - 4*a
	}
	return 0
}
