package op

import (
	"math"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// maxTruncated is the most axes that [resizeTruncating] interpolates along.
const maxTruncated = 3

// truncates reports whether a resize is one of resizeTruncating's.
func truncates(a ResizeAttrs, d tensor.DType, axes []resizeAxis) bool {
	n := 0
	for _, r := range axes {
		if !r.same() {
			n++
		}
	}
	return a.Mode == "linear" && !a.Antialias && !a.ExcludeOutside && n <= maxTruncated && (d == tensor.I8 || d == tensor.U8 || d == tensor.I32)
}

// resizeTruncating is linear interpolation of the integers that ONNX Runtime interpolates too: the corners around a place are weighed
// in float32, the last axis first, and the sum loses its fraction. That order is part of the result: 66 may come out as 65.99999, and
// so as 65.
func resizeTruncating(e *ir.Env, a ResizeAttrs, x *tensor.Tensor, axes []resizeAxis) (tensor.Value, error) {
	y, err := e.New(x.DType(), resizedDims(axes)...)
	if err != nil {
		return nil, err
	}
	near := make([][]between, len(axes))
	for k, s := range strides(x.Dims()) {
		if near[k], err = neighbours(e, a.CoordinateTransformationMode, axes[k], s); err != nil {
			return nil, err
		}
	}
	v := x.Float64s()
	walk(y.Dims(), func(i int, at []int) {
		sum, outside := weighCorners(v, near, at)
		if outside {
			sum = a.ExtrapolationValue
		}
		y.SetInt64At(i, tensor.Wrap(float64(sum), x.DType()))
	})
	return y, e.Err()
}

// between is a place between two elements of an axis, given as offsets, with the weight of each; alike says that they are one, which is
// taken once.
type between struct {
	at             [2]int
	weight         [2]float32
	alike, outside bool
}

// neighbours returns where the places of a resized axis lie, whose elements are stride apart.
func neighbours(e *ir.Env, mode string, r resizeAxis, stride int) ([]between, error) {
	if err := e.Take(tensor.C128, []int{2, r.out}); err != nil {
		return nil, err
	}
	out := make([]between, r.out)
	for i := range out {
		if r.same() {
			out[i] = between{at: [2]int{i * stride}, weight: [2]float32{1}, alike: true}
			continue
		}
		p := r.rounded(mode, i)
		out[i].outside = r.outside(mode, p)
		in := float32(min(max(p, 0), float64(r.in-1)))
		low := int(in)
		high := min(low+1, r.in-1)
		out[i].at = [2]int{low * stride, high * stride}
		out[i].weight = [2]float32{float32(math.Abs(float64(in - float32(high)))), in - float32(low)}
		if low == high {
			out[i].weight = [2]float32{0.5, 0.5}
		}
	}
	return out, nil
}

// weighCorners returns the weighted sum of the elements around place at, and whether that lies outside the region of interest.
func weighCorners(v []float64, near [][]between, at []int) (sum float32, outside bool) {
	var free [maxTruncated]*between
	n, base := 0, 0
	for k := len(at) - 1; k >= 0; k-- {
		b := &near[k][at[k]]
		outside = outside || b.outside
		if b.alike {
			base += b.at[0]
			continue
		}
		free[n] = b
		n++
	}
	for c := range 1 << n {
		off, w := base, float32(1)
		for k, b := range free[:n] {
			side := c >> k & 1
			off += b.at[side]
			w *= b.weight[side]
		}
		sum += float32(w * float32(v[off]))
	}
	return sum, outside
}
