package op

import (
	"fmt"
	"math"
	"slices"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// mlDomain is the domain of the operators of classical machine learning.
const mlDomain = "ai.onnx.ml"

// features is the element types of the tables that models of ai.onnx.ml take: one row per example, one column per feature.
const features = "f32|f64|i64|i32"

// table is a tensor of examples in float64; a vector is one example.
type table struct {
	v          []float64
	rows, cols int
}

func loadTable(e *ir.Env, x *tensor.Tensor) (table, error) {
	var t table
	switch d := x.Dims(); len(d) {
	case 1:
		t.rows, t.cols = 1, d[0]
	case 2:
		t.rows, t.cols = d[0], d[1]
	default:
		return t, fmt.Errorf("x of rank %d is no table of examples", len(d))
	}
	var err error
	t.v, err = load[float64](e, x)
	return t, err
}

// row returns the features of example i.
func (t table) row(i int) []float64 { return t.v[i*t.cols:][:t.cols] }

// tableSizes returns the numbers of examples and of features.
func tableSizes(sc *ir.Scope, x ir.Type) (rows, cols sym.Dim, err error) {
	switch x.Rank() {
	case -1:
		return sc.Fresh(), sym.Unknown(), nil
	case 1:
		return sym.Const(1), x.Shape[0], nil
	case 2:
		return x.Shape[0], x.Shape[1], nil
	}
	return rows, cols, fmt.Errorf("x of rank %d is no table of examples", x.Rank())
}

// tableOf is tableSizes where the number of features must be want.
func tableOf(sc *ir.Scope, x ir.Type, want int) (rows sym.Dim, err error) {
	rows, cols, err := tableSizes(sc, x)
	if err == nil && cols.Valid() {
		_, err = sc.Same(cols, sym.Const(want), "features")
	}
	return rows, err
}

// wantFeatures requires that the table has n columns.
func (t table) wantFeatures(n int) error {
	if t.cols != n {
		return fmt.Errorf("features: %d != %d", t.cols, n)
	}
	return nil
}

// labels is the names of classes: integers or strings.
type labels struct {
	ints []int
	strs []string
}

func (l labels) check() error {
	if (len(l.ints) > 0) == (len(l.strs) > 0) {
		return fmt.Errorf("class labels: %d integers and %d strings", len(l.ints), len(l.strs))
	}
	return nil
}

func (l labels) len() int { return max(len(l.ints), len(l.strs)) }

func (l labels) dtype() tensor.DType {
	if len(l.strs) > 0 {
		return tensor.String
	}
	return tensor.I64
}

// pick returns the labels of the classes named by index.
func (l labels) pick(e *ir.Env, index []int) (*tensor.Tensor, error) {
	out, err := e.New(l.dtype(), len(index))
	if err != nil {
		return nil, err
	}
	for i, k := range index {
		if out.DType() == tensor.String {
			out.Strings()[i] = l.strs[k]
		} else {
			out.SetInt64At(i, int64(l.ints[k]))
		}
	}
	return out, nil
}

// transforms is what ai.onnx.ml may do to the scores of one example, in the order of TreeEnsemble's numbers.
var transforms = []string{"NONE", "SOFTMAX", "LOGISTIC", "SOFTMAX_ZERO", "PROBIT"}

func checkTransform(name string) error {
	if !slices.Contains(transforms, name) {
		return fmt.Errorf("post_transform %q", name)
	}
	return nil
}

// transform applies a post_transform to the scores of one example in place.
func transform(name string, s []float64) {
	switch name {
	case "LOGISTIC":
		for i, x := range s {
			s[i] = sigmoid(x)
		}
	case "PROBIT":
		for i, x := range s {
			s[i] = probit(x)
		}
	case "SOFTMAX":
		softmaxScores(s, false)
	case "SOFTMAX_ZERO":
		softmaxScores(s, true)
	}
}

// transformTarget is transform for a model of one target, to whose score only PROBIT applies: so ONNX Runtime has it.
func transformTarget(name string, s []float64) {
	if name == "PROBIT" || len(s) != 1 {
		transform(name, s)
	}
}

// softmaxScores normalises exponentials. With keepZero a score of about 0 does not vote: it stays about 0.
func softmaxScores(s []float64, keepZero bool) {
	if len(s) == 0 {
		return
	}
	top, sum := math.Inf(-1), 0.0
	for _, x := range s {
		if x > top {
			top = x
		}
	}
	for i, x := range s {
		if keepZero && !(math.Abs(x) > 1e-7) {
			s[i] = x * math.Exp(-top)
			continue
		}
		s[i] = math.Exp(x - top)
		sum += s[i]
	}
	for i := range s {
		s[i] /= sum
	}
}

// probit is the inverse of the normal distribution, by Winitzki's approximation of the inverse error function with a = 0.147, in
// float32: its error of 2e-3, and what float32 loses near 1/2, are what engines share.
func probit(p float64) float64 {
	x := 2*float32(p) - 1
	l := float32(math.Log(float64((1 - x) * (1 + x))))
	v := float32(2/(float32(3.14159)*float32(0.147))) + 0.5*l
	w := float32(1/float32(0.147)) * l
	y := float64(math.Sqrt2 * float32(math.Sqrt(float64(float32(math.Sqrt(float64(float32(v*v)-w)))-v))))
	if x < 0 {
		return -y
	}
	return y
}

// argTop returns the index of the greatest score, the first of equal ones.
func argTop(s []float64) int {
	k := 0
	for i, x := range s {
		if x > s[k] {
			k = i
		}
	}
	return k
}

// secondScore returns the scores of two classes where the model has one, s, for the second. They add up to 1, or they are opposite.
func secondScore(post string, s float64, opposite bool) [2]float64 {
	switch {
	case post == "PROBIT":
		return [2]float64{probit(1 - s), probit(s)}
	case post == "LOGISTIC":
		return [2]float64{sigmoid(-s), sigmoid(s)}
	case opposite:
		return [2]float64{-s, s}
	}
	return [2]float64{1 - s, s}
}
