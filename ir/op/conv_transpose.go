package op

import (
	"fmt"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// ConvTransposeAttrs holds the windows of the convolution that is transposed. OutputShape, where it is given, fixes the spatial sizes
// of the result and replaces the padding.
type ConvTransposeAttrs struct {
	AutoPad       string `ir:"auto_pad"`
	Dilations     []int  `ir:"dilations"`
	Group         int    `ir:"group"`
	KernelShape   []int  `ir:"kernel_shape"`
	OutputPadding []int  `ir:"output_padding"`
	OutputShape   []int  `ir:"output_shape"`
	Pads          []int  `ir:"pads"`
	Strides       []int  `ir:"strides"`
}

// ConvTranspose is the adjoint of a convolution: x[N,C,…] through filters w[C,M/Group,…], plus a bias for each of the M channels.
var ConvTranspose = define(Def[ConvTransposeAttrs]{
	Name: "conv_transpose", ONNX: "ConvTranspose", Sig: "x T, w T, b? T -> y T; T float",
	Props: ir.Pure,
	Attrs: ConvTransposeAttrs{AutoPad: "NOTSET", Group: 1},
	Infer: func(sc *ir.Scope, a ConvTransposeAttrs, in []ir.Known) (ir.Known, error) {
		t, err := a.infer(sc, in[0].Type, in[1].Type, in[2])
		return of(t), err
	},
	Eval: func(e *ir.Env, a ConvTransposeAttrs, in []tensor.Value) (tensor.Value, error) {
		return value(convTransposeEval(e, a, tens(in, 0), tens(in, 1), tens(in, 2)))
	},
})

// window returns the windows for the given number of spatial axes, with output_padding and output_shape checked and filled in; the
// latter stays nil where it is not given.
func (a ConvTransposeAttrs) window(spatial int) (w windowAttrs, extra, shape []int, err error) {
	w = windowAttrs{auto: a.AutoPad, kernel: a.KernelShape, strides: a.Strides, dilations: a.Dilations, pads: a.Pads}
	if w, err = w.filled(spatial); err != nil {
		return w, nil, nil, err
	}
	if a.Group < 1 {
		return w, nil, nil, fmt.Errorf("group %d is not positive", a.Group)
	}
	if extra = a.OutputPadding; len(extra) == 0 {
		extra = make([]int, spatial)
	}
	if shape = a.OutputShape; len(shape) == spatial+2 {
		shape = shape[2:]
	}
	if len(extra) != spatial || len(shape) != spatial && len(shape) != 0 {
		return w, nil, nil, fmt.Errorf("output_padding %v or output_shape %v does not fit %d spatial axes", extra, shape, spatial)
	}
	for _, v := range [][]int{extra, shape} {
		for _, x := range v {
			if x < 0 || x > maxWindowAttr {
				return w, nil, nil, fmt.Errorf("output_padding %v or output_shape %v: %d is out of range", extra, shape, x)
			}
		}
	}
	return w, extra, shape, nil
}

func (a ConvTransposeAttrs) infer(sc *ir.Scope, x, f ir.Type, bias ir.Known) (ir.Type, error) {
	d := x.DType
	rank := max(x.Rank(), f.Rank())
	if rank < 0 {
		return ir.UnrankedOf(d), nil
	}
	if rank < 2 || x.Rank() >= 0 && f.Rank() >= 0 && x.Rank() != f.Rank() {
		return ir.Type{}, fmt.Errorf("operands of rank %d and %d do not convolve", x.Rank(), f.Rank())
	}
	w, extra, shape, err := a.window(rank - 2)
	if err != nil {
		return ir.Type{}, err
	}
	if x.Unranked {
		x = ir.TensorOf(d, sc.FreshShape(rank)...)
	}
	if f.Unranked {
		f = ir.TensorOf(d, sc.FreshShape(rank)...)
	}
	if _, err := sc.Same(x.Shape[1], f.Shape[0], "channels"); err != nil {
		return ir.Type{}, err
	}
	if err := sc.Assume(ir.Fact{Rel: ir.Divides, A: sym.Const(a.Group), B: f.Shape[0], What: "channels in groups"}); err != nil {
		return ir.Type{}, err
	}
	m := sym.Mul(f.Shape[1], sym.Const(a.Group))
	if err := vectorOf(sc, bias, m, "bias"); err != nil {
		return ir.Type{}, err
	}
	kernel, err := w.kernelSizes(sc, f.Shape[2:])
	if err != nil {
		return ir.Type{}, err
	}
	out := ir.Shape{x.Shape[0], m}
	for i, n := range x.Shape[2:] {
		s := sym.Const(w.strides[i])
		switch {
		case len(shape) > 0:
			out = append(out, sym.Const(shape[i]))
		case w.auto != "":
			// A kernel that does not reach the next stride leaves out what lies behind the last one.
			room := sym.Min(s, sym.Add(spanOf(kernel[i], w.dilations[i]), sym.Const(extra[i])))
			out = append(out, sym.Add(sym.Mul(sym.Sub(n, sym.Const(1)), s), room))
		default:
			full := sym.Add(sym.Mul(sym.Sub(n, sym.Const(1)), s), sym.Add(spanOf(kernel[i], w.dilations[i]), sym.Const(extra[i])))
			pads := sym.Const(w.pads[i] + w.pads[rank-2+i])
			if err := sc.Assume(ir.Fact{Rel: ir.Le, A: pads, B: full, What: "padding of the result"}); err != nil {
				return ir.Type{}, err
			}
			out = append(out, sym.Sub(full, pads))
		}
	}
	return ir.TensorOf(d, out...), nil
}

// place returns the window that the transposed convolution slides over its result, whose places are those of the operand.
func (a ConvTransposeAttrs) place(in, kernel []int) (*window, error) {
	w, extra, shape, err := a.window(len(in))
	if err != nil {
		return nil, err
	}
	n := len(in)
	v := &window{in: make([]int, n), out: in, kernel: kernel, stride: w.strides, dilation: w.dilations, begin: make([]int, n), end: make([]int, n)}
	for i, x := range in {
		if x > maxWindowAttr || kernel[i] < 1 || kernel[i] > maxWindowAttr || len(w.kernel) > 0 && w.kernel[i] != kernel[i] {
			return nil, fmt.Errorf("kernel of %v over %v does not fit kernel_shape %v", kernel, in, w.kernel)
		}
		full := (x-1)*w.strides[i] + (kernel[i]-1)*w.dilations[i] + 1 + extra[i]
		if len(shape) == 0 && w.auto == "" {
			v.begin[i] = w.pads[i]
			if v.in[i] = full - w.pads[i] - w.pads[n+i]; v.in[i] < 0 {
				return nil, fmt.Errorf("padding of the result: %d > %d", w.pads[i]+w.pads[n+i], full)
			}
			continue
		}
		if v.in[i] = min(x*w.strides[i], full); len(shape) > 0 {
			v.in[i] = shape[i]
		}
		total := max(0, full-v.in[i])
		if v.begin[i] = total - total/2; w.auto == "SAME_UPPER" {
			v.begin[i] = total / 2
		}
	}
	for _, dims := range [][]int{v.in, in, kernel} {
		if _, ok := tensor.ByteSize(tensor.F64, dims); !ok {
			return nil, fmt.Errorf("spatial sizes %v are not possible", dims)
		}
	}
	return v, nil
}

func convTransposeEval(e *ir.Env, a ConvTransposeAttrs, x, f, b *tensor.Tensor) (*tensor.Tensor, error) {
	xd, fd := x.Dims(), f.Dims()
	if len(xd) < 2 || len(xd) != len(fd) {
		return nil, fmt.Errorf("operands of rank %d and %d do not convolve", len(xd), len(fd))
	}
	win, err := a.place(xd[2:], fd[2:])
	if err != nil {
		return nil, err
	}
	if xd[1] != fd[0] || fd[0]%a.Group != 0 {
		return nil, fmt.Errorf("channels: %d != %d in %d groups", xd[1], fd[0], a.Group)
	}
	m := fd[1] * a.Group
	if err := checkVector(b, m, "bias"); err != nil {
		return nil, err
	}
	v, err := loadAll[float64](e, x, f, b)
	if err != nil {
		return nil, err
	}
	dims := append([]int{xd[0], m}, win.in...)
	y, err := alloc[float64](e, dims...)
	if err != nil {
		return nil, err
	}
	if size := count(win.in); v[2] != nil && size > 0 {
		for i := range xd[0] * m {
			fill(y[i*size:(i+1)*size], v[2][i%m])
		}
	}
	if len(y) > 0 && len(v[0]) > 0 {
		if err := scatterColumns(e, win, v[0], v[1], y, xd[0], xd[1]/a.Group, fd[1], a.Group); err != nil {
			return nil, err
		}
	}
	return store(e, x.DType(), y, dims...)
}

// scatterColumns multiplies the transposed filters by blocks of places, cg channels to mg, and adds the columns to where they belong in y.
func scatterColumns(e *ir.Env, win *window, x, f, y []float64, n, cg, mg, group int) error {
	taps, places, size := win.taps(), count(win.out), count(win.in)
	deep := mg * taps
	width := win.block(deep + cg)
	cols, err := alloc[float64](e, deep, width)
	if err != nil {
		return err
	}
	part, err := alloc[float64](e, cg, width)
	if err != nil {
		return err
	}
	turned, err := alloc[float64](e, group, deep, cg)
	if err != nil {
		return err
	}
	for g := range group {
		copy(turned[g*deep*cg:], flipped(f[g*cg*deep:(g+1)*cg*deep], cg, deep))
	}
	return win.blocks(e, deep+cg, func(lo, hi int, table [][]int64) error {
		w := hi - lo
		for ng := range n * group {
			for c := range cg {
				copy(part[c*w:(c+1)*w], x[(ng*cg+c)*places+lo:])
			}
			fill(cols[:deep*w], 0)
			g := ng % group
			if err := product(e, deep, w, cg, turned[g*deep*cg:], part, cols); err != nil {
				return err
			}
			for m := range mg {
				dst := y[(ng*mg+m)*size:][:size]
				for t, row := range table {
					addAt(dst, cols[(m*taps+t)*w:][:w], row)
				}
			}
		}
		return nil
	})
}

// addAt adds src[i] to dst[at[i]], unless that is -1.
func addAt(dst, src []float64, at []int64) {
	for i, j := range at {
		if j >= 0 {
			dst[j] += src[i]
		}
	}
}
