package onnx

import (
	"fmt"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// streams gives an operand of branches side by side [...,C·H] the sizes [...,C,H]; without a number of branches it has them.
func (m *maker) streams(x *ir.Value, branches int64) *ir.Value {
	if branches <= 0 || m.err != nil || x == nil {
		return x
	}
	if x.Type.Rank() < 1 {
		m.fail(fmt.Errorf("branches in an operand of rank %d: %w", x.Type.Rank(), ir.ErrUnsupported))
		return nil
	}
	head := m.leading(x)
	wide := m.op("Div", nil, m.lastSize(x), m.ints(branches))
	return m.reshape(x, m.join(head, m.ints(branches), wide))
}

// eachBranch gives gates [...,C], one for each branch of x [...,C,H], a last axis; others have one.
func (m *maker) eachBranch(gates, x *ir.Value) *ir.Value {
	if m.err != nil || gates == nil || gates.Type.Rank() != x.Type.Rank()-1 {
		return gates
	}
	return m.unsqueeze(gates, -1)
}

// preMix is the sum of branches, each times its gates, in float32.
func preMix(m *maker) []*ir.Value {
	m.without(2)
	branches, by := m.int("num_branches", 0), m.float("reduction_scale", 1)
	x, gates := m.streams(m.in(0), branches), m.in(1)
	if m.err != nil || gates == nil {
		m.fail(fmt.Errorf("it has no gates: %w", ir.ErrUnsupported))
		return nil
	}
	d := x.Type.DType
	if branches > 0 && gates.Type.Rank() == m.in(0).Type.Rank() { // for each branch, or for each element of every branch
		head := m.leading(gates)
		gates = m.op("Reshape", nil, gates, m.join(head, m.ints(branches, -1)))
	} else {
		gates = m.eachBranch(gates, x)
	}
	y := m.op("Mul", nil, m.cast(x, tensor.F32), m.cast(gates, tensor.F32))
	y = m.op("ReduceSum", attrs{"keepdims": intAttr(0)}, y, m.ints(-2))
	return one(m.cast(m.op("Mul", nil, y, m.number(y, by)), d))
}

// postMix mixes branches by a matrix, where one is given, and adds what comes out of one, times its gates, to each.
func postMix(m *maker) []*ir.Value {
	m.without(4)
	x, block, gates := m.streams(m.in(0), m.int("num_branches", 0)), m.in(1), m.in(2)
	if m.err != nil || block == nil || gates == nil {
		m.fail(fmt.Errorf("it has no gates: %w", ir.ErrUnsupported))
		return nil
	}
	y := m.cast(x, tensor.F32)
	if mix := m.in(3); mix != nil && m.err == nil {
		if m.ranked(mix); m.err != nil {
			return nil
		}
		perm := axesFrom(0, int64(mix.Type.Rank()))
		if n := len(perm); n > 1 {
			perm[n-1], perm[n-2] = perm[n-2], perm[n-1]
		}
		y = m.op("MatMul", nil, m.transpose(m.cast(mix, tensor.F32), perm...), y)
	}
	add := m.op("Mul", nil, m.cast(m.eachBranch(gates, x), tensor.F32), m.unsqueeze(m.cast(block, tensor.F32), -2))
	y = m.op("Add", nil, y, add)
	return one(m.like(m.cast(y, x.Type.DType), m.in(0)))
}

// engramGate is values times a gate, the sigmoid of the signed root of the product of normalised keys and queries; its second result is
// that, normalised.
func engramGate(m *maker) []*ir.Value {
	m.without(6)
	eps := m.float("epsilon", 1e-5)
	d := m.in(0).Type.DType
	norm := func(x, scale *ir.Value) *ir.Value {
		return m.op("Mul", nil, m.overRMS(m.cast(x, tensor.F32), eps), m.cast(scale, tensor.F32))
	}
	dot := m.op("ReduceSum", nil, m.op("Mul", nil, norm(m.in(0), m.in(3)), norm(m.in(1), m.in(4))), m.ints(-1))
	dot = m.op("Div", nil, dot, m.op("Sqrt", nil, m.cast(m.lastSize(m.in(0)), tensor.F32)))
	root := m.op("Sqrt", nil, m.op("Max", nil, m.op("Abs", nil, dot), m.n.constant(tensor.Scalar[float32](1e-6))))
	gate := m.op("Sigmoid", nil, m.op("Mul", nil, m.op("Sign", nil, dot), root))
	y := m.op("Mul", nil, gate, m.unsqueeze(m.cast(m.in(2), tensor.F32), -2))
	out := []*ir.Value{m.cast(y, d), nil}
	if m.in(5) != nil {
		out[1] = m.cast(norm(y, m.in(5)), d)
	}
	return out
}
