package op

import (
	"fmt"
	"slices"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// Col2ImAttrs is ONNX's: one stride and dilation and two pads (all before, then all after) for each axis of the image.
type Col2ImAttrs struct {
	Dilations []int `ir:"dilations"`
	Pads      []int `ir:"pads"`
	Strides   []int `ir:"strides"`
}

// Col2Im adds up columns of blocks [N,C·B,L] into images [N,C,image...], where B is the elements of a block and L the number of places
// that it takes.
var Col2Im = define(Def[Col2ImAttrs]{
	Name: "col2im", ONNX: "Col2Im", Sig: "x T, image i64, block i64 -> y T; T num|complex|bool",
	Props: ir.Pure,
	Infer: func(sc *ir.Scope, a Col2ImAttrs, in []ir.Known) (ir.Known, error) {
		x := in[0].Type
		image, ok, err := wanted(in[1], "image_shape")
		if err != nil || !ok {
			return of(ir.UnrankedOf(x.DType)), err
		}
		if x.Unranked {
			return of(x.WithShape(append(sc.FreshShape(2), asShape(sc, image)...)...)), nil
		}
		if len(x.Shape) != 3 {
			return ir.Known{}, fmt.Errorf("rank %d, not 3", len(x.Shape))
		}
		block, ok := in[2].Sizes()
		b := productOf(block)
		if !ok || !b.Valid() {
			return of(x.WithShape(append(ir.Shape{x.Shape[0], sc.Fresh()}, asShape(sc, image)...)...)), nil
		}
		if n, ok := b.Int(); ok && n < 1 {
			return ir.Known{}, fmt.Errorf("blocks of %d elements", n)
		}
		c, err := exactly(sc, x.Shape[1], b, "channels")
		if err != nil {
			return ir.Known{}, err
		}
		return of(x.WithShape(append(ir.Shape{x.Shape[0], c}, asShape(sc, image)...)...)), nil
	},
	Eval: func(e *ir.Env, a Col2ImAttrs, in []tensor.Value) (tensor.Value, error) {
		x, image, block := tens(in, 0), intsOf(tens(in, 1)), intsOf(tens(in, 2))
		if x.Rank() != 3 {
			return nil, fmt.Errorf("rank %d, not 3", x.Rank())
		}
		at, err := a.places(e, image, block, x.Dims()[2])
		if err != nil {
			return nil, err
		}
		b := count(block)
		if x.Dims()[1]%b != 0 {
			return nil, fmt.Errorf("%d channels for blocks of %d", x.Dims()[1], b)
		}
		dims := append([]int{x.Dims()[0], x.Dims()[1] / b}, image...)
		if err := e.Take(tensor.C128, dims); err != nil {
			return nil, err
		}
		switch d := x.DType(); {
		case d.IsComplex():
			return tensor.FromComplex128s(d, addBlocks(x.Complex128s(), at, dims), dims...), nil
		case d.IsFloat():
			return tensor.FromFloat64s(d, addBlocks(x.Float64s(), at, dims), dims...), nil
		default:
			return tensor.FromInt64s(d, addBlocks(x.Int64s(), at, dims), dims...), nil
		}
	},
})

// places returns, for each element of a block and each of count places of the block, where in the image it lies; -1 is outside.
func (a Col2ImAttrs) places(e *ir.Env, image, block []int, count int) ([]int, error) {
	r := len(image)
	or := func(v []int, n, d int) []int {
		if v == nil {
			return slices.Repeat([]int{d}, n)
		}
		return v
	}
	stride, dilation, pads := or(a.Strides, r, 1), or(a.Dilations, r, 1), or(a.Pads, 2*r, 0)
	if len(block) != r || len(stride) != r || len(dilation) != r || len(pads) != 2*r {
		return nil, fmt.Errorf("image %v, block %v, strides %v, dilations %v, pads %v", image, block, stride, dilation, pads)
	}
	n := make([]int, r) // places of the block along each axis
	const limit = 1 << 30
	for i := range r {
		if min(stride[i], dilation[i], block[i]) < 1 || min(pads[i], pads[i+r], image[i]) < 0 ||
			max(stride[i], dilation[i], block[i], pads[i], pads[i+r], image[i]) > limit {
			return nil, fmt.Errorf("image %v, block %v, strides %v, dilations %v, pads %v", image, block, stride, dilation, pads)
		}
		n[i] = max(0, (image[i]+pads[i]+pads[i+r]-dilation[i]*(block[i]-1)-1)/stride[i]+1)
	}
	if c, ok := tensor.Count(n); !ok || c != count {
		return nil, fmt.Errorf("%d columns for places %v of a block", count, n)
	}
	both := append(slices.Clone(block), n...)
	at, err := indexSpace(e, both...)
	if err != nil {
		return nil, err
	}
	st := strides(image)
	walk(both, func(i int, p []int) {
		for k := range r {
			x := p[r+k]*stride[k] - pads[k] + p[k]*dilation[k]
			if x < 0 || x >= image[k] {
				at[i] = -1
				return
			}
			at[i] += x * st[k]
		}
	})
	return at, nil
}

// addBlocks adds columns into images of sizes dims [N,C,image...].
func addBlocks[T int64 | float64 | complex128](v []T, at, dims []int) []T {
	n := count(dims)
	out := make([]T, n)
	size := count(dims[2:])
	for p := range dims[0] * dims[1] {
		dst, src := out[p*size:][:size], v[p*len(at):][:len(at)]
		for i, x := range src {
			if at[i] >= 0 {
				dst[at[i]] += x
			}
		}
	}
	return out
}
