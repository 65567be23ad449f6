package op

import (
	"fmt"
	"slices"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// SplitAttrs holds the axis to cut, and the number of parts where no sizes are given: equal ones, the last of which may be smaller.
type SplitAttrs struct {
	Axis       int  `ir:"axis"`
	NumOutputs *int `ir:"num_outputs"`
}

// parts returns the number of equal parts for a node of outs results.
func (a SplitAttrs) parts(outs int) (int, error) {
	if a.NumOutputs != nil && *a.NumOutputs != outs {
		return 0, fmt.Errorf("num_outputs %d for %d results", *a.NumOutputs, outs)
	}
	return outs, nil
}

// Split cuts x along Axis into parts of the given sizes.
var Split = defineN(DefN[SplitAttrs]{
	Name: "split", ONNX: "Split", Sig: "x T, split? i64 -> y* T; T " + movable,
	Props: ir.Pure,
	Infer: inferSplit,
	Eval: func(e *ir.Env, a SplitAttrs, in []tensor.Value) ([]tensor.Value, error) {
		x := tens(in, 0)
		axis, err := normAxis(a.Axis, x.Rank())
		if err != nil {
			return nil, err
		}
		n := x.Dims()[axis]
		sizes := intsOf(tens(in, 1))
		if in[1] == nil {
			parts, err := a.parts(e.Outs)
			if err != nil {
				return nil, err
			}
			if sizes, err = equalParts(n, parts); err != nil {
				return nil, err
			}
		}
		if len(sizes) != e.Outs {
			return nil, fmt.Errorf("%d sizes for %d results", len(sizes), e.Outs)
		}
		return cut(e, x, axis, sizes)
	},
})

// equalParts returns the sizes of n elements in parts that are equal but for the last.
func equalParts(n, parts int) ([]int, error) {
	if parts < 1 {
		return nil, fmt.Errorf("%d parts", parts)
	}
	size := (n + parts - 1) / parts
	sizes := make([]int, parts)
	for i := range sizes {
		sizes[i] = size
	}
	if sizes[parts-1] = n - size*(parts-1); sizes[parts-1] < 0 {
		return nil, fmt.Errorf("%d elements do not make %d parts of %d", n, parts, size)
	}
	return sizes, nil
}

// cut returns the pieces of x along axis, whose sizes must add up to that of x.
func cut(e *ir.Env, x *tensor.Tensor, axis int, sizes []int) ([]tensor.Value, error) {
	left := x.Dims()[axis]
	for _, s := range sizes {
		if s < 0 || s > left {
			return nil, fmt.Errorf("sizes %v for %d elements", sizes, x.Dims()[axis])
		}
		left -= s
	}
	if left != 0 {
		return nil, fmt.Errorf("sizes %v for %d elements", sizes, x.Dims()[axis])
	}
	// Parts may be many and small: what each takes beside its elements counts too.
	if err := e.Take(tensor.U8, []int{len(sizes), 256}); err != nil {
		return nil, err
	}
	st, at := strides(x.Dims()), 0
	out := make([]tensor.Value, len(sizes))
	for i, s := range sizes {
		var err error
		if out[i], err = viewOf(e, x, with(x.Dims(), axis, s), st, at*st[axis]); err != nil {
			return nil, err
		}
		at += s
	}
	return out, nil
}

func inferSplit(sc *ir.Scope, a SplitAttrs, in []ir.Known) ([]ir.Known, error) {
	x := in[0].Type
	out := make([]ir.Known, sc.Outs)
	if x.Unranked {
		for i := range out {
			out[i] = of(x)
		}
		return out, nil
	}
	axis, err := normAxis(a.Axis, len(x.Shape))
	if err != nil {
		return nil, err
	}
	sizes, err := splitSizes(sc, a, in[1], x.Shape[axis])
	if err != nil {
		return nil, err
	}
	entries, _ := entriesOf(in[0])
	at := 0
	for i := range out {
		shape := slices.Clone(x.Shape)
		shape[axis] = sizes[i]
		n, ok := sizes[i].Int()
		if ok = ok && at >= 0 && n <= len(entries)-at; ok {
			out[i] = holding(x.WithShape(shape...), entries[at:at+n:at+n])
			at += n
			continue
		}
		out[i], at = of(x.WithShape(shape...)), -1
	}
	return out, nil
}

// splitSizes returns the sizes of sc.Outs parts of d elements.
func splitSizes(sc *ir.Scope, a SplitAttrs, given ir.Known, d sym.Dim) ([]sym.Dim, error) {
	if !given.Present() {
		parts, err := a.parts(sc.Outs)
		if err != nil {
			return nil, err
		}
		if n, ok := d.Int(); ok {
			sizes, err := equalParts(n, parts)
			return ir.ShapeOf(sizes...), err
		}
		out := make([]sym.Dim, parts)
		size := sym.CeilDiv(d, sym.Const(parts))
		for i := range out {
			out[i] = size
		}
		out[parts-1] = sym.Sub(d, sym.Mul(size, sym.Const(parts-1)))
		return out, nil
	}
	n, ok := knownLength(given)
	if ok && n != sc.Outs {
		return nil, fmt.Errorf("%d sizes for %d results", n, sc.Outs)
	}
	sizes := slices.Clone(sizesOr(given, sc.Outs))
	sum, open := sym.Const(0), -1
	for i, s := range sizes {
		if n, ok := s.Int(); ok && n < 0 {
			return nil, fmt.Errorf("size %d", n)
		}
		if s.Valid() {
			sum = sym.Add(sum, s)
			continue
		}
		if open >= 0 {
			return asShape(sc, sizes), nil
		}
		open = i
	}
	if open >= 0 {
		sizes[open] = sym.Sub(d, sum)
		return sizes, nil
	}
	_, err := sc.Same(d, sum, "sizes of the parts")
	return sizes, err
}
