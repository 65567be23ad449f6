package op

import (
	"fmt"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// DropoutAttrs holds a seed of the node's own, which replaces the run's.
type DropoutAttrs struct {
	Seed *int `ir:"seed"`
}

// Dropout zeroes each element with probability ratio (0.5 where absent) and scales the others by 1/(1 − ratio), where training_mode
// says so; elsewhere it is the identity. The mask says what was kept.
var Dropout = defineN(DefN[DropoutAttrs]{
	Name: "dropout", ONNX: "Dropout", Sig: "x T, ratio? R, training_mode? bool -> y T, mask? bool; T float|float8, R float|float8",
	Props: ir.Random | ir.Elementwise,
	Infer: func(sc *ir.Scope, _ DropoutAttrs, in []ir.Known) ([]ir.Known, error) {
		for _, k := range in[1:] {
			if r := k.Rank(); k.Present() && r > 0 {
				return nil, fmt.Errorf("operand of rank %d is no scalar", r)
			}
		}
		t := in[0].Type
		t.Layout = ir.RowMajor
		return []ir.Known{of(t), of(t.WithDType(tensor.Bool))}, nil
	},
	Eval: func(e *ir.Env, a DropoutAttrs, in []tensor.Value) ([]tensor.Value, error) {
		x, ratio := tens(in, 0), 0.5
		if r := tens(in, 1); r != nil && r.Len() > 0 {
			ratio = r.Float64s()[0]
		}
		if !(ratio >= 0 && ratio < 1) {
			return nil, fmt.Errorf("ratio %v is outside [0, 1)", ratio)
		}
		mask, err := e.New(tensor.Bool, x.Dims()...)
		if err != nil {
			return nil, err
		}
		keep := mask.Bytes()
		fill(keep, 1)
		if m := tens(in, 2); m == nil || m.Len() == 0 || m.Int64s()[0] == 0 || ratio == 0 {
			return []tensor.Value{x, mask}, nil
		}
		v, err := load[float64](e, x)
		if err != nil {
			return nil, err
		}
		key := keyOf(e, nil)
		if a.Seed != nil {
			key = randomKey{uint64(*a.Seed), 1 << 63}
		}
		for i := range v {
			if key.uniform(i) < ratio {
				v[i], keep[i] = 0, 0
			} else {
				v[i] /= 1 - ratio
			}
		}
		y, err := store(e, x.DType(), v, x.Dims()...)
		return []tensor.Value{y, mask}, err
	},
})
