package op

import (
	"errors"
	"fmt"
	"math"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// NormalAttrs says what is drawn: Shape is for RandomNormal alone; a Like op without a DType takes its operand's.
type NormalAttrs struct {
	DType tensor.DType `ir:"dtype"`
	Mean  float32      `ir:"mean"`
	Scale float32      `ir:"scale"`
	Seed  *float32     `ir:"seed"`
	Shape []int        `ir:"shape"`
}

// UniformAttrs is NormalAttrs for numbers from Low to High.
type UniformAttrs struct {
	DType tensor.DType `ir:"dtype"`
	High  float32      `ir:"high"`
	Low   float32      `ir:"low"`
	Seed  *float32     `ir:"seed"`
	Shape []int        `ir:"shape"`
}

func (a NormalAttrs) params() (tensor.DType, []int, *float32) { return a.DType, a.Shape, a.Seed }

func (a UniformAttrs) params() (tensor.DType, []int, *float32) { return a.DType, a.Shape, a.Seed }

func (a NormalAttrs) draw() func(i int, k randomKey) float64 {
	mean, scale := float64(a.Mean), float64(a.Scale)
	return func(i int, k randomKey) float64 { return mean + scale*k.normal(i) }
}

func (a UniformAttrs) draw() func(i int, k randomKey) float64 {
	low, width := float64(a.Low), float64(a.High)-float64(a.Low)
	return func(i int, k randomKey) float64 { return low + width*k.uniform(i) }
}

// distribution is the attributes of an op that draws independent numbers.
type distribution interface {
	params() (d tensor.DType, shape []int, seed *float32)
	draw() func(i int, k randomKey) float64
}

// RandomNormal draws from a normal distribution.
var RandomNormal = define(drawn("random_normal", "RandomNormal", NormalAttrs{DType: tensor.F32, Scale: 1}))

// RandomUniform draws from an interval, all numbers in it alike.
var RandomUniform = define(drawn("random_uniform", "RandomUniform", UniformAttrs{DType: tensor.F32, High: 1}))

// RandomNormalLike is RandomNormal of an operand's sizes.
var RandomNormalLike = define(drawnLike("random_normal_like", "RandomNormalLike", NormalAttrs{Scale: 1}))

// RandomUniformLike is RandomUniform of an operand's sizes.
var RandomUniformLike = define(drawnLike("random_uniform_like", "RandomUniformLike", UniformAttrs{High: 1}))

// drawn defines an op whose attributes say how many numbers it draws.
func drawn[A distribution](name, onnx string, defaults A) Def[A] {
	return Def[A]{
		Name: name, ONNX: onnx, Sig: "-> y float",
		Props: ir.Random,
		Attrs: defaults,
		Infer: inferRandom[A],
		Eval: func(e *ir.Env, a A, _ []tensor.Value) (tensor.Value, error) {
			d, dims, seed := a.params()
			return drawAll(e, d, dims, seed, a.draw())
		},
	}
}

// drawnLike defines an op that draws as many numbers as its operand has elements.
func drawnLike[A distribution](name, onnx string, defaults A) Def[A] {
	return Def[A]{
		Name: name, ONNX: onnx, Sig: "x T -> y float; T num|bool|str|complex",
		Props: ir.Random,
		Attrs: defaults,
		Infer: inferRandomLike[A],
		Eval: func(e *ir.Env, a A, in []tensor.Value) (tensor.Value, error) {
			x := tens(in, 0)
			d, _, seed := a.params()
			return drawAll(e, either(d, x.DType()), x.Dims(), seed, a.draw())
		},
	}
}

// either returns d, or other where d is not given.
func either(d, other tensor.DType) tensor.DType {
	if d == tensor.Invalid {
		return other
	}
	return d
}

// isReal reports whether d is one of the four floating-point types that arithmetic knows.
func isReal(d tensor.DType) bool {
	return d == tensor.F32 || d == tensor.F64 || d == tensor.F16 || d == tensor.BF16
}

func inferRandom[A distribution](_ *ir.Scope, a A, _ []ir.Known) (ir.Known, error) {
	d, dims, _ := a.params()
	if dims == nil {
		return ir.Known{}, errors.New("attribute shape is missing")
	}
	if !isReal(d) {
		return ir.Known{}, fmt.Errorf("random numbers of %v: %w", d, ir.ErrUnsupported)
	}
	if _, ok := tensor.ByteSize(d, dims); !ok {
		return ir.Known{}, fmt.Errorf("a tensor of %v%v is not possible", d, dims)
	}
	return of(ir.TensorOf(d, ir.ShapeOf(dims...)...)), nil
}

func inferRandomLike[A distribution](_ *ir.Scope, a A, in []ir.Known) (ir.Known, error) {
	d, dims, _ := a.params()
	if dims != nil {
		return ir.Known{}, errors.New("attribute shape is not known")
	}
	t := in[0].Type.WithDType(either(d, in[0].Type.DType))
	if !isReal(t.DType) {
		return ir.Known{}, fmt.Errorf("random numbers of %v: %w", t.DType, ir.ErrUnsupported)
	}
	return of(t), nil
}

func drawAll(e *ir.Env, d tensor.DType, dims []int, seed *float32, draw func(int, randomKey) float64) (tensor.Value, error) {
	y, err := e.New(d, dims...)
	if err != nil {
		return nil, err
	}
	k := keyOf(e, seed)
	for i := range y.Len() {
		if i&0xfffff == 0 && e.Err() != nil {
			return nil, e.Err()
		}
		y.SetFloat64At(i, draw(i, k))
	}
	return y, nil
}

// BernoulliAttrs holds the result's element type, the operand's where it is not given.
type BernoulliAttrs struct {
	DType tensor.DType `ir:"dtype"`
	Seed  *float32     `ir:"seed"`
}

// Bernoulli is 1 with the chance x, else 0.
var Bernoulli = define(Def[BernoulliAttrs]{
	Name: "bernoulli", ONNX: "Bernoulli", Sig: "x T -> y U; T float, U num|bool",
	Props: ir.Random,
	Infer: func(sc *ir.Scope, a BernoulliAttrs, in []ir.Known) (ir.Known, error) {
		k, err := sameAsInput(sc, a, in)
		k.Type.DType = either(a.DType, k.Type.DType)
		if d := k.Type.DType; !isReal(d) && d != tensor.Bool && (!d.IsInt() || d.Bits() < 8) {
			return k, fmt.Errorf("draws of %v: %w", d, ir.ErrUnsupported)
		}
		return k, err
	},
	Eval: func(e *ir.Env, a BernoulliAttrs, in []tensor.Value) (tensor.Value, error) {
		x := tens(in, 0)
		p := x.Float64s()
		return drawAll(e, either(a.DType, x.DType()), x.Dims(), a.Seed, func(i int, k randomKey) float64 {
			return float64(truth(k.uniform(i) < p[i]))
		})
	},
})

// MultinomialAttrs holds the number of draws for each row, and the result's element type, i32 or i64.
type MultinomialAttrs struct {
	DType      tensor.DType `ir:"dtype"`
	SampleSize int          `ir:"sample_size"`
	Seed       *float32     `ir:"seed"`
}

// Multinomial draws classes: x[batch, classes] holds logarithms of weights, the result [batch, SampleSize] indices.
var Multinomial = define(Def[MultinomialAttrs]{
	Name: "multinomial", ONNX: "Multinomial", Sig: "x T -> y U; T float, U i32|i64",
	Props: ir.Random,
	Attrs: MultinomialAttrs{DType: tensor.I32, SampleSize: 1},
	Infer: func(sc *ir.Scope, a MultinomialAttrs, in []ir.Known) (ir.Known, error) {
		if a.DType != tensor.I32 && a.DType != tensor.I64 {
			return ir.Known{}, fmt.Errorf("indices of %v: %w", a.DType, ir.ErrUnsupported)
		}
		if a.SampleSize < 0 {
			return ir.Known{}, fmt.Errorf("sample_size %d is negative", a.SampleSize)
		}
		batch := sc.Fresh()
		if r := in[0].Rank(); r == 2 {
			batch = in[0].Type.Shape[0]
		} else if r >= 0 {
			return ir.Known{}, fmt.Errorf("the operand is of rank %d, not 2", r)
		}
		return of(ir.TensorOf(a.DType, batch, sym.Const(a.SampleSize))), nil
	},
	Eval: func(e *ir.Env, a MultinomialAttrs, in []tensor.Value) (tensor.Value, error) {
		x := tens(in, 0)
		if x.Rank() != 2 {
			return nil, fmt.Errorf("the operand is of rank %d, not 2", x.Rank())
		}
		rows, classes := x.Dims()[0], x.Dims()[1]
		y, err := e.New(a.DType, rows, a.SampleSize)
		if err != nil {
			return nil, err
		}
		k, v := keyOf(e, a.Seed), x.Float64s()
		for r := range rows {
			sums, err := weightSums(v[r*classes : (r+1)*classes])
			if err != nil {
				return nil, fmt.Errorf("row %d: %w", r, err)
			}
			for i := range a.SampleSize {
				at := r*a.SampleSize + i
				if err := e.Tick(at); err != nil {
					return nil, err
				}
				y.SetInt64At(at, int64(pick(sums, k.uniform(at))))
			}
		}
		return y, nil
	},
})

// weightSums returns the sums of e^x up to each class, scaled so that the greatest weight is 1.
func weightSums(logs []float64) ([]float64, error) {
	top := math.Inf(-1)
	for _, x := range logs {
		top = max(top, x)
	}
	if math.IsInf(top, 0) || math.IsNaN(top) {
		return nil, errors.New("the weights of its classes are not finite or all zero")
	}
	sums, sum := make([]float64, len(logs)), 0.0
	for i, x := range logs {
		sum += math.Exp(x - top)
		sums[i] = sum
	}
	return sums, nil
}

// pick returns the first class of which the weightSums weight exceeds u, of the total.
func pick(sums []float64, u float64) int {
	u *= sums[len(sums)-1]
	for i, s := range sums {
		if u < s {
			return i
		}
	}
	return len(sums) - 1
}
