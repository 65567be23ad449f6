package op

import (
	"math"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// Neg is -x; the least integer is its own negative.
var Neg = define(Def[None]{
	Name: "neg", ONNX: "Neg", Sig: "x T -> y T; T float|int",
	Props: ir.Pure | ir.Elementwise,
	Infer: mapSizes(func(d sym.Dim) sym.Dim { return sym.Sub(sym.Const(0), d) }),
	Eval:  unary(func(_ None, x float64) float64 { return -x }, func(_ None, x int64) int64 { return -x }),
})

// Abs is |x|; the least integer is its own magnitude.
var Abs = define(Def[None]{
	Name: "abs", ONNX: "Abs", Sig: "x T -> y T; T num",
	Props: ir.Pure | ir.Elementwise,
	Infer: mapSizes(func(d sym.Dim) sym.Dim { return sym.Max(d, sym.Sub(sym.Const(0), d)) }),
	Eval: func(e *ir.Env, a None, in []tensor.Value) (tensor.Value, error) {
		if tens(in, 0).DType() == tensor.U64 {
			return in[0], nil
		}
		return evalAbs(e, a, in)
	},
})

var evalAbs = unary(func(_ None, x float64) float64 { return math.Abs(x) }, func(_ None, x int64) int64 {
	if x < 0 {
		return -x
	}
	return x
})

// Sign is -1, 0 or 1; the sign of a NaN is NaN.
var Sign = define(Def[None]{
	Name: "sign", ONNX: "Sign", Sig: "x T -> y T; T num",
	Props: ir.Pure | ir.Elementwise,
	Infer: mapSizes(signSize),
	Eval: func(e *ir.Env, a None, in []tensor.Value) (tensor.Value, error) {
		if x := tens(in, 0); x.DType() == tensor.U64 {
			y, err := e.New(tensor.U64, x.Dims()...)
			if err != nil {
				return nil, err
			}
			for i, v := range uint64s(x) {
				uint64s(y)[i] = min(v, 1)
			}
			return y, nil
		}
		return evalSign(e, a, in)
	},
})

var evalSign = unary(func(_ None, x float64) float64 {
	switch {
	case x > 0:
		return 1
	case x < 0:
		return -1
	}
	return x
}, func(_ None, x int64) int64 { return min(max(x, -1), 1) })

func signSize(d sym.Dim) sym.Dim {
	if n, ok := d.Int(); ok {
		return sym.Const(min(max(n, -1), 1))
	}
	if sym.GE(d, sym.Const(1), nil) {
		return sym.Const(1)
	}
	return sym.Unknown()
}
