package op

import (
	"fmt"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// RelayoutAttrs names the layout of the result: "row_major" or "channels_last".
type RelayoutAttrs struct {
	To string `ir:"to"`
}

// Layouts are the values of RelayoutAttrs.To.
var Layouts = map[ir.Layout]string{ir.RowMajor: "row_major", ir.ChannelsLast: "channels_last"}

// Relayout is x, lying in memory otherwise. Passes make it; no model holds it.
var Relayout = define(Def[RelayoutAttrs]{
	Name: "relayout", Sig: "x T -> y T; T tensor",
	Props: ir.Pure,
	Attrs: RelayoutAttrs{To: Layouts[ir.RowMajor]},
	Infer: func(_ *ir.Scope, a RelayoutAttrs, in []ir.Known) (ir.Known, error) {
		t := in[0].Type
		for l, name := range Layouts {
			if name == a.To {
				t.Layout = l
				if l == ir.ChannelsLast && t.Rank() < 3 {
					return ir.Known{}, fmt.Errorf("%v has no channels and spatial axes", t)
				}
				return ir.Known{Type: t, Elems: in[0].Elems}, nil
			}
		}
		return ir.Known{}, fmt.Errorf("no layout %q", a.To)
	},
	Eval: func(_ *ir.Env, _ RelayoutAttrs, in []tensor.Value) (tensor.Value, error) {
		return in[0], nil // tensors that are evaluated are row-major, whatever their type says
	},
})

// IsView reports whether n, a relayout or a transpose, leaves every element where it is in memory: then its result is its operand under
// another type.
func IsView(n *ir.Node) bool {
	if n.Op != Relayout.Op && n.Op != Transpose.Op || n.In[0].Type.Rank() < 0 {
		return false
	}
	x, y := n.In[0].Type, n.Out[0].Type
	perm := make([]int, len(x.Shape))
	for i := range perm {
		perm[i] = i
	}
	if n.Op == Transpose.Op {
		p, err := Transpose.Attrs(n).Order(len(perm))
		if err != nil {
			return false
		}
		perm = p
	}
	// Axes of x by their place in memory, outermost first, in the operand and in the result; axes of size 1 are nowhere.
	from, to := memoryOrder(x), memoryOrder(y)
	j := 0
	for _, axis := range to {
		axis = perm[axis]
		if isOne(x.Shape[axis]) {
			continue
		}
		for isOne(x.Shape[from[j]]) {
			j++
		}
		if from[j] != axis {
			return false
		}
		j++
	}
	return true
}

func isOne(d sym.Dim) bool {
	n, ok := d.Int()
	return ok && n == 1
}

// memoryOrder returns the axes of a tensor of type t, that of the largest stride first.
func memoryOrder(t ir.Type) []int {
	order := make([]int, 0, len(t.Shape))
	for i := range t.Shape {
		if i != 1 || t.Layout != ir.ChannelsLast {
			order = append(order, i)
		}
	}
	if t.Layout == ir.ChannelsLast {
		order = append(order, 1)
	}
	return order
}
