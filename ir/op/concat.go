package op

import (
	"fmt"
	"slices"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// ConcatAttrs holds the axis along which the operands lie one after the other. It has no default.
type ConcatAttrs struct {
	Axis int `ir:"axis"`
}

// Concat joins tensors that agree in all other sizes.
var Concat = define(Def[ConcatAttrs]{
	Name: "concat", ONNX: "Concat", Sig: "x* T -> y T; T " + movable,
	Props: ir.Pure,
	Attrs: ConcatAttrs{Axis: required},
	Infer: inferConcat,
	Eval: func(e *ir.Env, a ConcatAttrs, in []tensor.Value) (tensor.Value, error) {
		all := make([]*tensor.Tensor, len(in))
		for i := range in {
			all[i] = tens(in, i)
		}
		return concatTensors(e, all, a.Axis)
	},
})

func inferConcat(sc *ir.Scope, a ConcatAttrs, in []ir.Known) (ir.Known, error) {
	if a.Axis == required {
		return ir.Known{}, errRequired("axis")
	}
	if len(in) == 0 || !in[0].Present() {
		return ir.Known{}, errNoOperands
	}
	var shape ir.Shape
	total, some, all := sym.Const(0), false, true
	axis := 0
	for _, k := range in {
		if k.Type.Unranked {
			all = false
			continue
		}
		var err error
		if axis, err = normAxis(a.Axis, len(k.Type.Shape)); err != nil {
			return ir.Known{}, err
		}
		total = sym.Add(total, k.Type.Shape[axis])
		if !some {
			some, shape = true, slices.Clone(k.Type.Shape)
			continue
		}
		if len(shape) != len(k.Type.Shape) {
			return ir.Known{}, fmt.Errorf("ranks %d and %d", len(shape), len(k.Type.Shape))
		}
		for i, d := range k.Type.Shape {
			if i == axis {
				continue
			}
			if shape[i], err = sc.Same(shape[i], d, fmt.Sprintf("axis %d", i)); err != nil {
				return ir.Known{}, err
			}
		}
	}
	d := in[0].Type.DType
	if !some {
		return of(ir.UnrankedOf(d)), nil
	}
	if shape[axis] = total; !all {
		shape[axis] = sc.Fresh()
	}
	return holding(ir.TensorOf(d, shape...), concatEntries(in)), nil
}

// concatEntries joins the entries of small tensors of rank 1; nil unless the number of each is known.
func concatEntries(in []ir.Known) []sym.Dim {
	out := []sym.Dim{}
	for _, k := range in {
		if !tracked(k.Type) {
			return nil
		}
		s, ok, err := wanted(k, "x")
		if !ok || err != nil || len(out)+len(s) > ir.MaxElems {
			return nil
		}
		out = append(out, s...)
	}
	return out
}

// concatTensors joins tensors along axis.
func concatTensors(e *ir.Env, in []*tensor.Tensor, axis int) (*tensor.Tensor, error) {
	if len(in) == 0 || in[0] == nil {
		return nil, errNoOperands
	}
	axis, err := normAxis(axis, in[0].Rank())
	if err != nil {
		return nil, err
	}
	dims := slices.Clone(in[0].Dims())
	for _, x := range in[1:] {
		if x == nil || x.DType() != in[0].DType() || x.Rank() != len(dims) {
			return nil, fmt.Errorf("tensors of sizes %v and others do not join", dims)
		}
		for i, d := range x.Dims() {
			if i != axis && d != dims[i] {
				return nil, fmt.Errorf("axis %d: sizes %d != %d", i, dims[i], d)
			}
		}
		dims[axis] += x.Dims()[axis]
	}
	out, err := draftOf(e, in[0].DType(), dims)
	if err != nil {
		return nil, err
	}
	outer, n, inner := split(dims, axis)
	at := 0
	for _, x := range in {
		run, src := x.Dims()[axis]*inner, lanesOf(x)
		for o := range outer {
			out.put(o*n*inner+at, src, o*run, run)
		}
		at += run
	}
	return out.done(), nil
}
