package kern

// A DType is the type of an operand's elements, where a kernel takes several.
type DType uint8

const (
	Float32 DType = iota
	Float64
	Int8
	Int16
	Int32
	Int64
	Uint8
	Uint16
	Uint32
	Uint64
	Bool    // one byte, 0 or 1
	Float16 // this and the next are taken by casts and pointwise programs alone
	BFloat16
	numDTypes
)

var dtypeSizes = [numDTypes]int{4, 8, 1, 2, 4, 8, 1, 2, 4, 8, 1, 2, 2}

// A perType holds what a kernel has for each type that kernels compute with, in the order of the
// constants: all but the floats of 16 bits. Bools are computed with as uint8.
type perType[T any] [Float16]T

// Size returns the bytes of one element.
func (d DType) Size() int { return dtypeSizes[d] }
