package op

import (
	"fmt"
	"math"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// place returns the coordinate in the original axis of place i of the resized one. Where a scale leaves a fraction, the width that
// align_corners spreads over keeps it if the axis shrinks, as ONNX's own cases have it, and drops it if it grows, so that the corners
// meet.
func (r resizeAxis) place(mode string, i int) float64 {
	x, n, width := float64(i), float64(r.in), r.scale*float64(r.in)
	switch mode {
	case "align_corners":
		if r.scale >= 1 {
			width = float64(r.out)
		}
		if width == 1 {
			return 0
		}
		return x * (n - 1) / (width - 1)
	case "asymmetric":
		return x / r.scale
	case "tf_half_pixel_for_nn":
		return (x + 0.5) / r.scale
	case "tf_crop_and_resize":
		if r.out <= 1 {
			return 0.5 * (r.from + r.to) * (n - 1)
		}
		return r.from*(n-1) + x*(r.to-r.from)*(n-1)/(float64(r.out)-1)
	case "pytorch_half_pixel":
		if r.out <= 1 {
			return 0
		}
	case "half_pixel_symmetric":
		return n/2*(1-float64(r.out)/width) + (x+0.5)/r.scale - 0.5
	}
	return (x+0.5)/r.scale - 0.5
}

// rounded is place in float32 arithmetic: 3 divided by the float32 next to 0.6 is 5 there, and less than 5, so another element, in float64.
func (r resizeAxis) rounded(mode string, i int) float64 {
	x, scale := float32(i), float32(r.scale)
	switch mode {
	case "asymmetric":
		return float64(x / scale)
	case "tf_half_pixel_for_nn":
		return float64((x + 0.5) / scale)
	case "pytorch_half_pixel":
		if r.out <= 1 {
			return 0
		}
		fallthrough
	case "half_pixel":
		return float64(float32((x+0.5)/scale) - 0.5)
	}
	return r.place(mode, i)
}

// outside reports whether coordinate p takes the extrapolation value.
func (r resizeAxis) outside(mode string, p float64) bool {
	return mode == "tf_crop_and_resize" && (p < 0 || p > float64(r.in-1))
}

// same reports whether the axis stays as it is.
func (r resizeAxis) same() bool { return r.in == r.out && r.scale == 1 && r.from == 0 && r.to == 1 }

func resizedDims(axes []resizeAxis) []int {
	dims := make([]int, len(axes))
	for i, r := range axes {
		dims[i] = r.out
	}
	return dims
}

func resizeNearest(e *ir.Env, a ResizeAttrs, x *tensor.Tensor, axes []resizeAxis) (tensor.Value, error) {
	out, err := draftOf(e, x.DType(), resizedDims(axes))
	if err != nil {
		return nil, err
	}
	if a.ExtrapolationValue != 0 && x.DType() != tensor.String {
		fill := tensor.New(x.DType())
		fill.SetFloat64At(0, float64(a.ExtrapolationValue))
		out.fill(0, out.t.Len(), lanesOf(fill), 0)
	}
	idx := make([][]int, len(axes))
	for k, s := range strides(x.Dims()) {
		r := axes[k]
		if r.in == 0 && r.out > 0 {
			return nil, fmt.Errorf("size 0 becomes %d", r.out)
		}
		if idx[k], err = indexSpace(e, r.out); err != nil {
			return nil, err
		}
		for i := range idx[k] {
			p := float64(i)
			if !r.same() {
				p = r.rounded(a.CoordinateTransformationMode, i)
			}
			if idx[k][i] = -1; !r.outside(a.CoordinateTransformationMode, p) {
				idx[k][i] = nearest(a.NearestMode, p, r.in) * s
			}
		}
	}
	out.grid(lanesOf(x), idx)
	return out.done(), nil
}

// nearest returns the element of n that is nearest to p.
func nearest(mode string, p float64, n int) int {
	low := math.Floor(p)
	switch f := p - low; {
	case mode == "round_prefer_floor" && f > 0.5, mode == "round_prefer_ceil" && f >= 0.5, mode == "ceil" && f > 0:
		low++
	}
	return int(min(max(low, 0), float64(n-1)))
}

// taps is the weights of neighbours for each place of a resized axis: width of them for each.
type taps struct {
	width  int
	at     []int // elements of the original axis
	weight []float64
	out    []bool // places that take the extrapolation value
}

// tapsOf returns the taps of an axis.
func tapsOf(e *ir.Env, a ResizeAttrs, r resizeAxis) (taps, error) {
	scale, reach := 1.0, 1.0
	if a.Antialias {
		scale = min(r.scale, 1)
	}
	if a.Mode == "cubic" {
		reach = 2
	}
	first := math.Floor(-reach/scale) + 1
	width := 2 - 2*first
	if r.in == 0 && r.out > 0 || width > 1<<40 {
		return taps{}, fmt.Errorf("size %d becomes %d", r.in, r.out)
	}
	t := taps{width: int(width)}
	at, err := indexSpace(e, 2, r.out, t.width)
	if err != nil {
		return t, err
	}
	t.at, t.weight, t.out = at[:r.out*t.width], make([]float64, r.out*t.width), make([]bool, r.out)
	for i := range r.out {
		p := r.place(a.CoordinateTransformationMode, i)
		t.out[i] = r.outside(a.CoordinateTransformationMode, p)
		base := math.Ceil(p) - 1
		w, sum := t.weight[i*t.width:][:t.width], 0.0
		for j := range w {
			k := base + first + float64(j)
			d := math.Abs(k-p) * scale
			if w[j] = max(0, 1-d); a.Mode == "cubic" {
				w[j] = cubic(float64(a.CubicCoeffA), d)
			}
			if a.ExcludeOutside && (k < 0 || k >= float64(r.in)) {
				w[j] = 0
			}
			sum += w[j]
			t.at[i*t.width+j] = int(min(max(k, 0), float64(r.in-1)))
		}
		if a.Antialias || a.ExcludeOutside {
			for j := range w {
				w[j] /= sum
			}
		}
	}
	return t, nil
}

// cubic is the weight of a neighbour at distance d, for coefficient a.
func cubic(a, d float64) float64 {
	switch {
	case d <= 1:
		return ((a+2)*d-(a+3))*d*d + 1
	case d < 2:
		return ((a*d-5*a)*d+8*a)*d - 4*a
	}
	return 0
}

// resizeSmooth interpolates along one axis after the other. Integers are rounded, to even, or half up where it smooths.
func resizeSmooth(e *ir.Env, a ResizeAttrs, x *tensor.Tensor, axes []resizeAxis) (tensor.Value, error) {
	v, dims := x.Float64s(), append([]int(nil), x.Dims()...)
	outside := make([][]bool, len(axes))
	for k, r := range axes {
		if r.same() {
			continue
		}
		t, err := tapsOf(e, a, r)
		if err != nil {
			return nil, err
		}
		next := with(dims, k, r.out)
		if err := e.Take(tensor.F64, next); err != nil {
			return nil, err
		}
		v, outside[k] = t.apply(v, dims, k), t.out
		dims = next
		if err := e.Err(); err != nil {
			return nil, err
		}
	}
	if err := e.Take(x.DType(), dims); err != nil {
		return nil, err
	}
	if a.CoordinateTransformationMode == "tf_crop_and_resize" {
		walk(dims, func(i int, at []int) {
			for k, p := range at {
				if outside[k] != nil && outside[k][p] {
					v[i] = float64(a.ExtrapolationValue)
				}
			}
		})
	}
	if !x.DType().IsFloat() {
		for i, f := range v {
			if v[i] = math.RoundToEven(f); a.Antialias {
				v[i] = math.Floor(f + 0.5)
			}
		}
	}
	return tensor.FromFloat64s(x.DType(), v, dims...), nil
}

// apply returns the values of a tensor of sizes dims interpolated along axis.
func (t taps) apply(v []float64, dims []int, axis int) []float64 {
	outer, n, inner := split(dims, axis)
	m := len(t.out)
	out := make([]float64, outer*m*inner)
	for o := range outer {
		for i := range m {
			dst := out[(o*m+i)*inner:][:inner]
			for j, w := range t.weight[i*t.width:][:t.width] {
				if w == 0 {
					continue
				}
				src := v[(o*n+t.at[i*t.width+j])*inner:][:inner]
				for k, s := range src {
					dst[k] += w * s
				}
			}
		}
	}
	return out
}
