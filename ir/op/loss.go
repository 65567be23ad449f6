package op

import (
	"fmt"
	"slices"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// LossAttrs holds a class that counts for nothing, if any, and how losses are combined: none, sum or mean.
type LossAttrs struct {
	IgnoreIndex *int   `ir:"ignore_index"`
	Reduction   string `ir:"reduction"`
}

// NegativeLogLikelihoodLoss is −weight[t]·x[n,t,…] for the target t of each place of log-probabilities x[N,C,…], combined by Reduction;
// the mean divides by the sum of the weights.
var NegativeLogLikelihoodLoss = define(Def[LossAttrs]{
	Name: "negative_log_likelihood_loss", ONNX: "NegativeLogLikelihoodLoss", Sig: "x T, target i32|i64, weight? T -> loss T; T float",
	Props: ir.Pure,
	Attrs: LossAttrs{Reduction: "mean"},
	Infer: func(sc *ir.Scope, a LossAttrs, in []ir.Known) (ir.Known, error) {
		t, err := a.infer(sc, in)
		return of(t), err
	},
	Eval: func(e *ir.Env, a LossAttrs, in []tensor.Value) (tensor.Value, error) {
		x, err := load[float64](e, tens(in, 0))
		if err != nil {
			return nil, err
		}
		return value(a.loss(e, x, in))
	},
})

// SoftmaxCrossEntropyLoss is NegativeLogLikelihoodLoss of the logarithm of the softmax of scores[N,C,…] along axis 1, which is its
// second result.
var SoftmaxCrossEntropyLoss = defineN(DefN[LossAttrs]{
	Name: "softmax_cross_entropy_loss", ONNX: "SoftmaxCrossEntropyLoss",
	Sig:   "scores T, labels i32|i64, weights? T -> loss T, log_prob? T; T float",
	Props: ir.Pure,
	Attrs: LossAttrs{Reduction: "mean"},
	Infer: func(sc *ir.Scope, a LossAttrs, in []ir.Known) ([]ir.Known, error) {
		t, err := a.infer(sc, in)
		p := in[0].Type
		p.Layout = ir.RowMajor
		return []ir.Known{of(t), of(p)}, err
	},
	Eval: func(e *ir.Env, a LossAttrs, in []tensor.Value) ([]tensor.Value, error) {
		t := tens(in, 0)
		if t.Rank() < 2 {
			return nil, fmt.Errorf("operand of rank %d has no classes", t.Rank())
		}
		x, err := load[float64](e, t)
		if err != nil {
			return nil, err
		}
		eachRow(x, t.Dims(), 1, logSoftmaxRow)
		p, err := store(e, t.DType(), x, t.Dims()...)
		if err != nil {
			return nil, err
		}
		loss, err := a.loss(e, x, in)
		if err != nil {
			return nil, err
		}
		return []tensor.Value{loss, p}, nil
	},
})

func (a LossAttrs) infer(sc *ir.Scope, in []ir.Known) (ir.Type, error) {
	if !slices.Contains([]string{"none", "sum", "mean"}, a.Reduction) {
		return ir.Type{}, fmt.Errorf("reduction %q is none of none, sum, mean", a.Reduction)
	}
	x, t := in[0].Type, in[1].Type
	out := t.WithDType(x.DType)
	if !x.Unranked {
		if len(x.Shape) < 2 {
			return ir.Type{}, fmt.Errorf("operand of rank %d has no classes", len(x.Shape))
		}
		want := append(ir.Shape{x.Shape[0]}, x.Shape[2:]...)
		if err := sizedAs(sc, in[1], want, "target"); err != nil {
			return ir.Type{}, err
		}
		if err := vectorOf(sc, in[2], x.Shape[1], "weight"); err != nil {
			return ir.Type{}, err
		}
		out = ir.TensorOf(x.DType, want...)
	}
	if a.Reduction != "none" {
		out = ir.TensorOf(x.DType, []sym.Dim{}...)
	}
	return out, nil
}

// loss picks the log-probabilities of the targets and combines them.
func (a LossAttrs) loss(e *ir.Env, x []float64, in []tensor.Value) (*tensor.Tensor, error) {
	t, target, weight := tens(in, 0), tens(in, 1), tens(in, 2)
	dims := t.Dims()
	if len(dims) < 2 {
		return nil, fmt.Errorf("operand of rank %d has no classes", len(dims))
	}
	outer, classes, inner := split(dims, 1)
	out := append([]int{dims[0]}, dims[2:]...)
	if err := wantSizes(target.Dims(), out); err != nil {
		return nil, fmt.Errorf("target: %w", err)
	}
	if err := checkVector(weight, classes, "weight"); err != nil {
		return nil, err
	}
	w, err := load[float64](e, weight)
	if err != nil {
		return nil, err
	}
	labels, err := load[int64](e, target)
	if err != nil {
		return nil, err
	}
	y, err := alloc[float64](e, out...)
	if err != nil {
		return nil, err
	}
	sum, total := 0.0, 0.0
	for i := range outer * inner {
		c := int(labels[i])
		if a.IgnoreIndex != nil && c == *a.IgnoreIndex {
			continue
		}
		if c < 0 || c >= classes {
			return nil, fmt.Errorf("target %d is out of range for %d classes", c, classes)
		}
		k := 1.0
		if w != nil {
			k = w[c]
		}
		y[i] = -k * x[(i/inner*classes+c)*inner+i%inner]
		sum += y[i]
		total += k
	}
	switch a.Reduction {
	case "none":
		return store(e, t.DType(), y, out...)
	case "sum":
		return store(e, t.DType(), []float64{sum})
	}
	return store(e, t.DType(), []float64{sum / total})
}
