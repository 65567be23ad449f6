package onnxgo_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	onnx "github.com/owulveryck/onnx-go"
	"github.com/owulveryck/onnx-go/backend/testbackend"
	_ "github.com/owulveryck/onnx-go/backend/testbackend/onnx"

	"github.com/cameo-onnx/cameo/backend/onnxgo"
)

// undecodable are the cases that onnx-go cannot decode, whatever the backend.
var undecodable = map[string]string{
	"TestScan9Sum": "its body is an attribute of type GRAPH",
}

// inexact are the cases whose expected values are further than onnx-go's tolerance from the exact results; they are compared
// with a tolerance of their own.
var inexact = map[string]struct {
	why      string
	abs, rel float64
}{
	"TestRoialign": {"its expected values have four digits", 1e-4, 0},
}

// cases returns onnx-go's own test cases in order of their titles.
func cases() []*testbackend.TestCase {
	var out []*testbackend.TestCase
	for _, c := range testbackend.GetAllRegisteredTests() {
		out = append(out, c())
	}
	slices.SortFunc(out, func(a, b *testbackend.TestCase) int { return strings.Compare(a.Title, b.Title) })
	return out
}

// onnx-go compares with a tolerance of 1e-6 whatever the magnitude, which is less than the last bit of float32 from 8 on.
func TestSuitePassesAsOnnxGoComparesIt(t *testing.T) {
	for _, mode := range []struct {
		name string
		opts []onnxgo.Option
	}{{"default", nil}, {"strict", []onnxgo.Option{onnxgo.Strict()}}} {
		t.Run(mode.name, func(t *testing.T) {
			all, passed := cases(), 0
			for _, c := range all {
				if undecodable[c.Title] != "" {
					if _, ok := run(t, c, mode.opts...).(*onnx.ErrNotImplemented); !ok {
						t.Errorf("%s runs after all", c.Title)
					}
				} else if _, ok := inexact[c.Title]; ok {
					t.Run(c.Title, func(t *testing.T) { compare(t, c, inexact[c.Title].abs, inexact[c.Title].rel, mode.opts...) })
				} else if t.Run(c.Title, c.RunTest(onnxgo.NewGraph(mode.opts...), false)) && !c.Skipped {
					passed++
				} else {
					t.Errorf("%s does not pass", c.Title)
				}
			}
			if want := 348 - len(undecodable) - len(inexact); len(all) != 348 || passed != want {
				t.Errorf("%d of %d cases pass, want %d of 348", passed, len(all), want)
			}
		})
	}
}

// What runs on the fast kernels is as exact as float32 allows, in relation to its magnitude.
func TestSuiteOnFastKernels(t *testing.T) {
	for _, c := range cases() {
		if undecodable[c.Title] == "" {
			t.Run(c.Title, func(t *testing.T) {
				abs, rel := 2e-6, 2e-6
				abs = max(abs, inexact[c.Title].abs)
				if c.Title == "TestLogsoftmaxLargeNumber" {
					abs = 1e-3 // the operands are 10000 and their differences small: that is the last bit
				}
				compare(t, c, abs, rel, onnxgo.Compiled())
			})
		}
	}
}

// run decodes and runs a case.
func run(t *testing.T, c *testbackend.TestCase, opts ...onnxgo.Option) error {
	_, err := results(c, opts...)
	return err
}

func results(c *testbackend.TestCase, opts ...onnxgo.Option) (*onnx.Model, error) {
	g := onnxgo.NewGraph(opts...)
	m := onnx.NewModel(g)
	if err := m.UnmarshalBinary(c.ModelB); err != nil {
		return nil, err
	}
	for i, x := range c.Input {
		if err := m.SetInput(i, x); err != nil {
			return nil, err
		}
	}
	return m, g.Run()
}

func compare(t *testing.T, c *testbackend.TestCase, abs, rel float64, opts ...onnxgo.Option) {
	t.Helper()
	m, err := results(c, opts...)
	if err != nil {
		t.Fatal(err)
	}
	out, err := m.GetOutputTensors()
	if err != nil || len(out) != len(c.ExpectedOutput) {
		t.Fatalf("%d results, want %d: %v", len(out), len(c.ExpectedOutput), err)
	}
	for i, want := range c.ExpectedOutput {
		if !want.Shape().Eq(out[i].Shape()) {
			t.Fatalf("result %d has sizes %v, want %v", i, out[i].Shape(), want.Shape())
		}
		x, y := floats(t, out[i].Data()), floats(t, want.Data())
		for j := range y {
			if d := math.Abs(x[j] - y[j]); (math.IsInf(y[j], 0) || !(d <= abs+rel*math.Abs(y[j]))) && x[j] != y[j] && !(math.IsNaN(x[j]) && math.IsNaN(y[j])) {
				t.Fatalf("result %d, element %d: %v, want %v", i, j, x[j], y[j])
			}
		}
	}
}

func floats(t *testing.T, data any) []float64 {
	t.Helper()
	var out []float64
	switch x := data.(type) {
	case []float32:
		for _, v := range x {
			out = append(out, float64(v))
		}
	case []float64:
		return x
	case []int64:
		for _, v := range x {
			out = append(out, float64(v))
		}
	case []int32:
		for _, v := range x {
			out = append(out, float64(v))
		}
	default:
		t.Fatalf("results of type %T", data)
	}
	return out
}
