package op_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/op"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// network are the ops with windows, layers or contractions: those whose sizes depend on many attributes.
var network = []*ir.Op{
	op.Gemm.Op, op.MatMul.Op, op.Conv.Op, op.ConvTranspose.Op, op.MaxPool.Op, op.AveragePool.Op, op.LpPool.Op, op.MaxUnpool.Op, op.GlobalAveragePool.Op,
	op.GlobalLpPool.Op, op.BatchNormalization.Op, op.Softmax.Op, op.LogSoftmax.Op, op.Dropout.Op, op.ReduceSum.Op, op.ReduceMax.Op, op.ReduceMean.Op,
	op.ReduceLogSumExp.Op, op.InstanceNormalization.Op, op.LayerNormalization.Op, op.GroupNormalization.Op, op.RMSNormalization.Op,
	op.MeanVarianceNormalization.Op, op.LpNormalization.Op, op.LRN.Op, op.LSTM.Op, op.GRU.Op, op.RNN.Op, op.SoftmaxCrossEntropyLoss.Op,
	op.NegativeLogLikelihoodLoss.Op, op.Einsum.Op, op.Det.Op, op.DeformConv.Op, op.Attention.Op, op.RotaryEmbedding.Op, op.LinearAttention.Op,
	op.CausalConvWithState.Op, op.MatMulInteger.Op, op.ConvInteger.Op, op.QLinearConv.Op, op.QLinearMatMul.Op, op.SwiGLU.Op, op.GroupQueryAttention.Op,
	op.MatMulNBits.Op, op.CropAndResize.Op, op.MaxpoolWithMask.Op, op.Inverse.Op, op.CDist.Op, op.NGramRepeatBlock.Op, op.BifurcationDetector.Op,
	op.DynamicTimeWarping.Op, op.DynamicQuantizeLSTM.Op,
}

// TestNetworkOpsNeverPanic throws operands and attributes at random at the ops: what inference and evaluation accept must have the
// inferred sizes, all else is an error.
func TestNetworkOpsNeverPanic(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	accepted := map[string]int{}
	rounds := 3000
	if testing.Short() {
		rounds = 400
	}
	for range rounds {
		for _, o := range network {
			if err := tryRandom(r, o, accepted); err != nil {
				t.Fatal(err)
			}
		}
	}
	t.Logf("accepted: %v", accepted)
}

func tryRandom(r *rand.Rand, o *ir.Op, accepted map[string]int) (err error) {
	attrs, in := randomAttrs(r, o.Attrs), randomOperands(r, o)
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%s%+v of %v panics: %v", o.Name, attrs, typesText(in), p)
		}
	}()
	var known []ir.Known
	for _, v := range in {
		k := ir.Known{}
		if x, ok := v.(*tensor.Tensor); ok {
			k.Type = ir.TypeOf(x)
			if r.IntN(2) == 0 {
				k.Const = x
			}
		}
		known = append(known, k)
	}
	out, err := ir.Infer(ir.NewGraph("g"), o, attrs, nil, 1, known)
	budget := func(n int) error {
		if n > 1<<22 {
			return errTooMuch
		}
		return nil
	}
	res, evalErr := o.Eval(&ir.Env{Outs: 1, Charge: budget}, attrs, in)
	if err != nil || evalErr != nil {
		return nil
	}
	accepted[o.Name]++
	got := res[0].(*tensor.Tensor)
	want, ok := out[0].Type.Shape.Ints()
	if out[0].Type.Unranked || !ok && len(out[0].Type.Shape) == got.Rank() {
		return nil
	}
	if fmt.Sprint(want) != fmt.Sprint(got.Dims()) || got.DType() != out[0].Type.DType {
		return fmt.Errorf("%s%+v of %v: inferred %v, evaluated to %v%v", o.Name, attrs, typesText(in), out[0].Type, got.DType(), got.Dims())
	}
	return nil
}

func typesText(in []tensor.Value) (s []string) {
	for _, v := range in {
		if x, ok := v.(*tensor.Tensor); ok {
			s = append(s, fmt.Sprint(ir.TypeOf(x)))
		} else {
			s = append(s, "_")
		}
	}
	return s
}

// randomOperands makes operands of types that the signature accepts: mostly of one rank, of small sizes.
func randomOperands(r *rand.Rand, o *ir.Op) (in []tensor.Value) {
	dtype := map[string]tensor.DType{}
	rank, side := r.IntN(5), 1+r.IntN(3)
	if r.IntN(3) > 0 {
		rank = 3 + r.IntN(2)
	}
	for i, p := range o.Sig.In {
		if p.Optional && r.IntN(2) == 0 {
			in = append(in, nil)
			continue
		}
		d, ok := dtype[p.Var]
		for !ok || p.Var == "" && !o.Sig.Accepts(i, d) {
			if d = tensor.DType(1 + r.IntN(16)); o.Sig.Accepts(i, d) {
				dtype[p.Var], ok = d, true
			}
		}
		k := rank
		if r.IntN(3) == 0 {
			k = r.IntN(5)
		}
		dims := make([]int, k)
		for j := range dims {
			if dims[j] = side; r.IntN(4) == 0 {
				dims[j] = r.IntN(5)
			}
		}
		n, _ := tensor.Count(dims)
		v := make([]float64, n)
		for j := range v {
			v[j] = float64(r.IntN(6) - 1)
		}
		if d == tensor.Bool || d.IsInt() {
			ints := make([]int64, n)
			for j, x := range v {
				ints[j] = int64(x)
			}
			in = append(in, tensor.FromInt64s(d, ints, dims...))
			continue
		}
		in = append(in, tensor.FromFloat64s(d, v, dims...))
	}
	return in
}

var randomWords = []string{"", "NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID", "forward", "reverse", "bidirectional", "none", "mean", "silu", "linear",
	"gated_delta", "ij,jk->ik", "...i,...i", "a,b,c->abc", "aab->b", "->", "ij->ji", "i...->...", "Elu"}

var randomInts = []int{-1 << 63, -2, -1, 0, 1, 1, 2, 2, 3, 4, 1 << 31, 1<<63 - 1}

func randomAttrs(r *rand.Rand, defaults any) any {
	v := reflect.New(reflect.TypeOf(defaults)).Elem()
	v.Set(reflect.ValueOf(defaults))
	for i := range v.NumField() {
		if r.IntN(3) > 0 {
			continue
		}
		switch f := v.Field(i).Addr().Interface().(type) {
		case *int:
			*f = randomInts[r.IntN(len(randomInts))]
		case **int:
			x := randomInts[r.IntN(len(randomInts))]
			*f = &x
		case *bool:
			*f = r.IntN(2) == 0
		case *float32:
			*f = float32(r.IntN(4)) - 1
		case *string:
			*f = randomWords[r.IntN(len(randomWords))]
		case *[]string:
			*f = []string{randomWords[r.IntN(len(randomWords))]}
		case *[]int:
			*f = make([]int, r.IntN(6))
			for j := range *f {
				if (*f)[j] = 1 + r.IntN(2); r.IntN(12) == 0 {
					(*f)[j] = randomInts[r.IntN(len(randomInts))]
				}
			}
		}
	}
	return v.Interface()
}
