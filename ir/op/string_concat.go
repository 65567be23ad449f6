package op

import (
	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// StringConcat is the strings of x each followed by that of y.
var StringConcat = define(Def[None]{
	Name: "string_concat", ONNX: "StringConcat", Sig: "x str, y str -> z str",
	Props: ir.Pure | ir.Elementwise,
	Infer: broadcasting[None],
	Eval: func(e *ir.Env, _ None, in []tensor.Value) (tensor.Value, error) {
		x, y, dims, err := operands(e, in, (*tensor.Tensor).Strings)
		if err != nil {
			return nil, err
		}
		out, err := e.New(tensor.String, dims...)
		if err != nil {
			return nil, err
		}
		for i := range out.Strings() {
			if err := e.Take(tensor.U8, []int{len(x[i]) + len(y[i])}); err != nil {
				return nil, err
			}
			out.Strings()[i] = x[i] + y[i]
		}
		return out, nil
	},
})
