package op

import (
	"fmt"
	"math"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// AttentionAttrs holds what ONNX says of attention. The numbers of heads split the last axis of operands of rank 3. Scale nil is
// 1/√head size. A query at position p sees keys from p − LeftWindowSize to p + RightWindowSize; −1 sets no bound.
type AttentionAttrs struct {
	IsCausal           bool     `ir:"is_causal"`
	KVNumHeads         int      `ir:"kv_num_heads"`
	LeftWindowSize     int      `ir:"left_window_size"`
	QNumHeads          int      `ir:"q_num_heads"`
	QKMatmulOutputMode int      `ir:"qk_matmul_output_mode"`
	RightWindowSize    int      `ir:"right_window_size"`
	Scale              *float32 `ir:"scale"`
	Softcap            float32  `ir:"softcap"`
	SoftmaxPrecision   int      `ir:"softmax_precision"`
}

// Attention is softmax(q·kᵀ·Scale + mask)·v for each head, with heads of k and v shared by groups of those of q. Operands are
// [N,heads,length,size], or [N,length,heads·size]. past_key and past_value come before k and v; present_key and present_value are both.
// nonpad_kv_seqlen says how many keys of each item are there; what follows them is not read. A query that sees no key gives zeros. The
// last result is what QKMatmulOutputMode says: products, after the soft cap, with the mask, or the softmax.
var Attention = defineN(DefN[AttentionAttrs]{
	Name: "attention", ONNX: "Attention",
	Sig: "q T, k T, v V, attn_mask? float|int|uint|bool, past_key? T, past_value? V, nonpad_kv_seqlen? i64 -> " +
		"y T, present_key? T, present_value? V, qk_matmul_output? T; T float, V float",
	Props: ir.Pure,
	Attrs: AttentionAttrs{LeftWindowSize: -1, RightWindowSize: -1},
	Infer: func(sc *ir.Scope, a AttentionAttrs, in []ir.Known) ([]ir.Known, error) {
		if err := a.check(); err != nil {
			return nil, err
		}
		return a.infer(sc, in)
	},
	Eval: func(e *ir.Env, a AttentionAttrs, in []tensor.Value) ([]tensor.Value, error) {
		if err := a.check(); err != nil {
			return nil, err
		}
		return a.eval(e, in)
	},
	Lower: lowerAttention,
})

func (a AttentionAttrs) check() error {
	if _, err := softmaxPrecision(a.SoftmaxPrecision); err != nil {
		return err
	}
	if a.QKMatmulOutputMode < 0 || a.QKMatmulOutputMode > 3 {
		return fmt.Errorf("qk_matmul_output_mode %d is out of range", a.QKMatmulOutputMode)
	}
	if a.LeftWindowSize < -1 || a.RightWindowSize < -1 || !(a.Softcap >= 0) {
		return fmt.Errorf("window of %d and %d, softcap %v: less than allowed", a.LeftWindowSize, a.RightWindowSize, a.Softcap)
	}
	return nil
}

// softmaxPrecision returns the element type that ONNX numbers so; Invalid where none is given.
func softmaxPrecision(n int) (tensor.DType, error) {
	switch d := tensor.DType(n); d {
	case tensor.Invalid, tensor.F32, tensor.F16, tensor.F64, tensor.BF16:
		if int(d) == n {
			return d, nil
		}
	}
	return tensor.Invalid, fmt.Errorf("softmax_precision %d is no floating-point type", n)
}

// headsOf returns the sizes of an operand as [N,heads,length,size].
func headsOf(sc *ir.Scope, s ir.Shape, heads int, what string) (ir.Shape, error) {
	if len(s) == 4 {
		return s, nil
	}
	if len(s) != 3 || heads < 1 {
		return nil, fmt.Errorf("%s of rank %d with %d heads: rank 4, or rank 3 and the number of heads, are needed", what, len(s), heads)
	}
	h := sym.Const(heads)
	if err := sc.Assume(ir.Fact{Rel: ir.Divides, A: h, B: s[2], What: what + " in heads"}); err != nil {
		return nil, err
	}
	return ir.Shape{s[0], h, s[1], sym.FloorDiv(s[2], h)}, nil
}

func (a AttentionAttrs) infer(sc *ir.Scope, in []ir.Known) ([]ir.Known, error) {
	d, dv := in[0].Type.DType, in[2].Type.DType
	if in[4].Present() != in[5].Present() {
		return nil, fmt.Errorf("past_key and past_value go together")
	}
	if in[0].Type.Unranked || in[1].Type.Unranked || in[2].Type.Unranked {
		u := func(d tensor.DType, n int) ir.Known { return of(ir.TensorOf(d, sc.FreshShape(n)...)) }
		return []ir.Known{of(ir.UnrankedOf(d)), u(d, 4), u(dv, 4), u(d, 4)}, nil
	}
	rank := in[0].Rank()
	var s [3]ir.Shape
	for i, heads := range []int{a.QNumHeads, a.KVNumHeads, a.KVNumHeads} {
		var err error
		if in[i].Rank() != rank {
			return nil, fmt.Errorf("operands of rank %d and %d", rank, in[i].Rank())
		}
		if s[i], err = headsOf(sc, in[i].Type.Shape, heads, []string{"q", "k", "v"}[i]); err != nil {
			return nil, err
		}
	}
	q, k, v := s[0], s[1], s[2]
	for _, p := range []struct {
		a, b sym.Dim
		what string
	}{{q[0], k[0], "batch"}, {q[0], v[0], "batch"}, {q[3], k[3], "head size"}, {k[1], v[1], "heads"}, {k[2], v[2], "length"}} {
		if _, err := sc.Same(p.a, p.b, p.what); err != nil {
			return nil, err
		}
	}
	if err := sc.Assume(ir.Fact{Rel: ir.Divides, A: k[1], B: q[1], What: "heads in groups"}); err != nil {
		return nil, err
	}
	total := k[2]
	if past := in[4]; past.Present() {
		if past.Rank() >= 0 && past.Rank() != 4 {
			return nil, fmt.Errorf("past_key has rank %d, not 4", past.Rank())
		}
		p := sc.FreshShape(4)
		if past.Rank() == 4 {
			p = past.Type.Shape
		}
		if err := sizedAs(sc, in[4], ir.Shape{q[0], k[1], p[2], k[3]}, "past_key"); err != nil {
			return nil, err
		}
		if err := sizedAs(sc, in[5], ir.Shape{q[0], k[1], p[2], v[3]}, "past_value"); err != nil {
			return nil, err
		}
		total = sym.Add(p[2], total)
	}
	y := ir.Shape{q[0], q[1], q[2], v[3]}
	if rank == 3 {
		y = ir.Shape{q[0], q[2], sym.Mul(q[1], v[3])}
	}
	return []ir.Known{of(ir.TensorOf(d, y...)), of(ir.TensorOf(d, q[0], k[1], total, k[3])), of(ir.TensorOf(dv, q[0], k[1], total, v[3])),
		of(ir.TensorOf(d, q[0], q[1], q[2], total))}, vectorOf(sc, in[6], q[0], "nonpad_kv_seqlen")
}

func (a AttentionAttrs) eval(e *ir.Env, in []tensor.Value) ([]tensor.Value, error) {
	var h [3]heads
	for i, n := range []int{a.QNumHeads, a.KVNumHeads, a.KVNumHeads} {
		var err error
		if h[i], err = loadHeads(e, tens(in, i), n); err != nil {
			return nil, err
		}
	}
	q, k, v := h[0], h[1], h[2]
	past, err := k.after(e, tens(in, 4))
	if err != nil {
		return nil, fmt.Errorf("past_key: %w", err)
	}
	if more, err := v.after(e, tens(in, 5)); err != nil || more != past {
		return nil, fmt.Errorf("past_value of length %d, past_key of %d: %w", more, past, orMismatch(err))
	}
	m := &attending{q: q, k: k, v: v, softcap: float64(a.Softcap), scale: scaleOf(q.size), mode: -1}
	if a.Scale != nil {
		m.scale = float64(*a.Scale)
	}
	if e.Outs > 3 {
		m.mode = a.QKMatmulOutputMode
	}
	lens := tens(in, 6)
	if err := checkVector(lens, q.n, "nonpad_kv_seqlen"); err != nil {
		return nil, err
	}
	if lens != nil {
		m.valid = make([]int, q.n)
		for i, x := range lens.Int64s() {
			m.valid[i] = int(max(0, min(int64(k.length), x)))
		}
	}
	mask, err := loadMask(e, tens(in, 3), []int{q.n, q.heads, q.length, k.length})
	if err != nil {
		return nil, err
	}
	m.bias = a.bias(m, mask, past, tens(in, 4) != nil)
	if err := m.run(e); err != nil {
		return nil, err
	}
	d, dv := tens(in, 0).DType(), tens(in, 2).DType()
	y, dims := m.y, []int{q.n, q.heads, q.length, v.size}
	if tens(in, 0).Rank() == 3 {
		y, dims = packed(y, dims), []int{q.n, q.length, q.heads * v.size}
	}
	return storeAll(e, []tensor.DType{d, d, dv, d}, [][]float64{y, k.v, v.v, m.qk}[:max(1, e.Outs)], dims, k.dims(), v.dims(),
		[]int{q.n, q.heads, q.length, k.length})
}

// bias returns what adds a mask to the scores of a query and hides the keys that it does not see. past is the length of the cache, if
// cached.
func (a AttentionAttrs) bias(m *attending, mask *scoreMask, past int, cached bool) func(n, head, i int, row []float64) {
	return func(n, head, i int, row []float64) {
		mask.add(n, head, i, row)
		first, valid := past+i, len(row) // the query's position, and the number of keys that count
		if m.valid != nil {
			valid = m.valid[n]
			if !cached {
				first = valid - m.q.length + i
			}
		}
		lo, hi := 0, valid
		if a.IsCausal {
			hi = min(hi, first+1)
		}
		if a.RightWindowSize >= 0 {
			hi = min(hi, first+a.RightWindowSize+1)
		}
		if a.LeftWindowSize >= 0 {
			lo = max(0, first-a.LeftWindowSize)
		}
		hide(row, lo, hi)
	}
}

func orMismatch(err error) error {
	if err == nil {
		return fmt.Errorf("they must be equal")
	}
	return err
}

// hide gives −∞ to the keys outside lo ≤ j < hi.
func hide(row []float64, lo, hi int) {
	for j := range row {
		if j < lo || j >= hi {
			row[j] = math.Inf(-1)
		}
	}
}
