package op

import (
	"cmp"

	"github.com/cameo-onnx/cameo/ir/tensor"
)

// ordering returns a comparison of elements i and j of x. NaN is equal to itself and above all else; complex numbers compare by their
// real parts first.
func ordering(x *tensor.Tensor) func(i, j int) int {
	switch d := x.DType(); {
	case d == tensor.String:
		v := x.Strings()
		return func(i, j int) int { return cmp.Compare(v[i], v[j]) }
	case d.IsComplex():
		v := x.Complex128s()
		return func(i, j int) int {
			return cmp.Or(compareFloats(real(v[i]), real(v[j])), compareFloats(imag(v[i]), imag(v[j])))
		}
	case d.IsFloat():
		v := x.Float64s()
		return func(i, j int) int { return compareFloats(v[i], v[j]) }
	case d == tensor.U64:
		v := x.Int64s()
		return func(i, j int) int { return cmp.Compare(uint64(v[i]), uint64(v[j])) }
	}
	v := x.Int64s()
	return func(i, j int) int { return cmp.Compare(v[i], v[j]) }
}

func compareFloats(a, b float64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	case a == b:
		return 0
	}
	// One is NaN, which cmp orders below all else.
	return -cmp.Compare(a, b)
}
