package op

import (
	"fmt"
	"math"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// svmKernel is the measure of likeness between an example and a support vector.
type svmKernel struct {
	name                 string
	gamma, coef0, degree float64
}

func newSVMKernel(name string, params []float32) (k svmKernel, err error) {
	k.name = name
	switch name {
	case "LINEAR", "POLY", "RBF", "SIGMOID":
	default:
		return k, fmt.Errorf("kernel_type %q", name)
	}
	switch len(params) {
	case 0:
	case 3:
		k.gamma, k.coef0, k.degree = float64(params[0]), float64(params[1]), float64(params[2])
	default:
		return k, fmt.Errorf("%d kernel_params, not 3", len(params))
	}
	return k, nil
}

func (k svmKernel) of(x []float64, v []float32) float64 {
	sum := 0.0
	if k.name == "RBF" {
		for i, a := range x {
			d := a - float64(v[i])
			sum += d * d
		}
		return math.Exp(-k.gamma * sum)
	}
	for i, a := range x {
		sum += a * float64(v[i])
	}
	switch k.name {
	case "POLY":
		return math.Pow(k.gamma*sum+k.coef0, k.degree)
	case "SIGMOID":
		return math.Tanh(k.gamma*sum + k.coef0)
	}
	return sum
}

// likenesses sets out to the kernel of x and each of the support vectors.
func (k svmKernel) likenesses(x []float64, vectors []float32, out []float64) {
	for i := range out {
		out[i] = k.of(x, vectors[i*len(x):][:len(x)])
	}
}

// SVMRegressorAttrs holds the support vectors, one after the other, and a coefficient for each; without support vectors the
// coefficients are those of a linear model.
type SVMRegressorAttrs struct {
	Coefficients   []float32 `ir:"coefficients"`
	KernelParams   []float32 `ir:"kernel_params"`
	KernelType     string    `ir:"kernel_type"`
	Supports       int       `ir:"n_supports"`
	OneClass       bool      `ir:"one_class"`
	PostTransform  string    `ir:"post_transform"`
	Rho            []float32 `ir:"rho"`
	SupportVectors []float32 `ir:"support_vectors"`
}

// features returns the number of features.
func (a SVMRegressorAttrs) features() (int, error) {
	if _, err := newSVMKernel(a.KernelType, a.KernelParams); err != nil {
		return 0, err
	}
	if err := checkTransform(a.PostTransform); err != nil {
		return 0, err
	}
	n, f := len(a.SupportVectors), len(a.Coefficients)
	switch {
	case len(a.Rho) != 1:
		return 0, fmt.Errorf("%d values of rho, not 1", len(a.Rho))
	case a.Supports < 0 || a.Supports > 0 && (n%a.Supports != 0 || f != a.Supports):
		return 0, fmt.Errorf("%d support vectors of %d numbers in all, with %d coefficients", a.Supports, n, f)
	case a.Supports > 0:
		f = n / a.Supports
	}
	if f == 0 {
		return 0, fmt.Errorf("no coefficients")
	}
	return f, nil
}

// sideOf returns 1 for a positive score, else −1.
func sideOf(score float64) float64 {
	if score > 0 {
		return 1
	}
	return -1
}

// SVMRegressor is, for each row of x, the sum of the coefficients times the kernel of the row and their support vectors, plus rho; with
// one_class its sign. A transform is not applied: ONNX Runtime does not either.
var SVMRegressor = define(Def[SVMRegressorAttrs]{
	Name: "svm_regressor", ONNX: "SVMRegressor", Domain: mlDomain, Sig: "x " + features + " -> y f32",
	Props: ir.Pure,
	Attrs: SVMRegressorAttrs{KernelType: "LINEAR", PostTransform: "NONE"},
	Infer: func(sc *ir.Scope, a SVMRegressorAttrs, in []ir.Known) (ir.Known, error) {
		f, err := a.features()
		if err != nil {
			return ir.Known{}, err
		}
		rows, err := tableOf(sc, in[0].Type, f)
		return of(ir.TensorOf(tensor.F32, rows, oneColumn)), err
	},
	Eval: func(e *ir.Env, a SVMRegressorAttrs, in []tensor.Value) (tensor.Value, error) {
		f, err := a.features()
		if err != nil {
			return nil, err
		}
		t, err := loadTable(e, tens(in, 0))
		if err == nil {
			err = t.wantFeatures(f)
		}
		if err != nil {
			return nil, err
		}
		k, _ := newSVMKernel(a.KernelType, a.KernelParams)
		like := make([]float64, a.Supports)
		y, err := alloc[float64](e, t.rows, 1)
		if err != nil {
			return nil, err
		}
		for i := range y {
			if err := e.Err(); err != nil {
				return nil, err
			}
			terms := t.row(i)
			if a.Supports > 0 {
				k.likenesses(terms, a.SupportVectors, like)
				terms = like
			}
			for j, c := range a.Coefficients {
				y[i] += float64(c) * terms[j]
			}
			if y[i] += float64(a.Rho[0]); a.OneClass {
				y[i] = sideOf(y[i])
			}
		}
		return value(store(e, tensor.F32, y, t.rows, 1))
	},
})
