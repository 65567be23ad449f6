package op

import (
	"fmt"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// LpPoolAttrs holds the windows of a pool and the order of the norm.
type LpPoolAttrs struct {
	AutoPad     string `ir:"auto_pad"`
	CeilMode    bool   `ir:"ceil_mode"`
	Dilations   []int  `ir:"dilations"`
	KernelShape []int  `ir:"kernel_shape"`
	P           int    `ir:"p"`
	Pads        []int  `ir:"pads"`
	Strides     []int  `ir:"strides"`
}

func (a LpPoolAttrs) window() windowAttrs {
	return windowAttrs{auto: a.AutoPad, kernel: a.KernelShape, strides: a.Strides, dilations: a.Dilations, pads: a.Pads, ceil: a.CeilMode}
}

// LpPool is the norm of order P of each window of x[N,C,…].
var LpPool = define(Def[LpPoolAttrs]{
	Name: "lp_pool", ONNX: "LpPool", Sig: "x T -> y T; T float",
	Props: ir.Pure,
	Attrs: LpPoolAttrs{AutoPad: "NOTSET", P: 2},
	Infer: func(sc *ir.Scope, a LpPoolAttrs, in []ir.Known) (ir.Known, error) {
		if a.P < 1 {
			return ir.Known{}, fmt.Errorf("p %d is not positive", a.P)
		}
		t, err := poolType(sc, a.window(), in[0].Type)
		return of(t), err
	},
	Eval: func(e *ir.Env, a LpPoolAttrs, in []tensor.Value) (tensor.Value, error) {
		x := tens(in, 0)
		win, dims, err := poolWindow(a.window(), x.Dims())
		if err != nil {
			return nil, err
		}
		return value(pool(e, x, win, dims, func(plane, lo int, x, y []float64, table [][]int64) {
			fill(y, 0)
			for _, row := range table {
				for i, j := range row {
					if j >= 0 {
						y[i] += lpTerm(x[j], a.P)
					}
				}
			}
			for i, s := range y {
				y[i] = lpRoot(s, a.P)
			}
		}))
	},
})
