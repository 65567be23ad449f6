package op

import (
	"fmt"
	"math"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// LabelEncoderAttrs holds keys and the values that they become, each in one of several forms, and what stands for elements that are no
// keys.
type LabelEncoderAttrs struct {
	KeysFloats    []float32      `ir:"keys_floats"`
	KeysInts      []int          `ir:"keys_int64s"`
	KeysStrings   []string       `ir:"keys_strings"`
	KeysTensor    *tensor.Tensor `ir:"keys_tensor"`
	ValuesFloats  []float32      `ir:"values_floats"`
	ValuesInts    []int          `ir:"values_int64s"`
	ValuesStrings []string       `ir:"values_strings"`
	ValuesTensor  *tensor.Tensor `ir:"values_tensor"`
	DefaultFloat  float32        `ir:"default_float"`
	DefaultInt    int            `ir:"default_int64"`
	DefaultString string         `ir:"default_string"`
	DefaultTensor *tensor.Tensor `ir:"default_tensor"`
}

// LabelEncoder replaces each element by the value that its key has. All NaN are one key; of equal keys the first counts.
var LabelEncoder = define(Def[LabelEncoderAttrs]{
	Name: "label_encoder", ONNX: "LabelEncoder", Domain: mlDomain, Sig: "x T -> y V; T str|i64|f32|i32|i16|f64, V str|i64|f32|i32|i16|f64",
	Props: ir.Pure | ir.Elementwise,
	Attrs: LabelEncoderAttrs{DefaultFloat: float32(math.Copysign(0, -1)), DefaultInt: -1, DefaultString: "_Unused"},
	Infer: func(_ *ir.Scope, a LabelEncoderAttrs, in []ir.Known) (ir.Known, error) {
		x := in[0].Type
		m, err := a.mapping()
		if err != nil {
			return ir.Known{}, err
		}
		return of(x.WithDType(m.values.DType())), m.takes(x.DType)
	},
	Eval: func(e *ir.Env, a LabelEncoderAttrs, in []tensor.Value) (tensor.Value, error) {
		x := tens(in, 0)
		m, err := a.mapping()
		if err == nil {
			err = m.takes(x.DType())
		}
		if err != nil {
			return nil, err
		}
		out, err := e.New(m.values.DType(), x.Dims()...)
		if err != nil {
			return nil, err
		}
		for i, from := range m.places(x) {
			v := m.values
			if from < 0 {
				v, from = m.other, 0
			}
			switch d := out.DType(); {
			case d == tensor.String:
				out.Strings()[i] = v.Strings()[from]
			case d.IsFloat():
				out.SetFloat64At(i, v.Float64At(from))
			default:
				out.SetInt64At(i, v.Int64At(from))
			}
		}
		return out, nil
	},
})

// labelMap is keys, the values of the same places, and the value of what is no key.
type labelMap struct{ keys, values, other *tensor.Tensor }

func (a LabelEncoderAttrs) mapping() (labelMap, error) {
	var m labelMap
	var err error
	if m.keys, err = oneList("keys", a.KeysTensor, a.KeysFloats, a.KeysInts, a.KeysStrings); err != nil {
		return m, err
	}
	if m.values, err = oneList("values", a.ValuesTensor, a.ValuesFloats, a.ValuesInts, a.ValuesStrings); err != nil {
		return m, err
	}
	if m.keys.Len() != m.values.Len() {
		return m, fmt.Errorf("%d keys, but %d values", m.keys.Len(), m.values.Len())
	}
	switch d := m.values.DType(); {
	case a.DefaultTensor != nil:
		if m.other = a.DefaultTensor; m.other.DType() != d || m.other.Len() != 1 {
			return m, fmt.Errorf("default_tensor is %v%v, not one %v", m.other.DType(), m.other.Dims(), d)
		}
	case d == tensor.String:
		m.other = tensor.OfStrings([]string{a.DefaultString}, 1)
	case d.IsFloat():
		m.other = tensor.FromFloat64s(d, []float64{float64(a.DefaultFloat)}, 1)
	default:
		m.other = tensor.FromInt64s(d, []int64{int64(a.DefaultInt)}, 1)
	}
	return m, nil
}

// oneList returns that of four lists which is given, as a tensor.
func oneList(what string, t *tensor.Tensor, floats []float32, ints []int, strs []string) (*tensor.Tensor, error) {
	n := 0
	if t != nil {
		n++
	}
	if floats != nil {
		n++
		t = tensor.Of(floats, len(floats))
	}
	if ints != nil {
		n++
		t = tensor.New(tensor.I64, len(ints))
		for i, k := range ints {
			t.SetInt64At(i, int64(k))
		}
	}
	if strs != nil {
		n++
		t = tensor.OfStrings(strs, len(strs))
	}
	if n != 1 {
		return nil, fmt.Errorf("%d lists of %s, not 1", n, what)
	}
	switch t.DType() {
	case tensor.String, tensor.I64, tensor.F32, tensor.I32, tensor.I16, tensor.F64:
		return t, nil
	}
	return nil, fmt.Errorf("%s of %v: %w", what, t.DType(), ir.ErrUnsupported)
}

func (m labelMap) takes(d tensor.DType) error {
	if m.keys.DType() != d {
		return fmt.Errorf("x of %v, but keys of %v", d, m.keys.DType())
	}
	return nil
}

// places returns for each element of x the place of its key, or −1.
func (m labelMap) places(x *tensor.Tensor) []int {
	switch d := x.DType(); {
	case d == tensor.String:
		return placesOf(m.keys.Strings(), x.Strings())
	case d.IsFloat():
		return placesOf(floatKeys(m.keys), floatKeys(x))
	}
	return placesOf(m.keys.Int64s(), x.Int64s())
}

// floatKeys returns the bits of t's elements, such that equal numbers, and all NaN, have equal bits.
func floatKeys(t *tensor.Tensor) []uint64 {
	out := make([]uint64, t.Len())
	for i, f := range t.Float64s() {
		switch {
		case f != f:
			f = math.NaN()
		case f == 0:
			f = 0 // of either sign
		}
		out[i] = math.Float64bits(f)
	}
	return out
}

func placesOf[K comparable](keys, x []K) []int {
	at := make(map[K]int, len(keys))
	for i, k := range keys {
		if _, ok := at[k]; !ok {
			at[k] = i
		}
	}
	out := make([]int, len(x))
	for i, k := range x {
		p, ok := at[k]
		if out[i] = p; !ok {
			out[i] = -1
		}
	}
	return out
}
