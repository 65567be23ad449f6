package op

import (
	"fmt"
	"slices"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// OneHotEncoderAttrs holds the categories, integers or strings, and whether one that is not among them becomes zeros, rather than an error.
type OneHotEncoderAttrs struct {
	CatsInts    []int    `ir:"cats_int64s"`
	CatsStrings []string `ir:"cats_strings"`
	Zeros       bool     `ir:"zeros"`
}

func (a OneHotEncoderAttrs) check(d tensor.DType) error {
	return checkCategories("x", d, len(a.CatsInts), len(a.CatsStrings))
}

// checkCategories requires that what is of type d has names, ints or strs many, of its own kind and of no other.
func checkCategories(what string, d tensor.DType, ints, strs int) error {
	n, other := ints, strs
	if d == tensor.String {
		n, other = other, n
	}
	if n == 0 || other > 0 {
		return fmt.Errorf("%s of %v, but %d integers and %d strings as categories", what, d, ints, strs)
	}
	return nil
}

// OneHotEncoder replaces each element by a row with a one at the place of its category. Floats lose their fraction first.
var OneHotEncoder = define(Def[OneHotEncoderAttrs]{
	Name: "one_hot_encoder", ONNX: "OneHotEncoder", Domain: mlDomain, Sig: "x str|" + features + " -> y f32",
	Props: ir.Pure,
	Attrs: OneHotEncoderAttrs{Zeros: true},
	Infer: func(_ *ir.Scope, a OneHotEncoderAttrs, in []ir.Known) (ir.Known, error) {
		x := in[0].Type
		if err := a.check(x.DType); err != nil {
			return ir.Known{}, err
		}
		if x.Unranked {
			return of(ir.UnrankedOf(tensor.F32)), nil
		}
		n := max(len(a.CatsInts), len(a.CatsStrings))
		return of(ir.TensorOf(tensor.F32, append(slices.Clone(x.Shape), sym.Const(n))...)), nil
	},
	Eval: func(e *ir.Env, a OneHotEncoderAttrs, in []tensor.Value) (tensor.Value, error) {
		x := tens(in, 0)
		if err := a.check(x.DType()); err != nil {
			return nil, err
		}
		n := max(len(a.CatsInts), len(a.CatsStrings))
		out, err := e.New(tensor.F32, append(slices.Clone(x.Dims()), n)...)
		if err != nil {
			return nil, err
		}
		places := categories(x, a.CatsInts, a.CatsStrings)
		v := tensor.Data[float32](out)
		for i := range x.Len() {
			k := places(i)
			if k >= 0 {
				v[i*n+k] = 1
			} else if !a.Zeros {
				return nil, fmt.Errorf("element %d is of no category", i)
			}
		}
		return out, nil
	},
})

// categories returns a function that finds the place of x's elements among ints or strs; −1 where they are not.
func categories(x *tensor.Tensor, ints []int, strs []string) func(i int) int {
	if x.DType() == tensor.String {
		at := map[string]int{}
		for k, s := range strs {
			at[s] = k
		}
		return func(i int) int {
			if k, ok := at[x.Strings()[i]]; ok {
				return k
			}
			return -1
		}
	}
	at := map[int64]int{}
	for k, c := range ints {
		at[int64(c)] = k
	}
	return func(i int) int {
		c := tensorInt(x, i)
		if k, ok := at[c]; ok {
			return k
		}
		return -1
	}
}

// tensorInt returns element i without its fraction.
func tensorInt(x *tensor.Tensor, i int) int64 {
	if x.DType().IsFloat() {
		return tensor.FromFloat64s(tensor.I64, []float64{x.Float64At(i)}, 1).Int64At(0)
	}
	return x.Int64At(i)
}
