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

// wide is what elements widen to.
type wide interface{ float64 | int64 }

// as returns t's storage as elements of T, whose size must divide it.
func as[T any](t *Tensor) []T {
	var z T
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(t.data))), len(t.data)/int(unsafe.Sizeof(z)))
}

func widen[D wide, S number](dst []D, src []S) {
	for i, v := range src {
		dst[i] = D(v)
	}
}

// Float64s returns the elements as float64: exact for all but 64-bit integers, which round once; true is 1. Complex numbers and
// strings panic.
func (t *Tensor) Float64s() []float64 {
	dst := make([]float64, t.Len())
	switch t.dtype {
	case F32:
		widen(dst, as[float32](t))
	case F64:
		copy(dst, as[float64](t))
	case I8:
		widen(dst, as[int8](t))
	case I16:
		widen(dst, as[int16](t))
	case I32:
		widen(dst, as[int32](t))
	case I64:
		widen(dst, as[int64](t))
	case U8:
		widen(dst, as[uint8](t))
	case U16:
		widen(dst, as[uint16](t))
	case U32:
		widen(dst, as[uint32](t))
	case U64:
		widen(dst, as[uint64](t))
	default:
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
	switch t.dtype {
	case I8:
		widen(dst, as[int8](t))
	case I16:
		widen(dst, as[int16](t))
	case I32:
		widen(dst, as[int32](t))
	case I64:
		copy(dst, as[int64](t))
	case U8:
		widen(dst, as[uint8](t))
	case U16:
		widen(dst, as[uint16](t))
	case U32:
		widen(dst, as[uint32](t))
	case U64:
		widen(dst, as[uint64](t))
	default:
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
	case F16, BF16:
		return t.dtype.format().decode(as[uint16](t)[i])
	case F8E4M3FN, F8E4M3FNUZ, F8E5M2, F8E5M2FNUZ:
		return t.dtype.format().decode(uint16(t.data[i]))
	case F8E8M0:
		return Float8E8M0(t.data[i]).Float64()
	case F4E2M1, F6E2M3, F6E3M2:
		return t.dtype.format().decode(uint16(t.Packed(i)))
	}
	return float64(t.Int64At(i))
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

// format returns the layout of a float type of at most 16 bits other than f8e8m0, or nil.
func (d DType) format() *format {
	switch d {
	case F16:
		return &fmtF16
	case BF16:
		return &fmtBF16
	case F8E4M3FN:
		return &fmtF8E4M3FN
	case F8E4M3FNUZ:
		return &fmtF8E4M3FNUZ
	case F8E5M2:
		return &fmtF8E5M2
	case F8E5M2FNUZ:
		return &fmtF8E5M2FNUZ
	case F4E2M1:
		return &fmtF4E2M1
	case F6E2M3:
		return &fmtF6E2M3
	case F6E3M2:
		return &fmtF6E3M2
	}
	return nil
}
