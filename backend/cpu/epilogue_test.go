package cpu

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/cameo-onnx/cameo/backend"
	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/op"
	"github.com/cameo-onnx/cameo/ir/tensor"
	"github.com/cameo-onnx/cameo/passes"
)

// graphs that products and images make; %w and the like are filled with random numbers.
var epilogueGraphs = []struct{ name, src, kernels string }{
	{"bias and relu of a product", `graph g(%x: f32[N,70], %w: f32[70,40], %b: f32[40]) {
	%m = matmul(%x, %w) : f32[N,40]
	%s = add(%m, %b) : f32[N,40]
	%y = relu(%s) : f32[N,40]
	return %y as "y"
}`, "matmul.f32"},
	{"gelu and residual of a product", `graph g(%x: f32[N,70], %w: f32[70,400], %b: f32[400], %r: f32[N,400]) {
	%m = matmul(%x, %w) : f32[N,400]
	%s = add(%m, %b) : f32[N,400]
	%e = gelu(%s) : f32[N,400]
	%y = add(%e, %r) : f32[N,400]
	return %y as "y"
}`, "product.then.f32"},
	{"bias of one channel, which the fused body holds itself", `graph g(%x: f32[N,3,70]) {
	%w = const @w : f32[70,1]
	%b = const [0.5] : f32[1]
	%m = matmul(%x, %w) : f32[N,3,1]
	%y = add(%m, %b) : f32[N,3,1]
	return %y as "y"
}`, "product.then.f32"},
	{"scaled column added to a product", `graph g(%x: f32[N,70], %w: f32[70,40], %c: f32[N,1]) {
	%m = gemm(%x, %w, %c) {alpha=0.5, beta=2} : f32[N,40]
	%y = sigmoid(%m) : f32[N,40]
	return %y as "y"
}`, "product.then.f32"},
	{"matrix by vector", `graph g(%x: f32[N,70], %w: f32[70], %b: f32[N]) {
	%m = matmul(%x, %w) : f32[N]
	%s = add(%m, %b) : f32[N]
	%y = tanh(%s) : f32[N]
	return %y as "y"
}`, "product.then.f32"},
	{"operand used twice", `graph g(%x: f32[N,70], %w: f32[70,40], %r: f32[N,40]) {
	%m = matmul(%x, %w) : f32[N,40]
	%a = sigmoid(%m) : f32[N,40]
	%b = mul(%m, %a) : f32[N,40]
	%y = add(%b, %r) : f32[N,40]
	return %y as "y"
}`, "product.then.f32"},
	{"images and a constant over channels and pixels", `graph g(%x: f32[N,24,13,11]) {
	%w = const @w : f32[24,24,3,3]
	%p = const @p : f32[24,13,11]
	%c = conv(%x, %w, _) {kernel_shape=[3,3], pads=[1,1,1,1]} : f32[N,24,13,11]
	%a = add(%c, %p) : f32[N,24,13,11]
	%y = conv(%a, %w, _) {kernel_shape=[3,3], pads=[1,1,1,1]} : f32[N,24,13,11]
	return %y as "y"
}`, ""},
	{"residual block of images", `graph g(%x: f32[N,24,13,11]) {
	%w = const @w : f32[24,24,3,3]
	%v = const @v : f32[24,1,3,3]
	%c = conv(%x, %w, _) {kernel_shape=[3,3], pads=[1,1,1,1]} : f32[N,24,13,11]
	%h = hard_swish(%c) : f32[N,24,13,11]
	%d = conv(%h, %v, _) {group=24, kernel_shape=[3,3], pads=[1,1,1,1]} : f32[N,24,13,11]
	%a = add(%d, %x) : f32[N,24,13,11]
	%y = relu(%a) : f32[N,24,13,11]
	return %y as "y"
}`, "product.then.f32 conv.f32.channels_last"},
	{"channel attention", `graph g(%x: f32[N,24,13,11]) {
	%w = const @w : f32[24,24,1,1]
	%v = const @v : f32[24,24,1,1]
	%c = conv(%x, %w, _) {kernel_shape=[1,1]} : f32[N,24,13,11]
	%p = global_average_pool(%c) : f32[N,24,1,1]
	%d = conv(%p, %v, _) {kernel_shape=[1,1]} : f32[N,24,1,1]
	%s = sigmoid(%d) : f32[N,24,1,1]
	%m = mul(%c, %s) : f32[N,24,13,11]
	%y = conv(%m, %w, _) {kernel_shape=[1,1]} : f32[N,24,13,11]
	return %y as "y"
}`, "product.then.f32 conv.f32.channels_last"},
	{"quantised weights", `graph g(%x: f32[N,70], %b: f32[40]) {
	%q = const @q : i8[70,40]
	%s = const [0.02] : f32[]
	%w = dequantize_linear(%q, %s, _) : f32[70,40]
	%m = matmul(%x, %w) : f32[N,40]
	%y = add(%m, %b) : f32[N,40]
	return %y as "y"
}`, "matmul.f32"},
}

