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
	{"", "SimplifiedLayerNormalization", always, contrib(1, simplifiedLayerNorm)},
	{microsoft, "SimplifiedLayerNormalization", always, contrib(1, simplifiedLayerNorm)},
	{microsoft, "RotaryEmbedding", always, contrib(1, contribRotary)},
	{microsoft, "Attention", always, contrib(2, contribAttention)},
	{microsoft, "QAttention", always, contrib(2, qAttention)},
	{microsoft, "MultiHeadAttention", always, contrib(4, multiHeadAttention)},
	{microsoft, "DecoderMaskedMultiHeadAttention", always, contrib(4, decoderAttention)},
	{microsoft, "GroupQueryAttention", always, groupQuery},
}

// contrib makes an adapter of what builds a node's results, at most outs of them; nil ones cannot be had. What it leaves of the attributes is refused.
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

// in returns operand i, or nil.
func (m *maker) in(i int) *ir.Value {
	if i < len(m.n.in) {
		return m.n.in[i]
	}
	return nil
}

// without refuses operands from i on.
func (m *maker) without(i int) {
	for ; i < len(m.n.in); i++ {
		if m.n.in[i] != nil {
			m.fail(fmt.Errorf("operand %d: %w", i, ir.ErrUnsupported))
		}
	}
}

func (m *maker) fail(err error) {
	if m.err == nil {
		m.err = err
	}
}

// int, float and str take attributes.
func (m *maker) int(name string, def int64) int64 {
	x, err := m.n.takeInt(name, def)
	if err != nil {
		m.fail(err)
	}
	return x
}

func (m *maker) float(name string, def float32) float32 {
	x, err := m.n.takeFloat(name, def)
	if err != nil {
		m.fail(err)
	}
	return x
}

func (m *maker) str(name, def string) string {
	a, err := m.n.take(name, wire.AttrString)
	if err != nil {
		m.fail(err)
	}
	if a == nil {
		return def
	}
	return string(a.S)
}

// pass takes those of the named attributes that are there, for another node.
func (m *maker) pass(names ...string) attrs {
	out := attrs{}
	for _, name := range names {
		if a := m.n.attrs[name]; a != nil {
			out[name] = a
			delete(m.n.attrs, name)
		}
	}
	return out
}

// number makes a scalar of v's element type.
func (m *maker) number(v *ir.Value, x float32) *ir.Value {
	if m.err != nil {
		return nil
	}
	t, err := tensor.Convert(tensor.Scalar(x), v.Type.DType, false, 0)
	if err != nil {
		m.fail(err)
		return nil
	}
	return m.n.constant(t)
}

// plus adds v to x, where v is present.
func (m *maker) plus(x, v *ir.Value) *ir.Value {
	if v == nil {
		return x
	}
	return m.op("Add", nil, x, v)
}

func expandDims(m *maker) []*ir.Value {
	axis := m.op("Reshape", nil, m.op("Cast", attrs{"to": intAttr(int64(tensor.I64))}, m.in(1)), m.n.ints(1))
	return one(m.op("Unsqueeze", nil, m.in(0), axis))
}

func fastGelu(m *maker) []*ir.Value {
	return one(m.op("Gelu", attrs{"approximate": stringAttr("tanh")}, m.plus(m.in(0), m.in(1))))
}

// activate applies the activation that attributes of a fused operator name. params are its alpha and beta, or those of Clip, its bounds.
func (m *maker) activate(x *ir.Value, name string, params []float32) *ir.Value {
	want := map[string][]string{"": nil, "Relu": nil, "Tanh": nil, "Sigmoid": nil, "Softplus": nil, "LeakyRelu": {"alpha"}, "Elu": {"alpha"},
		"ThresholdedRelu": {"alpha"}, "HardSigmoid": {"alpha", "beta"}, "Clip": nil}
	names, ok := want[name]
	switch {
	case !ok || name != "Clip" && len(params) > len(names):
		m.fail(fmt.Errorf("activation %s with %d parameters: %w", wire.Quote(name), len(params), ir.ErrUnsupported))
		return nil
	case name == "":
		return x
	case name == "Clip":
		if len(params) != 2 {
			m.fail(fmt.Errorf("%w: Clip has %d parameters, not 2", wire.ErrFormat, len(params)))
			return nil
		}
		return m.op("Clip", nil, x, m.number(x, params[0]), m.number(x, params[1]))
	}
	a := attrs{}
	for i, p := range params {
		a[names[i]] = floatAttr(p)
	}
	return m.op(name, a, x)
}

func fusedConv(m *maker) []*ir.Value {
	m.without(4)
	name, params := m.str("activation", ""), []float32(nil)
	if a, err := m.n.take("activation_params", wire.AttrFloats); err != nil {
		m.fail(err)
	} else if a != nil {
		params = a.Floats
	}
	y := m.op("Conv", m.pass("auto_pad", "dilations", "group", "kernel_shape", "pads", "strides"), m.in(0), m.in(1), m.in(2))
	return one(m.activate(m.plus(y, m.in(3)), name, params))
}

