package op

import (
	"fmt"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// CausalConvWithStateAttrs holds what is applied at the end: none, or silu, also spelt swish.
type CausalConvWithStateAttrs struct {
	Activation string `ir:"activation"`
}

// CausalConvWithState convolves each channel of x[N,C,L] with a filter of its own, w[C,1,K], looking back only: past_state[N,C,K−1], or
// zeros, comes before x. The second result is the last K−1 places of both.
var CausalConvWithState = defineN(DefN[CausalConvWithStateAttrs]{
	Name: "causal_conv_with_state", ONNX: "CausalConvWithState",
	Sig:   "x T, w T, bias? T, past_state? T -> y T, present_state T; T f32|f16|bf16",
	Props: ir.Pure,
	Attrs: CausalConvWithStateAttrs{Activation: "none"},
	Infer: func(sc *ir.Scope, a CausalConvWithStateAttrs, in []ir.Known) ([]ir.Known, error) {
		if err := a.check(); err != nil {
			return nil, err
		}
		x, err := rankedAs(sc, in[0], 3, "x")
		if err != nil {
			return nil, err
		}
		w, err := rankedAs(sc, in[1], 3, "w")
		if err != nil {
			return nil, err
		}
		if err := sizedAs(sc, in[1], ir.Shape{x[1], sym.Const(1), w[2]}, "w"); err != nil {
			return nil, err
		}
		if err := vectorOf(sc, in[2], x[1], "bias"); err != nil {
			return nil, err
		}
		if err := sc.Assume(ir.Fact{Rel: ir.Le, A: sym.Const(1), B: w[2], What: "size of the filter"}); err != nil {
			return nil, err
		}
		state := ir.Shape{x[0], x[1], sym.Sub(w[2], sym.Const(1))}
		d := in[0].Type.DType
		return []ir.Known{of(ir.TensorOf(d, x...)), of(ir.TensorOf(d, state...))}, sizedAs(sc, in[3], state, "past_state")
	},
	Eval:  causalConvEval,
	Lower: lowerCausalConv,
})

func (a CausalConvWithStateAttrs) check() error {
	switch a.Activation {
	case "none", "silu", "swish":
		return nil
	}
	return fmt.Errorf("activation %q is none of none, silu, swish", a.Activation)
}

func causalConvEval(e *ir.Env, a CausalConvWithStateAttrs, in []tensor.Value) ([]tensor.Value, error) {
	t, w, past := tens(in, 0), tens(in, 1), tens(in, 3)
	d, wd := t.Dims(), w.Dims()
	if len(d) != 3 || len(wd) != 3 || wd[0] != d[1] || wd[1] != 1 || wd[2] < 1 {
		return nil, fmt.Errorf("operands of sizes %v and %v do not convolve by channel", d, wd)
	}
	if err := checkVector(tens(in, 2), d[1], "bias"); err != nil {
		return nil, err
	}
	n, c, l, k := d[0], d[1], d[2], wd[2]
	state := []int{n, c, k - 1}
	if past != nil {
		if err := wantSizes(past.Dims(), state); err != nil {
			return nil, fmt.Errorf("past_state: %w", err)
		}
	}
	v, err := loadAll[float64](e, t, w, tens(in, 2), past)
	if err != nil {
		return nil, err
	}
	present, err := alloc[float64](e, state...)
	if err != nil {
		return nil, err
	}
	line := make([]float64, k-1+l)
	for i := range n * c {
		if fill(line, 0); past != nil {
			copy(line, v[3][i*(k-1):(i+1)*(k-1)])
		}
		x, f := v[0][i*l:(i+1)*l], v[1][i%c*k:(i%c+1)*k]
		copy(line[k-1:], x)
		copy(present[i*(k-1):(i+1)*(k-1)], line[l:])
		for j := range x {
			s := 0.0
			if v[2] != nil {
				s = v[2][i%c]
			}
			for m, y := range f {
				s += y * line[j+m]
			}
			if x[j] = s; a.Activation != "none" {
				x[j] = s * sigmoid(s)
			}
		}
	}
	return storeAll(e, []tensor.DType{t.DType(), t.DType()}, [][]float64{v[0], present}, d, state)
}
