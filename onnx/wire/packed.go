package wire

import (
	"encoding/binary"
	"math"
	"unsafe"

	"google.golang.org/protobuf/encoding/protowire"
)

// littleEndian reports whether numbers lie in memory as they do in a file.
var littleEndian = binary.NativeEndian.Uint16([]byte{1, 0}) == 1

// reserve makes room for n more elements, charged in full; it reports whether the budget had it.
func reserve[T any](r *reader, s *[]T, n int) bool {
	if n <= cap(*s)-len(*s) {
		return r.err == nil
	}
	var v T
	if n < len(*s) {
		n = len(*s) // many short runs must not copy the array once each
	}
	if !r.charge(r.at, len(*s)+n, int(unsafe.Sizeof(v))) {
		return false
	}
	grown := make([]T, len(*s), len(*s)+n)
	copy(grown, *s)
	*s = grown
	return true
}

// varints reads a repeated integer field, packed or not.
func varints[T int32 | int64 | uint64](r *reader, field string, s *[]T) {
	if r.typ != protowire.BytesType {
		push(r, s, T(r.varint(field)))
		return
	}
	pos, end, ok := r.body(field)
	if !ok {
		return
	}
	b := r.data[pos:end]
	n := 0
	for _, c := range b {
		if c < 0x80 {
			n++
		}
	}
	if n == 0 && len(b) == 0 || !reserve(r, s, n) {
		return
	}
	out := *s
	for len(b) > 0 {
		v, n := protowire.ConsumeVarint(b)
		if n < 0 {
			r.fail(ErrFormat, end-len(b), field, "a number is malformed or cut short")
			return
		}
		b = b[n:]
		out = append(out, T(v))
	}
	*s = out
}

// float32s reads a repeated float field, packed or not. A packed one that is aligned and alone aliases the data.
func float32s(r *reader, field string, s *[]float32) {
	if r.typ != protowire.BytesType {
		push(r, s, r.float32(field))
		return
	}
	b := r.elements(field, 4)
	n := len(b) / 4
	if n == 0 {
		return
	}
	if p := unsafe.SliceData(b); len(*s) == 0 && littleEndian && uintptr(unsafe.Pointer(p))%4 == 0 {
		*s = unsafe.Slice((*float32)(unsafe.Pointer(p)), n)
		return
	}
	if !reserve(r, s, n) {
		return
	}
	for ; len(b) > 0; b = b[4:] {
		*s = append(*s, math.Float32frombits(binary.LittleEndian.Uint32(b)))
	}
}

// float64s reads a repeated double field, packed or not. A packed one that is aligned and alone aliases the data.
func float64s(r *reader, field string, s *[]float64) {
	if r.typ != protowire.BytesType {
		if !r.is(field, protowire.Fixed64Type) {
			return
		}
		v, n := protowire.ConsumeFixed64(r.data[r.pos:r.end])
		if n < 0 {
			r.fail(ErrFormat, r.at, field, "the number is cut short")
			return
		}
		r.pos += n
		push(r, s, math.Float64frombits(v))
		return
	}
	b := r.elements(field, 8)
	n := len(b) / 8
	if n == 0 {
		return
	}
	if p := unsafe.SliceData(b); len(*s) == 0 && littleEndian && uintptr(unsafe.Pointer(p))%8 == 0 {
		*s = unsafe.Slice((*float64)(unsafe.Pointer(p)), n)
		return
	}
	if !reserve(r, s, n) {
		return
	}
	for ; len(b) > 0; b = b[8:] {
		*s = append(*s, math.Float64frombits(binary.LittleEndian.Uint64(b)))
	}
}

// elements returns a packed field of elements of size bytes.
func (r *reader) elements(field string, size int) []byte {
	b := r.blob(field)
	if len(b)%size != 0 {
		r.fail(ErrFormat, r.at, field, "%d bytes are not a whole number of elements of %d bytes", len(b), size)
		return nil
	}
	return b
}
