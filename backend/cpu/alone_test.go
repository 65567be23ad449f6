package cpu

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/cameo-onnx/cameo/backend"
	"github.com/cameo-onnx/cameo/backend/cpu/kern"
	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
	"github.com/cameo-onnx/cameo/passes"
)

// rowGraphs are graphs of rows [N,…] that do not depend on each other, and the kernels that each must run.
var rowGraphs = []struct{ kernels, src string }{
	{"gemm.f32", `graph g(%x: f32[N,301]) {
	%w = const @w : f32[301,45]
	%b = const @b : f32[45]
	%y = gemm(%x, %w, %b) : f32[N,45]
	return %y as "y"
}`},
	{"conv.f32.channels_last", `graph g(%x: f32[N,5,13,11]) {
	%w = const @w : f32[9,5,3,3]
	%y = conv(%x, %w) {pads=[1,1,1,1]} : f32[N,9,13,11]
	return %y as "y"
}`},
	{"softmax.f32 layer_normalization.f32", `graph g(%x: f32[N,333]) {
	%w = const @w : f32[333]
	%s = layer_normalization(%x, %w) : f32[N,333]
	%y = softmax(%s) : f32[N,333]
	return %y as "y"
}`},
	{"attention.f32", `graph g(%q: f32[N,2,7,16], %k: f32[N,2,9,16], %v: f32[N,2,9,16]) {
	%y = attention(%q, %k, %v) : f32[N,2,7,16]
	return %y as "y"
}`},
	{"matmul_nbits.f32", `graph g(%x: f32[N,64]) {
	%w = const @w : u8[40,2,16]
	%s = const @s : f32[40,2]
	%y = matmul_nbits(%x, %w, %s) {block_size=32, K=64, N=40} : f32[N,40]
	return %y as "y"
}`},
	{"matmul_integer.i8", `graph g(%x: u8[N,301]) {
	%w = const @w : i8[301,45]
	%z = const [7] : u8[]
	%zw = const @zw : i8[45]
	%y = matmul_integer(%x, %w, %z, %zw) : i32[N,45]
	return %y as "y"
}`},
	{"qlinear_matmul.i8", `graph g(%x: i8[N,70]) {
	%w = const @w : i8[70,33]
	%z = const [3] : i8[]
	%s = const [0.013] : f32[]
	%y = qlinear_matmul(%x, %s, %z, %w, %s, %z, %s, %z) : i8[N,33]
	return %y as "y"
}`},
	{"scaled_matmul.i8", `graph g(%x: u8[N,70]) {
	%w = const @w : i8[70,33]
	%z = const [3] : u8[]
	%s = const [0.013] : f32[]
	%sw = const @sw : f32[33]
	%b = const @b : f32[33]
	%y = scaled_matmul(%x, %w, %z, _, %s, %sw, %b) : f32[N,33]
	return %y as "y"
}`},
	{"conv_integer.i8.channels_last", `graph g(%x: u8[N,20,9,8]) {
	%w = const @w : i8[6,20,3,3]
	%z = const [7] : u8[]
	%y = conv_integer(%x, %w, %z) {pads=[1,1,1,1]} : i32[N,6,9,8]
	return %y as "y"
}`},
	{"conv_integer.i8.channels_last", `graph g(%x: u8[N,48,12,12]) {
	%w = const @w : i8[3,48,3,3]
	%z = const [100] : u8[]
	%y = conv_integer(%x, %w, %z) {pads=[9,9,9,9], dilations=[9,9]} : i32[N,3,12,12]
	return %y as "y"
}`},
	{"qlinear_conv.i8.channels_last", `graph g(%x: u8[N,8,9,17]) {
	%w = const @w : u8[8,1,3,3]
	%z = const [3] : u8[]
	%s = const [0.02] : f32[]
	%y = qlinear_conv(%x, %s, %z, %w, %s, %z, %s, %z) {group=8, strides=[2,1]} : u8[N,8,4,15]
	return %y as "y"
}`},
	{"scaled_conv.i8.channels_last", `graph g(%x: i8[N,5,7,7]) {
	%w = const @w : i8[34,5,1,1]
	%s = const [0.02] : f32[]
	%y = scaled_conv(%x, %w, _, _, %s, %s) : f32[N,34,7,7]
	return %y as "y"
}`},
	{"fused.f32", `graph g(%x: f16[N,77]) {
	%w = const @w : f16[77]
	%m = mul(%x, %w) : f16[N,77]
	%t = tanh(%m) : f16[N,77]
	%y = add(%t, %x) : f16[N,77]
	return %y as "y"
}`},
	{"gemm.f32 cast", `graph g(%x: f16[N,77]) {
	%w = const @w : f32[77,19]
	%f = cast(%x) {to=f32} : f32[N,77]
	%m = gemm(%f, %w) : f32[N,19]
	%y = cast(%m) {to=bf16} : bf16[N,19]
	return %y as "y"
}`},
	{"dequantize_linear.f32 quantize_linear.spread.f32", `graph g(%x: u8[N,31]) {
	%z = const [3] : u8[]
	%s = const [0.02] : f32[]
	%r = const @r : f32[31]
	%f = dequantize_linear(%x, %s, %z) : f32[N,31]
	%e = log_softmax(%f) : f32[N,31]
	%y = quantize_linear(%e, %r) {axis=1} : u8[N,31]
	return %y as "y"
}`},
	{"tree_ensemble_regressor", `graph g(%x: f32[N,3]) {
	%y = tree_ensemble_regressor(%x) {n_targets=1, aggregate_function="SUM", post_transform="NONE", nodes_treeids=[0,0,0,1,1,1,2], nodes_nodeids=[0,1,2,0,1,2,0],
		nodes_featureids=[0,0,0,2,0,0,0], nodes_modes=["BRANCH_LEQ","LEAF","LEAF","BRANCH_GT","LEAF","LEAF","LEAF"], nodes_values=[0.1,0,0,-0.05,0,0,0],
		nodes_truenodeids=[1,0,0,1,0,0,0], nodes_falsenodeids=[2,0,0,2,0,0,0],
		target_treeids=[0,0,1,1,2], target_nodeids=[1,2,1,2,0], target_ids=[0,0,0,0,0], target_weights=[0.1,0.7,-0.3,1e-3,16777216]} : f32[N,1]
	return %y as "y"
}`},
	{"tree_ensemble_classifier", `graph g(%x: f32[N,3]) {
	%l, %y = tree_ensemble_classifier(%x) {classlabels_int64s=[4,5,6], post_transform="SOFTMAX", nodes_treeids=[0,0,0,1,1,1], nodes_nodeids=[0,1,2,0,1,2],
		nodes_featureids=[0,0,0,2,0,0], nodes_modes=["BRANCH_LT","LEAF","LEAF","BRANCH_GTE","LEAF","LEAF"], nodes_values=[0.1,0,0,-0.05,0,0],
		nodes_truenodeids=[1,0,0,1,0,0], nodes_falsenodeids=[2,0,0,2,0,0],
		class_treeids=[0,0,1,1], class_nodeids=[1,2,1,2], class_ids=[0,1,2,0], class_weights=[0.1,0.7,-0.3,1e-3]} : i64[N], f32[N,3]
	return %y as "y"
}`},
}