func fusedGemm(m *maker) []*ir.Value {
	name := m.str("activation", "")
	params := []float32{}
	for _, p := range []string{"activation_alpha", "activation_beta"} {
		if m.n.attrs[p] != nil {
			params = append(params, m.float(p, 0))
		}
	}
	if name == "Relu" || name == "Tanh" || name == "Sigmoid" {
		params = nil // written out, and unused
	}
	m.float("activation_gamma", 0)
	y := m.op("Gemm", m.pass("alpha", "beta", "transA", "transB"), m.in(0), m.in(1), m.in(2))
	return one(m.activate(y, name, params))
}

// fusedMatMul multiplies operands whose last two axes, or first and others, change places; batches move the first axis before the last but one.
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
		perm := make([]int64, r)
		for k := range perm {
			perm[k] = int64(k)
		}
		if batch {
			copy(perm, perm[1:r-1])
			perm[r-2] = 0
		}
		if trans {
			perm[r-2], perm[r-1] = perm[r-1], perm[r-2]
		}
		v[i] = m.op("Transpose", attrs{"perm": {Type: wire.AttrInts, Ints: perm}}, x)
	}
	y := m.op("MatMul", nil, v[0], v[1])
	if alpha != 1 {
		y = m.op("Mul", nil, y, m.number(v[0], alpha))
	}
	return one(y)
}

func simplifiedLayerNorm(m *maker) []*ir.Value {
	m.without(2)
	return one(m.op("RMSNormalization", m.pass("axis", "epsilon", "stash_type"), m.in(0), m.in(1)))
}

func skipLayerNorm(m *maker) []*ir.Value {
	sum := m.plus(m.op("Add", nil, m.in(0), m.in(1)), m.in(4))
	a := attrs{"epsilon": floatAttr(m.float("epsilon", 1e-12))}
	return []*ir.Value{m.op("LayerNormalization", a, sum, m.in(2), m.in(3)), nil, nil, sum}
}

func skipRMSNorm(m *maker) []*ir.Value {
	sum := m.plus(m.op("Add", nil, m.in(0), m.in(1)), m.in(3))
	a := attrs{"epsilon": floatAttr(m.float("epsilon", 1e-12))}
	return []*ir.Value{m.op("RMSNormalization", a, sum, m.in(2)), nil, nil, sum}
}

// embedLayerNorm sums the embeddings of words, positions and segments, and normalises; its second result counts the tokens that the mask keeps.
func embedLayerNorm(m *maker) []*ir.Value {
	ids, mask := m.in(0), m.in(7)
	mode := m.int("mask_index_type", 1)
	sum := m.op("Gather", nil, m.in(2), ids)
	if m.in(8) != nil {
		sum = m.op("Add", nil, sum, m.op("Gather", nil, m.in(3), m.in(8)))
	} else {
		length := m.op("Squeeze", nil, m.op("Shape", attrs{"start": intAttr(1), "end": intAttr(2)}, ids))
		positions := m.op("Range", nil, m.n.constant(tensor.Scalar[int64](0)), length, m.n.constant(tensor.Scalar[int64](1)))
		sum = m.op("Add", nil, sum, m.op("Gather", nil, m.in(3), positions))
	}
	if m.in(4) != nil {
		sum = m.op("Add", nil, sum, m.op("Gather", nil, m.in(4), m.in(1)))
	}
	y := m.op("LayerNormalization", attrs{"epsilon": floatAttr(m.float("epsilon", 1e-12))}, sum, m.in(5), m.in(6))
	var seen *ir.Value
	switch {
	case mask != nil && mode != 0:
		seen = m.op("ReduceSum", attrs{"keepdims": intAttr(0)}, mask, m.n.ints(1))
	case m.err == nil:
		seen = m.op("ConstantOfShape", attrs{"value": {Type: wire.AttrTensor, T: wire.FromTensor("", tensor.Of([]int32{0}))}},
			m.op("Shape", attrs{"end": intAttr(1)}, ids))
	}
	return []*ir.Value{y, seen, sum}
}

// contribRotary gives ONNX's operator its operands in another order. Positions must be given for every token.
func contribRotary(m *maker) []*ir.Value {
	x, err := m.n.ranked(0)
	if err != nil {
		m.fail(err)
		return nil
	}
	pos, err := m.n.ranked(1)
	if err != nil {
		m.fail(err)
		return nil
	}
	if pos.Type.Rank() != 2 || m.int("scale", 1) != 1 || m.int("is_packed_batching", 0) != 0 {
		m.fail(fmt.Errorf("positions of rank %d, a scale or packed batches: %w", pos.Type.Rank(), ir.ErrUnsupported))
		return nil
	}
	a := m.pass("interleaved", "num_heads", "rotary_embedding_dim")
	if heads := a["num_heads"]; x.Type.Rank() == 3 && (heads == nil || heads.I == 0) {
		wide, ok := x.Type.Shape[2].Int()
		half, ok2 := m.in(2).Type.Shape[1].Int()
		if !ok || !ok2 || half == 0 {
			m.fail(fmt.Errorf("num_heads that only sizes tell: %w", ir.ErrUnsupported))
			return nil
		}
		a["num_heads"] = intAttr(int64(wide / (2 * half)))
	}
	return one(m.op("RotaryEmbedding", a, x, m.in(2), m.in(3), pos))
}
