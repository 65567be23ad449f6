// Package grad differentiates graphs: reverse mode, over the gradient that each op defines.
//
// [Append] walks the forward graph from its end, and appends to it what hands the adjoints of every node's results on to the
// node's operands. It stops where no path leads from the values to differentiate by. The backward graph consists of the same
// ops as any other, so that the same passes fold, fuse and compile it, and that it can be differentiated again.
//
// An op without a gradient of its own, but with a decomposition, is replaced by that first, in the forward graph too: what both
// directions need is then computed once.
package grad
