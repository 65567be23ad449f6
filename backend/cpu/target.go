package cpu

import (
	"slices"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/op"
)

// HasKernel reports whether a row of the table takes n, or n is a view or what the executor itself writes.
func (b Backend) HasKernel(n *ir.Node) bool {
	return isView(n) || n.Op == op.Sizes.Op || b.selectKernel(n) != nil
}

// Fusable reports whether the pointwise kernel has instructions for n.
func (b Backend) Fusable(n *ir.Node) bool {
	return inProgram(n) && anyFloat(n) && !(b.Strict && looseOps[n.Op])
}

// TakesEpilogue reports whether n's kernel can apply a pointwise body to its result.
func (b Backend) TakesEpilogue(n *ir.Node) bool {
	k := b.selectKernel(n)
	return k != nil && k.Body
}

// imageOps are the ops whose rows read and write images with channels last.
var imageOps = []*ir.Op{
	op.Conv.Op, op.ConvTranspose.Op, op.MaxPool.Op, op.AveragePool.Op, op.GlobalAveragePool.Op, op.GlobalMaxPool.Op, op.Resize.Op,
	op.BatchNormalization.Op, op.GroupNormalization.Op, op.InstanceNormalization.Op, op.Concat.Op, op.Split.Op, op.Slice.Op, op.Pad.Op,
	op.QuantizeLinear.Op, op.DequantizeLinear.Op,
	op.ConvInteger.Op, op.QLinearConv.Op, op.ScaledConv.Op,
}

// Layout returns the layout that n's kernel wants: channels-last where a row would take n so.
func (b Backend) Layout(n *ir.Node) (ir.Layout, bool) {
	if !slices.Contains(imageOps, n.Op) || len(n.In) == 0 || n.In[0] == nil || isWeights(n.In[0]) || isWeights(n.Out[0]) || fresh(n) {
		return ir.RowMajor, false
	}
	m := *n
	m.In, m.Out = slices.Clone(n.In), slices.Clone(n.Out)
	images := 1
	if n.Op == op.Concat.Op {
		images = len(n.In)
	}
	for i := range images {
		m.In[i] = lastVersion(n.In[i])
	}
	for i, v := range n.Out {
		m.Out[i] = lastVersion(v)
	}
	return ir.ChannelsLast, b.selectKernel(&m) != nil
}

// fresh reports whether a result has sizes that the first operand's do not tell: they may be known only when n has run, by its
// reference evaluation.
func fresh(n *ir.Node) bool {
	told := map[string]bool{}
	for _, d := range n.In[0].Type.Shape {
		for _, s := range d.Syms() {
			told[s] = true
		}
	}
	for _, v := range n.Out {
		for _, d := range v.Type.Shape {
			if slices.ContainsFunc(d.Syms(), func(s string) bool { return !told[s] }) {
				return true
			}
		}
	}
	return false
}

func rowMajorVersion(v *ir.Value) *ir.Value {
	w := *v
	w.Type.Layout = ir.RowMajor
	return &w
}

func lastVersion(v *ir.Value) *ir.Value {
	w := *v
	w.Type.Layout = ir.ChannelsLast
	return &w
}
