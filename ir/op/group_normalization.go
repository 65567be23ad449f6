package op

import (
	"fmt"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// InstanceNormalizationAttrs holds what is added to the variance.
type InstanceNormalizationAttrs struct {
	Epsilon float32 `ir:"epsilon"`
}

// InstanceNormalization is (x − mean)/√(var + Epsilon)·scale + bias, with moments of each channel of each item of x[N,C,…].
var InstanceNormalization = define(Def[InstanceNormalizationAttrs]{
	Name: "instance_normalization", ONNX: "InstanceNormalization", Sig: "x T, scale T, bias T -> y T; T float",
	Props: ir.Pure,
	Attrs: InstanceNormalizationAttrs{Epsilon: 1e-5},
	Infer: func(sc *ir.Scope, _ InstanceNormalizationAttrs, in []ir.Known) (ir.Known, error) {
		return groupType(sc, 1, in)
	},
	Eval: func(e *ir.Env, a InstanceNormalizationAttrs, in []tensor.Value) (tensor.Value, error) {
		x := tens(in, 0)
		if x.Rank() < 2 {
			return nil, fmt.Errorf("operand of rank %d has no channels", x.Rank())
		}
		return value(groupEval(e, max(1, x.Dims()[1]), a.Epsilon, in))
	},
	Lower: func(b *ir.Builder, a InstanceNormalizationAttrs, in []*ir.Value) *ir.Value {
		if in[0].Type.Rank() < 2 {
			return nil
		}
		c, _ := in[0].Type.Shape[1].Int()
		return lowerGroups(b, c, a.Epsilon, in)
	},
})

// GroupNormalizationAttrs holds the number of groups of channels, which is required, and what is added to the variance.
type GroupNormalizationAttrs struct {
	Epsilon   float32 `ir:"epsilon"`
	NumGroups int     `ir:"num_groups"`
	StashType int     `ir:"stash_type"`
}

// GroupNormalization is (x − mean)/√(var + Epsilon)·scale + bias, with moments of each group of channels of each item of x[N,C,…];
// scale and bias are per channel.
var GroupNormalization = define(Def[GroupNormalizationAttrs]{
	Name: "group_normalization", ONNX: "GroupNormalization", Sig: "x T, scale T, bias T -> y T; T float",
	Props: ir.Pure,
	Attrs: GroupNormalizationAttrs{Epsilon: 1e-5, StashType: 1},
	Infer: func(sc *ir.Scope, a GroupNormalizationAttrs, in []ir.Known) (ir.Known, error) {
		if a.NumGroups < 1 {
			return ir.Known{}, fmt.Errorf("num_groups %d is not positive", a.NumGroups)
		}
		return groupType(sc, a.NumGroups, in)
	},
	Eval: func(e *ir.Env, a GroupNormalizationAttrs, in []tensor.Value) (tensor.Value, error) {
		return value(groupEval(e, a.NumGroups, a.Epsilon, in))
	},
	Lower: func(b *ir.Builder, a GroupNormalizationAttrs, in []*ir.Value) *ir.Value {
		return lowerGroups(b, a.NumGroups, a.Epsilon, in)
	},
})

func groupType(sc *ir.Scope, groups int, in []ir.Known) (ir.Known, error) {
	x := in[0].Type
	x.Layout = ir.RowMajor
	if x.Unranked {
		return of(x), nil
	}
	if len(x.Shape) < 2 {
		return ir.Known{}, fmt.Errorf("operand of rank %d has no channels", len(x.Shape))
	}
	if err := sc.Assume(ir.Fact{Rel: ir.Divides, A: sym.Const(groups), B: x.Shape[1], What: "channels in groups"}); err != nil {
		return ir.Known{}, err
	}
	for i, name := range []string{"scale", "bias"} {
		if err := vectorOf(sc, in[1+i], x.Shape[1], name); err != nil {
			return ir.Known{}, err
		}
	}
	return of(x), nil
}

func groupEval(e *ir.Env, groups int, eps float32, in []tensor.Value) (*tensor.Tensor, error) {
	t := tens(in, 0)
	dims := t.Dims()
	if len(dims) < 2 || groups < 1 || dims[1]%groups != 0 {
		return nil, fmt.Errorf("%d groups do not divide the channels of %v", groups, dims)
	}
	for i, name := range []string{"scale", "bias"} {
		if err := checkVector(tens(in, 1+i), dims[1], name); err != nil {
			return nil, err
		}
	}
	v, err := loadAll[float64](e, t, tens(in, 1), tens(in, 2))
	if err != nil {
		return nil, err
	}
	x, scale, bias := v[0], v[1], v[2]
	if len(x) > 0 {
		size := len(x) / (dims[0] * groups)
		for i := range dims[0] * groups {
			standardize(x[i*size:(i+1)*size], float64(eps))
		}
		inner := len(x) / (dims[0] * dims[1])
		for i := range dims[0] * dims[1] {
			s, b := scale[i%dims[1]], bias[i%dims[1]]
			row := x[i*inner : (i+1)*inner]
			for j, u := range row {
				row[j] = u*s + b
			}
		}
	}
	return store(e, t.DType(), x, dims...)
}
