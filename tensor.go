package cameo

import (
	"fmt"

	"github.com/cameo-onnx/cameo/ir/tensor"
)

type (
	// A Tensor is a dense row-major array of any ONNX element type.
	Tensor = tensor.Tensor
	// A Value is a *Tensor, a *Sequence, an *Optional or a *Map.
	Value = tensor.Value
	// A Sequence is an ordered list of values of one type.
	Sequence = tensor.Sequence
	// An Optional holds a value or none.
	Optional = tensor.Optional
	// A Map associates integers or strings with values.
	Map = tensor.Map
	// DType is an element type.
	DType = tensor.DType
	// Element is every Go type that an element type maps to.
	Element = tensor.Element
)

// The element types that models use most; package ir/tensor has them all.
const (
	Float32 = tensor.F32
	Float64 = tensor.F64
	Float16 = tensor.F16
	Int32   = tensor.I32
	Int64   = tensor.I64
	Uint8   = tensor.U8
	Bool    = tensor.Bool
	String  = tensor.String
)

// NewTensor returns a tensor over data, which it shares; without sizes it has rank 1. Sizes whose product is not len(data) panic.
func NewTensor[T Element](data []T, dims ...int) *Tensor { return tensor.Of(data, dims...) }

// NewScalar returns a tensor of rank 0.
func NewScalar[T Element](v T) *Tensor { return tensor.Scalar(v) }

// NewStrings returns a tensor of strings over data, which it shares; without sizes it has rank 1.
func NewStrings(data []string, dims ...int) *Tensor { return tensor.OfStrings(data, dims...) }

// Zeros returns a zeroed tensor. Sizes that are negative or too large panic.
func Zeros(d DType, dims ...int) *Tensor { return tensor.New(d, dims...) }

// Data returns t's elements themselves, not a copy. T must be the Go type of t's element type.
func Data[T Element](t *Tensor) ([]T, error) {
	if t == nil {
		return nil, fmt.Errorf("%w: no tensor", ErrInput)
	}
	if d := tensor.DTypeOf[T](); d != t.DType() {
		return nil, fmt.Errorf("%w: the elements are %v, not %v", ErrInput, t.DType(), d)
	}
	return tensor.Data[T](t), nil
}
