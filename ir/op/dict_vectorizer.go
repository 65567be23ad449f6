package op

import (
	"fmt"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// DictVectorizerAttrs holds the vocabulary: integers or strings.
type DictVectorizerAttrs struct {
	Ints    []int    `ir:"int64_vocabulary"`
	Strings []string `ir:"string_vocabulary"`
}

func (a DictVectorizerAttrs) check(keys tensor.DType) error {
	return checkCategories("keys", keys, len(a.Ints), len(a.Strings))
}

// DictVectorizer is the values of a map at the places that their keys have in the vocabulary, as one row; zeros, or empty strings,
// elsewhere. Other keys do not count: ONNX forbids them, ONNX Runtime and scikit-learn pass them over.
var DictVectorizer = define(Def[DictVectorizerAttrs]{
	Name: "dict_vectorizer", ONNX: "DictVectorizer", Domain: mlDomain, Sig: "x map -> y i64|f32|f64|str",
	Props: ir.Pure,
	Infer: func(_ *ir.Scope, a DictVectorizerAttrs, in []ir.Known) (ir.Known, error) {
		x := in[0].Type
		if x.Elem.Kind != ir.Tensor || x.DType != tensor.String && x.DType != tensor.I64 {
			return ir.Known{}, fmt.Errorf("a %v: %w", x, ir.ErrUnsupported)
		}
		n := max(len(a.Ints), len(a.Strings))
		return of(ir.TensorOf(x.Elem.DType, sym.Const(1), sym.Const(n))), a.check(x.DType)
	},
	Eval: func(e *ir.Env, a DictVectorizerAttrs, in []tensor.Value) (tensor.Value, error) {
		m, ok := in[0].(*tensor.Map)
		if !ok {
			return nil, fmt.Errorf("the operand is no map")
		}
		if err := a.check(m.Keys.DType()); err != nil {
			return nil, err
		}
		out, err := e.New(m.Values.DType(), 1, max(len(a.Ints), len(a.Strings)))
		if err != nil {
			return nil, err
		}
		places := categories(m.Keys, a.Ints, a.Strings)
		for i := range m.Keys.Len() {
			if k := places(i); k >= 0 {
				setElem(out, k, m.Values, i)
			}
		}
		return out, nil
	},
})
