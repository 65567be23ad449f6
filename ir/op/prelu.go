package op

import (
	"fmt"
	"slices"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// PRelu is x above zero and slope·x below; slope broadcasts to x.
var PRelu = define(Def[None]{
	Name: "prelu", ONNX: "PRelu", Sig: "x T, slope T -> y T; T float|i32|i64|u32|u64",
	Props: ir.Pure | ir.Elementwise,
	Infer: func(sc *ir.Scope, a None, in []ir.Known) (ir.Known, error) {
		out, err := sameAsInput(sc, a, in)
		if err != nil || in[0].Rank() < 0 || in[1].Rank() < 0 {
			return out, err
		}
		return out, broadcastsTo(sc, in[1].Type.Shape, in[0].Type.Shape, "slope")
	},
	Eval: func(e *ir.Env, a None, in []tensor.Value) (tensor.Value, error) {
		x, slope := tens(in, 0), tens(in, 1)
		if dims, err := broadcastDims(x.Dims(), slope.Dims()); err != nil || !slices.Equal(dims, x.Dims()) {
			return nil, fmt.Errorf("a slope of sizes %v does not broadcast to %v", slope.Dims(), x.Dims())
		}
		return evalPRelu(e, a, in)
	},
	Lower: func(b *ir.Builder, _ None, in []*ir.Value) *ir.Value {
		return Where.New(b, None{}, Less.New(b, None{}, in[0], scalars(b, in[0])(0)), Mul.New(b, None{}, in[0], in[1]), in[0])
	},
})

var evalPRelu = arith[None]{
	float: func(_ None, x, slope float64) float64 {
		if x < 0 {
			return slope * x
		}
		return x
	},
	int: func(_ None, x, slope int64) (int64, error) {
		if x < 0 {
			return slope * x, nil
		}
		return x, nil
	},
	uint: func(_ None, x, _ uint64) (uint64, error) { return x, nil },
}.eval
