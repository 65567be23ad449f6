package cpu_test

import (
	"reflect"
	"slices"

	"github.com/cameo-onnx/cameo/ir/tensor"
)

func (c *trial) axisOf(field string) int {
	return int(reflect.ValueOf(c.attrs).FieldByName(field).Int())
}

// window draws kernel, strides, dilations and pads for k spatial axes of the sizes that it returns.
func (c *trial) window(k int, transposed bool) (kernel, in []int) {
	kernel = c.between(k, 1, 3)
	strides, dil, pads := c.between(k, 1, 2), c.between(k, 1, 2), c.between(2*k, 0, 1)
	if c.one(4) { // wide windows, far apart
		kernel[0], strides[k-1], dil[k-1], pads[0] = pick(c, 5, 7), c.from(1, 4), c.from(1, 3), c.from(0, 3)
	}
	for i := range k {
		lo := (kernel[i]-1)*dil[i] + 1
		if transposed {
			lo = 1
		}
		in = append(in, lo+c.r.IntN(pick(c, 3, 8, 8, 20)))
	}
	c.set("Strides", strides)
	if c.coin() {
		c.set("Dilations", dil)
	}
	if auto := pick(c, "", "", "SAME_UPPER", "SAME_LOWER", "VALID"); auto != "" {
		c.set("AutoPad", auto)
	} else if c.coin() {
		for i := range pads {
			pads[i] = min(pads[i], kernel[i%k]-1)
		}
		c.set("Pads", pads)
	}
	c.set("KernelShape", kernel)
	return kernel, in
}

// pyramid draws a kernel so far dilated that most of its taps lie outside of the image; one of many channels may leave those out.
func (c *trial) pyramid() (kernel, in []int) {
	d := c.from(6, 12)
	kernel, in = []int{3, 3}, c.between(2, 8, 13)
	for name, v := range map[string][]int{"KernelShape": kernel, "Dilations": {d, d}, "Pads": {d, d, d, d}, "Strides": nil} {
		c.set(name, v)
	}
	c.set("AutoPad", "NOTSET")
	return kernel, in
}

func (c *trial) conv(transposed bool) {
	kernel, in := c.window(c.from(1, 3), transposed)
	group, n, cin, cout := pick(c, 1, 1, 2, 5), pick(c, 1, 2, 3, 0), c.from(1, 5), pick(c, 1, 3, 4, 17)
	if c.one(4) {
		cin, cout = 1, 1 // depthwise
		group = pick(c, 3, 8, 16, 20)
	}
	if !transposed && c.one(12) {
		kernel, in = c.pyramid()
		group, n, cin, cout = 1, 1, c.from(8, 12), c.from(1, 3)
	}
	c.set("Group", group)
	c.x(append([]int{n, group * cin}, in...)...)
	w := append([]int{group * cout, cin}, kernel...)
	if transposed {
		w = append([]int{group * cin, cout}, kernel...)
	}
	c.x(w...)
	c.finite(1) // whether a weight that is not meets the zeros of the padding is left open
	if c.coin() {
		c.x(group * cout)
	}
}

// finite makes the elements of operand i finite.
func (c *trial) finite(i int) {
	x, _ := c.in[i].(*tensor.Tensor)
	if x == nil || !x.DType().IsFloat() {
		return
	}
	for k := range x.Len() {
		if f := x.Float64At(k); f-f != 0 {
			x.SetFloat64At(k, 1)
		}
	}
}

func (c *trial) pool() {
	_, in := c.window(c.from(1, 3), false)
	c.set("CeilMode", c.coin())
	c.x(append([]int{pick(c, 1, 2, 0), pick(c, c.from(1, 20), 70)}, in...)...)
}

func (c *trial) spatial() {
	c.x(c.positive(c.from(3, 5))...)
}

func (c *trial) norm() {
	d := c.positive(c.from(1, 5))
	a := c.axis(len(d))
	k, _ := wrap(a, len(d))
	c.set("Axis", a)
	c.x(d...)
	if c.coin() {
		c.x(d[k:]...)
	} else {
		c.x(c.shrunk(d[k:])...)
	}
}

func (c *trial) alongAxis() {
	d := c.dims(c.from(1, 5))
	c.set("Axis", c.axis(len(d)))
	c.x(d...)
}

func (c *trial) positiveAxis() {
	d := c.positive(c.from(1, 5))
	c.set("Axis", c.axis(len(d)))
	c.x(d...)
}

func (c *trial) cumulative() {
	d := c.dims(c.from(1, 5))
	c.x(d...)
	c.ints([]int{c.axis(len(d))}, []int{})
	c.set("Exclusive", c.coin())
	c.set("Reverse", c.coin())
}

func (c *trial) reduce() {
	c.tame = true
	d := c.dims(c.r.IntN(6))
	c.x(d...)
	c.set("Keepdims", c.coin())
	c.set("NoopWithEmptyAxes", c.coin())
	if c.one(3) {
		return
	}
	axes := c.r.Perm(len(d))[:c.r.IntN(len(d)+1)]
	for i := range axes {
		axes[i] -= c.r.IntN(2) * len(d)
	}
	c.ints(axes, nil)
}

