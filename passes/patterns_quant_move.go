package passes

import (
	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/op"
	"github.com/cameo-onnx/cameo/ir/tensor"
	"github.com/cameo-onnx/cameo/passes/rewrite"
)

// quantMoveRules let integers move as they are, where they were made real for that alone. What they become is exactly the same.
func quantMoveRules() []rewrite.Rule {
	return []rewrite.Rule{
		{Name: "quantized-again", From: "quantize_linear(d:dequantize_linear(x, s, z?), t, u?)", Do: quantizedAgain, Shared: true},
		{Name: "quantized-concat", From: "quantize_linear(c:concat(...), t, u?)", Do: quantizedConcat},
		{Name: "quantized-move", From: "quantize_linear(p:" + movers + "(d, ...), t, u?)", Do: quantizedMove},
	}
}

// movers give nothing but elements of their first operand.
const movers = "max_pool|reshape|flatten|squeeze|unsqueeze|transpose|slice|expand|depth_to_space|space_to_depth"

// sameQuantization reports whether the conversion n of x's real numbers gives back its integers: scale and zero point are the
// same constants.
func sameQuantization(x quantized, n *ir.Node) bool {
	a := op.QuantizeLinear.Attrs(n)
	if x.q.Type.DType != n.Out[0].Type.DType || a.BlockSize != 0 || a.Precision != tensor.Invalid && a.Precision != tensor.F32 {
		return false
	}
	number := func(v *ir.Value) (float64, bool) {
		if v == nil {
			return 0, true
		}
		if !v.IsConst() || v.Data.Len() != 1 {
			return 0, false
		}
		return v.Data.Float64At(0), true
	}
	var zero *ir.Value
	if len(n.In) > 2 {
		zero = n.In[2]
	}
	s, ok1 := number(x.scale)
	t, ok2 := number(n.In[1])
	z, ok3 := number(x.zero)
	u, ok4 := number(zero)
	// Between these bounds products and quotients of float32 are near enough to whole numbers.
	return ok1 && ok2 && ok3 && ok4 && n.In[1].Type.DType == tensor.F32 && s == t && z == u && s > 1e-30 && s < 1e30
}

func quantizedAgain(m *rewrite.Match) *ir.Value {
	x, ok := quantizedAlong(m.Value("d"), -1)
	if !ok || !sameQuantization(x, m.Root) {
		return nil
	}
	return x.q
}

func quantizedMove(m *rewrite.Match) *ir.Value {
	x, ok := quantizedAlong(m.Value("d"), -1)
	n := m.Node("p")
	if !ok || !sameQuantization(x, m.Root) || len(n.Out) != 1 || len(n.Bodies) > 0 {
		return nil
	}
	in := append([]*ir.Value{x.q}, n.In[1:]...)
	y := m.B.Add(n.Op, n.Attrs, nil, 1, in...)
	if y == nil {
		return nil
	}
	return runnable(m, y.Out[0])
}

// quantizedConcat quantises what is joined, rather than what it becomes, where all of it comes of integers.
func quantizedConcat(m *rewrite.Match) *ir.Value {
	n, a := m.Node("c"), op.QuantizeLinear.Attrs(m.Root)
	if a.BlockSize != 0 || !oneNumber(m.Value("t")) || m.Value("u") != nil && !oneNumber(m.Value("u")) {
		return nil
	}
	in := make([]*ir.Value, len(n.In))
	for i, v := range n.In {
		if _, ok := quantizedAlong(v, -1); !ok {
			return nil
		}
		in[i] = op.QuantizeLinear.New(m.B, a, v, m.Value("t"), m.Value("u"))
	}
	return runnable(m, op.Concat.New(m.B, op.Concat.Attrs(n), in...))
}
