package op

import (
	"fmt"

	"github.com/cameo-onnx/cameo/ir/tensor"
)

// tens returns operand i as a tensor; nil where it is absent.
func tens(in []tensor.Value, i int) *tensor.Tensor {
	if i >= len(in) || in[i] == nil {
		return nil
	}
	t, _ := in[i].(*tensor.Tensor)
	return t
}

// strides returns the row-major strides of a tensor, in elements.
func strides(dims []int) []int {
	s := make([]int, len(dims))
	n := 1
	for i := len(dims) - 1; i >= 0; i-- {
		s[i] = n
		n *= dims[i]
	}
	return s
}

// broadcastDims returns the sizes that several broadcast to.
func broadcastDims(all ...[]int) ([]int, error) {
	rank := 0
	for _, d := range all {
		rank = max(rank, len(d))
	}
	out := make([]int, rank)
	for i := range out {
		out[i] = 1
		for _, d := range all {
			j := i - (rank - len(d))
			if j < 0 || d[j] == 1 || d[j] == out[i] {
				continue
			}
			if out[i] != 1 {
				return nil, fmt.Errorf("sizes %v do not broadcast", all)
			}
			out[i] = d[j]
		}
	}
	return out, nil
}

// broadcastStrides returns the strides by which a tensor of sizes dims is read as one of sizes out that it broadcasts to.
func broadcastStrides(dims, out []int) []int {
	st := make([]int, len(out))
	for i, s := range strides(dims) {
		if dims[i] != 1 {
			st[i+len(out)-len(dims)] = s
		}
	}
	return st
}

// broadcastIndex returns, for each element of a tensor of sizes out in row-major order, the index of the element of a tensor of sizes
// dims that broadcasts to it. It returns nil where they are the same index.
func broadcastIndex(dims, out []int) []int32 {
	n := count(out)
	if count(dims) == n {
		return nil
	}
	st := broadcastStrides(dims, out)
	idx := make([]int32, n)
	walk(out, func(i int, at []int) {
		j := 0
		for k, x := range at {
			j += x * st[k]
		}
		idx[i] = int32(j)
	})
	return idx
}

// walk calls f for each element of a tensor in row-major order, with its index and its coordinates, which f must not keep.
func walk(dims []int, f func(i int, at []int)) {
	n := count(dims)
	at := make([]int, len(dims))
	for i := range n {
		f(i, at)
		for k := len(at) - 1; k >= 0; k-- {
			if at[k]++; at[k] < dims[k] {
				break
			}
			at[k] = 0
		}
	}
}

// spread returns the elements of v, those of a tensor of sizes dims, broadcast to sizes out.
func spread[T any](v []T, dims, out []int) []T {
	n := count(out)
	if len(v) == n {
		return v
	}
	w := make([]T, n)
	if n > 0 {
		d, st := mergeDims(out, broadcastStrides(dims, out))
		copyView(w, v, d, st, 0)
	}
	return w
}

// split returns the product of sizes before axis, the size at it, and the product after it.
func split(dims []int, axis int) (outer, n, inner int) {
	outer, inner = 1, 1
	for _, d := range dims[:axis] {
		outer *= d
	}
	for _, d := range dims[axis+1:] {
		inner *= d
	}
	return outer, dims[axis], inner
}
