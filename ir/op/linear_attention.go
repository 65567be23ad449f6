package op

import (
	"fmt"
	"math"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// LinearAttentionAttrs holds the numbers of heads, which are required, the factor of the result (0: 1/√head size) and how the state
// changes: linear, gated, delta or gated_delta. ChunkSize is a hint that changes nothing.
type LinearAttentionAttrs struct {
	ChunkSize  int     `ir:"chunk_size"`
	KVNumHeads int     `ir:"kv_num_heads"`
	QNumHeads  int     `ir:"q_num_heads"`
	Scale      float32 `ir:"scale"`
	UpdateRule string  `ir:"update_rule"`
}

// LinearAttention reads a state S[N,H,K,V] by queries, token by token: S is multiplied by exp(decay) where the rule is gated, then
// gains k⊗v, where by the delta rules v is beta·(v − Sᵀk); y is Scale·qᵀS. Operands are [N,T,heads·size].
var LinearAttention = defineN(DefN[LinearAttentionAttrs]{
	Name: "linear_attention", ONNX: "LinearAttention",
	Sig:   "q T, k T, v T, past_state? S, decay? T, beta? T -> y T, present_state S; T f32|f16|bf16, S f32|f16|bf16",
	Props: ir.Pure,
	Attrs: LinearAttentionAttrs{ChunkSize: 64, UpdateRule: "gated_delta"},
	Infer: func(sc *ir.Scope, a LinearAttentionAttrs, in []ir.Known) ([]ir.Known, error) {
		if err := a.check(in[4].Present(), in[5].Present()); err != nil {
			return nil, err
		}
		var s [3]ir.Shape
		for i, heads := range []int{a.QNumHeads, a.KVNumHeads, a.KVNumHeads} {
			name := []string{"q", "k", "v"}[i]
			x, err := rankedAs(sc, in[i], 3, name)
			if err == nil {
				s[i], err = headsOf(sc, x, heads, name)
			}
			if err != nil {
				return nil, err
			}
		}
		q, k, v := s[0], s[1], s[2]
		if _, err := sc.Same(q[3], k[3], "head size"); err != nil {
			return nil, err
		}
		for _, x := range []ir.Shape{k, v} {
			for _, i := range []int{0, 2} {
				if _, err := sc.Same(q[i], x[i], "items and tokens"); err != nil {
					return nil, err
				}
			}
		}
		state := ir.TensorOf(in[0].Type.DType, q[0], k[1], k[3], v[3])
		if in[3].Present() {
			state.DType = in[3].Type.DType
		}
		y := ir.TensorOf(in[0].Type.DType, q[0], q[2], sym.Mul(q[1], v[3]))
		return []ir.Known{of(y), of(state)}, sizedAs(sc, in[3], state.Shape, "past_state")
	},
	Eval: linearAttentionEval,
})

func (a LinearAttentionAttrs) check(decay, beta bool) error {
	if a.QNumHeads < 1 || a.KVNumHeads < 1 || a.QNumHeads%a.KVNumHeads != 0 {
		return fmt.Errorf("%d heads of queries are no multiple of %d of keys", a.QNumHeads, a.KVNumHeads)
	}
	var gated, delta bool
	switch a.UpdateRule {
	case "linear":
	case "gated":
		gated = true
	case "delta":
		delta = true
	case "gated_delta":
		gated, delta = true, true
	default:
		return fmt.Errorf("update_rule %q is none of linear, gated, delta, gated_delta", a.UpdateRule)
	}
	if gated != decay || delta != beta {
		return fmt.Errorf("update_rule %q: decay and beta must be given where the rule uses them, and only there", a.UpdateRule)
	}
	return nil
}

// recurrence is linear attention being computed.
type recurrence struct {
	q, k, v     heads
	scale       float64
	state       []float64 // [n, heads, size of k, size of v]
	decay, beta []float64 // [n, length, numbers of each token]
	perKey      bool      // decay has a number for each element of a key
	betas       int       // numbers of each token in beta
	y           []float64
}

func linearAttentionEval(e *ir.Env, a LinearAttentionAttrs, in []tensor.Value) ([]tensor.Value, error) {
	past, decay, beta := tens(in, 3), tens(in, 4), tens(in, 5)
	if err := a.check(decay != nil, beta != nil); err != nil {
		return nil, err
	}
	var h [3]heads
	for i, n := range []int{a.QNumHeads, a.KVNumHeads, a.KVNumHeads} {
		if r := tens(in, i).Rank(); r != 3 {
			return nil, fmt.Errorf("an operand of rank %d, not 3", r)
		}
		var err error
		if h[i], err = loadHeads(e, tens(in, i), n); err != nil {
			return nil, err
		}
	}
	q, k, v := h[0], h[1], h[2]
	if k.n != q.n || v.n != q.n || k.length != q.length || v.length != q.length || k.size != q.size {
		return nil, fmt.Errorf("q, k and v of sizes %v, %v and %v do not fit", q.dims(), k.dims(), v.dims())
	}
	r := &recurrence{q: q, k: k, v: v, scale: float64(a.Scale)}
	if a.Scale == 0 {
		r.scale = 1 / math.Sqrt(float64(k.size))
	}
	state := []int{q.n, k.heads, k.size, v.size}
	d := tens(in, 0).DType()
	kind := d
	if past != nil {
		if err := wantSizes(past.Dims(), state); err != nil {
			return nil, fmt.Errorf("past_state: %w", err)
		}
		kind = past.DType()
	}
	if err := r.gates(decay, beta); err != nil {
		return nil, err
	}
	w, err := loadAll[float64](e, past, decay, beta)
	if err != nil {
		return nil, err
	}
	if r.state, r.decay, r.beta = w[0], w[1], w[2]; r.state == nil {
		if r.state, err = alloc[float64](e, state...); err != nil {
			return nil, err
		}
	}
	if r.y, err = alloc[float64](e, q.n, q.heads, q.length, v.size); err != nil {
		return nil, err
	}
	for n := range q.n {
		for head := range k.heads {
			if err := e.Err(); err != nil {
				return nil, err
			}
			r.run(n, head)
		}
	}
	y := packed(r.y, []int{q.n, q.heads, q.length, v.size})
	return storeAll(e, []tensor.DType{d, kind}, [][]float64{y, r.state}, []int{q.n, q.length, q.heads * v.size}, state)
}

// gates checks the sizes of decay and beta.
func (r *recurrence) gates(decay, beta *tensor.Tensor) error {
	for i, t := range []*tensor.Tensor{decay, beta} {
		if t == nil {
			continue
		}
		d := t.Dims()
		wide := []int{r.k.heads, r.k.heads * r.k.size}
		if i == 1 {
			wide[1] = 1
		}
		if len(d) != 3 || d[0] != r.q.n || d[1] != r.q.length || d[2] != wide[0] && d[2] != wide[1] {
			return fmt.Errorf("%s has sizes %v, not [%d %d %d] or [%d %d %d]",
				[]string{"decay", "beta"}[i], d, r.q.n, r.q.length, wide[0], r.q.n, r.q.length, wide[1])
		}
		if i == 0 {
			r.perKey = d[2] != wide[0]
		} else {
			r.betas = d[2]
		}
	}
	return nil
}

// run goes through the tokens of one head of keys of one item.
func (r *recurrence) run(n, head int) {
	dk, dv := r.k.size, r.v.size
	s := r.state[(n*r.k.heads+head)*dk*dv:][:dk*dv]
	k, v := r.k.of(n, head), r.v.of(n, head)
	write := make([]float64, dv)
	group := r.q.heads / r.k.heads
	for t := range r.k.length {
		token := n*r.k.length + t
		kt := k[t*dk : (t+1)*dk]
		copy(write, v[t*dv:])
		if r.decay != nil {
			for i := range dk {
				g := token*r.k.heads + head
				if r.perKey {
					g = g*dk + i
				}
				f := math.Exp(r.decay[g])
				for j := range dv {
					s[i*dv+j] *= f
				}
			}
		}
		if r.beta != nil {
			for i, x := range kt {
				for j := range dv {
					write[j] -= x * s[i*dv+j]
				}
			}
			b := r.beta[token*r.betas+head%r.betas]
			for j := range write {
				write[j] *= b
			}
		}
		for i, x := range kt {
			for j, w := range write {
				s[i*dv+j] += x * w
			}
		}
		for g := range group {
			h := head*group + g
			y := r.y[((n*r.q.heads+h)*r.q.length+t)*dv:][:dv]
			for i, x := range r.q.of(n, h)[t*dk : (t+1)*dk] {
				for j := range y {
					y[j] += r.scale * x * s[i*dv+j]
				}
			}
		}
	}
}
