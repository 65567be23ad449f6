package tensor

import (
	"fmt"
	"math"
)

// FromFloat64s returns a tensor of d with v's elements rounded once, to nearest even. Integers lose their fraction and saturate at
// their type's limits, NaN is 0; bool is v != 0. Narrow floats overflow to infinity or NaN, as their type has it. As with
// New, no sizes mean rank 0; sizes of another count panic.
func FromFloat64s(d DType, v []float64, dims ...int) *Tensor {
	t := shaped(d, len(v), dims)
	switch d {
	case F64:
		copy(as[float64](t), v)
	case F32:
		for i, dst := 0, as[float32](t); i < len(dst); i++ {
			dst[i] = float32(v[i])
		}
	case F16:
		for i, dst := 0, as[Float16](t); i < len(dst); i++ {
			dst[i] = Float16(F16.format().encode(v[i], false))
		}
	default:
		for i, x := range v {
			t.SetFloat64At(i, x)
		}
	}
	return t
}

// FromInt64s returns a tensor of d with v's elements: integers wrap, floats round once, bool is v != 0. Sizes
// are as for FromFloat64s.
func FromInt64s(d DType, v []int64, dims ...int) *Tensor {
	t := shaped(d, len(v), dims)
	switch d {
	case I64, U64:
		copy(as[int64](t), v)
	case I32, U32:
		for i, dst := 0, as[int32](t); i < len(dst); i++ {
			dst[i] = int32(v[i])
		}
	default:
		for i, x := range v {
			t.SetInt64At(i, x)
		}
	}
	return t
}

// FromComplex128s returns a tensor of d, a complex type, with v's elements rounded once; other types panic. Sizes
// are as for FromFloat64s.
func FromComplex128s(d DType, v []complex128, dims ...int) *Tensor {
	t := shaped(d, len(v), dims)
	switch d {
	case C128:
		copy(as[complex128](t), v)
	case C64:
		for i, dst := 0, as[complex64](t); i < len(dst); i++ {
			dst[i] = complex64(v[i])
		}
	default:
		panic(fmt.Sprintf("tensor: complex numbers as %v", d))
	}
	return t
}

// shaped returns a new tensor of n elements; sizes of another count panic.
func shaped(d DType, n int, dims []int) *Tensor {
	if c, ok := Count(dims); !ok || c != n {
		panic(fmt.Sprintf("tensor: %d elements for sizes %v", n, dims))
	}
	return New(d, dims...)
}

// SetFloat64At sets element i, in row-major order, converting as FromFloat64s does.
func (t *Tensor) SetFloat64At(i int, v float64) {
	switch t.dtype {
	case F64:
		as[float64](t)[i] = v
	case F32:
		as[float32](t)[i] = float32(v)
	case C64:
		as[complex64](t)[i] = complex(float32(v), 0)
	case C128:
		as[complex128](t)[i] = complex(v, 0)
	case Bool:
		t.data[i] = 0
		if v != 0 {
			t.data[i] = 1
		}
	case U64:
		as[uint64](t)[i] = truncateUnsigned(v)
	case String, Invalid:
		panic(fmt.Sprintf("tensor: a number as %v", t.dtype))
	default:
		if t.dtype.isNarrowFloat() {
			t.setNarrow(i, v, false, NearestEven)
			return
		}
		n := t.dtype.Bits()
		lo, hi := int64(0), int64(1)<<n-1
		if t.dtype.IsSigned() {
			lo, hi = -1<<(n-1), 1<<(n-1)-1
		}
		t.SetInt64At(i, min(max(truncate(v), lo), hi))
	}
}

// setBits sets element i of a type of at most 16 bits.
func (t *Tensor) setBits(i int, b uint16) {
	switch t.dtype.Bits() {
	case 16:
		as[uint16](t)[i] = b
	case 8:
		t.data[i] = uint8(b)
	default:
		t.SetPacked(i, uint8(b))
	}
}

// truncateUnsigned drops v's fraction and saturates to uint64; NaN is 0.
func truncateUnsigned(v float64) uint64 {
	switch {
	case !(v >= 1):
		return 0
	case v >= 1<<64:
		return math.MaxUint64
	}
	return uint64(v)
}

// SetInt64At sets element i, in row-major order, converting as FromInt64s does.
func (t *Tensor) SetInt64At(i int, v int64) {
	switch t.dtype {
	case I64, U64:
		as[int64](t)[i] = v
	case I32, U32:
		as[int32](t)[i] = int32(v)
	case I16, U16:
		as[int16](t)[i] = int16(v)
	case I8, U8:
		t.data[i] = uint8(v)
	case I4, U4, I2, U2:
		t.SetPacked(i, uint8(v))
	case F32:
		as[float32](t)[i] = float32(v)
	case C64:
		as[complex64](t)[i] = complex(float32(v), 0)
	case Bool:
		t.data[i] = 0
		if v != 0 {
			t.data[i] = 1
		}
	case String, Invalid:
		panic(fmt.Sprintf("tensor: an integer as %v", t.dtype))
	case F64, C128:
		t.SetFloat64At(i, float64(v))
	default:
		t.SetFloat64At(i, oddFloat64(v))
	}
}

// oddFloat64 returns v, rounded to odd where float64 cannot hold it, so that rounding again to at most 24 bits equals rounding v once.
func oddFloat64(v int64) float64 {
	if uint64(v+1<<53) > 1<<54 && v&0x7ff != 0 {
		v = v&^0x7ff | 0x800
	}
	return float64(v)
}
