package op

import (
	"fmt"
	"slices"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// FlexAttentionAttrs holds the factor of the scores (nil: 1/√head size), and ONNX's number of the element type of scores (0: f64 for
// operands of f64, else f32).
type FlexAttentionAttrs struct {
	Scale            *float32 `ir:"scale"`
	SoftmaxPrecision int      `ir:"softmax_precision"`
}

// FlexAttention is attention whose scores[N,heads,queries,keys] pass through a first body before the softmax, and whose probabilities
// pass through a second one after it. Each body takes that tensor and the captures, and returns a tensor of the same type.
var FlexAttention = defineN(DefN[FlexAttentionAttrs]{
	Name: "flex_attention", ONNX: "FlexAttention", Domain: "ai.onnx.preview",
	Sig:    "q T, k T, v T, capture* any -> y T; T float",
	Bodies: []string{"score_mod", "prob_mod"},
	BodyTypes: func(sc *ir.Scope, a FlexAttentionAttrs, in []ir.Known, _ [][]ir.Type) ([][]ir.Type, bool, error) {
		scores, _, err := a.types(sc, in)
		return [][]ir.Type{{scores}, {scores}}, false, err
	},
	Infer: func(sc *ir.Scope, a FlexAttentionAttrs, in []ir.Known) ([]ir.Known, error) {
		scores, y, err := a.types(sc, in)
		if err != nil {
			return nil, err
		}
		if len(sc.Bodies) != 2 {
			return nil, fmt.Errorf("%d bodies, not 2", len(sc.Bodies))
		}
		for _, b := range sc.Bodies {
			if len(b.Inputs) == 0 || len(b.Inputs) > len(in)-2 || len(b.Outputs) != 1 {
				return nil, fmt.Errorf("a body takes %d values and returns %d, not %d and 1", len(b.Inputs), len(b.Outputs), len(in)-2)
			}
			for _, v := range []*ir.Value{b.Inputs[0], b.Outputs[0].Value} {
				if t := v.Type; t.Kind != ir.Tensor || t.DType != scores.DType || t.Rank() >= 0 && t.Rank() != 4 {
					return nil, fmt.Errorf("a body takes or returns %v where scores are %v", t, scores)
				}
			}
		}
		return []ir.Known{of(y)}, nil
	},
	Eval: flexAttention,
})

// types returns the types of the scores and of the result.
func (a FlexAttentionAttrs) types(sc *ir.Scope, in []ir.Known) (scores, y ir.Type, err error) {
	d := in[0].Type.DType
	p, err := a.precision(d)
	if err != nil {
		return scores, y, err
	}
	var s [3]ir.Shape
	for i, name := range []string{"q", "k", "v"} {
		if s[i], err = rankedAs(sc, in[i], 4, name); err != nil {
			return scores, y, err
		}
	}
	q, k, v := s[0], s[1], s[2]
	for i := range 3 {
		if _, err := sc.Same(k[i], v[i], "keys and values"); err != nil {
			return scores, y, err
		}
	}
	if _, err := sc.Same(q[0], k[0], "batch"); err != nil {
		return scores, y, err
	}
	if _, err := sc.Same(q[3], k[3], "head size"); err != nil {
		return scores, y, err
	}
	err = sc.Assume(ir.Fact{Rel: ir.Divides, A: k[1], B: q[1], What: "heads in groups"})
	return ir.TensorOf(p, q[0], q[1], q[2], k[2]), ir.TensorOf(d, q[0], q[1], q[2], v[3]), err
}

// precision returns the element type of the scores.
func (a FlexAttentionAttrs) precision(d tensor.DType) (tensor.DType, error) {
	p, err := softmaxPrecision(a.SoftmaxPrecision)
	switch {
	case err != nil || p != tensor.Invalid:
		return p, err
	case d == tensor.F64:
		return d, nil
	}
	return tensor.F32, nil
}

func flexAttention(e *ir.Env, a FlexAttentionAttrs, in []tensor.Value) ([]tensor.Value, error) {
	if len(e.Bodies) != 2 {
		return nil, fmt.Errorf("%d bodies, not 2", len(e.Bodies))
	}
	t := tens(in, 0)
	p, err := a.precision(t.DType())
	if err != nil {
		return nil, err
	}
	var h [3]heads
	for i := range h {
		if h[i], err = loadHeads(e, tens(in, i), 0); err != nil {
			return nil, err
		}
	}
	q, k, v := h[0], h[1], h[2]
	m := &attending{q: q, k: k, v: v, scale: scaleOf(q.size), mode: 0, bias: func(int, int, int, []float64) {}}
	if a.Scale != nil {
		m.scale = float64(*a.Scale)
	}
	if err := m.run(e); err != nil {
		return nil, err
	}
	dims := []int{q.n, q.heads, q.length, k.length}
	probs, err := modified(e, 0, p, m.qk, dims, in)
	if err != nil {
		return nil, err
	}
	eachRow(probs, dims, 3, softmaxRow)
	if probs, err = modified(e, 1, p, probs, dims, in); err != nil {
		return nil, err
	}
	fill(m.y, 0)
	for n := range q.n {
		for head := range q.heads {
			i := n*q.heads + head
			w, size := q.length*k.length, q.length*v.size
			if err := product(e, q.length, v.size, k.length, probs[i*w:(i+1)*w], v.of(n, head/(q.heads/k.heads)), m.y[i*size:(i+1)*size]); err != nil {
				return nil, err
			}
		}
	}
	y, err := store(e, t.DType(), m.y, q.n, q.heads, q.length, v.size)
	return []tensor.Value{y}, err
}

// modified runs a body on scores and the captures.
func modified(e *ir.Env, body int, p tensor.DType, v []float64, dims []int, in []tensor.Value) ([]float64, error) {
	x, err := store(e, p, v, dims...)
	if err != nil {
		return nil, err
	}
	b := e.Bodies[body]
	out, err := e.Run(b, slices.Concat([]tensor.Value{x}, in[3:])[:len(b.Inputs)])
	if err != nil {
		return nil, err
	}
	y := tens(out, 0)
	if y == nil || y.DType() != p {
		return nil, fmt.Errorf("body %d returned no tensor of %v", body, p)
	}
	if err := wantSizes(y.Dims(), dims); err != nil {
		return nil, fmt.Errorf("body %d: %w", body, err)
	}
	return load[float64](e, y)
}
