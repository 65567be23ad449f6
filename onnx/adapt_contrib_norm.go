package onnx

import (
	"fmt"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// simplifiedLayerNorm is RMSNormalization; its second result is what x was multiplied by.
func simplifiedLayerNorm(m *maker) []*ir.Value {
	m.without(2)
	a := m.pass("axis", "epsilon", "stash_type")
	y := m.op("RMSNormalization", a, m.in(0), m.in(1))
	if m.n.outs < 2 {
		return one(y)
	}
	axis, eps := int64(-1), float32(1e-5)
	if a["axis"] != nil {
		axis = a["axis"].I
	}
	if a["epsilon"] != nil {
		eps = a["epsilon"].F
	}
	rank := int64(m.in(0).Type.Rank())
	if rank < 0 || axis < -rank || axis >= rank {
		m.fail(fmt.Errorf("axis %d of rank %d: %w", axis, rank, ir.ErrUnsupported))
		return nil
	}
	return []*ir.Value{y, m.inverseRMS(m.in(0), (axis+rank)%rank, eps)}
}

// inverseRMS is 1/√(mean(x²) + eps) over all axes from one on, in float32.
func (m *maker) inverseRMS(x *ir.Value, axis int64, eps float32) *ir.Value {
	if m.err != nil {
		return nil
	}
	axes := axesFrom(axis, int64(x.Type.Rank()))
	x = m.cast(x, tensor.F32)
	mean := m.op("ReduceMean", nil, m.op("Mul", nil, x, x), m.ints(axes...))
	return m.op("Reciprocal", nil, m.op("Sqrt", nil, m.op("Add", nil, mean, m.number(mean, eps))))
}

// skipLayerNorm normalises the sum of its operands, which is the last result; the others are the mean and the inverse deviation.
func skipLayerNorm(m *maker) []*ir.Value {
	m.without(5)
	sum := m.plus(m.op("Add", nil, m.in(0), m.in(1)), m.in(4))
	a := attrs{"epsilon": floatAttr(m.float("epsilon", 1e-12))}
	if m.n.outs < 2 {
		return one(m.op("LayerNormalization", a, sum, m.in(2), m.in(3)))
	}
	out := m.ops("LayerNormalization", a, 3, sum, m.in(2), m.in(3))
	return append(out, sum)
}

func skipRMSNorm(m *maker) []*ir.Value {
	m.without(4)
	sum := m.plus(m.op("Add", nil, m.in(0), m.in(1)), m.in(3))
	eps := m.float("epsilon", 1e-12)
	out := []*ir.Value{m.op("RMSNormalization", attrs{"epsilon": floatAttr(eps)}, sum, m.in(2)), nil, nil, sum}
	if m.n.outs > 1 {
		m.ranked(sum)
	}
	if m.err == nil && m.n.outs > 1 { // it takes no mean
		out[2] = m.inverseRMS(sum, int64(sum.Type.Rank()-1), eps)
		out[1] = m.op("Expand", nil, m.n.constant(tensor.Scalar[float32](0)), m.op("Shape", nil, out[2]))
	}
	return out
}

// embedLayerNorm sums the embeddings of words, positions and segments, and normalises; its second result counts the tokens that the
// mask keeps.
func embedLayerNorm(m *maker) []*ir.Value {
	m.without(9)
	m.int("mask_index_type", 0)
	return m.embed(m.in(0), m.in(1), [3]*ir.Value{m.in(2), m.in(3), m.in(4)}, m.in(5), m.in(6), m.in(7), m.in(8))
}

// qEmbedLayerNorm is embedLayerNorm of quantised tables, scales and bias.
func qEmbedLayerNorm(m *maker) []*ir.Value {
	m.without(18)
	real := func(x, i int) *ir.Value {
		if m.in(x) == nil {
			return nil
		}
		return m.realOf(m.in(x), m.in(8+i), m.in(13+i))
	}
	return m.embed(m.in(0), m.in(1), [3]*ir.Value{real(2, 0), real(3, 1), real(4, 2)}, real(5, 3), real(6, 4), m.in(7), nil)
}

// embed looks up words, positions and segments in three tables; the last one may be absent.
func (m *maker) embed(ids, segments *ir.Value, tables [3]*ir.Value, scale, bias, mask, positions *ir.Value) []*ir.Value {
	sum := m.op("Gather", nil, tables[0], ids)
	if positions == nil {
		positions = m.count(m.size(ids, 1))
	}
	sum = m.op("Add", nil, sum, m.op("Gather", nil, tables[1], positions))
	if tables[2] != nil {
		if segments == nil {
			m.fail(fmt.Errorf("a table of segments without segments: %w", ir.ErrUnsupported))
		}
		sum = m.op("Add", nil, sum, m.op("Gather", nil, tables[2], segments))
	}
	y := m.op("LayerNormalization", attrs{"epsilon": floatAttr(m.float("epsilon", 1e-12))}, sum, scale, bias)
	seen := m.op("Mul", nil, m.cast(m.size(ids, 0), tensor.I32), m.n.constant(tensor.Scalar[int32](0)))
	seen = m.op("Expand", nil, seen, m.size(ids, 0))
	if mask != nil {
		kept := m.op("Equal", nil, mask, m.number(mask, 1))
		seen = m.op("ReduceSum", attrs{"keepdims": intAttr(0)}, m.cast(kept, tensor.I32), m.ints(1))
	}
	return []*ir.Value{y, seen, sum}
}

// gatedRMSNorm normalises groups of as many elements as there are scales, in float32, and multiplies by the activated gate.
func gatedRMSNorm(m *maker) []*ir.Value {
	m.without(3)
	act, eps := m.str("activation", "silu"), m.float("epsilon", 1e-5)
	x, gate := m.in(0), m.cast(m.in(2), tensor.F32)
	groups := m.join(m.ints(-1), m.op("Shape", nil, m.in(1)))
	y := m.op("RMSNormalization", attrs{"epsilon": floatAttr(eps)}, m.reshape(m.cast(x, tensor.F32), groups), m.cast(m.in(1), tensor.F32))
	y = m.like(y, x)
	switch act {
	case "silu", "swish":
		gate = m.op("Swish", nil, gate)
	case "sigmoid":
		gate = m.op("Sigmoid", nil, gate)
	default:
		m.fail(fmt.Errorf("activation %q: %w", act, ir.ErrUnsupported))
	}
	return one(m.cast(m.op("Mul", nil, y, gate), x.Type.DType))
}

// branchwiseRMSNorm normalises the last axis, or each of so many parts of it.
func branchwiseRMSNorm(m *maker) []*ir.Value {
	m.without(2)
	branches, eps := m.int("num_branches", 0), m.float("epsilon", 1e-5)
	x := m.in(0)
	y := m.streams(m.cast(x, tensor.F32), branches)
	if m.err != nil {
		return nil
	}
	if y.Type.Rank() < 2 {
		m.fail(fmt.Errorf("an operand of rank %d has no branches: %w", y.Type.Rank(), ir.ErrUnsupported))
		return nil
	}
	y = m.overRMS(y, eps)
	if scale := m.in(1); scale != nil {
		scale = m.cast(scale, tensor.F32)
		if m.err == nil && scale.Type.Rank() == 1 { // for the elements of a branch, or for those of all branches
			scale = m.op("Reshape", nil, scale, m.join(m.ints(-1), m.lastSize(y)))
		}
		y = m.op("Mul", nil, y, scale)
	}
	return one(m.cast(m.like(y, x), x.Type.DType))
}

// overRMS divides x by the root of the mean of its squares along the last axis.
func (m *maker) overRMS(x *ir.Value, eps float32) *ir.Value {
	ones := m.op("Expand", nil, m.n.constant(tensor.Of([]float32{1}, 1)), m.lastSize(x))
	return m.op("RMSNormalization", attrs{"axis": intAttr(-1), "epsilon": floatAttr(eps)}, x, ones)
}

// groupNorm normalises groups of channels, of the sum with skip and bias where skipped; channels lie last unless said otherwise.
func groupNorm(skipped bool) func(*maker) []*ir.Value {
	return func(m *maker) []*ir.Value {
		last, act := m.int("channels_last", 1) != 0, m.int("activation", 0)
		x := m.in(0)
		if skipped {
			m.without(5)
			x = m.plus(m.op("Add", nil, x, m.skipOf(x, m.in(3), last)), m.perChannel(x, m.in(4), last))
		} else {
			m.without(3)
		}
		if m.err != nil {
			return nil
		}
		a := attrs{"num_groups": intAttr(m.int("groups", 0)), "epsilon": floatAttr(m.float("epsilon", 1e-5))}
		d := x.Type.DType
		norm := func(x *ir.Value) *ir.Value {
			return m.op("GroupNormalization", a, m.cast(x, tensor.F32), m.cast(m.in(1), tensor.F32), m.cast(m.in(2), tensor.F32))
		}
		y := m.channelsFirst(x, last, norm)
		switch act {
		case 0:
		case 1:
			y = m.op("Swish", nil, y)
		default:
			m.fail(fmt.Errorf("activation %d: %w", act, ir.ErrUnsupported))
		}
		return []*ir.Value{m.cast(y, d), x}
	}
}

// skipOf gives a skip of rank 2, [N,C], the rank of x.
func (m *maker) skipOf(x, skip *ir.Value, last bool) *ir.Value {
	if skip == nil {
		m.fail(fmt.Errorf("it has no skip: %w", ir.ErrUnsupported))
		return nil
	}
	if skip.Type.Rank() != 2 {
		return skip
	}
	axes := axesFrom(2, int64(x.Type.Rank()))
	if last {
		axes = axesFrom(1, int64(x.Type.Rank()-1))
	}
	return m.unsqueeze(skip, axes...)
}

// perChannel gives a vector [C] the sizes that broadcast along the channels of x.
func (m *maker) perChannel(x, v *ir.Value, last bool) *ir.Value {
	if v == nil || last || m.err != nil {
		return v
	}
	return m.unsqueeze(v, axesFrom(1, int64(x.Type.Rank()-1))...)
}

// channelsFirst applies f to x [N,…,C] as [N,C,…] where channels lie last, to x itself elsewhere.
func (m *maker) channelsFirst(x *ir.Value, last bool, f func(*ir.Value) *ir.Value) *ir.Value {
	if !last || m.err != nil {
		return f(x)
	}
	rank := x.Type.Rank()
	if rank < 2 {
		m.fail(fmt.Errorf("channels last in an operand of rank %d: %w", rank, ir.ErrUnsupported))
		return nil
	}
	back := append(append([]int64{0}, axesFrom(2, int64(rank))...), 1)
	return m.transpose(f(m.firstChannels(x)), back...)
}

// firstChannels turns [N,…,C] into [N,C,…].
func (m *maker) firstChannels(x *ir.Value) *ir.Value {
	if m.err != nil || x == nil || x.Type.Rank() < 2 {
		return x
	}
	last := int64(x.Type.Rank() - 1)
	return m.transpose(x, append([]int64{0, last}, axesFrom(1, last)...)...)
}
