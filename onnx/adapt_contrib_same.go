package onnx

import (
	"fmt"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
	"github.com/cameo-onnx/cameo/onnx/wire"
)

// contribSame builds operators that ONNX has too, in a form of its own, and small ones of arithmetic.
var contribSame = []adapter{
	{microsoft, "Trilu", always, become1("Trilu", "upper")},
	{microsoft, "GatherND", always, contrib(1, func(m *maker) []*ir.Value { return one(m.op("GatherND", nil, m.in(0), m.cast(m.in(1), tensor.I64))) })},
	{microsoft, "LinearAttention", always, contrib(2, linearAttention)},
	{microsoft, "CausalConvWithState", always, contrib(2, causalConv)},
	{microsoft, "GridSample", always, contrib(1, contribGridSample)},
	{microsoft, "Pad", always, contrib(1, contribPad)},
	{microsoft, "Range", always, contrib(1, contribRange)},
	{microsoft, "Unique", always, contrib(3, contribUnique)},
	{microsoft, "TorchEmbedding", always, contrib(1, func(m *maker) []*ir.Value { return one(m.op("Gather", nil, m.in(0), m.in(1))) })},
	{microsoft, "UnfoldTensor", always, contrib(1, unfold)},
	{microsoft, "NhwcMaxPool", always, contrib(1, channelsLast("MaxPool", "auto_pad", "ceil_mode", "dilations", "kernel_shape", "pads", "strides"))},
	{microsoft, "NhwcConv", always, contrib(1, nhwcConv)},
	{microsoft, "NhwcFusedConv", always, contrib(1, nhwcConv)},
	{microsoft, "ConvTransposeWithDynamicPads", always, contrib(1, convTransposePads)},
	{microsoft, "MatMulInteger16", always, contrib(1, wideProduct)},
	{microsoft, "MulInteger", always, contrib(1, mulInteger)},
	{microsoft, "ReduceSumInteger", always, contrib(1, reduceSumInteger)},
	{microsoft, "BiasSoftmax", always, contrib(1, biasSoftmax)},
	{microsoft, "BiasSplitGelu", always, contrib(1, biasSplitGelu)},
	{microsoft, "GemmFastGelu", always, contrib(1, func(m *maker) []*ir.Value {
		y := m.plus(m.op("MatMul", nil, m.in(0), m.in(1)), m.in(2))
		return one(m.op("Gelu", attrs{"approximate": stringAttr("tanh")}, y))
	})},
	{microsoft, "FusedMatMulActivation", always, contrib(1, fusedMatMulActivation)},
	{microsoft, "GatedAdd", always, contrib(1, func(m *maker) []*ir.Value {
		return one(m.op("Add", nil, m.in(0), m.op("Mul", nil, m.in(1), m.in(2))))
	})},
	{microsoft, "ScaledSiLU", always, contrib(1, scaledSiLU)},
	{microsoft, "LinearAttentionGate", always, contrib(2, attentionGate)},
	{microsoft, "HyperConnectionPreMix", always, contrib(1, preMix)},
	{microsoft, "HyperConnectionPostMix", always, contrib(1, postMix)},
	{microsoft, "EngramGate", always, contrib(2, engramGate)},
	{microsoft, "WordConvEmbedding", always, contrib(1, wordConv)},
	{microsoft, "IsAllFinite", always, contrib(1, isAllFinite)},
}

func linearAttention(m *maker) []*ir.Value {
	if m.int("state_window", 0) != 0 {
		m.fail(fmt.Errorf("several states: %w", ir.ErrUnsupported))
	}
	a := m.pass("chunk_size", "kv_num_heads", "q_num_heads", "scale", "update_rule")
	return m.ops("LinearAttention", a, 2, m.n.in...)
}

