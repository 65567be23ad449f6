package op

import (
	"slices"
	"unsafe"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// movable is the element types of ONNX's first sixteen opsets, which most ops that only move elements accept.
const movable = "num|complex|bool|str"

// lanes is the elements of a tensor as things to be moved, whatever they mean; two lanes that meet hold the same element type.
type lanes interface {
	// view sets all elements, those of a tensor of sizes dims, to the elements of src that lie at off and at multiples of strides.
	view(src lanes, dims, strides []int, off int)
	// blocks sets the elements to runs of n elements of src, one for each start; a negative start leaves its run as it is.
	blocks(src lanes, starts []int, n int)
	// grid sets the elements, those of a tensor whose sizes are the lengths of idx, to the elements of src at the sums of one offset of
	// each axis; where an offset is negative, elements stay as they are.
	grid(src lanes, idx [][]int)
	// put copies n elements of src from index j to index i.
	put(i int, src lanes, j, n int)
	// fill sets n elements from index i to element j of src.
	fill(i, n int, src lanes, j int)
}

type laneOf[T any] struct{ v []T }

func (l laneOf[T]) view(src lanes, dims, strides []int, off int) {
	if len(l.v) == 0 {
		return
	}
	dims, strides = mergeDims(dims, strides)
	copyView(l.v, src.(laneOf[T]).v, dims, strides, off)
}

func copyView[T any](dst, src []T, dims, strides []int, off int) []T {
	if len(dims) == 0 {
		dst[0] = src[off]
		return dst[1:]
	}
	n, st := dims[0], strides[0]
	if len(dims) > 1 {
		for range n {
			dst = copyView(dst, src, dims[1:], strides[1:], off)
			off += st
		}
		return dst
	}
	if st == 1 {
		copy(dst[:n], src[off:])
		return dst[n:]
	}
	for i := range dst[:n] {
		dst[i] = src[off]
		off += st
	}
	return dst[n:]
}

// mergeDims drops sizes of 1 and joins neighbours that one stride walks.
func mergeDims(dims, strides []int) (d, s []int) {
	for i, n := range dims {
		last := len(d) - 1
		switch {
		case n == 1:
		case last >= 0 && s[last] == strides[i]*n:
			d[last] *= n
			s[last] = strides[i]
		default:
			d, s = append(d, n), append(s, strides[i])
		}
	}
	return d, s
}

func (l laneOf[T]) blocks(src lanes, starts []int, n int) {
	v := src.(laneOf[T]).v
	if n == 1 {
		for i, s := range starts {
			if s >= 0 {
				l.v[i] = v[s]
			}
		}
		return
	}
	for i, s := range starts {
		if s >= 0 {
			copy(l.v[i*n:(i+1)*n], v[s:])
		}
	}
}

func (l laneOf[T]) grid(src lanes, idx [][]int) {
	if len(l.v) > 0 {
		copyGrid(l.v, src.(laneOf[T]).v, idx, 0)
	}
}

func copyGrid[T any](dst, src []T, idx [][]int, off int) {
	if len(idx) == 0 {
		dst[0] = src[off]
		return
	}
	if len(idx) == 1 {
		for i, j := range idx[0] {
			if j >= 0 {
				dst[i] = src[off+j]
			}
		}
		return
	}
	n := len(dst) / len(idx[0])
	for i, j := range idx[0] {
		if j >= 0 {
			copyGrid(dst[i*n:(i+1)*n], src, idx[1:], off+j)
		}
	}
}

func (l laneOf[T]) put(i int, src lanes, j, n int) {
	copy(l.v[i:i+n], src.(laneOf[T]).v[j:j+n])
}

func (l laneOf[T]) fill(i, n int, src lanes, j int) {
	x := src.(laneOf[T]).v[j]
	for k := range l.v[i : i+n] {
		l.v[i+k] = x
	}
}

// lanesOf returns the elements of t: t's own storage, except that elements below eight bits are unpacked into copies.
func lanesOf(t *tensor.Tensor) lanes {
	switch d := t.DType(); {
	case d == tensor.String:
		return laneOf[string]{t.Strings()}
	case d == tensor.C64:
		return lanesAs[[2]uint32](t)
	case d.Bits() < 8:
		return laneOf[uint8]{unpack(t)}
	case d.Bits() == 8:
		return laneOf[uint8]{t.Bytes()}
	case d.Bits() == 16:
		return lanesAs[uint16](t)
	case d.Bits() == 32:
		return lanesAs[uint32](t)
	case d.Bits() == 64:
		return lanesAs[uint64](t)
	}
	return lanesAs[[2]uint64](t)
}

func lanesAs[T any](t *tensor.Tensor) lanes {
	return laneOf[T]{unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(t.Bytes()))), t.Len())}
}

