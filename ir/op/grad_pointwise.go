package op

import (
	"math"

	"github.com/cameo-onnx/cameo/ir"
)

// Gradients stand apart from the definitions because they are written in those ops themselves, which Go's order of initialisation takes
// for a cycle.

func init() {
	for _, k := range []Kind[None]{Floor, Ceil, Round, Sign} {
		derive(k, flatGrad[None])
	}
	derive(RandomNormalLike, flatGrad[NormalAttrs])
	derive(RandomUniformLike, flatGrad[UniformAttrs])
	derive(Bernoulli, flatGrad[BernoulliAttrs])
	derive(EyeLike, flatGrad[EyeLikeAttrs])
	pointwise(Abs, func(m maths, x, _ *ir.Value) *ir.Value { return m.one(Sign, x) })
	pointwise(Neg, func(m maths, x, _ *ir.Value) *ir.Value { return m.c(x, -1) })
	pointwise(Exp, func(_ maths, _, y *ir.Value) *ir.Value { return y })
	pointwise(Log, func(m maths, x, _ *ir.Value) *ir.Value { return m.one(Reciprocal, x) })
	pointwise(Sqrt, func(m maths, x, y *ir.Value) *ir.Value { return m.div(m.c(x, 0.5), y) })
	pointwise(Reciprocal, func(m maths, _, y *ir.Value) *ir.Value { return m.neg(m.mul(y, y)) })
	pointwise(Erf, func(m maths, x, _ *ir.Value) *ir.Value {
		return m.scale(m.exp(m.neg(m.mul(x, x))), 2/math.Sqrt(math.Pi))
	})
	pointwise(Sin, func(m maths, x, _ *ir.Value) *ir.Value { return m.one(Cos, x) })
	pointwise(Cos, func(m maths, x, _ *ir.Value) *ir.Value { return m.neg(m.one(Sin, x)) })
	pointwise(Tan, func(m maths, _, y *ir.Value) *ir.Value { return m.axpb(1, m.mul(y, y), 1) })
	pointwise(Asin, func(m maths, x, _ *ir.Value) *ir.Value { return m.rsqrt(m.axpb(-1, m.mul(x, x), 1)) })
	pointwise(Acos, func(m maths, x, _ *ir.Value) *ir.Value { return m.neg(m.rsqrt(m.axpb(-1, m.mul(x, x), 1))) })
	pointwise(Atan, func(m maths, x, _ *ir.Value) *ir.Value { return m.one(Reciprocal, m.axpb(1, m.mul(x, x), 1)) })
	pointwise(Sinh, func(m maths, x, _ *ir.Value) *ir.Value { return m.one(Cosh, x) })
	pointwise(Cosh, func(m maths, x, _ *ir.Value) *ir.Value { return m.one(Sinh, x) })
	pointwise(Tanh, func(m maths, _, y *ir.Value) *ir.Value { return m.axpb(-1, m.mul(y, y), 1) })
	pointwise(Asinh, func(m maths, x, _ *ir.Value) *ir.Value { return m.rsqrt(m.axpb(1, m.mul(x, x), 1)) })
	pointwise(Acosh, func(m maths, x, _ *ir.Value) *ir.Value { return m.rsqrt(m.axpb(1, m.mul(x, x), -1)) })
	pointwise(Atanh, func(m maths, x, _ *ir.Value) *ir.Value { return m.one(Reciprocal, m.axpb(-1, m.mul(x, x), 1)) })
}

func init() {
	pointwise(Sigmoid, func(m maths, _, y *ir.Value) *ir.Value { return m.mul(y, m.axpb(-1, y, 1)) })
	pointwise(Softplus, func(m maths, x, _ *ir.Value) *ir.Value { return m.one(Sigmoid, x) })
	pointwise(Softsign, func(m maths, x, _ *ir.Value) *ir.Value {
		d := m.axpb(1, abs(m, x), 1)
		return m.one(Reciprocal, m.mul(d, d))
	})
	derive(Gelu, slope(geluSlope))
	derive(Swish, slope(func(m maths, a AlphaAttrs, x, y *ir.Value) *ir.Value {
		s := m.one(Sigmoid, m.scale(x, float64(a.Alpha)))
		return m.add(s, m.scale(m.mul(y, m.axpb(-1, s, 1)), float64(a.Alpha)))
	}))
	derive(Elu, slope(func(m maths, a AlphaAttrs, x, _ *ir.Value) *ir.Value { return m.expSlope(x, float64(a.Alpha), 1, 1) }))
	derive(Celu, slope(func(m maths, a AlphaAttrs, x, _ *ir.Value) *ir.Value {
		return m.expSlope(x, 1, 1/float64(a.Alpha), 1)
	}))
	derive(Selu, slope(func(m maths, a SeluAttrs, x, _ *ir.Value) *ir.Value {
		return m.expSlope(x, float64(a.Gamma)*float64(a.Alpha), 1, float64(a.Gamma))
	}))
	derive(Relu, func(g *ir.Grad, _ None, n *ir.Node) []*ir.Value {
		m, x := maths{g.Builder}, n.In[0]
		return []*ir.Value{m.gate(m.less(m.c(x, 0), x), g.Out[0])}
	})
	derive(LeakyRelu, func(g *ir.Grad, a LeakyReluAttrs, n *ir.Node) []*ir.Value {
		m, x, dy := maths{g.Builder}, n.In[0], g.Out[0]
		return []*ir.Value{m.where(m.less(m.c(x, 0), x), dy, m.scale(dy, float64(a.Alpha)))}
	})
	derive(ThresholdedRelu, func(g *ir.Grad, a AlphaAttrs, n *ir.Node) []*ir.Value {
		m, x := maths{g.Builder}, n.In[0]
		return []*ir.Value{m.gate(m.less(m.c(x, float64(a.Alpha)), x), g.Out[0])}
	})
	derive(PRelu, preluGrad)
	derive(Clip, clipGrad)
	derive(Identity, func(g *ir.Grad, _ None, _ *ir.Node) []*ir.Value { return g.Out[:1] })
	derive(Cast, func(g *ir.Grad, _ CastAttrs, n *ir.Node) []*ir.Value {
		return []*ir.Value{maths{g.Builder}.cast(g.Out[0], n.In[0].Type.DType)}
	})
	derive(CastLike, func(g *ir.Grad, _ CastLikeAttrs, n *ir.Node) []*ir.Value {
		return []*ir.Value{maths{g.Builder}.cast(g.Out[0], n.In[0].Type.DType)}
	})
	derive(Dropout, dropoutGrad)
}