// causalConv has channels before the length; a state of several positions and more axes are refused.
func causalConv(m *maker) []*ir.Value {
	last, dilation := m.int("channels_last", 0) != 0, m.int("dilation", 1)
	if m.int("ndim", 1) != 1 || m.int("state_window", 0) != 0 || dilation < 1 || dilation > 1<<20 {
		m.fail(fmt.Errorf("dilation %d, several axes or several states: %w", dilation, ir.ErrUnsupported))
		return nil
	}
	a := m.pass("activation")
	x, w, past := m.in(0), m.in(1), m.in(3)
	flip := func(v *ir.Value) *ir.Value {
		if v == nil || !last {
			return v
		}
		return m.transpose(v, 0, 2, 1)
	}
	if last && x.Type.Rank() > 3 { // channels of several axes
		rows := m.ints(0, 0, -1)
		if x = m.op("Reshape", nil, x, rows); past != nil {
			past = m.op("Reshape", nil, past, rows)
		}
	}
	if dilation > 1 { // zeros between the taps
		wide := m.unsqueeze(w, 3)
		wide = m.op("Pad", nil, wide, m.ints(0, 0, 0, 0, 0, 0, 0, dilation-1))
		wide = m.sized(wide, 0, 0, -1)
		w = m.op("Slice", nil, wide, m.ints(0), m.ints(1-dilation), m.ints(2))
	}
	out := m.ops("CausalConvWithState", a, 2, flip(x), w, m.in(2), flip(past))
	if m.err != nil {
		return nil
	}
	y, state := flip(out[0]), flip(out[1])
	if last && m.in(0).Type.Rank() > 3 {
		tail := m.op("Shape", attrs{"start": intAttr(2)}, m.in(0))
		y = m.like(y, m.in(0))
		state = m.op("Reshape", nil, state, m.join(m.ints(0, 0), tail))
	}
	return []*ir.Value{y, state}
}

func contribGridSample(m *maker) []*ir.Value {
	mode := m.str("mode", "bilinear")
	names := map[string]string{"bilinear": "linear", "bicubic": "cubic", "nearest": "nearest"}
	if names[mode] == "" {
		m.fail(fmt.Errorf("mode %q: %w", mode, ir.ErrUnsupported))
	}
	a := m.pass("align_corners", "padding_mode")
	a["mode"] = stringAttr(names[mode])
	return one(m.op("GridSample", a, m.in(0), m.in(1)))
}

func contribPad(m *maker) []*ir.Value {
	pads := m.sized(m.in(1), -1)
	value := m.in(2)
	if value != nil {
		value = m.sized(value)
	}
	return one(m.op("Pad", m.pass("mode"), m.in(0), pads, value))
}

func contribRange(m *maker) []*ir.Value {
	scalar := func(v *ir.Value) *ir.Value {
		if v == nil {
			return m.number(m.in(0), 1)
		}
		return m.sized(v)
	}
	return one(m.op("Range", nil, scalar(m.in(0)), scalar(m.in(1)), scalar(m.in(2))))
}

// contribUnique keeps elements in the order of their appearance.
func contribUnique(m *maker) []*ir.Value {
	out := m.ops("Unique", attrs{"sorted": intAttr(0)}, 4, m.in(0))
	if m.err != nil {
		return nil
	}
	return []*ir.Value{out[0], out[2], out[3]}
}

// unfold takes slices of some size along an axis, each step places behind the one before, and puts them side by side along a new last axis.
func unfold(m *maker) []*ir.Value {
	x, err := m.n.ranked(0)
	if err != nil {
		m.fail(err)
		return nil
	}
	axis, size, step := m.int("dim", -1), m.int("size", 0), m.int("step", 1)
	rank := int64(x.Type.Rank())
	if axis < -rank || axis >= rank || size < 1 || size > 1<<40 || step < 1 || step > 1<<40 {
		m.fail(fmt.Errorf("slices of size %d, %d apart, along axis %d of rank %d: %w", size, step, axis, rank, ir.ErrUnsupported))
		return nil
	}
	axis = (axis + rank) % rank
	scalar := func(v int64) *ir.Value { return m.n.constant(tensor.Scalar(v)) }
	count := m.op("Squeeze", nil, m.op("Sub", nil, m.size(x, axis), m.ints(size-1)))
	starts := m.unsqueeze(m.op("Range", nil, scalar(0), count, scalar(step)), 1)
	index := m.op("Add", nil, starts, m.op("Range", nil, scalar(0), scalar(size), scalar(1)))
	y := m.op("Gather", attrs{"axis": intAttr(axis)}, x, index)
	perm := append(append(axesFrom(0, axis+1), axesFrom(axis+2, rank+1)...), axis+1)
	return one(m.transpose(y, perm...))
}

