package zoo

import (
	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/op"
)

// Mean is the mean of all elements.
func (n *Net) Mean(x *ir.Value) *ir.Value { return n.reduce(op.ReduceMean, x) }

// Sum is the sum of all elements, or over the axes given.
func (n *Net) Sum(x *ir.Value, axes ...int) *ir.Value { return n.reduce(op.ReduceSum, x, axes...) }

func (n *Net) reduce(k op.Kind[op.ReduceAttrs], x *ir.Value, axes ...int) *ir.Value {
	a := k.Default()
	a.Keepdims = false
	if len(axes) == 0 {
		return k.New(n.b, a, x)
	}
	return k.New(n.b, a, x, n.ints(axes...))
}

// MSE is the mean of (y − t)².
func (n *Net) MSE(y, t *ir.Value) *ir.Value {
	d := n.Sub(y, t)
	return n.Mean(n.Mul(d, d))
}

// L1 is Σ|x|.
func (n *Net) L1(x *ir.Value) *ir.Value { return n.Sum(n.add(op.Abs, x)) }

// BCE is the binary cross entropy −mean(t·log p + (1 − t)·log(1 − p)) of probabilities p. As in PyTorch no logarithm is below
// −100, so that it stays finite.
func (n *Net) BCE(p, t *ir.Value) *ir.Value {
	one, low := n.Scalar(1), n.Scalar(-100)
	bounded := func(x *ir.Value) *ir.Value { return n.add(op.Clip, n.Log(x), low) }
	hit := n.Mul(t, bounded(p))
	miss := n.Mul(n.Sub(one, t), bounded(n.Sub(one, p)))
	return n.add(op.Neg, n.Mean(n.Add(hit, miss)))
}

// BCEWithLogits is BCE of sigmoid(x), in the form that overflows nowhere: mean(max(x, 0) − x·t + log(1 + exp(−|x|))).
func (n *Net) BCEWithLogits(x, t *ir.Value) *ir.Value {
	tail := n.Log(n.Add(n.Scalar(1), n.Exp(n.add(op.Neg, n.add(op.Abs, x)))))
	return n.Mean(n.Add(n.Sub(n.ReLU(x), n.Mul(x, t)), tail))
}

// CrossEntropy is the mean of −log softmax(x)[label] over rows x[N,classes]; the label −100 counts for nothing.
func (n *Net) CrossEntropy(x, label *ir.Value) *ir.Value {
	return op.SoftmaxCrossEntropyLoss.NewN(n.b, ignoring(), 1, x, label)[0]
}

// NLL is the mean of −x[label] over rows x[N,classes] of log-probabilities; the label −100 counts for nothing.
func (n *Net) NLL(x, label *ir.Value) *ir.Value {
	return op.NegativeLogLikelihoodLoss.New(n.b, ignoring(), x, label)
}

func ignoring() op.LossAttrs {
	none := -100
	return op.LossAttrs{IgnoreIndex: &none, Reduction: "mean"}
}

// KL is the divergence ½ Σ(exp(logvar) + mean² − 1 − logvar) of each row's normal distribution from the standard one: [N].
func (n *Net) KL(mean, logvar *ir.Value) *ir.Value {
	gain := n.Add(n.Exp(logvar), n.Mul(mean, mean))
	return n.Scale(0.5, n.Sum(n.Sub(n.Sub(gain, n.Scalar(1)), logvar), 1))
}
