package op

import (
	"errors"
	"fmt"
	"math"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

var errKernelShape = errors.New("attribute kernel_shape is missing")

// poolType infers the result of a pool over x[N,C,…].
func poolType(sc *ir.Scope, w windowAttrs, x ir.Type) (ir.Type, error) {
	if len(w.kernel) == 0 && x.Rank() != 2 {
		return ir.Type{}, errKernelShape
	}
	rank := len(w.kernel) + 2
	if x.Unranked {
		x = ir.TensorOf(x.DType, sc.FreshShape(rank)...)
	}
	if x.Rank() < 2 || x.Rank() != rank {
		return ir.Type{}, fmt.Errorf("kernel_shape %v does not fit an operand of rank %d", w.kernel, x.Rank())
	}
	w, err := w.filled(rank - 2)
	if err != nil {
		return ir.Type{}, err
	}
	out, err := w.sizes(sc, x.Shape[2:], ir.ShapeOf(w.kernel...))
	if err != nil {
		return ir.Type{}, err
	}
	return ir.TensorOf(x.DType, append(ir.Shape{x.Shape[0], x.Shape[1]}, out...)...), nil
}

// poolWindow checks sizes at run time and returns the window and the result's sizes.
func poolWindow(w windowAttrs, x []int) (*window, []int, error) {
	if len(x) < 2 || len(w.kernel) != len(x)-2 {
		return nil, nil, fmt.Errorf("kernel_shape %v does not fit an operand of rank %d", w.kernel, len(x))
	}
	w, err := w.filled(len(x) - 2)
	if err != nil {
		return nil, nil, err
	}
	v, err := w.place(x[2:], w.kernel)
	if err != nil {
		return nil, nil, err
	}
	return v, append([]int{x[0], x[1]}, v.out...), nil
}

// pool computes places of a pool plane by plane: f fills y, the places lo and on, from the plane x.
func pool(e *ir.Env, t *tensor.Tensor, win *window, dims []int, f func(plane, lo int, x, y []float64, table [][]int64)) (*tensor.Tensor, error) {
	x, err := load[float64](e, t)
	if err != nil {
		return nil, err
	}
	y, err := alloc[float64](e, dims...)
	if err != nil {
		return nil, err
	}
	in, places := count(win.in), count(win.out)
	if len(y) > 0 {
		err = win.blocks(e, win.taps(), func(lo, hi int, table [][]int64) error {
			for p := range dims[0] * dims[1] {
				f(p, lo, x[p*in:][:in], y[p*places+lo:p*places+hi], table)
			}
			return nil
		})
	}
	if err != nil {
		return nil, err
	}
	return store(e, t.DType(), y, dims...)
}

// MaxPoolAttrs holds the windows of a pool; with StorageOrder 1 the indices count spatial axes with the first one running fastest.
type MaxPoolAttrs struct {
	AutoPad      string `ir:"auto_pad"`
	CeilMode     bool   `ir:"ceil_mode"`
	Dilations    []int  `ir:"dilations"`
	KernelShape  []int  `ir:"kernel_shape"`
	Pads         []int  `ir:"pads"`
	StorageOrder int    `ir:"storage_order"`
	Strides      []int  `ir:"strides"`
}

func (a MaxPoolAttrs) window() windowAttrs {
	return windowAttrs{auto: a.AutoPad, kernel: a.KernelShape, strides: a.Strides, dilations: a.Dilations, pads: a.Pads, ceil: a.CeilMode}
}

// MaxPool is the greatest element in each window of x[N,C,…], and where it lies in x; NaN is greater than all.
var MaxPool = defineN(DefN[MaxPoolAttrs]{
	Name: "max_pool", ONNX: "MaxPool", Sig: "x T -> y T, indices? i64; T float|i8|u8",
	Props: ir.Pure,
	Attrs: MaxPoolAttrs{AutoPad: "NOTSET"},
	Infer: func(sc *ir.Scope, a MaxPoolAttrs, in []ir.Known) ([]ir.Known, error) {
		if a.StorageOrder != 0 && a.StorageOrder != 1 {
			return nil, fmt.Errorf("storage_order %d is neither 0 nor 1", a.StorageOrder)
		}
		t, err := poolType(sc, a.window(), in[0].Type)
		return []ir.Known{of(t), of(t.WithDType(tensor.I64))}, err
	},
	Eval: maxPoolEval,
})

func maxPoolEval(e *ir.Env, a MaxPoolAttrs, in []tensor.Value) ([]tensor.Value, error) {
	x := tens(in, 0)
	win, dims, err := poolWindow(a.window(), x.Dims())
	if err != nil {
		return nil, err
	}
	idx, err := alloc[int64](e, dims...)
	if err != nil {
		return nil, err
	}
	size, places := count(win.in), count(win.out)
	at := func(off int) int { return off }
	if a.StorageOrder == 1 {
		at = func(off int) int { return columnMajor(off, win.in) }
	}
	y, err := pool(e, x, win, dims, func(plane, lo int, x, y []float64, table [][]int64) {
		best := idx[plane*places+lo:][:len(y)]
		fill(best, -1)
		fill(y, math.Inf(-1))
		for _, row := range table {
			for i, j := range row {
				if j >= 0 && (best[i] < 0 || x[j] > y[i] || x[j] != x[j] && y[i] == y[i]) {
					best[i], y[i] = j, x[j]
				}
			}
		}
		for i, j := range best {
			if j >= 0 {
				best[i] = int64(plane*size + at(int(j)))
			}
		}
	})
	if err != nil {
		return nil, err
	}
	i, err := store(e, tensor.I64, idx, dims...)
	return []tensor.Value{y, i}, err
}

// columnMajor turns an offset in row-major order into one with the first axis running fastest.
func columnMajor(off int, dims []int) int {
	out, size := 0, count(dims)
	for i := len(dims) - 1; i >= 0; i-- {
		size /= dims[i]
		out += off % dims[i] * size
		off /= dims[i]
	}
	return out
}

// AveragePoolAttrs holds the windows of a pool, and whether padding counts.
type AveragePoolAttrs struct {
	AutoPad         string `ir:"auto_pad"`
	CeilMode        bool   `ir:"ceil_mode"`
	CountIncludePad bool   `ir:"count_include_pad"`
	Dilations       []int  `ir:"dilations"`
	KernelShape     []int  `ir:"kernel_shape"`
	Pads            []int  `ir:"pads"`
	Strides         []int  `ir:"strides"`
}

func (a AveragePoolAttrs) window() windowAttrs {
	return windowAttrs{auto: a.AutoPad, kernel: a.KernelShape, strides: a.Strides, dilations: a.Dilations, pads: a.Pads, ceil: a.CeilMode}
}

// AveragePool is the mean of each window of x[N,C,…]; padding counts as zeros where CountIncludePad says so, what lies beyond it never.
var AveragePool = define(Def[AveragePoolAttrs]{
	Name: "average_pool", ONNX: "AveragePool", Sig: "x T -> y T; T float",
	Props: ir.Pure,
	Attrs: AveragePoolAttrs{AutoPad: "NOTSET"},
	Infer: func(sc *ir.Scope, a AveragePoolAttrs, in []ir.Known) (ir.Known, error) {
		t, err := poolType(sc, a.window(), in[0].Type)
		return of(t), err
	},
	Eval: func(e *ir.Env, a AveragePoolAttrs, in []tensor.Value) (tensor.Value, error) {
		x := tens(in, 0)
		win, dims, err := poolWindow(a.window(), x.Dims())
		if err != nil {
			return nil, err
		}
		return value(pool(e, x, win, dims, func(plane, lo int, x, y []float64, table [][]int64) {
			for i := range y {
				sum, n := 0.0, 0
				for _, row := range table {
					if j := row[i]; j >= 0 {
						sum += x[j]
						n++
					}
				}
				if a.CountIncludePad {
					n = win.covered(lo + i)
				}
				if y[i] = 0; n > 0 {
					y[i] = sum / float64(n)
				}
			}
		}))
	},
})

// covered counts the taps that lie in the operand or in its padding at a place of the result.
func (w *window) covered(place int) int {
	n := 1
	for i := len(w.in) - 1; i >= 0; i-- {
		start := place%w.out[i]*w.stride[i] - w.begin[i]
		place /= w.out[i]
		room := w.in[i] + w.end[i] - start
		n *= min(w.kernel[i], (room+w.dilation[i]-1)/w.dilation[i])
	}
	return n
}
