package onnx_test

import (
	"strings"
	"testing"

	"github.com/cameo-onnx/cameo/ir/tensor"
	"github.com/cameo-onnx/cameo/onnx"
	"github.com/cameo-onnx/cameo/onnx/wire"
)

func namesA(name, list string) *wire.Attr {
	a := &wire.Attr{Name: name, Type: wire.AttrStrings}
	for _, s := range fields(list) {
		a.Strings = append(a.Strings, []byte(s))
	}
	return a
}

// gradOf is a Gradient node: out = dy/dxs, with in as the values of xs and zs.
func gradOf(y, xs, zs, in, out string) *wire.Node {
	n := nodeOf("Gradient", in, out, strA("y", y), namesA("xs", xs))
	if n.Domain = "ai.onnx.preview.training"; zs != "" {
		n.Attrs = append(n.Attrs, namesA("zs", zs))
	}
	return n
}

func TestGradientFollowsItsSpecification(t *testing.T) {
	square, cube := nodeOf("Mul", "x x", "h"), nodeOf("Mul", "h x", "y")
	for _, c := range []struct {
		name  string
		nodes []*wire.Node
		want  string
	}{
		{"by an input", []*wire.Node{square, cube, gradOf("y", "x", "", "x", "out")}, "f32[2](27 12)"},
		{"whose node comes first", []*wire.Node{gradOf("y", "x", "", "x", "out"), cube, square}, "f32[2](27 12)"},
		{"by an intermediate tensor", []*wire.Node{square, cube, gradOf("y", "h", "x", "h x", "out")}, "f32[2](-3 -2)"},
		{"by an input, an intermediate one held", []*wire.Node{square, cube, gradOf("y", "x", "h", "x h", "out")}, "f32[2](9 4)"},
		{"at another value", []*wire.Node{square, cube, gradOf("y", "x", "", "one", "out")}, "f32[2](3 3)"},
		{"at another value of an intermediate tensor", []*wire.Node{square, cube, gradOf("y", "x", "h", "x one", "out")}, "f32[2](1 1)"},
		{"one value for two variables", []*wire.Node{square, cube, gradOf("y", "h x", "", "one one", "_ out")}, "f32[2](1 1)"},
		{"of a gradient", []*wire.Node{square, cube, gradOf("y", "x", "", "x", "d"), gradOf("d", "x", "", "x", "out")}, "f32[2](-18 -12)"},
		{"of a gradient at another value", []*wire.Node{square, cube, gradOf("y", "x", "", "x", "d"), gradOf("d", "x", "", "one", "out")}, "f32[2](6 6)"},
		{"of what does not depend on the variable", []*wire.Node{square, cube, gradOf("h", "one", "", "one", "out")}, "f32[2](0 0)"},
		{"of an op that becomes simpler ones", []*wire.Node{nodeOf("HardSwish", "x", "y"), gradOf("y", "x", "", "x", "d"), nodeOf("Add", "y d", "out")}, "f32[2](-0.5 -0.5)"},
		{"at an initializer", []*wire.Node{nodeOf("Mul", "x w", "y"), gradOf("y", "w", "x", "w x", "out")}, "f32[2](-3 -2)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := withInputs(graphOf("out", c.nodes...), vinfo("x", tensor.F32, 2), vinfo("one", tensor.F32, 2))
			g.Inits = []*wire.Tensor{floats("w", 5, 7)}
			if got := text(evaluate(t, modelOf(17, g), x(2), tensor.Of([]float32{1, 1}))); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestGradientRefusesWhatHasNone(t *testing.T) {
	outside := branchOf("t", gradOf("y", "x", "", "x", "t"))
	for _, c := range []struct {
		name, want string
		nodes      []*wire.Node
	}{
		{"an op without a gradient", `node "y": Det: it has no gradient`, []*wire.Node{nodeOf("Det", "m", "y"), gradOf("y", "m", "", "m", "out")}},
		{"an integer", "has no derivative", []*wire.Node{nodeOf("Shape", "x", "y"), gradOf("y", "x", "", "x", "out")}},
		{"a name that is not there", `tensor "z" is not defined`, []*wire.Node{gradOf("z", "x", "", "x", "out")}},
		{"more names than operands", "1 operands and 1 results for 2 names", []*wire.Node{nodeOf("Mul", "x m", "y"), gradOf("y", "x m", "", "x", "out")}},
		{"a variable twice", "is named twice", []*wire.Node{nodeOf("Mul", "x m", "y"), gradOf("y", "x", "x", "x x", "out")}},
		{"its own result", "cycle", []*wire.Node{gradOf("out", "x", "", "x", "out")}},
		{"what is computed outside of its subgraph", "is computed outside of the subgraph", []*wire.Node{nodeOf("Neg", "x", "y"), nodeOf("If", "c", "out", graphA("then_branch", outside), graphA("else_branch", branchOf("t", nodeOf("Neg", "x", "t"))))}},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := withInputs(graphOf("out", c.nodes...), vinfo("x", tensor.F32, 2), vinfo("m", tensor.F32, 2, 2), vinfo("c", tensor.Bool))
			_, err := onnx.Import(modelOf(17, g), onnx.Options{})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}
