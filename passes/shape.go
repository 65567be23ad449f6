package passes

import (
	"slices"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/op"
	"github.com/cameo-onnx/cameo/ir/sym"
)

// order returns the permutation of v's definition, if that is a transpose.
func order(v *ir.Value) ([]int, bool) {
	if v == nil || !op.Transpose.Is(v) || v.Type.Rank() < 0 || v.Def.In[0].Type.Rank() < 0 {
		return nil, false
	}
	p, err := op.Transpose.Attrs(v.Def).Order(v.Type.Rank())
	return p, err == nil
}

// isTranspose reports whether v is a transpose in the given order.
func isTranspose(v *ir.Value, perm ...int) bool {
	p, ok := order(v)
	return ok && slices.Equal(p, perm)
}

// fromFront counts an axis from the front.
func fromFront(axis, rank int) int {
	if axis < 0 {
		return axis + rank
	}
	return axis
}

func isOne(d sym.Dim) bool {
	n, ok := d.Int()
	return ok && n == 1
}

// thin reports whether at most one axis of t is not 1.
func thin(t ir.Type) bool {
	long := 0
	for _, d := range t.Shape {
		if !isOne(d) {
			long++
		}
	}
	return long <= 1
}

// typicalSize stands for a size that is not known, where costs are compared.
const typicalSize = 16

// elements returns how many elements a tensor of type t has, roughly where sizes are symbolic.
func elements(t ir.Type) int {
	n := 1
	for _, d := range t.Shape {
		k, err := d.Eval(func(string) (int, bool) { return typicalSize, true })
		if err != nil || k < 0 {
			k = typicalSize
		}
		if n *= k; n > 1<<40 {
			return 1 << 40
		}
	}
	return n
}
