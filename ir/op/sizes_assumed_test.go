package op_test

import (
	"strings"
	"testing"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/op"
)

func TestNoMoreIsAssumedOfSizesThanTheResultNeeds(t *testing.T) {
	for _, c := range []struct{ in, body, typ, assumes string }{
		{"%x: f32[L], %w: f32[min(64,L)]", "%y = add(%x, %w) : f32[L]", "f32[L]", "L <= 64"},
		{"%x: f32[L], %w: f32[min(1,L)]", "%y = add(%w, %x) : f32[L]", "f32[L]", ""},
		{"%x: f32[L], %w: f32[max(0,L-1)+1]", "%y = add(%w, %x) : f32[L]", "f32[L]", ""},
		{"%x: f32[L], %w: f32[max(1,L)]", "%y = add(%x, %w) : f32[L]", "f32[L]", ""},
		{"%x: f32[1,max(0,L-1)+1], %w: f32[1,L]", "%y = concat(%x, %w) {axis=0} : f32[2,L]", "f32[2,L]", "max(0,L-1)+1 == L"},
		{"%x: f32[L,N,4], %w: f32[N*L,4]", "%s = shape(%w) : i64[2]; %y = reshape(%x, %s) : f32[N*L,4]", "f32[L*N,4]", "min(1,L) <= L*N"},
		{"%x: f32[N,L,4], %w: f32[N*4,L]", "%s = shape(%w) : i64[2]; %y = reshape(%x, %s) : f32[4*N,L]", "f32[N*4,L]", ""},
		{"%x: f32[N,L]", "%h = shape(%x) {end=1} : i64[1]; %m = const [-1, 3] : i64[2]; %s = concat(%h, %m) {axis=0} : i64[3]; %y = reshape(%x, %s) : f32[N,L//3,3]", "f32[N,L//3,3]", "3 | L"},
	} {
		g, err := ir.Parse("graph g("+c.in+") {\n\t"+strings.ReplaceAll(c.body, "; ", "\n\t")+"\n\treturn %y\n}\n", op.Lookup, nil)
		if err != nil {
			t.Errorf("%s: %v", c.body, err)
			continue
		}
		n := g.Outputs[0].Value.Def
		g.Assumes = nil // what the parser's own comparison of the texts assumed
		again := ir.NewBuilder(g).Add(n.Op, n.Attrs, nil, 1, n.In...)
		var facts []string
		for _, f := range g.Assumes {
			facts = append(facts, f.String())
		}
		if got := again.Out[0].Type.String(); got != c.typ || strings.Join(facts, ", ") != c.assumes {
			t.Errorf("%s: %v, assuming %v; want %s, assuming %q", c.body, got, facts, c.typ, c.assumes)
		}
	}
}
