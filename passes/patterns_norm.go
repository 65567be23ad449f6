package passes

import (
	"fmt"
	"slices"
	"strings"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/op"
	"github.com/cameo-onnx/cameo/ir/tensor"
	"github.com/cameo-onnx/cameo/passes/rewrite"
)

// normRules finds normalisations over trailing axes and over groups of channels, and gives them the factors that follow.
func normRules() (rules []rewrite.Rule) {
	name := func(of string) string { return fmt.Sprintf("%s-%d", of, len(rules)+1) }
	for _, mean := range []string{"reduce_mean{keepdims=true}(%, a!)", "global_average_pool(%)"} {
		of := func(x string) string { return strings.ReplaceAll(mean, "%", x) }
		for _, square := range []string{"pow(d, 2)", "mul(d, d)"} {
			for _, quotient := range quotients {
				d := "d:sub(x, " + of("x") + ")"
				rules = append(rules, rewrite.Rule{
					Name: name("layer-norm"), Do: layerNorm,
					From: strings.ReplaceAll(strings.ReplaceAll(quotient, "X", d), "V", "add("+of(square)+", e!)"),
				})
			}
		}
	}
	for _, square := range []string{"pow(x, 2)", "mul(x, x)"} {
		for _, quotient := range append(quotients, "mul(X, pow(V, -0.5))") {
			rules = append(rules, rewrite.Rule{
				Name: name("rms-norm"), Do: rmsNorm,
				From: strings.ReplaceAll(strings.ReplaceAll(quotient, "X", "x"), "V", "add(reduce_mean{keepdims=true}("+square+", a!), e!)"),
			})
		}
	}
	return append(rules,
		rewrite.Rule{Name: "layer-norm-scale", From: "mul(n:layer_normalization(x, s!, b?), g)", Do: scaleLayerNorm},
		rewrite.Rule{Name: "layer-norm-bias", From: "add(n:layer_normalization(x, s), b)", Do: shiftLayerNorm},
		rewrite.Rule{Name: "layer-norm-channels", From: "mul(n:layer_normalization(x, s!), g!)", When: overImages, Do: instanceNorm},
		rewrite.Rule{Name: "rms-norm-scale", From: "mul(n:rms_normalization(x, s!), g)", Do: scaleRMSNorm},
		rewrite.Rule{Name: "group-norm", From: "reshape(n:instance_normalization(r:reshape(x, ...), s!, b!), ...)", Do: groupNorm},
		rewrite.Rule{Name: "group-norm-scale", From: "mul(n:group_normalization|instance_normalization(x, s!, b!), g!)", Do: scaleGroupNorm},
		rewrite.Rule{Name: "group-norm-bias", From: "add(n:group_normalization|instance_normalization(x, s!, b!), g!)", Do: shiftGroupNorm},
	)
}

// quotients are the ways to divide X by the root of V.
var quotients = []string{"div(X, sqrt(V))", "mul(X, reciprocal(sqrt(V)))", "mul(X, div(1, sqrt(V)))"}

// trailing returns the first of the axes that a lists, if those are the last of a tensor of the given rank.
func trailing(axes []int, rank int) (first int, ok bool) {
	on := slices.Clone(axes)
	for i, a := range on {
		on[i] = fromFront(a, rank)
	}
	slices.Sort(on)
	for i, a := range on {
		if a != rank-len(on)+i {
			return 0, false
		}
	}
	return rank - len(on), len(on) > 0
}

// normalized returns the first of the axes that are normalised together, counted from the end, what is added to the variance,
// and factors of 1 for a row; nil factors where it is no normalisation.
func normalized(m *rewrite.Match) (axis int, epsilon float32, factors *ir.Value) {
	x := m.Value("x").Type
	e, ok := m.Number("e")
	if !ok || !(e >= 0) || !x.DType.IsFloat() || x.Rank() < 1 || !x.Equal(m.Root.Out[0].Type) {
		return 0, 0, nil
	}
	if axis, ok = 2, x.Rank() > 2; m.Has("a") {
		var axes []int
		if axes, ok = m.Ints("a"); ok {
			axis, ok = trailing(axes, x.Rank())
		}
	}
	if !ok {
		return 0, 0, nil
	}
	return axis - x.Rank(), float32(e), ones(m, x, axis)
}

// ones returns factors of 1 for a row that is normalised.
func ones(m *rewrite.Match, x ir.Type, axis int) *ir.Value {
	dims, ok := x.Shape[axis:].Ints()
	if !ok {
		return filled(m, x.DType, 1, 1)
	}
	return filled(m, x.DType, 1, dims...)
}

func layerNorm(m *rewrite.Match) *ir.Value {
	axis, epsilon, s := normalized(m)
	if s == nil {
		return nil
	}
	return op.LayerNormalization.New(m.B, op.LayerNormalizationAttrs{Axis: axis, Epsilon: epsilon, StashType: 1}, m.Value("x"), s)
}

func rmsNorm(m *rewrite.Match) *ir.Value {
	axis, epsilon, s := normalized(m)
	if s == nil {
		return nil
	}
	return op.RMSNormalization.New(m.B, op.RMSNormalizationAttrs{Axis: axis, Epsilon: epsilon, StashType: 1}, m.Value("x"), s)
}

