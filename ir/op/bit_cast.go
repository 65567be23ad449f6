package op

import (
	"errors"
	"fmt"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// BitCastAttrs holds the element type to read the bits as.
type BitCastAttrs struct {
	To tensor.DType `ir:"to"`
}

// BitCast is the bits of x, read as elements of another type of the same width; as a bool, all but 0 is true.
var BitCast = define(Def[BitCastAttrs]{
	Name: "bit_cast", ONNX: "BitCast", Sig: "x T -> y U; T bool|num|complex|float8|narrow, U bool|num|complex|float8|narrow",
	Props: ir.Pure | ir.Elementwise,
	Infer: func(sc *ir.Scope, a BitCastAttrs, in []ir.Known) (ir.Known, error) {
		d := in[0].Type.DType
		switch {
		case a.To == tensor.Invalid:
			return ir.Known{}, errors.New("attribute to is missing")
		case a.To.Bits() != d.Bits():
			return ir.Known{}, fmt.Errorf("%v has %d bits, but %v has %d", d, d.Bits(), a.To, a.To.Bits())
		}
		k, err := sameAsInput(sc, a, in)
		k.Type.DType = a.To
		return k, err
	},
	Eval: func(e *ir.Env, a BitCastAttrs, in []tensor.Value) (tensor.Value, error) {
		x := tens(in, 0)
		y, err := e.New(a.To, x.Dims()...)
		if err != nil {
			return nil, err
		}
		copy(y.Bytes(), x.Bytes())
		if a.To == tensor.Bool {
			for i, b := range y.Bytes() {
				y.Bytes()[i] = min(b, 1)
			}
		}
		return y, nil
	},
})
