package onnx

import (
	"fmt"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
	"github.com/cameo-onnx/cameo/onnx/wire"
)

const microsoft = "com.microsoft"

// contribOps builds what ONNX Runtime's fused operators mean of ONNX's own; the passes fuse them again as the target can.
var contribOps = []adapter{
	{microsoft, "BiasGelu", always, contrib(1, func(m *maker) []*ir.Value { return one(m.op("Gelu", nil, m.op("Add", nil, m.in(0), m.in(1)))) })},
	{microsoft, "BiasAdd", always, contrib(1, func(m *maker) []*ir.Value { return one(m.op("Add", nil, m.op("Add", nil, m.in(0), m.in(1)), m.in(2))) })},
	{microsoft, "ExpandDims", always, contrib(1, expandDims)},
	{microsoft, "FastGelu", always, contrib(1, fastGelu)},
	{microsoft, "FusedConv", always, contrib(1, fusedConv)},
	{microsoft, "FusedGemm", always, contrib(1, fusedGemm)},
	{microsoft, "FusedMatMul", always, contrib(1, fusedMatMul)},
	{microsoft, "TransposeMatMul", always, contrib(1, fusedMatMul)},
	{microsoft, "Gelu", always, contrib(1, func(m *maker) []*ir.Value { return one(m.op("Gelu", nil, m.in(0))) })},
	{microsoft, "QuickGelu", always, contrib(1, func(m *maker) []*ir.Value {
		return one(m.op("Swish", attrs{"alpha": floatAttr(m.float("alpha", 1.702))}, m.in(0)))
	})},
	{microsoft, "EmbedLayerNormalization", always, contrib(3, embedLayerNorm)},
	{microsoft, "SkipLayerNormalization", always, contrib(4, skipLayerNorm)},
	{microsoft, "SkipSimplifiedLayerNormalization", always, contrib(4, skipRMSNorm)},
	{"", "SimplifiedLayerNormalization", always, contrib(2, simplifiedLayerNorm)},
	{microsoft, "SimplifiedLayerNormalization", always, contrib(2, simplifiedLayerNorm)},
	{microsoft, "RotaryEmbedding", always, contrib(1, contribRotary)},
	{microsoft, "MRotaryEmbedding", always, contrib(1, multiRotary)},
	{microsoft, "QEmbedLayerNormalization", always, contrib(2, qEmbedLayerNorm)},
	{microsoft, "GatedRMSNorm", always, contrib(1, gatedRMSNorm)},
	{microsoft, "BranchwiseRMSNorm", always, contrib(1, branchwiseRMSNorm)},
	{microsoft, "GroupNorm", always, contrib(1, groupNorm(false))},
	{microsoft, "SkipGroupNorm", always, contrib(2, groupNorm(true))},
	{microsoft, "MoE", always, contrib(1, moe)},
	{microsoft, "QMoE", always, contrib(1, qMoE)},
	{microsoft, "GatherBlockQuantized", always, contrib(1, gatherBlocks)},
	{microsoft, "MatMulBnb4", always, contrib(1, matMulBnb4)},
	{microsoft, "Attention", always, contrib(2, contribAttention)},
	{microsoft, "QAttention", always, contrib(2, qAttention)},
	{microsoft, "MultiHeadAttention", always, contrib(4, multiHeadAttention)},
	{microsoft, "DecoderMaskedMultiHeadAttention", always, contrib(4, decoderAttention)},
	{microsoft, "GroupQueryAttention", always, groupQuery},
	{microsoft, "MatMulNBits", always, matMulNBits},
}

// contrib makes an adapter of what builds a node's results, at most outs of them; nil ones cannot be had. What it leaves of the
// attributes is refused.
func contrib(outs int, build func(*maker) []*ir.Value) func(*node) ([]*ir.Value, error) {
	return func(n *node) ([]*ir.Value, error) {
		m := &maker{n: n}
		if _, err := n.operand(0); err != nil {
			return nil, err
		}
		out := build(m)
		if m.err != nil {
			return nil, m.err
		}
		for i, name := range n.proto.Out {
			if name != "" && (i >= outs || i >= len(out) || out[i] == nil) {
				return nil, fmt.Errorf("result %d: %w", i, ir.ErrUnsupported)
			}
		}
		return out, n.noAttrs(nil, nil)
	}
}

