package op_test

import (
	"math"
	"strings"
	"testing"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/op"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

func TestNetworkOpsInferSizes(t *testing.T) {
	one, sum := 1, op.EinsumAttrs{Equation: "b...i,b...i->b..."}
	pool := op.MaxPool.Default()
	pool.KernelShape, pool.Strides, pool.CeilMode = []int{3}, []int{2}, true
	overhang := pool
	overhang.Pads = []int{1, 2}
	same := op.Conv.Default()
	same.AutoPad, same.Strides = "SAME_UPPER", []int{2, 2}
	strided := op.Conv.Default()
	strided.Strides, strided.Pads, strided.Dilations = []int{2}, []int{1, 1}, []int{2}
	up := op.ConvTranspose.Default()
	up.Strides, up.Pads, up.OutputPadding = []int{2}, []int{1, 1}, []int{1}
	back := op.LSTM.Default()
	back.Direction, back.Layout = "bidirectional", 1
	heads := op.Attention.Default()
	heads.QNumHeads, heads.KVNumHeads = 4, 2
	squeeze := op.ReduceAttrs{}
	for _, c := range []struct {
		o     *ir.Op
		attrs any
		outs  int
		in    []string
		want  string
	}{
		{op.Gemm.Op, op.GemmAttrs{TransB: true}, 1, []string{"f32[N,80]", "f32[10,80]"}, "f32[N,10]"},
		{op.Gemm.Op, op.GemmAttrs{}, 1, []string{"f32[N,784]", "f32[80,10]"}, "error: inner dimensions: 784 != 80"},
		{op.Gemm.Op, op.GemmAttrs{}, 1, []string{"f32[N,80]", "f32[80,10]", "f32[11]"}, "error: operand c: 11 != 10"},
		{op.MatMul.Op, op.None{}, 1, []string{"f32[N,1,S,8]", "f32[4,8,T]"}, "f32[N,4,S,T]"},
		{op.MatMul.Op, op.None{}, 1, []string{"f32[8]", "f32[N,8,T]"}, "f32[N,T]"},
		{op.MatMul.Op, op.None{}, 1, []string{"f32[8]", "f32[8]"}, "f32[]"},
		{op.MatMul.Op, op.None{}, 1, []string{"f32[]", "f32[8]"}, "error: operands of rank 0 and 1: a scalar has no matrix product"},
		{op.MatMul.Op, op.None{}, 1, []string{"f32[*]", "f32[8]"}, "f32[*]"},
		{op.Conv.Op, op.Conv.Default(), 1, []string{"f32[N,3,H,W]", "f32[8,3,3,3]"}, "f32[N,8,H-2,W-2]"},
		{op.Conv.Op, same, 1, []string{"f32[N,3,H,7]", "f32[8,3,3,3]"}, "f32[N,8,-((-H)//2),4]"},
		{op.Conv.Op, strided, 1, []string{"f32[N,3,L]", "f32[8,3,3]"}, "f32[N,8,(L+1)//2-1]"},
		{op.Conv.Op, op.Conv.Default(), 1, []string{"f32[N,3,2,2]", "f32[8,3,3,3]"}, "error: window in the padded operand: 3 > 2"},
		{op.Conv.Op, op.Conv.Default(), 1, []string{"f32[N,4,9,9]", "f32[8,3,3,3]"}, "error: channels: 4 != 3"},
		{op.MaxPool.Op, pool, 2, []string{"f32[N,3,L]"}, "f32[N,3,-((-L+1)//2)] i64[N,3,-((-L+1)//2)]"},
		{op.MaxPool.Op, overhang, 2, []string{"f32[N,3,L]"}, "f32[N,3,-((-L+1)//2)+1] i64[N,3,-((-L+1)//2)+1]"},
		{op.MaxPool.Op, op.MaxPool.Default(), 1, []string{"f32[N,3,L]"}, "error: attribute kernel_shape is missing"},
		{op.ConvTranspose.Op, up, 1, []string{"f32[N,4,L]", "f32[4,6,3]"}, "f32[N,6,L*2]"},
		{op.ReduceSum.Op, squeeze, 1, []string{"f32[N,S,8]", "i64 -1 0"}, "f32[S]"},
		{op.ReduceSum.Op, op.ReduceSum.Default(), 1, []string{"f32[N,S,8]"}, "f32[1,1,1]"},
		{op.ReduceSum.Op, squeeze, 1, []string{"f32[N,S,8]", "i64[K]"}, "f32[*]"},
		{op.ReduceSum.Op, squeeze, 1, []string{"f32[N,S,8]", "i64 3"}, "error: axis 3 is out of range for rank 3"},
		{op.ReduceProd.Op, squeeze, 1, []string{"i64 N 3 4"}, "i64[]=[N*12]"},
		{op.LayerNormalization.Op, op.LayerNormalization.Default(), 3, []string{"f16[N,S,8]", "f16[8]"}, "f16[N,S,8] f32[N,S,1] f32[N,S,1]"},
		{op.LayerNormalization.Op, op.LayerNormalization.Default(), 1, []string{"f16[N,S,8]", "f16[9]"}, "error: scale: 9 != 8"},
		{op.LSTM.Op, back, 3, []string{"f32[N,T,16]", "f32[2,80,16]", "f32[2,80,20]"}, "f32[N,T,2,20] f32[N,2,20] f32[N,2,20]"},
		{op.LSTM.Op, back, 3, []string{"f32[N,T,16]", "f32[2,81,16]", "f32[2,80,20]"}, "error: w: axis 1: 81 != 80"},
		{op.Einsum.Op, sum, 1, []string{"f32[N,S,T,8]", "f32[N,1,T,8]"}, "f32[N,S,T]"},
		{op.Einsum.Op, op.EinsumAttrs{Equation: "ij,jk"}, 1, []string{"f32[N,8]", "f32[8,K]"}, "f32[N,K]"},
		{op.Einsum.Op, op.EinsumAttrs{Equation: "ij->ik"}, 1, []string{"f32[N,8]"}, "error: label 'k' of the result is in no operand, or given twice"},
		{op.SoftmaxCrossEntropyLoss.Op, op.LossAttrs{Reduction: "none", IgnoreIndex: &one}, 2, []string{"f32[N,C,L]", "i64[N,L]"}, "f32[N,L] f32[N,C,L]"},
		{op.Attention.Op, heads, 3, []string{"f32[N,S,32]", "f32[N,T,16]", "f32[N,T,16]", "_", "f32[N,2,P,8]", "f32[N,2,P,8]"}, "f32[N,S,32] f32[N,2,P+T,8] f32[N,2,P+T,8] f32[N,4,S,P+T]"},
		{op.Attention.Op, op.Attention.Default(), 1, []string{"f32[N,4,S,8]", "f32[N,3,T,8]", "f32[N,3,T,8]"}, "error: heads in groups: 4 is not a multiple of 3"},
		{op.MatMulInteger.Op, op.None{}, 1, []string{"u8[N,8]", "i8[8,4]", "u8[]", "i8[4]"}, "i32[N,4]"},
		{op.QLinearConv.Op, op.QLinearConv.Default(), 1, []string{"u8[N,3,8,8]", "f32[]", "u8[]", "i8[4,3,3,3]", "f32[4]", "i8[4]", "f32[]", "u8[]"}, "u8[N,4,6,6]"},
	} {
		if got := infer(t, c.o, c.attrs, c.outs, c.in...); got != c.want {
			t.Errorf("%s%+v of %v: %s, not %s", c.o.Name, c.attrs, c.in, got, c.want)
		}
	}
}

// evalErr evaluates one node of o and returns its error.
func evalErr(o *ir.Op, attrs any, in ...tensor.Value) (err error) {
	_, err = o.Eval(&ir.Env{Outs: 1, Charge: func(n int) error {
		if n > 1<<28 {
			return errTooMuch
		}
		return nil
	}}, attrs, in)
	return err
}

type testError string

func (e testError) Error() string { return string(e) }

const errTooMuch = testError("over budget")

func TestNetworkOpsRefuseHostileValues(t *testing.T) {
	x, w := tensor.New(tensor.F32, 1, 2, 4, 4), tensor.New(tensor.F32, 2, 2, 3, 3)
	grown := op.Conv.Default()
	grown.Pads = []int{1 << 30, 1 << 30, 1 << 30, 1 << 30}
	large := op.Conv.Default()
	large.Pads = []int{1 << 13, 1 << 13, 1 << 13, 1 << 13}
	still := op.Conv.Default()
	still.Strides = []int{0, 1}
	odd := op.Conv.Default()
	odd.Group = -1
	far := op.MaxPool.Default()
	far.KernelShape, far.Dilations = []int{2, 2}, []int{math.MaxInt, 1}
	huge := op.ConvTranspose.Default()
	huge.OutputShape = []int{1 << 15, 1 << 15}
	unpool := op.MaxUnpoolAttrs{KernelShape: []int{2, 2}, Strides: []int{2, 2}}
	rnn := op.RNN.Default()
	for _, c := range []struct {
		what  string
		o     *ir.Op
		attrs any
		in    []tensor.Value
		want  string
	}{
		{"padding that asks for exabytes", op.Conv.Op, grown, []tensor.Value{x, w}, "spatial sizes [2147483650 2147483650] are not possible"},
		{"padding that asks for gigabytes", op.Conv.Op, large, []tensor.Value{x, w}, "over budget"},
		{"a stride of zero", op.Conv.Op, still, []tensor.Value{x, w}, "strides [0 1]: 0 is out of range"},
		{"a negative group", op.Conv.Op, odd, []tensor.Value{x, w}, "channels: 2 != 2 filters' 2 in -1 groups"},
		{"a dilation that overflows", op.MaxPool.Op, far, []tensor.Value{x}, "dilations [9223372036854775807 1]: 9223372036854775807 is out of range"},
		{"a huge output_shape", op.ConvTranspose.Op, huge, []tensor.Value{x, w}, "over budget"},
		{"an index beyond the result", op.MaxUnpool.Op, unpool, []tensor.Value{tensor.Of([]float32{1}, 1, 1, 1, 1), tensor.Of([]int64{4}, 1, 1, 1, 1)}, "index 4 is out of range for 4 elements"},
		{"negative sizes of a result", op.MaxUnpool.Op, unpool, []tensor.Value{tensor.Of([]float32{1}, 1, 1, 1, 1), tensor.Of([]int64{0}, 1, 1, 1, 1), tensor.Of([]int64{1, 1, -2, 2})}, "a tensor of f64[1 1 -2 2] is not possible"},
		{"a target beyond the classes", op.NegativeLogLikelihoodLoss.Op, op.LossAttrs{Reduction: "mean"}, []tensor.Value{tensor.New(tensor.F32, 1, 3), tensor.Of([]int64{3})}, "target 3 is out of range for 3 classes"},
		{"a longer sequence than there is", op.RNN.Op, rnn, []tensor.Value{tensor.New(tensor.F32, 2, 1, 3), tensor.New(tensor.F32, 1, 4, 3), tensor.New(tensor.F32, 1, 4, 4), nil, tensor.Of([]int32{3})}, "sequence_lens: 3 is out of range for 2 steps"},
		{"a position beyond the cache", op.RotaryEmbedding.Op, op.RotaryEmbeddingAttrs{}, []tensor.Value{tensor.New(tensor.F32, 1, 1, 1, 2), tensor.New(tensor.F32, 4, 1), tensor.New(tensor.F32, 4, 1), tensor.Of([]int64{4}, 1, 1)}, "position 4 is out of range for 4"},
		{"a ratio that keeps nothing", op.Dropout.Op, op.DropoutAttrs{}, []tensor.Value{x, tensor.Scalar[float32](1), tensor.Scalar(true)}, "ratio 1 is outside [0, 1)"},
		{"a product of all pairs", op.Einsum.Op, op.EinsumAttrs{Equation: "a,b->ab"}, []tensor.Value{tensor.New(tensor.F32, 1<<15), tensor.New(tensor.F32, 1<<15)}, "over budget"},
	} {
		if err := evalErr(c.o, c.attrs, c.in...); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, not %q", c.what, err, c.want)
		}
	}
}

