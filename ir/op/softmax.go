package op

import (
	"math"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// SoftmaxAttrs holds the axis along which elements sum to one.
type SoftmaxAttrs struct {
	Axis int `ir:"axis"`
}

// Softmax is exp(x)/Σexp(x) along an axis.
var Softmax = define(Def[SoftmaxAttrs]{
	Name: "softmax", ONNX: "Softmax", Sig: "x T -> y T; T float",
	Props: ir.Pure,
	Attrs: SoftmaxAttrs{Axis: -1},
	Infer: alongAxis(func(a SoftmaxAttrs) int { return a.Axis }),
	Eval:  rows(func(a SoftmaxAttrs) int { return a.Axis }, func(_ SoftmaxAttrs, x []float64) { softmaxRow(x) }),
	Lower: lowerSoftmax,
})

// LogSoftmax is the logarithm of Softmax.
var LogSoftmax = define(Def[SoftmaxAttrs]{
	Name: "log_softmax", ONNX: "LogSoftmax", Sig: "x T -> y T; T float",
	Props: ir.Pure,
	Attrs: SoftmaxAttrs{Axis: -1},
	Infer: alongAxis(func(a SoftmaxAttrs) int { return a.Axis }),
	Eval:  rows(func(a SoftmaxAttrs) int { return a.Axis }, func(_ SoftmaxAttrs, x []float64) { logSoftmaxRow(x) }),
	Lower: lowerLogSoftmax,
})

// alongAxis infers the first operand's type, in which the axis must exist.
func alongAxis[A any](axis func(A) int) inferFunc[A] {
	return func(sc *ir.Scope, a A, in []ir.Known) (ir.Known, error) {
		if r := in[0].Rank(); r >= 0 {
			if _, err := normAxis(axis(a), r); err != nil {
				return ir.Known{}, err
			}
		}
		return sameAsInput(sc, a, in)
	}
}

// rows evaluates an op that changes each line along an axis by itself.
func rows[A any](axis func(A) int, f func(a A, x []float64)) evalFunc[A] {
	return func(e *ir.Env, a A, in []tensor.Value) (tensor.Value, error) {
		t := tens(in, 0)
		k, err := normAxis(axis(a), t.Rank())
		if err != nil {
			return nil, err
		}
		x, err := load[float64](e, t)
		if err != nil {
			return nil, err
		}
		eachRow(x, t.Dims(), k, func(row []float64) { f(a, row) })
		return value(store(e, t.DType(), x, t.Dims()...))
	}
}

// eachRow calls f with each line of x along an axis, which f may change.
func eachRow(x []float64, dims []int, axis int, f func(row []float64)) {
	outer, n, inner := split(dims, axis)
	if len(x) == 0 {
		return
	}
	if inner == 1 {
		for i := range outer {
			f(x[i*n : (i+1)*n])
		}
		return
	}
	row := make([]float64, n)
	for o := range outer {
		for i := range inner {
			base := o*n*inner + i
			for j := range row {
				row[j] = x[base+j*inner]
			}
			f(row)
			for j, v := range row {
				x[base+j*inner] = v
			}
		}
	}
}

// softmaxRow turns x into its softmax. A line of nothing but −∞ becomes NaN, as the quotient of zeros.
func softmaxRow(x []float64) {
	top, sum := math.Inf(-1), 0.0
	for _, v := range x {
		top = max(top, v)
	}
	for i, v := range x {
		x[i] = math.Exp(v - top)
		sum += x[i]
	}
	for i := range x {
		x[i] /= sum
	}
}

// logSoftmaxRow turns x into the logarithm of its softmax.
func logSoftmaxRow(x []float64) {
	top, sum := math.Inf(-1), 0.0
	for _, v := range x {
		top = max(top, v)
	}
	for _, v := range x {
		sum += math.Exp(v - top)
	}
	for i, v := range x {
		x[i] = v - top - math.Log(sum)
	}
}
