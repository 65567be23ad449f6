package onnx

import (
	"fmt"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// gatherBlocks gathers from a table that is quantised in blocks along an axis, and dequantises what it gathered. Indices out of range
// give zeros.
func gatherBlocks(m *maker) []*ir.Value {
	m.without(4)
	bits, block := m.int("bits", 4), m.int("block_size", 128)
	along, axis := m.int("quantize_axis", 1), m.int("gather_axis", 0)
	data, at, scale, zero := m.in(0), m.in(1), m.in(2), m.in(3)
	if at == nil || scale == nil || data.Type.Rank() < 1 || at.Type.Rank() < 0 {
		m.fail(fmt.Errorf("a table of rank %d, or no scales: %w", data.Type.Rank(), ir.ErrUnsupported))
		return nil
	}
	rank, d := int64(data.Type.Rank()), data.Type.DType
	if along < -rank || along >= rank || axis < -rank || axis >= rank {
		m.fail(fmt.Errorf("axes %d and %d are out of range for rank %d", along, axis, rank))
		return nil
	}
	along, axis = (along+rank)%rank, (axis+rank)%rank
	if d != tensor.U8 {
		bits = 8 // what lies there is one number an element
		data, zero = m.bytes(data), m.bytes(zero)
	}
	if d == tensor.U8 && zero == nil {
		zero = m.middle(scale, bits)
	} else if zero != nil {
		zero = m.unpackBits(zero, bits)
		if m.err == nil && zero != m.in(3) { // rows of zero points end with a whole byte
			zero = m.op("Slice", nil, zero, m.ints(0), m.size(scale, rank-1), m.ints(rank-1))
		}
	}
	if d.IsFloat() {
		scale, block = m.wholeScales(data, scale, along, block)
	}
	if along == axis {
		y := m.op("DequantizeLinear", attrs{"axis": intAttr(along), "block_size": intAttr(block)}, m.unpackBits(data, bits), scale, zero)
		at, within := m.inRange(at, m.size(y, axis))
		return one(m.zeroOutside(m.op("Gather", attrs{"axis": intAttr(axis)}, y, at), within, rank-1-axis))
	}
	at, within := m.inRange(at, m.size(data, axis))
	take := func(v *ir.Value) *ir.Value {
		if v == nil {
			return nil
		}
		return m.op("Gather", attrs{"axis": intAttr(axis)}, v, at)
	}
	q, s, z := m.unpackBits(take(data), bits), take(scale), take(zero)
	if m.err != nil {
		return nil
	}
	if along > axis {
		along += int64(at.Type.Rank()) - 1
	}
	y := m.op("DequantizeLinear", attrs{"axis": intAttr(along), "block_size": intAttr(block)}, q, s, z)
	return one(m.zeroOutside(y, within, rank-1-axis))
}

// inRange returns indices with 0 for those that are not within an axis of size n, a vector of one, and which are.
func (m *maker) inRange(at, n *ir.Value) (_, within *ir.Value) {
	at = m.cast(at, tensor.I64)
	n = m.scalarOf(n)
	within = m.op("And", nil, m.op("Less", nil, at, n), m.op("GreaterOrEqual", nil, at, m.op("Neg", nil, n)))
	return m.op("Where", nil, within, at, m.n.constant(tensor.Scalar[int64](0))), within
}

// zeroOutside keeps what was gathered by indices within range; behind their axes lie so many of the table.
func (m *maker) zeroOutside(y, within *ir.Value, behind int64) *ir.Value {
	if m.err != nil {
		return nil
	}
	if rank := int64(within.Type.Rank()); behind > 0 {
		within = m.unsqueeze(within, axesFrom(rank, rank+behind)...)
	}
	return m.op("Where", nil, within, y, m.number(y, 0))
}

// bytes makes numbers of a byte of those of four bits.
func (m *maker) bytes(x *ir.Value) *ir.Value {
	if m.err != nil || x == nil {
		return x
	}
	switch x.Type.DType {
	case tensor.I4:
		return m.cast(x, tensor.I8)
	case tensor.U4:
		return m.cast(x, tensor.U8)
	}
	return x
}

// wholeScales spreads scales of size 1 along axes that are not quantised; a block of 0 is the whole axis.
func (m *maker) wholeScales(data, scale *ir.Value, along, block int64) (*ir.Value, int64) {
	if block == 0 {
		if block = knownSize(data, along); block < 1 {
			m.fail(fmt.Errorf("blocks of an unknown size: %w", ir.ErrUnsupported))
		}
	}
	rank := int64(data.Type.Rank())
	var dims []*ir.Value
	for i := range rank {
		if i == along {
			dims = append(dims, m.ints(1))
		} else {
			dims = append(dims, m.size(data, i))
		}
	}
	return m.op("Expand", nil, scale, m.join(dims...)), block
}

// bnbCodes holds what the 16 codes of the two types of four bits stand for: floats, and quantiles of a normal distribution.
var bnbCodes = [2][]float32{
	{0, 0.00520833333, 0.66666667, 1, 0.33333333, 0.5, 0.16666667, 0.25, 0, -0.00520833333, -0.66666667, -1, -0.33333333, -0.5, -0.16666667, -0.25},
	{-1, -0.6961928, -0.52507305, -0.3949175, -0.28444138, -0.18477343, -0.091050036, 0,
		0.0795803, 0.1609302, 0.2461123, 0.33791524, 0.44070983, 0.562617, 0.72295684, 1},
}

// matMulBnb4 multiplies by weights [N,K] of four bits, the first in the high bits of a byte, in blocks that run on over rows, each
// times its largest value.
func matMulBnb4(m *maker) []*ir.Value {
	m.without(3)
	k, n, block, kind := m.int("K", 0), m.int("N", 0), m.int("block_size", 0), m.int("quant_type", -1)
	turned := m.int("transB", 1) != 0
	m.int("training_mode", 0)
	if k < 1 || n < 1 || k > 1<<31 || n > 1<<31 || block < 1 || block > 1<<31 || kind < 0 || kind > 1 || m.in(1) == nil || m.in(2) == nil {
		m.fail(fmt.Errorf("weights of %d by %d, block_size %d, quant_type %d: %w", n, k, block, kind, ir.ErrUnsupported))
		return nil
	}
	u8 := func(v uint8) *ir.Value { return m.n.constant(tensor.Scalar(v)) }
	last := m.ints(-1)
	high := m.op("Unsqueeze", nil, m.op("BitShift", attrs{"direction": stringAttr("RIGHT")}, m.in(1), u8(4)), last)
	low := m.op("Unsqueeze", nil, m.op("BitwiseAnd", nil, m.in(1), u8(15)), last)
	codes := m.op("Reshape", nil, m.op("Concat", attrs{"axis": intAttr(-1)}, high, low), last)
	codes = m.op("Slice", nil, m.cast(codes, tensor.I32), m.ints(0), m.ints(n*k))
	w := m.op("Gather", nil, m.n.constant(tensor.Of(append([]float32{}, bnbCodes[kind]...), 16)), codes)
	blocks := (n*k + block - 1) / block
	at := m.op("Div", nil, m.op("Range", nil, m.n.constant(tensor.Scalar[int64](0)), m.n.constant(tensor.Scalar(n*k)), m.n.constant(tensor.Scalar[int64](1))),
		m.n.constant(tensor.Scalar(block)))
	scale := m.op("Gather", nil, m.sized(m.in(2), blocks), at)
	w = m.sized(m.op("Mul", nil, w, m.cast(scale, tensor.F32)), n, k)
	if turned {
		w = m.transpose(w, 1, 0)
	}
	y := m.op("MatMul", nil, m.cast(m.in(0), tensor.F32), w)
	return one(m.cast(y, m.in(0).Type.DType))
}
