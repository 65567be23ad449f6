package passes

import (
	"testing"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/op"
)

// Types of unknown rank may be equal and the sizes differ: what is removed for its type must not be.
func TestOpsOfUnknownRankStay(t *testing.T) {
	for _, line := range []string{"%y = slice(%x, %a, %b) : f32[*]", "%y = expand(%x, %a) : f32[*]", "%y = add(%x, %z) : f32[*]"} {
		src := "graph g(%x: f32[*], %b: i64[1]) {\n\t%a = const [2] : i64[1]\n\t%z = const splat -0 : f32[2,3,4]\n\t" + line + "\n\treturn %y\n}\n"
		g, err := ir.Parse(src, op.Lookup, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := simplify(g, nil); err != nil {
			t.Fatal(err)
		}
		if v := g.Outputs[0].Value; v.Def == nil {
			t.Errorf("%s: became %%%s", line, v.Name)
		}
	}
}
