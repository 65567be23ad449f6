package inspect

import (
	"slices"
	"strings"
	"testing"

	"github.com/cameo-onnx/cameo/backend/cpu"
	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/op"
	"github.com/cameo-onnx/cameo/onnx"
	"github.com/cameo-onnx/cameo/runtime"
)

func graph(t *testing.T, inputs string, lines ...string) *ir.Graph {
	t.Helper()
	g, err := ir.Parse("graph g("+inputs+") {\n\t"+strings.Join(lines, "\n\t")+"\n}\n", op.Lookup, nil)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func TestFLOPsOfEachKindOfOp(t *testing.T) {
	for _, c := range []struct {
		inputs, node, want string
		left               bool
	}{
		{"%x: f32[N,3,8,8], %w: f32[4,3,3,3]", "%y = conv(%x, %w) {pads=[1,1,1,1]} : f32[N,4,8,8]", "N*13824", false},                                               // 2·(N·4·64)·(3·9)
		{"%x: f32[1,6,8,8], %w: f32[6,1,3,3]", "%y = conv(%x, %w) {group=6, pads=[1,1,1,1]} : f32[1,6,8,8]", "6912", false},                                         // a filter sees one channel
		{"%x: f32[1,3,4,4], %w: f32[3,2,2,2]", "%y = conv_transpose(%x, %w) {strides=[2,2]} : f32[1,2,8,8]", "768", false},                                          // each operand meets 2·4 weights
		{"%x: f32[5,N], %w: f32[5,7]", "%y = gemm(%x, %w) {transA=1} : f32[N,7]", "N*70", false},                                                                    // the inner size is that of rows
		{"%x: f32[B,4,5], %w: f32[5,6]", "%y = matmul(%x, %w) : f32[B,4,6]", "B*240", false},                                                                        //
		{"%x: f32[2,3]", "%y = relu(%x) : f32[2,3]", "6", false},                                                                                                    // one a result
		{"%x: i64[2,3]", "%y = neg(%x) : i64[2,3]", "0", false},                                                                                                     // integers are no floats
		{"%x: f32[2,3]", "%y = transpose(%x) : f32[3,2]", "0", false},                                                                                               // a move
		{"%x: f32[2,3]", "%y = reduce_sum(%x) {keepdims=0} : f32[]", "6", false},                                                                                    // one an operand
		{"%x: f32[2,3], %w: f32[3,4]", "%y = einsum(%x, %w) {equation=\"ij,jk->ik\"} : f32[2,4]", "0", true},                                                        // no formula
		{"%x: f32[5,2,3], %w: f32[1,16,3], %r: f32[1,16,4]", "%y, %h, %c = lstm(%x, %w, %r) {hidden_size=4} : f32[5,1,2,4], f32[1,2,4], f32[1,2,4]", "2240", false}, // 2·4·5·2·4·(3+4)
	} {
		g := graph(t, c.inputs, c.node, "return %y")
		got, left := FLOPs(g)
		if got.String() != c.want || c.left != (len(left) > 0) {
			t.Errorf("%s: %v, want %s; not counted: %v", c.node, got, c.want, left)
		}
	}
}

func TestTheReportOfASmallModel(t *testing.T) {
	g := graph(t, "%x: f32[N,784]", "%w = const "+ones(784*10)+" : f32[784,10]", "%h = gemm(%x, %w, _) : f32[N,10]", "%y = relu(%h) : f32[N,10]", "return %y as \"out\"")
	sizes := map[string]int{}
	r := New(&onnx.Model{Graph: g}, sizes)
	if r.Params != (Params{1, 7840, 31360}) || r.FLOPs.Expr != "N*15690" || r.FLOPs.Count != 15690 || sizes["N"] != 1 || !slices.Equal(r.Sizes, []string{"N"}) {
		t.Errorf("%+v, sizes %v", r, sizes)
	}
	m, err := runtime.Compile(g, runtime.Options{Backend: cpu.Backend{}})
	if err != nil {
		t.Fatal(err)
	}
	sizes["N"] = 100
	r.Compiled(g, m.Plan(), sizes)
	if r.Memory.Arena < 4000 || r.Memory.Arena > 3*4096 || r.Memory.Lower > r.Memory.Arena || r.Memory.Weights < 31360 {
		t.Errorf("%+v", r.Memory)
	}
	text := Listing(m.Plan())
	if !strings.Contains(text, "gemm.f32") || !strings.Contains(text, "x f32[N,784] (input 0)") {
		t.Error(text)
	}
	for k, n := range Kernels(m.Plan()) {
		if strings.HasPrefix(k, "eval") || n != 1 {
			t.Errorf("%d steps of %s", n, k)
		}
	}
}

func ones(n int) string { return "[" + strings.TrimSuffix(strings.Repeat("1,", n), ",") + "]" }
