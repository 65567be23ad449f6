package op

import (
	"fmt"
	"math"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// BatchNormalizationAttrs holds what is added to the variance, and how training updates the running statistics.
type BatchNormalizationAttrs struct {
	Epsilon      float32 `ir:"epsilon"`
	Momentum     float32 `ir:"momentum"`
	TrainingMode bool    `ir:"training_mode"`
}

// BatchNormalization is (x − mean)/√(var + Epsilon)·scale + bias per channel of x[N,C,…]. In training, mean and variance are those of
// the batch, and the further results are the running ones, updated by Momentum; elsewhere they are the operands.
var BatchNormalization = defineN(DefN[BatchNormalizationAttrs]{
	Name: "batch_normalization", ONNX: "BatchNormalization",
	Sig:   "x T, scale U, bias U, mean V, var V -> y T, running_mean? V, running_var? V; T float, U float, V float",
	Props: ir.Pure,
	Attrs: BatchNormalizationAttrs{Epsilon: 1e-5, Momentum: 0.9},
	Infer: func(sc *ir.Scope, a BatchNormalizationAttrs, in []ir.Known) ([]ir.Known, error) {
		x := in[0].Type
		x.Layout = ir.RowMajor
		channels := sym.Const(1)
		switch {
		case x.Unranked:
			channels = sc.Fresh()
		case len(x.Shape) == 0:
			return nil, fmt.Errorf("operand of rank 0 has no batch")
		case len(x.Shape) > 1:
			channels = x.Shape[1]
		}
		for i, name := range []string{"scale", "bias", "mean", "var"} {
			if err := vectorOf(sc, in[1+i], channels, name); err != nil {
				return nil, err
			}
		}
		stat := of(ir.TensorOf(in[3].Type.DType, channels))
		return []ir.Known{of(x), stat, stat}, nil
	},
	Eval: batchNormalizationEval,
})

func batchNormalizationEval(e *ir.Env, a BatchNormalizationAttrs, in []tensor.Value) ([]tensor.Value, error) {
	t := tens(in, 0)
	n, c, inner := channelsOf(t.Dims())
	for i, name := range []string{"scale", "bias", "mean", "var"} {
		if err := checkVector(tens(in, 1+i), c, name); err != nil {
			return nil, err
		}
	}
	v, err := loadAll[float64](e, t, tens(in, 1), tens(in, 2), tens(in, 3), tens(in, 4))
	if err != nil {
		return nil, err
	}
	x, scale, bias, mean, variance := v[0], v[1], v[2], v[3], v[4]
	run := []tensor.Value{in[3], in[4]}
	if a.TrainingMode {
		m, s := batchMoments(x, n, c, inner)
		for i := range mean {
			keep := float64(a.Momentum)
			mean[i] = mean[i]*keep + m[i]*(1-keep)
			variance[i] = variance[i]*keep + s[i]*(1-keep)
		}
		for i, v := range [][]float64{mean, variance} {
			r, err := store(e, tens(in, 3).DType(), v, c)
			if err != nil {
				return nil, err
			}
			run[i] = r
		}
		mean, variance = m, s
	}
	for i := range n * c {
		ch := i % c
		r := scale[ch] / math.Sqrt(variance[ch]+float64(a.Epsilon))
		row := x[i*inner : (i+1)*inner]
		for j, u := range row {
			row[j] = (u-mean[ch])*r + bias[ch]
		}
	}
	y, err := store(e, t.DType(), x, t.Dims()...)
	return []tensor.Value{y, run[0], run[1]}, err
}

// channelsOf splits sizes into items, channels (axis 1; one where there is none) and places.
func channelsOf(dims []int) (n, c, inner int) {
	switch len(dims) {
	case 0:
		return 1, 1, 1
	case 1:
		return dims[0], 1, 1
	}
	return dims[0], dims[1], count(dims[2:])
}

// batchMoments returns the mean and the variance of each channel.
func batchMoments(x []float64, n, c, inner int) (mean, variance []float64) {
	mean, variance = make([]float64, c), make([]float64, c)
	total := float64(n * inner)
	for i := range n * c {
		for _, u := range x[i*inner : (i+1)*inner] {
			mean[i%c] += u
		}
	}
	for i := range mean {
		mean[i] /= total
	}
	for i := range n * c {
		m := mean[i%c]
		for _, u := range x[i*inner : (i+1)*inner] {
			variance[i%c] += (u - m) * (u - m)
		}
	}
	for i := range variance {
		variance[i] /= total
	}
	return mean, variance
}
