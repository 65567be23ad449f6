package cpu

import (
	"unsafe"

	"github.com/cameo-onnx/cameo/ir/tensor"
)

const (
	hugePage   = 2 << 20
	firstBlock = 256 << 10
	lastBlock  = 32 << 20
)

// blocks lays packed weights out one after the other in large blocks. The zero value is ready.
type blocks struct {
	free  []byte // of the current block
	given int    // bytes so far
}

// tensor returns a tensor of n zeros.
func (b *blocks) tensor(d tensor.DType, n int) *tensor.Tensor {
	bytes, _ := tensor.ByteSize(d, []int{n})
	t, err := tensor.FromBytes(d, b.bytes(bytes), []int{n})
	if err != nil {
		panic(err) // the bytes are as many as the type asks for
	}
	return t
}

// bytes returns n zeroed bytes that start at a multiple of 64.
func (b *blocks) bytes(n int) []byte {
	room := (n + 63) &^ 63
	if room > len(b.free) {
		b.free = pages(max(room, min(max(b.given, firstBlock), lastBlock)))
	}
	b.given += room
	got := b.free[:n:n]
	b.free = b.free[room:]
	return got
}

// pages returns n zeroed bytes that start at a multiple of 64. Where they are many, the system is
// asked for huge pages: a matrix product of few rows streams its weights, and with pages of 4 KiB
// spends up to a fifth of its time on addresses.
func pages(n int) []byte {
	if n < hugePage {
		return tensor.Aligned(n)
	}
	b := make([]byte, n+hugePage-1)
	off := int(-uintptr(unsafe.Pointer(unsafe.SliceData(b))) & (hugePage - 1))
	b = b[off : off+n : off+n]
	adviseHuge(b)
	return b
}
