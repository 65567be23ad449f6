package cpu

import (
	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/op"
)

// viewOps are the ops whose result is their first operand's elements in the same order.
var viewOps = map[*ir.Op]bool{
	op.Reshape.Op:   true,
	op.Flatten.Op:   true,
	op.Squeeze.Op:   true,
	op.Unsqueeze.Op: true,
	op.Identity.Op:  true,
}

// IsView reports whether results of o are views of its first operand, wherever that is a row-major tensor: nothing moves.
func IsView(o *ir.Op) bool { return viewOps[o] }
