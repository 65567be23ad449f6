package passes

import (
	"fmt"
	"math"
	"slices"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/op"
	"github.com/cameo-onnx/cameo/passes/rewrite"
)

// patterns recognises what exporters spell out in simple ops. Normalisations are found by their cores; the factors that follow
// join them by rules of their own, so that any subset of them may be there. Where a pattern differs from the op beyond
// rounding, as L2 normalisation with a floor under the norm does, it stays as it is.
func patterns(g *ir.Graph, t Target) error { return rewriteBy(patternRules, g, t) }

var patternRules = rewrite.Compile(slices.Concat(
	loose(normRules()),
	loose(geluRules()),
	loose([]rewrite.Rule{
		{Name: "sigmoid", From: "div(1, add(exp(neg(x)), 1))", When: sameAsX, To: "sigmoid(x)"},
		{Name: "sigmoid-reciprocal", From: "reciprocal(add(exp(neg(x)), 1))", When: sameAsX, To: "sigmoid(x)"},
		{Name: "silu", From: "mul(x, sigmoid(x))", To: "swish(x)"},
		{Name: "silu-exp", From: "div(x, add(exp(neg(x)), 1))", When: sameAsX, To: "swish(x)"},
		{Name: "quick-gelu", From: "mul(x, sigmoid(mul(x, c!)))", Do: quickGelu},
		{Name: "hard-sigmoid-clip", From: "clip(add(mul(x, a!), b!), 0, 1)", Do: hardSigmoid},
		{Name: "hard-sigmoid-div", From: "div(clip(add(x, 3), 0, 6), 6)", When: sameAsX, Do: hardSigmoidOfX},
		{Name: "hard-sigmoid-mul", From: "mul(clip(add(x, 3), 0, 6), 0.16666667~1e-6)", When: sameAsX, Do: hardSigmoidOfX},
		{Name: "hard-sigmoid-min", From: "div(min(relu(add(x, 3)), 6), 6)", When: sameAsX, Do: hardSigmoidOfX},
		{Name: "hard-swish", From: "mul(x, h:hard_sigmoid(x))", When: slopeSixth, To: "hard_swish(x)"},
		{Name: "hard-swish-div", From: "div(mul(x, clip(add(x, 3), 0, 6)), 6)", When: sameAsX, To: "hard_swish(x)"},
		{Name: "hard-swish-mul", From: "mul(mul(x, clip(add(x, 3), 0, 6)), 0.16666667~1e-6)", When: sameAsX, To: "hard_swish(x)"},
		{Name: "softplus", From: "log(add(exp(x), 1))", When: sameAsX, To: "softplus(x)"},
		{Name: "softplus-stable", From: "add(relu(x), softplus(neg(abs(x))))", When: sameAsX, To: "softplus(x)"},
		{Name: "softplus-stable-max", From: "add(max(x, 0), softplus(neg(abs(x))))", When: sameAsX, To: "softplus(x)"},
		{Name: "mish", From: "mul(x, tanh(softplus(x)))", To: "mish(x)"},
	}),
	[]rewrite.Rule{
		{Name: "pixel-shuffle", From: "reshape(t:transpose(r:reshape(x, ...)), ...)", Do: depthToSpace},
		{Name: "pixel-unshuffle", From: "reshape(t:transpose(r:reshape(x, ...)), ...)", Do: spaceToDepth},
	},
	loose(attentionRules()),
	tokenRules(),
	quantMoveRules(),
	loose(quantRules()),
))

// loose marks rules whose right side rounds once where the left rounds at every op.
func loose(rules []rewrite.Rule) []rewrite.Rule {
	for i := range rules {
		rules[i].Loose = true
	}
	return rules
}

// sameAsX: constants beside x have not enlarged it.
func sameAsX(m *rewrite.Match) bool {
	x := m.Value("x").Type
	return x.DType.IsFloat() && x.Rank() >= 0 && x.Equal(m.Root.Out[0].Type)
}

// geluRules spells both forms of GELU in the ways in which exporters order the products.
func geluRules() (rules []rewrite.Rule) {
	add := func(name, attrs string, halves []string) {
		for _, h := range halves {
			rules = append(rules, rewrite.Rule{Name: fmt.Sprintf("%s-%d", name, len(rules)+1), From: h, When: sameAsX, To: "gelu" + attrs + "(x)"})
		}
	}
	outer := func(f string) []string { // f is 1 + erf or 1 + tanh
		return []string{
			"mul(mul(x, " + f + "), 0.5)", "mul(x, mul(" + f + ", 0.5))", "mul(mul(x, 0.5), " + f + ")",
			"div(mul(x, " + f + "), 2)", "mul(div(x, 2), " + f + ")",
		}
	}
	for _, arg := range []string{"div(x, 1.41421356~1e-5)", "mul(x, 0.70710678~1e-5)"} {
		add("gelu", "", append(outer("add(erf("+arg+"), 1)"), "mul(x, add(mul(erf("+arg+"), 0.5), 0.5))"))
	}
	for _, cube := range []string{"pow(x, 3)", "mul(x, mul(x, x))"} {
		add("gelu-tanh", "{approximate=\"tanh\"}", outer("add(tanh(mul(add(x, mul("+cube+", 0.044715~1e-5)), 0.79788456~1e-5)), 1)"))
	}
	for _, square := range []string{"mul(pow(x, 2), 0.044715~1e-5)", "mul(mul(x, x), 0.044715~1e-5)", "mul(mul(x, 0.044715~1e-5), x)"} {
		add("gelu-tanh", "{approximate=\"tanh\"}", outer("add(tanh(mul(mul(x, 0.79788456~1e-5), add("+square+", 1))), 1)"))
	}
	return rules
}

