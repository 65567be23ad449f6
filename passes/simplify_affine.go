package passes

import (
	"math"
	"slices"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/op"
	"github.com/cameo-onnx/cameo/ir/tensor"
	"github.com/cameo-onnx/cameo/passes/rewrite"
)

// A producer with constant weights takes y·scale + shift per channel into them. All is computed in float64 and rounded once.

// affine returns p with scale and shift folded in; a nil scale is 1, a nil shift 0. It declines types whose rounding would
// show, and numbers that are not finite.
func affine(m *rewrite.Match, scale, shift []float64) *ir.Value {
	p := m.Node("p")
	w, b := m.Const("w"), m.Const("b")
	d := w.DType()
	odd := func(x float64) bool { return math.IsNaN(x) || math.IsInf(x, 0) }
	if d != tensor.F32 && d != tensor.F64 || slices.ContainsFunc(scale, odd) || slices.ContainsFunc(shift, odd) {
		return nil
	}
	channels := len(scale) + len(shift)
	if scale != nil && shift != nil {
		channels = len(scale)
	}
	bias, ok := biasOf(p, b, channels)
	if !ok {
		return nil
	}
	in := []*ir.Value{p.In[0], m.Value("w")}
	if scale != nil {
		ws := scaled(p, w, scale)
		if ws == nil {
			return nil
		}
		in[1] = m.G.Const("", ws)
	}
	if b != nil || shift != nil {
		for i := range bias {
			if scale != nil {
				bias[i] *= scale[i]
			}
			if shift != nil {
				bias[i] += shift[i]
			}
		}
		in = append(in, m.G.Const("", tensor.FromFloat64s(d, bias, channels)))
	}
	attrs := p.Attrs
	if p.Op == op.Gemm.Op {
		a := op.Gemm.Attrs(p)
		a.Beta = 1
		attrs = a
	}
	n := m.B.Add(p.Op, attrs, nil, 1, in...)
	if n == nil {
		return nil
	}
	return n.Out[0]
}

// biasOf returns what p adds to each channel.
func biasOf(p *ir.Node, b *tensor.Tensor, channels int) ([]float64, bool) {
	out := make([]float64, channels)
	if b == nil {
		return out, true
	}
	beta := 1.0
	if p.Op == op.Gemm.Op {
		beta = float64(op.Gemm.Attrs(p).Beta)
		if b.Rank() == 2 && b.Dims()[0] != 1 {
			return nil, false
		}
	}
	v := b.Float64s()
	if len(v) != 1 && len(v) != channels {
		return nil, false
	}
	for i := range out {
		out[i] = beta * v[i%len(v)]
	}
	return out, true
}

// scaled returns the weights of p with those of each channel of the result scaled.
func scaled(p *ir.Node, w *tensor.Tensor, scale []float64) *tensor.Tensor {
	v, dims := w.Float64s(), w.Dims()
	channel := func(i int) int { return 0 }
	inner := 1
	for _, d := range dims[min(2, len(dims)):] {
		inner *= d
	}
	switch p.Op {
	case op.Conv.Op:
		per := inner * dims[1]
		channel = func(i int) int { return i / per }
	case op.ConvTranspose.Op:
		g := op.ConvTranspose.Attrs(p).Group
		if g < 1 || dims[0]%g != 0 {
			return nil
		}
		in := dims[0] / g
		channel = func(i int) int { return i/(inner*dims[1])/in*dims[1] + i/inner%dims[1] }
	case op.Gemm.Op:
		channel = func(i int) int { return i % dims[1] }
		if op.Gemm.Attrs(p).TransB {
			channel = func(i int) int { return i / dims[1] }
		}
	}
	for i := range v {
		c := channel(i)
		if c >= len(scale) {
			return nil
		}
		v[i] *= scale[c]
	}
	return tensor.FromFloat64s(w.DType(), v, dims...)
}

// channelsIn returns the number of channels of v, on axis 1.
func channelsIn(v *ir.Value) (int, bool) {
	if v.Type.Rank() < 2 {
		return 0, false
	}
	return v.Type.Shape[1].Int()
}

// normParts returns a batch normalization as x·scale + shift per channel.
func normParts(m *rewrite.Match) (scale, shift []float64) {
	a := op.BatchNormalization.Attrs(m.Root)
	if a.TrainingMode || slices.ContainsFunc(m.Root.Out[1:], func(v *ir.Value) bool { return len(v.Uses()) > 0 }) {
		return nil, nil
	}
	s, h, mean, variance := m.Const("s").Float64s(), m.Const("h").Float64s(), m.Const("u").Float64s(), m.Const("v").Float64s()
	if len(s) == 0 || len(h) != len(s) || len(mean) != len(s) || len(variance) != len(s) {
		return nil, nil
	}
	scale, shift = make([]float64, len(s)), make([]float64, len(s))
	for i := range s {
		scale[i] = s[i] / math.Sqrt(variance[i]+float64(a.Epsilon))
		shift[i] = h[i] - mean[i]*scale[i]
	}
	return scale, shift
}

