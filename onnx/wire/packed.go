package wire

import (
	"encoding/binary"
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

// floats reads a repeated field of floats, packed or not; one reads a single number. A packed field that is aligned and alone aliases
// the data.
func floats[T float32 | float64](r *reader, field string, s *[]T, one func(*reader, string) T) {
	if r.typ != protowire.BytesType {
		push(r, s, one(r, field))
		return
	}
	size := int(unsafe.Sizeof(T(0)))
	b := r.elements(field, size)
	n := len(b) / size
	if n == 0 {
		return
	}
	if p := unsafe.SliceData(b); len(*s) == 0 && littleEndian && uintptr(unsafe.Pointer(p))%uintptr(size) == 0 {
		*s = unsafe.Slice((*T)(unsafe.Pointer(p)), n)
		return
	}
	if !reserve(r, s, n) {
		return
	}
	old := len(*s)
	*s = (*s)[:old+n]
	binary.Decode(b, binary.LittleEndian, (*s)[old:]) // of the right length, so that it cannot fail
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
