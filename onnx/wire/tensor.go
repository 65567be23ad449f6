package wire

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unsafe"

	"github.com/cameo-onnx/cameo/ir/tensor"
)

// A TensorError says which TensorProto could not be read, and why. It unwraps to ErrFormat, or to the error of whoever fetches external
// data.
type TensorError struct {
	Name string
	Err  error
}

func (e *TensorError) Error() string { return "tensor " + Quote(e.Name) + ": " + e.Err.Error() }

// Unwrap returns the reason.
func (e *TensorError) Unwrap() error { return e.Err }

// formatError is a reason that is an ErrFormat without saying so at length.
type formatError string

func (e formatError) Error() string { return string(e) }
func (formatError) Unwrap() error   { return ErrFormat }

func formatf(format string, args ...any) error { return formatError(fmt.Sprintf(format, args...)) }

// Tensor returns t's elements as a tensor of t's element type and sizes. It aliases t's arrays, and through them the file, where they
// are aligned and hold the elements as they lie in memory.
//
// For a tensor whose data lie in another file it calls external with the location as the model spells it, which may be hostile, and
// with the range that is asked for: its length is exactly that of the elements, and external must return that many bytes. A nil
// external refuses such tensors.
//
// All sizes are checked before anything is allocated. The error is a *TensorError; errors.Is(err, ErrFormat) unless external failed.
func (t *Tensor) Tensor(external External) (*tensor.Tensor, error) {
	v, err := t.read(external)
	if err != nil {
		return nil, &TensorError{Name: t.Name, Err: err}
	}
	return v, nil
}

func (t *Tensor) read(external External) (*tensor.Tensor, error) {
	if t.DataType < 0 || t.DataType > math.MaxUint8 || !tensor.DType(t.DataType).Valid() {
		return nil, formatf("element type %d is unknown", t.DataType)
	}
	if t.Segment != nil {
		return nil, formatf("segments of tensors are not supported")
	}
	e := elems{dtype: tensor.DType(t.DataType), dims: make([]int, len(t.Dims))}
	for i, d := range t.Dims {
		if d < 0 || d > math.MaxInt {
			return nil, formatf("size %d of dimension %d is out of range", d, i)
		}
		e.dims[i] = int(d)
	}
	var ok bool
	if e.bytes, ok = tensor.ByteSize(e.dtype, e.dims); !ok {
		return nil, formatf("%s has too many elements", &e)
	}
	e.count, _ = tensor.Count(e.dims)
	field, n, err := t.source()
	if err != nil {
		return nil, err
	}
	switch {
	case t.DataLocation == LocationExternal:
		if field != "" {
			return nil, formatf("both external data and %s", field)
		}
		return t.readExternal(&e, external)
	case t.DataLocation != LocationDefault:
		return nil, formatf("data location %d is unknown", t.DataLocation)
	case field == "" && e.count > 0:
		return nil, formatf("no data for %s", &e)
	case field == "":
		return tensor.New(e.dtype, e.dims...), nil
	case field == "raw_data" && e.dtype == tensor.String:
		return nil, formatf("raw_data cannot hold strings")
	case field == "raw_data":
		return e.fromBytes(field, t.Raw)
	}
	want, perField := e.typedField()
	if field != want {
		return nil, formatf("%s instead of %s for %s", field, want, &e)
	}
	if n != perField {
		return nil, formatf("%d entries of %s, want %d for %s", n, field, perField, &e)
	}
	return t.readTyped(&e)
}

// source returns the name and the length of the one field that holds data, or "".
func (t *Tensor) source() (field string, n int, err error) {
	for _, f := range [...]struct {
		name string
		n    int
	}{
		{"raw_data", len(t.Raw)}, {"float_data", len(t.Floats)}, {"int32_data", len(t.Int32s)}, {"int64_data", len(t.Int64s)},
		{"double_data", len(t.Doubles)}, {"uint64_data", len(t.Uint64s)}, {"string_data", len(t.Strings)},
	} {
		if f.n == 0 {
			continue
		}
		if field == "raw_data" { // some writers leave what they replaced behind; readers take the raw form
			break
		}
		if field != "" {
			return "", 0, formatf("both %s and %s", field, f.name)
		}
		field, n = f.name, f.n
	}
	return field, n, nil
}

// elems is what a tensor's data must be: checked sizes.
type elems struct {
	dtype        tensor.DType
	dims         []int
	count, bytes int
}

// String prints the type, and the first sizes of a tensor of absurd rank.
func (e *elems) String() string {
	var b strings.Builder
	b.WriteString(e.dtype.String() + "[")
	for i, d := range e.dims {
		if i > 0 {
			b.WriteByte(',')
		}
		if i == 8 && len(e.dims) > 9 {
			fmt.Fprintf(&b, "… %d sizes", len(e.dims))
			break
		}
		b.WriteString(strconv.Itoa(d))
	}
	return b.String() + "]"
}

