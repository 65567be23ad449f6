package op

import (
	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// SwiGLUAttrs holds the factor of the gate within the sigmoid.
type SwiGLUAttrs struct {
	Alpha float32 `ir:"alpha"`
}

// SwiGLU is a·sigmoid(Alpha·a)·b for operands of the same sizes.
var SwiGLU = define(Def[SwiGLUAttrs]{
	Name: "swiglu", ONNX: "SwiGLU", Sig: "a T, b T -> y T; T float",
	Props: ir.Pure | ir.Elementwise,
	Attrs: SwiGLUAttrs{Alpha: 1},
	Infer: func(sc *ir.Scope, a SwiGLUAttrs, in []ir.Known) (ir.Known, error) {
		if in[0].Type.Unranked {
			in = []ir.Known{in[1], in[0]}
		}
		k, err := sameAsInput(sc, a, in)
		if err != nil || k.Type.Unranked {
			return k, err
		}
		return k, sizedAs(sc, in[1], k.Type.Shape, "b")
	},
	Eval: arith[SwiGLUAttrs]{float: func(a SwiGLUAttrs, x, y float64) float64 { return x * sigmoid(float64(a.Alpha)*x) * y }}.evalSame,
	Lower: func(b *ir.Builder, a SwiGLUAttrs, in []*ir.Value) *ir.Value {
		m := maths{b}
		return m.mul(m.mul(in[0], Sigmoid.New(b, None{}, m.mul(in[0], lowerConst(b, in[0].Type.DType, float64(a.Alpha))))), in[1])
	},
})

// evalSame is eval for operands that must have the same sizes.
func (f arith[A]) evalSame(e *ir.Env, a A, in []tensor.Value) (tensor.Value, error) {
	x, y := tens(in, 0).Dims(), tens(in, 1).Dims()
	if err := wantSizes(x, y); err != nil {
		return nil, err
	}
	return f.eval(e, a, in)
}
