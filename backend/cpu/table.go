package cpu

import (
	"slices"

	"github.com/cameo-onnx/cameo/backend/cpu/kern"
	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// A Kernel is a row of the table: a way to run nodes of one op.
type Kernel struct {
	Name  string
	Op    *ir.Op
	Needs kern.Features                      // that the CPU must have
	Takes func(*ir.Node) bool                // whether the row can run the node; nil: every node of the op
	Emit  func(*call, *ir.Node) (any, error) // returns the param; may change the operands
	// Scratch returns the bytes that a call with operands and results of these sizes needs; nil: none.
	Scratch func(param any, args []kern.Arg, workers int) (int, error)
	// Dims sets the Dims of results, of which only the rank is known, where the data tells them; it may keep in State what Run
	// then needs. nil: the types must tell.
	Dims    kern.Func
	AnyRank bool // operands may be of a rank that only running tells, which the kernel checks
	Body    bool // applies a pointwise body to its result
	Run     kern.Func
}

// rows holds the kernels by op, best first: the first row that the machine has and that takes the node wins.
var rows = func() map[*ir.Op][]*Kernel {
	out := map[*ir.Op][]*Kernel{}
	for _, table := range [][]Kernel{
		gemmKernels, thenKernels, quantizeKernels, spreadKernels, integerKernels, pointwiseKernels, moveKernels, rowKernels,
		convKernels, poolKernels, recurrentKernels, arithKernels,
		scatterKernels, randomKernels, trainKernels, attentionKernels,
		lateKernels, sampleKernels, gridKernels,
		treeKernels,
	} {
		for i := range table {
			k := &table[i]
			out[k.Op] = append(out[k.Op], k)
		}
	}
	return out
}()

var byName = func() map[string]*Kernel {
	out := map[string]*Kernel{}
	for _, list := range rows {
		for _, k := range list {
			out[k.Name] = k
		}
	}
	return out
}()

// selectKernel returns the row that runs n; nil where only Eval does.
func selectKernel(n *ir.Node) *Kernel {
	for _, k := range rows[n.Op] {
		if kern.CPU().Has(k.Needs) && (k.Takes == nil || k.Takes(n)) {
			return k
		}
	}
	return nil
}

// opSet returns a set of ops.
func opSet(list ...*ir.Op) map[*ir.Op]bool {
	set := map[*ir.Op]bool{}
	for _, o := range list {
		set[o] = true
	}
	return set
}

// allF32 reports whether every operand and result is a row-major tensor of float32 of known rank.
func allF32(n *ir.Node) bool { return areF32(n.In...) && areF32(n.Out...) }

// areF32 reports the same of those values that are there.
func areF32(values ...*ir.Value) bool {
	return !slices.ContainsFunc(values, func(v *ir.Value) bool { return v != nil && !isF32(v) })
}

// operands returns n's operands, as many as asked for: nil stands for those that are left out at the end.
func operands(n *ir.Node, count int) []*ir.Value {
	in := make([]*ir.Value, count)
	copy(in, n.In)
	return in
}

func isF32(v *ir.Value) bool {
	return v.Type.Kind == ir.Tensor && !v.Type.Unranked && v.Type.DType == tensor.F32 && v.Type.Layout == ir.RowMajor
}