func one(v *ir.Value) []*ir.Value { return []*ir.Value{v} }

func expandDims(m *maker) []*ir.Value {
	axis := m.sized(m.cast(m.in(1), tensor.I64), 1)
	return one(m.op("Unsqueeze", nil, m.in(0), axis))
}

func fastGelu(m *maker) []*ir.Value {
	return one(m.op("Gelu", attrs{"approximate": stringAttr("tanh")}, m.plus(m.in(0), m.in(1))))
}

// activations holds the parameters of activations that fused operators name, in the order in which they give them.
var activations = map[string][]string{
	"Relu": nil, "Tanh": nil, "Sigmoid": nil, "Softplus": nil, "Softsign": nil, "HardSwish": nil, "Gelu": nil,
	"Swish": {"alpha"}, "LeakyRelu": {"alpha"}, "Elu": {"alpha"}, "Celu": {"alpha"}, "ThresholdedRelu": {"alpha"},
	"HardSigmoid": {"alpha", "beta"}, "Selu": {"alpha", "gamma"},
}

// activate applies the activation that attributes of a fused operator name. params are its parameters, or those of Clip, its bounds.
func (m *maker) activate(x *ir.Value, name string, params []float32) *ir.Value {
	if name == "" || m.err != nil {
		return x
	}
	param := func(i int, def float32) *ir.Value {
		if i < len(params) {
			def = params[i]
		}
		return m.number(x, def)
	}
	switch name {
	case "Clip":
		if len(params) != 2 {
			m.fail(fmt.Errorf("%w: Clip has %d parameters, not 2", wire.ErrFormat, len(params)))
			return nil
		}
		return m.op("Clip", nil, x, param(0, 0), param(1, 0))
	case "Affine":
		return m.op("Add", nil, m.op("Mul", nil, x, param(0, 1)), param(1, 0))
	case "ScaledTanh":
		return m.op("Mul", nil, param(0, 1), m.op("Tanh", nil, m.op("Mul", nil, x, param(1, 1))))
	case "ParametricSoftplus":
		return m.op("Mul", nil, param(0, 1), m.op("Softplus", nil, m.op("Mul", nil, x, param(1, 1))))
	}
	names, ok := activations[name]
	if !ok {
		m.fail(fmt.Errorf("activation %s: %w", wire.Quote(name), ir.ErrUnsupported))
		return nil
	}
	a := attrs{} // parameters that the activation has not are written out all the same
	for i := range min(len(names), len(params)) {
		a[names[i]] = floatAttr(params[i])
	}
	return m.op(name, a, x)
}

func fusedConv(m *maker) []*ir.Value {
	m.without(4)
	name, params := m.activation()
	y := m.op("Conv", m.pass("auto_pad", "dilations", "group", "kernel_shape", "pads", "strides"), m.in(0), m.in(1), m.in(2))
	return one(m.activate(m.plus(y, m.in(3)), name, params))
}

func fusedGemm(m *maker) []*ir.Value {
	name, params := m.str("activation", ""), m.activationParts()
	y := m.op("Gemm", m.pass("alpha", "beta", "transA", "transB"), m.in(0), m.in(1), m.in(2))
	return one(m.activate(y, name, params))
}

// fusedMatMul multiplies operands whose last two axes, or first and others, change places; batches move the first axis before the last
// but one.
func fusedMatMul(m *maker) []*ir.Value {
	alpha := m.float("alpha", 1)
	var v [2]*ir.Value
	for i, name := range []string{"A", "B"} {
		x, err := m.n.ranked(i)
		if err != nil {
			m.fail(err)
			return nil
		}
		trans, batch := m.int("trans"+name, 0) != 0, m.int("transBatch"+name, 0) != 0
		v[i] = x
		r := x.Type.Rank()
		if r < 2 || !trans && !batch {
			continue
		}
		perm := axesFrom(0, int64(r))
		if batch {
			copy(perm, perm[1:r-1])
			perm[r-2] = 0
		}
		if trans {
			perm[r-2], perm[r-1] = perm[r-1], perm[r-2]
		}
		v[i] = m.transpose(x, perm...)
	}
	y := m.op("MatMul", nil, v[0], v[1])
	if alpha != 1 {
		y = m.op("Mul", nil, y, m.number(v[0], alpha))
	}
	return one(y)
}

