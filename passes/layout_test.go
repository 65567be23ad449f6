package passes

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/op"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// images is a target that wants convolutions and their like channels-last.
type images struct{ loops }

func (images) Layout(n *ir.Node) (ir.Layout, bool) {
	return ir.ChannelsLast, slices.Contains([]string{"conv", "conv_transpose", "max_pool", "global_average_pool", "batch_normalization", "concat", "split"}, n.Op.Name)
}

// checkLayouts returns an error where a node of g gets an operand in a layout that it does not expect.
func checkLayouts(g *ir.Graph) error {
	for _, o := range g.Outputs {
		if o.Value.Type.Layout != ir.RowMajor {
			return fmt.Errorf("output %%%s is %v", o.Value.Name, o.Value.Type)
		}
	}
	for _, n := range g.Nodes {
		y := n.Out[0].Type
		for i, v := range n.In {
			if v == nil || n.Op == op.Relayout.Op || op.IsView(n) {
				continue
			}
			x := v.Type
			image := n.Op.Props&ir.Elementwise != 0 && (x.Shape.Equal(y.Shape) || v.Type.Layout != ir.RowMajor) || n.Op == op.Concat.Op
			if _, ok := (images{}).Layout(n); ok && i == 0 || image {
				if x.Layout != y.Layout && !(thin(x)) {
					return fmt.Errorf("operand %d of %s is %v", i, n, x)
				}
			} else if x.Layout != ir.RowMajor {
				return fmt.Errorf("operand %d of %s is %v", i, n, x)
			}
		}
	}
	return nil
}

// randomImages is a graph of n random nodes over images.
func randomImages(r *rand.Rand, n int) string {
	var b strings.Builder
	b.WriteString("graph g(%x: f32[N,4,H,6], %v: f32[N,H,6,4]) {\n\t%w = const @w : f32[4,4,3,3]\n\t%s = const [1, 2, 0.5, -1] : f32[4]\n\t%var = const [1, 2, 0.5, 1] : f32[4]\n")
	b.WriteString("\t%c = const [0.5, 1, 2, 3] : f32[4,1,1]\n")
	img, nhwc := []string{"%x"}, []string{"%v"}
	for i := range n {
		pick := func(vs []string) string { return vs[len(vs)-1-min(r.IntN(3), r.IntN(len(vs)))] }
		x, y, v := pick(img), pick(img), pick(nhwc)
		name := fmt.Sprintf("%%y%d", i)
		t := "f32[N,4,H,6]"
		switch r.IntN(12) {
		case 0, 1, 2:
			fmt.Fprintf(&b, "\t%s = conv(%s, %%w) {pads=[1,1,1,1]} : %s\n", name, x, t)
		case 3:
			fmt.Fprintf(&b, "\t%s = batch_normalization(%s, %%s, %%s, %%s, %%var) : %s\n", name, x, t)
		case 4, 5:
			fmt.Fprintf(&b, "\t%s = add(%s, %s) : %s\n", name, x, y, t)
		case 6:
			fmt.Fprintf(&b, "\t%s = mul(%s, %%c) : %s\n", name, x, t)
		case 7:
			fmt.Fprintf(&b, "\t%%g%d = global_average_pool(%s) : f32[N,4,1,1]\n\t%s = mul(%s, %%g%d) : %s\n", i, y, name, x, i, t)
		case 8:
			fmt.Fprintf(&b, "\t%s = softmax(%s) : %s\n", name, x, t)
		case 9:
			fmt.Fprintf(&b, "\t%s = transpose(%s) {perm=[0,2,3,1]} : f32[N,H,6,4]\n", name, x)
			nhwc = append(nhwc, name)
			continue
		case 10:
			fmt.Fprintf(&b, "\t%s = transpose(%s) {perm=[0,3,1,2]} : %s\n", name, v, t)
		case 11:
			fmt.Fprintf(&b, "\t%s = relu(%s) : f32[N,H,6,4]\n", name, v)
			nhwc = append(nhwc, name)
			continue
		}
		img = append(img, name)
	}
	fmt.Fprintf(&b, "\treturn %s, %s\n}\n", img[len(img)-1], nhwc[len(nhwc)-1])
	return b.String()
}

