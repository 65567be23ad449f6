package onnx

import (
	"fmt"
	"math"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
	"github.com/cameo-onnx/cameo/onnx/wire"
)

// contribAttention projects its operand to queries, keys and values, and attends.
func contribAttention(m *maker) []*ir.Value {
	m.without(6)
	return m.selfAttention(m.plus(m.op("MatMul", nil, m.in(0), m.in(1)), m.in(2)), m.in(3), m.in(4), m.in(5))
}

// qAttention is contribAttention of a quantised operand and weights.
func qAttention(m *maker) []*ir.Value {
	m.without(9)
	x := m.realOf(m.in(0), m.scalarOf(m.in(3)), m.scalarOf(m.in(6)))
	w := m.realOf(m.in(1), m.in(4), m.in(7))
	return m.selfAttention(m.plus(m.op("MatMul", nil, x, w), m.in(2)), m.in(5), m.in(8), nil)
}

// selfAttention splits [N,length,q|k|v] in three and attends. The past holds keys and values [2,N,heads,length,size], and so does the
// second result.
func (m *maker) selfAttention(x, mask, past, bias *ir.Value) []*ir.Value {
	heads := m.int("num_heads", 0)
	if m.int("do_rotary", 0) != 0 || m.int("past_present_share_buffer", 0) != 0 {
		m.fail(fmt.Errorf("rotation or a shared cache: %w", ir.ErrUnsupported))
	}
	m.int("rotary_embedding_dim", 0)
	sizes := m.pass("qkv_hidden_sizes")["qkv_hidden_sizes"]
	a := m.attending(heads)
	var parts []*ir.Value
	if sizes != nil && len(sizes.Ints) > 0 {
		parts = m.ops("Split", attrs{"axis": intAttr(2)}, 3, x, m.ints(sizes.Ints...))
	} else {
		parts = m.split(x, 2, 3)
	}
	if m.err != nil {
		return nil
	}
	var pastK, pastV *ir.Value
	if past != nil {
		pastK = m.op("Gather", attrs{"axis": intAttr(0)}, past, m.n.constant(tensor.Scalar[int64](0)))
		pastV = m.op("Gather", attrs{"axis": intAttr(0)}, past, m.n.constant(tensor.Scalar[int64](1)))
	}
	k := keys{like: parts[1], items: m.size(x, 0), queries: m.size(x, 1), past: m.ints(0), rows: true}
	if past != nil {
		k.past = m.size(pastK, 2)
	}
	k.total = m.op("Add", nil, k.past, k.queries)
	added := m.keyMask(k, mask, bias, m.filter())
	if m.n.outs < 2 {
		return one(m.op("Attention", a, parts[0], parts[1], parts[2], added, pastK, pastV))
	}
	out := m.ops("Attention", a, 3, parts[0], parts[1], parts[2], added, pastK, pastV)
	if m.err != nil {
		return nil
	}
	present := m.join(m.unsqueeze(out[1], 0), m.unsqueeze(out[2], 0))
	return []*ir.Value{out[0], present}
}

// attending takes the attributes that ONNX's Attention has too; a scale of 0 stands for the default.
func (m *maker) attending(heads int64) attrs {
	a := attrs{"q_num_heads": intAttr(heads), "kv_num_heads": intAttr(heads)}
	if m.int("unidirectional", 0) != 0 {
		a["is_causal"] = intAttr(1)
	}
	if s := m.float("scale", 0); s != 0 {
		a["scale"] = floatAttr(s)
	}
	return a
}

// filter is what ONNX Runtime adds to the scores of masked keys.
func (m *maker) filter() float32 {
	if x := m.float("mask_filter_value", -10000); !math.IsNaN(float64(x)) {
		return x
	}
	return -10000
}

// keys says what a mask is about: the numbers of items, of their queries, of keys that came before and of all keys, as vectors of one.
type keys struct {
	like                        *ir.Value // of the scores' element type
	items, queries, past, total *ir.Value
	rows                        bool // a mask of one axis may have a second row, the first keys that count; one number for all keys says nothing
}

// keyMask returns what to add to the scores: bias, if any, and filter where a mask says that a key does not count. Masks hold positive
// numbers for keys that do [N,keys], for queries and keys [N,queries,keys], or for all places of a longer square [N,1,length,length];
// or the ends of the keys that count [N], the starts behind them [2·N].
func (m *maker) keyMask(k keys, mask, bias *ir.Value, filter float32) *ir.Value {
	if mask == nil || m.err != nil {
		return bias
	}
	if mask.Type.Unranked {
		m.fail(fmt.Errorf("a mask of unknown rank: %w", ir.ErrUnsupported))
		return nil
	}
	switch mask.Type.Rank() {
	case 1:
		mask = m.spans(k, mask)
	case 2:
		n, known := mask.Type.Shape[1].Int()
		if k.rows && known && n == 1 {
			return bias
		}
		if mask = m.counts(mask); !known {
			all := m.op("Equal", nil, m.size(mask, 1), m.ints(1))
			if k.rows {
				mask = m.op("Or", nil, mask, all)
			}
			mask = m.op("Expand", nil, mask, m.join(m.ints(1), k.total))
		}
		mask = m.unsqueeze(mask, 1, 2)
	case 3:
		mask = m.unsqueeze(mask, 1)
	case 4:
		from := m.join(k.past, m.ints(0))
		to := m.join(k.total, k.total)
		mask = m.op("Slice", nil, mask, from, to, m.ints(2, 3))
	default:
		m.fail(fmt.Errorf("a mask of rank %d: %w", mask.Type.Rank(), ir.ErrUnsupported))
	}
	if m.err != nil {
		return nil
	}
	return m.plus(m.op("Where", nil, m.counts(mask), m.number(k.like, 0), m.number(k.like, filter)), bias)
}

// counts says which keys a mask of numbers lets count.
func (m *maker) counts(mask *ir.Value) *ir.Value {
	if m.err != nil || mask.Type.DType == tensor.Bool {
		return mask
	}
	return m.op("Greater", nil, mask, m.number(mask, 0))
}

// spans says for each item which keys lie before its end, the first numbers of mask, and from its start on, the numbers behind them.
func (m *maker) spans(k keys, mask *ir.Value) *ir.Value {
	mask = m.cast(mask, tensor.I64)
	place := func(v *ir.Value) *ir.Value { return m.unsqueeze(v, 1, 2, 3) }
	at := m.count(k.total)
	if !k.rows || m.err == nil && k.like.Type.Rank() > 0 && mask.Type.Shape[0].Equal(k.like.Type.Shape[0]) {
		ends := m.op("Slice", nil, mask, m.ints(0), k.items)
		return m.op("Less", nil, at, place(ends))
	}
	// A row of zeros behind: where there is no row of starts, it is the second.
	zeros := m.op("ConstantOfShape", attrs{"value": {Type: wire.AttrTensor, T: wire.FromTensor("", tensor.Of([]int64{0}))}}, k.items)
	row := m.join(m.ints(-1), k.items)
	rows := m.reshape(m.join(mask, zeros), row)
	ends := m.op("Gather", nil, rows, m.n.constant(tensor.Scalar[int64](0)))
	starts := m.op("Gather", nil, rows, m.n.constant(tensor.Scalar[int64](1)))
	return m.op("And", nil, m.op("Less", nil, at, place(ends)), m.op("GreaterOrEqual", nil, at, place(starts)))
}
