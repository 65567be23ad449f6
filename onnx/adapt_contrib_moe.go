package onnx

import (
	"fmt"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// A mixture is the experts of a mixture of experts and how tokens go to them: each token's k best take part, weighted. Weights are
// [experts,out,in], as they lie in memory whatever their sizes say.
type mixture struct {
	k          int64
	act        string
	fusion     int64 // swiglu: 0: gate and factor are fc1 and fc3; 1: they alternate in fc1; 2: they lie one after the other
	alpha      float32
	beta       float32
	limit      *float32
	normalised bool
	w, b       [3]*ir.Value // of fc1, fc2, fc3; the last and every bias may be absent
}

// mixtureAttrs takes the attributes that mixtures have, quantised or not.
func (m *maker) mixtureAttrs() *mixture {
	x := &mixture{k: m.int("k", 1), act: m.str("activation_type", "relu"), fusion: m.int("swiglu_fusion", 0), alpha: m.float("activation_alpha", 1),
		beta: m.float("activation_beta", 0), normalised: m.int("normalize_routing_weights", 0) != 0}
	m.int("use_sparse_mixer", 0) // ONNX Runtime's CPU provider leaves it out too
	if m.n.attrs["swiglu_limit"] != nil {
		limit := m.float("swiglu_limit", 0)
		x.limit = &limit
	}
	return x
}

func moe(m *maker) []*ir.Value {
	m.without(8)
	x := m.mixtureAttrs()
	for i := range 3 {
		x.w[i], x.b[i] = m.in(2+2*i), m.in(3+2*i)
	}
	return one(m.mix(x, m.in(0), m.in(1), nil))
}

// qMoE is moe of weights of 2, 4 or 8 bits, in blocks along their last axis or with a scale for each row.
func qMoE(m *maker) []*ir.Value {
	m.without(15)
	x := m.mixtureAttrs()
	bits, block := m.int("expert_weight_bits", 4), m.int("block_size", 0)
	m.int("accuracy_level", 0)
	if kind := m.str("quant_type", "int"); kind != "int" || m.int("weights_prepacked", 0) > 0 {
		m.fail(fmt.Errorf("quant_type %q, or packed weights: %w", kind, ir.ErrUnsupported))
	}
	for i, name := range []string{"fc1", "fc2", "fc3"} {
		n := m.int(name+"_expert_weight_bits", bits)
		if x.b[i] = m.in(4 + 3*i); m.in(2+3*i) != nil && m.in(3+3*i) != nil {
			x.w[i] = m.rowsOf(m.in(2+3*i), m.in(3+3*i), m.in(11+i), n, block)
		}
	}
	if m.in(14) == nil {
		x.normalised = true // the softmax is over those that take part
	}
	return one(m.mix(x, m.in(0), m.in(1), m.in(14)))
}

// rowsOf dequantises weights [experts,out,bytes]. Scales are [experts,out], or [experts,out,blocks]; zero points alike, packed along
// their last axis.
func (m *maker) rowsOf(w, scale, zero *ir.Value, bits, block int64) *ir.Value {
	w = m.unpackBits(w, bits)
	if zero == nil {
		zero = m.middle(scale, bits)
	} else {
		zero = m.unpackBits(zero, bits)
	}
	if m.err != nil {
		return nil
	}
	if scale.Type.Rank() == 2 {
		scale = m.unsqueeze(scale, 2)
		zero = m.unsqueeze(m.op("Slice", nil, zero, m.ints(0), m.size(scale, 1), m.ints(1)), 2)
		if block = knownSize(w, 2); block < 0 {
			m.fail(fmt.Errorf("weights of unknown sizes: %w", ir.ErrUnsupported))
			return nil
		}
	} else {
		zero = m.op("Slice", nil, zero, m.ints(0), m.size(scale, 2), m.ints(2))
	}
	rows := func(v *ir.Value) *ir.Value {
		return m.op("Reshape", nil, v, m.join(m.ints(-1), m.size(v, 2)))
	}
	y := m.op("DequantizeLinear", attrs{"axis": intAttr(1), "block_size": intAttr(block)}, rows(w), rows(scale), rows(zero))
	return m.op("Reshape", nil, y, m.op("Shape", nil, w))
}

// middle is the zero point of numbers of a few bits where none is given, with the sizes of scale.
func (m *maker) middle(scale *ir.Value, bits int64) *ir.Value {
	if bits < 1 || bits > 8 {
		m.fail(fmt.Errorf("weights of %d bits: %w", bits, ir.ErrUnsupported))
		return nil
	}
	return m.op("Expand", nil, m.n.constant(tensor.Of([]uint8{1 << (bits - 1)}, 1)), m.op("Shape", nil, scale))
}

// knownSize returns the size of v along an axis, or -1 where it is not known.
func knownSize(v *ir.Value, axis int64) int64 {
	if axis < int64(v.Type.Rank()) {
		if n, ok := v.Type.Shape[axis].Int(); ok {
			return int64(n)
		}
	}
	return -1
}

// unpackBits makes bytes of the numbers of a few bits that lie in bytes, low bits first, along the last axis.
func (m *maker) unpackBits(x *ir.Value, bits int64) *ir.Value {
	if m.err != nil || bits == 8 {
		return x
	}
	if bits != 2 && bits != 4 || x.Type.DType != tensor.U8 || x.Type.Rank() < 1 {
		m.fail(fmt.Errorf("numbers of %d bits in %v: %w", bits, x.Type, ir.ErrUnsupported))
		return nil
	}
	u8 := func(v int64) *ir.Value { return m.n.constant(tensor.Scalar(uint8(v))) }
	var parts []*ir.Value
	for at := int64(0); at < 8; at += bits {
		p := x
		if at > 0 {
			p = m.op("BitShift", attrs{"direction": stringAttr("RIGHT")}, p, u8(at))
		}
		parts = append(parts, m.unsqueeze(m.op("BitwiseAnd", nil, p, u8(1<<bits-1)), -1))
	}
	head := m.leading(x)
	return m.op("Reshape", nil, m.op("Concat", attrs{"axis": intAttr(-1)}, parts...), m.join(head, m.ints(-1)))
}

// mix is the weighted sum of what the experts make of each token of x [tokens,size] or [N,length,size]. Every expert sees every token:
// what takes no part is left out of the sum. weights, where given, replace the probabilities of router in it.
func (m *maker) mix(x *mixture, in, router, weights *ir.Value) *ir.Value {
	if x.w[0] == nil || x.w[1] == nil || router == nil {
		m.fail(fmt.Errorf("a mixture without weights: %w", ir.ErrUnsupported))
		return nil
	}
	size := m.lastSize(in)
	tokens := m.op("Reshape", nil, in, m.join(m.ints(1, -1), size))
	layer := func(i int, h, sizes *ir.Value) *ir.Value {
		w := m.transpose(m.op("Reshape", nil, x.w[i], sizes), 0, 2, 1)
		h = m.op("MatMul", nil, h, w)
		if x.b[i] != nil {
			h = m.op("Add", nil, h, m.unsqueeze(x.b[i], 1))
		}
		return h
	}
	h := layer(0, tokens, m.join(m.ints(0, -1), size))
	var factor *ir.Value
	if x.w[2] != nil {
		factor = layer(2, tokens, m.join(m.ints(0, -1), size))
	}
	y := layer(1, m.gate(x, h, factor), m.join(m.ints(0), size, m.ints(-1)))
	part, shares := m.route(x, router, weights)
	column := func(v *ir.Value) *ir.Value { // [tokens,experts] as [experts,tokens,1]
		return m.unsqueeze(m.transpose(v, 1, 0), 2)
	}
	y = m.op("Mul", nil, m.cast(y, tensor.F32), column(shares))
	y = m.op("Where", nil, column(part), y, m.number(y, 0))
	y = m.op("ReduceSum", attrs{"keepdims": intAttr(0)}, y, m.ints(0))
	return m.like(m.cast(y, in.Type.DType), in)
}

// gate applies the activation to h, with factor or the second part of h where it has two.
func (m *maker) gate(x *mixture, h, factor *ir.Value) *ir.Value {
	switch x.act {
	case "relu":
		h = m.op("Relu", nil, h)
	case "gelu":
		h = m.op("Gelu", attrs{"approximate": stringAttr("tanh")}, h)
	case "silu":
		h = m.op("Swish", nil, h)
	case "identity":
	case "swiglu":
		return m.swiGLU(x, h, factor)
	default:
		m.fail(fmt.Errorf("activation %q: %w", x.act, ir.ErrUnsupported))
	}
	if factor != nil {
		h = m.op("Mul", nil, h, factor)
	}
	return h
}

// swiGLU is g·sigmoid(alpha·g)·(l + beta), with g at most limit and l between −limit and limit.
func (m *maker) swiGLU(x *mixture, h, l *ir.Value) *ir.Value {
	g := h
	switch {
	case x.fusion == 0 && l != nil:
	case x.fusion == 1 && l == nil:
		cut := func(from int64) *ir.Value {
			return m.op("Slice", nil, h, m.ints(from), m.ints(1<<62), m.ints(2), m.ints(2))
		}
		g, l = cut(0), cut(1)
	case x.fusion == 2 && l == nil:
		p := m.split(h, 2, 2)
		g, l = p[0], p[1]
	default:
		m.fail(fmt.Errorf("swiglu_fusion %d: %w", x.fusion, ir.ErrUnsupported))
	}
	if m.err != nil {
		return nil
	}
	if x.limit != nil {
		g = m.op("Clip", nil, g, nil, m.number(h, *x.limit))
		l = m.op("Clip", nil, l, m.number(h, -*x.limit), m.number(h, *x.limit))
	}
	l = m.op("Add", nil, l, m.number(h, x.beta))
	return m.op("Mul", nil, m.op("Swish", attrs{"alpha": floatAttr(x.alpha)}, g), l)
}

// route says which experts take part for each token [tokens,experts], and with which weight: the softmax of router, or weights.
func (m *maker) route(x *mixture, router, weights *ir.Value) (part, shares *ir.Value) {
	shares = m.op("Softmax", attrs{"axis": intAttr(-1)}, m.cast(router, tensor.F32))
	best := m.ops("TopK", attrs{"axis": intAttr(-1)}, 2, shares, m.ints(x.k))
	if m.err != nil {
		return nil, nil
	}
	none := m.op("Expand", nil, m.n.constant(tensor.Scalar(false)), m.op("Shape", nil, router))
	all := m.op("Expand", nil, m.n.constant(tensor.Scalar(true)), m.op("Shape", nil, best[1]))
	part = m.op("ScatterElements", attrs{"axis": intAttr(-1)}, none, best[1], all)
	if weights != nil {
		shares = m.cast(weights, tensor.F32)
	}
	if x.normalised {
		kept := m.op("Where", nil, part, shares, m.number(shares, 0))
		shares = m.op("Div", nil, shares, m.op("ReduceSum", nil, kept, m.ints(-1)))
	}
	return m.op("And", nil, part, m.op("Greater", nil, shares, m.n.constant(tensor.Scalar[float32](0)))), shares
}
