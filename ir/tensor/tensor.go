package tensor

import (
	"fmt"
	"math"
	"unsafe"
)

// A Tensor is a dense row-major array. Its bytes are little-endian; types below eight bits are packed, low bits first.
type Tensor struct {
	dtype DType
	dims  []int
	data  []byte
	strs  []string
}

// Element is every Go type that an element type maps to. Types below eight bits have no Go type; use Int64s or Float64s.
type Element interface {
	float32 | float64 | int8 | int16 | int32 | int64 | uint8 | uint16 | uint32 | uint64 | bool | complex64 | complex128 |
		Float16 | BFloat16 | Float8E4M3FN | Float8E4M3FNUZ | Float8E5M2 | Float8E5M2FNUZ | Float8E8M0
}

// The narrow floating-point types by their bits.
type (
	Float16        uint16
	BFloat16       uint16
	Float8E4M3FN   uint8
	Float8E4M3FNUZ uint8
	Float8E5M2     uint8
	Float8E5M2FNUZ uint8
	Float8E8M0     uint8
)

// DTypeOf returns the element type that T stands for.
func DTypeOf[T Element]() DType {
	var z T
	switch any(z).(type) {
	case float32:
		return F32
	case float64:
		return F64
	case int8:
		return I8
	case int16:
		return I16
	case int32:
		return I32
	case int64:
		return I64
	case uint8:
		return U8
	case uint16:
		return U16
	case uint32:
		return U32
	case uint64:
		return U64
	case bool:
		return Bool
	case complex64:
		return C64
	case complex128:
		return C128
	case Float16:
		return F16
	case BFloat16:
		return BF16
	case Float8E4M3FN:
		return F8E4M3FN
	case Float8E4M3FNUZ:
		return F8E4M3FNUZ
	case Float8E5M2:
		return F8E5M2
	case Float8E5M2FNUZ:
		return F8E5M2FNUZ
	}
	return F8E8M0
}

// Count returns the number of elements of a tensor of the given sizes, and whether it is a legal count: sizes not negative, no overflow.
func Count(dims []int) (int, bool) {
	n, zero := 1, false
	for _, d := range dims {
		if d < 0 {
			return 0, false
		}
		if d == 0 {
			zero = true
			continue
		}
		if n > math.MaxInt/d {
			return 0, false
		}
		n *= d
	}
	if zero {
		return 0, true
	}
	return n, true
}

// ByteSize returns the storage of a tensor of the given type and sizes in bytes, and whether it is legal. Strings count 16 bytes each.
func ByteSize(d DType, dims []int) (int, bool) {
	n, ok := Count(dims)
	if !ok {
		return 0, false
	}
	bits := d.Bits()
	if d == String {
		bits = 128
	}
	if bits != 0 && n > (math.MaxInt-7)/bits {
		return 0, false
	}
	return (n*bits + 7) / 8, true
}

// New returns a zeroed tensor, its data 64-byte aligned. Sizes must have been checked with ByteSize and charged to a budget; illegal
// ones panic.
func New(d DType, dims ...int) *Tensor {
	size, ok := ByteSize(d, dims)
	if !ok || !d.Valid() {
		panic(fmt.Sprintf("tensor: New(%v, %v)", d, dims))
	}
	t := &Tensor{dtype: d, dims: append([]int(nil), dims...)}
	if d == String {
		n, _ := Count(dims)
		t.strs = make([]string, n)
		return t
	}
	t.data = Aligned(size)
	return t
}

// Aligned returns n zeroed bytes that start at a multiple of 64.
func Aligned(n int) []byte {
	b := make([]byte, n+63)
	off := int(-uintptr(unsafe.Pointer(unsafe.SliceData(b))) & 63)
	return b[off : off+n : off+n]
}

