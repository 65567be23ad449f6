package op

import (
	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// And is x and y.
var And = define(logicOp("and", "And", func(x, y bool) bool { return x && y }))

// Or is x or y.
var Or = define(logicOp("or", "Or", func(x, y bool) bool { return x || y }))

// Xor is whether x and y differ.
var Xor = define(logicOp("xor", "Xor", func(x, y bool) bool { return x != y }))

// Not is whether x is false.
var Not = define(Def[None]{
	Name: "not", ONNX: "Not", Sig: "x bool -> y bool",
	Props: ir.Pure | ir.Elementwise,
	Infer: mapSizes(notSize),
	Eval: func(e *ir.Env, _ None, in []tensor.Value) (tensor.Value, error) {
		x := tens(in, 0)
		y, err := e.New(tensor.Bool, x.Dims()...)
		if err != nil {
			return nil, err
		}
		z := tensor.Data[bool](y)
		for i, b := range tensor.Data[bool](x) {
			z[i] = !b
		}
		return y, nil
	},
})

func logicOp(name, onnx string, f func(x, y bool) bool) Def[None] {
	return Def[None]{
		Name: name, ONNX: onnx, Sig: "x bool, y bool -> z bool",
		Props: ir.Pure | ir.Elementwise | ir.Commutative,
		Infer: sized(func(x, y sym.Dim) sym.Dim { return logicSizes(f, x, y) }),
		Eval: func(e *ir.Env, _ None, in []tensor.Value) (tensor.Value, error) {
			return compareElems(e, in, tensor.Data[bool], f)
		},
	}
}

// logicSizes applies f to bools as sizes: the outcome is known where it is the same for every value of those that are not.
func logicSizes(f func(x, y bool) bool, x, y sym.Dim) sym.Dim {
	seen := [2]bool{}
	for k := range 4 {
		a, b := k&1 != 0, k&2 != 0
		if mayBe(x, a) && mayBe(y, b) {
			seen[truth(f(a, b))] = true
		}
	}
	switch seen {
	case [2]bool{true, false}:
		return sym.Const(0)
	case [2]bool{false, true}:
		return sym.Const(1)
	}
	return sym.Unknown()
}

func mayBe(d sym.Dim, b bool) bool {
	n, ok := d.Int()
	return !ok || n == truth(b)
}

// truth is 1 for true.
func truth(b bool) int {
	if b {
		return 1
	}
	return 0
}

func notSize(d sym.Dim) sym.Dim {
	if n, ok := d.Int(); ok {
		return sym.Const(1 - n)
	}
	return sym.Unknown()
}
