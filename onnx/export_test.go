package onnx_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/op"
	"github.com/cameo-onnx/cameo/ir/tensor"
	"github.com/cameo-onnx/cameo/onnx"
	"github.com/cameo-onnx/cameo/onnx/vectors"
	"github.com/cameo-onnx/cameo/onnx/wire"
	"github.com/cameo-onnx/cameo/testdata"
)

// TestExportReadsBackToTheSameText imports cases, exports them and imports what was written.
//
//	go test ./onnx -run TestExportReadsBack -cases ../../shared/models -v
func TestExportReadsBackToTheSameText(t *testing.T) {
	root := testdata.Shared(t)
	dirs := []string{filepath.Join(root, "onnx-tests", "node"), filepath.Join(root, "models", "seeds"), filepath.Join(root, "models", "real")}
	if *casesFlag != "" {
		dirs = filepath.SplitList(*casesFlag)
	}
	same, refused := 0, 0
	for _, dir := range dirs {
		cases, err := vectors.Find(dir, vectors.DefaultTolerance)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range cases {
			if !strings.Contains(c.Name, *matchFlag) {
				continue
			}
			m, err := onnx.Open(c.ModelPath(), onnx.Options{})
			if err != nil {
				refused++ // TestConformance says more
				continue
			}
			if err := exportsBack(m.Graph); err != nil {
				t.Errorf("%s: %v", c.Name, err)
				continue
			}
			same++
			if *exportFlag != "" {
				path := filepath.Join(*exportFlag, c.Name, "model.onnx")
				if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := onnx.Save(path, m.Graph, onnx.ExportOptions{External: 1 << 20}); err != nil {
					t.Errorf("%s: %v", c.Name, err)
				}
			}
		}
	}
	t.Logf("%d read back to the same text, %d not imported", same, refused)
}

func exportsBack(g *ir.Graph) error {
	before := g.String()
	w, err := onnx.Export(g, onnx.ExportOptions{})
	if err != nil {
		return err
	}
	if after := g.String(); after != before {
		return fmt.Errorf("export changed the graph")
	}
	back, err := onnx.Decode(w.Append(nil), onnx.Options{})
	if err != nil {
		return fmt.Errorf("what was written does not import: %w", err)
	}
	return sameText(before, back.Graph.String())
}

// sameText reports the first line in which two texts differ.
func sameText(a, b string) error {
	if a == b {
		return nil
	}
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range min(len(x), len(y)) {
		if x[i] != y[i] {
			return fmt.Errorf("line %d:\n%s\n%s", i+1, x[i], y[i])
		}
	}
	return fmt.Errorf("%d lines, then %d", len(x), len(y))
}

