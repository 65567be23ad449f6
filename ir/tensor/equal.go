package tensor

import (
	"bytes"
	"slices"
)

// Equal reports whether a and b are the same kind of value with the same types, sizes and bits: NaN equals NaN of the same bits,
// 0 differs from -0. Spare bits behind the last packed element do not count.
func Equal(a, b Value) bool {
	switch x := a.(type) {
	case *Tensor:
		y, ok := b.(*Tensor)
		return ok && equalTensors(x, y)
	case *Sequence:
		y, ok := b.(*Sequence)
		if !ok || x == nil || y == nil {
			return ok && x == y
		}
		return slices.EqualFunc(x.Elems, y.Elems, Equal)
	case *Optional:
		y, ok := b.(*Optional)
		if !ok || x == nil || y == nil {
			return ok && x == y
		}
		return Equal(x.Elem, y.Elem)
	case *Map:
		y, ok := b.(*Map)
		if !ok || x == nil || y == nil {
			return ok && x == y
		}
		return equalTensors(x.Keys, y.Keys) && equalTensors(x.Values, y.Values)
	}
	return a == nil && b == nil
}

func equalTensors(x, y *Tensor) bool {
	if x == nil || y == nil {
		return x == y
	}
	if x.dtype != y.dtype || !slices.Equal(x.dims, y.dims) || !slices.Equal(x.strs, y.strs) {
		return false
	}
	n := x.Len()
	if bits := x.dtype.Bits(); bits > 0 && bits < 8 && n*bits%8 != 0 {
		whole := n * bits / 8
		mask := byte(1)<<(n*bits%8) - 1
		return bytes.Equal(x.data[:whole], y.data[:whole]) && (x.data[whole]^y.data[whole])&mask == 0
	}
	return bytes.Equal(x.data, y.data)
}
