package op_test

import (
	"math"
	"testing"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/op"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// evalBoth evaluates a node of o on x, by the op's own evaluation and by its decomposition.
func evalBoth(t *testing.T, o *ir.Op, attrs any, x ...*tensor.Tensor) (direct, lowered *tensor.Tensor) {
	t.Helper()
	g := ir.NewGraph("g")
	b := ir.NewBuilder(g)
	var in []*ir.Value
	var args []tensor.Value
	for _, v := range x {
		in = append(in, g.Input("", ir.TypeOf(v)))
		args = append(args, v)
	}
	n := b.Add(o, attrs, nil, 0, in...)
	if n == nil {
		t.Fatalf("%s: %v", o.Name, b.Err())
	}
	low, err := o.Lower(b, n)
	if err != nil || low == nil {
		t.Fatalf("%s: lowered to %v, %v", o.Name, low, err)
	}
	g.Output("direct", n.Out[0])
	g.Output("lowered", low[0])
	out, err := g.Eval(&ir.Env{}, args)
	if err != nil {
		t.Fatalf("%s: %v", o.Name, err)
	}
	return out[0].(*tensor.Tensor), out[1].(*tensor.Tensor)
}

func TestActivationsEqualTheirDecompositions(t *testing.T) {
	x := tensor.Of([]float32{-80, -6, -3, -1, -0.3, 0, 0.2, 0.5, 1, 2.5, 4, 30})
	for _, o := range []*ir.Op{op.HardSwish.Op, op.HardSigmoid.Op, op.Celu.Op, op.Swish.Op, op.Selu.Op, op.Gelu.Op, op.Softplus.Op, op.Softsign.Op, op.Mish.Op, op.Elu.Op, op.ThresholdedRelu.Op, op.Relu.Op, op.LeakyRelu.Op, op.Shrink.Op} {
		all := []any{o.Attrs}
		switch a := o.Attrs.(type) {
		case op.AlphaAttrs:
			a.Alpha = 0.7
			all = append(all, a)
		case op.ShrinkAttrs:
			a.Bias, a.Lambd = 0.1, 1.5
			all = append(all, a)
		case op.GeluAttrs:
			a.Approximate = "tanh"
			all = append(all, a)
		}
		for _, attrs := range all {
			y, z := evalBoth(t, o, attrs, x)
			for i, want := range y.Float64s() {
				if got := z.Float64s()[i]; math.Abs(got-want) > 1e-5*math.Max(1, math.Abs(want)) {
					t.Errorf("%s%+v of %v: lowered to %v, not %v", o.Name, attrs, x.Float64s()[i], got, want)
				}
			}
		}
	}
}

func TestVariadicOpsEqualTheirDecompositions(t *testing.T) {
	x, y, z := tensor.Of([]float32{1, 2, 3}), tensor.Of([]float32{4}), tensor.Of([]float32{1, 2, 4, 8, 16, 32}, 2, 3)
	for _, o := range []*ir.Op{op.Sum.Op, op.Mean.Op} {
		if got, want := evalBoth(t, o, op.None{}, x, y, z); !tensor.Equal(got, want) {
			t.Errorf("%s: lowered to %v, not %v", o.Name, got, want)
		}
	}
	for _, o := range []*ir.Op{op.Min.Op, op.Max.Op} {
		if got, want := evalBoth(t, o, op.None{}, x, y, z); !tensor.Equal(got, want) {
			t.Errorf("%s: lowered to %v, not %v", o.Name, got, want)
		}
	}
	nan := tensor.Of([]float32{2, float32(math.NaN()), -1})
	for _, o := range []*ir.Op{op.GreaterOrEqual.Op, op.LessOrEqual.Op, op.PRelu.Op} {
		if got, want := evalBoth(t, o, op.None{}, nan, x); got.String() != want.String() {
			t.Errorf("%s: lowered to %v, not %v", o.Name, got, want)
		}
	}
	for _, in := range [][]*tensor.Tensor{{z}, {z, tensor.Scalar[float32](2)}, {z, tensor.Scalar[float32](2), tensor.Scalar[float32](9)}} {
		if got, want := evalBoth(t, op.Clip.Op, op.None{}, in...); !tensor.Equal(got, want) {
			t.Errorf("clip: lowered to %v, not %v", got, want)
		}
	}
}
