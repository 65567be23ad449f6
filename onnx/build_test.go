package onnx_test

import (
	"context"
	"testing"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
	"github.com/cameo-onnx/cameo/onnx"
	"github.com/cameo-onnx/cameo/onnx/wire"
)

// The helpers below build models for tests.

func floats(name string, v ...float32) *wire.Tensor {
	return wire.FromTensor(name, tensor.Of(v, len(v)))
}

func vinfo(name string, d tensor.DType, dims ...any) *wire.ValueInfo {
	t := &wire.Type{Kind: wire.KindTensor, Elem: int32(d), HasShape: true}
	for _, x := range dims {
		switch x := x.(type) {
		case int:
			t.Shape = append(t.Shape, wire.Dim{Value: int64(x), HasValue: true})
		case string:
			t.Shape = append(t.Shape, wire.Dim{Param: x})
		}
	}
	return &wire.ValueInfo{Name: name, Type: t}
}

func vnames(names ...string) (out []*wire.ValueInfo) {
	for _, n := range names {
		out = append(out, &wire.ValueInfo{Name: n})
	}
	return out
}

func nodeOf(op, in, out string, attrs ...*wire.Attr) *wire.Node {
	return &wire.Node{OpType: op, In: fields(in), Out: fields(out), Attrs: attrs}
}

// fields splits at spaces; "_" stands for an absent operand.
func fields(s string) (out []string) {
	for i, start := 0, 0; i <= len(s); i++ {
		if i == len(s) || s[i] == ' ' {
			if f := s[start:i]; f == "_" {
				out = append(out, "")
			} else if f != "" {
				out = append(out, f)
			}
			start = i + 1
		}
	}
	return out
}

func intA(name string, x int64) *wire.Attr { return &wire.Attr{Name: name, Type: wire.AttrInt, I: x} }
func intsA(name string, x ...int64) *wire.Attr {
	return &wire.Attr{Name: name, Type: wire.AttrInts, Ints: x}
}
func floatA(name string, x float32) *wire.Attr {
	return &wire.Attr{Name: name, Type: wire.AttrFloat, F: x}
}
func floatsA(name string, x ...float32) *wire.Attr {
	return &wire.Attr{Name: name, Type: wire.AttrFloats, Floats: x}
}
func strA(name, s string) *wire.Attr {
	return &wire.Attr{Name: name, Type: wire.AttrString, S: []byte(s)}
}
func graphA(name string, g *wire.Graph) *wire.Attr {
	return &wire.Attr{Name: name, Type: wire.AttrGraph, G: g}
}

func modelOf(opset int64, g *wire.Graph, funcs ...*wire.Function) *wire.Model {
	return &wire.Model{IRVersion: 8, Opsets: []wire.OpsetID{{Version: opset}, {Domain: "f", Version: 1}}, Graph: g, Functions: funcs}
}

// evaluate imports a model and evaluates it.
func evaluate(t *testing.T, m *wire.Model, in ...tensor.Value) []tensor.Value {
	t.Helper()
	im, err := onnx.Import(m, onnx.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := im.Graph.Verify(); err != nil {
		t.Fatal(err)
	}
	out, err := im.Graph.Eval(&ir.Env{Ctx: context.Background(), Seed: 1}, in)
	if err != nil {
		t.Fatal(err)
	}
	return out
}