// FromBytes returns a tensor over data, which must be exactly as long as type and sizes ask. It shares data that is aligned
// for the element type's Go type, and copies other data.
func FromBytes(d DType, data []byte, dims []int) (*Tensor, error) {
	size, ok := ByteSize(d, dims)
	if !ok || !d.Valid() || d == String {
		return nil, fmt.Errorf("tensor: %v%v is not a tensor of bytes", d, dims)
	}
	if size != len(data) {
		return nil, fmt.Errorf("tensor: %v%v takes %d bytes, not %d", d, dims, size, len(data))
	}
	if align := d.align(); uintptr(unsafe.Pointer(unsafe.SliceData(data)))%align != 0 {
		data = append(Aligned(size)[:0], data...)
	}
	return &Tensor{dtype: d, dims: append([]int(nil), dims...), data: data}, nil
}

// Of returns a tensor over data, which it shares. Without sizes it has rank 1; with sizes their product must be len(data), or Of panics.
func Of[T Element](data []T, dims ...int) *Tensor {
	if len(dims) == 0 {
		dims = []int{len(data)}
	}
	if n, ok := Count(dims); !ok || n != len(data) {
		panic(fmt.Sprintf("tensor: %d elements for sizes %v", len(data), dims))
	}
	var z T
	b := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(data))), len(data)*int(unsafe.Sizeof(z)))
	return &Tensor{dtype: DTypeOf[T](), dims: append([]int(nil), dims...), data: b}
}

// Scalar returns a tensor of rank 0.
func Scalar[T Element](v T) *Tensor {
	t := New(DTypeOf[T]())
	Data[T](t)[0] = v
	return t
}

// OfStrings returns a tensor of strings over data, which it shares.
func OfStrings(data []string, dims ...int) *Tensor {
	if len(dims) == 0 {
		dims = []int{len(data)}
	}
	if n, ok := Count(dims); !ok || n != len(data) {
		panic(fmt.Sprintf("tensor: %d strings for sizes %v", len(data), dims))
	}
	return &Tensor{dtype: String, dims: append([]int(nil), dims...), strs: data}
}

// DType returns the element type.
func (t *Tensor) DType() DType { return t.dtype }

// Dims returns the sizes; the caller must not change them.
func (t *Tensor) Dims() []int { return t.dims }

// Rank returns the number of sizes.
func (t *Tensor) Rank() int { return len(t.dims) }

// Len returns the number of elements.
func (t *Tensor) Len() int { n, _ := Count(t.dims); return n }

// Bytes returns the storage itself; nil for strings.
func (t *Tensor) Bytes() []byte { return t.data }

// Strings returns the elements of a tensor of strings; nil for others.
func (t *Tensor) Strings() []string { return t.strs }

// Data returns the elements themselves. T must be the Go type of t's element type; anything else panics.
func Data[T Element](t *Tensor) []T {
	if DTypeOf[T]() != t.dtype {
		panic(fmt.Sprintf("tensor: Data[%v] of a tensor of %v", DTypeOf[T](), t.dtype))
	}
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(t.data))), t.Len())
}

// Reshape returns a tensor of other sizes over the same storage; the element counts must agree, or it panics.
func (t *Tensor) Reshape(dims ...int) *Tensor {
	if n, ok := Count(dims); !ok || n != t.Len() {
		panic(fmt.Sprintf("tensor: reshape %v to %v", t.dims, dims))
	}
	return &Tensor{dtype: t.dtype, dims: append([]int(nil), dims...), data: t.data, strs: t.strs}
}

// Clone returns a copy with storage of its own.
func (t *Tensor) Clone() *Tensor {
	c := New(t.dtype, t.dims...)
	copy(c.data, t.data)
	copy(c.strs, t.strs)
	return c
}

// A Value is what an edge of a graph carries: *Tensor, *Sequence, *Optional or *Map.
type Value interface{ value() }

func (*Tensor) value()   {}
func (*Sequence) value() {}
func (*Optional) value() {}
func (*Map) value()      {}

// A Sequence is an ordered list of values of one type.
type Sequence struct{ Elems []Value }

// An Optional holds a value or, where Elem is nil, none.
type Optional struct{ Elem Value }

// A Map associates keys, a rank-1 tensor of integers or strings, with values: a rank-1 tensor of the same length.
type Map struct{ Keys, Values *Tensor }
