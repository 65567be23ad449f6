package passes

import (
	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/op"
	"github.com/cameo-onnx/cameo/ir/tensor"
	"github.com/cameo-onnx/cameo/passes/rewrite"
)

// attentionRules bring the factor of a product of queries and keys to one place.
func attentionRules() []rewrite.Rule {
	return []rewrite.Rule{
		{Name: "scale-both", From: "matmul(mul(q, s!), mul(k, t!))", Do: scaleOnce(false)},
		{Name: "scale-both-transposed", From: "matmul(mul(q, s!), p:transpose(mul(k, t!)))", Do: scaleOnce(true)},
	}
}

// scaleOnce multiplies the two factors of a product's operands; the left operand keeps them.
func scaleOnce(transposed bool) func(*rewrite.Match) *ir.Value {
	return func(m *rewrite.Match) *ir.Value {
		s, t := m.Const("s"), m.Const("t")
		q, k := m.Value("q").Type, m.Value("k").Type
		if s.Len() != 1 || t.Len() != 1 || s.Rank() > max(q.Rank(), 0) || t.Rank() > max(k.Rank(), 0) || !s.DType().IsFloat() {
			return nil
		}
		both := tensor.FromFloat64s(s.DType(), []float64{s.Float64At(0) * t.Float64At(0)})
		right := m.Value("k")
		if transposed {
			right = rebuilt(m, m.Node("p"), right)
		}
		return op.MatMul.New(m.B, op.None{}, op.Mul.New(m.B, op.None{}, m.Value("q"), m.G.Const("", both)), right)
	}
}
