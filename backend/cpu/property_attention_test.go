package cpu_test

import (
	"math"

	"github.com/cameo-onnx/cameo/ir/tensor"
)

func init() {
	forms["attention"] = (*trial).attention
}

// attention draws attention of operands of rank 3 or 4, with or without a mask, a past, lengths, windows and a soft cap.
func (c *trial) attention() {
	n, hk, group := pick(c, 1, 1, 2, 0), pick(c, 1, 2, 3), pick(c, 1, 1, 2, 4)
	tq, tk := pick(c, c.size(), 1, c.from(1, 70)), pick(c, c.size(), c.from(1, 40), c.from(1, 300))
	d, dv := pick(c, c.size(), 8, 16), pick(c, c.size(), 16, 32)
	past := 0
	if c.one(3) {
		past = c.from(0, 40)
	}
	flat := c.coin()
	c.heads(flat, n, hk*group, tq, d)
	c.heads(flat, n, hk, tk, d)
	c.noInf(c.heads(flat, n, hk, tk, dv))
	if flat {
		c.set("QNumHeads", hk*group)
		c.set("KVNumHeads", hk)
	}
	if c.coin() {
		c.scoreMask(n, hk*group, tq, tk+past)
	} else {
		c.none(1)
	}
	if past > 0 {
		c.x(n, hk, past, d)
		c.noInf(c.x(n, hk, past, dv))
	} else {
		c.none(2)
	}
	if c.one(3) {
		c.ints(c.between(n, -1, tk+past+1), nil)
	}
	c.set("IsCausal", c.one(3))
	if c.one(5) {
		c.set("LeftWindowSize", c.from(-1, 40))
		c.set("RightWindowSize", c.from(-1, 40))
	}
	if c.coin() {
		c.set("Scale", pick(c, 0.5, 0.125, 1, 0))
	}
	if c.one(4) {
		c.set("Softcap", pick(c, 0.5, 5, 50))
	}
	if c.one(8) {
		c.set("SoftmaxPrecision", pick(c, int(tensor.F32), int(tensor.F64)))
	}
	c.outs = pick(c, 1, 1, 3, 3, 2, 4)
	c.set("QKMatmulOutputMode", c.from(0, 3))
}

// noInf makes infinite values NaN: a probability that is 0 in float32 only makes NaN of them.
func (c *trial) noInf(x *tensor.Tensor) {
	for i := range x.Len() {
		if math.IsInf(x.Float64At(i), 0) {
			x.SetFloat64At(i, math.NaN())
		}
	}
}

// heads adds an operand of heads, their elements side by side in each token or not.
func (c *trial) heads(flat bool, n, heads, length, size int) *tensor.Tensor {
	if flat {
		return c.x(n, length, heads*size)
	}
	return c.x(n, heads, length, size)
}

// scoreMask adds a mask of numbers or bools that hides some keys, all keys of a query, or the last ones by being short.
func (c *trial) scoreMask(sizes ...int) {
	d := c.shrunk(sizes)
	if len(d) == 0 {
		d = []int{sizes[3]}
	}
	d[len(d)-1] = sizes[3]
	if c.one(4) {
		d[len(d)-1] = c.from(0, sizes[3])
	}
	n, _ := tensor.Count(d)
	v := c.floats(n)
	for i := range v {
		if c.one(3) || c.one(8) && i > 0 && math.IsInf(v[i-1], -1) {
			v[i] = math.Inf(-1)
		}
	}
	if k := d[len(d)-1]; k > 0 && n > 0 && c.coin() {
		row := c.r.IntN(n / k)
		for j := range k {
			v[row*k+j] = math.Inf(-1)
		}
	}
	t := tensor.FromFloat64s(c.mask(), v, d...)
	if t.DType() == tensor.Bool {
		for i, x := range v {
			t.SetInt64At(i, 0)
			if !math.IsInf(x, -1) {
				t.SetInt64At(i, 1)
			}
		}
	}
	c.in, c.index = append(c.in, t), append(c.index, false)
}

// mask returns an element type of masks.
func (c *trial) mask() tensor.DType {
	return pick(c, tensor.Bool, tensor.Bool, tensor.F32, tensor.F32, tensor.F32, c.dt(0))
}