func foldNorm(m *rewrite.Match) *ir.Value {
	scale, shift := normParts(m)
	if scale == nil {
		return nil
	}
	return affine(m, scale, shift)
}

// normAsAffine writes a normalization by constants as a product and a sum, which fuse with what follows.
func normAsAffine(m *rewrite.Match) *ir.Value {
	x := m.Value("x")
	d := x.Type.DType
	scale, shift := normParts(m)
	if scale == nil || x.Type.Rank() < 2 || d != tensor.F32 && d != tensor.F64 {
		return nil
	}
	dims := make([]int, x.Type.Rank()-1)
	for i := range dims {
		dims[i] = 1
	}
	dims[0] = len(scale)
	k := m.G.Const("", tensor.FromFloat64s(d, scale, dims...))
	t := m.G.Const("", tensor.FromFloat64s(d, shift, dims...))
	return op.Add.New(m.B, op.None{}, op.Mul.New(m.B, op.None{}, x, k), t)
}

// perChannel returns the constant c as one number for each channel of the producer's result; nil where it says more, or changes
// the result's sizes.
func perChannel(m *rewrite.Match) []float64 {
	y := m.Value("p")
	channels, ok := channelsIn(y)
	c := m.Const("c")
	if !ok || !y.Type.Equal(m.Root.Out[0].Type) || c.Rank() > y.Type.Rank() {
		return nil
	}
	for i, d := range c.Dims() {
		if axis := i + y.Type.Rank() - c.Rank(); d != 1 && (axis != 1 || d != channels) {
			return nil
		}
	}
	v := c.Float64s()
	out := make([]float64, channels)
	for i := range out {
		out[i] = v[i%len(v)]
	}
	return out
}

func foldScale(invert bool) func(*rewrite.Match) *ir.Value {
	return func(m *rewrite.Match) *ir.Value {
		k := perChannel(m)
		if k == nil {
			return nil
		}
		for i := range k {
			if invert {
				k[i] = 1 / k[i]
			}
		}
		return affine(m, k, nil)
	}
}

func foldShift(sign float64) func(*rewrite.Match) *ir.Value {
	return func(m *rewrite.Match) *ir.Value {
		t := perChannel(m)
		if t == nil {
			return nil
		}
		for i := range t {
			t[i] *= sign
		}
		return affine(m, nil, t)
	}
}

// row reports whether b adds one number to each column of a matrix of type t.
func row(b, t ir.Type) bool {
	if b.Rank() < 0 || b.Rank() > 2 || t.Rank() != 2 {
		return false
	}
	if b.Rank() == 2 {
		n, ok := b.Shape[0].Int()
		return ok && n == 1 && (b.Shape[1].Equal(t.Shape[1]))
	}
	return b.Rank() == 1 && b.Shape[0].Equal(t.Shape[1])
}

func gemmBias(m *rewrite.Match) *ir.Value {
	g := m.Node("g")
	if !row(m.Value("b").Type, g.Out[0].Type) {
		return nil
	}
	a := op.Gemm.Attrs(g)
	a.Beta = 1
	return op.Gemm.New(m.B, a, m.Value("x"), m.Value("w"), m.Value("b"))
}

// linear: a product of matrices plus a row.
func linear(m *rewrite.Match) bool {
	return m.Value("x").Type.Rank() == 2 && m.Value("w").Type.Rank() == 2 && row(m.Value("b").Type, m.Root.Out[0].Type)
}

func matrices(m *rewrite.Match) bool {
	return m.Value("x").Type.Rank() == 2 && m.Value("w").Type.Rank() == 2 && isTranspose(m.Value("t"), 1, 0)
}

// flipGemm lets a product read one of its operands as it lies.
func flipGemm(arg int) func(*rewrite.Match) *ir.Value {
	return func(m *rewrite.Match) *ir.Value {
		if !isTranspose(m.Root.In[arg], 1, 0) {
			return nil
		}
		a := op.Gemm.Attrs(m.Root)
		if arg == 0 {
			a.TransA = !a.TransA
		} else {
			a.TransB = !a.TransB
		}
		in := slices.Clone(m.Root.In)
		in[arg] = in[arg].Def.In[0]
		return op.Gemm.New(m.B, a, in...)
	}
}
