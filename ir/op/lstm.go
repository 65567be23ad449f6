package op

import (
	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// LSTMAttrs holds what ONNX says of an LSTM. Layout 0 puts time first, 1 the batch; InputForget couples the forget gate to the input gate.
type LSTMAttrs struct {
	ActivationAlpha []float32 `ir:"activation_alpha"`
	ActivationBeta  []float32 `ir:"activation_beta"`
	Activations     []string  `ir:"activations"`
	Clip            *float32  `ir:"clip"`
	Direction       string    `ir:"direction"`
	HiddenSize      *int      `ir:"hidden_size"`
	InputForget     bool      `ir:"input_forget"`
	Layout          int       `ir:"layout"`
}

func (a LSTMAttrs) recurrent() recurrent {
	return recurrent{activations: a.Activations, alpha: a.ActivationAlpha, beta: a.ActivationBeta, clip: a.Clip, direction: a.Direction,
		hidden: a.HiddenSize, layout: a.Layout, gates: 4, funcs: 3}
}

// LSTM is a long short-term memory over x[T,N,I], with weights w[D,4H,I] and r[D,4H,H] of the gates i, o, f, c, and peepholes p[D,3H]
// of i, o, f. Its results are all hidden states [T,D,N,H], the last ones [D,N,H] and the last cells. Steps beyond an item's length give
// zeros.
var LSTM = defineN(DefN[LSTMAttrs]{
	Name: "lstm", ONNX: "LSTM",
	Sig:   "x T, w T, r T, b? T, sequence_lens? i32, initial_h? T, initial_c? T, p? T -> y? T, y_h? T, y_c? T; T float",
	Props: ir.Pure,
	Attrs: LSTMAttrs{Direction: "forward"},
	Infer: func(sc *ir.Scope, a LSTMAttrs, in []ir.Known) ([]ir.Known, error) {
		y, last, err := a.recurrent().infer(sc, in)
		return []ir.Known{of(y), of(last), of(last)}, err
	},
	Eval: func(e *ir.Env, a LSTMAttrs, in []tensor.Value) ([]tensor.Value, error) {
		s, err := a.recurrent().eval(e, in, a.cell)
		if err != nil {
			return nil, err
		}
		return s.results(tens(in, 0).DType(), s.h, s.c)
	},
})

func (a LSTMAttrs) cell(s *sequence, dir int, pre, h, c []float64) error {
	var rec [4][]float64
	for g := range rec {
		var err error
		if rec[g], err = s.recur(dir, g, h); err != nil {
			return err
		}
	}
	n := s.hidden
	f, g, out := s.acts[dir*3], s.acts[dir*3+1], s.acts[dir*3+2]
	peep := func(gate, j int, c float64) float64 {
		if s.p == nil {
			return 0 // whatever the cell holds, infinities included
		}
		return s.p[(dir*3+gate)*n+j] * c
	}
	for k := range h {
		j := k % n
		x := pre[k/n*4*n:]
		in := f(s.clamp(x[j] + rec[0][k] + peep(0, j, c[k])))
		forget := 1 - in
		if !a.InputForget {
			forget = f(s.clamp(x[2*n+j] + rec[2][k] + peep(2, j, c[k])))
		}
		c[k] = forget*c[k] + in*g(s.clamp(x[3*n+j]+rec[3][k]))
		h[k] = f(s.clamp(x[n+j]+rec[1][k]+peep(1, j, c[k]))) * out(c[k])
	}
	return nil
}