func parseGraph(t *testing.T, src string) *ir.Graph {
	t.Helper()
	r := rand.New(rand.NewPCG(1, 2))
	g, err := ir.Parse(src, op.Lookup, func(_ string, typ ir.Type) (*tensor.Tensor, error) {
		return randomTensor(r, typ, 3), nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// randomTensor returns a tensor of a type in which every symbol is n.
func randomTensor(r *rand.Rand, typ ir.Type, n int) *tensor.Tensor {
	dims := make([]int, len(typ.Shape))
	for i, d := range typ.Shape {
		dims[i], _ = d.Eval(func(string) (int, bool) { return n, true })
	}
	x := tensor.New(typ.DType, dims...)
	for i := range x.Len() {
		if typ.DType.IsInt() {
			x.SetInt64At(i, int64(r.IntN(200)-100))
		} else {
			x.SetFloat64At(i, r.NormFloat64()*0.3)
		}
	}
	return x
}

// runGraph compiles g and runs it on in.
func runGraph(t *testing.T, g *ir.Graph, in []tensor.Value, threads int) ([]float32, *backend.Plan) {
	t.Helper()
	p, err := Backend{}.Compile(g)
	if err != nil {
		t.Fatal(err)
	}
	args := make([]backend.Arg, len(in))
	for i, v := range in {
		args[i] = backend.ArgOf(v)
	}
	return tensor.Data[float32](runArgs(t, p, args, threads)), p
}

// runArgs runs a plan once and returns its only result.
func runArgs(t *testing.T, p *backend.Plan, args []backend.Arg, threads int) *tensor.Tensor {
	t.Helper()
	d, _ := Backend{}.Open(0)
	pr, err := d.Load(p)
	if err != nil {
		t.Fatal(err)
	}
	s, err := pr.Bind(backend.Limits{Threads: threads})
	if err != nil {
		t.Fatal(err)
	}
	out := make([]backend.Arg, 1)
	if err := s.Run(context.Background(), args, out); err != nil {
		t.Fatal(err)
	}
	v, err := Value(p.Outputs[0].Type, out[0])
	if err != nil {
		t.Fatal(err)
	}
	return v.(*tensor.Tensor)
}

func TestEpiloguesGiveWhatTheGraphMeans(t *testing.T) {
	for _, c := range epilogueGraphs {
		t.Run(c.name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(3, 4))
			g := parseGraph(t, c.src)
			in := make([]tensor.Value, len(g.Inputs))
			for i, v := range g.Inputs {
				in[i] = randomTensor(r, v.Type, 150)
			}
			want, _ := runGraph(t, parseGraph(t, c.src), in, 1)
			if err := passes.Run(g, Backend{}, passes.Options{Verify: true}); err != nil {
				t.Fatal(err)
			}
			text := g.String()
			got, p := runGraph(t, g, in, 1)
			two, _ := runGraph(t, g, in, 2)
			for i, w := range want {
				if got[i] != two[i] || !(math.Abs(float64(got[i]-w)) <= 1e-5+1e-4*math.Abs(float64(w))) {
					t.Fatalf("element %d is %v, %v on two threads; want %v\n%s", i, got[i], two[i], w, text)
				}
			}
			var names []string
			for _, st := range p.Steps {
				if st.Kernel == evalKernel {
					t.Errorf("%s is left to its evaluation\n%s", st.Node.Op.Name, text)
				}
				names = append(names, st.Kernel)
			}
			for _, k := range strings.Fields(c.kernels) {
				if !slices.Contains(names, k) {
					t.Errorf("steps are %v, none is %s\n%s", names, k, text)
				}
			}
		})
	}
}

func TestAFusedBiasHasTheBitsOfAnAddition(t *testing.T) {
	const src = `graph g(%x: f32[N,900], %b: f32[40]) {
	%w = const @w : f32[900,40]
	%m = matmul(%x, %w) : f32[N,40]
	%y = add(%m, %b) : f32[N,40]
	return %y as "y"
}`
	r := rand.New(rand.NewPCG(5, 6))
	g := parseGraph(t, src)
	in := []tensor.Value{randomTensor(r, g.Inputs[0].Type, 30), randomTensor(r, g.Inputs[1].Type, 30)}
	want, _ := runGraph(t, parseGraph(t, src), in, 1)
	if err := passes.Run(g, Backend{}, passes.Options{}); err != nil {
		t.Fatal(err)
	}
	got, p := runGraph(t, g, in, 2)
	if len(p.Steps) != 1 {
		t.Errorf("%d steps, not 1", len(p.Steps))
	}
	if !slices.Equal(got, want) {
		t.Error("the bits differ")
	}
}
