package task

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/cameo-onnx/cameo/ir/tensor"
	"github.com/cameo-onnx/cameo/zoo/data"
)

// Classified says how a classifier did on labelled items.
type Classified struct {
	Count, Correct int
	MeanNLL        float64 // −log of the probability of the right class, in the mean
	Confusion      [][]int // [label][class]
}

// maxClasses is how many classes labels of one byte tell apart.
const maxClasses = 256

// Accuracy is the share of items whose highest score is their label's.
func (c *Classified) Accuracy() float64 { return float64(c.Correct) / float64(max(c.Count, 1)) }

// add counts an item by its scores, logits or log-probabilities.
func (c *Classified) add(scores []float32, label int) error {
	if len(scores) > maxClasses {
		return fmt.Errorf("%d scores for an item are no classifier's, of at most %d classes", len(scores), maxClasses)
	}
	if label < 0 || label >= len(scores) {
		return fmt.Errorf("label %d is none of %d classes", label, len(scores))
	}
	if c.Confusion == nil {
		c.Confusion = make([][]int, len(scores))
		for i := range c.Confusion {
			c.Confusion[i] = make([]int, len(scores))
		}
	}
	best := Highest(scores)
	c.Count++
	if best == label {
		c.Correct++
	}
	c.Confusion[label][best]++
	c.MeanNLL += (logSum(scores) - float64(scores[label]) - c.MeanNLL) / float64(c.Count)
	return nil
}

// Highest returns the place of the highest score.
func Highest(scores []float32) int {
	best := 0
	for i, s := range scores {
		if s > scores[best] {
			best = i
		}
	}
	return best
}

// Probability returns the softmax of scores at place i.
func Probability(scores []float32, i int) float64 {
	return math.Exp(float64(scores[i]) - logSum(scores))
}

func logSum(x []float32) float64 {
	top := float64(x[Highest(x)])
	var s float64
	for _, v := range x {
		s += math.Exp(float64(v) - top)
	}
	return top + math.Log(s)
}

// Classify runs the first n pictures of a data set, all for n = 0, through a classifier that gives logits or log-probabilities.
func Classify(ctx context.Context, m *Model, set *data.Images, n int) (*Classified, error) {
	n, err := count(m, set, n)
	if err != nil {
		return nil, err
	}
	var c Classified
	err = m.Each(ctx, n, func(from, to int) *tensor.Tensor { return set.Batch(from, to, m.Item...) }, func(from int, rows [][]float32) error {
		for i, r := range rows {
			if err := c.add(r, int(set.Labels[from+i])); err != nil {
				return err
			}
		}
		return nil
	})
	return &c, err
}

// count checks that pictures fit the model's input and returns how many there are to do.
func count(m *Model, set *data.Images, n int) (int, error) {
	if m.Size() != set.H*set.W {
		return 0, fmt.Errorf("input %s: items of sizes %v are no pictures of %d×%d", m.Input, m.Item, set.H, set.W)
	}
	if n <= 0 || n > set.Len() {
		n = set.Len()
	}
	if m.Rows > 0 {
		n -= n % m.Rows
	}
	if n == 0 {
		return 0, fmt.Errorf("there are no pictures, or fewer than the model's batch of %d", m.Rows)
	}
	return n, nil
}

// Ranked returns the places of scores, highest first.
func Ranked(scores []float32) []int {
	order := make([]int, len(scores))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(scores[b], scores[a]) })
	return order
}
