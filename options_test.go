package cameo_test

import (
	"context"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/cameo-onnx/cameo"
	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/op"
	"github.com/cameo-onnx/cameo/ir/tensor"
	"github.com/cameo-onnx/cameo/onnx/wire"
)

// halved is a model of y = sqrt(x)/2, whose last step is an operator of the domain com.example.
func halved() []byte {
	n := onnxNode("Halve", "r", "y")
	n.Domain = "com.example"
	m := &wire.Model{
		IRVersion: 10,
		Opsets:    []wire.OpsetID{{Version: 21}, {Domain: "com.example", Version: 1}},
		Metadata:  []wire.StringString{{Key: "author", Value: "nobody"}},
		Graph: &wire.Graph{
			Name: "g", Nodes: []*wire.Node{onnxNode("Sqrt", "x", "r"), n},
			Inputs: []*wire.ValueInfo{valueOf("x", tensor.F32, 3)}, Outputs: []*wire.ValueInfo{valueOf("y", tensor.F32, 3)},
		},
	}
	return m.Append(nil)
}

var halve = op.Make(op.Def[op.None]{
	Name: "halve", ONNX: "Halve", Domain: "com.example", Sig: "x f32 -> y f32", Props: ir.Pure,
	Infer: func(_ *ir.Scope, _ op.None, in []ir.Known) (ir.Known, error) { return ir.Known{Type: in[0].Type}, nil },
	Eval: func(e *ir.Env, _ op.None, in []tensor.Value) (tensor.Value, error) {
		y := in[0].(*tensor.Tensor).Clone()
		for i := range tensor.Data[float32](y) {
			tensor.Data[float32](y)[i] /= 2
		}
		return y, nil
	},
})

// floats runs m on x and returns the elements of an output.
func floats(t *testing.T, m *cameo.Model, output string, x ...float32) []float32 {
	t.Helper()
	in := map[string]*cameo.Tensor{}
	if len(x) > 0 {
		in["x"] = cameo.NewTensor(x)
	}
	out, err := m.Run(context.Background(), in, output)
	if err != nil {
		t.Fatal(err)
	}
	y, err := cameo.Data[float32](out[output])
	if err != nil {
		t.Fatal(err)
	}
	return y
}

func openHalved(t *testing.T, opts ...cameo.Option) *cameo.Model {
	t.Helper()
	m, err := cameo.OpenBytes(halved(), append(opts, cameo.WithOp(halve.Op))...)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestOperatorsOfOnesOwnRunAndAreRefusedWithoutTheirDefinition(t *testing.T) {
	if y := floats(t, openHalved(t), "y", 4, 16, 36); !slices.Equal(y, []float32{1, 2, 3}) {
		t.Errorf("got %v", y)
	}
	_, err := cameo.OpenBytes(halved())
	if err == nil || !strings.Contains(err.Error(), "com.example") || !strings.Contains(err.Error(), "Halve") {
		t.Errorf("without its definition: %v", err)
	}
}

func TestFurtherOutputsAreInnerValues(t *testing.T) {
	m := openHalved(t, cameo.WithOutputs("r"))
	if y := floats(t, m, "r", 4, 16, 36); !slices.Equal(y, []float32{2, 4, 6}) {
		t.Errorf("got %v", y)
	}
}

func TestConstantsTakeThePlaceOfInputs(t *testing.T) {
	m := openHalved(t, cameo.WithConstant("x", cameo.NewTensor([]float32{64, 4, 0})))
	if y := floats(t, m, "y"); len(m.Inputs()) != 0 || !slices.Equal(y, []float32{4, 1, 0}) {
		t.Errorf("%d inputs, %v", len(m.Inputs()), y)
	}
}

func TestAnInputsTypeCanBeReplaced(t *testing.T) {
	m := openHalved(t, cameo.WithInputType("x", "f32[N]"))
	if in := m.Inputs()[0]; in.Type != "f32[N]" || !slices.Equal(in.Shape, []string{"N"}) {
		t.Errorf("input %+v", in)
	}
	if y := floats(t, m, "y", 4, 16); !slices.Equal(y, []float32{1, 2}) {
		t.Errorf("got %v", y)
	}
}

func TestWhatTheFileSaysOfItselfIsKept(t *testing.T) {
	if m := openHalved(t); m.Metadata()["author"] != "nobody" {
		t.Errorf("metadata %v", m.Metadata())
	}
}

func TestWithoutPassesAModelMeansTheSame(t *testing.T) {
	x := []float32{4, 2, math.MaxFloat32}
	want := floats(t, openHalved(t), "y", x...)
	for _, off := range [][]string{{"all"}, {"fuse", "layout"}, {"schedule"}} {
		if got := floats(t, openHalved(t, cameo.WithoutPasses(off...)), "y", x...); !slices.Equal(got, want) {
			t.Errorf("without %v: %v, not %v", off, got, want)
		}
	}
}

func TestModelsOpenFromFileSystems(t *testing.T) {
	m, err := cameo.OpenFS(os.DirFS("testdata"), "digits_cnn.onnx")
	if err != nil {
		t.Fatal(err)
	}
	want := open(t, "testdata/digits_cnn.onnx")
	in := map[string]*cameo.Tensor{"image": cameo.NewTensor(pixels("testdata/digits/7.png"), 1, 1, 28, 28)}
	a, err := m.Run(context.Background(), in)
	if err != nil {
		t.Fatal(err)
	}
	b, err := want.Run(context.Background(), in)
	if err != nil {
		t.Fatal(err)
	}
	if err := sameBits(a, b); err != nil {
		t.Error(err)
	}
}
