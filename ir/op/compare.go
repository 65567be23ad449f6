package op

import (
	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// comparison defines an op that compares two broadcast operands; size tells the outcome for sizes, where it can be told.
type comparison struct {
	float func(x, y float64) bool
	int   func(x, y int64) bool
	uint  func(x, y uint64) bool
	str   func(x, y string) bool
	size  func(x, y sym.Dim) sym.Dim
	lower func(b *ir.Builder, _ None, in []*ir.Value) *ir.Value
}

func (c comparison) infer(sc *ir.Scope, _ None, in []ir.Known) (ir.Known, error) {
	t, err := broadcastType(sc, tensor.Bool, in...)
	if err != nil {
		return of(t), err
	}
	return ir.Known{Type: t, Elems: zipSizes(t, in[0], in[1], c.size)}, nil
}

func (c comparison) eval(e *ir.Env, _ None, in []tensor.Value) (tensor.Value, error) {
	switch d := tens(in, 0).DType(); {
	case d == tensor.String:
		return compareElems(e, in, (*tensor.Tensor).Strings, c.str)
	case d == tensor.U64:
		return compareElems(e, in, uint64s, c.uint)
	case d.IsInt() || d == tensor.Bool:
		return compareElems(e, in, (*tensor.Tensor).Int64s, c.int)
	}
	return compareElems(e, in, (*tensor.Tensor).Float64s, c.float)
}

func compareElems[T any](e *ir.Env, in []tensor.Value, get func(*tensor.Tensor) []T, f func(x, y T) bool) (tensor.Value, error) {
	x, y, dims, err := operands(e, in, get)
	if err != nil {
		return nil, err
	}
	z := tensor.New(tensor.Bool, dims...)
	b := tensor.Data[bool](z)
	for i := range b {
		b[i] = f(x[i], y[i])
	}
	return z, nil
}

// Equal is x == y; NaN equals nothing.
var Equal = define(compareOp("equal", "Equal", "num|bool|str", ir.Commutative, comparison{
	float: func(x, y float64) bool { return x == y },
	int:   func(x, y int64) bool { return x == y },
	uint:  func(x, y uint64) bool { return x == y },
	str:   func(x, y string) bool { return x == y },
	size:  equalSizes,
}))

// Greater is x > y.
var Greater = define(compareOp("greater", "Greater", "num", 0, comparison{
	float: func(x, y float64) bool { return x > y },
	int:   func(x, y int64) bool { return x > y },
	uint:  func(x, y uint64) bool { return x > y },
	size:  func(x, y sym.Dim) sym.Dim { return notSize(lessOrEqualSizes(x, y)) },
}))

// GreaterOrEqual is x >= y.
var GreaterOrEqual = define(compareOp("greater_or_equal", "GreaterOrEqual", "num", 0, comparison{
	float: func(x, y float64) bool { return x >= y },
	int:   func(x, y int64) bool { return x >= y },
	uint:  func(x, y uint64) bool { return x >= y },
	size:  func(x, y sym.Dim) sym.Dim { return lessOrEqualSizes(y, x) },
	lower: func(b *ir.Builder, _ None, in []*ir.Value) *ir.Value {
		return Or.New(b, None{}, Greater.New(b, None{}, in...), Equal.New(b, None{}, in...))
	},
}))

// Less is x < y.
var Less = define(compareOp("less", "Less", "num", 0, comparison{
	float: func(x, y float64) bool { return x < y },
	int:   func(x, y int64) bool { return x < y },
	uint:  func(x, y uint64) bool { return x < y },
	size:  func(x, y sym.Dim) sym.Dim { return notSize(lessOrEqualSizes(y, x)) },
}))

// LessOrEqual is x <= y.
var LessOrEqual = define(compareOp("less_or_equal", "LessOrEqual", "num", 0, comparison{
	float: func(x, y float64) bool { return x <= y },
	int:   func(x, y int64) bool { return x <= y },
	uint:  func(x, y uint64) bool { return x <= y },
	size:  lessOrEqualSizes,
	lower: func(b *ir.Builder, _ None, in []*ir.Value) *ir.Value {
		return Or.New(b, None{}, Less.New(b, None{}, in...), Equal.New(b, None{}, in...))
	},
}))

func compareOp(name, onnx, types string, props ir.Props, c comparison) Def[None] {
	return Def[None]{
		Name: name, ONNX: onnx, Sig: "x T, y T -> z bool; T " + types,
		Props: ir.Pure | ir.Elementwise | props,
		Infer: c.infer, Eval: c.eval, Lower: c.lower,
	}
}

// equalSizes is 1 or 0 where it can be told for all sizes whether x == y.
func equalSizes(x, y sym.Dim) sym.Dim {
	one := sym.Const(1)
	switch {
	case !x.Valid() || !y.Valid():
	case x.Equal(y):
		return one
	case sym.GE(x, sym.Add(y, one), nil) || sym.GE(y, sym.Add(x, one), nil):
		return sym.Const(0)
	}
	return sym.Unknown()
}

// lessOrEqualSizes is 1 or 0 where it can be told for all sizes whether x <= y.
func lessOrEqualSizes(x, y sym.Dim) sym.Dim {
	switch {
	case !x.Valid() || !y.Valid():
	case sym.GE(y, x, nil):
		return sym.Const(1)
	case sym.GE(x, sym.Add(y, sym.Const(1)), nil):
		return sym.Const(0)
	}
	return sym.Unknown()
}