// evalGraph evaluates a graph and returns its first result.
func evalGraph(t *testing.T, text string, in ...tensor.Value) *tensor.Tensor {
	t.Helper()
	g, err := ir.Parse(text, op.Lookup, nil)
	if err != nil {
		t.Fatal(err)
	}
	out, err := g.Eval(&ir.Env{Seed: 7}, in)
	if err != nil {
		t.Fatal(err)
	}
	return out[0].(*tensor.Tensor)
}

func TestConvTransposeIsTheAdjointOfConv(t *testing.T) {
	x, y, w := ramp(1, 2, 7, 5), ramp(1, 4, 4, 3), ramp(4, 1, 3, 3)
	conv := evalGraph(t, "graph g(%x: f64[1,2,7,5], %w: f64[4,1,3,3]) {\n\t%y = conv(%x, %w) {group=2, pads=[1,1,1,1], strides=[2,2]} : f64[1,4,4,3]\n\treturn %y\n}\n", x, w)
	back := evalGraph(t, "graph g(%y: f64[1,4,4,3], %w: f64[4,1,3,3]) {\n\t%x = conv_transpose(%y, %w) {group=2, pads=[1,1,1,1], strides=[2,2]} : f64[1,2,7,5]\n\treturn %x\n}\n", y, w)
	if a, b := dot(conv, y), dot(x, back); math.Abs(a-b) > 1e-9*math.Abs(a) {
		t.Errorf("⟨conv x, y⟩ = %v, ⟨x, convᵀ y⟩ = %v", a, b)
	}
}

