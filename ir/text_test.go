package ir_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/op"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

func weights(_ string, t ir.Type) (*tensor.Tensor, error) {
	dims, _ := t.Shape.Ints()
	if n, ok := tensor.Count(dims); !ok || n > 1<<16 {
		return nil, fmt.Errorf("%v elements in a test", dims)
	}
	w := tensor.New(t.DType, dims...)
	for i := range w.Len() {
		w.SetFloat64At(i, float64(i%7)-3)
	}
	return w, nil
}

const mlp = `graph mlp(%x: f32[N,4], %"in:0": i64[1] = [3]) {
	assume N <= 4096
	%c = const [0.5, -0, 1e+10, +Inf] : f32[4]
	%big = const @big : f32[5,4]
	%ones = const splat 1 : f32[5,4]
	%h = add(%x, %c) from "/fc1/Add" "b" : f32[N,4]
	%r = leaky_relu(%h) {alpha=0.5} : f32[N,4]
	%k = add(%big, %ones) : f32[5,4]
	return %r as "probabilities", %"in:0", %k
}
`

func TestTextReadsBackToTheSameBytes(t *testing.T) {
	g, err := ir.Parse(mlp, op.Lookup, weights)
	if err != nil {
		t.Fatal(err)
	}
	if got := g.String(); got != mlp {
		t.Errorf("got:\n%s\nwant:\n%s", got, mlp)
	}
	if err := g.Verify(); err != nil {
		t.Error(err)
	}
}

func TestParseNamesTheLineAndTheFault(t *testing.T) {
	for _, c := range []struct{ src, want string }{
		{"graph g(%x: f32[2]) {\n\t%y = nop(%x) : f32[2]\n\treturn %y\n}", `line 2: no op "nop"`},
		{"graph g(%x: f32[2]) {\n\t%y = relu(%z) : f32[2]\n\treturn %y\n}", "line 2: no value %z"},
		{"graph g(%x: f32[2], %y: f32[3]) {\n\t%z = add(%x, %y) : f32[3]\n\treturn %z\n}", "sizes 2 and 3 do not broadcast"},
		{"graph g(%x: i64[2]) {\n\t%y = leaky_relu(%x) : i64[2]\n\treturn %y\n}", "operand x cannot be i64[2]"},
		{"graph g(%x: f32[2]) {\n\t%y = leaky_relu(%x) {beta=1} : f32[2]\n\treturn %y\n}", `leaky_relu has no attribute "beta"`},
		{"graph g(%x: f32[2]) {\n\t%x = relu(%x) : f32[2]\n\treturn %x\n}", "%x is defined twice"},
		{"graph g(%x: f32[2]) {\n\t%c = const @w : f32[2]\n\treturn %c\n}", "constant @w is not given"},
		{"graph g(%x: f32[2]) {\n\t%y = relu(%x) : f32[3]\n\treturn %y\n}", "%y is f32[2], not f32[3]"},
	} {
		_, err := ir.Parse(c.src, op.Lookup, nil)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s\ngot %v, want %q", c.src, err, c.want)
		}
	}
}

func TestReplaceInfersDownstreamAnew(t *testing.T) {
	g, err := ir.Parse("graph g(%x: f32[*], %y: f32[2,3]) {\n\t%a = relu(%x) : f32[*]\n\t%b = relu(%a) : f32[*]\n\treturn %b\n}", op.Lookup, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := g.Replace(g.Inputs[0], g.Inputs[1]); err != nil {
		t.Fatal(err)
	}
	if got := g.Outputs[0].Value.Type.String(); got != "f32[2,3]" {
		t.Errorf("the output is %s", got)
	}
	if err := g.Verify(); err != nil {
		t.Error(err)
	}
}

func TestEvalRunsTheGraph(t *testing.T) {
	g, err := ir.Parse(mlp, op.Lookup, weights)
	if err != nil {
		t.Fatal(err)
	}
	x := tensor.Of([]float32{-1, 2, 3, 4}, 1, 4)
	out, err := g.Eval(&ir.Env{}, []tensor.Value{x, nil})
	if err != nil {
		t.Fatal(err)
	}
	want := tensor.Of([]float32{-0.25, 2, 1e10 + 3, float32(math.Inf(1))}, 1, 4)
	if got := out[0].(*tensor.Tensor).Float64s(); got[0] != -0.25 || got[1] != 2 || !tensor.Equal(out[1], tensor.Of([]int64{3})) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(mlp)
	f.Add("graph g(%x: seq(f32[*])) {\n\treturn %x\n}\n")
	f.Fuzz(func(t *testing.T, src string) {
		g, err := ir.Parse(src, op.Lookup, weights)
		if err != nil {
			return
		}
		text := g.String()
		h, err := ir.Parse(text, op.Lookup, weights)
		if err != nil {
			t.Fatalf("printed text does not parse: %v\n%s", err, text)
		}
		if again := h.String(); again != text {
			t.Fatalf("got:\n%s\nwant:\n%s", again, text)
		}
	})
}
