package op

import (
	"fmt"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// ConstantOfShapeAttrs holds the one element that fills the result; without it, the float32 0.
type ConstantOfShapeAttrs struct {
	Value *tensor.Tensor `ir:"value"`
}

func (a ConstantOfShapeAttrs) element() (*tensor.Tensor, error) {
	if a.Value == nil {
		return tensor.Scalar[float32](0), nil
	}
	if d := a.Value.DType(); a.Value.Len() != 1 || d == tensor.String || d.IsComplex() {
		return nil, fmt.Errorf("value is %v%v, not one number", d, a.Value.Dims())
	}
	return a.Value, nil
}

// ConstantOfShape is a tensor of sizes shape that holds one value everywhere.
var ConstantOfShape = define(Def[ConstantOfShapeAttrs]{
	Name: "constant_of_shape", ONNX: "ConstantOfShape", Sig: "shape i64 -> y tensor",
	Props: ir.Pure,
	Infer: func(sc *ir.Scope, a ConstantOfShapeAttrs, in []ir.Known) (ir.Known, error) {
		v, err := a.element()
		if err != nil {
			return ir.Known{}, err
		}
		want, ok, err := wanted(in[0], "shape")
		if err != nil || !ok {
			return of(ir.UnrankedOf(v.DType())), err
		}
		t := ir.TensorOf(v.DType(), asShape(sc, want)...)
		if !tracked(t) {
			return of(t), nil
		}
		return holding(t, spreadEntries(t, []sym.Dim{sym.Const(int(v.Int64At(0)))})), nil
	},
	Eval: func(e *ir.Env, a ConstantOfShapeAttrs, in []tensor.Value) (tensor.Value, error) {
		v, err := a.element()
		if err != nil {
			return nil, err
		}
		return filled(e, v, intsOf(tens(in, 0)))
	},
})

// filled returns a tensor of sizes dims whose elements are v's first.
func filled(e *ir.Env, v *tensor.Tensor, dims []int) (tensor.Value, error) {
	return viewOf(e, v, dims, make([]int, len(dims)), 0)
}
