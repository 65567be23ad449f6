package op

import (
	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// RNNAttrs holds what ONNX says of a simple recurrent network.
type RNNAttrs struct {
	ActivationAlpha []float32 `ir:"activation_alpha"`
	ActivationBeta  []float32 `ir:"activation_beta"`
	Activations     []string  `ir:"activations"`
	Clip            *float32  `ir:"clip"`
	Direction       string    `ir:"direction"`
	HiddenSize      *int      `ir:"hidden_size"`
	Layout          int       `ir:"layout"`
}

func (a RNNAttrs) recurrent() recurrent {
	return recurrent{activations: a.Activations, alpha: a.ActivationAlpha, beta: a.ActivationBeta, clip: a.Clip, direction: a.Direction,
		hidden: a.HiddenSize, layout: a.Layout, gates: 1, funcs: 1}
}

// RNN is a simple recurrent network over x[T,N,I], with weights w[D,H,I] and r[D,H,H].
// Its results are all hidden states [T,D,N,H] and the last ones [D,N,H]. Steps beyond an item's length give zeros.
var RNN = defineN(DefN[RNNAttrs]{
	Name: "rnn", ONNX: "RNN",
	Sig:   "x T, w T, r T, b? T, sequence_lens? i32, initial_h? T -> y? T, y_h? T; T float",
	Props: ir.Pure,
	Attrs: RNNAttrs{Activations: []string{"Tanh", "Tanh"}, Direction: "forward"},
	Infer: func(sc *ir.Scope, a RNNAttrs, in []ir.Known) ([]ir.Known, error) {
		y, last, err := a.recurrent().infer(sc, in)
		return []ir.Known{of(y), of(last)}, err
	},
	Eval: func(e *ir.Env, a RNNAttrs, in []tensor.Value) ([]tensor.Value, error) {
		s, err := a.recurrent().eval(e, in, func(s *sequence, dir int, pre, h, _ []float64) error {
			rec, err := s.recur(dir, 0, h)
			for k := range h {
				h[k] = s.acts[dir](s.clamp(pre[k] + rec[k]))
			}
			return err
		})
		if err != nil {
			return nil, err
		}
		return s.results(tens(in, 0).DType(), s.h)
	},
})
