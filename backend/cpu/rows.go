package cpu

import (
	"slices"

	"github.com/cameo-onnx/cameo/backend/cpu/kern"
	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/op"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// rowKernels holds what works along axes: softmax, normalisation, reduction, search.
var rowKernels = append([]Kernel{
	{Name: "softmax.f32", Op: op.Softmax.Op, Takes: takesRows, Emit: emitSoftmax(false), Run: kern.SoftmaxF32},
	{Name: "log_softmax.f32", Op: op.LogSoftmax.Op, Takes: takesRows, Emit: emitSoftmax(true), Run: kern.SoftmaxF32},
	{Name: "layer_normalization.f32", Op: op.LayerNormalization.Op, Takes: takesLayerNorm, Emit: emitLayerNorm, Run: kern.LayerNormF32},
	{Name: "rms_normalization.f32", Op: op.RMSNormalization.Op, Takes: takesLayerNorm, Emit: emitRMSNorm, Run: kern.LayerNormF32},
	{Name: "instance_normalization.f32", Op: op.InstanceNormalization.Op, Takes: takesGroupNorm, Emit: emitInstanceNorm, Run: kern.GroupNormF32},
	{Name: "group_normalization.f32", Op: op.GroupNormalization.Op, Takes: takesGroupNorm, Emit: emitGroupNorm, Run: kern.GroupNormF32},
	{Name: "instance_normalization.f32.channels_last", Op: op.InstanceNormalization.Op, Takes: takesGroupNormLast, Emit: emitGroupNormLast(emitInstanceNorm), Scratch: groupNormScratch, Run: kern.GroupNormLastF32},
	{Name: "group_normalization.f32.channels_last", Op: op.GroupNormalization.Op, Takes: takesGroupNormLast, Emit: emitGroupNormLast(emitGroupNorm), Scratch: groupNormScratch, Run: kern.GroupNormLastF32},
	{Name: "batch_normalization.f32", Op: op.BatchNormalization.Op, Takes: takesBatchNorm, Emit: emitBatchNorm, Run: kern.BatchNormF32},
	{Name: "arg_max", Op: op.ArgMax.Op, Takes: takesTyped, Emit: emitArg(op.ArgMax, false), Run: kern.ArgReduce},
	{Name: "arg_min", Op: op.ArgMin.Op, Takes: takesTyped, Emit: emitArg(op.ArgMin, true), Run: kern.ArgReduce},
	{Name: "top_k", Op: op.TopK.Op, Takes: takesTyped, Emit: emitTopK, Dims: kern.TopKDims, Run: kern.TopK},
	{Name: "cum_prod", Op: op.CumProd.Op, Takes: takesCumSum, Emit: emitCumSum, Run: kern.CumSum},
	{Name: "cum_sum", Op: op.CumSum.Op, Takes: takesCumSum, Emit: emitCumSum, Run: kern.CumSum},
}, reduceKernels()...)

func reduceKernels() []Kernel {
	var out []Kernel
	for o, r := range map[*ir.Op]kern.ReduceOp{
		op.ReduceSum.Op: kern.ReduceSum, op.ReduceMean.Op: kern.ReduceMean, op.ReduceMax.Op: kern.ReduceMax,
		op.ReduceMin.Op: kern.ReduceMin, op.ReduceProd.Op: kern.ReduceProd,
		op.ReduceL1.Op: kern.ReduceL1, op.ReduceL2.Op: kern.ReduceL2, op.ReduceSumSquare.Op: kern.ReduceSumSquare,
		op.ReduceLogSum.Op: kern.ReduceLogSum, op.ReduceLogSumExp.Op: kern.ReduceLogSumExp,
	} {
		out = append(out, Kernel{Name: o.Name + ".f32", Op: o, Takes: takesReduce, Emit: emitReduce(r), Run: kern.Reduce})
	}
	return out
}

func takesRows(n *ir.Node) bool { return allF32(n) && len(n.Bodies) == 0 && n.In[0].Type.Rank() > 0 }

func emitSoftmax(log bool) func(*call, *ir.Node) (any, error) {
	return func(_ *call, n *ir.Node) (any, error) {
		return &kern.SoftmaxParam{Axis: n.Attrs.(op.SoftmaxAttrs).Axis, Log: log}, nil
	}
}

// takesLayerNorm takes scales and biases that are as large as a row.
func takesLayerNorm(n *ir.Node) bool {
	if !takesRows(n) {
		return false
	}
	axis := -1
	switch a := n.Attrs.(type) {
	case op.LayerNormalizationAttrs:
		axis = a.Axis
	case op.RMSNormalizationAttrs:
		axis = a.Axis
	}
	s := n.In[0].Type.Shape
	if axis < 0 {
		axis += len(s)
	}
	for _, v := range n.In[1:] {
		if v == nil {
			continue
		}
		w := v.Type.Shape
		for len(w) > len(s)-axis { // leading ones
			if d, ok := w[0].Int(); !ok || d != 1 {
				return false
			}
			w = w[1:]
		}
		if !w.Equal(s[axis:]) {
			return false
		}
	}
	return true
}

func third(n *ir.Node) *ir.Value { return operands(n, 3)[2] }

func emitLayerNorm(c *call, n *ir.Node) (any, error) {
	a := op.LayerNormalization.Attrs(n)
	c.SetArgs(n.In[0], n.In[1], third(n))
	return &kern.NormParam{Axis: a.Axis, Eps: a.Epsilon}, nil
}

func emitRMSNorm(c *call, n *ir.Node) (any, error) {
	a := op.RMSNormalization.Attrs(n)
	c.SetArgs(n.In[0], n.In[1], nil)
	return &kern.NormParam{Axis: a.Axis, Eps: a.Epsilon, RMS: true}, nil
}

// takesGroupNorm takes scales and biases of one number per channel.
func takesGroupNorm(n *ir.Node) bool {
	if !takesRows(n) || n.In[0].Type.Rank() < 2 {
		return false
	}
	_, ok := n.In[1].Type.Shape[0].Int()
	return ok && n.In[1].Type.Rank() == 1 && n.In[1].Type.Shape.Equal(n.In[2].Type.Shape)
}

func emitInstanceNorm(_ *call, n *ir.Node) (any, error) {
	ch, _ := n.In[1].Type.Shape[0].Int()
	return &kern.GroupNormParam{Groups: ch, Eps: op.InstanceNormalization.Attrs(n).Epsilon}, nil
}

func emitGroupNorm(_ *call, n *ir.Node) (any, error) {
	a := op.GroupNormalization.Attrs(n)
	return &kern.GroupNormParam{Groups: a.NumGroups, Eps: a.Epsilon}, nil
}

// takesGroupNormLast is takesGroupNorm for channels that lie last.
func takesGroupNormLast(n *ir.Node) bool {
	if n.In[0].Type.Layout != ir.ChannelsLast || n.Out[0].Type.Layout != ir.ChannelsLast || n.In[0].Type.Rank() < 3 {
		return false
	}
	m := *n
	m.In, m.Out = slices.Clone(n.In), []*ir.Value{rowMajorVersion(n.Out[0])}
	m.In[0] = rowMajorVersion(n.In[0])
	return takesGroupNorm(&m)
}

func emitGroupNormLast(emit func(*call, *ir.Node) (any, error)) func(*call, *ir.Node) (any, error) {
	return func(c *call, n *ir.Node) (any, error) {
		c.Alias(0, channelsLast(n.In[0].Type.Shape))
		c.AliasOut(0, channelsLast(n.Out[0].Type.Shape))
		return emit(c, n)
	}
}

func groupNormScratch(_ any, args []kern.Arg, _ int) (int, error) {
	return kern.GroupNormLastScratch(args[0].Dims), nil
}

// takesBatchNorm takes inference, in either layout.
func takesBatchNorm(n *ir.Node) bool {
	x := n.In[0].Type
	if op.BatchNormalization.Attrs(n).TrainingMode || len(n.Out) > 1 || len(n.Bodies) > 0 {
		return false
	}
	if x.Unranked || x.DType != tensor.F32 || x.Layout != n.Out[0].Type.Layout {
		return false
	}
	return areF32(n.In[1:]...) && len(x.Shape) > 1 // without an axis of channels there is one channel
}

func emitBatchNorm(c *call, n *ir.Node) (any, error) {
	p := &kern.BatchNormParam{Eps: op.BatchNormalization.Attrs(n).Epsilon}
	if n.In[0].Type.Layout == ir.ChannelsLast {
		p.Last = true
		c.Alias(0, channelsLast(n.In[0].Type.Shape))
		c.AliasOut(0, channelsLast(n.Out[0].Type.Shape))
	}
	return p, nil
}

// takesReduce takes float32, and of int32 and int64 what the kernel does alike, over axes that are known.
func takesReduce(n *ir.Node) bool {
	if !takesTyped(n) {
		return false
	}
	switch n.In[0].Type.DType {
	case tensor.F32:
	case tensor.I8, tensor.U8:
		if n.Op != op.ReduceMax.Op && n.Op != op.ReduceMin.Op {
			return false
		}
	case tensor.F64, tensor.I32, tensor.I64:
		if n.Op != op.ReduceSum.Op && n.Op != op.ReduceMax.Op && n.Op != op.ReduceMin.Op && n.Op != op.ReduceProd.Op {
			return false
		}
	default:
		return false
	}
	if len(n.In) < 2 || n.In[1] == nil {
		return true
	}
	_, ok := n.In[1].Known().Ints()
	return ok
}

func emitReduce(r kern.ReduceOp) func(*call, *ir.Node) (any, error) {
	return func(c *call, n *ir.Node) (any, error) {
		p := &kern.ReduceParam{Op: r, Type: kernType(n.In[0].Type.DType), Keep: n.Attrs.(op.ReduceAttrs).NoopWithEmptyAxes}
		if len(n.In) > 1 && n.In[1] != nil {
			p.Axes, _ = n.In[1].Known().Ints()
		}
		c.SetArgs(n.In[0])
		return p, nil
	}
}

func emitArg(k op.Kind[op.ArgAttrs], least bool) func(*call, *ir.Node) (any, error) {
	return func(_ *call, n *ir.Node) (any, error) {
		a := k.Attrs(n)
		return &kern.ArgParam{Axis: a.Axis, Min: least, Last: a.SelectLastIndex, Type: kernType(n.In[0].Type.DType)}, nil
	}
}

func emitTopK(c *call, n *ir.Node) (any, error) {
	a := op.TopK.Attrs(n)
	return &kern.TopKParam{Axis: a.Axis, Smallest: !a.Largest, Type: kernType(n.In[0].Type.DType)}, nil
}

func takesCumSum(n *ir.Node) bool {
	_, known := n.In[1].Known().Ints()
	d := n.In[0].Type.DType
	return known && takesTyped(n) && n.In[0].Type.Rank() > 0 && (d == tensor.F32 || d == tensor.F64 || d == tensor.I32 || d == tensor.I64)
}

func emitCumSum(c *call, n *ir.Node) (any, error) {
	a := n.Attrs.(op.CumAttrs)
	axis, _ := n.In[1].Known().Ints()
	c.SetArgs(n.In[0])
	return &kern.CumSumParam{Axis: axis[0], Exclusive: a.Exclusive, Reverse: a.Reverse, Product: n.Op == op.CumProd.Op, Type: kernType(n.In[0].Type.DType)}, nil
}