func TestConvInBlocksEqualsConvWhole(t *testing.T) {
	// One block of places holds no more than 2^18 numbers: this operand takes several.
	x, w := ramp(1, 16, 70, 70), ramp(2, 16, 3, 3)
	whole := evalGraph(t, "graph g(%x: f64[1,16,70,70], %w: f64[2,16,3,3]) {\n\t%y = conv(%x, %w) : f64[1,2,68,68]\n\treturn %y\n}\n", x, w).Float64s()
	xs, ws := x.Float64s(), w.Float64s()
	for _, at := range [][3]int{{0, 0, 0}, {1, 67, 67}, {1, 30, 41}} {
		sum := 0.0
		for c := range 16 {
			for i := range 9 {
				sum += xs[(c*70+at[1]+i/3)*70+at[2]+i%3] * ws[(at[0]*16+c)*9+i]
			}
		}
		if got := whole[(at[0]*68+at[1])*68+at[2]]; math.Abs(got-sum) > 1e-9*math.Abs(sum) {
			t.Errorf("place %v: %v, not %v", at, got, sum)
		}
	}
}

func TestDropoutKeepsTheMean(t *testing.T) {
	ones := make([]float32, 40000)
	for i := range ones {
		ones[i] = 1
	}
	y := evalGraph(t, "graph g(%x: f32[40000], %r: f32[], %t: bool[]) {\n\t%y = dropout(%x, %r, %t) : f32[40000]\n\treturn %y\n}\n",
		tensor.Of(ones), tensor.Scalar[float32](0.25), tensor.Scalar(true)).Float64s()
	sum, zeros := 0.0, 0
	for _, v := range y {
		if sum += v; v == 0 {
			zeros++
		}
	}
	if math.Abs(sum/40000-1) > 0.02 || math.Abs(float64(zeros)/40000-0.25) > 0.01 {
		t.Errorf("mean %v, %d of 40000 dropped", sum/40000, zeros)
	}
}

// ramp is a tensor of numbers that do not repeat soon.
func ramp(dims ...int) *tensor.Tensor {
	t := tensor.New(tensor.F64, dims...)
	v := tensor.Data[float64](t)
	for i := range v {
		v[i] = math.Sin(float64(i) * 0.7)
	}
	return t
}

func dot(a, b *tensor.Tensor) (s float64) {
	x, y := a.Float64s(), b.Float64s()
	for i, v := range x {
		s += v * y[i]
	}
	return s
}
