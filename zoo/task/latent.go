package task

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat/distuv"

	"github.com/cameo-onnx/cameo/ir/tensor"
)

// Principal holds the directions in which points spread most.
type Principal struct {
	Mean      []float64
	Axes      [][]float64 // unit vectors, the one of most variance first
	Variances []float64   // along them
	Total     float64     // the variance along all axes
}

// maxFeatures bounds the numbers of a point: the work grows with their third power.
const maxFeatures = 1 << 12

// FindPrincipal returns the first k principal components of points, of which there must be as many at least: the eigenvectors
// of their covariance.
func FindPrincipal(points [][]float32, k int) (*Principal, error) {
	if len(points) < 2 || k < 1 || k > len(points[0]) || k > len(points) || len(points[0]) > maxFeatures {
		return nil, fmt.Errorf("%d points do not give %d principal components", len(points), k)
	}
	p, err := average(points)
	if err != nil {
		return nil, err
	}
	var e mat.EigenSym
	if !e.Factorize(covariance(points, p.Mean), true) {
		return nil, fmt.Errorf("the principal components of %d points of %d numbers were not found", len(points), len(p.Mean))
	}
	values := e.Values(nil) // ascending
	var vectors mat.Dense
	e.VectorsTo(&vectors)
	for _, v := range values {
		p.Total += max(v, 0)
	}
	for c := range k {
		at := len(values) - 1 - c
		axis := mat.Col(nil, at, &vectors)
		// A component's sign is arbitrary: the largest entry is made positive, so that pictures look alike on every machine.
		if axis[largest(axis)] < 0 {
			for i := range axis {
				axis[i] = -axis[i]
			}
		}
		p.Axes, p.Variances = append(p.Axes, axis), append(p.Variances, max(values[at], 0))
	}
	return p, nil
}

// average returns the mean of points, which must be finite and alike in size.
func average(points [][]float32) (*Principal, error) {
	p := &Principal{Mean: make([]float64, len(points[0]))}
	for i, row := range points {
		if len(row) != len(p.Mean) {
			return nil, fmt.Errorf("point %d has %d numbers, not %d", i, len(row), len(p.Mean))
		}
		for j, v := range row {
			if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
				return nil, fmt.Errorf("point %d holds %v", i, v)
			}
			p.Mean[j] += float64(v) / float64(len(points))
		}
	}
	return p, nil
}

// covariance adds up the products of blocks of rows, so that its memory does not grow with the points.
func covariance(points [][]float32, mean []float64) *mat.SymDense {
	const block = 256
	d := len(mean)
	cov := mat.NewSymDense(d, nil)
	rows := make([]float64, block*d)
	for from := 0; from < len(points); from += block {
		part := points[from:min(from+block, len(points))]
		for i, row := range part {
			for j, v := range row {
				rows[i*d+j] = float64(v) - mean[j]
			}
		}
		x := blas64.General{Rows: len(part), Cols: d, Stride: d, Data: rows[:len(part)*d]}
		blas64.Syrk(blas.Trans, 1/float64(len(points)-1), x, 1, cov.RawSymmetric())
	}
	return cov
}

func largest(x []float64) int {
	at := 0
	for i, v := range x {
		if math.Abs(v) > math.Abs(x[at]) {
			at = i
		}
	}
	return at
}

// Project returns the place of a point along the axes.
func (p *Principal) Project(x []float32) []float64 {
	out := make([]float64, len(p.Axes))
	for k, axis := range p.Axes {
		for i, v := range x {
			out[k] += (float64(v) - p.Mean[i]) * axis[i]
		}
	}
	return out
}

// Plane returns n×n points of the plane of the first two axes through the mean, row by row from the top left: the second axis
// runs upwards. Places are quantiles of a normal distribution of each axis's variance, so that each stands for an equal share
// of what a decoder draws from.
func (p *Principal) Plane(n int) (*tensor.Tensor, error) {
	if n < 2 || n > 1000 || len(p.Axes) < 2 {
		return nil, fmt.Errorf("a grid of %d×%d points over %d axes", n, n, len(p.Axes))
	}
	d := len(p.Mean)
	t := tensor.New(tensor.F32, n*n, d)
	x := tensor.Data[float32](t)
	place := make([]float64, n)
	for i := range place {
		place[i] = distuv.UnitNormal.Quantile((float64(i) + 0.5) / float64(n))
	}
	for row := range n {
		v := place[n-1-row] * math.Sqrt(p.Variances[1])
		for col := range n {
			u := place[col] * math.Sqrt(p.Variances[0])
			for i := range d {
				x[(row*n+col)*d+i] = float32(p.Mean[i] + u*p.Axes[0][i] + v*p.Axes[1][i])
			}
		}
	}
	return t, nil
}

// Standard returns the plane of two coordinates of a standard normal distribution of d.
func Standard(d, first, second int) (*Principal, error) {
	if first < 0 || second < 0 || first >= d || second >= d || first == second {
		return nil, fmt.Errorf("axes %d and %d are not two of %d", first, second, d)
	}
	p := &Principal{Mean: make([]float64, d), Axes: [][]float64{make([]float64, d), make([]float64, d)}, Variances: []float64{1, 1}, Total: float64(d)}
	p.Axes[0][first], p.Axes[1][second] = 1, 1
	return p, nil
}
