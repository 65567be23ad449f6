package onnxgo

import (
	"fmt"
	"reflect"

	onnxgo "github.com/owulveryck/onnx-go"
	gorgonia "gorgonia.org/tensor"

	"github.com/cameo-onnx/cameo/ir/tensor"
)

// fromGorgonia returns t for cameo, in row-major order; it shares t's elements where they lie so.
func fromGorgonia(t gorgonia.Tensor) (*tensor.Tensor, error) {
	if !t.IsNativelyAccessible() {
		return nil, fmt.Errorf("the elements of a %v tensor are not in Go's memory", t.Dtype())
	}
	if d, ok := t.(*gorgonia.Dense); ok && d.IsMasked() {
		return nil, fmt.Errorf("the tensor is masked, which ONNX has no meaning for")
	}
	dims := append([]int{}, t.Shape()...)
	n, ok := tensor.Count(dims)
	if !ok {
		return nil, fmt.Errorf("sizes %v", dims)
	}
	data := t.Data()
	if n > 1 && (t.RequiresIterator() || t.DataOrder().IsColMajor()) {
		var err error
		if data, err = gathered(t, dims, n); err != nil {
			return nil, err
		}
	}
	if out := wrapAny(data, n, dims); out != nil {
		return out, nil
	}
	return nil, fmt.Errorf("%T does not hold the elements of a tensor of sizes %v", data, dims)
}

// declared converts t to the element type that the model declares for an input. It is an error if that changes an element.
func declared(t *tensor.Tensor, placeholder gorgonia.Tensor) (*tensor.Tensor, error) {
	like := wrapAny(reflect.Zero(reflect.SliceOf(placeholder.Dtype().Type)).Interface(), 0, []int{0})
	if like == nil || like.DType() == t.DType() {
		return t, nil
	}
	to, err := tensor.Convert(t, like.DType(), false, tensor.NearestEven)
	if err == nil {
		var back *tensor.Tensor
		if back, err = tensor.Convert(to, t.DType(), false, tensor.NearestEven); err == nil && tensor.Equal(back, t) {
			return to, nil
		}
	}
	return nil, fmt.Errorf("the elements are %v, the model takes %v", t.DType(), like.DType())
}

// gathered returns the elements of a view in row-major order.
func gathered(t gorgonia.Tensor, dims []int, n int) (any, error) {
	out := gorgonia.New(gorgonia.WithShape(n), gorgonia.Of(t.Dtype()))
	at := make([]int, len(dims))
	for i := range n {
		x, err := t.At(at...)
		if err != nil {
			return nil, err
		}
		if err := out.SetAt(x, i); err != nil {
			return nil, err
		}
		for d := len(at) - 1; d >= 0; d-- {
			if at[d]++; at[d] < dims[d] {
				break
			}
			at[d] = 0
		}
	}
	return out.Data(), nil
}

// wrapAny returns a tensor over a slice of n elements, or of one element; nil for anything else.
func wrapAny(data any, n int, dims []int) *tensor.Tensor {
	switch x := data.(type) {
	case int:
		return wrap[int64](int64(x), n, dims)
	case []int:
		return wrap[int64](convert[int64](x), n, dims)
	case uint:
		return wrap[uint64](uint64(x), n, dims)
	case []uint:
		return wrap[uint64](convert[uint64](x), n, dims)
	case string:
		return wrapStrings([]string{x}, n, dims)
	case []string:
		return wrapStrings(x, n, dims)
	}
	for _, f := range wrappers {
		if t := f(data, n, dims); t != nil {
			return t
		}
	}
	return nil
}

var wrappers = []func(any, int, []int) *tensor.Tensor{
	wrap[float32], wrap[float64], wrap[int64], wrap[int32], wrap[bool], wrap[uint8], wrap[int8], wrap[uint16], wrap[int16],
	wrap[uint32], wrap[uint64], wrap[complex64], wrap[complex128],
}

func wrap[T tensor.Element](data any, n int, dims []int) *tensor.Tensor {
	x, ok := data.([]T)
	if one, is := data.(T); is {
		x, ok = []T{one}, true
	}
	if !ok || len(x) != n {
		return nil
	}
	return tensor.Of(x).Reshape(dims...)
}

func wrapStrings(x []string, n int, dims []int) *tensor.Tensor {
	if len(x) != n {
		return nil
	}
	return tensor.OfStrings(x).Reshape(dims...)
}

func convert[T, F int | int64 | uint | uint64](x []F) []T {
	out := make([]T, len(x))
	for i, v := range x {
		out[i] = T(v)
	}
	return out
}

// toGorgonia returns a result for onnx-go, over the same elements. Kinds and types of values that it has none for are
// *onnx.ErrNotImplemented.
func toGorgonia(name string, v tensor.Value) (gorgonia.Tensor, error) {
	t, ok := v.(*tensor.Tensor)
	if !ok {
		return nil, &onnxgo.ErrNotImplemented{Message: fmt.Sprintf("result %q is no tensor", name)}
	}
	data := elements(t)
	if data == nil {
		return nil, &onnxgo.ErrNotImplemented{Message: fmt.Sprintf("result %q is of type %v, which gorgonia.org/tensor does not have", name, t.DType())}
	}
	dims := append([]int{}, t.Dims()...)
	if len(dims) == 0 {
		dims = []int{1} // a scalar to Gorgonia as well, and how onnx-go's own test cases have it
	}
	return gorgonia.New(gorgonia.WithShape(dims...), gorgonia.WithBacking(data)), nil
}

// elements returns t's elements as a slice of a type that Gorgonia knows, or nil.
func elements(t *tensor.Tensor) any {
	switch t.DType() {
	case tensor.F32:
		return tensor.Data[float32](t)
	case tensor.F64:
		return tensor.Data[float64](t)
	case tensor.I64:
		return tensor.Data[int64](t)
	case tensor.I32:
		return tensor.Data[int32](t)
	case tensor.I16:
		return tensor.Data[int16](t)
	case tensor.I8:
		return tensor.Data[int8](t)
	case tensor.U64:
		return tensor.Data[uint64](t)
	case tensor.U32:
		return tensor.Data[uint32](t)
	case tensor.U16:
		return tensor.Data[uint16](t)
	case tensor.U8:
		return tensor.Data[uint8](t)
	case tensor.Bool:
		return tensor.Data[bool](t)
	case tensor.C64:
		return tensor.Data[complex64](t)
	case tensor.C128:
		return tensor.Data[complex128](t)
	case tensor.String:
		return t.Strings()
	}
	return nil
}
