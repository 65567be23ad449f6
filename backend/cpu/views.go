package cpu

import (
	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/op"
)

// viewOps are the ops whose result is their first operand's elements in the same order.
var viewOps = opSet(op.Reshape.Op, op.Flatten.Op, op.Squeeze.Op, op.Unsqueeze.Op, op.Identity.Op)

// IsView reports whether results of o are views of its first operand, wherever that is a row-major tensor: nothing moves.
func IsView(o *ir.Op) bool { return viewOps[o] }
