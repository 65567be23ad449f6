package op

import (
	"fmt"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/sym"
)

// convType infers a convolution's result, with elements as the first operand's.
func convType(sc *ir.Scope, w windowAttrs, group int, x, f ir.Type, bias ir.Known) (ir.Type, error) {
	d := x.DType
	if x.Unranked && f.Unranked {
		return ir.UnrankedOf(d), nil
	}
	rank := max(x.Rank(), f.Rank())
	if rank < 2 || x.Rank() >= 0 && f.Rank() >= 0 && x.Rank() != f.Rank() {
		return ir.Type{}, fmt.Errorf("operands of rank %d and %d do not convolve", x.Rank(), f.Rank())
	}
	w, err := w.filled(rank - 2)
	if err != nil {
		return ir.Type{}, err
	}
	if group < 1 {
		return ir.Type{}, fmt.Errorf("group %d is not positive", group)
	}
	if x.Unranked {
		x = ir.TensorOf(d, sc.FreshShape(rank)...)
	}
	if f.Unranked {
		f = ir.TensorOf(d, sc.FreshShape(rank)...)
	}
	g := sym.Const(group)
	if _, err := sc.Same(x.Shape[1], sym.Mul(f.Shape[1], g), "channels"); err != nil {
		return ir.Type{}, err
	}
	if err := sc.Assume(ir.Fact{Rel: ir.Divides, A: g, B: f.Shape[0], What: "filters in groups"}); err != nil {
		return ir.Type{}, err
	}
	if err := vectorOf(sc, bias, f.Shape[0], "bias"); err != nil {
		return ir.Type{}, err
	}
	kernel, err := w.kernelSizes(sc, f.Shape[2:])
	if err != nil {
		return ir.Type{}, err
	}
	out, err := w.sizes(sc, x.Shape[2:], kernel)
	if err != nil {
		return ir.Type{}, err
	}
	return ir.TensorOf(d, append(ir.Shape{x.Shape[0], f.Shape[0]}, out...)...), nil
}

// kernelSizes returns a filter's spatial sizes, which kernel_shape must agree with where it is given.
func (w windowAttrs) kernelSizes(sc *ir.Scope, filter ir.Shape) (ir.Shape, error) {
	if len(w.kernel) == 0 {
		return filter, nil
	}
	for i, k := range w.kernel {
		if _, err := sc.Same(filter[i], sym.Const(k), "kernel_shape"); err != nil {
			return nil, err
		}
	}
	return ir.ShapeOf(w.kernel...), nil
}

// vectorOf requires that an operand, where it is present, is a vector of n elements.
func vectorOf(sc *ir.Scope, k ir.Known, n sym.Dim, what string) error {
	r := k.Rank()
	if !k.Present() || r < 0 {
		return nil
	}
	if r != 1 {
		return fmt.Errorf("%s of rank %d is no vector", what, r)
	}
	_, err := sc.Same(k.Type.Shape[0], n, what)
	return err
}

// A convolution is one in numbers: n items of c channels meet m filters in groups.
type convolution struct {
	n, c, m, group int
	win            *window
}

// convolutionOf checks sizes at run time and returns the convolution and its result's sizes.
func convolutionOf(w windowAttrs, group int, x, f []int) (*convolution, []int, error) {
	if len(x) < 2 || len(x) != len(f) {
		return nil, nil, fmt.Errorf("operands of rank %d and %d do not convolve", len(x), len(f))
	}
	w, err := w.filled(len(x) - 2)
	if err != nil {
		return nil, nil, err
	}
	if group < 1 || f[0]%group != 0 || x[1]%group != 0 || x[1]/group != f[1] {
		return nil, nil, fmt.Errorf("channels: %d != %d filters' %d in %d groups", x[1], f[0], f[1], group)
	}
	for i, k := range w.kernel {
		if k != f[2+i] {
			return nil, nil, fmt.Errorf("kernel_shape: %d != %d", f[2+i], k)
		}
	}
	win, err := w.place(x[2:], f[2:])
	if err != nil {
		return nil, nil, err
	}
	return &convolution{n: x[0], c: x[1], m: f[0], group: group, win: win}, append([]int{x[0], f[0]}, win.out...), nil
}

// convolve gathers, for each group and each block of places, the columns that the filters meet, and multiplies the filters by them.
func convolve[T number](e *ir.Env, c *convolution, x, f, bias []T, out []int) ([]T, error) {
	y, err := alloc[T](e, out...)
	if err != nil || len(y) == 0 {
		return y, err
	}
	cg, mg := c.c/c.group, c.m/c.group
	taps, in, places := c.win.taps(), count(c.win.in), count(c.win.out)
	deep := cg * taps
	size := c.win.block(deep + mg)
	cols, err := alloc[T](e, deep, size)
	if err != nil {
		return nil, err
	}
	acc, err := alloc[T](e, mg, size)
	if err != nil {
		return nil, err
	}
	err = c.win.blocks(e, deep+mg, func(lo, hi int, table [][]int64) error {
		w := hi - lo
		for ng := range c.n * c.group {
			g := ng % c.group
			for ch := range cg {
				src := x[(ng*cg+ch)*in:][:in]
				for t, row := range table {
					gather(cols[(ch*taps+t)*w:][:w], src, row)
				}
			}
			for m := range mg {
				var b T
				if bias != nil {
					b = bias[g*mg+m]
				}
				fill(acc[m*w:][:w], b)
			}
			if err := product(e, mg, w, deep, f[g*mg*deep:], cols, acc); err != nil {
				return err
			}
			for m := range mg {
				copy(y[(ng*mg+m)*places+lo:], acc[m*w:][:w])
			}
		}
		return nil
	})
	return y, err
}

// gather sets dst[i] to src[at[i]], or to zero where that is -1.
func gather[T number](dst, src []T, at []int64) {
	for i, j := range at {
		if j >= 0 {
			dst[i] = src[j]
		} else {
			dst[i] = 0
		}
	}
}

func fill[T any](v []T, x T) {
	for i := range v {
		v[i] = x
	}
}
