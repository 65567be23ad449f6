package op

import (
	"errors"
	"fmt"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// LinearRegressorAttrs holds the weights of each target, one after the other.
type LinearRegressorAttrs struct {
	Coefficients  []float32 `ir:"coefficients"`
	Intercepts    []float32 `ir:"intercepts"`
	PostTransform string    `ir:"post_transform"`
	Targets       int       `ir:"targets"`
}

// features returns of how many features each target is made.
func (a LinearRegressorAttrs) features() (int, error) {
	switch n := len(a.Coefficients); {
	case n == 0:
		return 0, errors.New("attribute coefficients is missing")
	case a.Targets < 1 || n%a.Targets != 0:
		return 0, fmt.Errorf("%d coefficients for %d targets", n, a.Targets)
	case len(a.Intercepts) != 0 && len(a.Intercepts) != a.Targets:
		return 0, fmt.Errorf("%d intercepts for %d targets", len(a.Intercepts), a.Targets)
	}
	return len(a.Coefficients) / a.Targets, checkTransform(a.PostTransform)
}

// LinearRegressor is x · wᵀ + b, transformed where there are several targets.
var LinearRegressor = define(Def[LinearRegressorAttrs]{
	Name: "linear_regressor", ONNX: "LinearRegressor", Domain: mlDomain, Sig: "x " + features + " -> y f32",
	Props: ir.Pure,
	Attrs: LinearRegressorAttrs{PostTransform: "NONE", Targets: 1},
	Infer: func(sc *ir.Scope, a LinearRegressorAttrs, in []ir.Known) (ir.Known, error) {
		f, err := a.features()
		if err != nil {
			return ir.Known{}, err
		}
		rows, err := tableOf(sc, in[0].Type, f)
		return of(ir.TensorOf(tensor.F32, rows, sym.Const(a.Targets))), err
	},
	Eval: func(e *ir.Env, a LinearRegressorAttrs, in []tensor.Value) (tensor.Value, error) {
		f, err := a.features()
		if err != nil {
			return nil, err
		}
		s, err := linearScores(e, tens(in, 0), a.Coefficients, a.Intercepts, a.Targets, f)
		if err != nil {
			return nil, err
		}
		for i := range s.rows {
			transformTarget(a.PostTransform, s.row(i))
		}
		return value(store(e, tensor.F32, s.v, s.rows, s.cols))
	},
})
