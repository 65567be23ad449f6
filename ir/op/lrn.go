package op

import (
	"fmt"
	"math"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// LRNAttrs holds the number of channels in a neighbourhood, which is required, and the constants of the formula.
type LRNAttrs struct {
	Alpha float32 `ir:"alpha"`
	Beta  float32 `ir:"beta"`
	Bias  float32 `ir:"bias"`
	Size  int     `ir:"size"`
}

// LRN divides each element of x[N,C,…] by (Bias + Alpha/Size·Σx²)^Beta, the sum over the Size channels around its own.
var LRN = define(Def[LRNAttrs]{
	Name: "lrn", ONNX: "LRN", Sig: "x T -> y T; T float",
	Props: ir.Pure,
	Attrs: LRNAttrs{Alpha: 1e-4, Beta: 0.75, Bias: 1},
	Infer: func(sc *ir.Scope, a LRNAttrs, in []ir.Known) (ir.Known, error) {
		if a.Size < 1 {
			return ir.Known{}, fmt.Errorf("size %d is not positive", a.Size)
		}
		if r := in[0].Rank(); r >= 0 && r < 2 {
			return ir.Known{}, fmt.Errorf("operand of rank %d has no channels", r)
		}
		return sameAsInput(sc, a, in)
	},
	Eval: func(e *ir.Env, a LRNAttrs, in []tensor.Value) (tensor.Value, error) {
		t := tens(in, 0)
		if t.Rank() < 2 {
			return nil, fmt.Errorf("operand of rank %d has no channels", t.Rank())
		}
		n, c, inner := channelsOf(t.Dims())
		x, err := load[float64](e, t)
		if err != nil {
			return nil, err
		}
		y, err := alloc[float64](e, t.Dims()...)
		if err != nil {
			return nil, err
		}
		before, after := (a.Size-1)/2, a.Size/2
		for i := range n * c {
			ch := i % c
			row := y[i*inner : (i+1)*inner]
			for k := max(0, ch-before); k <= min(c-1, ch+min(after, c)); k++ {
				if err := e.Err(); err != nil {
					return nil, err
				}
				for j, v := range x[(i-ch+k)*inner : (i-ch+k+1)*inner] {
					row[j] += v * v
				}
			}
			for j, s := range row {
				row[j] = x[i*inner+j] / math.Pow(float64(a.Bias)+float64(a.Alpha)/float64(a.Size)*s, float64(a.Beta))
			}
		}
		return value(store(e, t.DType(), y, t.Dims()...))
	},
	Lower: lowerLRN,
})