// TestARowHasTheSameBitsAloneAndInABatch runs 32 rows together and some alone, on one thread and on two, with passes and
// without, on every machine that this one can be.
func TestARowHasTheSameBitsAloneAndInABatch(t *testing.T) {
	defer kern.Mask(kern.Mask(kern.Detected()))
	for _, mask := range []kern.Features{kern.Detected(), kern.AVX2 | kern.AVX512, kern.AVX2, 0} {
		if kern.Mask(mask); kern.CPU() != mask {
			continue
		}
		for _, c := range rowGraphs {
			g := parseGraph(t, c.src)
			aloneOrTogether(t, g)
			if err := passes.Run(g, Backend{}, passes.Options{Verify: true}); err != nil {
				t.Fatal(err)
			}
			p := aloneOrTogether(t, g)
			for _, k := range strings.Fields(c.kernels) {
				if !slices.ContainsFunc(p.Steps, func(st backend.Step) bool { return st.Kernel == k }) {
					t.Errorf("on %v no step is %s\n%s", mask, k, g)
				}
			}
		}
	}
}

// aloneOrTogether compares rows that run alone with those of a batch, and returns the plan.
func aloneOrTogether(t *testing.T, g *ir.Graph) *backend.Plan {
	t.Helper()
	const batch = 32
	p, err := Backend{}.Compile(g)
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(7, 8))
	all := make([]*tensor.Tensor, len(g.Inputs))
	for i, v := range g.Inputs {
		all[i] = randomTensor(r, v.Type, batch)
	}
	want := rowsOf(t, p, all, 0, batch, 1)
	size := len(want) / batch
	for _, run := range []struct{ lo, hi, threads int }{{0, batch, 2}, {0, 1, 1}, {5, 6, 2}, {31, 32, 1}, {3, 10, 2}} {
		got := rowsOf(t, p, all, run.lo, run.hi, run.threads)
		if !bytes.Equal(got, want[run.lo*size:run.hi*size]) {
			t.Errorf("on %v rows %d to %d on %d threads differ from those of the batch\n%s", kern.CPU(), run.lo, run.hi-1, run.threads, g)
		}
	}
	return p
}

// rowsOf runs rows lo to hi-1 of the inputs and returns the bytes of the result.
func rowsOf(t *testing.T, p *backend.Plan, all []*tensor.Tensor, lo, hi, threads int) []byte {
	t.Helper()
	args := make([]backend.Arg, len(all))
	for i, x := range all {
		size := len(x.Bytes()) / x.Dims()[0]
		dims := slices.Clone(x.Dims())
		dims[0] = hi - lo
		args[i] = backend.Arg{Data: x.Bytes()[lo*size : hi*size], Dims: dims}
	}
	return runArgs(t, p, args, threads).Bytes()
}
