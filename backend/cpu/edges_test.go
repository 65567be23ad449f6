package cpu_test

import (
	"context"
	"math"
	"strings"
	"testing"

	"github.com/cameo-onnx/cameo/backend/cpu"
	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/op"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
	"github.com/cameo-onnx/cameo/runtime"
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
		{"a matrix as the condition of elements", "graph g(%x: f32[2,4,5], %c: bool[2,3]) {\n\t%y = compress(%x, %c) : f32[u0]\n\treturn %y as \"y\"\n}\n",
			[]*tensor.Tensor{rows, tensor.Of([]bool{true, false, false, true, true, false}, 2, 3)}},
		{"an empty batch beside a size to be found", "graph g(%x: f32[B,K]) {\n\t%n = shape(%x) {end=1} : i64[1]\n\t%m = const [-1, 3] : i64[2]\n" +
			"\t%s = concat(%n, %m) {axis=0} : i64[3]\n\t%a = reshape(%x, %s) : f32[B,K//3,3]\n\t%y = neg(%a) : f32[B,K//3,3]\n\treturn %y as \"y\"\n}\n",
			[]*tensor.Tensor{tensor.New(tensor.F32, 0, 6)}},
		{"a computed size of 0 where the operand's is 0 too", foldedBatch, []*tensor.Tensor{tensor.New(tensor.F32, 0, 3, 4)}},
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

// foldedBatch makes rows of all that a batch holds, by a size that the model computes.
const foldedBatch = `graph g(%x: f32[L,N,4]) {
	%s = shape(%x) {end=2} : i64[2]
	%p = reduce_prod(%s, _) {keepdims=true} : i64[1]
	%four = const [4] : i64[1]
	%d = concat(%p, %four) {axis=0} : i64[2]
	%a = reshape(%x, %d) from "rows" : f32[L*N,4]
	%y = neg(%a) : f32[L*N,4]
	return %y as "y"
}
`

func TestSizesThatDoNotFitNameTheNodeThatNeedsThem(t *testing.T) {
	folded := func(b *ir.Builder, x *ir.Value) *ir.Value { // the batch into rows
		s := op.Shape.New(b, op.ShapeAttrs{}, x)
		n := op.ReduceProd.New(b, op.ReduceProd.Default(), op.Slice.New(b, op.None{}, s, b.G.Const("", tensor.Of([]int64{0})), b.G.Const("", tensor.Of([]int64{2})), nil, nil), nil)
		return op.Concat.New(b, op.ConcatAttrs{}, n, b.G.Const("", tensor.Of([]int64{4})))
	}
	fixed := func(d ...int64) func(*ir.Builder, *ir.Value) *ir.Value {
		return func(b *ir.Builder, _ *ir.Value) *ir.Value { return b.G.Const("", tensor.Of(d)) }
	}
	n, l := sym.Sym("N"), sym.Sym("L")
	for _, c := range []struct {
		name  string
		typ   ir.Type
		late  bool
		shape func(*ir.Builder, *ir.Value) *ir.Value
		x     *tensor.Tensor
		want  string
	}{
		{"symbolic", ir.TensorOf(tensor.F32, n, sym.Const(3)), false, fixed(4, -1), tensor.New(tensor.F32, 2, 3), "size -1: 6 is not a multiple of 4"},
		{"unknown rank", ir.UnrankedOf(tensor.F32), false, fixed(4, 2), tensor.New(tensor.F32, 2, 3), "sizes [2 3] hold another number"},
		{"late", ir.TensorOf(tensor.F32, sym.Const(2), sym.Const(3)), true, fixed(4, 2), tensor.Of([]float32{1, 0, 1, 1, 0, 0}, 2, 3), "numbers of elements: 6 != 8"},
		{"an empty batch of rows that are not", ir.TensorOf(tensor.F32, l, n, sym.Const(4)), false, folded, tensor.New(tensor.F32, 3, 0, 4), "a size of 0 would keep that of the operand: 1 > 0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := ir.NewGraph("g")
			x := g.Input("x", c.typ)
			b := ir.NewBuilder(g)
			y := x
			if c.late {
				y = op.NonZero.New(b, op.None{}, x)
			}
			s := c.shape(b, y)
			b.From = []string{"view"}
			g.Output("y", op.Reshape.New(b, op.ReshapeAttrs{}, y, s))
			if b.Err() != nil {
				t.Fatal(b.Err())
			}
			m, err := runtime.Compile(g, runtime.Options{Backend: cpu.Backend{}})
			if err != nil {
				t.Fatal(err)
			}
			want := `node "view": Reshape: ` + c.want
			if _, err := m.Run(context.Background(), map[string]tensor.Value{"x": c.x}); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("got %v, want %s", err, want)
			}
		})
	}
}
