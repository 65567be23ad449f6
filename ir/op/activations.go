package op

import "math"

// Sigmoid is 1 / (1 + e^-x).
var Sigmoid = floatFunc("sigmoid", "Sigmoid", sigmoid)

func sigmoid(x float64) float64 {
	if x < 0 {
		// e^x cannot overflow here, so that small results keep their precision.
		return math.Exp(x) / (1 + math.Exp(x))
	}
	return 1 / (1 + math.Exp(-x))
}

// Tanh is the hyperbolic tangent of x.
var Tanh = floatFunc("tanh", "Tanh", math.Tanh)
