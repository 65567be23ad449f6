package op

import (
	"fmt"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// CategoryMapperAttrs pairs integers with strings, and holds what stands for those that are not among them.
type CategoryMapperAttrs struct {
	CatsInts      []int    `ir:"cats_int64s"`
	CatsStrings   []string `ir:"cats_strings"`
	DefaultInt    int      `ir:"default_int64"`
	DefaultString string   `ir:"default_string"`
}

// CategoryMapper turns strings into the integers that they are paired with, or integers into strings.
var CategoryMapper = define(Def[CategoryMapperAttrs]{
	Name: "category_mapper", ONNX: "CategoryMapper", Domain: mlDomain, Sig: "x str|i64 -> y str|i64",
	Props: ir.Pure | ir.Elementwise,
	Attrs: CategoryMapperAttrs{DefaultInt: -1, DefaultString: "_Unused"},
	Infer: func(_ *ir.Scope, a CategoryMapperAttrs, in []ir.Known) (ir.Known, error) {
		if len(a.CatsInts) != len(a.CatsStrings) {
			return ir.Known{}, fmt.Errorf("%d integers for %d strings", len(a.CatsInts), len(a.CatsStrings))
		}
		x := in[0].Type
		return of(x.WithDType(otherLabel(x.DType))), nil
	},
	Eval: func(e *ir.Env, a CategoryMapperAttrs, in []tensor.Value) (tensor.Value, error) {
		x := tens(in, 0)
		out, err := e.New(otherLabel(x.DType()), x.Dims()...)
		if err != nil {
			return nil, err
		}
		places := categories(x, a.CatsInts, a.CatsStrings)
		for i := range x.Len() {
			k := places(i)
			switch {
			case out.DType() == tensor.String && k < 0:
				out.Strings()[i] = a.DefaultString
			case out.DType() == tensor.String:
				out.Strings()[i] = a.CatsStrings[k]
			case k < 0:
				out.SetInt64At(i, int64(a.DefaultInt))
			default:
				out.SetInt64At(i, int64(a.CatsInts[k]))
			}
		}
		return out, nil
	},
})

func otherLabel(d tensor.DType) tensor.DType {
	if d == tensor.String {
		return tensor.I64
	}
	return tensor.String
}
