package zoo_test

import (
	"context"
	"math"
	"strings"
	"testing"

	"github.com/cameo-onnx/cameo"
	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
	"github.com/cameo-onnx/cameo/passes/grad"
	"github.com/cameo-onnx/cameo/zoo"
)

// trainable returns the names of the parameters in g, the graph of a model's loss, that training changes.
func trainable(t *testing.T, g *ir.Graph, m zoo.Model, o zoo.Options) (names []string) {
	t.Helper()
	s, err := m.Summary(o)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range s.Parameters {
		if !strings.Contains(p.Name, "running_") && g.Value(p.Name) != nil {
			names = append(names, p.Name)
		}
	}
	return names
}

func TestEveryModelTakesAStepOfTraining(t *testing.T) {
	for _, m := range zoo.All() {
		for _, train := range []bool{false, true} {
			o := zoo.Options{Loss: true, Train: train}
			if m.Loss == "" || strings.Contains(m.Name, "gan_generator") || testing.Short() && train {
				continue
			}
			t.Run(m.Name, func(t *testing.T) {
				g, err := m.Graph(o)
				if err != nil {
					t.Fatal(err)
				}
				if err := grad.Step(g, grad.Training{Params: trainable(t, g, m, o), Rate: 1e-3}); err != nil {
					t.Fatal(err)
				}
				if err := g.Verify(); err != nil {
					t.Fatal(err)
				}
				in, err := m.Random(o, 3, 1)
				if err != nil {
					t.Fatal(err)
				}
				var args []tensor.Value
				for _, v := range g.Inputs {
					if x := in[v.Name]; x != nil {
						args = append(args, x)
					} else {
						args = append(args, v.Data)
					}
				}
				var want []tensor.Value
				if !train {
					if want, err = g.Eval(&ir.Env{}, args); err != nil {
						t.Fatal(err)
					}
				}
				checkStep(t, g, in, want)
			})
		}
	}
}

// checkStep compiles a step of training, takes it, and compares what comes out with want, if given; the loss must be finite.
func checkStep(t *testing.T, g *ir.Graph, in map[string]*tensor.Tensor, want []tensor.Value) {
	t.Helper()
	var names []string
	for _, o := range g.Outputs {
		names = append(names, o.Name)
	}
	m, err := cameo.Compile(g)
	if err != nil {
		t.Fatal(err)
	}
	out, err := m.Run(context.Background(), in)
	if err != nil {
		t.Fatal(err)
	}
	for i, name := range names {
		got := out[name].Float64s()
		for k, v := range got {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				t.Fatalf("%s[%d] is %v", name, k, v)
			}
			if want == nil {
				continue
			}
			if w := want[i].(*tensor.Tensor).Float64At(k); math.Abs(v-w) > 1e-5*(1+math.Abs(w)) {
				t.Fatalf("%s[%d] is %v, not %v", name, k, v, w)
			}
		}
	}
}
