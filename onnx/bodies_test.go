package onnx_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
	"github.com/cameo-onnx/cameo/onnx"
	"github.com/cameo-onnx/cameo/onnx/wire"
)

func refA(name, ref string, t wire.AttrType) *wire.Attr {
	return &wire.Attr{Name: name, RefName: ref, Type: t}
}

func TestFunctionsAreInlined(t *testing.T) {
	scale := function("scale", "a by?", "b", nodeOf("LeakyRelu", "a", "m", refA("alpha", "slope", wire.AttrFloat)), nodeOf("Mul", "m by?", "b"))
	withDefault := function("leaky", "a", "b", nodeOf("LeakyRelu", "a", "b", refA("alpha", "slope", wire.AttrFloat)))
	withDefault.AttrProtos = []*wire.Attr{floatA("slope", 0.5)}
	without := function("leaky2", "a", "b", nodeOf("LeakyRelu", "a", "b", refA("alpha", "slope", wire.AttrFloat)))
	without.Attrs = []string{"slope"}
	overload := function("leaky", "a", "b", nodeOf("Neg", "a", "b"))
	overload.Overload = "neg"
	calls := nodeOf("leaky", "x", "y")
	calls.Domain, calls.Overload = "f", "neg"
	with := func(n *wire.Node, a ...*wire.Attr) *wire.Node { n.Attrs = a; return n }
	clip := function("clip", "a lo hi", "b", nodeOf("Clip", "a lo hi", "b"))
	below := function("below", "a lo", "b", nodeOf("Constant", "", "hi", floatA("value_float", -2.5)), nodeOf("Clip", "a lo hi", "b"))
	old := function("old", "a", "b", nodeOf("ReduceSum", "a", "b", intsA("axes", 0)))
	old.Opsets = []wire.OpsetID{{Version: 11}}
	inner := function("inner", "a c", "b", nodeOf("If", "c", "b", graphA("then_branch", branchOf("t", callOf("leaky", "a", "t"))), graphA("else_branch", branchOf("e", nodeOf("Relu", "a", "e")))))
	two := function("two", "a", "b c", nodeOf("Neg", "a", "b"), nodeOf("Relu", "a", "c"))
	same := function("same", "a", "a")
	for _, c := range []struct {
		name  string
		node  *wire.Node
		funcs []*wire.Function
		want  string
	}{
		{"the default of an attribute", callOf("leaky", "x", "y"), []*wire.Function{withDefault, overload}, "f32[2](-1.5 -1)"},
		{"an attribute in place of its default", with(callOf("leaky", "x", "y"), floatA("slope", 2)), []*wire.Function{withDefault}, "f32[2](-6 -4)"},
		{"an attribute that is not given", callOf("leaky2", "x", "y"), []*wire.Function{without}, "f32[2](-0.03 -0.02)"},
		{"an overload", calls, []*wire.Function{withDefault, overload}, "f32[2](3 2)"},
		{"two operands", callOf("scale", "x x", "y"), []*wire.Function{scale}, "f32[2](0.09 0.04)"},
		{"absent operands", callOf("below", "x _", "y"), []*wire.Function{below}, "f32[2](-3 -2.5)"},
		{"operands left out", callOf("clip", "x", "y"), []*wire.Function{clip}, "f32[2](-3 -2)"},
		{"its own opset", callOf("old", "x", "y"), []*wire.Function{old}, "f32[1](-5)"},
		{"a call in a branch", callOf("inner", "x cond", "y"), []*wire.Function{inner, withDefault}, "f32[2](-1.5 -1)"},
		{"a result that nobody names", callOf("two", "x", "_ y"), []*wire.Function{two}, "f32[2](0 0)"},
		{"an operand as result", callOf("same", "x", "y"), []*wire.Function{same}, "f32[2](-3 -2)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := withInputs(graphOf("y", c.node), vinfo("x", tensor.F32, 2), vinfo("cond", tensor.Bool))
			if got := text(evaluate(t, modelOf(17, g, c.funcs...), x(2), tensor.Scalar(true))); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

// capturing returns an If whose branches are depth levels of Ifs; the innermost adds what the levels around it define.
func capturing(depth int) *wire.Node {
	name := func(i int) string { return string(rune('a' + i)) }
	n := nodeOf("Sum", "x "+strings.Join(func() (all []string) {
		for i := range depth {
			all = append(all, name(i))
		}
		return all
	}(), " ")+" w", "r")
	last := "r"
	for i := depth - 1; i >= 0; i-- {
		then := branchOf(last, nodeOf("Neg", "x", name(i)), n)
		other := branchOf("zero", nodeOf("Sub", "x x", "zero"))
		last = "r" + name(i)
		n = nodeOf("If", "cond", last, graphA("then_branch", then), graphA("else_branch", other))
	}
	n.Out[0] = "y"
	return n
}

func TestSubgraphsCaptureThroughLevels(t *testing.T) {
	g := withInputs(graphOf("y", capturing(4)), vinfo("x", tensor.F32, 2), vinfo("cond", tensor.Bool))
	g.Inits = []*wire.Tensor{floats("w", 10)}
	m := modelOf(17, g)
	if got := text(evaluate(t, m, x(2), tensor.Scalar(true))); got != "f32[2](19 16)" {
		t.Errorf("then: %s", got)
	}
	if got := text(evaluate(t, m, x(2), tensor.Scalar(false))); got != "f32[2](0 0)" {
		t.Errorf("else: %s", got)
	}
	im, err := onnx.Import(m, onnx.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := exportsBack(im.Graph); err != nil {
		t.Error(err)
	}
}

func TestLoopsCarryAndStack(t *testing.T) {
	// s doubles in each of three trips and grows by w; what it was is stacked.
	body := &wire.Graph{Name: "body", Inputs: vnames("i", "go", "s"), Outputs: vnames("on", "next", "was"), Nodes: []*wire.Node{
		nodeOf("Identity", "go", "on"), nodeOf("Identity", "s", "was"), nodeOf("Add", "s s", "twice"), nodeOf("Add", "twice w", "next")}}
	g := withInits(graphOf("y all", nodeOf("Loop", "n _ x", "y all", graphA("body", body))), scalarInit("n", 3), floats("w", 1))
	if got := text(evaluate(t, modelOf(17, g), x(2))); got != "f32[2](-17 -9) f32[3 2](-3 -2 -5 -3 -9 -5)" {
		t.Errorf("got %s", got)
	}
	// A sequence is carried, and its elements grow.
	grow := &wire.Graph{Name: "body", Inputs: vnames("i", "go", "q"), Outputs: vnames("go", "more"), Nodes: []*wire.Node{nodeOf("SequenceInsert", "q x", "more")}}
	g = withInits(graphOf("y", nodeOf("SequenceEmpty", "", "none"), nodeOf("Loop", "n _ none", "seq", graphA("body", grow)), nodeOf("ConcatFromSequence", "seq", "y", intA("axis", 0))), scalarInit("n", 2))
	if got := text(evaluate(t, modelOf(17, g), x(2))); got != "f32[4](-3 -2 -3 -2)" {
		t.Errorf("got %s", got)
	}
}

func TestScan8ScansABatch(t *testing.T) {
	body := &wire.Graph{Name: "body", Inputs: vnames("s", "e"), Outputs: vnames("next", "out"), Nodes: []*wire.Node{nodeOf("Add", "s e", "next"), nodeOf("Identity", "next", "out")}}
	for _, c := range []struct {
		attrs []*wire.Attr
		want  string
	}{
		{nil, "f32[2 1](-5 -1) f32[2 2 1](-3 -5 -1 -1)"},
		{[]*wire.Attr{intsA("directions", 1)}, "f32[2 1](-5 -1) f32[2 2 1](-2 -5 0 -1)"},
	} {
		n := nodeOf("Scan", "_ s0 x", "y all", append(c.attrs, graphA("body", body), intA("num_scan_inputs", 1))...)
		g := withInits(withInputs(graphOf("y all", n), vinfo("x", tensor.F32, 2, 2, 1)), &wire.Tensor{Name: "s0", DataType: 1, Dims: []int64{2, 1}, Floats: []float32{0, 0}})
		if got := text(evaluate(t, modelOf(8, g), x(2, 2, 1))); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
}

func TestInitializersThatAreInputsToo(t *testing.T) {
	g := withInits(withInputs(graphOf("y", nodeOf("Add", "x w", "y")), vinfo("x", tensor.F32, 2), vinfo("w", tensor.F32, 1)), floats("w", 10))
	for _, version := range []int64{3, 8} {
		m := modelOf(17, g)
		m.IRVersion = version
		im, err := onnx.Import(m, onnx.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if got := slices.Contains(im.Defaults, "w"); got != (version >= 4) || len(im.Graph.Inputs) != 1 {
			t.Errorf("IR version %d: defaults %v, %d inputs", version, im.Defaults, len(im.Graph.Inputs))
		}
	}
	im, err := onnx.Import(modelOf(17, g), onnx.Options{Consts: map[string]*tensor.Tensor{"w": tensor.Of([]float32{1}, 1), "x": tensor.Of([]float32{1, 2}, 2)}})
	if err != nil {
		t.Fatal(err)
	}
	out, err := im.Graph.Eval(&ir.Env{}, nil)
	if err != nil || text(out) != "f32[2](2 3)" {
		t.Errorf("got %v, %v", out, err)
	}
	for name, c := range map[string]*tensor.Tensor{"z": tensor.Scalar(float32(1)), "x": tensor.Scalar(int64(1))} {
		if _, err := onnx.Import(modelOf(17, g), onnx.Options{Consts: map[string]*tensor.Tensor{name: c}}); err == nil {
			t.Errorf("a constant of %v in place of %s was accepted", c.DType(), name)
		}
	}
}

func TestNodesNeedNotBeSorted(t *testing.T) {
	g := graphOf("y", nodeOf("Neg", "b", "y"), nodeOf("Relu", "a", "b"), nodeOf("Neg", "x", "a"))
	if got := text(evaluate(t, modelOf(17, g), x(2))); got != "f32[2](-3 -2)" {
		t.Errorf("got %s", got)
	}
}

func TestSizesOfInputs(t *testing.T) {
	for _, c := range []struct{ dims, want string }{
		{"N", "f32[N]"}, {"2*s0 + 1 N s0", "f32[s0*2+1,N,s0]"}, {"a//b", "f32[u0]"}, {"batch size", `f32["batch size"]`}, {"_", "f32[u0]"},
	} {
		var dims []any
		for _, d := range strings.Split(c.dims, " ") {
			dims = append(dims, d)
		}
		if c.dims == "2*s0 + 1 N s0" {
			dims = []any{"2*s0 + 1", "N", "s0"}
		}
		if c.dims == "batch size" {
			dims = []any{c.dims}
		}
		if c.dims == "_" {
			dims = []any{""}
		}
		im, err := onnx.Import(modelOf(17, withInputs(graphOf("y", relu), vinfo("x", tensor.F32, dims...))), onnx.Options{})
		if err != nil {
			t.Errorf("%s: %v", c.dims, err)
			continue
		}
		if got := im.Graph.Inputs[0].Type.String(); got != c.want {
			t.Errorf("%s: got %s, want %s", c.dims, got, c.want)
		}
	}
	unranked := &wire.ValueInfo{Name: "x", Type: &wire.Type{Kind: wire.KindTensor, Elem: 1}}
	im, err := onnx.Import(modelOf(17, withInputs(graphOf("y", relu), unranked)), onnx.Options{})
	if err != nil || im.Graph.Inputs[0].Type.String() != "f32[*]" {
		t.Errorf("an input without sizes: %v", err)
	}
	im, err = onnx.Import(modelOf(17, withInputs(graphOf("y", relu), unranked)), onnx.Options{Inputs: map[string]ir.Type{"x": ir.TensorOf(tensor.F32, ir.ShapeOf(7)...)}})
	if err != nil || im.Graph.Inputs[0].Type.String() != "f32[7]" {
		t.Errorf("an input whose type is replaced: %v", err)
	}
}

func TestLoopsCarryWhatGrows(t *testing.T) {
	body := &wire.Graph{Name: "body", Inputs: vnames("i", "go", "s", "r"), Outputs: vnames("go", "r", "next", "n"), Nodes: []*wire.Node{
		nodeOf("Concat", "r x", "next", intA("axis", 0)), nodeOf("Size", "s", "n")}}
	g := withInits(graphOf("y z all", nodeOf("Loop", "n _ x x", "y z all", graphA("body", body))), scalarInit("n", 3))
	if got := text(evaluate(t, modelOf(17, g), x(2))); got != "f32[6](-3 -2 -3 -2 -3 -2) f32[8](-3 -2 -3 -2 -3 -2 -3 -2) i64[3](2 2 4)" {
		t.Errorf("got %s", got)
	}
}

func TestABranchThatIsNeverTakenNeedNotFit(t *testing.T) {
	bad := branchOf("b", nodeOf("Add", "x w", "b"))
	good := branchOf("a", nodeOf("Neg", "x", "a"))
	n := nodeOf("If", "c", "y", graphA("then_branch", good), graphA("else_branch", bad))
	g := withInits(graphOf("y", n), boolInit("c"), floats("w", 1, 2, 3))
	if got := text(evaluate(t, modelOf(17, g), x(2))); got != "f32[2](3 2)" {
		t.Errorf("got %s", got)
	}
}
