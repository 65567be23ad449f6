package op

import (
	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// Where is x where c holds and y elsewhere; all three broadcast.
var Where = define(Def[None]{
	Name: "where", ONNX: "Where", Sig: "c bool, x T, y T -> z T; T " + movable,
	Props: ir.Pure | ir.Elementwise,
	Infer: func(sc *ir.Scope, _ None, in []ir.Known) (ir.Known, error) {
		t, err := broadcastType(sc, in[1].Type.DType, in...)
		if err != nil || !tracked(t) {
			return of(t), err
		}
		return holding(t, whereEntries(t, in)), nil
	},
	Eval: func(e *ir.Env, _ None, in []tensor.Value) (tensor.Value, error) {
		c, x, y := tens(in, 0), tens(in, 1), tens(in, 2)
		dims, err := broadcastDims(c.Dims(), x.Dims(), y.Dims())
		if err != nil {
			return nil, err
		}
		holds, err := expanded(e, c, dims)
		if err != nil {
			return nil, err
		}
		from, err := indexSpace(e, dims...)
		if err != nil {
			return nil, err
		}
		out, err := draftOf(e, x.DType(), dims)
		if err != nil {
			return nil, err
		}
		idx := broadcastIndex(x.Dims(), dims)
		for i, b := range tensor.Data[bool](holds.(*tensor.Tensor)) {
			switch {
			case !b:
				from[i] = -1
			case idx == nil:
				from[i] = i
			default:
				from[i] = int(idx[i])
			}
		}
		z, err := expanded(e, y, dims)
		if err != nil {
			return nil, err
		}
		out.put(0, lanesOf(z.(*tensor.Tensor)), 0, len(from))
		out.blocks(lanesOf(x), from, 1)
		return out.done(), nil
	},
})

// whereEntries returns the entries of a small result of type t; nil where the operands' are not known.
func whereEntries(t ir.Type, in []ir.Known) []sym.Dim {
	var all [3][]sym.Dim
	for i, k := range in[:3] {
		s, ok := k.Sizes()
		if !ok || len(s) == 0 {
			return nil
		}
		if all[i] = spreadEntries(t, s); all[i] == nil {
			return nil
		}
	}
	out := make([]sym.Dim, len(all[0]))
	for i, c := range all[0] {
		n, ok := c.Int()
		switch {
		case ok && n != 0:
			out[i] = all[1][i]
		case ok || all[1][i].Equal(all[2][i]):
			out[i] = all[2][i]
		default:
			out[i] = sym.Unknown()
		}
	}
	return out
}