// flatGrad is the gradient of what is constant almost everywhere, or draws at random.
func flatGrad[A any](*ir.Grad, A, *ir.Node) []*ir.Value { return nil }

// slope is the gradient of a function of one operand applied element by element, by its derivative.
func slope[A any](f func(m maths, a A, x, y *ir.Value) *ir.Value) gradFunc[A] {
	return func(g *ir.Grad, a A, n *ir.Node) []*ir.Value {
		m := maths{g.Builder}
		return []*ir.Value{m.mul(g.Out[0], f(m, a, n.In[0], n.Out[0]))}
	}
}

// pointwise gives a function without attributes its gradient by its derivative.
func pointwise(k Kind[None], f func(m maths, x, y *ir.Value) *ir.Value) {
	derive(k, slope(func(m maths, _ None, x, y *ir.Value) *ir.Value { return f(m, x, y) }))
}

// rsqrt is 1 / √x.
func (m maths) rsqrt(x *ir.Value) *ir.Value { return m.one(Reciprocal, root(m, x)) }

// expSlope is above above zero, and low·e^(rate·x) below.
func (m maths) expSlope(x *ir.Value, low, rate, above float64) *ir.Value {
	e := m.exp(m.scale(m.one(Min, x, m.c(x, 0)), rate))
	return m.where(m.less(m.c(x, 0), x), m.c(x, above), m.scale(e, low))
}

func geluSlope(m maths, a GeluAttrs, x, _ *ir.Value) *ir.Value {
	if a.Approximate == "tanh" {
		// y = x/2·(1 + t) with t = tanh(u), u = k(x + 0.044715x³).
		k, xx := math.Sqrt(2/math.Pi), m.mul(x, x)
		t := m.one(Tanh, m.mul(x, m.axpb(k*0.044715, xx, k)))
		du := m.axpb(3*k*0.044715, xx, k)
		return m.add(m.axpb(0.5, t, 0.5), m.scale(m.mul(m.mul(x, du), m.axpb(-1, m.mul(t, t), 1)), 0.5))
	}
	density := m.scale(m.exp(m.scale(m.mul(x, x), -0.5)), 1/math.Sqrt(2*math.Pi))
	return m.add(m.axpb(0.5, m.one(Erf, m.scale(x, math.Sqrt2/2)), 0.5), m.mul(x, density))
}

func preluGrad(g *ir.Grad, _ None, n *ir.Node) []*ir.Value {
	m, x, slope, dy := maths{g.Builder}, n.In[0], n.In[1], g.Out[0]
	neg := m.less(x, m.c(x, 0))
	return []*ir.Value{m.where(neg, m.mul(dy, slope), dy), m.sumTo(m.gate(neg, m.mul(dy, x)), slope)}
}

// clipGrad lets through what lies within the bounds, the bounds themselves included, and hands what lies outside to the bound.
func clipGrad(g *ir.Grad, _ None, n *ir.Node) []*ir.Value {
	m, x, lo, hi, dx := maths{g.Builder}, n.In[0], operand(n, 1), operand(n, 2), g.Out[0]
	var dlo, dhi *ir.Value
	if hi != nil {
		y := x
		if lo != nil {
			y = m.one(Max, x, m.reshape(lo))
		}
		over := m.less(m.reshape(hi), y)
		dhi = m.like(m.total(m.gate(over, dx)), hi)
		dx = m.where(over, m.c(dx, 0), dx)
	}
	if lo != nil {
		under := m.less(x, m.reshape(lo))
		dlo = m.like(m.total(m.gate(under, dx)), lo)
		dx = m.where(under, m.c(dx, 0), dx)
	}
	return []*ir.Value{dx, dlo, dhi}
}

// dropoutGrad drops and scales what the forward node did, whose mask says so.
func dropoutGrad(g *ir.Grad, a DropoutAttrs, n *ir.Node) []*ir.Value {
	m, dy := maths{g.Builder}, g.Out[0]
	ratio, training := operand(n, 1), operand(n, 2)
	if known, ok := training.Known().Ints(); training == nil || ok && len(known) == 1 && known[0] == 0 {
		return []*ir.Value{dy}
	}
	if len(n.Out) < 2 {
		if n = g.Again(a, nil, 2); n == nil {
			return nil
		}
	}
	half := m.c(dy, 0.5)
	if ratio != nil {
		half = m.reshape(m.cast(ratio, dy.Type.DType))
	}
	scaled := m.div(dy, m.axpb(-1, half, 1))
	return []*ir.Value{m.where(m.reshape(training), m.gate(n.Out[1], scaled), dy)}
}