// contribRotary gives ONNX's operator its operands in another order. One position is that of the first token of every item.
func contribRotary(m *maker) []*ir.Value {
	m.int("is_packed_batching", 0) // a hint for other devices
	m.float("scale", 1)            // which ONNX Runtime leaves out
	return one(m.rotate(m.in(0), m.in(1), m.in(2), m.in(3)))
}

// rotate turns x by the angles of its positions [N,length] or [1]; without them the caches hold the angles of each token.
func (m *maker) rotate(x, at, cos, sin *ir.Value) *ir.Value {
	a := m.pass("interleaved", "num_heads", "rotary_embedding_dim")
	if x.Type.Rank() < 3 || cos == nil || cos.Type.Rank() < 2 || at != nil && at.Type.Rank() < 0 {
		m.fail(fmt.Errorf("an operand of rank %d: %w", x.Type.Rank(), ir.ErrUnsupported))
		return nil
	}
	length := int64(x.Type.Rank() - 2)
	if at != nil && at.Type.Rank() < 2 {
		at = m.op("Add", nil, m.sized(at, 1), m.count(m.size(x, length)))
		at = m.op("Expand", nil, m.unsqueeze(at, 0), m.join(m.size(x, 0), m.ints(1)))
	}
	if heads := a["num_heads"]; x.Type.Rank() > 3 || heads != nil && heads.I != 0 {
		return m.op("RotaryEmbedding", a, x, cos, sin, at)
	}
	delete(a, "num_heads") // heads are as wide as what turns
	half := m.lastSize(cos)
	wide := m.join(m.ints(0, 0, -1), m.op("Add", nil, half, half))
	y := m.op("RotaryEmbedding", a, m.transpose(m.op("Reshape", nil, x, wide), 0, 2, 1, 3), cos, sin, at)
	return m.like(m.transpose(y, 0, 2, 1, 3), x)
}

// multiRotary is contribRotary with three positions of each token [3,N,length], each of which turns its section of a head.
func multiRotary(m *maker) []*ir.Value {
	m.int("is_packed_batching", 0)
	layout, list := m.int("mrope_layout", 0), m.pass("mrope_section")["mrope_section"]
	m.float("scale", 1)
	if layout != 0 && layout != 1 || list == nil || len(list.Ints) != 3 || m.in(1) == nil || m.in(2) == nil || m.in(3) == nil {
		m.fail(fmt.Errorf("mrope_layout %d, or sections that are not three: %w", layout, ir.ErrUnsupported))
		return nil
	}
	var stream []int64 // of each angle, which position it is of
	for i, n := range list.Ints {
		if n < 0 || n > 1<<16 {
			m.fail(fmt.Errorf("section %d: %w", n, ir.ErrUnsupported))
			return nil
		}
		for range n {
			stream = append(stream, int64(i))
		}
	}
	if layout == 1 {
		clear(stream)
		for i, n := range list.Ints[1:] {
			for k := i + 1; k < min(int(3*n), len(stream)); k += 3 {
				stream[k] = int64(i + 1)
			}
		}
	}
	angles := func(cache *ir.Value) *ir.Value { // [3,N,length,half]: of each angle, that of its stream
		all := m.transpose(m.op("Gather", nil, cache, m.in(1)), 1, 2, 3, 0)
		index := m.unsqueeze(m.ints(stream...), 1)
		index = m.op("Expand", nil, index, m.join(m.op("Shape", attrs{"end": intAttr(3)}, all), m.ints(1)))
		return m.op("Squeeze", nil, m.op("GatherElements", attrs{"axis": intAttr(3)}, all, index), m.ints(3))
	}
	cos, sin := angles(m.in(2)), angles(m.in(3))
	if m.err != nil {
		return nil
	}
	return one(m.rotate(m.in(0), nil, cos, sin))
}
