package op

import (
	"errors"
	"fmt"
	"math"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// required is the default of an integer attribute that ONNX demands.
const required = math.MinInt

var errNoOperands = errors.New("no operands")

func errRequired(name string) error { return fmt.Errorf("attribute %s is missing", name) }

func errCount(from, to []int) error {
	return fmt.Errorf("sizes %v hold another number of elements than sizes %v", from, to)
}

// holding returns a result of type t whose entries are known; it forgets them where t is no small tensor of integers or bools.
func holding(t ir.Type, entries []sym.Dim) ir.Known {
	if !tracked(t) || len(entries) > ir.MaxElems {
		entries = nil
	}
	return ir.Known{Type: t, Elems: entries}
}

// tracked reports whether the entries of a tensor of type t may be known as sizes.
func tracked(t ir.Type) bool {
	return t.Kind == ir.Tensor && ir.CountsSizes(t.DType) && !t.Unranked && len(t.Shape) <= 1
}

// laidOut is holding for a tensor of any rank, whose entries are in row-major order; only ops that move elements look at those above
// rank 1.
func laidOut(t ir.Type, entries []sym.Dim) ir.Known {
	if len(entries) > ir.MaxElems || !ir.CountsSizes(t.DType) {
		entries = nil
	}
	return ir.Known{Type: t, Elems: entries}
}

// laidEntries returns the entries of a small tensor of integers or bools of any rank.
func laidEntries(k ir.Known) ([]sym.Dim, bool) {
	if !ir.CountsSizes(k.Type.DType) || k.Elems == nil && (k.Const == nil || k.Const.Len() > ir.MaxElems) {
		return nil, false
	}
	return k.Sizes()
}

// viewEntries returns the entries that lie at off and at multiples of strides, as those of a tensor of sizes dims; nil where they are
// too many.
func viewEntries(entries []sym.Dim, dims, strides []int, off int) []sym.Dim {
	n, ok := tensor.Count(dims)
	if !ok || n > ir.MaxElems {
		return nil
	}
	out := make([]sym.Dim, n)
	if n > 0 {
		copyView(out, entries, dims, strides, off)
	}
	return out
}

// entriesOf returns the entries of k, of rank 0 or 1, where they may be tracked through an op that moves them.
func entriesOf(k ir.Known) ([]sym.Dim, bool) {
	if !tracked(k.Type) {
		return nil, false
	}
	return k.Sizes()
}

// wanted returns the sizes that operand k, a tensor of rank 1 that names a shape, asks for: entries that are not known are not Valid.
// It returns false where not even their number is known.
func wanted(k ir.Known, name string) ([]sym.Dim, bool, error) {
	if r := k.Rank(); r >= 0 && r != 1 {
		return nil, false, fmt.Errorf("%s is of rank %d, not 1", name, r)
	}
	if s, ok := k.Sizes(); ok {
		return s, true, nil
	}
	if k.Rank() != 1 {
		return nil, false, nil
	}
	n, ok := k.Type.Shape[0].Int()
	if !ok {
		return nil, false, nil
	}
	if n > maxRank {
		return nil, false, fmt.Errorf("%s has %d entries, more than %d", name, n, maxRank)
	}
	out := make([]sym.Dim, n)
	for i := range out {
		out[i] = sym.Unknown()
	}
	return out, true, nil
}

// maxRank bounds the rank of a result that an operand's length sets.
const maxRank = 64

// knownLength returns how many entries a rank-1 operand has, if that is known.
func knownLength(k ir.Known) (int, bool) {
	if s, ok := k.Sizes(); ok {
		return len(s), true
	}
	if k.Rank() != 1 {
		return 0, false
	}
	return k.Type.Shape[0].Int()
}

// asShape replaces what is not known of sizes by fresh sizes.
func asShape(sc *ir.Scope, sizes []sym.Dim) ir.Shape {
	out := make(ir.Shape, len(sizes))
	for i, d := range sizes {
		if !d.Valid() {
			d = sc.Fresh()
		}
		out[i] = d
	}
	return out
}

// productOf multiplies sizes; of none it is 1.
func productOf(ds []sym.Dim) sym.Dim { return sym.Prod(ds...) }

// atLeast reports whether d >= n for all sizes.
func atLeast(d sym.Dim, n int) bool { return sym.GE(d, sym.Const(n), nil) }

// atMost reports whether d <= n for all sizes.
func atMost(d sym.Dim, n int) bool { return sym.GE(sym.Const(n), d, nil) }
