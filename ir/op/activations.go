package op

import (
	"fmt"
	"math"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

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

// Softplus is log(1 + e^x).
var Softplus = define(Def[None]{
	Name: "softplus", ONNX: "Softplus", Sig: "x T -> y T; T float",
	Props: ir.Pure | ir.Elementwise,
	Infer: sameAsInput[None],
	Eval:  unary(func(_ None, x float64) float64 { return softplus(x) }, nil),
	Lower: func(b *ir.Builder, _ None, in []*ir.Value) *ir.Value {
		// max(x, 0) + log(1 + e^-|x|) cannot overflow.
		c := scalars(b, in[0])
		e := Exp.New(b, None{}, Neg.New(b, None{}, Abs.New(b, None{}, in[0])))
		return Add.New(b, None{}, Max.New(b, None{}, in[0], c(0)), Log.New(b, None{}, Add.New(b, None{}, e, c(1))))
	},
})

func softplus(x float64) float64 {
	if x > 0 {
		return x + math.Log1p(math.Exp(-x))
	}
	return math.Log1p(math.Exp(x))
}

// Softsign is x / (1 + |x|).
var Softsign = define(Def[None]{
	Name: "softsign", ONNX: "Softsign", Sig: "x T -> y T; T float",
	Props: ir.Pure | ir.Elementwise,
	Infer: sameAsInput[None],
	Eval:  unary(func(_ None, x float64) float64 { return x / (1 + math.Abs(x)) }, nil),
	Lower: func(b *ir.Builder, _ None, in []*ir.Value) *ir.Value {
		return Div.New(b, None{}, in[0], Add.New(b, None{}, Abs.New(b, None{}, in[0]), scalars(b, in[0])(1)))
	},
})

// Mish is x · tanh(softplus(x)).
var Mish = define(Def[None]{
	Name: "mish", ONNX: "Mish", Sig: "x T -> y T; T float",
	Props: ir.Pure | ir.Elementwise,
	Infer: sameAsInput[None],
	Eval:  unary(func(_ None, x float64) float64 { return x * math.Tanh(softplus(x)) }, nil),
	Lower: func(b *ir.Builder, _ None, in []*ir.Value) *ir.Value {
		return Mul.New(b, None{}, in[0], Tanh.New(b, None{}, Softplus.New(b, None{}, in[0])))
	},
})

// HardSwish is x · hard_sigmoid(x) with a slope of 1/6 and an offset of 1/2.
var HardSwish = define(Def[None]{
	Name: "hard_swish", ONNX: "HardSwish", Sig: "x T -> y T; T float",
	Props: ir.Pure | ir.Elementwise,
	Infer: sameAsInput[None],
	Eval:  unary(func(_ None, x float64) float64 { return x * min(max(x/6+0.5, 0), 1) }, nil),
	Lower: func(b *ir.Builder, _ None, in []*ir.Value) *ir.Value {
		return Mul.New(b, None{}, in[0], HardSigmoid.New(b, HardSigmoidAttrs{Alpha: 1. / 6, Beta: 0.5}, in[0]))
	},
})

// HardSigmoidAttrs holds slope and offset.
type HardSigmoidAttrs struct {
	Alpha float32 `ir:"alpha"`
	Beta  float32 `ir:"beta"`
}

// HardSigmoid is Alpha·x + Beta, kept within 0 and 1.
var HardSigmoid = define(Def[HardSigmoidAttrs]{
	Name: "hard_sigmoid", ONNX: "HardSigmoid", Sig: "x T -> y T; T float",
	Props: ir.Pure | ir.Elementwise,
	Attrs: HardSigmoidAttrs{Alpha: 0.2, Beta: 0.5},
	Infer: sameAsInput[HardSigmoidAttrs],
	Eval: unary(func(a HardSigmoidAttrs, x float64) float64 {
		return min(max(float64(a.Alpha)*x+float64(a.Beta), 0), 1)
	}, nil),
	Lower: func(b *ir.Builder, a HardSigmoidAttrs, in []*ir.Value) *ir.Value {
		c := scalars(b, in[0])
		return Clip.New(b, None{}, Add.New(b, None{}, Mul.New(b, None{}, in[0], c(float64(a.Alpha))), c(float64(a.Beta))), c(0), c(1))
	},
})

// AlphaAttrs holds the one coefficient of several activations.
type AlphaAttrs struct {
	Alpha float32 `ir:"alpha"`
}

// alphaFunc defines an activation of floats with one coefficient.
func alphaFunc(name, onnx string, f func(alpha, x float64) float64, lower func(b *ir.Builder, a AlphaAttrs, in []*ir.Value) *ir.Value) Kind[AlphaAttrs] {
	return define(Def[AlphaAttrs]{
		Name: name, ONNX: onnx, Sig: "x T -> y T; T float",
		Props: ir.Pure | ir.Elementwise,
		Attrs: AlphaAttrs{Alpha: 1},
		Infer: sameAsInput[AlphaAttrs],
		Eval:  unary(func(a AlphaAttrs, x float64) float64 { return f(float64(a.Alpha), x) }, nil),
		Lower: lower,
	})
}

// Elu is x above zero and Alpha·(e^x - 1) below.
var Elu = alphaFunc("elu", "Elu", elu, func(b *ir.Builder, a AlphaAttrs, in []*ir.Value) *ir.Value {
	c := scalars(b, in[0])
	// The exponent is kept from overflowing where it is not taken.
	e := Exp.New(b, None{}, Min.New(b, None{}, in[0], c(0)))
	low := Mul.New(b, None{}, Sub.New(b, None{}, e, c(1)), c(float64(a.Alpha)))
	return Where.New(b, None{}, Less.New(b, None{}, in[0], c(0)), low, in[0])
})

func elu(alpha, x float64) float64 {
	if x > 0 {
		return x
	}
	return alpha * math.Expm1(x)
}

// Celu is x above zero and Alpha·(e^(x/Alpha) - 1) below.
var Celu = alphaFunc("celu", "Celu", func(alpha, x float64) float64 {
	if x > 0 {
		return x
	}
	return alpha * math.Expm1(x/alpha)
},
	func(b *ir.Builder, a AlphaAttrs, in []*ir.Value) *ir.Value {
		if !(a.Alpha > 0) {
			return nil // x and x/Alpha differ in sign
		}
		alpha := scalars(b, in[0])(float64(a.Alpha))
		return Mul.New(b, None{}, Elu.New(b, AlphaAttrs{Alpha: 1}, Div.New(b, None{}, in[0], alpha)), alpha)
	})

// Swish is x · sigmoid(Alpha·x).
var Swish = alphaFunc("swish", "Swish", func(alpha, x float64) float64 { return x * sigmoid(alpha*x) },
	func(b *ir.Builder, a AlphaAttrs, in []*ir.Value) *ir.Value {
		x := in[0]
		if a.Alpha != 1 {
			x = Mul.New(b, None{}, x, scalars(b, x)(float64(a.Alpha)))
		}
		return Mul.New(b, None{}, in[0], Sigmoid.New(b, None{}, x))
	})

// ThresholdedRelu is x above Alpha and 0 elsewhere.
var ThresholdedRelu = alphaFunc("thresholded_relu", "ThresholdedRelu", func(alpha, x float64) float64 {
	if x > alpha {
		return x
	}
	return 0
}, func(b *ir.Builder, a AlphaAttrs, in []*ir.Value) *ir.Value {
	c := scalars(b, in[0])
	return Where.New(b, None{}, Greater.New(b, None{}, in[0], c(float64(a.Alpha))), in[0], c(0))
})

// SeluAttrs holds the two coefficients of Selu.
type SeluAttrs struct {
	Alpha float32 `ir:"alpha"`
	Gamma float32 `ir:"gamma"`
}

// Selu is Gamma·x above zero and Gamma·Alpha·(e^x - 1) below.
var Selu = define(Def[SeluAttrs]{
	Name: "selu", ONNX: "Selu", Sig: "x T -> y T; T float",
	Props: ir.Pure | ir.Elementwise,
	Attrs: SeluAttrs{Alpha: 1.67326319217681884765625, Gamma: 1.05070102214813232421875},
	Infer: sameAsInput[SeluAttrs],
	Eval:  unary(func(a SeluAttrs, x float64) float64 { return float64(a.Gamma) * elu(float64(a.Alpha), x) }, nil),
	Lower: func(b *ir.Builder, a SeluAttrs, in []*ir.Value) *ir.Value {
		return Mul.New(b, None{}, Elu.New(b, AlphaAttrs{Alpha: a.Alpha}, in[0]), scalars(b, in[0])(float64(a.Gamma)))
	},
})

// GeluAttrs says which form is computed: "none" is exact, "tanh" approximates.
type GeluAttrs struct {
	Approximate string `ir:"approximate"`
}

// Gelu is x times the chance that a standard normal number is below x.
var Gelu = define(Def[GeluAttrs]{
	Name: "gelu", ONNX: "Gelu", Sig: "x T -> y T; T float",
	Props: ir.Pure | ir.Elementwise,
	Attrs: GeluAttrs{Approximate: "none"},
	Infer: func(sc *ir.Scope, a GeluAttrs, in []ir.Known) (ir.Known, error) {
		if a.Approximate != "none" && a.Approximate != "tanh" {
			return ir.Known{}, fmt.Errorf("approximate %q is not none or tanh", a.Approximate)
		}
		return sameAsInput(sc, a, in)
	},
	Eval: unary(func(a GeluAttrs, x float64) float64 {
		switch {
		case math.IsInf(x, -1):
			return 0
		case a.Approximate == "tanh":
			return 0.5 * x * (1 + math.Tanh(math.Sqrt(2/math.Pi)*(x+0.044715*x*x*x)))
		}
		return 0.5 * x * math.Erfc(-x/math.Sqrt2)
	}, nil),
	Lower: lowerGelu,
})

func lowerGelu(b *ir.Builder, a GeluAttrs, in []*ir.Value) *ir.Value {
	x, c := in[0], scalars(b, in[0])
	mul := func(x, y *ir.Value) *ir.Value { return Mul.New(b, None{}, x, y) }
	add := func(x, y *ir.Value) *ir.Value { return Add.New(b, None{}, x, y) }
	var f *ir.Value
	if a.Approximate == "tanh" {
		cube := mul(mul(x, x), x)
		f = Tanh.New(b, None{}, mul(c(math.Sqrt(2/math.Pi)), add(x, mul(c(0.044715), cube))))
	} else {
		f = Erf.New(b, None{}, mul(x, c(math.Sqrt2/2)))
	}
	return mul(mul(x, c(0.5)), add(c(1), f))
}

// scalars returns a function that adds constants of x's element type.
func scalars(b *ir.Builder, x *ir.Value) func(float64) *ir.Value {
	return func(v float64) *ir.Value { return lowerConst(b, x.Type.DType, v) }
}

// lowerConst adds a scalar constant of element type d.
func lowerConst(b *ir.Builder, d tensor.DType, x float64) *ir.Value {
	return b.G.Const("", tensor.FromFloat64s(d, []float64{x}))
}
