package cpu

import "github.com/cameo-onnx/cameo/ir"

// HasKernel reports whether a row of the table takes n, or n is a view.
func (Backend) HasKernel(n *ir.Node) bool { return isView(n) || selectKernel(n) != nil }

// Fusable reports whether the pointwise kernel has instructions for n.
func (Backend) Fusable(n *ir.Node) bool { return inProgram(n) && anyF32(n) }

// TakesEpilogue reports whether n's kernel can apply a pointwise body to its result.
func (Backend) TakesEpilogue(n *ir.Node) bool { return false }

// Layout returns the layout that n's kernel wants.
func (Backend) Layout(n *ir.Node) (ir.Layout, bool) { return ir.RowMajor, false }
