package op

import (
	"fmt"
	"slices"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// number is the element types that evaluation works in: float64 for floats, int64 for integers of every width, which wrap.
type number interface{ float64 | int64 }

// load returns a copy of t's elements in the working type, charged to the budget; nil for an absent tensor.
func load[T number](e *ir.Env, t *tensor.Tensor) ([]T, error) {
	if t == nil {
		return nil, nil
	}
	if err := e.Take(tensor.F64, t.Dims()); err != nil {
		return nil, err
	}
	var v any
	switch any(T(0)).(type) {
	case float64:
		v = t.Float64s()
	default:
		v = t.Int64s()
	}
	return v.([]T), nil
}

// loadAll is load for several tensors.
func loadAll[T number](e *ir.Env, ts ...*tensor.Tensor) ([][]T, error) {
	out := make([][]T, len(ts))
	for i, t := range ts {
		var err error
		if out[i], err = load[T](e, t); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// checkVector requires that t, where it is present, is a vector of n elements.
func checkVector(t *tensor.Tensor, n int, what string) error {
	if t == nil || t.Rank() == 1 && t.Len() == n {
		return nil
	}
	return fmt.Errorf("%s of sizes %v is no vector of %d", what, t.Dims(), n)
}

// wantSizes requires that two lists of sizes are equal.
func wantSizes(got, want []int) error {
	if !slices.Equal(got, want) {
		return fmt.Errorf("sizes %v, not %v", got, want)
	}
	return nil
}

// alloc returns zeroed working memory for a tensor of the given sizes, charged to the budget.
func alloc[T number](e *ir.Env, dims ...int) ([]T, error) {
	if err := e.Take(tensor.F64, dims); err != nil {
		return nil, err
	}
	n := count(dims)
	return make([]T, n), nil
}

// store returns a tensor of element type d from elements of the working type, charged to the budget.
func store[T number](e *ir.Env, d tensor.DType, v []T, dims ...int) (*tensor.Tensor, error) {
	if err := e.Take(d, dims); err != nil {
		return nil, err
	}
	switch v := any(v).(type) {
	case []int64:
		return tensor.FromInt64s(d, v, dims...), nil
	case []float64:
		return tensor.FromFloat64s(d, v, dims...), nil
	}
	return nil, nil
}

// value returns a tensor as a result, where a nil one is an error's.
func value(t *tensor.Tensor, err error) (tensor.Value, error) {
	if err != nil {
		return nil, err
	}
	return t, nil
}
