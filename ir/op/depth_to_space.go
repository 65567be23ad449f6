package op

import (
	"fmt"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// BlockAttrs holds the side of a block, which has no default, and the order of a block's elements among the channels: "DCR" puts the block first, "CRD" last.
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
