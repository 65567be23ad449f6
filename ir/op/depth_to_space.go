package op

import (
	"fmt"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// BlockAttrs holds the side of a block, which has no default, and the order of a block's elements among the channels: "DCR" puts the
// block first, "CRD" last.
type BlockAttrs struct {
	BlockSize int    `ir:"blocksize"`
	Mode      string `ir:"mode"`
}

func (a BlockAttrs) check(rank int) error {
	switch {
	case a.BlockSize == required:
		return errRequired("blocksize")
	case a.BlockSize < 1 || a.BlockSize > 1<<20:
		return fmt.Errorf("blocksize %d", a.BlockSize)
	case a.Mode != "DCR" && a.Mode != "CRD":
		return fmt.Errorf("mode %q", a.Mode)
	case rank >= 0 && rank != 4:
		return fmt.Errorf("rank %d, not 4", rank)
	}
	return nil
}

var blockDefaults = BlockAttrs{BlockSize: required, Mode: "DCR"}

// DepthToSpace moves channels into blocks of the plane: [N,C,H,W] becomes [N,C/b²,H·b,W·b].
var DepthToSpace = define(Def[BlockAttrs]{
	Name: "depth_to_space", ONNX: "DepthToSpace", Sig: "x T -> y T; T " + movable,
	Props: ir.Pure,
	Attrs: blockDefaults,
	Infer: func(sc *ir.Scope, a BlockAttrs, in []ir.Known) (ir.Known, error) {
		x, b := in[0].Type, sym.Const(a.BlockSize)
		if err := a.check(x.Rank()); err != nil {
			return ir.Known{}, err
		}
		if x.Unranked {
			return of(x.WithShape(sc.FreshShape(4)...)), nil
		}
		c, err := exactly(sc, x.Shape[1], sym.Mul(b, b), "channels")
		return of(x.WithShape(x.Shape[0], c, sym.Mul(x.Shape[2], b), sym.Mul(x.Shape[3], b))), err
	},
	Lower: lowerDepthToSpace,
	Eval: func(e *ir.Env, a BlockAttrs, in []tensor.Value) (tensor.Value, error) {
		x, b := tens(in, 0), a.BlockSize
		if err := a.check(x.Rank()); err != nil {
			return nil, err
		}
		d, s := x.Dims(), strides(x.Dims())
		c := d[1] / (b * b)
		if c*b*b != d[1] {
			return nil, fmt.Errorf("%d channels are not a multiple of %d", d[1], b*b)
		}
		// Strides of the channel, and of the row and column within a block.
		ch, row, col := s[1], b*c*s[1], c*s[1]
		if a.Mode == "CRD" {
			ch, row, col = b*b*s[1], b*s[1], s[1]
		}
		return blockView(e, x, []int{d[0], c, d[2] * b, d[3] * b}, []int{d[0], c, d[2], b, d[3], b}, []int{s[0], ch, s[2], row, s[3], col})
	},
})

// SpaceToDepth moves blocks of the plane into channels: [N,C,H,W] becomes [N,C·b²,H/b,W/b].
var SpaceToDepth = define(Def[BlockAttrs]{
	Name: "space_to_depth", ONNX: "SpaceToDepth", Sig: "x T -> y T; T " + movable,
	Props: ir.Pure,
	Attrs: blockDefaults,
	Infer: func(sc *ir.Scope, a BlockAttrs, in []ir.Known) (ir.Known, error) {
		x, b := in[0].Type, sym.Const(a.BlockSize)
		if err := a.check(x.Rank()); err != nil {
			return ir.Known{}, err
		}
		if x.Unranked {
			return of(x.WithShape(sc.FreshShape(4)...)), nil
		}
		h, err := exactly(sc, x.Shape[2], b, "height")
		if err != nil {
			return ir.Known{}, err
		}
		w, err := exactly(sc, x.Shape[3], b, "width")
		return of(x.WithShape(x.Shape[0], sym.Prod(x.Shape[1], b, b), h, w)), err
	},
	Lower: lowerSpaceToDepth,
	Eval: func(e *ir.Env, a BlockAttrs, in []tensor.Value) (tensor.Value, error) {
		x, b := tens(in, 0), a.BlockSize
		if err := a.check(x.Rank()); err != nil {
			return nil, err
		}
		d, s := x.Dims(), strides(x.Dims())
		h, w := d[2]/b, d[3]/b
		if h*b != d[2] || w*b != d[3] {
			return nil, fmt.Errorf("height %d and width %d are not multiples of %d", d[2], d[3], b)
		}
		if d[1] > 1<<20 {
			return nil, fmt.Errorf("%d channels", d[1])
		}
		out := []int{d[0], d[1] * b * b, h, w}
		if a.Mode == "CRD" {
			return blockView(e, x, out, []int{d[0], d[1], b, b, h, w}, []int{s[0], s[1], s[2], s[3], b * s[2], b * s[3]})
		}
		return blockView(e, x, out, []int{d[0], b, b, d[1], h, w}, []int{s[0], s[2], s[3], s[1], b * s[2], b * s[3]})
	},
})

// lowerDepthToSpace splits the channels and moves the two parts of a block next to rows and columns.
func lowerDepthToSpace(b *ir.Builder, a BlockAttrs, in []*ir.Value) *ir.Value {
	n, c, h, w := sizeAt(b, in[0], 0), sizeAt(b, in[0], 1), sizeAt(b, in[0], 2), sizeAt(b, in[0], 3)
	k := intsConst(b, a.BlockSize)
	c = Div.New(b, None{}, c, Mul.New(b, None{}, k, k))
	parts, perm := []*ir.Value{n, k, k, c, h, w}, []int{0, 3, 4, 1, 5, 2}
	if a.Mode == "CRD" {
		parts, perm = []*ir.Value{n, c, k, k, h, w}, []int{0, 1, 4, 2, 5, 3}
	}
	return regroup(b, in[0], parts, perm, n, c, Mul.New(b, None{}, h, k), Mul.New(b, None{}, w, k))
}

// lowerSpaceToDepth splits rows and columns and moves the two parts of a block to the channels.
func lowerSpaceToDepth(b *ir.Builder, a BlockAttrs, in []*ir.Value) *ir.Value {
	n, c, h, w := sizeAt(b, in[0], 0), sizeAt(b, in[0], 1), sizeAt(b, in[0], 2), sizeAt(b, in[0], 3)
	k := intsConst(b, a.BlockSize)
	h, w = Div.New(b, None{}, h, k), Div.New(b, None{}, w, k)
	perm := []int{0, 3, 5, 1, 2, 4}
	if a.Mode == "CRD" {
		perm = []int{0, 1, 3, 5, 2, 4}
	}
	c2 := Mul.New(b, None{}, c, Mul.New(b, None{}, k, k))
	return regroup(b, in[0], []*ir.Value{n, c, h, k, w, k}, perm, n, c2, h, w)
}

// regroup reshapes x to sizes from, transposes it, and reshapes it to sizes to; each size is a tensor of one integer.
func regroup(b *ir.Builder, x *ir.Value, from []*ir.Value, perm []int, to ...*ir.Value) *ir.Value {
	keep := ReshapeAttrs{AllowZero: true}
	x = Reshape.New(b, keep, x, Concat.New(b, ConcatAttrs{}, from...))
	x = Transpose.New(b, TransposeAttrs{Perm: perm}, x)
	return Reshape.New(b, keep, x, Concat.New(b, ConcatAttrs{}, to...))
}

// sizeAt is the size of x at an axis, as a tensor of one integer.
func sizeAt(b *ir.Builder, x *ir.Value, axis int) *ir.Value {
	end := axis + 1
	return Shape.New(b, ShapeAttrs{Start: axis, End: &end}, x)
}

// intsConst is a constant of rank 1.
func intsConst(b *ir.Builder, v ...int) *ir.Value {
	t := tensor.New(tensor.I64, len(v))
	for i, x := range v {
		t.SetInt64At(i, int64(x))
	}
	return b.G.Const("", t)
}

// blockView is viewOf for a view of more axes than the result has.
func blockView(e *ir.Env, x *tensor.Tensor, dims, viewDims, strides []int) (tensor.Value, error) {
	out, err := draftOf(e, x.DType(), dims)
	if err != nil {
		return nil, err
	}
	out.view(lanesOf(x), viewDims, strides, 0)
	return out.done(), nil
}

// exactly returns a/b, which must leave no rest.
func exactly(sc *ir.Scope, a, b sym.Dim, what string) (sym.Dim, error) {
	if q, ok := sym.DivExact(a, b); ok {
		return q, nil
	}
	err := sc.Assume(ir.Fact{Rel: ir.Divides, A: b, B: a, What: what})
	return sym.FloorDiv(a, b), err
}
