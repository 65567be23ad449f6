package inspect

import (
	"slices"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/op"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// FLOPs returns the floating-point operations of one run of g as an expression over its open sizes: a multiplication and an
// addition count as two, an elementwise result or a reduced operand as one, moves as none. Bodies of loops count once. It is
// not Valid where some size is known only when running; left names the ops that could not be counted.
func FLOPs(g *ir.Graph) (total sym.Dim, left []string) {
	seen := map[string]bool{}
	g.AllNodes(func(_ *ir.Graph, n *ir.Node) bool {
		f, known := flopsOf(n)
		if !known {
			if !seen[n.Op.Name] {
				seen[n.Op.Name] = true
				left = append(left, n.Op.Name)
			}
			return true
		}
		total = sym.Add(total, f)
		return true
	})
	return total, left
}

// flops says how much arithmetic the ops do that multiply matrices or windows. Elementwise ops and reductions are told by flopsOf.
var flops = map[*ir.Op]func(n *ir.Node) sym.Dim{
	op.Conv.Op:                  windows(1),
	op.ConvInteger.Op:           windows(1),
	op.QLinearConv.Op:           windows(3),
	op.DeformConv.Op:            windows(1),
	op.ConvTranspose.Op:         transposed,
	op.Gemm.Op:                  gemm,
	op.MatMul.Op:                product,
	op.MatMulInteger.Op:         product,
	op.QLinearMatMul.Op:         product,
	op.ScaledConv.Op:            windows(1),
	op.ScaledMatMul.Op:          product,
	op.LSTM.Op:                  recurrent(4),
	op.GRU.Op:                   recurrent(3),
	op.RNN.Op:                   recurrent(1),
	op.Attention.Op:             attention,
	op.MaxPool.Op:               elements(1, false), // at least: a comparison for each result
	op.AveragePool.Op:           elements(1, false),
	op.GlobalAveragePool.Op:     elements(1, true),
	op.GlobalMaxPool.Op:         elements(1, true),
	op.Softmax.Op:               elements(5, true),
	op.LogSoftmax.Op:            elements(5, true),
	op.LayerNormalization.Op:    elements(8, true),
	op.RMSNormalization.Op:      elements(5, true),
	op.InstanceNormalization.Op: elements(8, true),
	op.GroupNormalization.Op:    elements(8, true),
	op.BatchNormalization.Op:    elements(2, true),
	op.Resize.Op:                elements(7, false),
	op.ReduceSum.Op:             elements(1, true),
	op.ReduceMean.Op:            elements(1, true),
	op.ReduceProd.Op:            elements(1, true),
	op.ReduceMax.Op:             elements(1, true),
	op.ReduceMin.Op:             elements(1, true),
	op.ReduceL1.Op:              elements(2, true),
	op.ReduceL2.Op:              elements(2, true),
	op.ReduceSumSquare.Op:       elements(2, true),
	op.ReduceLogSum.Op:          elements(1, true),
	op.ReduceLogSumExp.Op:       elements(2, true),
	op.ArgMax.Op:                elements(1, true),
	op.ArgMin.Op:                elements(1, true),
	op.CumSum.Op:                elements(1, true),
}

// uncounted are ops whose arithmetic depends on more than sizes.
var uncounted = map[*ir.Op]bool{
	op.Einsum.Op: true, op.FlexAttention.Op: true, op.LinearAttention.Op: true, op.GroupQueryAttention.Op: true, op.MatMulNBits.Op: true,
	op.DFT.Op: true, op.STFT.Op: true, op.Det.Op: true, op.RoiAlign.Op: true, op.GridSample.Op: true, op.CausalConvWithState.Op: true,
}

// flopsOf returns the arithmetic of one node; known is false where there is no formula, or the sizes are not known.
func flopsOf(n *ir.Node) (f sym.Dim, known bool) {
	if uncounted[n.Op] {
		return f, false
	}
	count := flops[n.Op]
	switch {
	case count != nil:
	case n.Op.Props&ir.Elementwise != 0 && computes(n):
		count = elements(1, false)
	default:
		return f, true
	}
	for _, v := range slices.Concat(n.In[:min(len(n.In), 2)], n.Out) {
		if v != nil && (v.Type.Kind != ir.Tensor || v.Type.Unranked) {
			return f, false
		}
	}
	f = count(n)
	return f, f.Valid()
}

// computes reports whether an elementwise node does arithmetic on floats.
func computes(n *ir.Node) bool {
	switch n.Op {
	case op.Cast.Op, op.CastLike.Op, op.Identity.Op, op.Where.Op:
		return false
	}
	return len(n.Out) > 0 && n.Out[0].Type.Kind == ir.Tensor && n.Out[0].Type.DType.IsFloat()
}

func count(v *ir.Value) sym.Dim { return sym.Prod(v.Type.Shape...) }

func times(k int, ds ...sym.Dim) sym.Dim { return sym.Mul(sym.Const(k), sym.Prod(ds...)) }

// elements counts k for each element of the first operand or result.
func elements(k int, operand bool) func(*ir.Node) sym.Dim {
	return func(n *ir.Node) sym.Dim {
		if operand {
			return times(k, count(n.In[0]))
		}
		return times(k, count(n.Out[0]))
	}
}

// windows counts a convolution: each result is a sum over a filter, operand w of sizes [M,C/group,…].
func windows(w int) func(*ir.Node) sym.Dim {
	return func(n *ir.Node) sym.Dim {
		if n.In[w] == nil || n.In[w].Type.Rank() < 2 {
			return sym.Unknown()
		}
		return times(2, count(n.Out[0]), sym.Prod(n.In[w].Type.Shape[1:]...))
	}
}

// transposed counts a transposed convolution: each element of x[N,C,…] meets the filters w[C,M/group,…] of its channel.
func transposed(n *ir.Node) sym.Dim {
	if n.In[1].Type.Rank() < 2 {
		return sym.Unknown()
	}
	return times(2, count(n.In[0]), sym.Prod(n.In[1].Type.Shape[1:]...))
}

func gemm(n *ir.Node) sym.Dim {
	k := n.In[0].Type.Shape[1]
	if op.Gemm.Attrs(n).TransA {
		k = n.In[0].Type.Shape[0]
	}
	return times(2, count(n.Out[0]), k)
}

func product(n *ir.Node) sym.Dim {
	s := n.In[0].Type.Shape
	if len(s) == 0 {
		return sym.Unknown()
	}
	return times(2, count(n.Out[0]), s[len(s)-1])
}

// recurrent counts the products of a layer with so many gates: X is [T,N,I] in either order of T and N, W is [D,gates·H,I], R
// is [D,gates·H,H].
func recurrent(gates int) func(*ir.Node) sym.Dim {
	return func(n *ir.Node) sym.Dim {
		if len(n.In) < 3 || n.In[2] == nil || n.In[2].Type.Rank() != 3 || n.In[0].Type.Rank() != 3 {
			return sym.Unknown()
		}
		x, r := n.In[0].Type.Shape, n.In[2].Type.Shape
		return times(2*gates, x[0], x[1], r[0], r[2], sym.Add(x[2], r[2]))
	}
}

// attention counts the two products of [N,heads,length,size] or [N,length,heads·size].
func attention(n *ir.Node) sym.Dim {
	q, k := n.In[0].Type.Shape, n.In[1].Type.Shape
	if len(q) < 3 || len(k) < 3 {
		return sym.Unknown()
	}
	return times(4, count(n.In[0]), k[len(k)-2])
}

// params returns the number and the bytes of g's constants, those of bodies included, and how many tensors they are.
func params(g *ir.Graph, seen map[*tensor.Tensor]bool) (tensors, elements, bytes int) {
	graphs := []*ir.Graph{g}
	g.AllNodes(func(_ *ir.Graph, n *ir.Node) bool {
		graphs = append(graphs, n.Bodies...)
		return true
	})
	for _, g := range graphs {
		for _, v := range g.Consts() {
			if seen[v.Data] {
				continue
			}
			seen[v.Data] = true
			tensors++
			elements += v.Data.Len()
			n, _ := tensor.ByteSize(v.Data.DType(), v.Data.Dims())
			bytes += n
		}
	}
	return tensors, elements, bytes
}
