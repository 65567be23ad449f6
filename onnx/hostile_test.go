package onnx_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
	"github.com/cameo-onnx/cameo/onnx"
	"github.com/cameo-onnx/cameo/onnx/wire"
)

// graphOf returns a graph from x, a vector of two, to the values of outs.
func graphOf(outs string, nodes ...*wire.Node) *wire.Graph {
	return &wire.Graph{Name: "g", Inputs: []*wire.ValueInfo{vinfo("x", tensor.F32, 2)}, Nodes: nodes, Outputs: vnames(fields(outs)...)}
}

func callOf(name, in, out string) *wire.Node {
	n := nodeOf(name, in, out)
	n.Domain = "f"
	return n
}

func function(name, in, out string, nodes ...*wire.Node) *wire.Function {
	return &wire.Function{Name: name, Domain: "f", Inputs: fields(in), Outputs: fields(out), Nodes: nodes, Opsets: []wire.OpsetID{{Version: 17}, {Domain: "f", Version: 1}}}
}

// nestedIfs returns a node with a subgraph of depth levels.
func nestedIfs(depth int) *wire.Node {
	n := nodeOf("Relu", "x", "y")
	for range depth {
		g := &wire.Graph{Name: "b", Nodes: []*wire.Node{n}, Outputs: vnames("y")}
		n = nodeOf("If", "cond", "y", graphA("then_branch", g), graphA("else_branch", g))
	}
	return n
}

// doubling returns functions of which each calls the one before it twice.
func doubling(n int) (out []*wire.Function) {
	out = append(out, function("f0", "a", "b", nodeOf("Relu", "a", "b")))
	for i := 1; i <= n; i++ {
		last := fmt.Sprintf("f%d", i-1)
		out = append(out, function(fmt.Sprintf("f%d", i), "a", "b", callOf(last, "a", "m"), callOf(last, "m", "b")))
	}
	return out
}

// nestedLoops returns loops in loops, whose carried values all grow, so that each level is built several times.
func nestedLoops(depth int) *wire.Node {
	inner := nodeOf("Concat", "c c", "d", intA("axis", 0))
	for i := range depth {
		body := &wire.Graph{Name: "b", Inputs: vnames(fmt.Sprint("i", i), fmt.Sprint("k", i), "c"), Nodes: []*wire.Node{inner, nodeOf("Identity", fmt.Sprint("k", i), fmt.Sprint("k_out", i))},
			Outputs: vnames(fmt.Sprint("k_out", i), "d")}
		inner = nodeOf("Loop", "n _ c", "d", graphA("body", body))
	}
	inner.In[2], inner.Out[0] = "x", "y"
	return inner
}

func chain(n int, node func(in, out string) *wire.Node) (out []*wire.Node) {
	in := "x"
	for i := range n {
		next := fmt.Sprint("c", i)
		if i == n-1 {
			next = "y"
		}
		out = append(out, node(in, next))
		in = next
	}
	return out
}

func withInits(g *wire.Graph, inits ...*wire.Tensor) *wire.Graph {
	g.Inits = inits
	return g
}

func withInputs(g *wire.Graph, in ...*wire.ValueInfo) *wire.Graph {
	g.Inputs = in
	return g
}

func nestedType(depth int) *wire.ValueInfo {
	t := vinfo("", tensor.F32).Type
	for range depth {
		t = &wire.Type{Kind: wire.KindSequence, Of: t}
	}
	return &wire.ValueInfo{Name: "x", Type: t}
}

func boolInit(name string) *wire.Tensor { return wire.FromTensor(name, tensor.Scalar(true)) }

var relu = nodeOf("Relu", "x", "y")

func branchOf(outs string, nodes ...*wire.Node) *wire.Graph {
	return &wire.Graph{Name: "b", Nodes: nodes, Outputs: vnames(fields(outs)...)}
}

