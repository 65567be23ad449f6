package op_test

import (
	"strings"
	"testing"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/op"
)

func TestInferenceKeepsSizesAsSymbols(t *testing.T) {
	const head = "graph g(%x: f32[N,L,1], %q: u8[N,K], %s: f32[N,S], %v: f32[C], %u: f32[*]) {\n\t"
	for _, c := range []struct{ body, typ, assumes string }{
		{"%a = const [-2] : i64[]; %n = const [400] : i64[]; %y = dft(%x, %n, %a) {onesided=true} : f32[N,201,2]", "f32[N,201,2]", ""},
		{"%y = dft(%x) {onesided=true} : f32[N,L//2+1,2]", "f32[N,L//2+1,2]", ""},
		{"%y = dft(%x, _, _) : f32[N,L,2]", "f32[N,L,2]", ""},
		{"%y = dft(%u) : f32[*]", "f32[*]", ""},
		{"%st = const [160] : i64[]; %n = const [400] : i64[]; %y = stft(%x, %st, _, %n) : f32[N,f,201,2]", "f32[N,(L+80)//160-2,201,2]", "400 <= L"},
		{"%y = dequantize_linear(%q, %s) {block_size=32} : f32[N,K]", "f32[N,K]", "S == -((-K)//32)"},
		{"%y = quantize_linear(%x, %v) {axis=1} : u8[N,L,1]", "u8[N,L,1]", "C ~ L"},
		{"%y = prelu(%x, %v) : f32[N,L,1]", "f32[N,L,1]", "C == 1"},
		{"%p = random_normal_like(%x) : f32[N,L,1]; %y = multinomial(%s) {sample_size=3} : i32[N,3]", "i32[N,3]", ""},
		{"%h = shape(%x) {start=1, end=2} : i64[1]; %z = const [0] : i64[1]; %n = squeeze(%h, %z) : i64[]; %y = hann_window(%n) : f32[L]", "f32[L]", ""},
		{"%h = shape(%x) : i64[3]; %two = const [2] : i64[]; %d = mul(%h, %two) : i64[3]; %f = cast(%d) {to=i32} : i32[3]; %e = equal(%f, %f) : bool[3]; %y = not(%e) : bool[3]", "bool[3]", ""},
	} {
		g, err := ir.Parse(head+strings.ReplaceAll(c.body, "; ", "\n\t")+"\n\treturn %y\n}\n", op.Lookup, nil)
		if err != nil {
			t.Errorf("%s: %v", c.body, err)
			continue
		}
		// The text may name a size otherwise, and says itself what is assumed; what inference says is of interest.
		n := g.Outputs[0].Value.Def
		b := ir.NewBuilder(g)
		again := b.Add(n.Op, n.Attrs, nil, 1, n.In...)
		if again == nil {
			t.Errorf("%s: %v", c.body, b.Err())
			continue
		}
		var facts []string
		for _, f := range g.Assumes {
			facts = append(facts, f.String())
		}
		if got := again.Out[0].Type.String(); got != c.typ || strings.Join(facts, ", ") != c.assumes {
			t.Errorf("%s: %v, assuming %v; want %s, assuming %q", c.body, got, facts, c.typ, c.assumes)
		}
	}
}
