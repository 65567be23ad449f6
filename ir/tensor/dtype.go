package tensor

// DType is an element type. The numbers are those of ONNX's TensorProto.DataType.
type DType uint8

// The element types of ONNX. Sub-byte types are packed, low bits first; those of six bits run across bytes.
const (
	Invalid    DType = 0
	F32        DType = 1
	U8         DType = 2
	I8         DType = 3
	U16        DType = 4
	I16        DType = 5
	I32        DType = 6
	I64        DType = 7
	String     DType = 8
	Bool       DType = 9
	F16        DType = 10
	F64        DType = 11
	U32        DType = 12
	U64        DType = 13
	C64        DType = 14
	C128       DType = 15
	BF16       DType = 16
	F8E4M3FN   DType = 17
	F8E4M3FNUZ DType = 18
	F8E5M2     DType = 19
	F8E5M2FNUZ DType = 20
	U4         DType = 21
	I4         DType = 22
	F4E2M1     DType = 23
	F8E8M0     DType = 24
	U2         DType = 25
	I2         DType = 26
	F6E2M3     DType = 27
	F6E3M2     DType = 28
	numDTypes        = 29
)

// class groups the element types that arithmetic treats alike.
type class uint8

const (
	classNone class = iota
	classFloat
	classInt
	classUint
	classBool
	classComplex
	classString
)

var dtypes = [256]struct { // every number, so that none that a file holds is out of range
	name  string // in IR text
	bits  int    // of one element; 0 for strings
	class class
}{
	Invalid:    {"invalid", 0, classNone},
	F32:        {"f32", 32, classFloat},
	U8:         {"u8", 8, classUint},
	I8:         {"i8", 8, classInt},
	U16:        {"u16", 16, classUint},
	I16:        {"i16", 16, classInt},
	I32:        {"i32", 32, classInt},
	I64:        {"i64", 64, classInt},
	String:     {"str", 0, classString},
	Bool:       {"bool", 8, classBool},
	F16:        {"f16", 16, classFloat},
	F64:        {"f64", 64, classFloat},
	U32:        {"u32", 32, classUint},
	U64:        {"u64", 64, classUint},
	C64:        {"c64", 64, classComplex},
	C128:       {"c128", 128, classComplex},
	BF16:       {"bf16", 16, classFloat},
	F8E4M3FN:   {"f8e4m3fn", 8, classFloat},
	F8E4M3FNUZ: {"f8e4m3fnuz", 8, classFloat},
	F8E5M2:     {"f8e5m2", 8, classFloat},
	F8E5M2FNUZ: {"f8e5m2fnuz", 8, classFloat},
	U4:         {"u4", 4, classUint},
	I4:         {"i4", 4, classInt},
	F4E2M1:     {"f4e2m1", 4, classFloat},
	F8E8M0:     {"f8e8m0", 8, classFloat},
	U2:         {"u2", 2, classUint},
	I2:         {"i2", 2, classInt},
	F6E2M3:     {"f6e2m3", 6, classFloat},
	F6E3M2:     {"f6e3m2", 6, classFloat},
}

// Valid reports whether d is one of the types above other than Invalid.
func (d DType) Valid() bool { return d > Invalid && d < numDTypes }

// String returns d's name in IR text, such as "f32".
func (d DType) String() string {
	if !d.Valid() {
		return "invalid"
	}
	return dtypes[d].name
}

// Bits returns the size of one element in bits; 0 for strings.
func (d DType) Bits() int { return dtypes[d].bits }

// align returns the alignment in bytes that d's Go type needs.
func (d DType) align() uintptr {
	n := d.Bits() / 8
	if d.IsComplex() {
		n /= 2
	}
	return uintptr(max(n, 1))
}

// IsFloat reports whether d is a real floating-point type of any width.
func (d DType) IsFloat() bool { return dtypes[d].class == classFloat }

// IsInt reports whether d is a signed or unsigned integer type.
func (d DType) IsInt() bool { return dtypes[d].class == classInt || dtypes[d].class == classUint }

// IsSigned reports whether d is a signed integer type.
func (d DType) IsSigned() bool { return dtypes[d].class == classInt }

// IsComplex reports whether d is a complex type.
func (d DType) IsComplex() bool { return dtypes[d].class == classComplex }

// ParseDType returns the type that IR text calls name, or Invalid.
func ParseDType(name string) DType {
	for d := F32; d < numDTypes; d++ {
		if dtypes[d].name == name {
			return d
		}
	}
	return Invalid
}
