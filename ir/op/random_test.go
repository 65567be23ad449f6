package op_test

import (
	"math"
	"strings"
	"testing"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/op"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// draw evaluates the one node of body for a run's seed.
func draw(t *testing.T, inputs, body string, seed uint64) *tensor.Tensor {
	t.Helper()
	g, err := ir.Parse("graph g("+inputs+") {\n\t%y = "+body+"\n\treturn %y\n}\n", op.Lookup, nil)
	if err != nil {
		t.Fatal(err)
	}
	out, err := g.Eval(&ir.Env{Seed: seed}, make([]tensor.Value, len(g.Inputs)))
	if err != nil {
		t.Fatal(err)
	}
	return out[0].(*tensor.Tensor)
}

func TestDrawsDependOnTheRunsSeedUnlessTheyHaveTheirOwn(t *testing.T) {
	const free, fixed = "random_normal() {shape=[64]} : f32[64]", "random_normal() {seed=3, shape=[64]} : f32[64]"
	if tensor.Equal(draw(t, "", free, 1), draw(t, "", free, 2)) {
		t.Error("two seeds draw the same")
	}
	if !tensor.Equal(draw(t, "", free, 1), draw(t, "", free, 1)) {
		t.Error("one seed draws differently")
	}
	if !tensor.Equal(draw(t, "", fixed, 1), draw(t, "", fixed, 2)) {
		t.Error("a seed of the node's own does not fix the draws")
	}
}

func TestDrawsFollowTheirParameters(t *testing.T) {
	mean := func(x *tensor.Tensor) float64 {
		sum := 0.0
		for _, v := range x.Float64s() {
			sum += v
		}
		return sum / float64(x.Len())
	}
	for _, c := range []struct {
		name, inputs, body string
		want               float64
	}{
		{"normal", "", "random_normal() {mean=5, scale=2, shape=[100,100]} : f32[100,100]", 5},
		{"uniform", "", "random_uniform() {dtype=f64, high=4, low=2, shape=[10000]} : f64[10000]", 3},
		{"like", "%x: i32[10000] = splat 0", "random_uniform_like(%x) {dtype=f16} : f16[10000]", 0.5},
		{"bernoulli", "%x: f32[10000] = splat 0.25", "bernoulli(%x) {dtype=bool} : bool[10000]", 0.25},
		{"multinomial", "%x: f32[1,3] = [-Inf, 0, 1.0986123]", "multinomial(%x) {dtype=i64, sample_size=10000} : i64[1,10000]", 1.75},
	} {
		if got := mean(draw(t, c.inputs, c.body, 1)); math.Abs(got-c.want) > 0.05 {
			t.Errorf("%s: mean %v, want about %v", c.name, got, c.want)
		}
	}
}

func TestDrawsRefuse(t *testing.T) {
	for _, c := range []struct{ inputs, body, want string }{
		{"", "%y = random_normal() : f32[1]; return %y", "attribute shape is missing"},
		{"", "%y = random_normal() {shape=[-1]} : f32[1]; return %y", "not possible"},
		{"", "%y = random_uniform() {shape=[4611686018427387904,4]} : f32[1]; return %y", "not possible"},
		{"%x: i32[1] = [1]", "%y = random_normal_like(%x) : f32[1]; return %y", "random numbers of i32"},
		{"%x: f32[1,2] = [-Inf, -Inf]", "%y = multinomial(%x) : i32[1,1]; return %y", "row 0"},
		{"%x: f32[1,0] = []", "%y = multinomial(%x) : i32[1,1]; return %y", "row 0"},
		{"%x: f32[2] = [0, 0]", "%y = multinomial(%x) : i32[1,1]; return %y", "rank 1, not 2"},
		{"%x: i64[] = [-3]", "%y = hann_window(%x) : f32[1]; return %y", "size is -3"},
		{"%x: i64[] = [4611686018427387904]", "%y = hann_window(%x) : f32[*]; return %y", "not possible"},
	} {
		if _, y, err := evalText(t, c.inputs, c.body); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, %v; want an error with %q", c.body, y, err, c.want)
		}
	}
}

func TestWindowsOfOneSampleAndOfKnownLength(t *testing.T) {
	// The formula holds for one sample too: a period of 1, and 0/0 where the window is symmetric.
	for attrs, want := range map[string]string{"": "f32[1] {0.08695652}", " {periodic=false}": "f32[1] {NaN}"} {
		_, y, err := evalText(t, "%n: i64[] = [1]", "%y = hamming_window(%n)"+attrs+" : f32[*]; return %y")
		if err != nil || y.String() != want {
			t.Errorf("%s: %v, %v", attrs, y, err)
		}
	}
	g, _, err := evalText(t, "", "%n = const [6] : i64[]; %y = hann_window(%n) {output_datatype=f64} : f64[6]; return %y")
	if err != nil || g.Outputs[0].Value.Type.String() != "f64[6]" {
		t.Errorf("%v, %v", g, err)
	}
}
