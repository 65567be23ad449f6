package op

import (
	"fmt"
	"slices"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// TensorScatterAttrs holds the axis of the sequence, and whether writing goes on from its start ("circular") or must fit ("linear").
type TensorScatterAttrs struct {
	Mode string `ir:"mode"`
	Axis int    `ir:"axis"`
}

func (a TensorScatterAttrs) place(rank int) (int, error) {
	if a.Mode != "linear" && a.Mode != "circular" {
		return 0, fmt.Errorf("mode %q", a.Mode)
	}
	axis, err := normAxis(a.Axis, rank)
	if err == nil && axis == 0 {
		err = fmt.Errorf("axis 0 is the batch")
	}
	return axis, err
}

// TensorScatter is a cache with an update written along an axis, for each row of the batch from a place of its own.
var TensorScatter = define(Def[TensorScatterAttrs]{
	Name: "tensor_scatter", ONNX: "TensorScatter", Sig: "cache T, update T, at? i64 -> y T; T tensor",
	Props: ir.Pure,
	Attrs: TensorScatterAttrs{Mode: "linear", Axis: -2},
	Infer: inferTensorScatter,
	Eval: func(e *ir.Env, a TensorScatterAttrs, in []tensor.Value) (tensor.Value, error) {
		x, u := tens(in, 0), tens(in, 1)
		axis, err := a.place(x.Rank())
		if err != nil {
			return nil, err
		}
		if u.Rank() != x.Rank() || !slices.Equal(with(x.Dims(), axis, 0), with(u.Dims(), axis, 0)) {
			return nil, fmt.Errorf("update has sizes %v, cache %v", u.Dims(), x.Dims())
		}
		batch, n, m := x.Dims()[0], x.Dims()[axis], u.Dims()[axis]
		at := make([]int, batch)
		if in[2] != nil {
			if at = intsOf(tens(in, 2)); len(at) != batch {
				return nil, fmt.Errorf("%d places for a batch of %d", len(at), batch)
			}
		}
		for _, p := range at {
			if p < 0 || m > n || a.Mode == "linear" && p > n-m {
				return nil, fmt.Errorf("an update of %d at %d does not fit into %d", m, p, n)
			}
		}
		out, err := copyOf(e, x)
		if err != nil {
			return nil, err
		}
		outer, _, inner := split(x.Dims(), axis)
		src := lanesOf(u)
		for o := range outer {
			p := at[o/(outer/batch)]
			for i := range m {
				out.put((o*n+(p%n+i)%n)*inner, src, (o*m+i)*inner, inner)
			}
		}
		return out.done(), nil
	},
})

func inferTensorScatter(sc *ir.Scope, a TensorScatterAttrs, in []ir.Known) (ir.Known, error) {
	x, u := in[0].Type, in[1].Type
	x.Layout = ir.RowMajor
	if x.Unranked || u.Unranked {
		return of(x), nil
	}
	axis, err := a.place(len(x.Shape))
	if err != nil {
		return ir.Known{}, err
	}
	if len(u.Shape) != len(x.Shape) {
		return ir.Known{}, fmt.Errorf("update is of rank %d, cache of rank %d", len(u.Shape), len(x.Shape))
	}
	for i, d := range x.Shape {
		if i == axis {
			err = sc.Assume(ir.Fact{Rel: ir.Le, A: u.Shape[i], B: d, What: "update"})
		} else {
			x.Shape = slices.Clone(x.Shape)
			x.Shape[i], err = sc.Same(d, u.Shape[i], fmt.Sprintf("axis %d", i))
		}
		if err != nil {
			return ir.Known{}, err
		}
	}
	return of(x), inferBatch(sc, in[2], x.Shape[0])
}

// inferBatch records that an optional operand of rank 1 has one entry for each row of a batch.
func inferBatch(sc *ir.Scope, k ir.Known, batch sym.Dim) error {
	if !k.Present() || k.Type.Unranked {
		return nil
	}
	if len(k.Type.Shape) != 1 {
		return fmt.Errorf("an operand of one entry for each row of the batch is of rank %d", len(k.Type.Shape))
	}
	_, err := sc.Same(k.Type.Shape[0], batch, "batch")
	return err
}