// typedField returns the field that holds elements of the type where raw_data does not, and how many entries it must have.
func (e *elems) typedField() (string, int) {
	switch e.dtype {
	case tensor.F32:
		return "float_data", e.count
	case tensor.C64:
		return "float_data", 2 * e.count
	case tensor.F64:
		return "double_data", e.count
	case tensor.C128:
		return "double_data", 2 * e.count
	case tensor.I64:
		return "int64_data", e.count
	case tensor.U32, tensor.U64:
		return "uint64_data", e.count
	case tensor.String:
		return "string_data", e.count
	}
	if e.dtype.Bits() <= 8 && e.dtype.Bits() != 6 { // an entry holds a byte, and with it up to four elements
		return "int32_data", e.bytes
	}
	return "int32_data", e.count
}

// fromBytes returns a tensor over b, or over a copy where b is not aligned, or not canonical: a bool is 0 or 1, and padding is 0.
func (e *elems) fromBytes(field string, b []byte) (*tensor.Tensor, error) {
	if len(b) != e.bytes {
		return nil, formatf("%d bytes of %s, want %d for %s", len(b), field, e.bytes, e)
	}
	used := e.count * (e.dtype.Bits() % 8) % 8 // bits of the last byte; 0 means all
	padded := used != 0 && b[len(b)-1]>>used != 0
	if padded || e.dtype == tensor.Bool && !isBool(b) {
		c := tensor.Aligned(len(b))
		copy(c, b)
		b = c
	}
	if padded {
		b[len(b)-1] &= 1<<used - 1
	}
	if e.dtype == tensor.Bool && !isBool(b) {
		for i, v := range b {
			b[i] = min(v, 1)
		}
	}
	v, err := tensor.FromBytes(e.dtype, b, e.dims)
	if err != nil {
		return nil, formatError(err.Error())
	}
	return v, nil
}

func isBool(b []byte) bool {
	for _, v := range b {
		if v > 1 {
			return false
		}
	}
	return true
}

// readTyped reads the field that typedField names, whose length is right.
func (t *Tensor) readTyped(e *elems) (*tensor.Tensor, error) {
	switch e.dtype {
	case tensor.F32, tensor.C64:
		return e.fromBytes("float_data", bytesOf(t.Floats))
	case tensor.F64, tensor.C128:
		return e.fromBytes("double_data", bytesOf(t.Doubles))
	case tensor.I64:
		return e.fromBytes("int64_data", bytesOf(t.Int64s))
	case tensor.U64:
		return e.fromBytes("uint64_data", bytesOf(t.Uint64s))
	case tensor.I32:
		return e.fromBytes("int32_data", bytesOf(t.Int32s))
	case tensor.String:
		v := tensor.New(tensor.String, e.dims...)
		for i, s := range t.Strings {
			v.Strings()[i] = string(s)
		}
		return v, nil
	case tensor.U32:
		b := tensor.Aligned(e.bytes)
		out := view[uint32](b)
		for i, v := range t.Uint64s {
			if v > math.MaxUint32 {
				return nil, formatf("uint64_data[%d] is %d, which is not a %v", i, v, e.dtype)
			}
			out[i] = uint32(v)
		}
		return e.fromBytes("uint64_data", b)
	}
	if e.dtype.Bits() == 6 {
		v := tensor.New(e.dtype, e.dims...)
		for i, x := range t.Int32s {
			if x < 0 || x >= 1<<6 {
				return nil, formatf("int32_data[%d] is %d, which is not a %v", i, x, e.dtype)
			}
			v.SetPacked(i, uint8(x))
		}
		return v, nil
	}
	b := tensor.Aligned(e.bytes)
	var bad int
	if e.dtype.Bits() == 16 {
		bad = narrow(view[uint16](b), t.Int32s, 16)
	} else {
		bad = narrow(b, t.Int32s, 8)
	}
	if bad >= 0 {
		return nil, formatf("int32_data[%d] is %d, which is not a %v", bad, t.Int32s[bad], e.dtype)
	}
	return e.fromBytes("int32_data", b)
}

// narrow keeps the low bits of each entry of in. It returns the index of the first that holds more than sign and that many bits, or -1.
func narrow[T uint8 | uint16](out []T, in []int32, bits int) int {
	for i, v := range in {
		if v < -1<<(bits-1) || v >= 1<<bits {
			return i
		}
		out[i] = T(v)
	}
	return -1
}

// bytesOf returns the memory of s.
func bytesOf[T any](s []T) []byte {
	var v T
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(s))), len(s)*int(unsafe.Sizeof(v)))
}

// view returns b, which is aligned, as elements.
func view[T any](b []byte) []T {
	var v T
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(b))), len(b)/int(unsafe.Sizeof(v)))
}

// FromTensor returns t as a TensorProto that shares its memory: raw_data, or string_data for strings.
func FromTensor(name string, t *tensor.Tensor) *Tensor {
	p := &Tensor{Name: name, DataType: int32(t.DType()), Dims: make([]int64, t.Rank())}
	for i, d := range t.Dims() {
		p.Dims[i] = int64(d)
	}
	if t.DType() == tensor.String {
		p.Strings = make([][]byte, t.Len())
		for i, s := range t.Strings() {
			p.Strings[i] = []byte(s)
		}
		return p
	}
	p.Raw, p.HasRaw = t.Bytes(), true
	return p
}