func parseGraph(t *testing.T, text string) *ir.Graph {
	t.Helper()
	g, err := ir.Parse(text, op.Lookup, nil)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func TestExportNamesOutputsAsTheGraphDoes(t *testing.T) {
	g := parseGraph(t, `graph g(%x: f32[N,2]) {
	%w = const [1, 2] : f32[2]
	%y = add(%x, %w) : f32[N,2]
	return %y as "sum", %y, %x as "copy", %w as "weight"
}
`)
	m, err := onnx.Export(g, onnx.ExportOptions{Metadata: map[string]string{"b": "2", "a": "1"}, Producer: "p", Version: "1"})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, o := range m.Graph.Outputs {
		names = append(names, o.Name)
	}
	if got := strings.Join(names, " "); got != "sum y copy weight" {
		t.Errorf("outputs %s", got)
	}
	if m.Metadata[0].Key != "a" || m.Metadata[1].Value != "2" || m.ProducerName != "p" || m.Graph.Inputs[0].Type.Shape[0].Param != "N" {
		t.Errorf("metadata %v, producer %s, inputs %v", m.Metadata, m.ProducerName, m.Graph.Inputs[0].Type)
	}
	if err := exportsBack(g); err == nil || !strings.Contains(err.Error(), `from`) {
		t.Errorf("want a difference in the node's name only, got %v", err)
	}
}

func TestExportWritesFusedWorkInPlainOperators(t *testing.T) {
	g := parseGraph(t, `graph g(%a: f32[2,3], %b: f32[3,4], %c: f32[2,4]) {
	%y = matmul(%a, %b, %c) {
		body(%r: f32[2,4], %d: f32[2,4]) {
			%s = add(%r, %d) : f32[2,4]
			%t = relu(%s) : f32[2,4]
			return %t
		}
	} : f32[2,4]
	%z, %k = fused(%y, %c) {
		body(%p: f32[2,4], %q: f32[2,4]) {
			%m = mul(%p, %q) : f32[2,4]
			return %m, %p
		}
	} : f32[2,4], f32[2,4]
	return %y, %z, %k
}
`)
	m, err := onnx.Export(g, onnx.ExportOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var ops []string
	for _, n := range m.Graph.Nodes {
		ops = append(ops, n.OpType)
	}
	if got := strings.Join(ops, " "); got != "MatMul Add Relu Mul Identity" {
		t.Errorf("wrote %s", got)
	}
	in := []tensor.Value{rising(2, 3), rising(3, 4), rising(2, 4)}
	want, err := g.Eval(&ir.Env{}, in)
	if err != nil {
		t.Fatal(err)
	}
	for i, got := range evaluate(t, m, in...) {
		if !tensor.Equal(got, want[i]) {
			t.Errorf("output %d: %v, want %v", i, got, want[i])
		}
	}
}

func rising(dims ...int) *tensor.Tensor {
	x := tensor.New(tensor.F32, dims...)
	for i := range x.Len() {
		x.SetFloat64At(i, float64(i)-3)
	}
	return x
}

func TestExportListsWhatItCannotWrite(t *testing.T) {
	odd := op.Make(op.Def[op.None]{Name: "odd", Sig: "x f32 -> y f32",
		Infer: func(_ *ir.Scope, _ op.None, in []ir.Known) (ir.Known, error) { return in[0], nil },
		Eval:  func(_ *ir.Env, _ op.None, in []tensor.Value) (tensor.Value, error) { return in[0], nil }})
	g := ir.NewGraph("g")
	b := ir.NewBuilder(g)
	x := odd.New(b, op.None{}, odd.New(b, op.None{}, g.Input("x", ir.TensorOf(tensor.F32))))
	g.Output("y", x)
	_, err := onnx.Export(g, onnx.ExportOptions{})
	var u *onnx.UnsupportedError
	if !errors.As(err, &u) || len(u.Nodes) != 2 || u.Nodes[0].Op != "odd" {
		t.Errorf("got %v", err)
	}
}

func TestSavePutsLargeWeightsBesideTheModel(t *testing.T) {
	g := ir.NewGraph("g")
	b := ir.NewBuilder(g)
	big := rising(100, 7)
	x := g.Input("x", ir.TensorOf(tensor.F32, ir.ShapeOf(100, 7)...))
	g.Output("y", op.Add.New(b, op.None{}, op.Add.New(b, op.None{}, x, g.Const("w", big)), g.Const("again", big)))
	for _, limit := range []int{-1, 0, 1, 2800, 2801} {
		dir := t.TempDir()
		path := filepath.Join(dir, "m.onnx")
		if err := onnx.Save(path, g, onnx.ExportOptions{External: limit}); err != nil {
			t.Fatal(err)
		}
		files, _ := os.ReadDir(dir)
		wantFiles := 1
		if limit > 0 && limit <= 2800 {
			wantFiles = 2
		}
		if len(files) != wantFiles {
			t.Errorf("External %d: files %v", limit, files)
		}
		m, err := onnx.Open(path, onnx.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if got := m.Graph.Value("again"); got == nil || !tensor.Equal(got.Data, big) {
			t.Errorf("External %d: the weights came back as %v", limit, got)
		}
		if info, err := os.Stat(path + ".data"); wantFiles == 2 && (err != nil || info.Size() != 2800) {
			t.Errorf("External %d: the data file: %v %v", limit, info, err)
		}
	}
	if err := onnx.Save(filepath.Join(t.TempDir(), "none", "m.onnx"), g, onnx.ExportOptions{}); err == nil {
		t.Error("saved to a folder that is not there")
	}
}

func TestExportRaisesTheOpsetOnlyWhereItMust(t *testing.T) {
	g := parseGraph(t, "graph g(%x: f32[2]) {\n\t%y = cast(%x) {to=f8e8m0} : f8e8m0[2]\n\treturn %y\n}\n")
	m, err := onnx.Export(g, onnx.ExportOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if m.IRVersion != 12 || len(m.Opsets) != 1 || m.Opsets[0] != (wire.OpsetID{Version: 24}) {
		t.Errorf("IR version %d, opsets %v", m.IRVersion, m.Opsets)
	}
}
