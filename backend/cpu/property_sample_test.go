package cpu_test

import (
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
