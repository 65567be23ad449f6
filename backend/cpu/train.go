package cpu

import (
	"fmt"
	"math"

	"github.com/cameo-onnx/cameo/backend/cpu/kern"
	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/op"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// trainKernels hold what graphs in training mode and graphs of losses need beside the rest.
var trainKernels = []Kernel{
	{Name: "batch_normalization.train.f32", Op: op.BatchNormalization.Op, Takes: takesBatchTrain, Emit: emitBatchTrain, Run: batchTrainF32},
	{Name: "softmax_cross_entropy_loss.f32", Op: op.SoftmaxCrossEntropyLoss.Op, Takes: takesLoss, Emit: emitLoss(true), Run: lossF32},
	{Name: "negative_log_likelihood_loss.f32", Op: op.NegativeLogLikelihoodLoss.Op, Takes: takesLoss, Emit: emitLoss(false), Run: lossF32},
}

// batchTrainParam is op.BatchNormalizationAttrs where it trains.
type batchTrainParam struct{ Eps, Momentum float64 }

func takesBatchTrain(n *ir.Node) bool {
	return op.BatchNormalization.Attrs(n).TrainingMode && allF32(n) && len(n.Bodies) == 0 && n.In[0].Type.Rank() >= 2
}

func emitBatchTrain(c *call, n *ir.Node) (any, error) {
	a := op.BatchNormalization.Attrs(n)
	c.absent = 3 - len(n.Out)
	return &batchTrainParam{Eps: float64(a.Epsilon), Momentum: float64(a.Momentum)}, nil
}

// A batchTrain is the work of one call: x and y are [n, channels, inner].
type batchTrain struct {
	p           *batchTrainParam
	n, c, inner int
	x, y        []float32
	stats       [4][]float32 // scale, bias, mean, variance
	running     [2][]float32 // empty where they are not wanted
}

// batchTrainF32 normalises each channel by the batch's own moments, summed in float64, and updates the running ones.
func batchTrainF32(c *kern.Call) error {
	s := kern.StateOf[batchTrain](c)
	d := c.Args[0].Dims
	s.p, s.n, s.c, s.inner = c.Param.(*batchTrainParam), d[0], d[1], 1
	for _, k := range d[2:] {
		s.inner *= k
	}
	s.x, s.y = kern.F32(&c.Args[0]), kern.F32(&c.Args[5])
	for i := range s.stats {
		if s.stats[i] = kern.F32(&c.Args[1+i]); len(s.stats[i]) != s.c {
			return fmt.Errorf("operand %d has %d elements for %d channels", 1+i, len(s.stats[i]), s.c)
		}
	}
	for i := range s.running {
		s.running[i] = kern.F32(&c.Args[6+i])
	}
	c.ParallelTask(s.c, 1, s)
	return nil
}

// Do normalises channels lo to hi-1.
func (s *batchTrain) Do(_, lo, hi int) {
	total := float64(s.n * s.inner)
	for ch := lo; ch < hi; ch++ {
		sum, square := 0.0, 0.0
		for i := range s.n {
			for _, u := range s.row(s.x, i, ch) {
				sum += float64(u)
			}
		}
		mean := sum / total
		for i := range s.n {
			for _, u := range s.row(s.x, i, ch) {
				square += (float64(u) - mean) * (float64(u) - mean)
			}
		}
		variance := square / total
		r := float64(s.stats[0][ch]) / math.Sqrt(variance+s.p.Eps)
		for i := range s.n {
			y := s.row(s.y, i, ch)
			for j, u := range s.row(s.x, i, ch) {
				y[j] = float32((float64(u)-mean)*r + float64(s.stats[1][ch]))
			}
		}
		for i, now := range [2]float64{mean, variance} {
			if len(s.running[i]) > ch {
				s.running[i][ch] = float32(float64(s.stats[2+i][ch])*s.p.Momentum + now*(1-s.p.Momentum))
			}
		}
	}
}

func (s *batchTrain) row(x []float32, item, ch int) []float32 {
	at := (item*s.c + ch) * s.inner
	return x[at : at+s.inner]
}

// lossParam is op.LossAttrs.
type lossParam struct {
	Softmax   bool // of scores, else of log-probabilities
	Reduction string
	Ignore    *int
	Wide      bool // targets are int64, else int32
}

func takesLoss(n *ir.Node) bool {
	return isF32(n.In[0]) && !n.In[1].Type.Unranked && areF32(third(n)) && areF32(n.Out...) && n.In[0].Type.Rank() >= 2
}

func emitLoss(softmax bool) func(*call, *ir.Node) (any, error) {
	return func(c *call, n *ir.Node) (any, error) {
		a := n.Attrs.(op.LossAttrs)
		c.SetArgs(n.In[0], n.In[1], third(n))
		c.absent = 2 - len(n.Out)
		return &lossParam{Softmax: softmax, Reduction: a.Reduction, Ignore: a.IgnoreIndex, Wide: n.In[1].Type.DType == tensor.I64}, nil
	}
}

// lossF32 computes the losses of scores [N,C,…]; sums are of float64, in order.
func lossF32(c *kern.Call) error {
	p, d := c.Param.(*lossParam), c.Args[0].Dims
	classes, inner := d[1], 1
	for _, k := range d[2:] {
		inner *= k
	}
	x, w, y, logs := kern.F32(&c.Args[0]), kern.F32(&c.Args[2]), kern.F32(&c.Args[3]), kern.F32(&c.Args[4])
	if c.Args[2].Has() && len(w) != classes || c.Args[1].Len() != d[0]*inner {
		return fmt.Errorf("%d weights and %d targets for %d classes and %d places", len(w), c.Args[1].Len(), classes, d[0]*inner)
	}
	sum, total := 0.0, 0.0
	for i := range d[0] * inner {
		at := i/inner*classes*inner + i%inner
		norm := 0.0
		if p.Softmax {
			norm = logSum(x[at:], classes, inner)
			for k := 0; k < classes && len(logs) > 0; k++ {
				logs[at+k*inner] = float32(float64(x[at+k*inner]) - norm)
			}
		}
		t := target(&c.Args[1], i, p.Wide)
		one, weight := 0.0, 0.0
		if p.Ignore == nil || t != *p.Ignore {
			if t < 0 || t >= classes {
				return fmt.Errorf("target %d is out of range for %d classes", t, classes)
			}
			if weight = 1; len(w) > 0 {
				weight = float64(w[t])
			}
			one = -weight * (float64(x[at+t*inner]) - norm)
		}
		sum, total = sum+one, total+weight
		if p.Reduction == "none" {
			y[i] = float32(one)
		}
	}
	switch p.Reduction {
	case "sum":
		y[0] = float32(sum)
	case "mean":
		y[0] = float32(sum / total)
	}
	return nil
}

func target(a *kern.Arg, i int, wide bool) int {
	if wide {
		return int(kern.Of[int64](a)[i])
	}
	return int(kern.Of[int32](a)[i])
}

// logSum returns the logarithm of the sum of the exponentials of n elements of x, step apart.
func logSum(x []float32, n, step int) float64 {
	top := math.Inf(-1)
	for k := range n {
		top = math.Max(top, float64(x[k*step]))
	}
	sum := 0.0
	for k := range n {
		sum += math.Exp(float64(x[k*step]) - top)
	}
	return top + math.Log(sum)
}
