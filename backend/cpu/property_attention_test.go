package cpu_test

import (
	"math"

	"github.com/cameo-onnx/cameo/ir/op"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

func init() {
	forms["attention"] = (*trial).attention
	forms["group_query_attention"] = (*trial).groupQuery
	forms["rotary_embedding"] = (*trial).rotary
	forms["matmul_nbits"] = (*trial).nbits
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

// groupQuery draws attention over a cache: a prompt, further tokens, or none, with lengths of each item that may be out of range.
func (c *trial) groupQuery() {
	n, hk, group := pick(c, 1, 1, 2, 3), pick(c, 1, 2, 3), pick(c, 1, 1, 2, 4)
	length, size, room := pick(c, 1, 1, c.from(1, 40)), 2*c.from(1, 10), c.from(0, 60)
	hq := hk * group
	c.set("NumHeads", hq)
	c.set("KVNumHeads", hk)
	total := length
	if c.one(3) {
		total += c.from(0, room)
	}
	fresh := length
	switch {
	case c.coin():
		c.noInf(c.x(n, length, (hq+2*hk)*size))
		c.none(2)
	default:
		if c.one(6) {
			fresh = 0
		}
		c.x(n, length, hq*size)
		c.x(n, fresh, hk*size)
		c.noInf(c.x(n, fresh, hk*size))
		c.index[1], c.index[2] = fresh == 0, fresh == 0 // an open length stands for that of q
	}
	cache := 0
	if c.coin() || total > length || fresh == 0 {
		cache = max(0, total-pick(c, length, length, 0))
		if c.coin() {
			cache += c.from(0, 20)
		}
		c.x(n, hk, cache, size)
		c.noInf(c.x(n, hk, cache, size))
	} else {
		c.none(2)
	}
	lens := c.between(n, max(length, 1)-1, total-1)
	if c.one(5) {
		lens[0] = c.from(-1, total+1)
	}
	c.ints(lens, nil)
	c.index[5] = c.coin()
	c.ints([]int{total}, []int{1})
	c.index[6] = true
	c.angles(n, length, size, max(cache, total))
	if c.one(4) {
		c.x(c.shrunkScores(n, hq, length, max(total, cache))...)
	} else {
		c.none(1)
	}
	if c.one(4) {
		c.x(hq)
	}
	c.set("SmoothSoftmax", c.one(4))
	if c.set("Causal", !c.one(4)); c.one(3) && c.attrs.(op.GroupQueryAttentionAttrs).Causal {
		c.set("LocalWindowSize", c.from(0, 20))
	}
	c.set("Scale", pick(c, 0, 0, 0.5))
	c.set("Softcap", pick(c, 0, 0, 5))
	c.outs = 3
}

// angles adds what turns queries and keys, or nothing.
func (c *trial) angles(n, length, size, most int) {
	if c.set("DoRotary", c.coin()); c.attrs.(op.GroupQueryAttentionAttrs).DoRotary {
		half, rows := c.from(1, size/2), most+c.from(0, 3)
		if c.one(8) {
			rows = c.from(0, rows)
		}
		c.x(rows, half)
		c.x(rows, half)
		if c.one(3) {
			c.ints(c.between(n*length, 0, max(0, rows-1)), []int{n, length})
		} else {
			c.none(1)
		}
		c.set("RotaryInterleaved", c.coin())
	} else {
		c.none(3)
	}
}

// shrunkScores returns the sizes of a mask of four axes that broadcasts to those given.
func (c *trial) shrunkScores(d ...int) []int {
	for i := range 3 {
		if c.one(3) {
			d[i] = 1
		}
	}
	return d
}

func (c *trial) rotary() {
	n, heads, length, size := pick(c, 1, 2, 0), c.from(1, 4), c.size(), 2*pick(c, c.from(0, 9), 16, 32)
	flat := c.coin()
	c.heads(flat, n, heads, length, size)
	if flat {
		c.set("NumHeads", heads)
	}
	turn := size
	if size > 0 && c.coin() {
		turn = 2 * c.from(1, size/2)
		c.set("RotaryEmbeddingDim", turn)
	}
	c.set("Interleaved", c.coin())
	if c.coin() {
		items := pick(c, n, n, 1)
		c.x(items, length, turn/2)
		c.x(items, length, turn/2)
		return
	}
	rows := c.from(1, 20)
	c.x(rows, turn/2)
	c.x(rows, turn/2)
	v := c.between(n*length, 0, rows-1)
	if len(v) > 0 && c.one(12) {
		v[c.r.IntN(len(v))] = pick(c, rows, -1)
	}
	c.ints(v, []int{n, length})
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

// nbits draws a product with weights of a few bits, constant but for one in twelve.
func (c *trial) nbits() {
	bits, k, n, block := pick(c, 4, 4, 4, 8, 2), c.from(1, 300), pick(c, c.from(1, 9), c.from(1, 150)), pick(c, 16, 32, 128)
	blocks := (k + block - 1) / block
	c.set("Bits", bits)
	c.set("K", k)
	c.set("N", n)
	c.set("BlockSize", block)
	rows := pick(c, []int{1}, []int{c.size()}, []int{c.from(0, 3), c.from(1, 20)}, []int{})
	c.x(append(rows, k)...)
	constant := !c.one(12)
	data := func(dims ...int) {
		size, _ := tensor.Count(dims)
		c.ints(c.between(size, 0, 255), dims)
	}
	data(n, blocks, block*bits/8)
	scale := c.x(n * blocks)
	for i := range scale.Len() { // weights are then about as large as other operands
		scale.SetFloat64At(i, scale.Float64At(i)/float64(int(1)<<bits))
	}
	switch c.r.IntN(3) {
	case 0:
		data(n * ((blocks*bits + 7) / 8))
	case 1:
		c.in, c.index = append(c.in, c.values(c.dt(0), n, blocks)), append(c.index, true)
	default:
		c.none(1)
	}
	if c.one(8) {
		c.ints(c.between(k, 0, blocks-1), nil)
	} else {
		c.none(1)
	}
	if c.coin() {
		c.x(n)
	}
	for i := 1; i < min(4, len(c.in)); i++ {
		c.index[i] = constant
	}
}
