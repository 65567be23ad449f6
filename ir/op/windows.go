package op

import (
	"fmt"
	"math"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// WindowAttrs holds the element type of the window, and whether it is one period of a longer one rather than symmetric.
type WindowAttrs struct {
	OutputDatatype tensor.DType `ir:"output_datatype"`
	Periodic       bool         `ir:"periodic"`
}

// HannWindow is 0.5 - 0.5 cos(2πn/N).
var HannWindow = define(cosineWindow("hann_window", "HannWindow", 0.5, 0.5, 0))

// HammingWindow is 25/46 - 21/46 cos(2πn/N).
var HammingWindow = define(cosineWindow("hamming_window", "HammingWindow", 25./46, 21./46, 0))

// BlackmanWindow is 0.42 - 0.5 cos(2πn/N) + 0.08 cos(4πn/N).
var BlackmanWindow = define(cosineWindow("blackman_window", "BlackmanWindow", 0.42, 0.5, 0.08))

// cosineWindow defines a window a - b·cos(2πn/N) + c·cos(4πn/N), for n below size; N is size, or size - 1 where it is symmetric.
func cosineWindow(name, onnx string, a, b, c float64) Def[WindowAttrs] {
	return Def[WindowAttrs]{
		Name: name, ONNX: onnx, Sig: "size S -> y T; S i32|i64, T num",
		Props: ir.Pure,
		Attrs: WindowAttrs{OutputDatatype: tensor.F32, Periodic: true},
		Infer: func(sc *ir.Scope, at WindowAttrs, in []ir.Known) (ir.Known, error) {
			if !isNumber(at.OutputDatatype) {
				return ir.Known{}, fmt.Errorf("a window of %v: %w", at.OutputDatatype, ir.ErrUnsupported)
			}
			size, err := scalarSize(sc, in[0], "size")
			return of(ir.TensorOf(at.OutputDatatype, size)), err
		},
		Eval: func(e *ir.Env, at WindowAttrs, in []tensor.Value) (tensor.Value, error) {
			size, err := scalarInt(tens(in, 0), "size")
			if err != nil {
				return nil, err
			}
			y, err := e.New(at.OutputDatatype, size)
			if err != nil {
				return nil, err
			}
			n := size
			if !at.Periodic {
				n = size - 1 // of a single sample, 0: its value is NaN, as ONNX's function body has it
			}
			for i := range size {
				if err := e.Tick(i); err != nil {
					return nil, err
				}
				w := 2 * math.Pi * float64(i) / float64(n)
				y.SetFloat64At(i, a-b*math.Cos(w)+c*math.Cos(2*w))
			}
			return y, nil
		},
	}
}

// isNumber reports whether d is a type of the set num in signatures.
func isNumber(d tensor.DType) bool { return isReal(d) || d.IsInt() && d.Bits() >= 8 }
