package values

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// A literal is a tensor written out: sizes and elements.
type literal struct {
	dims  []int
	elems string
}

// literalOf reads 2x3=1,2,3,4,5,6; without sizes, as in =5, it is a scalar.
func literalOf(s string) (literal, bool) {
	sizes, elems, ok := strings.Cut(s, "=")
	if !ok {
		return literal{}, false
	}
	l := literal{dims: []int{}, elems: elems}
	if sizes == "" {
		return l, true
	}
	for f := range strings.SplitSeq(sizes, "x") {
		n, err := strconv.Atoi(f)
		if err != nil || n < 0 || f[0] == '+' {
			return literal{}, false
		}
		l.dims = append(l.dims, n)
	}
	return l, true
}

// maxLiteral bounds the elements of a literal that repeats one.
const maxLiteral = 1 << 28

// tensor returns the literal in t's element type. One element fills all sizes.
func (l literal) tensor(t ir.Type) (*tensor.Tensor, error) {
	if t.Kind != ir.Tensor {
		return nil, fmt.Errorf("%w: a literal is a tensor, the input is %v", ErrSyntax, t)
	}
	n, ok := tensor.Count(l.dims)
	if !ok || n > maxLiteral {
		return nil, fmt.Errorf("%w: sizes %v are too large for a literal", ErrSyntax, l.dims)
	}
	var elems []string
	if l.elems != "" || t.DType == tensor.String {
		elems = strings.Split(l.elems, ",")
	}
	if n == 0 && l.elems == "" {
		elems = nil
	}
	if len(elems) == 1 && n > 1 {
		one, err := parse(elems, nil, t.DType)
		if err != nil {
			return nil, err
		}
		return fill(one, l.dims), nil
	}
	if len(elems) != n {
		return nil, fmt.Errorf("%w: %d elements for sizes %v, which take %d", ErrSyntax, len(elems), l.dims, n)
	}
	return parse(elems, l.dims, t.DType)
}

// parse reads elements; a nil dims is one of rank 0.
func parse(elems []string, dims []int, d tensor.DType) (*tensor.Tensor, error) {
	t := tensor.OfStrings(elems).Reshape(dims...)
	if d == tensor.String {
		return t, nil
	}
	out, err := tensor.Convert(t, d, false, tensor.Rounding(0))
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrSyntax, err)
	}
	if d.IsInt() { // Convert drops fractions, which nobody means
		for i, s := range elems {
			if v, err := strconv.ParseFloat(strings.TrimSpace(s), 64); err == nil && v != float64(int64(v)) && v < 1<<53 {
				return nil, fmt.Errorf("%w: element %d: %s is no integer", ErrSyntax, i, s)
			}
		}
	}
	return out, nil
}

// fill repeats one element.
func fill(one *tensor.Tensor, dims []int) *tensor.Tensor {
	out := tensor.New(one.DType(), dims...)
	if one.DType() == tensor.String {
		for i := range out.Strings() {
			out.Strings()[i] = one.Strings()[0]
		}
		return out
	}
	if bits := one.DType().Bits(); bits < 8 {
		for i := range out.Len() {
			out.SetInt64At(i, one.Int64At(0))
		}
		return out
	}
	b := out.Bytes()
	for n := copy(b, one.Bytes()); n < len(b); n *= 2 {
		copy(b[n:], b[:n])
	}
	return out
}
