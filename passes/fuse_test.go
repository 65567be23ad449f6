package passes

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/op"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// loops is a target that fuses every elementwise op and every epilogue of a matrix product.
type loops struct{}

func (loops) HasKernel(*ir.Node) bool           { return true }
func (loops) Fusable(n *ir.Node) bool           { return n.Op.Props&ir.Elementwise != 0 }
func (loops) TakesEpilogue(n *ir.Node) bool     { return n.Op == op.MatMul.Op || n.Op == op.Gemm.Op }
func (loops) Layout(*ir.Node) (ir.Layout, bool) { return ir.RowMajor, false }

func parse(t *testing.T, src string) *ir.Graph {
	t.Helper()
	g, err := ir.Parse(src, op.Lookup, nil)
	if err != nil {
		t.Fatalf("%v\n%s", err, src)
	}
	return g
}

// randomLoops is a graph of n random elementwise nodes, matrix products and reductions between them, over tensors that broadcast.
func randomLoops(r *rand.Rand, n int) string {
	shapes := []string{"N,4", "4", "N,1", "N,4", "N,4"}
	var vals, of []string
	var b strings.Builder
	b.WriteString("graph g(")
	for i, s := range shapes {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%%x%d: f32[%s]", i, s)
		vals, of = append(vals, fmt.Sprintf("%%x%d", i)), append(of, s)
	}
	b.WriteString(") {\n\t%k = const [0.5] : f32[1]\n\t%w = const [1, 0, 0.5, 0, 0, 1, 0, 0, 0, 0.5, 1, 0, 0, 0, 0, 1] : f32[4,4]\n")
	for i := range n {
		pick := func() int { return len(vals) - 1 - min(r.IntN(6), r.IntN(len(vals))) }
		x, y := pick(), pick()
		s := of[x]
		switch k := r.IntN(10); {
		case k < 2:
			fmt.Fprintf(&b, "\t%%v%d = relu(%s) : f32[%s]\n", i, vals[x], s)
		case k < 3:
			fmt.Fprintf(&b, "\t%%v%d = mul(%s, %%k) : f32[%s]\n", i, vals[x], s)
		case k < 5 && s == "N,4":
			fmt.Fprintf(&b, "\t%%v%d = matmul(%s, %%w) : f32[%s]\n", i, vals[x], s)
		default:
			switch {
			case s == of[y] || s == "N,4":
			case of[y] == "N,4" || s == "4" && of[y] == "N,1" || s == "N,1" && of[y] == "4":
				s = "N,4"
			}
			fmt.Fprintf(&b, "\t%%v%d = %s(%s, %s) : f32[%s]\n", i, []string{"add", "sub"}[r.IntN(2)], vals[x], vals[y], s)
		}
		vals, of = append(vals, fmt.Sprintf("%%v%d", i)), append(of, s)
	}
	fmt.Fprintf(&b, "\treturn %s, %s, %s\n}\n", vals[len(vals)-1], vals[len(vals)-2], vals[len(vals)-1-r.IntN(n)])
	return b.String()
}

func TestFuseKeepsTheMeaningOfRandomGraphs(t *testing.T) {
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 1))
		src := randomLoops(r, 3+r.IntN(60))
		g := parse(t, src)
		var in []tensor.Value
		for _, v := range g.Inputs {
			dims := make([]int, len(v.Type.Shape))
			for i, d := range v.Type.Shape {
				if n, ok := d.Int(); ok {
					dims[i] = n
				} else {
					dims[i] = 3
				}
			}
			x := tensor.New(tensor.F32, dims...)
			for i := range x.Len() {
				x.SetFloat64At(i, r.NormFloat64())
			}
			in = append(in, x)
		}
		want, err := g.Eval(&ir.Env{}, in)
		if err != nil {
			t.Fatal(err)
		}
		before := len(g.Nodes)
		if err := fuse(g, loops{}); err != nil {
			t.Fatalf("seed %d: %v\n%s", seed, err, src)
		}
		if err := g.Verify(); err != nil {
			t.Fatalf("seed %d: %v\n%s", seed, err, g)
		}
		if again := parse(t, g.String()).String(); again != g.String() {
			t.Fatalf("seed %d: printed text reads back otherwise:\n%s\n%s", seed, g, again)
		}
		if len(g.Nodes) > before {
			t.Errorf("seed %d: %d nodes became %d", seed, before, len(g.Nodes))
		}
		got, err := g.Eval(&ir.Env{}, in)
		if err != nil {
			t.Fatalf("seed %d: %v\n%s", seed, err, g)
		}
		for i := range want {
			near(t, fmt.Sprintf("seed %d output %d", seed, i), got[i], want[i])
		}
	}
}

func near(t *testing.T, what string, got, want tensor.Value) {
	t.Helper()
	x, y := got.(*tensor.Tensor).Float64s(), want.(*tensor.Tensor).Float64s()
	if len(x) != len(y) {
		t.Fatalf("%s: %d elements, not %d", what, len(x), len(y))
	}
	for i := range x {
		if d := math.Abs(x[i] - y[i]); d > 1e-5*max(1, math.Abs(y[i])) {
			t.Fatalf("%s: element %d is %g, not %g", what, i, x[i], y[i])
		}
	}
}

// No two nodes that a group could hold stay apart where nothing stands between them.
func TestFuseLeavesNoLoneNeighbours(t *testing.T) {
	g := parse(t, `graph g(%x: f32[N,4], %y: f32[N,4]) {
	%a = relu(%x) : f32[N,4]
	%m = softmax(%a) : f32[N,4]
	%b = add(%a, %y) : f32[N,4]
	%c = relu(%b) : f32[N,4]
	return %m, %c
}
`)
	if err := fuse(g, loops{}); err != nil {
		t.Fatal(err)
	}
	if len(g.Nodes) != 2 || g.Nodes[0].Op != op.Fused.Op || len(g.Nodes[0].Out) != 2 {
		t.Errorf("got\n%s", g)
	}
}

func TestBodiesKeepTheirBoundsInLargeGraphs(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	g := parse(t, randomLoops(r, 6000))
	if err := fuse(g, loops{}); err != nil {
		t.Fatal(err)
	}
	for _, n := range g.Nodes {
		for _, b := range n.Bodies {
			if len(b.Nodes) > maxFusedNodes || len(b.Inputs) > maxFusedOperands+1 || len(b.Outputs) > maxFusedResults {
				t.Errorf("a body of %d nodes, %d operands and %d results", len(b.Nodes), len(b.Inputs), len(b.Outputs))
			}
		}
	}
}

// picky is a target whose matrix products take epilogues of one node only.
type picky struct{ loops }

func (picky) HasKernel(n *ir.Node) bool { return n.Epilogue() == nil || len(n.Epilogue().Nodes) == 1 }

func TestFuseKeepsToEpiloguesThatTheTargetRuns(t *testing.T) {
	src := `graph g(%x: f32[N,4], %w: f32[4,4]) {
	%m = matmul(%x, %w) : f32[N,4]
	%a = relu(%m) : f32[N,4]
	%b = tanh(%a) : f32[N,4]
	%n = matmul(%b, %w) : f32[N,4]
	%c = relu(%n) : f32[N,4]
	return %c
}
`
	g := parse(t, src)
	if err := fuse(g, picky{}); err != nil {
		t.Fatal(err)
	}
	if err := g.Verify(); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, n := range g.Nodes {
		got = append(got, fmt.Sprint(n.Op.Name, len(n.Bodies)))
	}
	if s := strings.Join(got, " "); s != "matmul0 fused1 matmul1" {
		t.Errorf("got %s\n%s", s, g)
	}
}
