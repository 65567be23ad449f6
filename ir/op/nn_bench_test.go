package op_test

import (
	"testing"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/op"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

func bench(b *testing.B, flops float64, text string, in ...tensor.Value) {
	g, err := ir.Parse(text, op.Lookup, nil)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := g.Eval(&ir.Env{}, in); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(flops*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
}

func BenchmarkReferenceConv(b *testing.B) {
	bench(b, 2*64*64*9*56*56, "graph g(%x: f32[1,64,56,56], %w: f32[64,64,3,3]) {\n\t%y = conv(%x, %w) {pads=[1,1,1,1]} : f32[1,64,56,56]\n\treturn %y as \"y\"\n}\n",
		tensor.New(tensor.F32, 1, 64, 56, 56), tensor.New(tensor.F32, 64, 64, 3, 3))
}

func BenchmarkReferenceMatMul(b *testing.B) {
	bench(b, 2*512*512*512, "graph g(%x: f32[512,512], %w: f32[512,512]) {\n\t%y = matmul(%x, %w) : f32[512,512]\n\treturn %y as \"y\"\n}\n",
		tensor.New(tensor.F32, 512, 512), tensor.New(tensor.F32, 512, 512))
}
