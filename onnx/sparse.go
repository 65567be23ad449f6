package onnx

import (
	"fmt"
	"math"
	"slices"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
	"github.com/cameo-onnx/cameo/onnx/wire"
)

// A model's sparse tensors may become dense ones of denseFree bytes, and of densePerByte more for each byte of their values.
const (
	denseFree    = 1 << 20
	densePerByte = 256
)

// sparse turns a sparse tensor in coordinate form into a dense one.
func (im *importer) sparse(sp *wire.SparseTensor) (*tensor.Tensor, error) {
	external := im.opts.External
	if sp.Values == nil || sp.Indices == nil {
		return nil, fmt.Errorf("%w: values or indices are missing", wire.ErrFormat)
	}
	values, err := sp.Values.Tensor(external)
	if err != nil {
		return nil, err
	}
	indices, err := sp.Indices.Tensor(external)
	if err != nil {
		return nil, err
	}
	dims := make([]int, len(sp.Dims))
	for i, d := range sp.Dims {
		if d < 0 || d > math.MaxInt {
			return nil, fmt.Errorf("%w: size %d of dimension %d", wire.ErrFormat, d, i)
		}
		dims[i] = int(d)
	}
	size, ok := tensor.ByteSize(values.DType(), dims)
	if !ok || size > 1<<28 || values.DType().Bits()%8 != 0 || values.DType() == tensor.String {
		return nil, fmt.Errorf("%w: a dense tensor of %v%v", ir.ErrUnsupported, values.DType(), dims)
	}
	if im.dense += size - densePerByte*len(values.Bytes()); im.dense > denseFree {
		return nil, fmt.Errorf("%w: a dense tensor of %v%v, of %d values", wire.ErrBudget, values.DType(), dims, values.Len())
	}
	return scatterSparse(tensor.New(values.DType(), dims...), values, indices)
}

func scatterSparse(out, values, indices *tensor.Tensor) (*tensor.Tensor, error) {
	if !indices.DType().IsInt() || values.Rank() != 1 {
		return nil, fmt.Errorf("%w: values of rank %d, indices of %v", wire.ErrFormat, values.Rank(), indices.DType())
	}
	n, rank, w := values.Len(), out.Rank(), out.DType().Bits()/8
	idx := indices.Int64s()
	linear := indices.Rank() == 1 && len(idx) == n
	if !linear && !slices.Equal(indices.Dims(), []int{n, rank}) {
		return nil, fmt.Errorf("%w: %d values but indices of sizes %v", wire.ErrFormat, n, indices.Dims())
	}
	for i := range n {
		at := 0
		if linear {
			at = int(idx[i])
			if int64(at) != idx[i] {
				return nil, fmt.Errorf("%w: index %d is out of range", wire.ErrFormat, idx[i])
			}
		}
		for k := 0; !linear && k < rank; k++ {
			x := idx[i*rank+k]
			if x < 0 || x >= int64(out.Dims()[k]) {
				return nil, fmt.Errorf("%w: index %d is out of range for size %d", wire.ErrFormat, x, out.Dims()[k])
			}
			at = at*out.Dims()[k] + int(x)
		}
		if at < 0 || at >= out.Len() {
			return nil, fmt.Errorf("%w: index %d is out of range for %d elements", wire.ErrFormat, at, out.Len())
		}
		copy(out.Bytes()[at*w:(at+1)*w], values.Bytes()[i*w:])
	}
	return out, nil
}
