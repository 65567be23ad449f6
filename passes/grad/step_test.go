package grad_test

import (
	"math"
	"strings"
	"testing"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/op"
	"github.com/cameo-onnx/cameo/ir/tensor"
	"github.com/cameo-onnx/cameo/passes/grad"
)

const square = "graph g(%x: f32[2] = [1,2]) {\n\t%w = const [3, -1] : f32[2]\n\t%d = sub(%w, %x) : f32[2]\n\t%loss = reduce_sum_square(%d) {keepdims=0} : f32[]\n\treturn %loss as \"loss\", %d as \"difference\"\n}\n"

func TestStepMovesParametersDownhill(t *testing.T) {
	for name, o := range map[string]grad.Optimizer{"descent": {}, "adam": grad.Adam(0.9, 0.999, 1e-8), "momentum": grad.Momentum(0.5, false), "nesterov": grad.Momentum(0.5, true), "adagrad": grad.Adagrad(1e-8)} {
		t.Run(name, func(t *testing.T) {
			g, err := ir.Parse(square, op.Lookup, nil)
			if err != nil {
				t.Fatal(err)
			}
			if err := grad.Step(g, grad.Training{Params: []string{"w"}, Optimizer: o, Rate: 0.1}); err != nil {
				t.Fatal(err)
			}
			if err := g.Verify(); err != nil {
				t.Fatal(err)
			}
			args := make([]tensor.Value, len(g.Inputs))
			last := math.Inf(1)
			for range 5 {
				out, err := g.Eval(&ir.Env{}, args)
				if err != nil {
					t.Fatal(err)
				}
				loss := out[0].(*tensor.Tensor).Float64s()[0]
				if !(loss < last) {
					t.Fatalf("the loss went from %v to %v", last, loss)
				}
				last = loss
				for i, o := range g.Outputs {
					for k, v := range g.Inputs {
						if o.Into == v {
							args[k] = out[i]
						}
					}
				}
			}
		})
	}
}

func TestStepRefusesWhatCannotBeTrained(t *testing.T) {
	for _, c := range []struct {
		t    grad.Training
		want string
	}{
		{grad.Training{}, "no parameters are named"},
		{grad.Training{Params: []string{"v"}}, `there is no constant and no input "v"`},
		{grad.Training{Params: []string{"d"}}, "is no constant and no input of floats"},
		{grad.Training{Params: []string{"w"}, Loss: "cost"}, `there is no output "cost"`},
		{grad.Training{Params: []string{"w"}, Loss: "difference"}, "not a scalar of floats"},
	} {
		g, err := ir.Parse(square, op.Lookup, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := grad.Step(g, c.t); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v, want %s", c.t, err, c.want)
		}
	}
}
