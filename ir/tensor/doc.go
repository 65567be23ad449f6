// Package tensor holds typed, dense, row-major arrays of every ONNX element type, and converts between those types. It does no arithmetic.
//
// A Tensor is an element type, sizes and bytes: little-endian, 64-byte aligned where this package allocates them, and packed, low bits
// first, where elements are narrower than a byte. Strings stand apart, as Go strings. Data gives the elements as a slice of their Go
// type without copying; Float64s, Int64s and Complex128s copy and widen; FromFloat64s, FromInt64s and FromComplex128s go back.
//
// Every conversion rounds once, to nearest even (f8e8m0 has modes of its own), subnormals included, and gives the same bits on every
// machine: what C and Go leave to the processor, such as a float beyond an integer's range, is fixed here. Convert has the rules of
// ONNX's Cast.
//
// Types and sizes of a model must pass ByteSize before New sees them: New panics where they are illegal.
package tensor
