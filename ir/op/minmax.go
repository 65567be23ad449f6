package op

import (
	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/sym"
)

// Min is the least of its operands; NaN if any is.
var Min = define(Def[None]{
	Name: "min", ONNX: "Min", Sig: "x* T -> y T; T num",
	Props: ir.Pure | ir.Elementwise | ir.Commutative,
	Infer: foldSizes(sym.Min),
	Eval: foldElems{
		float: func(x, y float64) float64 { return min(x, y) },
		int:   func(x, y int64) int64 { return min(x, y) },
		uint:  func(x, y uint64) uint64 { return min(x, y) },
	}.eval,
	Lower: func(b *ir.Builder, _ None, in []*ir.Value) *ir.Value { return lowerPairs(b, Lookup("min"), in) },
})

// Max is the greatest of its operands; NaN if any is.
var Max = define(Def[None]{
	Name: "max", ONNX: "Max", Sig: "x* T -> y T; T num",
	Props: ir.Pure | ir.Elementwise | ir.Commutative,
	Infer: foldSizes(sym.Max),
	Eval: foldElems{
		float: func(x, y float64) float64 { return max(x, y) },
		int:   func(x, y int64) int64 { return max(x, y) },
		uint:  func(x, y uint64) uint64 { return max(x, y) },
	}.eval,
	Lower: func(b *ir.Builder, _ None, in []*ir.Value) *ir.Value { return lowerPairs(b, Lookup("max"), in) },
})

// Sum adds its operands from left to right.
var Sum = define(Def[None]{
	Name: "sum", ONNX: "Sum", Sig: "x* T -> y T; T float",
	Props: ir.Pure | ir.Elementwise | ir.Commutative,
	Infer: foldSizes(nil),
	Eval:  foldElems{float: func(x, y float64) float64 { return x + y }}.eval,
	Lower: func(b *ir.Builder, _ None, in []*ir.Value) *ir.Value { return lowerSum(b, in) },
})

// Mean is the sum of its operands, divided by their number.
var Mean = define(Def[None]{
	Name: "mean", ONNX: "Mean", Sig: "x* T -> y T; T float",
	Props: ir.Pure | ir.Elementwise | ir.Commutative,
	Infer: foldSizes(nil),
	Eval: foldElems{
		float: func(x, y float64) float64 { return x + y },
		done:  func(x float64, n int) float64 { return x / float64(n) },
	}.eval,
	Lower: func(b *ir.Builder, _ None, in []*ir.Value) *ir.Value {
		return Div.New(b, None{}, lowerSum(b, in), lowerConst(b, in[0].Type.DType, float64(len(in))))
	},
})

// lowerPairs applies o to its operands two by two; it cannot make less of two or of one.
func lowerPairs(b *ir.Builder, o *ir.Op, in []*ir.Value) *ir.Value {
	if len(in) < 3 {
		return nil
	}
	y := in[0]
	for _, x := range in[1:] {
		y = Kind[None]{o}.New(b, None{}, y, x)
	}
	return y
}

func lowerSum(b *ir.Builder, in []*ir.Value) *ir.Value {
	y := in[0]
	for _, x := range in[1:] {
		y = Add.New(b, None{}, y, x)
	}
	return y
}
