package tensor

import (
	"fmt"
	"math"
	"unsafe"
)

// number is every Go type that widens by a plain conversion.
type number interface {
	float32 | float64 | int8 | int16 | int32 | int64 | uint8 | uint16 | uint32 | uint64
}

// as returns t's storage as elements of T, whose size must divide it.
func as[T any](t *Tensor) []T {
	var z T
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(t.data))), len(t.data)/int(unsafe.Sizeof(z)))
}

// cast converts every element as Go does.
func cast[D, S number](dst []D, src []S) {
	for i, v := range src {
		dst[i] = D(v)
	}
}

// castInts converts the elements of an integer type of whole bytes, and reports whether t is of one.
func castInts[D number](dst []D, t *Tensor) bool {
	switch t.dtype {
	case I8:
		cast(dst, as[int8](t))
	case I16:
		cast(dst, as[int16](t))
	case I32:
		cast(dst, as[int32](t))
	case I64:
		cast(dst, as[int64](t))
	case U8:
		cast(dst, as[uint8](t))
	case U16:
		cast(dst, as[uint16](t))
	case U32:
		cast(dst, as[uint32](t))
	case U64:
		cast(dst, as[uint64](t))
	default:
		return false
	}
	return true
}

// Float64s returns the elements as float64: exact for all but 64-bit integers, which round once; true is 1. Complex numbers and
// strings panic.
func (t *Tensor) Float64s() []float64 {
	dst := make([]float64, t.Len())
	switch {
	case t.dtype == F32:
		cast(dst, as[float32](t))
	case t.dtype == F64:
		copy(dst, as[float64](t))
	case !castInts(dst, t):
		for i := range dst {
			dst[i] = t.Float64At(i)
		}
	}
	return dst
}

// Int64s returns the elements as int64: u64 wraps, floats lose their fraction, then saturate, and NaN is 0; true is 1. Complex
// numbers and strings panic.
func (t *Tensor) Int64s() []int64 {
	dst := make([]int64, t.Len())
	if !castInts(dst, t) {
		for i := range dst {
			dst[i] = t.Int64At(i)
		}
	}
	return dst
}

// Complex128s returns the elements as complex128; real numbers have no imaginary part. Strings panic.
func (t *Tensor) Complex128s() []complex128 {
	dst := make([]complex128, t.Len())
	switch t.dtype {
	case C64:
		for i, v := range as[complex64](t) {
			dst[i] = complex128(v)
		}
	case C128:
		copy(dst, as[complex128](t))
	default:
		for i, v := range t.Float64s() {
			dst[i] = complex(v, 0)
		}
	}
	return dst
}

// Float64At returns element i, in row-major order, as Float64s does.
func (t *Tensor) Float64At(i int) float64 {
	switch t.dtype {
	case F32:
		return float64(as[float32](t)[i])
	case F64:
		return as[float64](t)[i]
	case U64:
		return float64(as[uint64](t)[i])
	case F8E8M0:
		return decodeE8M0(t.data[i])
	}
	if f := t.dtype.format(); f != nil {
		return f.decode(t.bits(i))
	}
	return float64(t.Int64At(i))
}

// bits returns the bits of element i of a type of at most 16 bits.
func (t *Tensor) bits(i int) uint16 {
	switch t.dtype.Bits() {
	case 16:
		return as[uint16](t)[i]
	case 8:
		return uint16(t.data[i])
	}
	return uint16(t.Packed(i))
}

// Int64At returns element i, in row-major order, as Int64s does.
func (t *Tensor) Int64At(i int) int64 {
	switch t.dtype {
	case I8:
		return int64(int8(t.data[i]))
	case I16:
		return int64(as[int16](t)[i])
	case I32:
		return int64(as[int32](t)[i])
	case I64, U64:
		return as[int64](t)[i]
	case U8:
		return int64(t.data[i])
	case U16:
		return int64(as[uint16](t)[i])
	case U32:
		return int64(as[uint32](t)[i])
	case Bool:
		if t.data[i] != 0 {
			return 1
		}
		return 0
	case U4, U2:
		return int64(t.Packed(i))
	case I4:
		return int64(int8(t.Packed(i)<<4) >> 4)
	case I2:
		return int64(int8(t.Packed(i)<<6) >> 6)
	}
	if !t.dtype.IsFloat() {
		panic(fmt.Sprintf("tensor: an element of %v is not a real number", t.dtype))
	}
	return truncate(t.Float64At(i))
}

// truncate drops v's fraction and saturates; NaN is 0. Go leaves such conversions to the processor, so they differ between machines.
func truncate(v float64) int64 {
	switch {
	case v != v:
		return 0
	case v >= 1<<63:
		return math.MaxInt64
	case v < -1<<63:
		return math.MinInt64
	}
	return int64(v)
}

// Packed returns the bits of element i of a tensor whose elements are two, four or six bits wide.
func (t *Tensor) Packed(i int) uint8 {
	bits := t.dtype.Bits()
	p, shift := i*bits/8, i*bits%8
	b := t.data[p] >> shift
	if shift+bits > 8 {
		b |= t.data[p+1] << (8 - shift)
	}
	return b & (1<<bits - 1)
}

// SetPacked sets element i of a tensor whose elements are two, four or six bits wide to the low bits of b.
func (t *Tensor) SetPacked(i int, b uint8) {
	bits := t.dtype.Bits()
	p, shift, mask := i*bits/8, i*bits%8, uint8(1<<bits-1)
	b &= mask
	t.data[p] = t.data[p]&^(mask<<shift) | b<<shift
	if shift+bits > 8 {
		t.data[p+1] = t.data[p+1]&^(mask>>(8-shift)) | b>>(8-shift)
	}
}
