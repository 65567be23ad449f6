package cpu_test

import (
	"slices"

	"github.com/cameo-onnx/cameo/ir/tensor"
)

func (c *trial) compress() {
	d := c.dims(c.from(1, 4))
	n, _ := tensor.Count(d)
	x := c.x(d...)
	if c.coin() {
		a := c.axis(x.Rank())
		c.set("Axis", a)
		a, _ = wrap(a, x.Rank())
		n = d[a]
	}
	c.x(c.r.IntN(n + 1))
	if c.one(8) {
		c.in[1] = c.values(tensor.Bool, n+2)
	}
}

// few adds an operand of which many elements are alike.
func (c *trial) few(dims ...int) *tensor.Tensor {
	x := c.x(dims...)
	if d := x.DType(); d != tensor.String && !d.IsComplex() && c.coin() {
		for i := range x.Len() {
			x.SetFloat64At(i, float64(c.r.IntN(3)))
		}
	}
	return x
}

func (c *trial) unique() {
	d := c.dims(c.from(1, 4))
	c.few(d...)
	if c.coin() {
		c.set("Axis", c.axis(len(d)))
	}
	c.set("Sorted", c.coin())
	c.outs = c.from(1, 4)
}

func (c *trial) suppression() {
	batch, classes, n := c.from(1, 3), c.from(1, 3), pick(c, 0, 1, 5, 12, 40)
	c.set("CenterPointBox", c.r.IntN(2))
	b := c.x(batch, n, 4)
	for i := range b.Len() {
		if c.coin() {
			b.SetFloat64At(i, float64(c.r.IntN(9))/4)
		}
	}
	c.few(batch, classes, n)
	switch c.r.IntN(4) {
	case 0:
		c.none(1)
	case 1:
		c.ints([]int{pick(c, 0, -1, 1<<40)}, []int{})
	default:
		c.ints([]int{c.from(1, 20)}, pick(c, []int{}, []int{1}))
	}
	for range 2 {
		if c.coin() {
			c.none(1)
			continue
		}
		c.in, c.index = append(c.in, tensor.FromFloat64s(tensor.F32, []float64{pick(c, 0, 0.3, 0.5, 1, -1)})), append(c.index, false)
	}
}

func (c *trial) oneHot() {
	i := c.x(c.dims(c.r.IntN(4))...)
	if c.tame = true; c.coin() {
		for k := range i.Len() {
			if i.DType().IsFloat() {
				i.SetFloat64At(k, float64(c.from(-6, 6)))
			}
		}
	}
	depth := c.x(pick(c, []int{}, []int{1})...)
	depth.SetFloat64At(0, float64(c.from(0, 6)))
	c.index[1] = true
	c.x(2)
	c.set("Axis", c.axis(i.Rank()+1))
}

func (c *trial) trilu() {
	c.x(c.dims(c.from(2, 4))...)
	c.set("Upper", c.coin())
	if c.coin() {
		c.ints([]int{pick(c, c.from(-6, 6), 1<<62, -1<<62)}, pick(c, []int{}, []int{1}))
	}
}

func (c *trial) reversed() {
	d := c.positive(c.from(2, 4))
	time := c.r.IntN(2)
	c.set("TimeAxis", time)
	c.set("BatchAxis", 1-time)
	c.x(d...)
	v := c.between(d[1-time], 1, d[time])
	if c.one(8) {
		v[0] = pick(c, -1, d[time]+1, 0)
	}
	c.ints(v, nil)
}

func (c *trial) unpool() {
	k := c.from(1, 3)
	kernel, strides := c.between(k, 1, 3), c.between(k, 1, 3)
	c.set("KernelShape", kernel)
	c.set("Strides", strides)
	pads := make([]int, 2*k)
	if c.coin() {
		for i := range pads {
			pads[i] = c.r.IntN(2)
		}
		c.set("Pads", pads)
	}
	d, least := []int{c.from(1, 2), c.from(1, 3)}, 1
	for range k {
		d = append(d, c.from(1, 4))
	}
	out := slices.Clone(d)
	for i := range k {
		out[2+i] = (d[2+i]-1)*strides[i] + kernel[i] - pads[i] - pads[k+i]
	}
	least, _ = tensor.Count(out)
	n, _ := tensor.Count(d)
	c.x(d...)
	v := c.between(n, 0, max(0, least-1))
	if c.one(8) {
		v[0] = pick(c, -1, least)
	}
	c.ints(v, d)
	if c.coin() {
		for i := range out {
			out[i] = max(0, out[i]+c.from(0, 3)*min(i, 1))
		}
		c.ints(out, nil)
	}
}

func (c *trial) columns() {
	r := c.from(1, 3)
	image, block, strides, dilations, pads := c.between(r, 1, 6), c.between(r, 1, 3), c.between(r, 1, 2), c.between(r, 1, 2), c.between(2*r, 0, 1)
	places, elements := 1, 1
	for i := range r {
		n := (image[i]+pads[i]+pads[i+r]-dilations[i]*(block[i]-1)-1)/strides[i] + 1
		places *= max(0, n)
		elements *= block[i]
	}
	c.set("Strides", strides)
	c.set("Dilations", dilations)
	c.set("Pads", pads)
	c.tame = true
	c.x(c.from(1, 2), elements*c.from(1, 3), places)
	c.ints(image, nil)
	c.ints(block, nil)
}
