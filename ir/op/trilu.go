package op

import (
	"fmt"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// TriluAttrs says which triangle of a matrix is kept.
type TriluAttrs struct {
	Upper bool `ir:"upper"`
}

// Trilu is the upper or lower triangle of each matrix in x, zeros elsewhere; the diagonal k, counted upwards from the main one, belongs
// to it.
var Trilu = define(Def[TriluAttrs]{
	Name: "trilu", ONNX: "Trilu", Sig: "x T, k? i64 -> y T; T " + movable,
	Props: ir.Pure,
	Attrs: TriluAttrs{Upper: true},
	Infer: func(sc *ir.Scope, a TriluAttrs, in []ir.Known) (ir.Known, error) {
		if r := in[0].Rank(); r >= 0 && r < 2 {
			return ir.Known{}, fmt.Errorf("rank %d, not at least 2", r)
		}
		return sameAsInput(sc, a, in)
	},
	Eval: func(e *ir.Env, a TriluAttrs, in []tensor.Value) (tensor.Value, error) {
		x, k := tens(in, 0), 0
		if x.Rank() < 2 {
			return nil, fmt.Errorf("rank %d, not at least 2", x.Rank())
		}
		outer, rows, cols := split(x.Dims(), x.Rank()-2)
		if v := intsOf(tens(in, 1)); len(v) == 1 {
			k = min(max(v[0], -rows), cols)
		} else if in[1] != nil {
			return nil, fmt.Errorf("%d values for k", len(v))
		}
		out, err := draftOf(e, x.DType(), x.Dims())
		if err != nil {
			return nil, err
		}
		src := lanesOf(x)
		for r := range outer * rows {
			// The first column of the upper triangle, and the end of the lower one.
			first := min(max(r%rows+k, 0), cols)
			last := min(max(r%rows+k+1, 0), cols)
			if a.Upper {
				out.put(r*cols+first, src, r*cols+first, cols-first)
			} else {
				out.put(r*cols, src, r*cols, last)
			}
		}
		return out.done(), nil
	},
})
