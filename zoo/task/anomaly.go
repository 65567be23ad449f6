package task

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"github.com/cameo-onnx/cameo/ir/tensor"
)

// Windows returns the windows of a signal, one starting at each value: [len−width+1, width].
func Windows(signal []float64, width int) ([][]float32, error) {
	if width < 2 || width > len(signal) {
		return nil, fmt.Errorf("windows of %d values in a signal of %d", width, len(signal))
	}
	x := make([]float32, len(signal))
	for i, v := range signal {
		x[i] = float32(v)
	}
	out := make([][]float32, len(signal)-width+1)
	for i := range out {
		out[i] = x[i : i+width]
	}
	return out, nil
}

// FitLinear returns the weights of the linear autoencoder (zoo's pca_ae) that reconstructs points best through k numbers. They
// need no training: its optimum is known, the space of the first principal components (Baldi and Hornik, 1989).
func FitLinear(points [][]float32, k int) (map[string]*tensor.Tensor, error) {
	p, err := FindPrincipal(points, k)
	if err != nil {
		return nil, err
	}
	d := len(p.Mean)
	down, up := make([]float32, k*d), make([]float32, d*k)
	offset := make([]float32, k)
	for c, axis := range p.Axes {
		offset[c] = float32(-mat.Dot(mat.NewVecDense(d, axis), mat.NewVecDense(d, p.Mean)))
		for i, v := range axis {
			down[c*d+i], up[i*k+c] = float32(v), float32(v)
		}
	}
	center := make([]float32, d)
	for i, v := range p.Mean {
		center[i] = float32(v)
	}
	return map[string]*tensor.Tensor{
		"e.weight": tensor.Of(down, k, d), "e.bias": tensor.Of(offset),
		"d.weight": tensor.Of(up, d, k), "d.bias": tensor.Of(center),
	}, nil
}

// ScoreSeries returns for each value of a signal the mean squared error of the windows that it is in. An anomaly shows in its
// surroundings as much as in its own values.
func ScoreSeries(ctx context.Context, m *Model, signal []float64) ([]float64, error) {
	width := m.Size()
	windows, err := Windows(signal, width)
	if err != nil {
		return nil, err
	}
	sum, n := make([]float64, len(signal)), make([]float64, len(signal))
	err = m.Each(ctx, len(windows), func(from, to int) *tensor.Tensor {
		return tensor.Of(slices.Concat(windows[from:to]...), append([]int{to - from}, m.Item...)...)
	}, func(from int, rows [][]float32) error {
		for i, y := range rows {
			if len(y) != width {
				return fmt.Errorf("output %s: %d values for a window of %d", m.Output, len(y), width)
			}
			e := squaredError(y, windows[from+i])
			for j := range y {
				sum[from+i+j] += e
				n[from+i+j]++
			}
		}
		return nil
	})
	for i := range sum {
		sum[i] /= max(n[i], 1)
	}
	return sum, err
}

// AUC is the probability that an anomaly scores higher than a value that is none, ties counting half; NaN where there are not both.
func AUC(scores []float64, anomaly []bool) float64 {
	order := make([]int, len(scores))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(scores[a], scores[b]) })
	var ranks, yes, no float64
	for from := 0; from < len(order); {
		to := from + 1 // a NaN is not even its own equal
		for to < len(order) && scores[order[to]] == scores[order[from]] {
			to++
		}
		for _, i := range order[from:to] {
			if anomaly[i] {
				yes++
				ranks += float64(from+to+1) / 2
			} else {
				no++
			}
		}
		from = to
	}
	if yes == 0 || no == 0 {
		return math.NaN()
	}
	return (ranks - yes*(yes+1)/2) / (yes * no)
}