func (c *trial) slice() {
	d := c.dims(c.from(1, 5))
	c.x(d...)
	axes := c.r.Perm(len(d))[:c.from(1, len(d))]
	var starts, ends, steps []int
	for i, a := range axes {
		starts, ends = append(starts, c.from(-d[a]-2, d[a]+2)), append(ends, c.from(-d[a]-2, d[a]+2))
		if c.one(4) {
			ends[i] = pick(c, 1<<62, -1<<62)
		}
		if axes[i] -= c.r.IntN(2) * len(d); c.one(3) {
			steps = append(steps, pick(c, -1, -2, 3, 1<<40))
		} else {
			steps = append(steps, pick(c, 1, 1, 2))
		}
	}
	if c.one(4) {
		axes = axes[:0]
		for i := range starts {
			axes = append(axes, i)
		}
		c.ints(starts, nil)
		c.ints(ends, nil)
		return
	}
	c.dtype["I"] = tensor.I64
	c.ints(starts, nil)
	c.ints(ends, nil)
	c.ints(axes, nil)
	if c.coin() {
		c.ints(steps, nil)
	}
}

func (c *trial) pads() {
	mode := pick(c, "constant", "constant", "reflect", "edge", "wrap")
	c.set("Mode", mode)
	d := c.dims(c.from(1, 5))
	if mode != "constant" {
		d = c.positive(len(d))
	}
	pads := c.between(2*len(d), -1, 3)
	for i := range pads {
		if mode != "constant" {
			pads[i] = min(pads[i], d[i%len(d)]-1)
		}
		if d[i%len(d)] < 3 {
			pads[i] = max(pads[i], 0)
		}
	}
	c.x(d...)
	if c.one(3) && len(d) > 1 {
		a := c.r.IntN(len(d))
		c.ints([]int{pads[a], pads[a+len(d)]}, nil)
		c.maybe()
		c.ints([]int{a - c.r.IntN(2)*len(d)}, nil)
		return
	}
	c.ints(pads, nil)
	c.maybe()
}

// indices adds indices into an axis of operand 0; one in forty is out of range.
func (c *trial) indices(axis int, dims []int) {
	d := c.in[0].(*tensor.Tensor).Dims()
	k, _ := wrap(axis, len(d))
	n, _ := tensor.Count(dims)
	v := c.between(n, -d[k], d[k]-1)
	if n > 0 && c.one(12) {
		v[c.r.IntN(n)] = pick(c, d[k], -d[k]-1, 1<<40)
	}
	c.ints(v, append([]int{}, dims...))
}

func (c *trial) gatherND(batch int) {
	d := c.positive(c.from(1+batch, 5))
	c.x(d...)
	k := c.from(1, len(d)-batch)
	at := append(slices.Clone(d[:batch]), c.dims(c.r.IntN(3))...)
	n, _ := tensor.Count(at)
	var v []int
	for range n {
		for j := range k {
			v = append(v, c.from(-d[batch+j], d[batch+j]-1))
		}
	}
	if len(v) > 0 && c.one(12) {
		v[c.r.IntN(len(v))] = 99
	}
	c.ints(v, append(at, k))
	if batch > 0 {
		c.set("BatchDims", batch)
	}
}

// updates adds the updates of a scatter_nd.
func (c *trial) updates() {
	d, at := c.in[0].(*tensor.Tensor).Dims(), c.in[1].(*tensor.Tensor).Dims()
	k := at[len(at)-1]
	c.x(slices.Concat(at[:len(at)-1], d[k:])...)
}

func (c *trial) depth(up bool) {
	d := c.dims(4)
	b := c.from(1, 3)
	c.set("BlockSize", b)
	if up {
		d[1] = c.from(1, 3) * b * b
		c.set("Mode", pick(c, "DCR", "CRD"))
	} else {
		d[2], d[3] = c.from(1, 3)*b, c.from(1, 3)*b
	}
	c.x(d...)
}

func (c *trial) range3() {
	d := c.dt(0)
	v := []float64{float64(c.from(-5, 5)), float64(c.from(-9, 9)), float64(pick(c, 1, 2, 3, -1, -2))}
	if d.IsFloat() && c.coin() {
		v[2] /= 8
	}
	for _, x := range v {
		c.in, c.index = append(c.in, tensor.FromFloat64s(d, []float64{x})), append(c.index, false)
	}
}

func (c *trial) anyType() tensor.DType {
	for {
		d := pick(c, tensor.F32, tensor.DType(c.from(1, 26)))
		if d.Valid() && !d.IsComplex() {
			return d
		}
	}
}

// permuted returns sizes of as many elements as d has.
func (c *trial) permuted(d []int) []int {
	n, _ := tensor.Count(d)
	var e []int
	for range c.r.IntN(3) {
		if f := c.from(1, 4); n > 0 && n%f == 0 {
			e, n = append(e, f), n/f
		}
	}
	return append(e, n)
}

// recurrent draws a layer of the given number of gates.
func (c *trial) recurrent(gates int) {
	seq, batch, in, hid := c.from(1, 4), c.from(1, 5), c.from(1, 6), pick(c, 1, 3, 8, 17)
	dirs := 1
	if dir := pick(c, "forward", "reverse", "bidirectional"); dir == "bidirectional" {
		dirs = 2
		c.set("Direction", dir)
	} else {
		c.set("Direction", dir)
	}
	if gates == 1 {
		c.set("Activations", []string{"Tanh", "Tanh"}[:dirs])
	}
	c.set("HiddenSize", hid)
	c.x(seq, batch, in)
	c.x(dirs, gates*hid, in)
	c.x(dirs, gates*hid, hid)
	c.maybe(dirs, 2*gates*hid)
	if c.coin() {
		c.ints(c.between(batch, 1, seq), nil)
	} else {
		c.none(1)
	}
	c.maybe(dirs, batch, hid)
	c.outs = 2
	switch gates {
	case 4:
		c.maybe(dirs, batch, hid)
		c.maybe(dirs, 3*hid)
		c.outs = c.from(1, 3)
	case 3:
		c.set("LinearBeforeReset", c.coin())
	}
}

// scaled draws the scale and the zero point of a quantisation of one tensor or along an axis.
