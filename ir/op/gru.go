package op

import (
	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// GRUAttrs holds what ONNX says of a GRU. LinearBeforeReset applies the reset gate after the recurrent product instead of before.
type GRUAttrs struct {
	ActivationAlpha   []float32 `ir:"activation_alpha"`
	ActivationBeta    []float32 `ir:"activation_beta"`
	Activations       []string  `ir:"activations"`
	Clip              *float32  `ir:"clip"`
	Direction         string    `ir:"direction"`
	HiddenSize        *int      `ir:"hidden_size"`
	Layout            int       `ir:"layout"`
	LinearBeforeReset bool      `ir:"linear_before_reset"`
}

func (a GRUAttrs) recurrent() recurrent {
	return recurrent{activations: a.Activations, alpha: a.ActivationAlpha, beta: a.ActivationBeta, clip: a.Clip, direction: a.Direction,
		hidden: a.HiddenSize, layout: a.Layout, gates: 3, funcs: 2}
}

// GRU is a gated recurrent unit over x[T,N,I], with weights w[D,3H,I] and r[D,3H,H] of the gates z, r, h.
// Its results are all hidden states [T,D,N,H] and the last ones [D,N,H]. Steps beyond an item's length give zeros.
var GRU = defineN(DefN[GRUAttrs]{
	Name: "gru", ONNX: "GRU",
	Sig:   "x T, w T, r T, b? T, sequence_lens? i32, initial_h? T -> y? T, y_h? T; T float",
	Props: ir.Pure,
	Attrs: GRUAttrs{Direction: "forward"},
	Infer: func(sc *ir.Scope, a GRUAttrs, in []ir.Known) ([]ir.Known, error) {
		y, last, err := a.recurrent().infer(sc, in)
		return []ir.Known{of(y), of(last)}, err
	},
	Eval: func(e *ir.Env, a GRUAttrs, in []tensor.Value) ([]tensor.Value, error) {
		s, err := a.recurrent().eval(e, in, a.cell)
		if err != nil {
			return nil, err
		}
		return s.results(tens(in, 0).DType(), s.h)
	},
})

func (a GRUAttrs) cell(s *sequence, dir int, pre, h, scratch []float64) error {
	n := s.hidden
	f, g := s.acts[dir*2], s.acts[dir*2+1]
	z, err := s.recur(dir, 0, h)
	if err != nil {
		return err
	}
	r, err := s.recur(dir, 1, h)
	if err != nil {
		return err
	}
	for k := range h {
		x := pre[k/n*3*n+k%n:]
		z[k] = f(s.clamp(x[0] + z[k]))
		r[k] = f(s.clamp(x[n] + r[k]))
	}
	from := h
	if !a.LinearBeforeReset {
		from = scratch
		for k := range h {
			scratch[k] = r[k] * h[k]
		}
	}
	rec, err := s.recur(dir, 2, from)
	if err != nil {
		return err
	}
	for k := range h {
		v := rec[k]
		if a.LinearBeforeReset {
			v *= r[k]
		}
		h[k] = (1-z[k])*g(s.clamp(pre[k/n*3*n+2*n+k%n]+v)) + z[k]*h[k]
	}
	return nil
}
