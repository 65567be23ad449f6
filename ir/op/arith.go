package op

import (
	"errors"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

var errDivideByZero = errors.New("integer division by zero")

// sized infers like broadcasting, and the entries of small integer tensors by f; an entry that f cannot tell is not Valid.
func sized(f func(x, y sym.Dim) sym.Dim) inferFunc[None] {
	return func(sc *ir.Scope, _ None, in []ir.Known) (ir.Known, error) {
		t, err := broadcastType(sc, in[0].Type.DType, in...)
		if err != nil || !t.DType.IsInt() && t.DType != tensor.Bool {
			return of(t), err
		}
		return ir.Known{Type: t, Elems: zipSizes(t, in[0], in[1], f)}, nil
	}
}

// zipSizes applies f to the entries of two small tensors that broadcast to type t; nil where they are not known.
func zipSizes(t ir.Type, a, b ir.Known, f func(x, y sym.Dim) sym.Dim) []sym.Dim {
	x, ok := smallSizes(a)
	y, ok2 := smallSizes(b)
	n := max(len(x), len(y))
	if !ok || !ok2 || t.Rank() > 1 || n > ir.MaxElems || min(len(x), len(y)) == 0 || min(len(x), len(y)) != n && min(len(x), len(y)) != 1 {
		return nil
	}
	out := make([]sym.Dim, n)
	for i := range out {
		out[i] = fitSize(t.DType, f(x[i%len(x)], y[i%len(y)]))
	}
	return out
}

// Add is x + y.
var Add = define(Def[None]{
	Name: "add", ONNX: "Add", Sig: "x T, y T -> z T; T num",
	Props: ir.Pure | ir.Elementwise | ir.Commutative,
	Infer: sized(sym.Add),
	Eval: arith[None]{
		float: func(_ None, x, y float64) float64 { return x + y },
		int:   func(_ None, x, y int64) (int64, error) { return x + y, nil },
	}.eval,
})

// Sub is x - y.
var Sub = define(Def[None]{
	Name: "sub", ONNX: "Sub", Sig: "x T, y T -> z T; T num",
	Props: ir.Pure | ir.Elementwise,
	Infer: sized(sym.Sub),
	Eval: arith[None]{
		float: func(_ None, x, y float64) float64 { return x - y },
		int:   func(_ None, x, y int64) (int64, error) { return x - y, nil },
	}.eval,
})

// Mul is x · y.
var Mul = define(Def[None]{
	Name: "mul", ONNX: "Mul", Sig: "x T, y T -> z T; T num",
	Props: ir.Pure | ir.Elementwise | ir.Commutative,
	Infer: sized(sym.Mul),
	Eval: arith[None]{
		float: func(_ None, x, y float64) float64 { return x * y },
		int:   func(_ None, x, y int64) (int64, error) { return x * y, nil },
	}.eval,
})

// Div is x / y; integers are divided towards zero.
var Div = define(Def[None]{
	Name: "div", ONNX: "Div", Sig: "x T, y T -> z T; T num",
	Props: ir.Pure | ir.Elementwise,
	Infer: sized(divSizes),
	Eval: arith[None]{
		float: func(_ None, x, y float64) float64 { return x / y },
		int: func(_ None, x, y int64) (int64, error) {
			if y == 0 {
				return 0, errDivideByZero
			}
			if y == -1 {
				return -x, nil
			}
			return x / y, nil
		},
		uint: func(_ None, x, y uint64) (uint64, error) {
			if y == 0 {
				return 0, errDivideByZero
			}
			return x / y, nil
		},
	}.eval,
})

// divSizes is the quotient towards zero where the signs are known. A divisor of 0 is an error when running, and so is no case of its own.
func divSizes(x, y sym.Dim) sym.Dim {
	zero := sym.Const(0)
	if q, ok := sym.DivExact(x, y); ok {
		return q
	}
	if n, ok := y.Int(); ok && n == 0 || !sym.GE(y, zero, nil) {
		return sym.Unknown()
	}
	if sym.GE(x, zero, nil) {
		return sym.FloorDiv(x, y)
	}
	// Whatever lies between -y and 0 becomes 0.
	if sym.GE(sym.Add(x, y), sym.Const(1), nil) {
		return sym.FloorDiv(sym.Max(x, zero), y)
	}
	return sym.Unknown()
}
