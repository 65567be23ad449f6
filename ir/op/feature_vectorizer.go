package op

import (
	"fmt"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// FeatureVectorizerAttrs holds how many features each operand gives.
type FeatureVectorizerAttrs struct {
	InputDimensions []int `ir:"inputdimensions"`
}

func (a FeatureVectorizerAttrs) width(operands int) (int, error) {
	if len(a.InputDimensions) != operands {
		return 0, fmt.Errorf("inputdimensions: %d for %d operands", len(a.InputDimensions), operands)
	}
	w := 0
	for _, n := range a.InputDimensions {
		if n < 0 || n > 1<<40 || w > 1<<40 {
			return 0, fmt.Errorf("inputdimensions hold %d", n)
		}
		w += n
	}
	return w, nil
}

// FeatureVectorizer puts the features of several tables side by side: of each as many as the attribute says, cut off or filled up with
// zeros.
var FeatureVectorizer = define(Def[FeatureVectorizerAttrs]{
	Name: "feature_vectorizer", ONNX: "FeatureVectorizer", Domain: mlDomain, Sig: "x* T -> y f32; T " + features,
	Props: ir.Pure,
	Infer: func(sc *ir.Scope, a FeatureVectorizerAttrs, in []ir.Known) (ir.Known, error) {
		if len(in) == 0 || !in[0].Present() {
			return ir.Known{}, errNoOperands
		}
		w, err := a.width(len(in))
		if err != nil {
			return ir.Known{}, err
		}
		var rows sym.Dim
		for i, k := range in {
			n, _, err := tableSizes(sc, k.Type)
			if err != nil {
				return ir.Known{}, err
			}
			if i == 0 {
				rows = n
			} else if rows, err = sc.Same(rows, n, "examples"); err != nil {
				return ir.Known{}, err
			}
		}
		return of(ir.TensorOf(tensor.F32, rows, sym.Const(w))), nil
	},
	Eval: func(e *ir.Env, a FeatureVectorizerAttrs, in []tensor.Value) (tensor.Value, error) {
		w, err := a.width(len(in))
		if err != nil {
			return nil, err
		}
		var out []float32
		rows, from := 0, 0
		var y *tensor.Tensor
		for k, n := range a.InputDimensions {
			t, err := loadTable(e, tens(in, k))
			if err != nil {
				return nil, err
			}
			if k == 0 {
				rows = t.rows
				if y, err = e.New(tensor.F32, rows, w); err != nil {
					return nil, err
				}
				out = tensor.Data[float32](y)
			} else if t.rows != rows {
				return nil, fmt.Errorf("examples: %d != %d", t.rows, rows)
			}
			for i := range rows {
				for j, f := range t.row(i)[:min(n, t.cols)] {
					out[i*w+from+j] = float32(f)
				}
			}
			from += n
		}
		return y, nil
	},
})
