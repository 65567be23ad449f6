package vectors

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/cameo-onnx/cameo/ir/tensor"
)

// A Mismatch says how a result differs from its reference.
type Mismatch struct {
	Where     string  // "", or which element of a sequence, optional or map: "element 2 keys"
	Reason    string  // a difference of kind, type or sizes; empty where elements differ
	At        []int   // the element that misses the tolerance by most
	Got, Want float64 // its values
	Count     int     // elements out of tolerance
	Len       int
	Passes    float64 // the smallest rtol, with the atol given, that would pass
}

func (m *Mismatch) Error() string {
	where := ""
	if m.Where != "" {
		where = m.Where + ": "
	}
	if m.Reason != "" {
		return where + m.Reason
	}
	return fmt.Sprintf("%s%d of %d elements differ; worst at %v: got %v, want %v (|difference| %.3g; rtol %.3g would pass)",
		where, m.Count, m.Len, m.At, m.Got, m.Want, math.Abs(m.Got-m.Want), m.Passes)
}

// Compare returns how got differs from want beyond the tolerance, or nil. Where types only, elements are not compared.
func Compare(got, want tensor.Value, tol Tolerance, typesOnly bool) *Mismatch {
	return compare("", got, want, tol, typesOnly)
}

func compare(where string, got, want tensor.Value, tol Tolerance, typesOnly bool) *Mismatch {
	differ := func(format string, args ...any) *Mismatch {
		return &Mismatch{Where: where, Reason: fmt.Sprintf(format, args...)}
	}
	switch w := want.(type) {
	case *tensor.Tensor:
		g, ok := got.(*tensor.Tensor)
		if !ok || g == nil {
			return differ("got %T, want a tensor", got)
		}
		return compareTensors(where, g, w, tol, typesOnly)
	case *tensor.Sequence:
		g, ok := got.(*tensor.Sequence)
		if !ok || len(g.Elems) != len(w.Elems) {
			return differ("got %s, want a sequence of %d", describe(got), len(w.Elems))
		}
		for i := range w.Elems {
			if m := compare(within(where, fmt.Sprintf("element %d", i)), g.Elems[i], w.Elems[i], tol, typesOnly); m != nil {
				return m
			}
		}
	case *tensor.Optional:
		g, ok := got.(*tensor.Optional)
		if !ok || (g.Elem == nil) != (w.Elem == nil) {
			return differ("got %s, want an optional", describe(got))
		}
		if w.Elem != nil {
			return compare(within(where, "optional"), g.Elem, w.Elem, tol, typesOnly)
		}
	case *tensor.Map:
		g, ok := got.(*tensor.Map)
		if !ok {
			return differ("got %T, want a map", got)
		}
		gk, gv := inKeyOrder(g)
		wk, wv := inKeyOrder(w)
		if m := compare(within(where, "keys"), gk, wk, tol, typesOnly); m != nil {
			return m
		}
		return compare(within(where, "values"), gv, wv, tol, typesOnly)
	}
	return nil
}

// within names a part of what where names.
func within(where, part string) string { return strings.TrimSpace(where + " " + part) }

func describe(v tensor.Value) string {
	switch v := v.(type) {
	case *tensor.Sequence:
		return fmt.Sprintf("a sequence of %d", len(v.Elems))
	case *tensor.Optional:
		if v.Elem == nil {
			return "an empty optional"
		}
		return "an optional with a value"
	}
	return fmt.Sprintf("%T", v)
}

func compareTensors(where string, g, w *tensor.Tensor, tol Tolerance, typesOnly bool) *Mismatch {
	if g.DType() != w.DType() || !slices.Equal(g.Dims(), w.Dims()) {
		return &Mismatch{Where: where, Reason: fmt.Sprintf("got %v%v, want %v%v", g.DType(), g.Dims(), w.DType(), w.Dims())}
	}
	if typesOnly {
		return nil
	}
	if w.DType() == tensor.String {
		for i, s := range w.Strings() {
			if g.Strings()[i] != s {
				return &Mismatch{Where: where, Reason: fmt.Sprintf("element %v is %q, want %q", coords(i, w.Dims()), g.Strings()[i], s)}
			}
		}
		return nil
	}
	var x, y []float64
	switch {
	case w.DType().IsComplex():
		x, y = parts(g.Complex128s()), parts(w.Complex128s())
	case w.DType().IsFloat():
		x, y = g.Float64s(), w.Float64s()
	default:
		return compareInts(where, g, w)
	}
	m := &Mismatch{Where: where, Len: len(x)}
	for i := range x {
		m.look(i, x[i], y[i], tol, w)
	}
	if m.Count == 0 {
		return nil
	}
	return m
}

// look takes one pair of elements into account.
func (m *Mismatch) look(i int, x, y float64, tol Tolerance, w *tensor.Tensor) {
	if x == y || math.IsNaN(x) && math.IsNaN(y) {
		return
	}
	diff := math.Abs(x - y)
	if diff <= tol.Abs+tol.Rel*math.Abs(y) && !math.IsInf(y, 0) { // an infinity is near to nothing but itself
		return
	}
	m.Count++
	need := (diff - tol.Abs) / math.Abs(y)
	if math.IsNaN(need) || y == 0 {
		need = math.Inf(1)
	}
	if m.At == nil || need > m.Passes {
		if w.DType().IsComplex() {
			i /= 2
		}
		m.At, m.Got, m.Want, m.Passes = coords(i, w.Dims()), x, y, need
	}
}

// compareInts compares integers and bools exactly.
func compareInts(where string, g, w *tensor.Tensor) *Mismatch {
	m := &Mismatch{Where: where, Len: w.Len(), Passes: math.Inf(1)}
	x, y := g.Int64s(), w.Int64s()
	worst := -1.0
	for i := range x {
		if x[i] == y[i] {
			continue
		}
		m.Count++
		if d := math.Abs(float64(x[i]) - float64(y[i])); d > worst {
			worst = d
			m.At, m.Got, m.Want = coords(i, w.Dims()), float64(x[i]), float64(y[i])
		}
	}
	if m.Count == 0 {
		return nil
	}
	return m
}

func parts(v []complex128) []float64 {
	out := make([]float64, 0, 2*len(v))
	for _, x := range v {
		out = append(out, real(x), imag(x))
	}
	return out
}

// coords returns the coordinates of element i of a row-major tensor.
func coords(i int, dims []int) []int {
	at := make([]int, len(dims))
	for k := len(dims) - 1; k >= 0; k-- {
		at[k] = i % dims[k]
		i /= dims[k]
	}
	return at
}
