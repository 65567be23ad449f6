package cpu_test

import (
	"math"
	"testing"

	"github.com/cameo-onnx/cameo/ir/tensor"
)

// TestEdgesOfOperandsAreTheReferences holds what random graphs around the test material found.
func TestEdgesOfOperandsAreTheReferences(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	half := tensor.New(tensor.F16, 1, 8, 8, 16)
	for i := range half.Len() {
		half.SetFloat64At(i, float64(i%13))
	}
	image := tensor.New(tensor.F32, 1, 4, 4, 16)
	for i := range image.Len() {
		image.SetFloat64At(i, float64(i%29))
	}
	rows, odd := tensor.New(tensor.F32, 2, 4, 5), tensor.Of([]float32{1, 2, nan, 1, 1, 2, 3, 4, 5, 1, 6, inf}, 4, 1, 3)
	for i := range rows.Len() {
		rows.SetFloat64At(i, float64(i%7-3))
	}
	product := func(ya float32) []*tensor.Tensor {
		return []*tensor.Tensor{tensor.Of([]uint8{1, 9, 200, 3}, 2, 2), tensor.Of([]uint8{7, 2, 5, 255}, 2, 2), tensor.Scalar(ya)}
	}
	const qlinear = `graph g(%a: u8[2,2], %b: u8[2,2], %sy: f32[]) {
	%s = const [0.5] : f32[]
	%z = const [4] : u8[]
	%y = qlinear_matmul(%a, %s, %z, %b, %s, %z, %sy, %z) : u8[2,2]
	return %y as "y"
}
`
	for _, c := range []struct {
		name, text string
		in         []*tensor.Tensor
	}{
		{"quantised NaN is 0, stored or not", `graph g(%x: f32[4]) {
	%s = const [0.5] : f32[]
	%z = const [3] : i8[]
	%q = quantize_linear(%x, %s, %z) : i8[4]
	%d = dequantize_linear(%q, %s, %z) : f32[4]
	%y = neg(%d) : f32[4]
	return %y as "y"
}
`, []*tensor.Tensor{tensor.Of([]float32{nan, inf, -inf, 2})}},
		{"means of nothing", `graph g(%x: f32[2,0], %w: f32[0]) {
	%y, %m, %i = layer_normalization(%x, %w) : f32[2,0], f32[2,1], f32[2,1]
	return %m as "m", %i as "i"
}
`, []*tensor.Tensor{tensor.New(tensor.F32, 2, 0), tensor.New(tensor.F32, 0)}},
		{"a product's scale below 0", qlinear, product(-2)},
		{"a product's scale of 0", qlinear, product(0)},
		{"a product's scale of -0", qlinear, product(float32(math.Copysign(0, -1)))},
		{"a product's infinite scale", qlinear, product(inf)},
		{"images of unknown rank", `graph g(%x: f32[*]) {
	%a = transpose(%x) {perm=[0,3,1,2]} : f32[u0,u1,u2,u3]
	%b = max_pool(%a) {kernel_shape=[2,2]} : f32[u0,u1,u2-1,u3-1]
	return %b as "y"
}
`, []*tensor.Tensor{image}},
		{"images whose sizes follow from others that no value tells", `graph g(%x: f32[*]) {
	%a = max_pool(%x) {kernel_shape=[2,2], strides=[2,2]} : f32[u0,u1,u2//2,u3//2]
	%b = max_pool(%a) {kernel_shape=[2,2], strides=[2,2]} : f32[u0,u1,u2//4,u3//4]
	%c = max_pool(%b) {kernel_shape=[1,1]} : f32[u0,u1,u2//4,u3//4]
	return %c as "y"
}
`, []*tensor.Tensor{tensor.New(tensor.F32, 1, 16, 16, 16)}},
		{"casts of images that lie channels-last", `graph g(%x: f16[1,8,8,16]) {
	%a = transpose(%x) {perm=[0,3,1,2]} : f16[1,16,8,8]
	%b = global_max_pool(%a) : f16[1,16,1,1]
	return %b as "y"
}
`, []*tensor.Tensor{half}},
		{"weights of NaN against padding", convOf("conv", "f32[4,1,3]", "{group=4, pads=[1,1]}", "f32[2,4,5]"), []*tensor.Tensor{rows, odd}},
		{"constant weights of NaN against padding", constantOf("conv", "{group=4, pads=[1,1]}", "f32[2,4,5]"), []*tensor.Tensor{rows}},
		{"weights of NaN that no pixel meets", convOf("conv_transpose", "f32[4,1,3]", "{strides=[2]}", "f32[2,1,11]"), []*tensor.Tensor{rows, odd}},
		{"constant weights of NaN that no pixel meets", constantOf("conv_transpose", "{strides=[2]}", "f32[2,1,11]"), []*tensor.Tensor{rows}},
	} {
		t.Run(c.name, func(t *testing.T) { sameAsEval(t, c.text, c.in...) })
	}
}

// convOf returns a graph of a convolution of f32[2,4,5] whose weights are an input.
func convOf(name, weights, attrs, result string) string {
	return "graph g(%x: f32[2,4,5], %w: " + weights + ") {\n\t%y = " + name + "(%x, %w, _) " + attrs + " : " + result + "\n\treturn %y as \"y\"\n}\n"
}

// constantOf is the same with constant weights, the infinite and NaN ones of 0/0 and 1/0.
func constantOf(name, attrs, result string) string {
	return "graph g(%x: f32[2,4,5]) {\n\t%n = const [1, 2, 0, 1, 1, 2, 3, 4, 5, 1, 6, 1] : f32[12]\n\t%d = const [1, 1, 0, 1, 1, 1, 1, 1, 1, 1, 1, 0] : f32[12]\n" +
		"\t%q = div(%n, %d) : f32[12]\n\t%s = const [4, 1, 3] : i64[3]\n\t%w = reshape(%q, %s) : f32[4,1,3]\n\t%y = " + name + "(%x, %w, _) " + attrs + " : " + result +
		"\n\treturn %y as \"y\"\n}\n"
}
