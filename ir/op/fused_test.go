package op_test

import (
	"strings"
	"testing"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/op"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

func TestFusedInfersFromItsOperandsNotFromItsBody(t *testing.T) {
	g, err := ir.Parse(`graph g(%x: f32[N,4], %c: f32[8,4]) {
	%y, %z = fused(%x) {
		body(%x: f32[N,4]) {
			%a = relu(%x) : f32[N,4]
			%b = add(%a, %x) : f32[N,4]
			return %a, %b
		}
	} : f32[N,4], f32[N,4]
	return %y, %z
}`, op.Lookup, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := g.Replace(g.Inputs[0], g.Inputs[1]); err != nil {
		t.Fatal(err)
	}
	for _, o := range g.Outputs {
		if got := o.Value.Type.String(); got != "f32[8,4]" {
			t.Errorf("%%%s is %s", o.Value.Name, got)
		}
	}
	x := tensor.Of([]float32{-1, 2, -3, 4}, 1, 4)
	out, err := g.Eval(&ir.Env{}, []tensor.Value{x, x})
	if err != nil {
		t.Fatal(err)
	}
	if !tensor.Equal(out[0], tensor.Of([]float32{0, 2, 0, 4}, 1, 4)) || !tensor.Equal(out[1], tensor.Of([]float32{-1, 4, -3, 8}, 1, 4)) {
		t.Errorf("got %v", out)
	}
}

func TestFusedRefusesOperandsThatItsBodyDoesNotTake(t *testing.T) {
	for _, c := range []struct{ operands, body, want string }{
		{"%x, %x", "body(%x: f32[2]) {\nreturn %x\n}", "2 operands for a body of 1 inputs"},
		{"%x", "body(%x: f32[2]) {\nreturn\n}", "no outputs"},
		{"%x", "body(%x: f64[2]) {\nreturn %x\n}", "operand 0 is f32[2], the body takes f64[2]"},
		{"%x", "body(%x: f32[2,1]) {\nreturn %x\n}", "operand 0 is f32[2], the body takes f32[2,1]"},
		{"%x", "body(%x: f32[2]) {\nreturn %x\n}\nbody(%x: f32[2]) {\nreturn %x\n}", "2 bodies, not 1"},
	} {
		_, err := ir.Parse("graph g(%x: f32[2]) {\n%y = fused("+c.operands+") {\n"+c.body+"\n} : f32[2]\nreturn %y\n}", op.Lookup, nil)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", c.body, err, c.want)
		}
	}
}

func TestIsViewTellsWhatMovesNothing(t *testing.T) {
	for _, c := range []struct {
		operand, node string
		want          bool
	}{
		{"f32[N,3,4,4]", "relayout(%x) {to=\"channels_last\"} : f32[N,3,4,4]@channels_last", false},
		{"f32[N,3,1,1]", "relayout(%x) {to=\"channels_last\"} : f32[N,3,1,1]@channels_last", true},
		{"f32[N,1,4,4]@channels_last", "relayout(%x) : f32[N,1,4,4]", true},
		{"f32[N,3,4,4]@channels_last", "transpose(%x) {perm=[0,2,3,1]} : f32[N,4,4,3]", true},
		{"f32[N,3,4,4]", "transpose(%x) {perm=[0,2,3,1]} : f32[N,4,4,3]", false},
		{"f32[N,4,4,3]", "transpose(%x) {perm=[0,3,1,2]} : f32[N,3,4,4]@channels_last", true},
		{"f32[N,4,4,3]", "transpose(%x) {perm=[0,3,1,2]} : f32[N,3,4,4]", false},
		{"f32[1,N,M]", "transpose(%x) {perm=[1,0,2]} : f32[N,1,M]", true},
		{"f32[N,3]", "transpose(%x) {perm=[1,0]} : f32[3,N]", false},
		{"f32[N,3]", "relu(%x) : f32[N,3]", false},
	} {
		g, err := ir.Parse("graph g(%x: "+c.operand+") {\n%y = "+c.node+"\nreturn %y\n}", op.Lookup, nil)
		if err != nil {
			t.Errorf("%s: %v", c.node, err)
			continue
		}
		if got := op.IsView(g.Nodes[0]); got != c.want {
			t.Errorf("%s of %s: got %v", c.node, c.operand, got)
		}
	}
}

func TestRelayoutRefusesWhatHasNoChannels(t *testing.T) {
	for node, want := range map[string]string{
		"relayout(%x) {to=\"channels_last\"} : f32[2,3]": "no channels",
		"relayout(%x) {to=\"blocked\"} : f32[2,3]":       "no layout \"blocked\"",
	} {
		_, err := ir.Parse("graph g(%x: f32[2,3]) {\n%y = "+node+"\nreturn %y\n}", op.Lookup, nil)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", node, err, want)
		}
	}
}
