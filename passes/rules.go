package passes

import (
	"slices"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/op"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
	"github.com/cameo-onnx/cameo/passes/rewrite"
)

// ruleContext is what rules find in Match.Ctx.
type ruleContext struct {
	target   Target
	bindable map[string]bool // symbols that the sizes of the graph's inputs show
}

// rewriteBy applies a table of rules to g, with a ruleContext.
func rewriteBy(rs *rewrite.Rules, g *ir.Graph, t Target) error {
	return rs.Apply(g, rewrite.Options{Ctx: ruleContext{t, bindable(g)}, Strict: strict(t), Fired: fired(t)})
}

// shapeOperand returns an operand for reshape that asks for sizes s; nil where there can be none.
func shapeOperand(m *rewrite.Match, s ir.Shape) *ir.Value {
	return askFor(m.B, m.Ctx.(ruleContext).bindable, s)
}

// askFor returns an operand for reshape that asks for sizes s: a constant where all of them or all but one are numbers, else a
// `sizes` node; nil where neither can be.
func askFor(b *ir.Builder, known map[string]bool, s ir.Shape) *ir.Value {
	open, dims := 0, make([]int64, len(s))
	for i, d := range s {
		n, ok := d.Int()
		if dims[i] = int64(n); !ok {
			dims[i] = -1
			open++
		} else if n == 0 {
			return nil
		}
	}
	if open <= 1 {
		return b.G.Const("", tensor.Of(dims))
	}
	for _, d := range s {
		if slices.ContainsFunc(d.Syms(), func(name string) bool { return !known[name] }) {
			return nil
		}
	}
	if len(s) > ir.MaxElems {
		return nil
	}
	return op.Sizes.New(b, op.SizesOf(ir.TensorOf(tensor.I64, sym.Const(len(s))), s))
}

// reshapedBy returns x reshaped to what askFor asks for, or to a constant: of computed sizes one that turns out to be 0 is meant as 0.
func reshapedBy(b *ir.Builder, x, to *ir.Value) *ir.Value {
	return op.Reshape.New(b, op.ReshapeAttrs{AllowZero: op.Sizes.Is(to)}, x, to)
}

// isFloat reports whether the named value holds floating-point numbers.
func isFloat(m *rewrite.Match, name string) bool { return m.Value(name).Type.DType.IsFloat() }

// sameType reports whether the named value is of the root's result's type.
func sameType(m *rewrite.Match, name string) bool {
	return m.Value(name).Type.Equal(m.Root.Out[0].Type)
}

// rebuilt is a node of n's op and attributes with other operands.
func rebuilt(m *rewrite.Match, n *ir.Node, in ...*ir.Value) *ir.Value {
	y := m.B.Add(n.Op, n.Attrs, nil, 0, in...)
	if y == nil {
		return nil
	}
	return y.Out[0]
}

// filled returns a constant of type d and the given sizes, all of whose elements are x.
func filled(m *rewrite.Match, d tensor.DType, x float64, dims ...int) *ir.Value {
	n, ok := tensor.Count(dims)
	if !ok || n > 1<<20 {
		return nil
	}
	v := make([]float64, n)
	for i := range v {
		v[i] = x
	}
	return m.G.Const("", tensor.FromFloat64s(d, v, dims...))
}
