package cpu_test

import (
	"slices"
	"strings"

	"github.com/cameo-onnx/cameo/ir/op"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

func init() {
	for name, f := range map[string]func(*trial){
		"quantize_linear":         (*trial).conversion,
		"dequantize_linear":       (*trial).conversion,
		"dynamic_quantize_linear": func(c *trial) { c.x(c.dims(c.r.IntN(5))...); c.outs = 3 },
		"matmul_integer":          func(c *trial) { c.intMatMul([]int{0, 1, 2, 3}) },
		"qlinear_matmul":          func(c *trial) { c.intMatMul([]int{0, 3, 2, 5, 1, 4, -1, 6, 7}) },
		"scaled_matmul":           func(c *trial) { c.intMatMul([]int{0, 1, 2, 3, 4, 5, 6, 7, 8}) },
		"conv_integer":            func(c *trial) { c.intConv([]int{0, 1, 2, 3}) },
		"qlinear_conv":            func(c *trial) { c.intConv([]int{0, 3, 2, 5, 1, 4, 8, 6, 7}) },
		"scaled_conv":             func(c *trial) { c.intConv([]int{0, 1, 2, 3, 4, 5, 6, 7, 8}) },
	} {
		forms[name] = f
	}
}

// bytes returns a random tensor of 8 bits, extremes often among its elements.
func (c *trial) bytes(d tensor.DType, dims ...int) *tensor.Tensor {
	t := tensor.New(d, dims...)
	b := t.Bytes()
	for i := range b {
		b[i] = byte(c.r.Uint32())
		if c.one(4) {
			b[i] = pick[byte](c, 0, 127, 128, 255)
		}
	}
	return t
}

func (c *trial) eight() tensor.DType { return pick(c, tensor.I8, tensor.U8) }

// some returns a vector of n elements, or one number in one of its forms.
func (c *trial) some(n int) []int { return pick(c, []int{n}, []int{}, []int{1}) }

func (c *trial) scales(dims ...int) *tensor.Tensor {
	t := tensor.New(tensor.F32, dims...)
	for i := range t.Len() {
		t.SetFloat64At(i, pick(c, c.r.Float64()*0.02+1e-3, 0.5, 0.25, 0.01))
	}
	return t
}

// follow adds what follows the operands of a product at the places that the op has them: zero points and scales of a and b, a
// bias, scale and zero point of the result. rows are those that a may have zero points for, columns those of b.
func (c *trial) follow(places []int, a, b tensor.Value, rows, columns []int) {
	ad, bd := a.(*tensor.Tensor).DType(), b.(*tensor.Tensor).DType()
	optional := c.o.Name != "qlinear_matmul" && c.o.Name != "qlinear_conv"
	parts := []tensor.Value{a, b, c.bytes(ad, rows...), c.bytes(bd, columns...)}
	if len(places) > 4 {
		n := b.(*tensor.Tensor).Dims()[0]
		if !strings.Contains(c.o.Name, "conv") && !transposed(c) {
			n = b.(*tensor.Tensor).Dims()[len(b.(*tensor.Tensor).Dims())-1]
		}
		bias := tensor.Value(c.scales(n))
		if c.o.Name == "qlinear_conv" {
			w := make([]int64, n)
			for i := range w {
				w[i] = int64(c.from(-3000, 3000))
			}
			bias = tensor.FromInt64s(tensor.I32, w, n)
		}
		if places[6] < 0 || c.coin() {
			bias = nil
		}
		parts = append(parts, c.scales(c.some(1)...), c.scales(columns...), bias, c.scales(), c.bytes(c.eight()))
		if optional && c.coin() {
			parts[7], parts[8] = nil, nil
		}
	}
	for i := range parts {
		if optional && (i > 1 && i < 6) && c.one(4) {
			parts[i] = nil
		}
	}
	c.in = make([]tensor.Value, len(c.o.Sig.In))
	c.index = make([]bool, len(c.in))
	for i, k := range places {
		if k >= 0 && k < len(c.in) && i < len(parts) {
			c.in[k] = parts[i]
			c.index[k] = i != 0 && !c.one(6) // mostly constant, as in models
		}
	}
	for len(c.in) > 0 && c.in[len(c.in)-1] == nil {
		c.in, c.index = c.in[:len(c.in)-1], c.index[:len(c.index)-1]
	}
}

func transposed(c *trial) bool {
	a, ok := c.attrs.(op.ScaledMatMulAttrs)
	return ok && a.TransB
}

func (c *trial) intMatMul(places []int) {
	m, k, n := c.size(), c.size(), pick(c, c.size(), 33, 70)
	if c.one(8) {
		k = c.from(60, 300)
	}
	batch := c.dims(pick(c, 0, 0, 1, 2))
	a, b := append(slices.Clone(batch), m, k), []int{k, n}
	if c.one(3) {
		b = append(c.shrunk(batch), k, n)
	}
	rows, columns := c.some(1), c.some(n)
	if c.o.Name == "matmul_integer" && len(batch) == 0 && c.coin() {
		rows = []int{m}
	}
	if c.o.Name == "scaled_matmul" {
		at := c.attrs.(op.ScaledMatMulAttrs)
		if at.TransB = len(b) == 2 && c.coin(); at.TransB {
			b = []int{n, k}
		}
		if c.one(3) {
			at.Min, at.Max = 0, pick(c, at.Max, 0.5)
		}
		c.attrs = at
	}
	c.follow(places, c.bytes(c.eight(), a...), c.bytes(c.eight(), b...), rows, columns)
}

func (c *trial) intConv(places []int) {
	kernel, in := c.window(c.from(1, 3), false)
	group, n, cin, cout := pick(c, 1, 1, 2, 5), pick(c, 1, 2, 3, 0), c.from(1, 9), pick(c, 1, 3, 4, 17, 40)
	if c.one(4) {
		cin, cout = 1, pick(c, 1, 1, 2) // depthwise
		group = pick(c, 3, 8, 16, 20)
	}
	if c.one(12) {
		kernel, in = c.pyramid()
		group, n, cin, cout = 1, 1, c.from(16, 48), c.from(1, 3)
	}
	c.set("Group", group)
	if c.o.Name == "scaled_conv" && c.one(3) {
		c.set("Min", float32(0))
	}
	x, w := append([]int{n, group * cin}, in...), append([]int{group * cout, cin}, kernel...)
	c.follow(places, c.bytes(c.eight(), x...), c.bytes(c.eight(), w...), c.some(1), c.some(group*cout))
	for i, k := range places {
		if i == 1 && !c.one(8) {
			c.index[k] = true
		}
	}
}

// conversion draws an operand, its scales and zero points: one, one for each place along an axis, or one for each block.
func (c *trial) conversion() {
	d := c.positive(c.from(1, 4))
	a := c.axis(len(d))
	c.set("Axis", a)
	k, _ := wrap(a, len(d))
	s := c.some(1)
	switch c.r.IntN(3) {
	case 0:
		s = []int{d[k]}
	case 1:
		block := c.from(1, 4)
		c.set("BlockSize", block)
		if !c.one(4) {
			d[k] = block * c.from(1, 5)
		}
		s = slices.Clone(d)
		s[k] = (d[k] + block - 1) / block
	}
	c.tame = !c.one(4)
	if x := c.x(d...); x.DType() == tensor.I8 || x.DType() == tensor.U8 {
		copy(x.Bytes(), c.bytes(x.DType(), d...).Bytes())
	}
	for x, i := c.x(s...), 0; i < x.Len(); i++ {
		x.SetFloat64At(i, pick(c, 0.5, 0.25, 2, 0.013))
	}
	c.maybe(s...)
	constant := c.coin()
	c.index[1], c.index[2] = constant, constant
}