// channelsLast is ONNX's operator of a name applied to [N,…,C].
func channelsLast(name string, keep ...string) func(*maker) []*ir.Value {
	return func(m *maker) []*ir.Value {
		a := m.pass(keep...)
		return one(m.channelsFirst(m.in(0), true, func(x *ir.Value) *ir.Value { return m.op(name, a, x) }))
	}
}

// nhwcConv is a convolution, with a residual and an activation where it is fused, of operands whose channels lie last, those of the
// weights too.
func nhwcConv(m *maker) []*ir.Value {
	m.without(4)
	name, params := m.activation()
	a := m.pass("auto_pad", "dilations", "group", "kernel_shape", "pads", "strides")
	y := m.channelsFirst(m.in(0), true, func(x *ir.Value) *ir.Value { return m.op("Conv", a, x, m.firstChannels(m.in(1)), m.in(2)) })
	return one(m.activate(m.plus(y, m.in(3)), name, params))
}

// convTransposePads cuts what an operand says off a transposed convolution without padding.
func convTransposePads(m *maker) []*ir.Value {
	m.without(4)
	if pad := m.str("auto_pad", "NOTSET"); pad != "NOTSET" {
		m.fail(fmt.Errorf("auto_pad %q: %w", pad, ir.ErrUnsupported))
	}
	y := m.op("ConvTranspose", m.pass("dilations", "group", "kernel_shape", "output_padding", "strides"), m.in(0), m.in(1), m.in(3))
	if m.in(2) == nil || m.err != nil {
		return one(y)
	}
	if m.ranked(y); m.err != nil {
		return nil
	}
	n := int64(y.Type.Rank() - 2)
	begins := m.op("Slice", nil, m.in(2), m.ints(0), m.ints(n))
	ends := m.op("Sub", nil, m.op("Shape", attrs{"start": intAttr(2)}, y), m.op("Slice", nil, m.in(2), m.ints(n), m.ints(2*n)))
	return one(m.op("Slice", nil, y, begins, ends, m.ints(axesFrom(2, n+2)...)))
}

// wideProduct multiplies integers of 16 bits; the result is signed where either operand is.
func wideProduct(m *maker) []*ir.Value {
	m.without(2)
	d := tensor.U32
	if m.in(0).Type.DType.IsSigned() || m.in(1) != nil && m.in(1).Type.DType.IsSigned() {
		d = tensor.I32
	}
	return one(m.op("MatMul", nil, m.cast(m.in(0), d), m.cast(m.in(1), d)))
}

func mulInteger(m *maker) []*ir.Value {
	real := func(x, zero *ir.Value) *ir.Value {
		if x = m.cast(x, tensor.I32); zero != nil {
			x = m.op("Sub", nil, x, m.cast(zero, tensor.I32))
		}
		return x
	}
	return one(m.op("Mul", nil, real(m.in(0), m.in(1)), real(m.in(2), m.in(3))))
}

func reduceSumInteger(m *maker) []*ir.Value {
	a, list := m.pass("keepdims"), m.pass("axes")["axes"]
	d := tensor.I32
	if m.in(0).Type.DType == tensor.U8 {
		d = tensor.U32
	}
	var axes *ir.Value
	if list != nil {
		axes = m.ints(list.Ints...)
	}
	return one(m.op("ReduceSum", a, m.cast(m.in(0), d), axes))
}

