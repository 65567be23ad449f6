package cpu_test

import (
	"math"
	"slices"

	"github.com/cameo-onnx/cameo/ir/tensor"
)

// resize draws every mode, by scales or sizes of all axes or some.
func (c *trial) resize() {
	d := c.positive(pick(c, 1, 2, 3, 4, 4, 4, 5))
	if c.one(16) {
		d[c.r.IntN(len(d))] = 0
	}
	mode := pick(c, "nearest", "linear", "linear", "cubic")
	c.tame = mode != "nearest"
	c.x(d...)
	coord := pick(c, "half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "align_corners", "asymmetric", "tf_crop_and_resize", "tf_half_pixel_for_nn")
	c.set("Mode", mode)
	c.set("NearestMode", pick(c, "round_prefer_floor", "round_prefer_ceil", "floor", "ceil"))
	c.set("CoordinateTransformationMode", coord)
	c.set("ExtrapolationValue", pick(c, 0, 0, 7.5, -1))
	c.set("ExcludeOutside", c.one(4))
	c.set("Antialias", mode != "nearest" && c.one(4))
	c.set("CubicCoeffA", pick(c, -0.75, -0.5))
	axes := make([]int, len(d))
	for i := range axes {
		axes[i] = i
	}
	if c.coin() {
		axes = c.r.Perm(len(d))[:c.from(1, len(d))]
		given := slices.Clone(axes)
		for i := range given {
			given[i] -= c.r.IntN(2) * len(d)
		}
		c.set("Axes", given)
	}
	var roi, scales []float64
	var sizes []int
	for range 2 * len(axes) {
		roi = append(roi, pick(c, 0, 0, 0.25, 0.5, 1, 1, 1.25, -0.5))
	}
	for i, k := range axes {
		scales, sizes = append(scales, pick(c, 0.5, 0.6, 0.75, 1, 1, 1.5, 2, 2.5)), append(sizes, c.from(1, 2*d[k]+1))
		if k < 2 && c.coin() {
			scales[i], sizes[i] = 1, d[k]
		}
	}
	if coord == "tf_crop_and_resize" {
		c.in, c.index = append(c.in, tensor.FromFloat64s(pick(c, tensor.F32, tensor.F64), roi, len(roi))), append(c.index, true)
	} else {
		c.none(1)
	}
	if c.coin() {
		c.none(1)
		c.set("KeepAspectRatioPolicy", pick(c, "stretch", "stretch", "not_larger", "not_smaller"))
		c.ints(sizes, nil)
		return
	}
	c.in, c.index = append(c.in, tensor.FromFloat64s(tensor.F32, scales, len(scales))), append(c.index, true)
}

func (c *trial) gridSample() {
	r := pick(c, 1, 2, 2, 3, 4)
	mode := pick(c, "linear", "linear", "nearest", "cubic")
	c.tame = mode != "nearest"
	c.set("Mode", mode)
	c.set("PaddingMode", pick(c, "zeros", "border", "reflection"))
	c.set("AlignCorners", c.coin())
	n, ch := c.from(1, 3), pick(c, 1, 3, 17)
	d := c.positive(r)
	e := c.dims(r)
	for i := range d {
		d[i], e[i] = min(d[i], 9), min(e[i], 12)
	}
	c.x(slices.Concat([]int{n, ch}, d)...)
	c.tame = false
	g := c.x(slices.Concat([]int{n}, e, []int{r})...)
	if c.coin() {
		for i := range g.Len() {
			g.SetFloat64At(i, float64(c.from(-8, 8))/4)
		}
	}
}

// regions draws an image and regions of width numbers.
func (c *trial) regions(width int) {
	d := []int{c.from(1, 3), pick(c, 1, 3, 17, 33), c.from(1, 9), c.from(1, 20)}
	n := pick(c, 0, 1, 2, 7)
	c.x(d...)
	rois := c.x(n, width)
	for i := range rois.Len() {
		if f := float64(c.from(-4, 44)) / 2; c.one(40) {
			rois.SetFloat64At(i, math.NaN())
		} else {
			rois.SetFloat64At(i, f)
		}
		if width == 5 && i%5 == 0 {
			rois.SetFloat64At(i, float64(c.r.IntN(d[0])))
		}
	}
	c.set("SpatialScale", pick(c, 1, 0.25, 0.5))
	if width == 5 {
		c.set("PooledShape", []int{c.from(1, 4), c.from(1, 4)})
		return
	}
	v := c.between(n, 0, d[0]-1)
	if n > 0 && c.one(12) {
		v[0] = pick(c, -1, d[0])
	}
	c.ints(v, nil)
	c.set("Mode", pick(c, "avg", "avg", "max"))
	c.set("CoordinateTransformationMode", pick(c, "half_pixel", "output_half_pixel"))
	c.set("OutputHeight", c.from(1, 4))
	c.set("OutputWidth", c.from(1, 4))
	c.set("SamplingRatio", c.from(0, 3))
}
