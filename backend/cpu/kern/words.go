package kern

import (
	"math/bits"
	"unsafe"
)

// A word is what movement takes elements for: bits of their size.
type word interface {
	uint8 | uint16 | uint32 | uint64 | [2]uint64
}

// A perWord holds what a kernel has for elements of 1, 2, 4, 8 and 16 bytes, in this order.
type perWord[T any] [5]T

// of returns what there is for elements of so many bytes, which must be one of those numbers.
func (t *perWord[T]) of(size int) T { return t[bits.TrailingZeros(uint(size))] }

// words views bytes as words, as many as fit.
func words[T word](b []byte) []T {
	var z T
	n := len(b) / int(unsafe.Sizeof(z))
	if n == 0 {
		return nil
	}
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(b))), n)
}

// asFloats views words as floats of the same bits, for kernels that only move them.
func asFloats(w []uint32) []float32 {
	return unsafe.Slice((*float32)(unsafe.Pointer(unsafe.SliceData(w))), len(w))
}
