package op

import (
	"fmt"
	"math"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// GroupQueryAttentionAttrs holds the numbers of heads, which are required; how many keys up to its own a query sees (−1: all); whether
// queries and keys turn by their positions; the soft cap and the factor of the scores (0: none, and 1/√head size); whether a query sees
// no key behind its own; and whether qk_output is the scores before (1) or after (2) the softmax.
type GroupQueryAttentionAttrs struct {
	Causal            bool    `ir:"causal"`
	DoRotary          bool    `ir:"do_rotary"`
	KVNumHeads        int     `ir:"kv_num_heads"`
	LocalWindowSize   int     `ir:"local_window_size"`
	NumHeads          int     `ir:"num_heads"`
	QKNormEpsilon     float32 `ir:"qk_norm_epsilon"`
	QKOutput          int     `ir:"qk_output"`
	RotaryInterleaved bool    `ir:"rotary_interleaved"`
	Scale             float32 `ir:"scale"`
	SmoothSoftmax     bool    `ir:"smooth_softmax"`
	Softcap           float32 `ir:"softcap"`
}

// GroupQueryAttention is causal attention over a cache that it extends. q is [N,length,heads·size], k and v alike with fewer heads; or
// all three lie side by side in q; k and v of length 0 add nothing to the cache. seqlens_k is, per item, how many keys there are then,
// less one. Caches are [N,heads,length,size]; the new ones hold total_sequence_length tokens, or as many as the old, with zeros behind
// each item's. A call whose tokens are the whole sequence is a prompt: the old cache is not read. head_sink is a further score for each
// head, which gets no result; q_norm and k_norm scale heads of root mean square 1.
var GroupQueryAttention = defineN(DefN[GroupQueryAttentionAttrs]{
	Name: "group_query_attention", ONNX: "GroupQueryAttention", Domain: "com.microsoft",
	Sig: "q T, k? T, v? T, past_key? T, past_value? T, seqlens_k i32, total_sequence_length i32, cos_cache? T, sin_cache? T, position_ids? i64, " +
		"attention_bias? T, head_sink? T, k_scale? f32, v_scale? f32, q_norm_weight? T, k_norm_weight? T -> " +
		"y T, present_key? T, present_value? T, output_qk? T; T f32|f16|bf16",
	Props: ir.Pure,
	Attrs: GroupQueryAttentionAttrs{Causal: true, LocalWindowSize: -1, QKNormEpsilon: 1e-6},
	Infer: inferGroupQuery,
	Eval:  groupQueryAttention,
})

func inferGroupQuery(sc *ir.Scope, a GroupQueryAttentionAttrs, in []ir.Known) ([]ir.Known, error) {
	if err := a.check(func(i int) bool { return in[i].Present() }); err != nil {
		return nil, err
	}
	if sc.Outs > 3 && a.QKOutput == 0 {
		return nil, fmt.Errorf("output_qk is asked for, but qk_output is 0")
	}
	q, err := rankedAs(sc, in[0], 3, "q")
	if err != nil {
		return nil, err
	}
	parts, kv := a.NumHeads, sym.Const(a.KVNumHeads)
	if !in[1].Present() {
		parts += 2 * a.KVNumHeads
	}
	if err := sc.Assume(ir.Fact{Rel: ir.Divides, A: sym.Const(parts), B: q[2], What: "q in heads"}); err != nil {
		return nil, err
	}
	size, fresh := sym.FloorDiv(q[2], sym.Const(parts)), q[1]
	if k := in[1]; k.Rank() == 3 {
		if n, ok := k.Type.Shape[1].Int(); ok && n == 0 {
			fresh = sym.Const(0)
		}
	}
	heads := sym.Const(a.NumHeads)
	for _, o := range []struct {
		i    int
		name string
		want ir.Shape
	}{{1, "k", ir.Shape{q[0], fresh, sym.Mul(kv, size)}}, {2, "v", ir.Shape{q[0], fresh, sym.Mul(kv, size)}}, {11, "head_sink", ir.Shape{heads}},
		{14, "q_norm_weight", ir.Shape{size}}, {15, "k_norm_weight", ir.Shape{size}}} {
		if err := sizedAs(sc, in[o.i], o.want, o.name); err != nil {
			return nil, err
		}
	}
	if k := in[5]; k.Rank() == 0 || k.Rank() > 2 {
		return nil, fmt.Errorf("seqlens_k of rank %d is no vector", k.Rank())
	} else if k.Rank() > 0 {
		if _, err := sc.Same(k.Type.Shape[0], q[0], "seqlens_k"); err != nil {
			return nil, err
		}
	}
	total, all := sc.Fresh(), sc.Fresh()
	if v, ok := in[6].Sizes(); ok && len(v) == 1 && v[0].Valid() {
		total, all = v[0], v[0]
		if past := in[3]; past.Rank() == 4 {
			total = sym.Max(total, past.Type.Shape[2])
		}
	}
	d := in[0].Type.DType
	present := of(ir.TensorOf(d, q[0], kv, total, size))
	return []ir.Known{of(ir.TensorOf(d, q[0], q[1], sym.Mul(heads, size))), present, present, of(ir.TensorOf(d, q[0], heads, q[1], all))}, nil
}

// check tells wrong attributes and sets of operands; has says which there are.
func (a GroupQueryAttentionAttrs) check(has func(int) bool) error {
	switch {
	case a.KVNumHeads < 1 || a.NumHeads < 1 || a.NumHeads%a.KVNumHeads != 0 || a.NumHeads > maxWindowAttr:
		return fmt.Errorf("num_heads %d is no multiple of kv_num_heads %d", a.NumHeads, a.KVNumHeads)
	case has(1) != has(2):
		return fmt.Errorf("k and v go together")
	case has(3) != has(4):
		return fmt.Errorf("past_key and past_value go together")
	case a.DoRotary && !(has(7) && has(8)):
		return fmt.Errorf("do_rotary needs cos_cache and sin_cache")
	case !a.Causal && a.LocalWindowSize >= 0:
		return fmt.Errorf("local_window_size %d of attention that is not causal", a.LocalWindowSize)
	case a.LocalWindowSize < -1 || !(a.Softcap >= 0):
		return fmt.Errorf("local_window_size %d, softcap %v: less than allowed", a.LocalWindowSize, a.Softcap)
	case a.QKOutput < 0 || a.QKOutput > 2:
		return fmt.Errorf("qk_output %d is none of 0, 1 and 2", a.QKOutput)
	case has(12) || has(13):
		return fmt.Errorf("a quantised cache: %w", ir.ErrUnsupported)
	}
	return nil
}

func groupQueryAttention(e *ir.Env, a GroupQueryAttentionAttrs, in []tensor.Value) ([]tensor.Value, error) {
	if err := a.check(func(i int) bool { return tens(in, i) != nil }); err != nil {
		return nil, err
	}
	h, err := a.heads(e, tens(in, 0), tens(in, 1), tens(in, 2))
	if err != nil {
		return nil, err
	}
	c, err := cachingOf(tens(in, 5), tens(in, 6), tens(in, 3), h[0], h[1].length)
	if err != nil {
		return nil, err
	}
	for i, x := range h[:2] {
		if err := x.normalize(e, tens(in, 14+i), float64(a.QKNormEpsilon)); err != nil {
			return nil, err
		}
	}
	if a.DoRotary {
		if err := a.rotate(e, in, h[0], h[1], c); err != nil {
			return nil, err
		}
	}
	m := &attending{q: h[0], scale: float64(a.Scale), softcap: float64(a.Softcap), smooth: a.SmoothSoftmax, valid: c.total, mode: -1}
	if a.Scale == 0 {
		m.scale = 1 / math.Sqrt(float64(h[0].size))
	}
	if m.sink, err = a.sinks(e, tens(in, 11)); err != nil {
		return nil, err
	}
	if a.QKOutput > 0 && e.Outs > 3 {
		m.mode = a.QKOutput + 1
	}
	if m.k, err = c.extend(e, tens(in, 3), h[1]); err != nil {
		return nil, fmt.Errorf("past_key: %w", err)
	}
	if m.v, err = c.extend(e, tens(in, 4), h[2]); err != nil {
		return nil, fmt.Errorf("past_value: %w", err)
	}
	bias, err := loadMask(e, tens(in, 10), []int{h[0].n, h[0].heads, h[0].length, c.length})
	if err != nil {
		return nil, err
	}
	m.bias = func(n, head, i int, row []float64) {
		bias.add(n, head, i, row)
		lo, hi := c.seen(a, n, i)
		hide(row, lo, hi)
	}
	if err := m.run(e); err != nil {
		return nil, err
	}
	return a.results(e, m, tens(in, 0).DType(), int(tens(in, 6).Int64s()[0]))
}

// results stores what m computed; total is the number of keys in output_qk, in which what a query does not see is 0.
func (a GroupQueryAttentionAttrs) results(e *ir.Env, m *attending, d tensor.DType, total int) ([]tensor.Value, error) {
	dims := []int{m.q.n, m.q.heads, m.q.length, m.q.size}
	out := [][]float64{packed(m.y, dims), m.k.v, m.v.v}
	qk := []int{m.q.n, m.q.heads, m.q.length, total}
	if e.Outs > 3 {
		v, err := alloc[float64](e, qk...)
		if err != nil {
			return nil, err
		}
		for i := range v {
			if m.mode >= 0 {
				v[i] = m.qk[i/total*m.k.length+i%total]
			}
			if math.IsInf(v[i], -1) {
				v[i] = 0
			}
		}
		out = append(out, v)
	}
	return storeAll(e, []tensor.DType{d, d, d, d}, out, []int{dims[0], dims[2], dims[1] * dims[3]}, m.k.dims(), m.v.dims(), qk)
}

// sinks loads a score for each head that gets no result.
func (a GroupQueryAttentionAttrs) sinks(e *ir.Env, t *tensor.Tensor) ([]float64, error) {
	if err := checkVector(t, a.NumHeads, "head_sink"); err != nil {
		return nil, err
	}
	return load[float64](e, t)
}

// normalize scales each row of h to a root mean square of 1, times weight; without one it does nothing.
func (h heads) normalize(e *ir.Env, weight *tensor.Tensor, eps float64) error {
	if weight == nil {
		return nil
	}
	if err := checkVector(weight, h.size, "norm weight"); err != nil {
		return err
	}
	w, err := load[float64](e, weight)
	if err != nil {
		return err
	}
	for at := 0; at < len(h.v); at += h.size {
		row, sum := h.v[at:at+h.size], 0.0
		for _, x := range row {
			sum += x * x
		}
		f := 1 / math.Sqrt(sum/float64(h.size)+eps)
		for i := range row {
			row[i] *= f * w[i]
		}
	}
	return nil
}

// heads loads queries, keys and values, which may lie side by side in q.
func (a GroupQueryAttentionAttrs) heads(e *ir.Env, q, k, v *tensor.Tensor) (h [3]heads, err error) {
	if q.Rank() != 3 {
		return h, fmt.Errorf("q has rank %d, not 3", q.Rank())
	}
	if k == nil {
		all, err := loadHeads(e, q, a.NumHeads+2*a.KVNumHeads)
		if err != nil {
			return h, err
		}
		if err := e.Take(tensor.F64, all.dims()); err != nil {
			return h, err
		}
		from := 0
		for i, n := range []int{a.NumHeads, a.KVNumHeads, a.KVNumHeads} {
			h[i] = heads{n: all.n, heads: n, length: all.length, size: all.size}
			for item := range all.n {
				for head := range n {
					h[i].v = append(h[i].v, all.of(item, from+head)...)
				}
			}
			from += n
		}
		return h, nil
	}
	for i, t := range []*tensor.Tensor{q, k, v} {
		if h[i], err = loadHeads(e, t, []int{a.NumHeads, a.KVNumHeads, a.KVNumHeads}[i]); err != nil {
			return h, err
		}
	}
	for _, x := range h[1:] {
		if x.n != h[0].n || x.length != h[1].length || x.length != 0 && x.length != h[0].length || x.size != h[0].size {
			return h, fmt.Errorf("q, k and v of sizes %v, %v and %v do not fit", h[0].dims(), h[1].dims(), h[2].dims())
		}
	}
	return h, nil
}