func TestImportRefusesHostileModels(t *testing.T) {
	cond := vinfo("cond", tensor.Bool)
	fx := vinfo("x", tensor.F32, 2)
	for _, c := range []struct {
		name  string
		model *wire.Model
		want  string
	}{
		{"no graph", &wire.Model{}, "no graph"},
		{"no outputs", modelOf(17, graphOf("", relu)), "no outputs"},
		{"a cycle", modelOf(17, graphOf("y", nodeOf("Add", "x b", "a"), nodeOf("Relu", "a", "b"), nodeOf("Relu", "b", "y"))), "cycle"},
		{"a node that reads itself", modelOf(17, graphOf("y", nodeOf("Add", "x y", "y"))), "cycle"},
		{"a cycle through a subgraph", modelOf(17, withInputs(graphOf("y", nodeOf("If", "cond", "y", graphA("then_branch", branchOf("t", nodeOf("Relu", "y", "t"))), graphA("else_branch", branchOf("t", nodeOf("Relu", "x", "t"))))), fx, cond)), "cycle"},
		{"an operand that is not there", modelOf(17, graphOf("y", nodeOf("Relu", "z", "y"))), `operand "z" is not defined`},
		{"an output that is not there", modelOf(17, graphOf("y z", relu)), `output "z" is not defined`},
		{"an input twice", modelOf(17, withInputs(graphOf("y", relu), fx, fx)), "listed twice"},
		{"a result twice", modelOf(17, graphOf("y", relu, relu)), "defined twice"},
		{"a result that is an input", modelOf(17, graphOf("y", nodeOf("Relu", "x", "x"), relu)), "cycle"},
		{"an initializer twice", modelOf(17, withInits(graphOf("y", relu), floats("w", 1), floats("w", 2))), "defined twice"},
		{"an attribute twice", modelOf(17, graphOf("y", nodeOf("LeakyRelu", "x", "y", floatA("alpha", 1), floatA("alpha", 2)))), "given twice"},
		{"an attribute of another type", modelOf(17, graphOf("y", nodeOf("LeakyRelu", "x", "y", intA("alpha", 1)))), "of type 2, not 1"},
		{"an attribute that is not known", modelOf(17, graphOf("y", nodeOf("Relu", "x", "y", intA("beta", 1)))), "not supported"},
		{"too many operands", modelOf(17, graphOf("y", nodeOf("Relu", "x x", "y"))), "takes 1 operands"},
		{"too many results", modelOf(17, graphOf("y", nodeOf("Relu", "x", "y z"))), "at most 1 results"},
		{"no operands", modelOf(17, graphOf("y", nodeOf("Relu", "", "y"))), "missing"},
		{"several things that are not known", modelOf(17, graphOf("y", nodeOf("Foo", "x", "a"), nodeOf("Bar", "a", "y"))), `"a": Foo (opset 17): there is no such operator; node "y": Bar`},
		{"a future opset", modelOf(1<<40, graphOf("y", relu)), "newer than"},
		{"an input without a type", modelOf(17, withInputs(graphOf("y", relu), vnames("x")...)), "no type"},
		{"an input of a type that is not known", modelOf(17, withInputs(graphOf("y", relu), vinfo("x", tensor.DType(99)))), "element type 99"},
		{"a map of keys that are not known", modelOf(17, withInputs(graphOf("y", relu), &wire.ValueInfo{Name: "x", Type: &wire.Type{Kind: wire.KindMap, Elem: 48}})), "keys of element type 48"},
		{"a type of many levels", modelOf(17, withInputs(graphOf("y", relu), nestedType(10000))), "nested more than"},
		{"sizes that do not fit", modelOf(17, withInputs(graphOf("y", nodeOf("MatMul", "x x", "y")), vinfo("x", tensor.F32, 2, 3))), "!= "},
		{"an initializer that claims much", modelOf(17, withInits(graphOf("y", nodeOf("Add", "x w", "y")), &wire.Tensor{Name: "w", DataType: 1, Dims: []int64{1 << 40}})), "no data"},
		{"an initializer of more than there is", modelOf(17, withInits(graphOf("y", nodeOf("Add", "x w", "y")), &wire.Tensor{Name: "w", DataType: 1, Dims: []int64{1 << 62, 1 << 62}, Raw: []byte{0}})), "too many elements"},
		{"an initializer of a negative size", modelOf(17, withInits(graphOf("y", nodeOf("Add", "x w", "y")), &wire.Tensor{Name: "w", DataType: 1, Dims: []int64{-1}})), "size -1"},
		{"external data without a folder", modelOf(17, withInits(graphOf("y", nodeOf("Add", "x w", "y")), &wire.Tensor{Name: "w", DataType: 1, Dims: []int64{1}, DataLocation: 1, External: at("a", "", "")})), "not at hand"},
		{"sizes that double beyond all memory", modelOf(17, graphOf("y", chain(80, func(in, out string) *wire.Node { return nodeOf("Concat", in+" "+in, out, intA("axis", 0)) })...)), "not possible"},
		{"2500 levels of subgraphs", modelOf(17, withInputs(graphOf("y", nestedIfs(2500)), fx, cond)), "nested more than"},
		{"subgraphs that double", modelOf(17, withInputs(graphOf("y", nestedIfs(40)), fx, cond)), "more than"},
		{"functions that double", modelOf(17, graphOf("y", callOf("f40", "x", "y")), doubling(40)...), "more than"},
		{"a function that calls itself", modelOf(17, graphOf("y", callOf("f", "x", "y")), function("f", "a", "b", callOf("f", "a", "b"))), "calls itself"},
		{"functions that call each other", modelOf(17, graphOf("y", callOf("f", "x", "y")), function("f", "a", "b", callOf("g", "a", "b")), function("g", "a", "b", callOf("f", "a", "b"))), "calls itself"},
		{"a function that calls itself from a branch", modelOf(17, withInits(graphOf("y", callOf("f", "x", "y")), boolInit("c")), function("f", "a", "b", nodeOf("If", "c", "b", graphA("then_branch", branchOf("t", callOf("f", "a", "t")))))), "calls itself"},
		{"a chain of functions", modelOf(17, graphOf("y", callOf("f99", "x", "y")), func() (out []*wire.Function) {
			out = append(out, function("f0", "a", "b", nodeOf("Relu", "a", "b")))
			for i := 1; i < 100; i++ {
				out = append(out, function(fmt.Sprint("f", i), "a", "b", callOf(fmt.Sprint("f", i-1), "a", "b")))
			}
			return out
		}()...), "nested more than"},
		{"a function that reads what is outside", modelOf(17, graphOf("y", callOf("f", "x", "y")), function("f", "a", "b", nodeOf("Relu", "x", "b"))), `operand "x" is not defined`},
		{"a function without its result", modelOf(17, graphOf("y", callOf("f", "x", "y")), function("f", "a", "b", nodeOf("Relu", "a", "c"))), "does not define its result"},
		{"too many operands for a function", modelOf(17, graphOf("y", callOf("f", "x x", "y")), function("f", "a", "b", nodeOf("Relu", "a", "b"))), "takes 1 operands, not 2"},
		{"If without a branch", modelOf(17, withInputs(graphOf("y", nodeOf("If", "cond", "y", graphA("then_branch", branchOf("x")))), fx, cond)), "else_branch is missing"},
		{"branches of different types", modelOf(17, withInputs(graphOf("y", nodeOf("If", "cond", "y", graphA("then_branch", branchOf("x")), graphA("else_branch", branchOf("cond")))), fx, cond)), "not of one type"},
		{"a branch that takes operands", modelOf(17, withInputs(graphOf("y", nodeOf("If", "cond", "y", graphA("then_branch", withInputs(branchOf("x"), fx)), graphA("else_branch", branchOf("x")))), fx, cond)), "inputs"},
		{"an If of a number", modelOf(17, withInits(graphOf("y", nodeOf("If", "n", "y", graphA("then_branch", branchOf("x")), graphA("else_branch", branchOf("x")))), scalarInit("n", 5))), "cannot be i64"},
		{"a count of our own", modelOf(17, withInits(graphOf("y", nodeOf("Loop", "n _ x", "y", intA("carried", 9), graphA("body", branchOf("x")))), scalarInit("n", 3))), "carried"},
		{"a loop body without inputs", modelOf(17, withInits(graphOf("y", nodeOf("Loop", "n _ x", "y", graphA("body", branchOf("x")))), scalarInit("n", 3))), "inputs"},
		{"a scan of nothing", modelOf(17, graphOf("y", nodeOf("Scan", "x", "y", intA("num_scan_inputs", -5), graphA("body", branchOf("x"))))), "num_scan_inputs"},
		{"a sparse initializer out of range", modelOf(17, &wire.Graph{Inputs: []*wire.ValueInfo{fx}, Nodes: []*wire.Node{nodeOf("Add", "x w", "y")}, Outputs: vnames("y"),
			SparseInits: []*wire.SparseTensor{{Values: floats("w", 1), Indices: i64s("", 9), Dims: []int64{2}}}}), "out of range"},
		{"a sparse initializer of negative sizes", modelOf(17, &wire.Graph{Inputs: []*wire.ValueInfo{fx}, Nodes: []*wire.Node{nodeOf("Add", "x w", "y")}, Outputs: vnames("y"),
			SparseInits: []*wire.SparseTensor{{Values: floats("w", 1), Indices: i64s("", 0), Dims: []int64{-2}}}}), "size -2"},
		{"a sparse initializer that claims much", modelOf(17, &wire.Graph{Inputs: []*wire.ValueInfo{fx}, Nodes: []*wire.Node{nodeOf("Add", "x w", "y")}, Outputs: vnames("y"),
			SparseInits: []*wire.SparseTensor{{Values: floats("w", 1), Indices: i64s("", 0), Dims: []int64{1 << 50}}}}), "not supported"},
		{"a constant of another constant's place", modelOf(17, graphOf("y", nodeOf("Constant", "", "y", intA("value_int", 1), floatA("value_float", 1)))), "2 attributes"},
		{"a sparse constant of nothing", modelOf(17, graphOf("y", nodeOf("Constant", "", "y", &wire.Attr{Name: "sparse_value", Type: wire.AttrSparseTensor}))), "no tensor"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := onnx.Import(c.model, onnx.Options{})
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "onnx: ") {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}

func TestImportSettlesLoopsInLoops(t *testing.T) {
	for _, depth := range []int{1, 4, 20} {
		m := modelOf(17, withInits(graphOf("y", nestedLoops(depth)), scalarInit("n", 2)))
		im, err := onnx.Import(m, onnx.Options{})
		if depth <= 4 && err != nil {
			t.Fatalf("%d deep: %v", depth, err)
		}
		if err == nil && im.Graph.Outputs[0].Value.Type.Rank() != 1 {
			t.Errorf("%d deep: the result is %v", depth, im.Graph.Outputs[0].Value.Type)
		}
	}
}

func TestImportNamesAnOutputThatIsListedTwiceAnew(t *testing.T) {
	im, err := onnx.Import(modelOf(17, graphOf("y y", nodeOf("Relu", "x", "y"))), onnx.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if o := im.Graph.Outputs; len(o) != 2 || o[0].Name != "y" || o[1].Name != "y:1" || o[0].Value != o[1].Value {
		t.Errorf("outputs %v", o)
	}
}

func TestImportTakesManyNodesOfOneName(t *testing.T) {
	nodes := chain(20000, func(in, out string) *wire.Node { return nodeOf("Relu", in, out) })
	for _, n := range nodes {
		n.Name = "same"
	}
	call := make([]*wire.Node, 20000)
	for i := range call {
		call[i] = callOf("f", "x", fmt.Sprint("r", i))
		call[i].Name = "same"
	}
	m := modelOf(17, graphOf("y", append(nodes, call...)...), function("f", "a", "b", nodeOf("Relu", "a", "m"), nodeOf("Relu", "m", "b")))
	im, err := onnx.Import(m, onnx.Options{})
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, n := range im.Graph.Nodes {
		if seen[n.From[0]] {
			t.Fatalf("two nodes are called %s", n.From[0])
		}
		seen[n.From[0]] = true
	}
}

func TestImportWarnsOfTypesThatDoNotHold(t *testing.T) {
	g := graphOf("y", nodeOf("Relu", "x", "a"), nodeOf("Relu", "a", "y"))
	g.ValueInfo = []*wire.ValueInfo{vinfo("a", tensor.F32, 3), vinfo("b", tensor.F32, 3)}
	g.Outputs = []*wire.ValueInfo{vinfo("y", tensor.F16, 2)}
	im, err := onnx.Import(modelOf(17, g), onnx.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(im.Warnings) != 2 || !strings.Contains(im.Warnings[0], "size 3") || !strings.Contains(im.Warnings[1], "element type f16") {
		t.Errorf("warnings %q", im.Warnings)
	}
}

func FuzzImport(f *testing.F) {
	for _, m := range []*wire.Model{
		modelOf(17, graphOf("y", relu)),
		modelOf(6, graphOf("y", nodeOf("Add", "x x", "y", intA("axis", 0)))),
		modelOf(17, withInits(graphOf("y", nestedLoops(2)), scalarInit("n", 2))),
		modelOf(17, graphOf("y", callOf("f3", "x", "y")), doubling(3)...),
		modelOf(11, withInits(graphOf("y", nodeOf("Softmax", "x", "a", intA("axis", 0)), nodeOf("Slice", "a s s", "y")), i64s("s", 1))),
	} {
		f.Add(m.Append(nil))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := onnx.Decode(data, onnx.Options{Budget: wire.Budget{Bytes: 1 << 20, Messages: 1 << 12}})
		if err != nil {
			if !errors.Is(err, wire.ErrFormat) && !errors.Is(err, wire.ErrBudget) && !errors.Is(err, ir.ErrUnsupported) && err.Error() == "" {
				t.Fatal("an error without a text")
			}
			return
		}
		if err := m.Graph.Verify(); err != nil {
			t.Fatal(err)
		}
		if _, err := onnx.Export(m.Graph, onnx.ExportOptions{}); err != nil && !errors.Is(err, ir.ErrUnsupported) {
			t.Fatal(err)
		}
	})
}
