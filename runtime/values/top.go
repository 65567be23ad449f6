package values

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/cameo-onnx/cameo/ir/tensor"
)

// Ranked is a class with its score.
type Ranked struct {
	Class int
	Score float64
}

// Top returns the k highest entries of each row along t's last axis, highest first; equal ones in order of class. Each row goes
// through scale first, where that is not nil.
func Top(t *tensor.Tensor, k int, scale func([]float64)) ([][]Ranked, error) {
	if t.Rank() == 0 || t.Len() == 0 || !t.DType().IsFloat() && !t.DType().IsInt() {
		return nil, fmt.Errorf("%v of sizes %v has no classes to rank", t.DType(), t.Dims())
	}
	n := t.Dims()[t.Rank()-1]
	var out [][]Ranked
	for at := 0; at < t.Len(); at += n {
		row := make([]float64, n)
		for i := range row {
			row[i] = t.Float64At(at + i)
		}
		if scale != nil {
			scale(row)
		}
		ranks := make([]Ranked, n)
		for i, v := range row {
			ranks[i] = Ranked{i, v}
		}
		slices.SortStableFunc(ranks, func(a, b Ranked) int { return cmp.Compare(b.Score, a.Score) })
		out = append(out, ranks[:min(k, n)])
	}
	return out, nil
}

// Softmax turns a row of scores into probabilities.
func Softmax(row []float64) {
	top, sum := slices.Max(row), 0.0
	for i, v := range row {
		row[i] = math.Exp(v - top)
		sum += row[i]
	}
	for i := range row {
		row[i] /= sum
	}
}

// Exp turns a row of log-probabilities into probabilities.
func Exp(row []float64) {
	for i, v := range row {
		row[i] = math.Exp(v)
	}
}
