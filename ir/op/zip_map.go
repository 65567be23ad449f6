package op

import (
	"fmt"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// ZipMapAttrs holds the keys: integers or strings.
type ZipMapAttrs struct {
	LabelInts    []int    `ir:"classlabels_int64s"`
	LabelStrings []string `ir:"classlabels_strings"`
}

func (a ZipMapAttrs) labels() labels { return labels{a.LabelInts, a.LabelStrings} }

// ZipMap is a sequence of one map for each row of x, whose columns are the values of the keys; a vector is one row.
var ZipMap = define(Def[ZipMapAttrs]{
	Name: "zip_map", ONNX: "ZipMap", Domain: mlDomain, Sig: "x f32 -> z seq",
	Props: ir.Pure,
	Infer: func(sc *ir.Scope, a ZipMapAttrs, in []ir.Known) (ir.Known, error) {
		l := a.labels()
		if err := l.check(); err != nil {
			return ir.Known{}, err
		}
		_, err := tableOf(sc, in[0].Type, l.len())
		return of(ir.SequenceOf(ir.MapOf(l.dtype(), ir.TensorOf(tensor.F32)))), err
	},
	Eval: func(e *ir.Env, a ZipMapAttrs, in []tensor.Value) (tensor.Value, error) {
		l := a.labels()
		t, err := loadTable(e, tens(in, 0))
		if err == nil {
			err = t.wantFeatures(l.len())
		}
		if err != nil {
			return nil, fmt.Errorf("keys: %w", err)
		}
		var keys *tensor.Tensor
		if len(l.strs) > 0 {
			keys = tensor.OfStrings(l.strs, len(l.strs))
		} else {
			keys = tensor.New(tensor.I64, len(l.ints))
			for i, k := range l.ints {
				keys.SetInt64At(i, int64(k))
			}
		}
		// A map costs its two headers besides its values.
		if err := e.Take(tensor.U8, []int{t.rows, 256}); err != nil {
			return nil, err
		}
		out := &tensor.Sequence{Elems: make([]tensor.Value, t.rows)}
		for i := range out.Elems {
			values, err := store(e, tensor.F32, t.row(i), t.cols)
			if err != nil {
				return nil, err
			}
			out.Elems[i] = &tensor.Map{Keys: keys, Values: values}
		}
		return out, nil
	},
})
