package op

import (
	"fmt"
	"math"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// MaxpoolWithMaskAttrs holds the windows of a pool. StorageOrder is about indices, which the op has not.
type MaxpoolWithMaskAttrs struct {
	AutoPad      string `ir:"auto_pad"`
	KernelShape  []int  `ir:"kernel_shape"`
	Pads         []int  `ir:"pads"`
	StorageOrder int    `ir:"storage_order"`
	Strides      []int  `ir:"strides"`
}

func (a MaxpoolWithMaskAttrs) window() windowAttrs {
	return windowAttrs{auto: a.AutoPad, kernel: a.KernelShape, strides: a.Strides, pads: a.Pads}
}

// MaxpoolWithMask is the greatest element in each window of x[N,C,…], where each row of a window ends at the first place at which the
// mask is 0; the least number where none is left. The mask has as many places in a plane as x, but may have other numbers of items and
// channels, n and c: the mask of a plane starts as many elements behind the mask's first as its own first element in x, modulo n·c. Of
// several axes the very first place is never masked. This is what ONNX Runtime does, from which the op is.
var MaxpoolWithMask = define(Def[MaxpoolWithMaskAttrs]{
	Name: "maxpool_with_mask", ONNX: "MaxpoolWithMask", Domain: "com.microsoft", Sig: "x T, mask i32 -> y T; T f32",
	Props: ir.Pure,
	Attrs: MaxpoolWithMaskAttrs{AutoPad: "NOTSET"},
	Infer: func(sc *ir.Scope, a MaxpoolWithMaskAttrs, in []ir.Known) (ir.Known, error) {
		t, err := poolType(sc, a.window(), in[0].Type)
		if x, mask := in[0].Type, in[1].Type; err == nil && !x.Unranked && !mask.Unranked {
			if len(mask.Shape) != len(x.Shape) {
				return of(t), fmt.Errorf("a mask of rank %d for an operand of rank %d", len(mask.Shape), len(x.Shape))
			}
			for i, d := range mask.Shape {
				if i < 2 {
					err = sc.Assume(ir.Fact{Rel: ir.Le, A: sym.Const(1), B: d, What: "mask"})
				} else {
					_, err = sc.Same(d, x.Shape[i], "mask")
				}
				if err != nil {
					return of(t), err
				}
			}
		}
		return of(t), err
	},
	Eval: maxpoolWithMask,
})

func maxpoolWithMask(e *ir.Env, a MaxpoolWithMaskAttrs, in []tensor.Value) (tensor.Value, error) {
	x, mask := tens(in, 0), tens(in, 1)
	win, dims, err := poolWindow(a.window(), x.Dims())
	if err != nil {
		return nil, err
	}
	m := mask.Dims()
	if len(m) != len(x.Dims()) || m[0] < 1 || m[1] < 1 {
		return nil, fmt.Errorf("a mask of sizes %v for %v", m, x.Dims())
	}
	if err := wantSizes(m[2:], win.in); err != nil {
		return nil, fmt.Errorf("mask: %w", err)
	}
	keep, err := load[int64](e, mask)
	if err != nil {
		return nil, err
	}
	size, planes := count(win.in), m[0]*m[1]
	row, first := 1, int64(1)
	if n := len(a.KernelShape); n > 0 {
		row = a.KernelShape[n-1]
	}
	if len(win.in) == 1 {
		first = 0
	}
	return value(pool(e, x, win, dims, func(plane, lo int, x, y []float64, table [][]int64) {
		keep := keep[plane*size%planes:]
		ended := make([]bool, len(y))
		fill(y, -math.MaxFloat32)
		for t, taps := range table {
			if t%row == 0 {
				clear(ended)
			}
			for i, j := range taps {
				if j < 0 || ended[i] {
					continue
				}
				if ended[i] = j >= first && keep[j] == 0; !ended[i] && x[j] > y[i] {
					y[i] = x[j]
				}
			}
		}
	}))
}
