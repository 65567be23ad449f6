package op

import (
	"fmt"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// Clip is min(max(x, lo), hi); a bound that is absent does not bind, and NaN stays NaN.
var Clip = define(Def[None]{
	Name: "clip", ONNX: "Clip", Sig: "x T, min? T, max? T -> y T; T num",
	Props: ir.Pure | ir.Elementwise,
	Infer: func(_ *ir.Scope, _ None, in []ir.Known) (ir.Known, error) {
		t := in[0].Type
		t.Layout = ir.RowMajor
		out := ir.Known{Type: t}
		if t.DType.IsInt() {
			out.Elems = eachSize(t, in[0], func(d sym.Dim) sym.Dim { return d })
		}
		for k, name := range []string{"", "min", "max"} {
			if k == 0 || !in[k].Present() {
				continue
			}
			if n, ok := in[k].Type.Shape.Ints(); ok && !in[k].Type.Unranked {
				if c, _ := tensor.Count(n); c != 1 {
					return out, fmt.Errorf("%s is no scalar but of sizes %v", name, n)
				}
			}
			if out.Elems != nil {
				bound, _ := in[k].Sizes()
				out.Elems = clipSizes(t, out.Elems, bound, k == 1)
			}
		}
		return out, nil
	},
	Eval: evalClip,
	Lower: func(b *ir.Builder, _ None, in []*ir.Value) *ir.Value {
		y := in[0]
		for k, bound := range in[1:] {
			if bound == nil {
				continue
			}
			if bound.Type.Rank() > y.Type.Rank() || y.Type.Rank() < 0 {
				return nil
			}
			y = []Kind[None]{Max, Min}[k].New(b, None{}, y, bound)
		}
		if y == in[0] {
			return Max.New(b, None{}, y)
		}
		return y
	},
})

func clipSizes(t ir.Type, x, bound []sym.Dim, low bool) []sym.Dim {
	if len(bound) != 1 {
		return nil
	}
	f := sym.Min
	if low {
		f = sym.Max
	}
	out := make([]sym.Dim, len(x))
	for i, d := range x {
		out[i] = fitSize(t.DType, f(d, bound[0]))
	}
	return out
}

func evalClip(e *ir.Env, _ None, in []tensor.Value) (tensor.Value, error) {
	x := tens(in, 0)
	d := x.DType()
	if err := e.Take(d, x.Dims()); err != nil {
		return nil, err
	}
	for k := 1; k < 3; k++ {
		if b := tens(in, k); b != nil && b.Len() != 1 {
			return nil, fmt.Errorf("a bound is no scalar but of sizes %v", b.Dims())
		}
	}
	switch {
	case d == tensor.U64:
		y := x.Clone()
		clipAll(uint64s(y), in, uint64s)
		return y, nil
	case d.IsInt():
		return tensor.FromInt64s(d, clipAll(x.Int64s(), in, (*tensor.Tensor).Int64s), x.Dims()...), nil
	}
	return tensor.FromFloat64s(d, clipAll(x.Float64s(), in, (*tensor.Tensor).Float64s), x.Dims()...), nil
}

func clipAll[T float64 | int64 | uint64](v []T, in []tensor.Value, get func(*tensor.Tensor) []T) []T {
	if b := tens(in, 1); b != nil {
		lo := get(b)[0]
		for i := range v {
			v[i] = max(v[i], lo)
		}
	}
	if b := tens(in, 2); b != nil {
		hi := get(b)[0]
		for i := range v {
			v[i] = min(v[i], hi)
		}
	}
	return v
}
