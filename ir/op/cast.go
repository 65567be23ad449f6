package op

import (
	"errors"
	"fmt"
	"math"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// CastAttrs holds the element type to convert to; the others are for 8-bit floats: whether what is too great saturates, and how f8e8m0
// rounds.
type CastAttrs struct {
	To        tensor.DType `ir:"to"`
	Saturate  bool         `ir:"saturate"`
	RoundMode string       `ir:"round_mode"`
}

// castable is every element type that Cast knows.
const castable = "bool|str|num|float8|float6|narrow"

// Cast is x with elements of another type; see tensor.Convert.
var Cast = define(Def[CastAttrs]{
	Name: "cast", ONNX: "Cast", Sig: "x T -> y U; T " + castable + ", U " + castable,
	Props: ir.Pure | ir.Elementwise,
	Attrs: CastAttrs{Saturate: true, RoundMode: "up"},
	Infer: func(_ *ir.Scope, a CastAttrs, in []ir.Known) (ir.Known, error) {
		if a.To == tensor.Invalid {
			return ir.Known{}, errors.New("attribute to is missing")
		}
		if a.To.IsComplex() {
			return ir.Known{}, fmt.Errorf("to %v: %w", a.To, ir.ErrUnsupported)
		}
		return inferCast(a.To, a.RoundMode, in[0])
	},
	Eval: func(e *ir.Env, a CastAttrs, in []tensor.Value) (tensor.Value, error) {
		return convert(e, tens(in, 0), a.To, a.Saturate, a.RoundMode)
	},
})

// CastLikeAttrs is CastAttrs without the type.
type CastLikeAttrs struct {
	Saturate  bool   `ir:"saturate"`
	RoundMode string `ir:"round_mode"`
}

// CastLike is x with elements of the type of another tensor.
var CastLike = define(Def[CastLikeAttrs]{
	Name: "cast_like", ONNX: "CastLike", Sig: "x T, target_type U -> y U; T " + castable + ", U " + castable,
	Props: ir.Pure,
	Attrs: CastLikeAttrs{Saturate: true, RoundMode: "up"},
	Infer: func(_ *ir.Scope, a CastLikeAttrs, in []ir.Known) (ir.Known, error) {
		return inferCast(in[1].Type.DType, a.RoundMode, in[0])
	},
	Eval: func(e *ir.Env, a CastLikeAttrs, in []tensor.Value) (tensor.Value, error) {
		return convert(e, tens(in, 0), tens(in, 1).DType(), a.Saturate, a.RoundMode)
	},
	Lower: func(b *ir.Builder, a CastLikeAttrs, in []*ir.Value) *ir.Value {
		return Cast.New(b, CastAttrs{To: in[1].Type.DType, Saturate: a.Saturate, RoundMode: a.RoundMode}, in[0])
	},
})

var roundModes = map[string]tensor.Rounding{"up": tensor.Up, "down": tensor.Down, "nearest": tensor.NearestEven}

func convert(e *ir.Env, x *tensor.Tensor, to tensor.DType, saturate bool, mode string) (tensor.Value, error) {
	if err := e.Take(to, x.Dims()); err != nil {
		return nil, err
	}
	return tensor.Convert(x, to, saturate, roundModes[mode])
}

func inferCast(to tensor.DType, mode string, x ir.Known) (ir.Known, error) {
	if _, ok := roundModes[mode]; !ok {
		return ir.Known{}, fmt.Errorf("round_mode %q is not up, down or nearest", mode)
	}
	t := x.Type.WithDType(to)
	if !to.IsInt() && to != tensor.Bool {
		return of(t), nil
	}
	if c := x.Const; c != nil && c.DType().IsFloat() {
		return ir.Known{Type: t, Elems: castFloats(t, c)}, nil
	}
	return ir.Known{Type: t, Elems: eachSize(t, x, func(d sym.Dim) sym.Dim { return castSize(to, d) })}, nil
}

// castFloats returns the entries of a small constant of floats as integers; nil where an integer would not hold one.
func castFloats(t ir.Type, c *tensor.Tensor) []sym.Dim {
	if c.Len() > ir.MaxElems || c.Rank() > 1 {
		return nil
	}
	out := make([]sym.Dim, c.Len())
	for i, x := range c.Float64s() {
		switch {
		case t.DType == tensor.Bool && x != 0:
			out[i] = sym.Const(1)
		case t.DType == tensor.Bool:
			out[i] = sym.Const(0)
		case !(math.Abs(x) < 1<<53):
			return nil
		default:
			out[i] = fitSize(t.DType, sym.Const(int(x)))
		}
	}
	return out
}

// castSize returns d as an integer or bool of type to.
func castSize(to tensor.DType, d sym.Dim) sym.Dim {
	if to != tensor.Bool {
		return d
	}
	if n, ok := d.Int(); ok {
		return sym.Const(min(n*n, 1))
	}
	if sym.GE(d, sym.Const(1), nil) {
		return sym.Const(1)
	}
	return sym.Unknown()
}