// biasSoftmax adds a bias whose sizes count from the front, unless it is that of the inner axes, and takes the softmax over all axes
// from one on.
func biasSoftmax(m *maker) []*ir.Value {
	axis, inner := m.int("axis", 1), m.int("is_inner_broadcast", 1) != 0
	x, bias := m.in(0), m.in(1)
	if bias == nil || x.Type.Rank() < 1 || bias.Type.Rank() < 0 || axis < int64(-x.Type.Rank()) || axis >= int64(x.Type.Rank()) {
		m.fail(fmt.Errorf("axis %d of an operand of rank %d: %w", axis, x.Type.Rank(), ir.ErrUnsupported))
		return nil
	}
	if r, n := x.Type.Rank(), bias.Type.Rank(); !inner && n < r {
		bias = m.unsqueeze(bias, axesFrom(int64(n), int64(r))...)
	}
	return one(m.flatSoftmax(m.op("Add", nil, x, bias), axis))
}

// flatSoftmax is a softmax over all axes from one on, as one.
func (m *maker) flatSoftmax(x *ir.Value, axis int64) *ir.Value {
	flat := m.op("Softmax", attrs{"axis": intAttr(-1)}, m.op("Flatten", attrs{"axis": intAttr(axis)}, x))
	return m.like(flat, x)
}

// biasSplitGelu is the first half of x + bias times the gelu of the second.
func biasSplitGelu(m *maker) []*ir.Value {
	p := m.split(m.op("Add", nil, m.in(0), m.in(1)), -1, 2)
	return one(m.op("Mul", nil, p[0], m.op("Gelu", nil, p[1])))
}

func fusedMatMulActivation(m *maker) []*ir.Value {
	name, params := m.str("activation", ""), m.activationParts()
	m.int("activation_axis", 0)
	y := fusedMatMul(m)
	if m.err != nil {
		return nil
	}
	return one(m.activate(y[0], name, params))
}

// scaledSiLU is z·sigmoid(z) of z = scale·x.
func scaledSiLU(m *maker) []*ir.Value {
	m.without(2)
	x := m.in(0)
	by := m.number(x, m.float("alpha", 1))
	if m.in(1) != nil {
		by = m.sized(m.in(1))
	}
	z := m.cast(m.op("Mul", nil, m.cast(x, tensor.F32), m.cast(by, tensor.F32)), x.Type.DType)
	return one(m.op("Mul", nil, z, m.op("Sigmoid", nil, z)))
}

// attentionGate is factor·softplus(a + bias) in float32, and the sigmoid of b.
func attentionGate(m *maker) []*ir.Value {
	m.without(4)
	a, b := m.in(0), m.in(3)
	y := m.op("Mul", nil, m.in(2), m.op("Softplus", nil, m.op("Add", nil, m.cast(a, tensor.F32), m.in(1))))
	out := []*ir.Value{m.cast(y, a.Type.DType), nil}
	if b != nil {
		out[1] = m.op("Sigmoid", nil, b)
	}
	return out
}

// isAllFinite looks for infinities and NaN in all operands.
func isAllFinite(m *maker) []*ir.Value {
	nan, inf := m.int("isinf_only", 0) == 0, m.int("isnan_only", 0) == 0
	bad := m.n.constant(tensor.Scalar[int32](0))
	for _, x := range m.n.in {
		for _, f := range []struct {
			on   bool
			name string
		}{{nan, "IsNaN"}, {inf, "IsInf"}} {
			if f.on && m.err == nil && x != nil {
				bad = m.op("Max", nil, bad, m.op("ReduceMax", attrs{"keepdims": intAttr(0)}, m.cast(m.op(f.name, nil, x), tensor.I32)))
			}
		}
	}
	return one(m.op("Equal", nil, bad, m.n.constant(tensor.Scalar[int32](0))))
}

// activation takes the name and the parameters of a fused convolution's activation.
func (m *maker) activation() (string, []float32) {
	name := m.str("activation", "")
	a, err := m.n.take("activation_params", wire.AttrFloats)
	if err != nil {
		m.fail(err)
	}
	if a == nil {
		return name, nil
	}
	return name, a.Floats
}

// activationParts takes the parameters of a fused product's activation.
func (m *maker) activationParts() []float32 {
	var out []float32
	for _, name := range []string{"activation_alpha", "activation_beta", "activation_gamma"} {
		if m.n.attrs[name] != nil {
			out = append(out, m.float(name, 0))
		}
	}
	return out
}
