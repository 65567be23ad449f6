package op

import (
	"math"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

const (
	reduceSig  = "data T, axes? i64 -> y T; T float|i32|i64|u32|u64"
	extremeSig = "data T, axes? i64 -> y T; T float|i32|i64|u32|u64|i8|u8|bool"
)

func always(n int64) func(tensor.DType) int64 { return func(tensor.DType) int64 { return n } }

func defineReduce(name, onnx, sig string, entry func(x, y sym.Dim) sym.Dim, eval evalFunc[ReduceAttrs], lower ...lowerFunc[ReduceAttrs]) Kind[ReduceAttrs] {
	d := Def[ReduceAttrs]{Name: name, ONNX: onnx, Sig: sig, Props: ir.Pure, Attrs: reduceDefaults, Infer: reducing(entry), Eval: eval}
	if len(lower) > 0 {
		d.Lower = lower[0]
	}
	return define(d)
}

// ReduceSum is the sum over axes; of nothing, 0.
var ReduceSum = defineReduce("reduce_sum", "ReduceSum", reduceSig, sym.Add, reducer{
	float: func(acc, x float64) float64 { return acc + x },
	inits: always(0),
	int:   func(acc, x int64) int64 { return acc + x },
}.eval)

// ReduceMean is the mean over axes, that of integers truncated; of nothing, 0: ONNX leaves it open, and exporters' bags of embeddings
// count on what ONNX Runtime gives.
var ReduceMean = defineReduce("reduce_mean", "ReduceMean", reduceSig, nil, reducer{
	float: func(acc, x float64) float64 { return acc + x },
	last:  func(acc float64, n int) float64 { return acc / float64(max(n, 1)) },
	inits: always(0),
	int:   func(acc, x int64) int64 { return acc + x },
	end:   func(acc int64, n int) (int64, error) { return acc / int64(max(n, 1)), nil },
}.eval)

// ReduceProd is the product over axes; of nothing, 1.
var ReduceProd = defineReduce("reduce_prod", "ReduceProd", reduceSig, sym.Mul, reducer{
	init:  1,
	float: func(acc, x float64) float64 { return acc * x },
	inits: always(1),
	int:   func(acc, x int64) int64 { return acc * x },
}.eval)

// ReduceMax is the greatest element over axes; of nothing, the least value of the type.
var ReduceMax = defineReduce("reduce_max", "ReduceMax", extremeSig, sym.Max, reducer{
	init:  math.Inf(-1),
	float: func(acc, x float64) float64 { return max(acc, x) },
	inits: leastInt,
	int:   func(acc, x int64) int64 { return max(acc, x) },
	uint:  func(acc, x uint64) uint64 { return max(acc, x) },
}.eval)

// ReduceMin is the least element over axes; of nothing, the greatest value of the type.
var ReduceMin = defineReduce("reduce_min", "ReduceMin", extremeSig, sym.Min, reducer{
	init:  math.Inf(1),
	float: func(acc, x float64) float64 { return min(acc, x) },
	inits: func(d tensor.DType) int64 { return ^leastInt(d) & intMask(d) },
	int:   func(acc, x int64) int64 { return min(acc, x) },
	uint:  func(acc, x uint64) uint64 { return min(acc, x) },
}.eval)

// leastInt returns the least value of an integer type.
func leastInt(d tensor.DType) int64 {
	if !d.IsSigned() {
		return 0
	}
	return -1 << (d.Bits() - 1)
}

// intMask has the bits that values of a type may have: those of its width, and for signed types all that extend the sign.
func intMask(d tensor.DType) int64 {
	switch {
	case d == tensor.Bool:
		return 1
	case d.IsSigned() || d.Bits() == 64:
		return -1
	}
	return 1<<d.Bits() - 1
}

// ReduceL1 is the sum of absolute values over axes.
var ReduceL1 = defineReduce("reduce_l1", "ReduceL1", reduceSig, nil, reducer{
	float: func(acc, x float64) float64 { return acc + math.Abs(x) },
	inits: always(0),
	int:   func(acc, x int64) int64 { return acc + max(x, -x) },
	uint:  func(acc, x uint64) uint64 { return acc + x },
}.eval, lowerReduce(&ReduceSum, abs, nil))

// ReduceL2 is the square root of the sum of squares over axes.
var ReduceL2 = defineReduce("reduce_l2", "ReduceL2", reduceSig, nil, reducer{
	float: func(acc, x float64) float64 { return acc + x*x },
	last:  func(acc float64, _ int) float64 { return math.Sqrt(acc) },
}.eval, lowerReduce(&ReduceSum, square, root))

// ReduceSumSquare is the sum of squares over axes.
var ReduceSumSquare = defineReduce("reduce_sum_square", "ReduceSumSquare", reduceSig, nil, reducer{
	float: func(acc, x float64) float64 { return acc + x*x },
	inits: always(0),
	int:   func(acc, x int64) int64 { return acc + x*x },
}.eval, lowerReduce(&ReduceSum, square, nil))

// ReduceLogSum is the logarithm of the sum over axes; of nothing, −∞.
var ReduceLogSum = defineReduce("reduce_log_sum", "ReduceLogSum", reduceSig, nil, reducer{
	float: func(acc, x float64) float64 { return acc + x },
	last:  func(acc float64, _ int) float64 { return math.Log(acc) },
}.eval, lowerReduce(&ReduceSum, nil, ln))

// ReduceLogSumExp is the logarithm of the sum of exponentials over axes; of nothing, −∞. Exponentials of integers, which opsets before
// 28 admit, are integers too, as ONNX Runtime has it: only the greatest elements count.
var ReduceLogSumExp = defineReduce("reduce_log_sum_exp", "ReduceLogSumExp", reduceSig, nil,
	func(e *ir.Env, a ReduceAttrs, in []tensor.Value) (tensor.Value, error) {
		r, err := newReduction(e, a, in, math.Inf(-1))
		if err != nil {
			return nil, err
		}
		r.each(func(acc, x float64) float64 { return max(acc, x) })
		sum, err := alloc[float64](e, r.to...)
		if err != nil {
			return nil, err
		}
		top, whole := r.out, tens(in, 0).DType().IsInt()
		r.rows(func(x []float64, o, step int) {
			for i, v := range x {
				k := o + i*step
				if math.IsInf(top[k], 0) && v == top[k] {
					sum[k]++ // ∞ − ∞ would be NaN
					continue
				}
				if y := math.Exp(v - top[k]); whole {
					sum[k] += math.Trunc(y)
				} else {
					sum[k] += y
				}
			}
		})
		for i, s := range sum {
			if s > 0 || s != s {
				top[i] += math.Log(s)
			}
		}
		return value(store(e, tens(in, 0).DType(), top, r.to...))
	})