func unpack(t *tensor.Tensor) []uint8 {
	out := make([]uint8, t.Len())
	for i := range out {
		out[i] = t.Packed(i)
	}
	return out
}

// A draft is a tensor in the making.
type draft struct {
	lanes
	t *tensor.Tensor
}

// draftOf returns a zeroed tensor in the making, charged to the budget.
func draftOf(e *ir.Env, d tensor.DType, dims []int) (draft, error) {
	t, err := e.New(d, dims...)
	if err != nil {
		return draft{}, err
	}
	return draft{lanesOf(t), t}, nil
}

// done returns the tensor.
func (d draft) done() *tensor.Tensor {
	if bits := d.t.DType().Bits(); bits > 0 && bits < 8 {
		clear(d.t.Bytes())
		for i, x := range d.lanes.(laneOf[uint8]).v {
			d.t.SetPacked(i, x)
		}
	}
	return d.t
}

// viewOf returns a tensor of sizes dims whose elements are those of x at off and at multiples of strides.
func viewOf(e *ir.Env, x *tensor.Tensor, dims, strides []int, off int) (tensor.Value, error) {
	d, err := draftOf(e, x.DType(), dims)
	if err != nil {
		return nil, err
	}
	d.view(lanesOf(x), dims, strides, off)
	return d.done(), nil
}

// blocksOf returns a tensor of sizes dims that is made of runs of n elements of x, one for each start; a negative start is a run of zeros.
func blocksOf(e *ir.Env, x *tensor.Tensor, dims, starts []int, n int) (tensor.Value, error) {
	d, err := draftOf(e, x.DType(), dims)
	if err != nil {
		return nil, err
	}
	d.blocks(lanesOf(x), starts, n)
	return d.done(), nil
}

// copyOf returns a draft that starts as a copy of x.
func copyOf(e *ir.Env, x *tensor.Tensor) (draft, error) {
	d, err := draftOf(e, x.DType(), x.Dims())
	if err == nil {
		d.put(0, lanesOf(x), 0, x.Len())
	}
	return d, err
}

// indexSpace returns n integers to index with, charged to the budget.
func indexSpace(e *ir.Env, dims ...int) ([]int, error) {
	if err := e.Take(tensor.I64, dims); err != nil {
		return nil, err
	}
	n := count(dims)
	return make([]int, n), nil
}

// intsOf returns the elements of a tensor of integers or bools; nil where the operand is absent.
func intsOf(t *tensor.Tensor) []int {
	if t == nil {
		return nil
	}
	out := make([]int, t.Len())
	for i, x := range t.Int64s() {
		out[i] = int(x)
	}
	return out
}

// reshaped returns x with other sizes, which must have as many elements.
func reshaped(x *tensor.Tensor, dims []int) (tensor.Value, error) {
	if n, ok := tensor.Count(dims); !ok || n != x.Len() {
		return nil, errCount(x.Dims(), dims)
	}
	return x.Reshape(dims...), nil
}

// with returns dims with the size at axis replaced.
func with(dims []int, axis, n int) []int {
	out := slices.Clone(dims)
	out[axis] = n
	return out
}
