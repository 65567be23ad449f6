package vectors

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cameo-onnx/cameo/ir/tensor"
	"github.com/cameo-onnx/cameo/onnx/wire"
)

func TestCompareFindsEveryDifference(t *testing.T) {
	nan := math.NaN()
	seq := func(v ...tensor.Value) *tensor.Sequence { return &tensor.Sequence{Elems: v} }
	some := func(v tensor.Value) *tensor.Optional { return &tensor.Optional{Elem: v} }
	mapOf := func(k, v *tensor.Tensor) *tensor.Map { return &tensor.Map{Keys: k, Values: v} }
	for _, c := range []struct {
		name      string
		got, want tensor.Value
		message   string // empty: no difference
	}{
		{"a relative error within the tolerance", tensor.Of([]float32{100.05}), tensor.Of([]float32{100}), ""},
		{"a relative error beyond it", tensor.Of([]float32{1, 100.2}), tensor.Of([]float32{1, 100}), "1 of 2 elements differ; worst at [1]"},
		{"an absolute error within the tolerance", tensor.Of([]float64{9e-6}), tensor.Of([]float64{0}), ""},
		{"an absolute error beyond it", tensor.Of([]float64{2e-5}), tensor.Of([]float64{0}), "worst at [0]"},
		{"NaN where NaN is wanted", tensor.Of([]float64{nan}), tensor.Of([]float64{nan}), ""},
		{"NaN where a number is wanted", tensor.Of([]float64{nan}), tensor.Of([]float64{1}), "got NaN, want 1"},
		{"a number where NaN is wanted", tensor.Of([]float64{1}), tensor.Of([]float64{nan}), "got 1, want NaN"},
		{"infinities of two signs", tensor.Of([]float64{math.Inf(1)}), tensor.Of([]float64{math.Inf(-1)}), "got +Inf, want -Inf"},
		{"integers that differ by one", tensor.Of([]int64{1000000}), tensor.Of([]int64{1000001}), "1 of 1 elements differ"},
		{"bools", tensor.Of([]bool{true}), tensor.Of([]bool{false}), "1 of 1 elements differ"},
		{"an imaginary part", tensor.Of([]complex64{1 + 2i, 1}), tensor.Of([]complex64{1 + 2i, 1 + 1i}), "worst at [1]"},
		{"strings", tensor.OfStrings([]string{"a", "b"}), tensor.OfStrings([]string{"a", "c"}), `element [1] is "b", want "c"`},
		{"element types", tensor.Of([]float32{1}), tensor.Of([]float64{1}), "got f32[1], want f64[1]"},
		{"sizes", tensor.Of([]float32{1, 2}), tensor.Of([]float32{1, 2}, 1, 2), "got f32[2], want f32[1 2]"},
		{"kinds", seq(), tensor.Of([]float32{1}), "want a tensor"},
		{"a sequence that is too short", seq(), seq(tensor.Scalar(true)), "got a sequence of 0, want a sequence of 1"},
		{"an element of a sequence in a sequence", seq(seq(tensor.Scalar(true))), seq(seq(tensor.Scalar(false))), "element 0 element 0: 1 of 1"},
		{"an empty optional", some(nil), some(tensor.Scalar(true)), "got an empty optional"},
		{"an optional's value", some(tensor.Scalar(true)), some(tensor.Scalar(false)), "optional: 1 of 1"},
		{"maps in another order", mapOf(tensor.Of([]int64{2, 1}), tensor.Of([]float32{20, 10})), mapOf(tensor.Of([]int64{1, 2}), tensor.Of([]float32{10, 20})), ""},
		{"a map's values", mapOf(tensor.Of([]int64{2, 1}), tensor.Of([]float32{10, 20})), mapOf(tensor.Of([]int64{1, 2}), tensor.Of([]float32{10, 20})), "values: 2 of 2"},
		{"a map's keys", mapOf(tensor.OfStrings([]string{"a"}), tensor.Of([]float32{1})), mapOf(tensor.OfStrings([]string{"b"}), tensor.Of([]float32{1})), "keys: element [0]"},
	} {
		m := Compare(c.got, c.want, DefaultTolerance, false)
		if c.message == "" && m != nil || c.message != "" && (m == nil || !strings.Contains(m.Error(), c.message)) {
			t.Errorf("%s: %v, want %q", c.name, m, c.message)
		}
	}
}

