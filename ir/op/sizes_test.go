package op_test

import (
	"strings"
	"testing"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/op"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

func TestSizesReadsTheSymbolsOfTheRun(t *testing.T) {
	g, err := ir.Parse(`graph g(%x: f32[N,M]) {
	%s = sizes() {exprs=["N*M+1","2","M//2"]} : i64[3]
	%n = sizes() {exprs=["N"], rank=0, dtype=i32} : i32[]
	return %s, %n
}
`, op.Lookup, nil)
	if err != nil {
		t.Fatal(err)
	}
	if known, _ := g.Outputs[0].Value.Known().Sizes(); len(known) != 3 || known[0].String() != "M*N+1" {
		t.Errorf("known as %v", known)
	}
	out, err := g.Eval(&ir.Env{}, []tensor.Value{tensor.New(tensor.F32, 3, 5)})
	if err != nil {
		t.Fatal(err)
	}
	if !tensor.Equal(out[0], tensor.Of([]int64{16, 2, 2})) || !tensor.Equal(out[1], tensor.Scalar(int32(3))) {
		t.Errorf("got %v, %v", out[0], out[1])
	}
}

func TestSizesNamesASymbolThatNothingShows(t *testing.T) {
	g, err := ir.Parse("graph g(%x: f32[N]) {\n\t%s = sizes() {exprs=[\"K\"]} : i64[1]\n\treturn %s\n}\n", op.Lookup, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := g.Eval(&ir.Env{}, []tensor.Value{tensor.New(tensor.F32, 3)}); err == nil || !strings.Contains(err.Error(), `"K" has no value`) {
		t.Errorf("got %v", err)
	}
}
