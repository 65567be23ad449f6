package cameo_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/cameo-onnx/cameo"
	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/op"
)

// columns returns inputs of testdata/passengers.onnx with the given numbers of rows.
func columns(age, fare, port, class int) map[string]cameo.Value {
	words := func(n int) *cameo.Tensor { return cameo.NewStrings(make([]string, n), n, 1) }
	return map[string]cameo.Value{
		"age": cameo.Zeros(cameo.Float32, age, 1), "fare": cameo.Zeros(cameo.Float32, fare, 1), "port": words(port), "class": words(class),
	}
}

func TestInputsThatDoNotFitAreRefusedAsInputs(t *testing.T) {
	digits, passengers := open(t, "testdata/digits_cnn.onnx"), open(t, "testdata/passengers.onnx")
	image := func(v cameo.Value) map[string]cameo.Value { return map[string]cameo.Value{"image": v} }
	for _, c := range []struct {
		name  string
		m     *cameo.Model
		in    map[string]cameo.Value
		wants string
	}{
		{"nothing given", digits, nil, `"image"`},
		{"nil", digits, image(nil), `"image"`},
		{"a nil tensor", digits, image((*cameo.Tensor)(nil)), "nil"},
		{"a nil sequence", digits, image((*cameo.Sequence)(nil)), "nil"},
		{"a sequence of nil", digits, image(&cameo.Sequence{Elems: []cameo.Value{nil}}), "nil"},
		{"a map without keys", digits, image(&cameo.Map{}), "nil"},
		{"a tensor of no type", digits, image(&cameo.Tensor{}), "f32[batch,1,28,28]"},
		{"another kind", digits, image(&cameo.Sequence{}), "seq"},
		{"another element type", digits, image(cameo.Zeros(cameo.Float64, 1, 1, 28, 28)), "f64"},
		{"another rank", digits, image(cameo.Zeros(cameo.Float32, 28, 28)), "f32[28,28]"},
		{"another size", digits, image(cameo.Zeros(cameo.Float32, 1, 1, 27, 28)), "27"},
		{"sizes that contradict one another", passengers, columns(3, 2, 2, 2), "3 != 2"},
	} {
		_, err := c.m.RunValues(context.Background(), c.in)
		if !errors.Is(err, cameo.ErrInput) || !strings.Contains(err.Error(), c.wants) {
			t.Errorf("%s: %v, want an ErrInput with %s", c.name, err, c.wants)
		}
	}
}

func TestASessionRefusesWhatAModelRefuses(t *testing.T) {
	s, err := open(t, "testdata/digits_cnn.onnx").NewSession()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Set("image", (*cameo.Tensor)(nil)); !errors.Is(err, cameo.ErrInput) {
		t.Errorf("a nil tensor: %v", err)
	}
	if _, err := s.Input("image", -1, 1, 28, 28); !errors.Is(err, cameo.ErrInput) {
		t.Errorf("a negative size: %v", err)
	}
	if _, err := s.Input("image", 1<<30, 1, 28, 28); !errors.Is(err, cameo.ErrBudget) {
		t.Errorf("a size beyond the budget: %v", err)
	}
	if v, err := s.Value("logits"); err == nil || s.Output("logits") != nil {
		t.Errorf("before any run there is the result %v", v)
	}
}

func TestOptionsThatMakeNoSenseAreNamed(t *testing.T) {
	for name, c := range map[string]struct {
		o     cameo.Option
		wants string
	}{
		"input type":  {cameo.WithInputType("image", "f32[1"), `input "image"`},
		"constant":    {cameo.WithConstant("image", nil), `constant "image" is nil`},
		"operator":    {cameo.WithOp(nil), "operator is nil"},
		"precision":   {cameo.WithPrecision("fp7"), `"fp7"`},
		"pass":        {cameo.WithoutPasses("nope"), `"nope"`},
		"backend":     {cameo.WithBackend(nil), "no backend"},
		"output":      {cameo.WithOutputs("nope"), `"nope"`},
		"other input": {cameo.WithInputType("nope", "f32[1]"), `"nope"`},
	} {
		if _, err := cameo.Open("testdata/digits_cnn.onnx", c.o); err == nil || !strings.Contains(err.Error(), c.wants) {
			t.Errorf("%s: %v, want %s", name, err, c.wants)
		}
	}
	if _, err := cameo.Compile(nil); err == nil || errors.As(err, new(*cameo.InternalError)) {
		t.Errorf("no graph: %v", err)
	}
}

func TestTheOrderOfBackendAndPrecisionDoesNotMatter(t *testing.T) {
	for _, opts := range [][]cameo.Option{
		{cameo.WithBackend(cameo.CPU()), cameo.WithPrecision(cameo.FP32Strict)},
		{cameo.WithPrecision(cameo.FP32Strict), cameo.WithBackend(cameo.CPU())},
	} {
		g, err := ir.Parse("graph g(%x: f32[4]) {\n\t%y = softmax(%x) : f32[4]\n\treturn %y\n}\n", op.Lookup, nil)
		if err != nil {
			t.Fatal(err)
		}
		m, err := cameo.Compile(g, opts...)
		if err != nil {
			t.Fatal(err)
		}
		if k := m.Runtime().Plan().Steps[0].Kernel; strings.HasPrefix(k, "softmax") {
			t.Errorf("a strict model runs %s, which sums in another order", k)
		}
	}
}
