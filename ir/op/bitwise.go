package op

import (
	"fmt"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// BitwiseAnd is x & y.
var BitwiseAnd = define(bitOp("bitwise_and", "BitwiseAnd", func(x, y int64) int64 { return x & y }))

// BitwiseOr is x | y.
var BitwiseOr = define(bitOp("bitwise_or", "BitwiseOr", func(x, y int64) int64 { return x | y }))

// BitwiseXor is x ^ y.
var BitwiseXor = define(bitOp("bitwise_xor", "BitwiseXor", func(x, y int64) int64 { return x ^ y }))

// BitwiseNot flips every bit of x.
var BitwiseNot = define(Def[None]{
	Name: "bitwise_not", ONNX: "BitwiseNot", Sig: "x T -> y T; T int|uint",
	Props: ir.Pure | ir.Elementwise,
	Infer: sameAsInput[None],
	Eval:  unary(nil, func(_ None, x int64) int64 { return ^x }),
})

func bitOp(name, onnx string, f func(x, y int64) int64) Def[None] {
	return Def[None]{
		Name: name, ONNX: onnx, Sig: "x T, y T -> z T; T int|uint",
		Props: ir.Pure | ir.Elementwise | ir.Commutative,
		Infer: broadcasting[None],
		Eval:  arith[None]{int: func(_ None, x, y int64) (int64, error) { return f(x, y), nil }}.eval,
	}
}

// BitShiftAttrs says which way bits move: "LEFT" or "RIGHT".
type BitShiftAttrs struct {
	Direction string `ir:"direction"`
}

// BitShift moves x's bits by y places. Zeros move in, except that a right shift of a negative number moves ones in; a negative or too
// great y moves all bits out.
var BitShift = define(Def[BitShiftAttrs]{
	Name: "bit_shift", ONNX: "BitShift", Sig: "x T, y T -> z T; T int|uint",
	Props: ir.Pure | ir.Elementwise,
	Infer: func(sc *ir.Scope, a BitShiftAttrs, in []ir.Known) (ir.Known, error) {
		if a.Direction != "LEFT" && a.Direction != "RIGHT" {
			return ir.Known{}, fmt.Errorf("direction %q is not LEFT or RIGHT", a.Direction)
		}
		return broadcasting(sc, a, in)
	},
	Eval: func(e *ir.Env, a BitShiftAttrs, in []tensor.Value) (tensor.Value, error) {
		bits := uint64(tens(in, 0).DType().Bits())
		return arith[BitShiftAttrs]{
			// The elements are extended to 64 bits, so that what a left shift moves out is cut off when the result is stored.
			int: func(a BitShiftAttrs, x, y int64) (int64, error) {
				n := min(uint64(y), 64)
				if n >= bits {
					n = 64
				}
				if a.Direction == "LEFT" {
					return x << n, nil
				}
				return x >> n, nil
			},
			uint: func(a BitShiftAttrs, x, y uint64) (uint64, error) {
				if a.Direction == "LEFT" {
					return x << y, nil
				}
				return x >> y, nil
			},
		}.eval(e, a, in)
	},
})
