package tensor

import (
	"fmt"
	"math"
)

// Convert returns t's elements as type to, by the rules of ONNX's Cast. saturate applies to the 8-bit floats alone, round to f8e8m0 alone.
// Floats lose their fraction on the way to integers; what is beyond an integer's range, which ONNX leaves undefined, is as [Wrap] has it.
// Converting to t's own type copies. It is an error to convert a complex number to a real one, or a string that is not a number.
func Convert(t *Tensor, to DType, saturate bool, round Rounding) (*Tensor, error) {
	switch from := t.dtype; {
	case !to.Valid() || !from.Valid():
		return nil, fmt.Errorf("tensor: convert %v to %v", from, to)
	case from == to:
		return t.Clone(), nil
	case to == String:
		return printStrings(t), nil
	case from == String:
		return parseStrings(t, to, saturate, round)
	case from.IsComplex() && !to.IsComplex():
		return nil, fmt.Errorf("tensor: convert %v to %v: a complex number is not a real one", from, to)
	case from.IsComplex():
		return FromComplex128s(to, t.Complex128s(), t.dims...), nil
	}
	out := New(to, t.dims...)
	if convertCommon(out, t) {
		return out, nil
	}
	switch {
	case to.isNarrowFloat():
		for i := range t.Len() {
			out.setNarrow(i, t.oddAt(i), saturate, round)
		}
	case t.dtype == U64 && (to == F32 || to == C64):
		for i, v := range as[uint64](t) {
			out.SetFloat64At(i, float64(float32(v)))
		}
	case t.dtype.IsFloat() && to.IsInt():
		for i := range t.Len() {
			if v := t.Float64At(i); v == v || t.dtype != F8E8M0 { // f8e8m0 has no sign for the least number, and gives 0
				out.SetInt64At(i, Wrap(v, to))
			}
		}
	case t.dtype.IsFloat(), to == F64 || to == C128:
		for i := range t.Len() {
			out.SetFloat64At(i, t.Float64At(i))
		}
	default:
		for i := range t.Len() {
			out.SetInt64At(i, t.Int64At(i))
		}
	}
	return out, nil
}

// convertCommon does the pairs that models use most, and reports whether it did.
func convertCommon(out, t *Tensor) bool {
	switch [2]DType{t.dtype, out.dtype} {
	case [2]DType{F32, F64}:
		cast(as[float64](out), as[float32](t))
	case [2]DType{F64, F32}:
		cast(as[float32](out), as[float64](t))
	case [2]DType{I64, I32}:
		cast(as[int32](out), as[int64](t))
	case [2]DType{I32, I64}:
		cast(as[int64](out), as[int32](t))
	case [2]DType{I64, F32}:
		cast(as[float32](out), as[int64](t))
	case [2]DType{I32, F32}:
		cast(as[float32](out), as[int32](t))
	case [2]DType{F32, F16}:
		for i, dst := 0, as[Float16](out); i < len(dst); i++ {
			dst[i] = ToFloat16(as[float32](t)[i])
		}
	case [2]DType{F16, F32}:
		for i, dst := 0, as[float32](out); i < len(dst); i++ {
			dst[i] = as[Float16](t)[i].Float32()
		}
	default:
		return false
	}
	return true
}

// oddAt is Float64At, but 64-bit integers round to odd, so that rounding again to a narrow float equals rounding once.
func (t *Tensor) oddAt(i int) float64 {
	switch t.dtype {
	case I64:
		return oddFloat64(as[int64](t)[i])
	case U64:
		v := as[uint64](t)[i]
		if v>>53 != 0 && v&0x7ff != 0 {
			v = v&^0x7ff | 0x800
		}
		return float64(v)
	}
	return t.Float64At(i)
}

// setNarrow sets element i of a float type of at most 16 bits.
func (t *Tensor) setNarrow(i int, v float64, saturate bool, round Rounding) {
	if t.dtype == F8E8M0 {
		t.data[i] = encodeE8M0(v, saturate, round)
		return
	}
	t.setBits(i, t.dtype.format().encode(v, saturate && t.dtype.Bits() == 8))
}

// Wrap drops v's fraction and returns the bits of an integer of type d, sign-extended or not, of which d keeps the low ones. Beyond d's
// range it is what an x86 processor's conversions make of it, and with it NumPy and ONNX Runtime: types of up to 16 bits and i32 go by
// way of 32 bits and i64 of 64, and what these cannot hold, NaN included, is their least number; u32 and u64 are the signed types' bits
// below the sign's place, and what is too great is 0.
func Wrap(v float64, d DType) int64 {
	switch {
	case d == U32 && v >= 1<<31, d == U64 && v >= 1<<63:
		if v < math.Ldexp(1, d.Bits()) {
			return int64(uint64(v))
		}
		return 0
	case d.Bits() <= 32:
		if v > -1<<31-1 && v < 1<<31 {
			return int64(v)
		}
		return math.MinInt32
	case v >= -1<<63 && v < 1<<63:
		return int64(v)
	}
	return math.MinInt64
}
