package tensor

import "math"

// Float64s returns the elements widened; complex elements and strings panic.
func (t *Tensor) Float64s() []float64 {
	out := make([]float64, t.Len())
	switch t.dtype {
	case F32:
		for i, x := range Data[float32](t) {
			out[i] = float64(x)
		}
	case F64:
		copy(out, Data[float64](t))
	default:
		for i, x := range t.Int64s() {
			out[i] = float64(x)
		}
	}
	return out
}

func ints[T int8 | int16 | int32 | int64 | uint8 | uint16 | uint32 | uint64](t *Tensor, out []int64) []int64 {
	for i, x := range Data[T](t) {
		out[i] = int64(x)
	}
	return out
}

// Int64s returns integer and bool elements widened.
func (t *Tensor) Int64s() []int64 {
	out := make([]int64, t.Len())
	switch t.dtype {
	case I8:
		return ints[int8](t, out)
	case I16:
		return ints[int16](t, out)
	case I32:
		return ints[int32](t, out)
	case I64:
		return ints[int64](t, out)
	case U8:
		return ints[uint8](t, out)
	case U16:
		return ints[uint16](t, out)
	case U32:
		return ints[uint32](t, out)
	case U64:
		return ints[uint64](t, out)
	case Bool:
		for i, x := range t.data {
			out[i] = int64(x & 1)
		}
	}
	return out
}

// Complex128s returns the elements widened.
func (t *Tensor) Complex128s() []complex128 {
	out := make([]complex128, t.Len())
	for i, x := range t.Float64s() {
		out[i] = complex(x, 0)
	}
	return out
}

// FromFloat64s returns a tensor of the elements rounded once.
func FromFloat64s(d DType, v []float64, dims ...int) *Tensor {
	t := New(d, dims...)
	for i, x := range v {
		t.SetFloat64At(i, x)
	}
	return t
}

// FromInt64s returns a tensor of the elements, wrapped.
func FromInt64s(d DType, v []int64, dims ...int) *Tensor {
	t := New(d, dims...)
	for i, x := range v {
		t.SetInt64At(i, x)
	}
	return t
}

// Int64At returns element i.
func (t *Tensor) Int64At(i int) int64 { return t.Int64s()[i] }

// SetInt64At sets element i.
func (t *Tensor) SetInt64At(i int, v int64) {
	switch t.dtype {
	case I64:
		Data[int64](t)[i] = v
	case I32:
		Data[int32](t)[i] = int32(v)
	case Bool:
		t.data[i] = byte(min(1, v*v))
	default:
		t.SetFloat64At(i, float64(v))
	}
}

// SetFloat64At sets element i.
func (t *Tensor) SetFloat64At(i int, v float64) {
	switch t.dtype {
	case F32:
		Data[float32](t)[i] = float32(v)
	case F64:
		Data[float64](t)[i] = v
	case I64:
		Data[int64](t)[i] = int64(math.Trunc(v))
	case I32:
		Data[int32](t)[i] = int32(math.Trunc(v))
	}
}

// Equal reports whether a and b are bitwise the same.
func Equal(a, b Value) bool {
	x, ok := a.(*Tensor)
	y, ok2 := b.(*Tensor)
	return ok && ok2 && x.dtype == y.dtype && string(x.data) == string(y.data) && len(x.dims) == len(y.dims)
}
