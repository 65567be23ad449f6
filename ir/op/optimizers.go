package op

import (
	"fmt"
	"math"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

const trainingDomain = "ai.onnx.preview.training"

// AdagradAttrs holds Adagrad's coefficients.
type AdagradAttrs struct {
	DecayFactor     float32 `ir:"decay_factor"`
	Epsilon         float32 `ir:"epsilon"`
	NormCoefficient float32 `ir:"norm_coefficient"`
}

// Adagrad moves x against its gradient, divided by the root of the sum of all squared gradients so far (Duchi, Hazan and Singer, 2011).
var Adagrad = defineN(optimizer("adagrad", "Adagrad", 1, AdagradAttrs{Epsilon: 1e-6}, nil,
	func(a AdagradAttrs, rate, count float64) update {
		norm, eps := float64(a.NormCoefficient), float64(a.Epsilon)
		r := rate / (1 + count*float64(a.DecayFactor))
		return func(x, g float64, s []float64) float64 {
			g += norm * x
			s[0] += g * g
			return x - r*g/(math.Sqrt(s[0])+eps)
		}
	}))

// AdamAttrs holds Adam's coefficients.
type AdamAttrs struct {
	Alpha               float32 `ir:"alpha"`
	Beta                float32 `ir:"beta"`
	Epsilon             float32 `ir:"epsilon"`
	NormCoefficient     float32 `ir:"norm_coefficient"`
	NormCoefficientPost float32 `ir:"norm_coefficient_post"`
}

// Adam moves x against the running mean of its gradients, divided by the root of that of their squares (Kingma and Ba, 2014).
var Adam = defineN(optimizer("adam", "Adam", 2, AdamAttrs{Alpha: 0.9, Beta: 0.999, Epsilon: 1e-6}, nil,
	func(a AdamAttrs, r, count float64) update {
		alpha, beta, eps := float64(a.Alpha), float64(a.Beta), float64(a.Epsilon)
		norm, keep := float64(a.NormCoefficient), 1-float64(a.NormCoefficientPost)
		if count > 0 {
			r *= math.Sqrt(1-math.Pow(beta, count)) / (1 - math.Pow(alpha, count))
		}
		return func(x, g float64, s []float64) float64 {
			g += norm * x
			s[0] = alpha*s[0] + (1-alpha)*g
			s[1] = beta*s[1] + (1-beta)*g*g
			return keep * (x - r*s[0]/(math.Sqrt(s[1])+eps))
		}
	}))

// MomentumAttrs holds the coefficients of Momentum, all of which ONNX demands, and its mode: "standard" or "nesterov".
type MomentumAttrs struct {
	Alpha           *float32 `ir:"alpha"`
	Beta            *float32 `ir:"beta"`
	Mode            string   `ir:"mode"`
	NormCoefficient *float32 `ir:"norm_coefficient"`
}

func (a MomentumAttrs) check() error {
	switch {
	case a.Alpha == nil:
		return errRequired("alpha")
	case a.Beta == nil:
		return errRequired("beta")
	case a.NormCoefficient == nil:
		return errRequired("norm_coefficient")
	case a.Mode != "standard" && a.Mode != "nesterov":
		return fmt.Errorf("mode %q is not standard or nesterov", a.Mode)
	}
	return nil
}

// Momentum moves x against the decaying sum of its gradients.
var Momentum = defineN(optimizer("momentum", "Momentum", 1, MomentumAttrs{}, MomentumAttrs.check,
	func(a MomentumAttrs, r, count float64) update {
		alpha, beta, norm := float64(*a.Alpha), 1.0, float64(*a.NormCoefficient)
		if count > 0 {
			beta = float64(*a.Beta)
		}
		return func(x, g float64, s []float64) float64 {
			g += norm * x
			s[0] = alpha*s[0] + beta*g
			if a.Mode == "nesterov" {
				return x - r*(g+alpha*s[0])
			}
			return x - r*s[0]
		}
	}))

// update returns the next value of an element with gradient g, and changes its state s.
type update func(x, g float64, s []float64) float64

// optimizer defines an op that updates n tensors: its operands are the learning rate, the number of updates before, the tensors, their
// gradients, and the tensors' states, states for each; its results the tensors and their states.
func optimizer[A any](name, onnx string, states int, attrs A, check func(A) error, start func(a A, rate, count float64) update) DefN[A] {
	return DefN[A]{
		Name: name, ONNX: onnx, Domain: trainingDomain,
		Sig:   "r f32|f64, t i64, inputs* f32|f64 -> y* f32|f64",
		Props: ir.Pure,
		Attrs: attrs,
		Infer: func(sc *ir.Scope, a A, in []ir.Known) ([]ir.Known, error) {
			if check != nil {
				if err := check(a); err != nil {
					return nil, err
				}
			}
			return inferOptimizer(sc, states, in)
		},
		Eval: func(e *ir.Env, a A, in []tensor.Value) ([]tensor.Value, error) {
			r, t := tens(in, 0), tens(in, 1)
			if r.Len() != 1 || t.Len() != 1 {
				return nil, fmt.Errorf("a learning rate of sizes %v, a count of %v", r.Dims(), t.Dims())
			}
			return updateAll(e, states, in[2:], start(a, r.Float64At(0), float64(t.Int64At(0))))
		},
	}
}

func inferOptimizer(sc *ir.Scope, states int, in []ir.Known) ([]ir.Known, error) {
	for i, name := range []string{"r", "t"} {
		if err := checkScalar(in[i], name); err != nil {
			return nil, err
		}
	}
	in = in[2:]
	n := len(in) / (2 + states)
	if n*(2+states) != len(in) || !in[0].Present() {
		return nil, fmt.Errorf("%d operands are no groups of %d", len(in), 2+states)
	}
	out := make([]ir.Known, n*(1+states))
	for i := range in {
		x, k := in[i%n].Type, in[i].Type
		if !in[i].Present() {
			return nil, errAbsent
		}
		if k.DType != x.DType {
			return nil, fmt.Errorf("operand %d is of %v, its tensor of %v", 2+i, k.DType, x.DType)
		}
		if !k.Unranked && !x.Unranked {
			if err := sameShapes(sc, k.Shape, x.Shape, "a gradient or state"); err != nil {
				return nil, err
			}
		}
		x.Layout = ir.RowMajor
		if i < n {
			out[i].Type = x
		} else if i >= 2*n {
			out[i-n].Type = x
		}
	}
	return out, nil
}

func updateAll(e *ir.Env, states int, in []tensor.Value, next update) ([]tensor.Value, error) {
	n := len(in) / (2 + states)
	out := make([]tensor.Value, n*(1+states))
	for i := range n {
		group := make([]*tensor.Tensor, 2+states)
		for k := range group {
			group[k] = tens(in, k*n+i)
			if err := wantSizes(group[k].Dims(), group[0].Dims()); err != nil {
				return nil, err
			}
		}
		v, err := loadAll[float64](e, group...)
		if err != nil {
			return nil, err
		}
		s := make([]float64, states)
		for j := range v[0] {
			for k := range s {
				s[k] = v[2+k][j]
			}
			v[0][j] = next(v[0][j], v[1][j], s)
			for k := range s {
				v[2+k][j] = s[k]
			}
		}
		d, dims := group[0].DType(), group[0].Dims()
		for k := range 1 + states {
			from := v[0]
			if k > 0 {
				from = v[1+k]
			}
			if out[k*n+i], err = value(store(e, d, from, dims...)); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}
