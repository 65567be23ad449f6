package op

import (
	"fmt"
	"math"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/sym"
)

// ModAttrs says whether the quotient is truncated (1) or rounded down (0).
type ModAttrs struct {
	Fmod int `ir:"fmod"`
}

// Mod is the remainder of x / y: of y's sign where the quotient is rounded down, of x's where it is truncated.
var Mod = define(Def[ModAttrs]{
	Name: "mod", ONNX: "Mod", Sig: "x T, y T -> z T; T num",
	Props: ir.Pure | ir.Elementwise,
	Infer: func(sc *ir.Scope, a ModAttrs, in []ir.Known) (ir.Known, error) {
		if a.Fmod&^1 != 0 {
			return ir.Known{}, fmt.Errorf("fmod is %d, not 0 or 1", a.Fmod)
		}
		return sized(func(x, y sym.Dim) sym.Dim { return modSizes(a, x, y) })(sc, None{}, in)
	},
	Eval: arith[ModAttrs]{
		float: func(a ModAttrs, x, y float64) float64 {
			if a.Fmod == 1 {
				return math.Mod(x, y)
			}
			return floorMod(x, y)
		},
		int: func(a ModAttrs, x, y int64) (int64, error) {
			if y == 0 {
				return 0, errDivideByZero
			}
			if y == -1 {
				return 0, nil
			}
			r := x % y
			if a.Fmod == 0 && r != 0 && (r < 0) != (y < 0) {
				r += y
			}
			return r, nil
		},
		uint: func(_ ModAttrs, x, y uint64) (uint64, error) {
			if y == 0 {
				return 0, errDivideByZero
			}
			return x % y, nil
		},
	}.eval,
})

// floorMod is x - floor(x/y)·y, exactly; a zero has the sign of y.
func floorMod(x, y float64) float64 {
	r := math.Mod(x, y)
	switch {
	case r == 0:
		return math.Copysign(0, y)
	case (r < 0) != (y < 0):
		return r + y
	}
	return r
}

// modSizes is the remainder where the divisor is positive and, if the quotient is truncated, x is not negative.
func modSizes(a ModAttrs, x, y sym.Dim) sym.Dim {
	if !sym.GE(y, sym.Const(1), nil) || a.Fmod == 1 && !sym.GE(x, sym.Const(0), nil) {
		return sym.Unknown()
	}
	return sym.Mod(x, y)
}
