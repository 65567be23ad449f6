package op

import (
	"fmt"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// Expand is x broadcast with a tensor of sizes shape.
var Expand = define(Def[None]{
	Name: "expand", ONNX: "Expand", Sig: "x T, shape i64 -> y T; T " + movable,
	Props: ir.Pure,
	Infer: inferExpand,
	Eval: func(e *ir.Env, _ None, in []tensor.Value) (tensor.Value, error) {
		x := tens(in, 0)
		want := intsOf(tens(in, 1))
		if _, ok := tensor.Count(want); !ok {
			return nil, fmt.Errorf("shape %v is out of range", want)
		}
		dims, err := broadcastDims(x.Dims(), want)
		if err != nil {
			return nil, err
		}
		return expanded(e, x, dims)
	},
})

// expanded returns x broadcast to sizes dims.
func expanded(e *ir.Env, x *tensor.Tensor, dims []int) (tensor.Value, error) {
	return viewOf(e, x, dims, broadcastStrides(x.Dims(), dims), 0)
}

func inferExpand(sc *ir.Scope, _ None, in []ir.Known) (ir.Known, error) {
	x := in[0].Type
	want, ok, err := wanted(in[1], "shape")
	if err != nil || !ok || x.Unranked {
		return of(ir.UnrankedOf(x.DType)), err
	}
	given := make(ir.Shape, len(want))
	for i, d := range want {
		if n, ok := d.Int(); ok && n < 0 {
			return ir.Known{}, fmt.Errorf("size %d", n)
		}
		if given[i] = d; !d.Valid() {
			given[i] = sym.Const(1)
		}
	}
	shape, err := broadcast(sc, x.Shape, given)
	if err != nil {
		return ir.Known{}, err
	}
	// A size that is not known leaves a size of x above 1 as it is.
	for i, d := range want {
		j := i + len(x.Shape) - len(want)
		if d.Valid() {
			continue
		}
		shape[i+len(shape)-len(want)] = sc.Fresh()
		if j >= 0 && atLeast(x.Shape[j], 2) {
			shape[i+len(shape)-len(want)] = x.Shape[j]
		}
	}
	t := x.WithShape(shape...)
	if entries, ok := entriesOf(in[0]); ok && tracked(t) && len(entries) > 0 {
		return holding(t, spreadEntries(t, entries)), nil
	}
	return of(t), nil
}

// spreadEntries returns entries broadcast to a small type t.
func spreadEntries(t ir.Type, entries []sym.Dim) []sym.Dim {
	n := 1
	if len(t.Shape) == 1 {
		c, ok := t.Shape[0].Int()
		if !ok || c < 0 || c > ir.MaxElems {
			return nil
		}
		n = c
	}
	if len(entries) != 1 && len(entries) != n {
		return nil
	}
	out := make([]sym.Dim, n)
	for i := range out {
		out[i] = entries[i%len(entries)]
	}
	return out
}
