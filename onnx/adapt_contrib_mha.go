package onnx

import (
	"fmt"
	"math"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// multiHeadAttention attends to projected queries, keys and values [N,length,heads·size], after adding a bias of all three. Keys and
// values may be of rank 4 already, lie side by side [N,length,heads,2,size], or all three [N,length,heads,3,size].
func multiHeadAttention(m *maker) []*ir.Value {
	m.without(10)
	c := &caches{key: m.in(6), value: m.in(7), length: m.in(8), beams: m.in(9)}
	return m.multiHead(m.in(0), m.in(1), m.in(2), m.in(3), m.in(4), m.in(5), c)
}

// decoderAttention is multiHeadAttention for one query, whose operands have another order.
func decoderAttention(m *maker) []*ir.Value {
	m.without(11)
	shared := m.int("past_present_share_buffer", 0) != 0
	m.int("output_qk", 0)
	c := &caches{key: m.in(5), value: m.in(6), beams: m.in(9)}
	if shared && c.key != nil {
		if c.length = m.in(7); c.length == nil {
			m.fail(fmt.Errorf("a shared cache without past_sequence_length: %w", ir.ErrUnsupported))
			return nil
		}
	}
	return m.multiHead(m.in(0), m.in(1), m.in(2), m.in(10), m.in(3), m.in(4), c)
}

// caches is what came before: key and value [N,heads,length,size]. Of those with a length only so many tokens count, and the new ones
// replace what follows. beams [N/beams,beams,length] says whose tokens to read.
type caches struct{ key, value, length, beams *ir.Value }

func (m *maker) multiHead(q, k, v, bias, mask, added *ir.Value, c *caches) []*ir.Value {
	heads := m.int("num_heads", 0)
	if heads < 1 || heads > 1<<20 {
		m.fail(fmt.Errorf("num_heads is %d", heads))
	}
	a := m.attending(heads)
	filter := m.filter()
	q, k, v = m.unpackHeads(q, k, v, heads)
	if m.err != nil {
		return nil
	}
	crossed := k.Type.Rank() == 4 && q.Type.Rank() == 3 // keys that were projected and split before; the bias is not theirs
	q, k, v = m.headBias(q, k, v, bias, crossed)
	if m.err != nil {
		return nil
	}
	flat := q.Type.Rank() == 3
	if q.Type.Rank() != k.Type.Rank() {
		q = m.splitHeads(q, heads)
	}
	if m.err != nil {
		return nil
	}
	s := keys{like: k, items: m.size(q, 0), past: m.ints(0)}
	along := int64(1)
	if k.Type.Rank() == 4 {
		along = 2
	}
	s.queries, s.total = m.size(q, 1), m.size(k, along)
	if q.Type.Rank() == 4 {
		s.queries = m.size(q, 2)
	}
	if crossed && c.length == nil {
		c = &caches{}
	}
	present := []*ir.Value(nil)
	if c.length != nil {
		s.past = m.sized(m.cast(c.length, tensor.I64), 1)
		k, v, s.total, present = m.writeCache(s, k, v, heads, c)
		if m.err == nil && q.Type.Rank() == 3 {
			q = m.splitHeads(q, heads)
		}
		c = &caches{}
	} else if c.key != nil {
		s.past = m.size(c.key, 2)
		s.total = m.op("Add", nil, s.past, s.total)
	}
	out := m.attend(a, s, [3]*ir.Value{q, k, v}, m.keyMask(s, mask, added, filter), c, present)
	if m.err == nil && flat && q.Type.Rank() == 4 {
		out[0] = m.sized(m.transpose(out[0], 0, 2, 1, 3), 0, 0, -1)
	}
	return out
}

// attend returns the results that the node asks for; present, where it is not nil, is the second and the third.
func (m *maker) attend(a attrs, s keys, qkv [3]*ir.Value, added *ir.Value, c *caches, present []*ir.Value) []*ir.Value {
	if m.err != nil {
		return nil
	}
	q, k, v := qkv[0], qkv[1], qkv[2]
	outs := max(1, min(m.n.outs, 4))
	if outs == 4 {
		a["qk_matmul_output_mode"] = intAttr(2)
	}
	if a["is_causal"] != nil && (outs == 4 || present != nil || !q.Type.Shape[len(q.Type.Shape)-2].Equal(k.Type.Shape[len(k.Type.Shape)-2])) {
		delete(a, "is_causal")
		added = m.plus(m.later(s), added)
	}
	ask := outs
	if present != nil && outs < 4 {
		ask = 1
	}
	out := m.ops("Attention", a, ask, q, k, v, added, c.key, c.value)
	if m.err != nil {
		return nil
	}
	out = append(out, make([]*ir.Value, outs-len(out))...)
	copy(out[1:], present[:min(len(present), len(out)-1)])
	return out
}

// later is what ONNX Runtime adds to scores of keys behind a query: the least number. The last query sees every key.
func (m *maker) later(s keys) *ir.Value {
	at, last := m.unsqueeze(m.count(s.queries), 1), m.op("Sub", nil, s.queries, m.ints(1))
	hidden := m.op("And", nil, m.op("Greater", nil, m.count(s.total), m.op("Add", nil, at, s.past)), m.op("Less", nil, at, last))
	if m.err != nil {
		return nil
	}
	least := float32(-math.MaxFloat32)
	switch s.like.Type.DType {
	case tensor.F16:
		least = -65504
	case tensor.BF16:
		least = -0x1.fep127
	}
	return m.op("Where", nil, hidden, m.number(s.like, least), m.number(s.like, 0))
}

// splitHeads turns [N,length,heads·size] into [N,heads,length,size].
func (m *maker) splitHeads(x *ir.Value, heads int64) *ir.Value {
	return m.transpose(m.sized(x, 0, 0, heads, -1), 0, 2, 1, 3)
}

// unpackHeads takes operands apart that lie side by side.
func (m *maker) unpackHeads(q, k, v *ir.Value, heads int64) (_, _, _ *ir.Value) {
	packed := q
	switch {
	case k == nil && v == nil:
		if q.Type.Rank() == 3 { // [N,1,q|k|v]
			p := m.split(q, 2, 3)
			return p[0], p[1], p[2]
		}
	case v == nil:
		packed = k
	case k != nil && q.Type.Rank() == 3 && (k.Type.Rank() == 3 || k.Type.Rank() == 4) && k.Type.Rank() == v.Type.Rank():
		return q, k, v
	}
	if k == nil && v != nil || packed.Type.Rank() != 5 || packed != q && q.Type.Rank() != 3 {
		m.fail(fmt.Errorf("operands of ranks %d, %d and %d: %w", q.Type.Rank(), rankOf(k), rankOf(v), ir.ErrUnsupported))
		return nil, nil, nil
	}
	n := 2
	if packed == q {
		n = 3
	}
	var p []*ir.Value
	for _, x := range m.ops("Split", attrs{"axis": intAttr(3), "num_outputs": intAttr(int64(n))}, n, packed) {
		p = append(p, m.sized(m.op("Squeeze", nil, x, m.ints(3)), 0, 0, -1))
	}
	if m.err != nil {
		return nil, nil, nil
	}
	if packed == q {
		return p[0], p[1], p[2]
	}
	return q, p[0], p[1]
}

func rankOf(v *ir.Value) int {
	if v == nil {
		return -1
	}
	return v.Type.Rank()
}

// headBias adds the parts of a bias to queries, and to keys and values that are not split yet.
func (m *maker) headBias(q, k, v, bias *ir.Value, crossed bool) (_, _, _ *ir.Value) {
	if bias == nil {
		return q, k, v
	}
	wide := m.size(q, 2)
	two := m.op("Add", nil, wide, wide)
	part := func(x, from, to *ir.Value) *ir.Value { return m.op("Add", nil, x, m.op("Slice", nil, bias, from, to)) }
	q = part(q, m.ints(0), wide)
	if crossed {
		return q, k, v
	}
	return q, part(k, wide, two), part(v, two, m.op("Add", nil, two, m.size(v, 2)))
}

// writeCache writes keys and values into caches of a fixed length, behind the tokens that count, and returns those that count then, how
// many, and the caches.
func (m *maker) writeCache(s keys, k, v *ir.Value, heads int64, c *caches) (_, _, total *ir.Value, present []*ir.Value) {
	if c.key == nil || c.value == nil {
		m.fail(fmt.Errorf("past_sequence_length without a past: %w", ir.ErrUnsupported))
		return nil, nil, nil, nil
	}
	at := m.op("Expand", nil, s.past, s.items)
	total = m.op("Add", nil, s.past, s.total)
	var out []*ir.Value
	for _, p := range []struct{ cache, x *ir.Value }{{c.key, k}, {c.value, v}} {
		if m.err == nil && p.x.Type.Rank() == 3 {
			p.x = m.splitHeads(p.x, heads)
		}
		whole := m.op("TensorScatter", nil, p.cache, p.x, at)
		present = append(present, whole)
		read := m.op("Slice", nil, whole, m.ints(0), total, m.ints(2))
		if c.beams != nil {
			read = m.readBeams(p.cache, read, s.past, c.beams)
		}
		out = append(out, read)
	}
	if m.err != nil {
		return nil, nil, nil, nil
	}
	return out[0], out[1], total, present
}

// readBeams replaces the first tokens of x, past many, by those that beams says: token t of item (i,j) is that of item (i,beams[i,j,t]).
func (m *maker) readBeams(cache, x, past, beams *ir.Value) *ir.Value {
	items, width := m.size(x, 0), m.size(beams, 1)
	b := m.op("Slice", nil, m.cast(beams, tensor.I64), m.ints(0), past, m.ints(2))
	first := m.op("Mul", nil, m.count(m.size(beams, 0)), width)
	b = m.op("Add", nil, b, m.unsqueeze(first, 1, 2))
	rows := m.reshape(b, m.join(items, past))
	tokens := m.op("Expand", nil, m.count(past), m.op("Shape", nil, rows))
	index := m.op("Concat", attrs{"axis": intAttr(2)}, m.unsqueeze(rows, 2), m.unsqueeze(tokens, 2))
	old := m.op("GatherND", nil, m.transpose(cache, 0, 2, 1, 3), index)
	fresh := m.op("Slice", nil, x, past, m.size(x, 2), m.ints(2))
	return m.op("Concat", attrs{"axis": intAttr(2)}, m.transpose(old, 0, 2, 1, 3), fresh)
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

// matMulNBits drops an attribute that is about a layout of the weights that only GPUs have.
func matMulNBits(n *node) ([]*ir.Value, error) {
	if a := n.attrs["weight_prepacked"]; a != nil && a.I == 0 {
		delete(n.attrs, "weight_prepacked")
	}
	return nil, nil
}
