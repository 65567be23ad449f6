package op

import (
	"fmt"
	"math"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// DeformConvAttrs holds the windows of a convolution, the number of groups of channels, and that of groups that share offsets.
type DeformConvAttrs struct {
	Dilations   []int `ir:"dilations"`
	Group       int   `ir:"group"`
	KernelShape []int `ir:"kernel_shape"`
	OffsetGroup int   `ir:"offset_group"`
	Pads        []int `ir:"pads"`
	Strides     []int `ir:"strides"`
}

func (a DeformConvAttrs) window() windowAttrs {
	return windowAttrs{kernel: a.KernelShape, strides: a.Strides, dilations: a.Dilations, pads: a.Pads}
}

// maxDeformAxes bounds the spatial axes, for a point has two neighbours along each: 2^axes in all.
const maxDeformAxes = 6

// DeformConv is Conv with each tap moved by an offset of its own at each place, interpolated linearly between elements (zero outside),
// and multiplied by mask.
var DeformConv = define(Def[DeformConvAttrs]{
	Name: "deform_conv", ONNX: "DeformConv", Sig: "x T, w T, offset T, b? T, mask? T -> y T; T float",
	Props: ir.Pure,
	Attrs: DeformConvAttrs{Group: 1, OffsetGroup: 1},
	Infer: func(sc *ir.Scope, a DeformConvAttrs, in []ir.Known) (ir.Known, error) {
		t, err := convType(sc, a.window(), a.Group, in[0].Type, in[1].Type, in[3])
		if err != nil {
			return of(t), err
		}
		if t.Rank() > 2+maxDeformAxes {
			return ir.Known{}, fmt.Errorf("more than %d spatial axes", maxDeformAxes)
		}
		if a.OffsetGroup < 1 {
			return ir.Known{}, fmt.Errorf("offset_group %d is not positive", a.OffsetGroup)
		}
		if t.Unranked || in[1].Type.Unranked {
			return of(t), nil
		}
		rank := len(t.Shape) - 2
		n := sym.Mul(sym.Const(a.OffsetGroup), sym.Prod(in[1].Type.Shape[2:]...))
		want := append(ir.Shape{t.Shape[0], sym.Mul(n, sym.Const(rank))}, t.Shape[2:]...)
		if err := sizedAs(sc, in[2], want, "offset"); err != nil {
			return ir.Known{}, err
		}
		want = append(ir.Shape{t.Shape[0], n}, t.Shape[2:]...)
		return of(t), sizedAs(sc, in[4], want, "mask")
	},
	Eval: func(e *ir.Env, a DeformConvAttrs, in []tensor.Value) (tensor.Value, error) {
		return value(deformConv(e, a, in))
	},
})

func deformConv(e *ir.Env, a DeformConvAttrs, in []tensor.Value) (*tensor.Tensor, error) {
	t, f, b := tens(in, 0), tens(in, 1), tens(in, 3)
	c, dims, err := convolutionOf(a.window(), a.Group, t.Dims(), f.Dims())
	if err != nil {
		return nil, err
	}
	if err := checkVector(b, c.m, "bias"); err != nil {
		return nil, err
	}
	taps, rank := c.win.taps(), len(c.win.in)
	if rank > maxDeformAxes {
		return nil, fmt.Errorf("more than %d spatial axes", maxDeformAxes)
	}
	if a.OffsetGroup < 1 || c.c%a.OffsetGroup != 0 {
		return nil, fmt.Errorf("offset_group %d does not divide %d channels", a.OffsetGroup, c.c)
	}
	n := taps * a.OffsetGroup
	if err := wantSizes(tens(in, 2).Dims(), append([]int{c.n, n * rank}, c.win.out...)); err != nil {
		return nil, fmt.Errorf("offset: %w", err)
	}
	if mask := tens(in, 4); mask != nil {
		if err := wantSizes(mask.Dims(), append([]int{c.n, n}, c.win.out...)); err != nil {
			return nil, fmt.Errorf("mask: %w", err)
		}
	}
	v, err := loadAll[float64](e, t, f, b, tens(in, 2), tens(in, 4))
	if err != nil {
		return nil, err
	}
	y, err := alloc[float64](e, dims...)
	if err != nil {
		return nil, err
	}
	d := &deformation{convolution: c, groups: a.OffsetGroup, x: v[0], offset: v[3], mask: v[4], step: strides(c.win.in)}
	places := count(c.win.out)
	cg, mg := c.c/c.group, c.m/c.group
	cols, err := alloc[float64](e, cg*taps, places)
	if err != nil {
		return nil, err
	}
	for i := range y {
		if v[2] != nil {
			y[i] = v[2][i/places%c.m]
		}
	}
	for ng := range c.n * c.group {
		n, g := ng/c.group, ng%c.group
		for ch := range cg {
			d.columns(n, g*cg+ch, cols[ch*taps*places:(ch+1)*taps*places])
		}
		if err := product(e, mg, places, cg*taps, v[1][g*mg*cg*taps:], cols, y[ng*mg*places:(ng+1)*mg*places]); err != nil {
			return nil, err
		}
	}
	return store(e, t.DType(), y, dims...)
}

// A deformation is a convolution whose taps move.
type deformation struct {
	*convolution
	groups          int
	x, offset, mask []float64
	step            []int // strides of the operand's spatial axes
}

// columns fills cols, of sizes taps × places, with the elements that channel ch of item n shows to each tap.
func (d *deformation) columns(n, ch int, cols []float64) {
	w := d.win
	rank, taps, places := len(w.in), w.taps(), count(w.out)
	plane := d.x[(n*d.c+ch)*count(w.in):]
	og := ch / (d.c / d.groups)
	at := make([]float64, rank)
	walk(w.kernel, func(t int, tap []int) {
		k := (n*d.groups+og)*taps + t
		walk(w.out, func(p int, place []int) {
			for i := range at {
				at[i] = float64(place[i]*w.stride[i]-w.begin[i]+tap[i]*w.dilation[i]) + d.offset[(k*rank+i)*places+p]
			}
			v := d.sample(plane, at)
			if d.mask != nil {
				v *= d.mask[k*places+p]
			}
			cols[t*places+p] = v
		})
	})
}

// sample interpolates linearly between the elements around a point; those outside are zero.
func (d *deformation) sample(plane, at []float64) float64 {
	sum := 0.0
	for corner := range 1 << len(at) {
		weight, off := 1.0, 0
		for i, x := range at {
			low := math.Floor(x)
			part := x - low
			if corner>>i&1 == 1 {
				low++
			} else {
				part = 1 - part
			}
			if !(low >= 0 && low < float64(d.win.in[i])) || part == 0 {
				weight = 0
				break
			}
			weight *= part
			off += int(low) * d.step[i]
		}
		if weight != 0 {
			sum += weight * plane[off]
		}
	}
	return sum
}
