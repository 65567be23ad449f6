package onnx

import (
	"fmt"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// contribAttention projects its operand to queries, keys and values, and attends. A past is refused.
func contribAttention(m *maker) []*ir.Value {
	m.without(6)
	if m.in(4) != nil {
		m.fail(fmt.Errorf("operand past: %w", ir.ErrUnsupported))
		return nil
	}
	x := m.plus(m.op("MatMul", nil, m.in(0), m.in(1)), m.in(2))
	return one(m.selfAttention(x, m.in(3), m.in(5)))
}

// qAttention is contribAttention of a quantised operand and weights.
func qAttention(m *maker) []*ir.Value {
	m.without(8)
	x := m.op("DequantizeLinear", nil, m.in(0), m.in(3), m.in(6))
	w := m.op("DequantizeLinear", attrs{"axis": intAttr(1)}, m.in(1), m.in(4), m.in(7))
	return one(m.selfAttention(m.plus(m.op("MatMul", nil, x, w), m.in(2)), m.in(5), nil))
}

// selfAttention splits [N,length,q|k|v] in three and attends.
func (m *maker) selfAttention(x, mask, bias *ir.Value) *ir.Value {
	heads := m.int("num_heads", 0)
	if m.int("do_rotary", 0) != 0 || m.int("past_present_share_buffer", 0) != 0 {
		m.fail(fmt.Errorf("rotation or a shared cache: %w", ir.ErrUnsupported))
	}
	sizes := m.pass("qkv_hidden_sizes")["qkv_hidden_sizes"]
	a := attrs{"q_num_heads": intAttr(heads), "kv_num_heads": intAttr(heads)}
	if m.int("unidirectional", 0) != 0 {
		a["is_causal"] = intAttr(1)
	}
	m.scale(a)
	filter := m.filter()
	var parts []*ir.Value
	if sizes != nil && len(sizes.Ints) > 0 {
		parts = m.ops("Split", attrs{"axis": intAttr(2)}, 3, x, m.n.ints(sizes.Ints...))
	} else {
		parts = m.ops("Split", attrs{"axis": intAttr(2), "num_outputs": intAttr(3)}, 3, x)
	}
	if m.err != nil {
		return nil
	}
	return m.op("Attention", a, parts[0], parts[1], parts[2], m.keyMask(parts[1], mask, bias, filter))
}

// scale moves the factor of the scores; 0 stands for the default.
func (m *maker) scale(a attrs) {
	if s := m.float("scale", 0); s != 0 {
		a["scale"] = floatAttr(s)
	}
}

// keyMask returns what to add to the scores: bias, if any, and filter where a mask says that a key of k[N,length,…] does not count. Masks hold
// 0 and 1 for keys [N,keys] or for queries and keys [N,queries,keys], or the number of keys that count [N].
func (m *maker) keyMask(k, mask, bias *ir.Value, filter float32) *ir.Value {
	if mask == nil || m.err != nil {
		return bias
	}
	var keep *ir.Value
	to := attrs{"to": intAttr(int64(k.Type.DType))}
	switch mask.Type.Rank() {
	case 1:
		if n, ok := mask.Type.Shape[0].Int(); !ok || !mask.Type.Shape[0].Equal(k.Type.Shape[0]) {
			m.fail(fmt.Errorf("a mask of %d numbers, which may be ends or ends and starts: %w", n, ir.ErrUnsupported))
			return nil
		}
		length := m.op("Squeeze", nil, m.op("Shape", attrs{"start": intAttr(1), "end": intAttr(2)}, k))
		at := m.op("Range", nil, m.n.constant(tensor.Scalar[int64](0)), length, m.n.constant(tensor.Scalar[int64](1)))
		ends := m.op("Unsqueeze", nil, m.op("Cast", attrs{"to": intAttr(int64(tensor.I64))}, mask), m.n.ints(1, 2, 3))
		keep = m.op("Cast", to, m.op("Less", nil, at, ends))
	case 2:
		keep = m.op("Unsqueeze", nil, m.op("Cast", to, mask), m.n.ints(1, 2))
	case 3:
		keep = m.op("Unsqueeze", nil, m.op("Cast", to, mask), m.n.ints(1))
	default:
		m.fail(fmt.Errorf("a mask of rank %d: %w", mask.Type.Rank(), ir.ErrUnsupported))
		return nil
	}
	hidden := m.op("Mul", nil, m.op("Sub", nil, m.number(k, 1), keep), m.number(k, filter))
	return m.plus(hidden, bias)
}

// multiHeadAttention attends to projected queries, keys and values [N,length,heads·size], after adding a bias of all three.
func multiHeadAttention(m *maker) []*ir.Value {
	m.without(8)
	q, k, v := m.in(0), m.in(1), m.in(2)
	heads := m.int("num_heads", 0)
	if k == nil || v == nil || q.Type.Rank() != 3 || k.Type.Rank() != 3 || v.Type.Rank() != 3 {
		m.fail(fmt.Errorf("packed or transposed operands: %w", ir.ErrUnsupported))
		return nil
	}
	if b := m.in(3); b != nil {
		wide, ok := q.Type.Shape[2].Int()
		last, ok2 := v.Type.Shape[2].Int()
		if !ok || !ok2 {
			m.fail(fmt.Errorf("a bias of parts whose sizes are not known: %w", ir.ErrUnsupported))
			return nil
		}
		parts := m.ops("Split", attrs{"axis": intAttr(0)}, 3, b, m.n.ints(int64(wide), int64(wide), int64(last)))
		if m.err != nil {
			return nil
		}
		q, k, v = m.op("Add", nil, q, parts[0]), m.op("Add", nil, k, parts[1]), m.op("Add", nil, v, parts[2])
	}
	a := attrs{"q_num_heads": intAttr(heads), "kv_num_heads": intAttr(heads)}
	if m.int("unidirectional", 0) != 0 {
		a["is_causal"] = intAttr(1)
	}
	m.scale(a)
	filter := m.filter()
	if m.in(4) != nil && m.in(6) != nil {
		m.fail(fmt.Errorf("a mask of keys together with a past: %w", ir.ErrUnsupported))
		return nil
	}
	outs := 1
	if m.n.outs > 1 {
		outs = 3
	}
	return m.ops("Attention", a, outs, q, k, v, m.keyMask(k, m.in(4), m.in(5), filter), m.in(6), m.in(7))
}

// groupQuery drops attributes of GroupQueryAttention that say what holds without them.
func groupQuery(n *node) ([]*ir.Value, error) {
	if a := n.attrs["smooth_softmax"]; a != nil && a.I != 1 {
		delete(n.attrs, "smooth_softmax") // -1 stands for no
	}
	for _, name := range []string{"kv_cache_bit_width", "sliding_window_cache"} {
		if a := n.attrs[name]; a != nil && a.I == 0 {
			delete(n.attrs, name)
		}
	}
	for _, name := range []string{"k_quant_type", "v_quant_type"} {
		if a := n.attrs[name]; a != nil && string(a.S) == "NONE" {
			delete(n.attrs, name)
		}
	}
	return nil, nil
}
