package op

import "math"

// The trigonometric and hyperbolic functions and their inverses, of angles in radians; NaN where they are not defined.
var (
	Sin   = floatFunc("sin", "Sin", math.Sin)
	Cos   = floatFunc("cos", "Cos", math.Cos)
	Tan   = floatFunc("tan", "Tan", math.Tan)
	Asin  = floatFunc("asin", "Asin", math.Asin)
	Acos  = floatFunc("acos", "Acos", math.Acos)
	Atan  = floatFunc("atan", "Atan", math.Atan)
	Sinh  = floatFunc("sinh", "Sinh", math.Sinh)
	Cosh  = floatFunc("cosh", "Cosh", math.Cosh)
	Asinh = floatFunc("asinh", "Asinh", math.Asinh)
	Acosh = floatFunc("acosh", "Acosh", math.Acosh)
	Atanh = floatFunc("atanh", "Atanh", math.Atanh)
)
