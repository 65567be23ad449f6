package op

import (
	"fmt"

	"github.com/cameo-onnx/cameo/ir"
)

// LpNormalizationAttrs holds the axis and the order of the norm, 1 or 2.
type LpNormalizationAttrs struct {
	Axis int `ir:"axis"`
	P    int `ir:"p"`
}

// LpNormalization is x divided by its norm along an axis; where the norm is zero, zero.
var LpNormalization = define(Def[LpNormalizationAttrs]{
	Name: "lp_normalization", ONNX: "LpNormalization", Sig: "x T -> y T; T float",
	Props: ir.Pure,
	Attrs: LpNormalizationAttrs{Axis: -1, P: 2},
	Infer: func(sc *ir.Scope, a LpNormalizationAttrs, in []ir.Known) (ir.Known, error) {
		if a.P != 1 && a.P != 2 {
			return ir.Known{}, fmt.Errorf("p %d is neither 1 nor 2", a.P)
		}
		return alongAxis(func(a LpNormalizationAttrs) int { return a.Axis })(sc, a, in)
	},
	Eval: rows(func(a LpNormalizationAttrs) int { return a.Axis }, func(a LpNormalizationAttrs, x []float64) {
		s := 0.0
		for _, v := range x {
			s += lpTerm(v, a.P)
		}
		if s = lpRoot(s, a.P); s == 0 {
			return
		}
		for i := range x {
			x[i] /= s
		}
	}),
	Lower: lowerLpNorm,
})
