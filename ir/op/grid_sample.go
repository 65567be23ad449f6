package op

import (
	"fmt"
	"math"
	"slices"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// GridSampleAttrs is ONNX's: Mode is "linear", "nearest" or "cubic", PaddingMode "zeros", "border" or "reflection".
// With AlignCorners, -1 and 1 are the centres of the outermost elements, else their outer edges.
type GridSampleAttrs struct {
	AlignCorners bool   `ir:"align_corners"`
	Mode         string `ir:"mode"`
	PaddingMode  string `ir:"padding_mode"`
}

func (a GridSampleAttrs) check(rank int) error {
	switch {
	case !slices.Contains([]string{"linear", "nearest", "cubic"}, a.Mode):
		return fmt.Errorf("mode %q", a.Mode)
	case !slices.Contains([]string{"zeros", "border", "reflection"}, a.PaddingMode):
		return fmt.Errorf("padding_mode %q", a.PaddingMode)
	case rank >= 0 && (rank < 3 || rank > 8):
		return fmt.Errorf("rank %d, not 3 to 8", rank)
	}
	return nil
}

// GridSample is x [N,C,D1...Dr] sampled at the places that grid [N,E1...Er,r] names, innermost axis first, as [N,C,E1...Er].
var GridSample = define(Def[GridSampleAttrs]{
	Name: "grid_sample", ONNX: "GridSample", Sig: "x T, grid G -> y T; T " + movable + ", G float",
	Props: ir.Pure,
	Attrs: GridSampleAttrs{Mode: "linear", PaddingMode: "zeros"},
	Infer: inferGridSample,
	Eval: func(e *ir.Env, a GridSampleAttrs, in []tensor.Value) (tensor.Value, error) {
		x, grid := tens(in, 0), tens(in, 1)
		if err := a.check(x.Rank()); err != nil {
			return nil, err
		}
		r := x.Rank() - 2
		g := grid.Dims()
		if len(g) != r+2 || g[0] != x.Dims()[0] || g[r+1] != r {
			return nil, fmt.Errorf("grid of sizes %v for x of sizes %v", g, x.Dims())
		}
		dims := slices.Concat(x.Dims()[:2], g[1:r+1])
		s := newGridSampler(a, x.Dims()[2:])
		if a.Mode == "nearest" {
			return s.pick(e, x, grid.Float64s(), dims)
		}
		if x.DType() == tensor.String {
			return nil, fmt.Errorf("mode %q of strings", a.Mode)
		}
		if err := e.Take(tensor.C128, dims); err != nil {
			return nil, err
		}
		if x.DType().IsComplex() {
			return s.complex(e, x, grid.Float64s(), dims)
		}
		y, err := s.run(e, x.Float64s(), grid.Float64s(), dims)
		if err != nil {
			return nil, err
		}
		if !x.DType().IsFloat() {
			snap(y)
		}
		return tensor.FromFloat64s(x.DType(), y, dims...), nil
	},
})

func inferGridSample(sc *ir.Scope, a GridSampleAttrs, in []ir.Known) (ir.Known, error) {
	x, g := in[0].Type, in[1].Type
	if err := a.check(x.Rank()); err != nil || x.Unranked {
		return of(x), err
	}
	if g.Unranked {
		return of(x.WithShape(slices.Concat(x.Shape[:2], sc.FreshShape(len(x.Shape)-2))...)), nil
	}
	r := len(x.Shape) - 2
	if len(g.Shape) != r+2 {
		return ir.Known{}, fmt.Errorf("grid is of rank %d, x of rank %d", len(g.Shape), len(x.Shape))
	}
	n, err := sc.Same(x.Shape[0], g.Shape[0], "batch")
	if err != nil {
		return ir.Known{}, err
	}
	if _, err := sc.Same(g.Shape[r+1], sym.Const(r), "coordinates of a place"); err != nil {
		return ir.Known{}, err
	}
	return of(x.WithShape(slices.Concat(ir.Shape{n, x.Shape[1]}, g.Shape[1:r+1])...)), nil
}

// gridSampler finds the elements of a plane, and their weights, that make up the value at a place.
type gridSampler struct {
	attrs  GridSampleAttrs
	dims   []int // of the plane
	st     []int
	at     []int     // offsets of the elements; -1 is a zero
	weight []float64 // of each
	axisAt []int
	axisW  []float64
}

func newGridSampler(a GridSampleAttrs, dims []int) *gridSampler {
	return &gridSampler{attrs: a, dims: dims, st: strides(dims)}
}

// look sets at and weight for the place p, the last axis first.
func (s *gridSampler) look(p []float64) {
	s.at, s.weight = append(s.at[:0], 0), append(s.weight[:0], 1)
	for i, n := range s.dims {
		s.axis(p[len(p)-1-i], n)
		m := len(s.at)
		for j := len(s.axisAt) - 1; j >= 0; j-- {
			for k := range m {
				off := -1
				if s.axisAt[j] >= 0 && s.at[k] >= 0 {
					off = s.at[k] + s.axisAt[j]*s.st[i]
				}
				if j > 0 {
					s.at, s.weight = append(s.at, off), append(s.weight, s.weight[k]*s.axisW[j])
				} else {
					s.at[k], s.weight[k] = off, s.weight[k]*s.axisW[0]
				}
			}
		}
	}
}

// axis sets axisAt and axisW for the normalised coordinate p along an axis of n elements.
func (s *gridSampler) axis(p float64, n int) {
	lo, hi := -0.5, float64(n)-0.5
	x := ((p+1)*float64(n) - 1) / 2
	if s.attrs.AlignCorners {
		lo, hi = 0, float64(n-1)
		x = (p + 1) / 2 * float64(n-1)
	}
	if s.attrs.Mode == "nearest" {
		x = math.RoundToEven(x)
	}
	if x < lo || x > hi {
		switch s.attrs.PaddingMode {
		case "border": // a cubic keeps its place, and only its neighbours move to the border
			if s.attrs.Mode != "cubic" {
				x = min(max(x, 0), float64(n-1))
			}
		case "reflection":
			x = mirror(x, lo, hi)
		}
	}
	// Beyond a few elements outside, nothing changes any more; what is no number lies there too.
	if x = min(max(x, -4), float64(n+4)); x != x {
		x = -4
	}
	base := int(math.Floor(x))
	f := x - float64(base)
	s.axisAt, s.axisW = s.axisAt[:0], s.axisW[:0]
	switch s.attrs.Mode {
	case "nearest":
		s.tap(base, n, lo, hi, 1)
	case "linear":
		s.tap(base, n, lo, hi, 1-f)
		s.tap(base+1, n, lo, hi, f)
	default:
		for k := -1; k <= 2; k++ {
			s.tap(base+k, n, lo, hi, cubic(-0.75, math.Abs(float64(k)-f)))
		}
	}
}

// tap appends element i of n, brought inside as the padding mode says.
func (s *gridSampler) tap(i, n int, lo, hi float64, w float64) {
	switch s.attrs.PaddingMode {
	case "border":
		i = min(max(i, 0), n-1)
	case "reflection":
		i = int(mirror(float64(i), lo, hi))
	}
	if i < 0 || i >= n {
		i = -1
	}
	s.axisAt, s.axisW = append(s.axisAt, i), append(s.axisW, w)
}

// mirror folds x into lo to hi, as if mirrors stood there.
func mirror(x, lo, hi float64) float64 {
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

// pick returns the nearest elements themselves.
func (s *gridSampler) pick(e *ir.Env, x *tensor.Tensor, grid []float64, dims []int) (tensor.Value, error) {
	at, err := indexSpace(e, dims...)
	if err != nil {
		return nil, err
	}
	r, c := len(s.dims), dims[1]
	plane := count(s.dims)
	places := count(dims[2:])
	for i := range dims[0] * places {
		s.look(grid[i*r : i*r+r])
		for k := range c {
			j := i/places*c + k
			if at[j*places+i%places] = -1; s.at[0] >= 0 {
				at[j*places+i%places] = j*plane + s.at[0]
			}
		}
	}
	return blocksOf(e, x, dims, at, 1)
}

// run returns the interpolated values.
func (s *gridSampler) run(e *ir.Env, v, grid []float64, dims []int) ([]float64, error) {
	n := count(dims)
	out := make([]float64, n)
	r, c := len(s.dims), dims[1]
	plane := count(s.dims)
	places := count(dims[2:])
	for i := range dims[0] * places {
		if i%4096 == 0 && e.Err() != nil {
			return nil, e.Err()
		}
		s.look(grid[i*r : i*r+r])
		for k := range c {
			j := i/places*c + k
			sum := 0.0
			for t, off := range s.at {
				if off >= 0 {
					sum += s.weight[t] * v[j*plane+off]
				}
			}
			out[j*places+i%places] = sum
		}
	}
	return out, nil
}

// complex interpolates the real and the imaginary parts.
func (s *gridSampler) complex(e *ir.Env, x *tensor.Tensor, grid []float64, dims []int) (tensor.Value, error) {
	var parts [2][]float64
	v := x.Complex128s()
	for k, part := range []func(complex128) float64{func(c complex128) float64 { return real(c) }, func(c complex128) float64 { return imag(c) }} {
		p := make([]float64, len(v))
		for i, c := range v {
			p[i] = part(c)
		}
		var err error
		if parts[k], err = s.run(e, p, grid, dims); err != nil {
			return nil, err
		}
	}
	out := make([]complex128, len(parts[0]))
	for i := range out {
		out[i] = complex(parts[0][i], parts[1][i])
	}
	return tensor.FromComplex128s(x.DType(), out, dims...), nil
}

// snap moves values that are whole but for rounding to what they stand for, before integers drop the fraction.
func snap(v []float64) {
	for i, x := range v {
		if r := math.Round(x); math.Abs(x-r) < 1e-6 {
			v[i] = r
		}
	}
}