func quickGelu(m *rewrite.Match) *ir.Value {
	c, ok := m.Number("c")
	if !ok || !sameAsX(m) {
		return nil
	}
	return op.Swish.New(m.B, op.AlphaAttrs{Alpha: float32(c)}, m.Value("x"))
}

func hardSigmoid(m *rewrite.Match) *ir.Value {
	a, ok := m.Number("a")
	b, ok2 := m.Number("b")
	if !ok || !ok2 || !sameAsX(m) {
		return nil
	}
	return op.HardSigmoid.New(m.B, op.HardSigmoidAttrs{Alpha: float32(a), Beta: float32(b)}, m.Value("x"))
}

func hardSigmoidOfX(m *rewrite.Match) *ir.Value {
	return op.HardSigmoid.New(m.B, op.HardSigmoidAttrs{Alpha: 1. / 6, Beta: 0.5}, m.Value("x"))
}

// slopeSixth reports whether h is the factor of hard_swish.
func slopeSixth(m *rewrite.Match) bool {
	a := op.HardSigmoid.Attrs(m.Node("h"))
	return math.Abs(float64(a.Alpha)-1./6) < 1e-7 && a.Beta == 0.5
}

// blocks returns the block size b with which reshape r, transpose t and the root move blocks of channels of x[N,C,H,W] into its
// image or back, 0 if there is none: r must be of the sizes that mid spells, t permute them by perm, and the root be of the
// sizes that out spells.
func blocks(m *rewrite.Match, perm []int, mid, out func(n, c, b, h, w int) []int) int {
	x, r, y := m.Value("x").Type, m.Value("r").Type, m.Root.Out[0].Type
	if x.Rank() != 4 || r.Rank() != 6 || y.Rank() != 4 || !isTranspose(m.Value("t"), perm...) {
		return 0
	}
	// The batch may be symbolic: it must stay, and counts as 1 below.
	if !x.Shape[0].Equal(r.Shape[0]) || !x.Shape[0].Equal(y.Shape[0]) {
		return 0
	}
	xs, ok1 := x.Shape[1:].Ints()
	rs, ok2 := r.Shape[1:].Ints()
	ys, ok3 := y.Shape[1:].Ints()
	if !ok1 || !ok2 || !ok3 {
		return 0
	}
	for b := 2; b <= 16; b++ {
		if slices.Equal(rs, mid(1, xs[0], b, xs[1], xs[2])[1:]) && slices.Equal(ys, out(1, xs[0], b, xs[1], xs[2])[1:]) {
			return b
		}
	}
	return 0
}

func depthToSpace(m *rewrite.Match) *ir.Value {
	out := func(n, c, b, h, w int) []int { return []int{n, c / (b * b), h * b, w * b} }
	crd := func(n, c, b, h, w int) []int { return []int{n, c / (b * b), b, b, h, w} }
	dcr := func(n, c, b, h, w int) []int { return []int{n, b, b, c / (b * b), h, w} }
	if b := blocks(m, []int{0, 1, 4, 2, 5, 3}, crd, out); b > 0 {
		return op.DepthToSpace.New(m.B, op.BlockAttrs{BlockSize: b, Mode: "CRD"}, m.Value("x"))
	}
	if b := blocks(m, []int{0, 3, 4, 1, 5, 2}, dcr, out); b > 0 {
		return op.DepthToSpace.New(m.B, op.BlockAttrs{BlockSize: b, Mode: "DCR"}, m.Value("x"))
	}
	return nil
}

func spaceToDepth(m *rewrite.Match) *ir.Value {
	mid := func(n, c, b, h, w int) []int { return []int{n, c, h / b, b, w / b, b} }
	out := func(n, c, b, h, w int) []int { return []int{n, c * b * b, h / b, w / b} }
	b := blocks(m, []int{0, 3, 5, 1, 2, 4}, mid, out)
	if b == 0 {
		return nil
	}
	return op.SpaceToDepth.New(m.B, op.BlockAttrs{BlockSize: b, Mode: "DCR"}, m.Value("x"))
}
