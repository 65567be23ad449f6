package onnx

import (
	"fmt"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// contribQuant builds operators on quantised tensors from the same on real ones, between DequantizeLinear and QuantizeLinear.
var contribQuant = []adapter{
	{microsoft, "DequantizeLinear", always, contrib(1, linear("DequantizeLinear"))},
	{microsoft, "QuantizeLinear", always, contrib(1, linear("QuantizeLinear"))},
	{microsoft, "DynamicQuantizeMatMul", always, contrib(1, dynamicQuantizeMatMul)},
	{microsoft, "MatMulIntegerToFloat", always, contrib(1, matMulIntegerToFloat)},
	{microsoft, "QGemm", always, contrib(1, qGemm)},
	{microsoft, "QLinearAdd", always, contrib(1, qBinary("Add"))},
	{microsoft, "QLinearMul", always, contrib(1, qBinary("Mul"))},
	{microsoft, "QLinearSigmoid", always, contrib(1, qUnary("Sigmoid"))},
	{microsoft, "QLinearLeakyRelu", always, contrib(1, qUnary("LeakyRelu", "alpha"))},
	{microsoft, "QLinearReduceMean", always, contrib(1, qReduceMean)},
	{microsoft, "QLinearSoftmax", always, contrib(1, qSoftmax)},
	{microsoft, "QLinearGlobalAveragePool", always, contrib(1, qPool("GlobalAveragePool"))},
	{microsoft, "QLinearAveragePool", always, contrib(1, qPool("AveragePool", "auto_pad", "ceil_mode", "count_include_pad", "kernel_shape", "pads", "strides"))},
	{microsoft, "QLinearConv", always, contrib(1, qConv)},
	{microsoft, "QLinearConcat", always, contrib(1, qConcat)},
	{microsoft, "QLinearWhere", always, contrib(1, qWhere)},
}

// linear is ONNX's operator of a name; it quantises in float32.
func linear(name string) func(*maker) []*ir.Value {
	return func(m *maker) []*ir.Value {
		m.without(3)
		axis := m.int("axis", 1)
		if m.in(1) == nil {
			m.fail(fmt.Errorf("an operand without its scale: %w", ir.ErrUnsupported))
			return nil
		}
		a := attrs{"axis": intAttr(axis)}
		if name == "QuantizeLinear" {
			a["precision"] = intAttr(int64(tensor.F32))
		}
		scale, zero := m.alongAxis(m.in(0), axis, m.in(1), m.in(2))
		return one(m.op(name, a, m.in(0), scale, zero))
	}
}

// become1 is ONNX's operator of a name, with those of its attributes.
func become1(name string, keep ...string) func(*node) ([]*ir.Value, error) {
	return contrib(1, func(m *maker) []*ir.Value { return one(m.op(name, m.pass(keep...), m.n.in...)) })
}

// real dequantises operand i by the scale and the zero point that follow it, numbers for all of it.
func (m *maker) real(i int) *ir.Value {
	x, scale := m.in(i), m.in(i+1)
	if m.err != nil || x == nil || scale == nil {
		return m.realOf(x, scale, nil)
	}
	return m.op("DequantizeLinear", nil, x, m.scalarOf(scale), m.scalarOf(m.in(i+2)))
}

// realOf dequantises x; a scale for each of several columns counts along the last axis.
func (m *maker) realOf(x, scale, zero *ir.Value) *ir.Value {
	if m.err != nil {
		return nil
	}
	if x == nil || scale == nil {
		m.fail(fmt.Errorf("an operand without its scale: %w", ir.ErrUnsupported))
		return nil
	}
	if scale.Type.Rank() > 1 || zero != nil && zero.Type.Rank() > 1 {
		y := m.cast(x, scale.Type.DType)
		if zero != nil {
			y = m.op("Sub", nil, y, m.cast(zero, scale.Type.DType))
		}
		return m.op("Mul", nil, y, scale)
	}
	a := attrs{"axis": intAttr(-1)}
	if x.Type.Rank() < 1 {
		a = nil
	}
	scale, zero = m.alongAxis(x, -1, scale, zero)
	return m.op("DequantizeLinear", a, x, scale, zero)
}

// alongAxis gives a scale and a zero point of x the same sizes: none, where both are one number, else that of an axis of x.
func (m *maker) alongAxis(x *ir.Value, axis int64, scale, zero *ir.Value) (_, _ *ir.Value) {
	const one, many, unknown = 0, 1, 2
	kind := func(v *ir.Value) int {
		if v == nil || v.Type.Rank() == 0 {
			return one
		}
		if v.Type.Rank() != 1 {
			return unknown
		}
		if n, ok := v.Type.Shape[0].Int(); !ok {
			return unknown
		} else if n == 1 {
			return one
		}
		return many
	}
	rank := int64(x.Type.Rank())
	if axis < 0 {
		axis += rank
	}
	if rank == 1 {
		axis = 0
	}
	k, kz := kind(scale), kind(zero)
	switch {
	case k == one && kz == one || axis < 0 || axis >= rank:
		return m.scalarOf(scale), m.scalarOf(zero)
	case k == many && (kz == many || zero == nil):
		return scale, zero
	}
	length := m.size(x, axis)
	spread := func(v *ir.Value) *ir.Value {
		if v == nil {
			return nil
		}
		wide := m.op("Expand", nil, m.sized(m.bytes(v), -1), length)
		return m.cast(wide, v.Type.DType)
	}
	return spread(scale), spread(zero)
}

// quantise is the result y by the scale and zero point in operands i and i+1; without a zero point it is of u8, as the operand's.
func (m *maker) quantise(y *ir.Value, i int) []*ir.Value {
	scale, zero := m.in(i), m.in(i+1)
	if scale == nil {
		m.fail(fmt.Errorf("a result without a scale: %w", ir.ErrUnsupported))
		return nil
	}
	a := attrs{}
	if zero == nil {
		a["output_dtype"] = intAttr(int64(m.in(0).Type.DType))
	}
	return one(m.op("QuantizeLinear", a, y, m.scalarOf(scale), m.scalarOf(zero)))
}

// quantiseShifted is quantise by operators that round after they add the zero point: halves then go to the even sum.
func (m *maker) quantiseShifted(y *ir.Value, i int) []*ir.Value {
	scale, zero := m.scalarOf(m.in(i)), m.scalarOf(m.in(i+1))
	if m.err != nil || scale == nil || zero == nil {
		return m.quantise(y, i)
	}
	if zero.IsConst() && zero.Data.Int64At(0)%2 == 0 { // then it is the same
		return m.quantise(y, i)
	}
	// What is odd in the zero point is added before.
	odd := m.op("BitwiseAnd", nil, zero, m.number(zero, 1))
	if m.err != nil {
		return nil
	}
	y = m.op("Add", nil, m.op("Div", nil, y, scale), m.cast(odd, tensor.F32))
	return one(m.op("QuantizeLinear", nil, y, m.number(y, 1), m.op("Sub", nil, zero, odd)))
}

func qBinary(name string) func(*maker) []*ir.Value {
	return func(m *maker) []*ir.Value { return m.quantiseShifted(m.op(name, nil, m.real(0), m.real(3)), 6) }
}

func qUnary(name string, keep ...string) func(*maker) []*ir.Value {
	return func(m *maker) []*ir.Value { return m.quantise(m.op(name, m.pass(keep...), m.real(0)), 3) }
}

func qReduceMean(m *maker) []*ir.Value {
	a := m.pass("keepdims")
	var axes *ir.Value
	if list := m.pass("axes")["axes"]; list != nil {
		axes = m.ints(list.Ints...)
	}
	return m.quantise(m.op("ReduceMean", a, m.real(0), axes), 3)
}

// qSoftmax follows the opset that its attribute names: before 13 all axes from the given one on sum to one together.
func qSoftmax(m *maker) []*ir.Value {
	axis, opset := m.int("axis", -1), m.int("opset", 13)
	x := m.real(0)
	if m.err != nil {
		return nil
	}
	if rank := int64(x.Type.Rank()); opset < 13 && axis != -1 && axis != rank-1 {
		if rank < 0 || axis < -rank || axis >= rank {
			m.fail(fmt.Errorf("axis %d is out of range for rank %d", axis, rank))
			return nil
		}
		return m.quantise(m.flatSoftmax(x, axis), 3)
	}
	return m.quantise(m.op("Softmax", attrs{"axis": intAttr(axis)}, x), 3)
}

// qPool pools [N,C,…], or with channels_last [N,…,C].
func qPool(name string, keep ...string) func(*maker) []*ir.Value {
	return func(m *maker) []*ir.Value {
		last := m.int("channels_last", 0) != 0
		x := m.real(0)
		if m.err != nil {
			return nil
		}
		a := m.pass(keep...)
		y := m.channelsFirst(x, last, func(x *ir.Value) *ir.Value { return m.op(name, a, x) })
		if name == "AveragePool" {
			return m.quantiseShifted(y, 3)
		}
		return m.quantise(y, 3)
	}
}

// qConcat joins triples of a tensor, its scale and its zero point, which follow those of the result.
func qConcat(m *maker) []*ir.Value {
	a := m.pass("axis")
	var parts []*ir.Value
	for i := 2; i < len(m.n.in); i += 3 {
		parts = append(parts, m.real(i))
	}
	if len(parts) == 0 || m.in(1) == nil {
		m.fail(fmt.Errorf("nothing to join: %w", ir.ErrUnsupported))
		return nil
	}
	return m.quantise(m.op("Concat", a, parts...), 0)
}

func qWhere(m *maker) []*ir.Value {
	if m.in(8) == nil {
		m.fail(fmt.Errorf("a result without a zero point: %w", ir.ErrUnsupported))
		return nil
	}
	return m.quantise(m.op("Where", nil, m.in(0), m.real(1), m.real(4)), 7)
}

// qGemm multiplies quantised matrices; the bias is quantised by both scales. Without the result's scale it is real.
func qGemm(m *maker) []*ir.Value {
	m.without(9)
	a := m.pass("alpha", "transA", "transB")
	w, c := m.in(3), m.in(6)
	if t := a["transB"]; t != nil && t.I != 0 && w != nil { // scales are those of columns
		w = m.transpose(w, 1, 0)
		delete(a, "transB")
	}
	y := m.op("Gemm", a, m.real(0), m.realOf(w, m.in(4), m.in(5)))
	if c != nil {
		scale := m.op("Mul", nil, m.scalarOf(m.in(1)), m.in(4))
		if f := a["alpha"]; f != nil {
			scale = m.op("Mul", nil, scale, m.number(scale, f.F))
		}
		y = m.op("Add", nil, y, m.op("Mul", nil, m.cast(c, tensor.F32), scale))
	}
	if m.in(7) == nil {
		return one(y)
	}
	return m.quantise(y, 7)
}

func matMulIntegerToFloat(m *maker) []*ir.Value {
	a, b := m.realOf(m.in(0), m.scalarOf(m.in(2)), m.scalarOf(m.in(4))), m.realOf(m.in(1), m.in(3), m.in(5))
	return one(m.plus(m.op("MatMul", nil, a, b), m.in(6)))
}

func dynamicQuantizeMatMul(m *maker) []*ir.Value {
	q := m.ops("DynamicQuantizeLinear", nil, 3, m.in(0))
	if m.err != nil {
		return nil
	}
	b := m.realOf(m.in(1), m.in(2), m.in(3))
	return one(m.plus(m.op("MatMul", nil, m.realOf(q[0], q[1], q[2]), b), m.in(4)))
}

// qConv is ONNX's QLinearConv, of channels that lie last where it says so.
func qConv(m *maker) []*ir.Value {
	m.without(9)
	last := m.int("channels_last", 0) != 0
	a := m.pass("auto_pad", "dilations", "group", "kernel_shape", "pads", "strides")
	return one(m.channelsFirst(m.in(0), last, func(x *ir.Value) *ir.Value {
		return m.op("QLinearConv", a, append([]*ir.Value{x}, m.n.in[1:]...)...)
	}))
}