func TestCompareOfTypesOnlyLooksAtNoElements(t *testing.T) {
	if m := Compare(tensor.Of([]float32{1}), tensor.Of([]float32{2}), Tolerance{}, true); m != nil {
		t.Error(m)
	}
	if m := Compare(tensor.Of([]float32{1}), tensor.Of([]float32{1, 2}), Tolerance{}, true); m == nil {
		t.Error("sizes that differ passed")
	}
}

func TestMapsAreReadFromJSON(t *testing.T) {
	float := &wire.Type{Kind: wire.KindTensor, Elem: int32(tensor.F32)}
	ints := &wire.Type{Kind: wire.KindMap, Elem: int32(tensor.I64), Of: float}
	v, err := decodeJSON([]byte(`[{"10": 1.5, "9": 2}, {}]`), &wire.Type{Kind: wire.KindSequence, Of: ints})
	want := &tensor.Sequence{Elems: []tensor.Value{
		&tensor.Map{Keys: tensor.Of([]int64{9, 10}), Values: tensor.Of([]float32{2, 1.5})},
		&tensor.Map{Keys: tensor.New(tensor.I64, 0), Values: tensor.New(tensor.F32, 0)},
	}}
	if err != nil || !tensor.Equal(v, want) {
		t.Errorf("got %v, %v", v, err)
	}
	for name, text := range map[string]string{"a key that is no integer": `{"a": 1}`, "a value of another type": `{"1": "b"}`, "a list": `[]`, "a value that is a list": `{"1": []}`} {
		if v, err := decodeJSON([]byte(text), ints); err == nil {
			t.Errorf("%s was read as %v", name, v)
		}
	}
}

func TestFindReadsCasesInTheOrderOfTheirSets(t *testing.T) {
	dir := t.TempDir()
	put := func(name string, data []byte) {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	vi := []*wire.ValueInfo{{Name: "x", Type: &wire.Type{Kind: wire.KindTensor, Elem: int32(tensor.F32)}}}
	m := &wire.Model{Graph: &wire.Graph{Inputs: vi, Outputs: append(vi, &wire.ValueInfo{Name: "y"})}}
	x := tensor.Of([]float32{1, 2})
	put("b/model.onnx", m.Append(nil))
	put("b/random", nil)
	put("b/test_data_set_10/input_0.pb", nil)
	put("b/test_data_set_9/input_0.pb", wire.FromTensor("x", x).Append(nil))
	put("b/tolerance.json", []byte(`{"rtol": 0.5}`))
	put("a/model.onnx", nil) // without a data set it is no case
	cases, err := Find(dir, DefaultTolerance)
	if err != nil || len(cases) != 1 {
		t.Fatalf("%d cases, %v", len(cases), err)
	}
	c := cases[0]
	if c.Name != "b" || !c.Random || c.Tolerance != (Tolerance{Rel: 0.5, Abs: DefaultTolerance.Abs}) {
		t.Errorf("got %+v", c)
	}
	if want := []string{filepath.Join(dir, "b", "test_data_set_9"), filepath.Join(dir, "b", "test_data_set_10")}; !slices.Equal(c.Sets, want) {
		t.Errorf("sets %v, want %v", c.Sets, want)
	}
	in, want, err := c.Read(c.Sets[0], m)
	if err != nil || len(in) != 1 || !tensor.Equal(in[0], x) || len(want) != 2 || want[0] != nil || want[1] != nil {
		t.Errorf("read %v, %v, %v", in, want, err)
	}
}
