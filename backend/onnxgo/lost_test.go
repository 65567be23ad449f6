package onnxgo_test

import (
	"testing"

	onnx "github.com/owulveryck/onnx-go"
	"gorgonia.org/tensor"

	"github.com/cameo-onnx/cameo/backend/onnxgo"
	"github.com/cameo-onnx/cameo/onnx/wire"
)

// info is an input or output of float32 with the given sizes; -1 is symbolic.
func info(name string, dims ...int64) *wire.ValueInfo {
	t := &wire.Type{Kind: wire.KindTensor, Elem: 1, HasShape: true}
	for _, d := range dims {
		if d < 0 {
			t.Shape = append(t.Shape, wire.Dim{Param: "N"})
		} else {
			t.Shape = append(t.Shape, wire.Dim{Value: d, HasValue: true})
		}
	}
	return &wire.ValueInfo{Name: name, Type: t}
}

func file(opset int64, g *wire.Graph) []byte {
	m := &wire.Model{IRVersion: 4, Opsets: []wire.OpsetID{{Version: opset}}, Graph: g}
	return m.Append(nil)
}

func vector(x ...float32) tensor.Tensor {
	return tensor.New(tensor.WithShape(len(x)), tensor.WithBacking(x))
}

// Mul(x, x), an operand left out in the middle, a symbolic size, and a weight that is no input.
func TestWhatOnnxGoLosesIsKept(t *testing.T) {
	b := file(11, &wire.Graph{Name: "g",
		Inputs: []*wire.ValueInfo{info("x", -1)}, Outputs: []*wire.ValueInfo{info("y", -1)},
		Inits: []*wire.Tensor{{Name: "top", DataType: 1, Floats: []float32{10}}},
		Nodes: []*wire.Node{{OpType: "Mul", In: []string{"x", "x"}, Out: []string{"sq"}}, {OpType: "Clip", In: []string{"sq", "", "top"}, Out: []string{"y"}}}})
	g := onnxgo.NewGraph()
	m := onnx.NewModel(g)
	if err := m.UnmarshalBinary(b); err != nil {
		t.Fatal(err)
	}
	if err := g.Run(); err == nil {
		t.Error("it runs without its input")
	}
	for _, x := range [][]float32{{1, 2, 4}, {3, 5}} {
		if err := m.SetInput(0, vector(x...)); err != nil {
			t.Fatal(err)
		}
		if err := g.Run(); err != nil {
			t.Fatal(err)
		}
		out, err := m.GetOutputTensors()
		if err != nil {
			t.Fatal(err)
		}
		n, _ := m.GetNodeByName("sq")
		sq := floats(t, n.(onnx.DataCarrier).GetTensor().Data())
		for i, y := range floats(t, out[0].Data()) {
			if want := float64(x[i] * x[i]); sq[i] != want || y != min(want, 10) {
				t.Errorf("%v: element %d is %v, its square %v", x, i, y, sq[i])
			}
		}
	}
}

// Softmax over an axis that is not the last means something else from opset 13 on.
func TestOpsetDecidesMeaning(t *testing.T) {
	b := file(13, &wire.Graph{Name: "g", Inputs: []*wire.ValueInfo{info("x", 1, 2, 2)}, Outputs: []*wire.ValueInfo{info("y", 1, 2, 2)},
		Nodes: []*wire.Node{{OpType: "Softmax", In: []string{"x"}, Out: []string{"y"}, Attrs: []*wire.Attr{{Name: "axis", Type: wire.AttrInt, I: 1}}}}})
	for _, c := range []struct {
		name string
		opt  onnxgo.Option
		want float64
	}{{"nothing known", onnxgo.Opset(0), 0.25}, {"opset given", onnxgo.Opset(13), 0.5}, {"file given", onnxgo.File(b), 0.5}} {
		g := onnxgo.NewGraph(c.opt)
		m := onnx.NewModel(g)
		if err := m.UnmarshalBinary(b); err != nil {
			t.Fatal(err)
		}
		if err := m.SetInput(0, tensor.New(tensor.WithShape(1, 2, 2), tensor.WithBacking(make([]float32, 4)))); err != nil {
			t.Fatal(err)
		}
		if err := g.Run(); err != nil {
			t.Fatal(c.name, err)
		}
		out, _ := m.GetOutputTensors()
		if y := floats(t, out[0].Data()); y[0] != c.want {
			t.Errorf("%s: %v, want %v", c.name, y, c.want)
		}
	}
}

func TestUnknownOperatorIsNotImplemented(t *testing.T) {
	b := file(9, &wire.Graph{Name: "g", Inputs: []*wire.ValueInfo{info("x", 1)}, Outputs: []*wire.ValueInfo{info("y", 1)},
		Nodes: []*wire.Node{{OpType: "Nonsense", In: []string{"x"}, Out: []string{"y"}}}})
	g := onnxgo.NewGraph()
	m := onnx.NewModel(g)
	if err := m.UnmarshalBinary(b); err != nil {
		t.Fatal(err)
	}
	if err := m.SetInput(0, vector(1)); err != nil {
		t.Fatal(err)
	}
	if _, ok := g.Run().(*onnx.ErrNotImplemented); !ok {
		t.Error("it is not refused as onnx-go has it")
	}
}
