package op

import (
	"fmt"
	"slices"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// RotaryEmbeddingAttrs holds whether the pairs that turn together are neighbours or lie half the rotated part apart, the number of
// heads of an operand of rank 3, and how much of each head turns (0: all).
type RotaryEmbeddingAttrs struct {
	Interleaved        bool `ir:"interleaved"`
	NumHeads           int  `ir:"num_heads"`
	RotaryEmbeddingDim int  `ir:"rotary_embedding_dim"`
}

// RotaryEmbedding turns pairs of elements of each head of x, [N,heads,length,size] or [N,length,heads·size], by the angles of their
// position. The caches hold the angles' cosines and sines: of each position that position_ids[N,length] may name, or without it of each
// token, [N,length,size/2].
var RotaryEmbedding = define(Def[RotaryEmbeddingAttrs]{
	Name: "rotary_embedding", ONNX: "RotaryEmbedding", Sig: "x T, cos_cache T, sin_cache T, position_ids? i64 -> y T; T f32|f16|bf16",
	Props: ir.Pure,
	Infer: func(sc *ir.Scope, a RotaryEmbeddingAttrs, in []ir.Known) (ir.Known, error) {
		t := in[0].Type
		t.Layout = ir.RowMajor
		if t.Unranked {
			return of(t), nil
		}
		s, err := headsOf(sc, t.Shape, a.NumHeads, "x")
		if err != nil {
			return of(t), err
		}
		size := s[3]
		if a.RotaryEmbeddingDim != 0 {
			size = sym.Const(a.RotaryEmbeddingDim)
			if err := sc.Assume(ir.Fact{Rel: ir.Le, A: size, B: s[3], What: "rotary_embedding_dim"}); err != nil {
				return of(t), err
			}
		}
		if err := sc.Assume(ir.Fact{Rel: ir.Divides, A: sym.Const(2), B: size, What: "size that turns"}); err != nil {
			return of(t), err
		}
		want := ir.Shape{s[0], s[2], sym.FloorDiv(size, sym.Const(2))}
		for k, name := range []string{"cos_cache", "sin_cache"} {
			i, w := 1+k, want
			if in[3].Present() {
				if in[i].Rank() < 1 {
					continue
				}
				w = ir.Shape{in[i].Type.Shape[0], want[2]}
			} else if in[i].Rank() == 3 { // one table for all items, as exporters write it, is taken too
				if err := sc.Assume(ir.Fact{Rel: ir.Broadcast, A: in[i].Type.Shape[0], B: s[0], What: name}); err != nil {
					return of(t), err
				}
				w = append(ir.Shape{in[i].Type.Shape[0]}, want[1:]...)
			}
			if err := sizedAs(sc, in[i], w, name); err != nil {
				return of(t), err
			}
		}
		return of(t), sizedAs(sc, in[3], want[:2], "position_ids")
	},
	Eval: func(e *ir.Env, a RotaryEmbeddingAttrs, in []tensor.Value) (tensor.Value, error) {
		x := tens(in, 0)
		h, err := loadHeads(e, x, a.NumHeads)
		if err != nil {
			return nil, err
		}
		r := rotation{size: a.RotaryEmbeddingDim, interleaved: a.Interleaved}
		if r.size == 0 {
			r.size = h.size
		}
		if err := r.load(e, tens(in, 1), tens(in, 2), tens(in, 3), h); err != nil {
			return nil, err
		}
		r.turn(h)
		v := h.v
		if x.Rank() == 3 {
			v = packed(v, h.dims())
		}
		return value(store(e, x.DType(), v, x.Dims()...))
	},
	Lower: lowerRotary,
})

// A rotation is the angles by which tokens turn.
type rotation struct {
	size        int // elements of a head that turn
	interleaved bool
	cos, sin    []float64
	at          []int // of each token, item by item, its row in cos and sin
}

// load reads the caches for the tokens of h, and checks positions.
func (r *rotation) load(e *ir.Env, cos, sin, pos *tensor.Tensor, h heads) error {
	if r.size < 0 || r.size%2 != 0 || r.size > h.size {
		return fmt.Errorf("%d of %d elements of a head cannot turn", r.size, h.size)
	}
	d := cos.Dims()
	half := r.size / 2
	if len(d) < 2 || d[len(d)-1] != half || !slices.Equal(d, sin.Dims()) {
		return fmt.Errorf("caches of sizes %v and %v: the last must be %d", d, sin.Dims(), half)
	}
	rows := count(d[:len(d)-1])
	r.at = make([]int, h.n*h.length)
	switch {
	case pos == nil && (len(d) != 3 || d[0] != h.n && d[0] != 1 || d[1] != h.length):
		return fmt.Errorf("caches of sizes %v for %d items of %d tokens", d, h.n, h.length)
	case pos == nil:
		for i := range r.at {
			r.at[i] = i % rows
		}
	case len(d) != 2 || pos.Len() != len(r.at):
		return fmt.Errorf("position_ids of sizes %v for %d items of %d tokens", pos.Dims(), h.n, h.length)
	default:
		for i, p := range pos.Int64s() {
			if p < 0 || p >= int64(rows) {
				return fmt.Errorf("position %d is out of range for %d", p, rows)
			}
			r.at[i] = int(p)
		}
	}
	v, err := loadAll[float64](e, cos, sin)
	if err != nil {
		return err
	}
	r.cos, r.sin = v[0], v[1]
	return nil
}

// turn turns all heads in place.
func (r *rotation) turn(h heads) {
	half := r.size / 2
	step, apart := 1, half
	if r.interleaved {
		step, apart = 2, 1
	}
	for n := range h.n {
		for head := range h.heads {
			x := h.of(n, head)
			for l := range h.length {
				row := x[l*h.size:]
				k := r.at[n*h.length+l] * half
				for i := range half {
					re, im := row[i*step], row[i*step+apart]
					c, s := r.cos[k+i], r.sin[k+i]
					row[i*step], row[i*step+apart] = c*re-s*im, s*re+c*im
				}
			}
		}
	}
}
