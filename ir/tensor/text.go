package tensor

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// printStrings prints every element: floats as the shortest digits that read back as the same value, of f32 where their own type is
// narrower, without a point where there is no fraction.
func printStrings(t *Tensor) *Tensor {
	out := New(String, t.dims...)
	size, digits := 32, 1e8
	if t.dtype == F64 {
		size, digits = 64, 1e17
	}
	for i := range out.strs {
		v := 0.0
		if t.dtype.IsFloat() {
			v = t.Float64At(i)
		}
		switch a := math.Abs(v); {
		case !t.dtype.IsFloat() || a > math.MaxFloat64 || v != v:
			out.strs[i] = t.text(i)
		case a != 0 && (a < 1e-4 || a >= digits):
			out.strs[i] = strconv.FormatFloat(v, 'e', -1, size)
		default:
			out.strs[i] = strconv.FormatFloat(v, 'f', -1, size)
		}
	}
	return out
}

// text returns element i as String prints it: floats as NumPy spells them.
func (t *Tensor) text(i int) string {
	switch d := t.dtype; {
	case d == String:
		return t.strs[i]
	case d == U64:
		return strconv.FormatUint(as[uint64](t)[i], 10)
	case d == Bool && t.data[i] != 0:
		return "True"
	case d == Bool:
		return "False"
	case d == C64:
		return strings.Replace(strconv.FormatComplex(complex128(as[complex64](t)[i]), 'g', -1, 64), "i)", "j)", 1)
	case d == C128:
		return strings.Replace(strconv.FormatComplex(as[complex128](t)[i], 'g', -1, 128), "i)", "j)", 1)
	case d.IsFloat():
		return floatText(t.Float64At(i), d)
	}
	return strconv.FormatInt(t.Int64At(i), 10)
}

// floatText prints v, a value of d; infinities and NaN are as Cast's specification names them.
func floatText(v float64, d DType) string {
	switch {
	case v != v:
		return "NaN"
	case math.IsInf(v, 0):
		return strings.TrimPrefix(strings.ToUpper(strconv.FormatFloat(v, 'f', -1, 64)), "+")
	}
	size := 64
	if d != F64 {
		size = 32
	}
	if f := d.format(); f != nil {
		for p := range 8 {
			s := strconv.FormatFloat(v, 'e', p, 64)
			if w, _ := strconv.ParseFloat(s, 64); f.encode(w, false) == f.encode(v, false) {
				v, size = w, 64
				break
			}
		}
	}
	if a := math.Abs(v); a != 0 && (a < 1e-4 || a >= 1e16) {
		return strconv.FormatFloat(v, 'e', -1, size)
	}
	s := strconv.FormatFloat(v, 'f', -1, size)
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	return s
}

func parseStrings(t *Tensor, to DType, saturate bool, round Rounding) (*Tensor, error) {
	out := New(to, t.dims...)
	for i, s := range t.strs {
		if err := out.parse(i, strings.TrimSpace(s), saturate, round); err != nil {
			return nil, fmt.Errorf("tensor: element %d: %.40q is not a number of %v", i, s, to)
		}
	}
	return out, nil
}

// parse sets element i to the number s; integers may have a fraction, which is dropped.
func (t *Tensor) parse(i int, s string, saturate bool, round Rounding) error {
	if t.dtype == Bool && (strings.EqualFold(s, "true") || strings.EqualFold(s, "false")) {
		t.SetInt64At(i, int64(5-len(s)))
		return nil
	}
	if t.dtype.IsComplex() {
		v, err := strconv.ParseComplex(strings.Replace(s, "j", "i", 1), t.dtype.Bits())
		if err != nil && !errors.Is(err, strconv.ErrRange) {
			return err
		}
		if t.dtype == C64 {
			as[complex64](t)[i] = complex64(v)
		} else {
			as[complex128](t)[i] = v
		}
		return nil
	}
	if t.dtype.IsInt() {
		if v, err := strconv.ParseInt(s, 10, 64); err == nil {
			t.SetInt64At(i, v)
			return nil
		}
		if v, err := strconv.ParseUint(s, 10, 64); err == nil && t.dtype == U64 {
			as[uint64](t)[i] = v
			return nil
		}
	}
	size := 64
	if t.dtype == F32 {
		size = 32
	}
	v, err := strconv.ParseFloat(s, size)
	switch {
	case err != nil && !errors.Is(err, strconv.ErrRange):
		return err
	case t.dtype.isNarrowFloat():
		t.setNarrow(i, v, saturate, round)
	case t.dtype.IsInt():
		t.SetInt64At(i, Wrap(v, t.dtype))
	default:
		t.SetFloat64At(i, v)
	}
	return nil
}

// String returns type, sizes and the first elements, in at most 200 bytes.
func (t *Tensor) String() string {
	var b strings.Builder
	b.WriteString(t.dtype.String() + "[")
	for i, n := range t.dims {
		if i == 8 {
			b.WriteString(",…")
			break
		}
		if i > 0 {
			b.WriteByte(',')
		}
		// Longer sizes than twelve digits belong to empty tensors.
		b.WriteString(fmt.Sprintf("%.12s", strconv.Itoa(n)))
	}
	b.WriteString("] {")
	for i := range t.Len() {
		s := ""
		if t.dtype == String {
			s = strconv.QuoteToASCII(t.strs[i][:min(len(t.strs[i]), 8)])
		} else {
			s = t.text(i)
		}
		if i == 6 || b.Len()+len(s) > 190 {
			b.WriteString(", …")
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(s)
	}
	return b.String() + "}"
}
