package op

import (
	"fmt"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// scalarSize returns the size that operand k, an integer, holds; a fresh one where it is not known. A negative one is an error.
func scalarSize(sc *ir.Scope, k ir.Known, name string) (sym.Dim, error) {
	if err := checkScalar(k, name); err != nil {
		return sym.Dim{}, err
	}
	if s, ok := smallSizes(k); ok && len(s) == 1 && s[0].Valid() {
		if n, ok := s[0].Int(); ok && n < 0 {
			return s[0], fmt.Errorf("%s is %d", name, n)
		}
		return s[0], nil
	}
	return sc.Fresh(), nil
}

// checkScalar refuses an operand that surely holds more or less than one element.
func checkScalar(k ir.Known, name string) error {
	if k.Type.Unranked {
		return nil
	}
	if dims, ok := k.Type.Shape.Ints(); ok {
		if n, _ := tensor.Count(dims); n != 1 {
			return fmt.Errorf("%s is no scalar but of sizes %v", name, dims)
		}
	}
	return nil
}

// scalarInt returns the size that an integer tensor of one element holds; it is not negative.
func scalarInt(t *tensor.Tensor, name string) (int, error) {
	if t.Len() != 1 {
		return 0, fmt.Errorf("%s is no scalar but of sizes %v", name, t.Dims())
	}
	n := int(t.Int64At(0))
	if n < 0 {
		return 0, fmt.Errorf("%s is %d", name, n)
	}
	return n, nil
}
