package op

import "math"

// Exp is e^x.
var Exp = floatFunc("exp", "Exp", math.Exp)

// Log is the natural logarithm of x; NaN below zero.
var Log = floatFunc("log", "Log", math.Log)

// Sqrt is the square root of x; NaN below zero.
var Sqrt = floatFunc("sqrt", "Sqrt", math.Sqrt)

// Reciprocal is 1 / x.
var Reciprocal = floatFunc("reciprocal", "Reciprocal", func(x float64) float64 { return 1 / x })

// Erf is the error function of x.
var Erf = floatFunc("erf", "Erf", math.Erf)
