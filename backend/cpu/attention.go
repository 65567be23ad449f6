package cpu

import (
	"github.com/cameo-onnx/cameo/backend/cpu/kern"
	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/op"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

var attentionKernels = append([]Kernel{
	{Name: "attention.f32", Op: op.Attention.Op, Takes: takesAttention, Emit: emitAttention, Scratch: attentionScratch, Run: kern.AttentionF32},
	{Name: "group_query_attention.f32", Op: op.GroupQueryAttention.Op, Takes: takesGroupQuery, Emit: emitGroupQuery, Scratch: groupQueryScratch, Run: kern.GroupQueryF32},
	{Name: "rotary_embedding.f32", Op: op.RotaryEmbedding.Op, Takes: takesRotary, Emit: emitRotary, Run: kern.RotaryF32},
}, nbitsKernels...)

// takesAttention takes float32 with masks of float32 or bool, computed in float32, that keeps no scores.
func takesAttention(n *ir.Node) bool {
	a := op.Attention.Attrs(n)
	if p := tensor.DType(a.SoftmaxPrecision); len(n.Out) > 3 || p != tensor.Invalid && p != tensor.F32 {
		return false
	}
	for i, v := range n.In {
		switch {
		case v == nil || i == 6:
		case i == 3 && v.Type.DType == tensor.Bool && !v.Type.Unranked && v.Type.Layout == ir.RowMajor:
		case !isF32(v):
			return false
		}
	}
	return areF32(n.Out...)
}

func emitAttention(c *call, n *ir.Node) (any, error) {
	a := op.Attention.Attrs(n)
	p := &kern.AttentionParam{QHeads: a.QNumHeads, KVHeads: a.KVNumHeads, Scale: a.Scale, Softcap: a.Softcap, Left: a.LeftWindowSize, Right: a.RightWindowSize}
	if a.IsCausal {
		p.Right = 0
	}
	in := operands(n, 7)
	p.MaskBool = in[3] != nil && in[3].Type.DType == tensor.Bool
	c.SetArgs(in...)
	c.absent = 3 - len(n.Out)
	return p, nil
}

func attentionScratch(param any, args []kern.Arg, workers int) (int, error) {
	return kern.AttentionF32Scratch(param.(*kern.AttentionParam), args, workers)
}

// takesGroupQuery takes float32 that returns its caches, keeps no scores and scales no heads.
func takesGroupQuery(n *ir.Node) bool {
	for i, v := range n.In {
		if v != nil && (i > 11 || i != 5 && i != 6 && i != 9 && !isF32(v)) {
			return false
		}
	}
	return len(n.Out) == 3 && areF32(n.Out...)
}

func emitGroupQuery(c *call, n *ir.Node) (any, error) {
	a := op.GroupQueryAttention.Attrs(n)
	c.SetArgs(operands(n, 12)...)
	return &kern.GroupQueryParam{
		Heads: a.NumHeads, KVHeads: a.KVNumHeads, Causal: a.Causal, Window: a.LocalWindowSize,
		Rotary: a.DoRotary, RotaryInterleaved: a.RotaryInterleaved,
		Scale: a.Scale, Smooth: a.SmoothSoftmax, Softcap: a.Softcap,
	}, nil
}

func groupQueryScratch(param any, args []kern.Arg, workers int) (int, error) {
	return kern.GroupQueryF32Scratch(param.(*kern.GroupQueryParam), args, workers)
}

func takesRotary(n *ir.Node) bool {
	return areF32(n.In[:3]...) && isF32(n.Out[0])
}

func emitRotary(c *call, n *ir.Node) (any, error) {
	a := op.RotaryEmbedding.Attrs(n)
	c.SetArgs(operands(n, 4)...)
	return &kern.RotaryParam{Heads: a.NumHeads, Size: a.RotaryEmbeddingDim, Interleaved: a.Interleaved}, nil
}
