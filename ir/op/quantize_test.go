package op_test

import (
	"strings"
	"testing"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/op"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

func TestQuantisationRoundsAndSaturates(t *testing.T) {
	const x, half = "%x: f32[4] = [0.25, 0.75, 1000, -1000], ", "%s: f32[] = [0.5]"
	for _, c := range []struct{ name, inputs, body, want string }{
		{"u8 without a zero point", x + half, "%y = quantize_linear(%x, %s) : u8[4]; return %y", "u8[4] {0, 2, 255, 0}"},
		{"i4 with a zero point", x + half + ", %z: i4[] = [1]", "%y = quantize_linear(%x, %s, %z) : i4[4]; return %y", "i4[4] {1, 3, 7, -8}"},
		{"u2", x + half, "%y = quantize_linear(%x, %s) {output_dtype=u2} : u2[4]; return %y", "u2[4] {0, 2, 3, 0}"},
		{"a product by a negative scale", "%a: i8[1,2] = [3, 4], %s: f32[] = [-0.5], %z: i8[] = [0], %b: i8[2,1] = [2, 5]",
			"%y = qlinear_matmul(%a, %s, %z, %b, %s, %z, %s, %z) : i8[1,1]; return %y", "i8[1,1] {-13}"},
		{"f4 rounds once and saturates", x + half, "%y = quantize_linear(%x, %s) {output_dtype=f4e2m1} : f4e2m1[4]; return %y", "f4e2m1[4] {0.5, 1.5, 6.0, -6.0}"},
		{"f8 overflows when asked", x + half, "%y = quantize_linear(%x, %s) {output_dtype=f8e4m3fn, saturate=false} : f8e4m3fn[4]; return %y", "f8e4m3fn[4] {0.5, 1.5, NaN, NaN}"},
		{"blocks share a scale, the last is short", "%x: f32[1,3] = [2, 4, 6], %s: f32[1,2] = [2, 3]", "%y = quantize_linear(%x, %s) {block_size=2} : u8[1,3]; return %y", "u8[1,3] {1, 2, 2}"},
		{"scales along an axis", "%x: f32[2,2] = [2, 4, 6, 8], %s: f32[2] = [2, 4]", "%y = quantize_linear(%x, %s) {axis=-2} : u8[2,2]; return %y", "u8[2,2] {1, 2, 2, 2}"},
		{"a coarse division", "%x: f32[1] = [257], %s: f32[] = [1]", "%y = quantize_linear(%x, %s) {output_dtype=u16, precision=bf16} : u16[1]; return %y", "u16[1] {256}"},
		{"back from i4", "%x: i4[3] = [-8, 0, 7], %s: f16[] = [0.5], %z: i4[] = [-1]", "%y = dequantize_linear(%x, %s, %z) : f16[3]; return %y", "f16[3] {-3.5, 0.5, 4.0}"},
		{"back to another type", "%x: i32[1] = [3], %s: f8e8m0[] = [4]", "%y = dequantize_linear(%x, %s) {output_dtype=bf16} : bf16[1]; return %y", "bf16[1] {12.0}"},
		{"nothing but zeros", "%x: f32[2] = [0, 0]", "%y, %s, %z = dynamic_quantize_linear(%x) : u8[2], f32[], u8[]; return %y", "u8[2] {0, 0}"},
		{"one rank-1 axis whatever is said", "%x: f32[2] = [2, 4], %s: f32[2] = [2, 4]", "%y = quantize_linear(%x, %s) : u8[2]; return %y", "u8[2] {1, 1}"},
	} {
		_, y, err := evalText(t, c.inputs, c.body)
		if err != nil || y.String() != c.want {
			t.Errorf("%s: %v, %v; want %s", c.name, y, err, c.want)
		}
	}
}

func TestQuantisationRefuses(t *testing.T) {
	for _, c := range []struct{ inputs, body, want string }{
		{"%x: f32[2,3] = splat 1, %s: f32[2] = [1,1]", "%y = quantize_linear(%x, %s) : u8[2,3]; return %y", "length of scale: 2 != 3"},
		{"%x: f32[N,3] = splat 1, %s: f32[2] = [1,1]", "%y = quantize_linear(%x, %s) : u8[N,3]; return %y", ""},
		{"%x: f32[2,3] = splat 1, %s: f32[2,3] = splat 1", "%y = quantize_linear(%x, %s) {block_size=2} : u8[2,3]; return %y", "blocked scale: axis 1: 3 != 2"},
		{"%x: f32[2] = splat 1, %s: f32[] = [1], %z: i8[] = [0]", "%y = quantize_linear(%x, %s, %z) {output_dtype=u8} : u8[2]; return %y", "output_dtype is u8"},
		{"%x: u8[2] = [1,1], %s: f8e8m0[] = [1]", "%y = dequantize_linear(%x, %s) : f32[2]; return %y", "output_dtype f8e8m0"},
		{"%x: f32[2,2] = splat 1, %s: f32[2] = [1,1]", "%y = quantize_linear(%x, %s) {axis=2} : u8[2,2]; return %y", "axis 2 is out of range"},
		{"%x: f32[2,2] = splat 1, %s: f32[2] = [1,1]", "%y = quantize_linear(%x, %s) {block_size=-1} : u8[2,2]; return %y", "block_size is -1"},
	} {
		if _, y, err := evalText(t, c.inputs, c.body); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, %v; want an error with %q", c.body, y, err, c.want)
		}
	}
}

func TestDynamicQuantisationEqualsItsDecomposition(t *testing.T) {
	for _, x := range [][]float32{{0, 0}, {-3.1, 0.2, 7}, {1, 2, 250.7}, {-9, -2, -0.3}} {
		g := ir.NewGraph("g")
		b := ir.NewBuilder(g)
		n := b.Add(op.DynamicQuantizeLinear.Op, op.None{}, nil, 3, g.Input("x", ir.TensorOf(tensor.F32, ir.ShapeOf(len(x))...)))
		low, err := op.DynamicQuantizeLinear.Lower(b, n)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range append(low, n.Out...) {
			g.Output(v.Name, v)
		}
		out, err := g.Eval(&ir.Env{}, []tensor.Value{tensor.Of(x)})
		if err != nil {
			t.Fatal(err)
		}
		for i := range 3 {
			if !tensor.Equal(out[i], out[3+i]) {
				t.Errorf("%v: result %d: %v, not %v", x, i, out[i], out[3+i])
			}
		}
	}
}