func TestLayoutKeepsTheMeaningOfRandomGraphs(t *testing.T) {
	regions, relayouts := 0, 0
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 3))
		src := randomImages(r, 2+r.IntN(25))
		w := tensor.New(tensor.F32, 4, 4, 3, 3)
		for i := range w.Len() {
			w.SetFloat64At(i, r.NormFloat64()/6)
		}
		g, err := ir.Parse(src, op.Lookup, func(string, ir.Type) (*tensor.Tensor, error) { return w, nil })
		if err != nil {
			t.Fatalf("%v\n%s", err, src)
		}
		in := []tensor.Value{tensor.New(tensor.F32, 2, 4, 5, 6), tensor.New(tensor.F32, 2, 5, 6, 4)}
		for _, x := range in {
			for i := range x.(*tensor.Tensor).Len() {
				x.(*tensor.Tensor).SetFloat64At(i, r.NormFloat64())
			}
		}
		want, err := g.Eval(&ir.Env{}, in)
		if err != nil {
			t.Fatal(err)
		}
		for _, pass := range []func(*ir.Graph, Target) error{layout, fuse} {
			if err := pass(g, images{}); err != nil {
				t.Fatalf("seed %d: %v\n%s", seed, err, src)
			}
			if err := g.Verify(); err != nil {
				t.Fatalf("seed %d: %v\n%s", seed, err, g)
			}
			if text := g.String(); parseWith(t, text, w).String() != text {
				t.Fatalf("seed %d: printed text reads back otherwise:\n%s", seed, text)
			}
			got, err := g.Eval(&ir.Env{}, in)
			if err != nil {
				t.Fatalf("seed %d: %v\n%s", seed, err, g)
			}
			for i := range want {
				near(t, fmt.Sprintf("seed %d output %d", seed, i), got[i], want[i])
			}
		}
		for _, n := range g.Nodes {
			if n.Out[0].Type.Layout == ir.ChannelsLast {
				regions++
			}
			if n.Op == op.Relayout.Op {
				relayouts++
			}
		}
	}
	if regions < 2*relayouts || relayouts == 0 {
		t.Errorf("%d values channels-last, %d relayouts", regions, relayouts)
	}
}

func parseWith(t *testing.T, src string, w *tensor.Tensor) *ir.Graph {
	t.Helper()
	g, err := ir.Parse(src, op.Lookup, func(string, ir.Type) (*tensor.Tensor, error) { return w, nil })
	if err != nil {
		t.Fatalf("%v\n%s", err, src)
	}
	return g
}

func TestLayoutGivesOperandsOnlyToThoseThatTakeThem(t *testing.T) {
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 5))
		src := randomImages(r, 2+r.IntN(40))
		g := parseWith(t, src, tensor.New(tensor.F32, 4, 4, 3, 3))
		if err := layout(g, images{}); err != nil {
			t.Fatal(err)
		}
		if err := checkLayouts(g); err != nil {
			t.Fatalf("seed %d: %v\n%s\n%s", seed, err, src, g)
		}
	}
}

func TestTransposeBesideChannelsLastIsAView(t *testing.T) {
	g := parseWith(t, `graph g(%v: f32[N,8,8,4]) {
	%w = const @w : f32[4,4,3,3]
	%x = transpose(%v) {perm=[0,3,1,2]} : f32[N,4,8,8]
	%c = conv(%x, %w) {pads=[1,1,1,1]} : f32[N,4,8,8]
	%r = relu(%c) : f32[N,4,8,8]
	%y = transpose(%r) {perm=[0,2,3,1]} : f32[N,8,8,4]
	return %y
}
`, tensor.New(tensor.F32, 4, 4, 3, 3))
	if err := layout(g, images{}); err != nil {
		t.Fatal(err)
	}
	views := 0
	for _, n := range g.Nodes {
		if op.IsView(n) {
			views++
		}
	}
	if len(g.Nodes) != 4 || views != 2 {
		t.Errorf("got %d views in\n%s", views, g)
	}
}