// rowLike reports whether v is a factor for each element of a row of x from axis on, which counts from the end.
func rowLike(v, x ir.Type, axis int) bool {
	if axis >= 0 {
		axis -= x.Rank()
	}
	return v.DType == x.DType && x.Rank() >= 0 && v.Rank() == -axis && v.Shape.Equal(x.Shape[x.Rank()+axis:])
}

func allOnes(m *rewrite.Match, name string) bool { x, ok := m.Number(name); return ok && x == 1 }

func allZeros(m *rewrite.Match, name string) bool { x, ok := m.Number(name); return ok && x == 0 }

func scaleLayerNorm(m *rewrite.Match) *ir.Value {
	n := m.Node("n")
	a := op.LayerNormalization.Attrs(n)
	if !allOnes(m, "s") || m.Value("b") != nil || len(n.Out) > 1 || !rowLike(m.Value("g").Type, m.Value("x").Type, a.Axis) {
		return nil
	}
	return op.LayerNormalization.New(m.B, a, m.Value("x"), m.Value("g"))
}

func shiftLayerNorm(m *rewrite.Match) *ir.Value {
	n := m.Node("n")
	a := op.LayerNormalization.Attrs(n)
	if len(n.Out) > 1 || !rowLike(m.Value("b").Type, m.Value("x").Type, a.Axis) {
		return nil
	}
	return op.LayerNormalization.New(m.B, a, m.Value("x"), m.Value("s"), m.Value("b"))
}

func scaleRMSNorm(m *rewrite.Match) *ir.Value {
	a := op.RMSNormalization.Attrs(m.Node("n"))
	if !allOnes(m, "s") || !rowLike(m.Value("g").Type, m.Value("x").Type, a.Axis) {
		return nil
	}
	return op.RMSNormalization.New(m.B, a, m.Value("x"), m.Value("g"))
}

// overImages reports whether n normalises each channel by itself.
func overImages(m *rewrite.Match) bool {
	a := op.LayerNormalization.Attrs(m.Node("n"))
	rank := m.Value("x").Type.Rank()
	return rank > 2 && (a.Axis == 2 || a.Axis == 2-rank) && allOnes(m, "s") && len(m.Node("n").Out) == 1
}

// channelFactor returns c as a vector, if it holds one number for each channel of x and changes no shape.
func channelFactor(m *rewrite.Match, c string) *tensor.Tensor {
	x, t := m.Value("x").Type, m.Const(c)
	if t == nil || x.Rank() < 2 || t.Rank() > x.Rank() || t.Rank() < x.Rank()-1 || t.DType() != x.DType {
		return nil
	}
	channels, ok := x.Shape[1].Int()
	dims := t.Dims()
	for i, n := range dims {
		if axis := x.Rank() - len(dims) + i; n != 1 && (axis != 1 || n != channels) {
			ok = false
		}
	}
	if !ok || t.Len() != channels {
		return nil
	}
	return t.Reshape(channels)
}

func instanceNorm(m *rewrite.Match) *ir.Value {
	g := channelFactor(m, "g")
	if g == nil {
		return nil
	}
	a := op.InstanceNormalizationAttrs{Epsilon: op.LayerNormalization.Attrs(m.Node("n")).Epsilon}
	return op.InstanceNormalization.New(m.B, a, m.Value("x"), m.G.Const("", g), filled(m, g.DType(), 0, g.Len()))
}

// groupNorm joins the reshapes around an instance normalisation of groups of channels.
func groupNorm(m *rewrite.Match) *ir.Value {
	x, r := m.Value("x").Type, m.Value("r").Type
	if !allOnes(m, "s") || !allZeros(m, "b") || x.Rank() < 3 || r.Rank() != 3 || !x.Equal(m.Root.Out[0].Type) || !x.Shape[0].Equal(r.Shape[0]) {
		return nil
	}
	channels, ok := x.Shape[1].Int()
	groups, ok2 := r.Shape[1].Int()
	if !ok || !ok2 || groups < 1 || channels%groups != 0 {
		return nil
	}
	a := op.GroupNormalizationAttrs{Epsilon: op.InstanceNormalization.Attrs(m.Node("n")).Epsilon, NumGroups: groups, StashType: 1}
	return op.GroupNormalization.New(m.B, a, m.Value("x"), filled(m, x.DType, 1, channels), filled(m, x.DType, 0, channels))
}

func scaleGroupNorm(m *rewrite.Match) *ir.Value {
	g := channelFactor(m, "g")
	if g == nil || !allOnes(m, "s") || !allZeros(m, "b") {
		return nil
	}
	n := m.Node("n")
	return rebuilt(m, n, m.Value("x"), m.G.Const("", g), n.In[2])
}

func shiftGroupNorm(m *rewrite.Match) *ir.Value {
	g := channelFactor(m, "g")
	if g == nil || !allZeros(m, "b") {
		return nil
	}
	n := m.Node("n")
	return rebuilt(m, n, m.Value("x"), n.In[1], m.G.Const("", g))
}
