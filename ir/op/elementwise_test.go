package op_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/op"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// evalText evaluates the graph "graph g(inputs) { body }" on its inputs' defaults and returns its first output.
func evalText(t *testing.T, inputs, body string) (*ir.Graph, *tensor.Tensor, error) {
	t.Helper()
	g, err := ir.Parse("graph g("+inputs+") {\n\t"+strings.ReplaceAll(body, "; ", "\n\t")+"\n}\n", op.Lookup, nil)
	if err != nil {
		return nil, nil, err
	}
	if err := g.Verify(); err != nil {
		t.Fatal(err)
	}
	out, err := g.Eval(&ir.Env{Seed: 7}, make([]tensor.Value, len(g.Inputs)))
	if err != nil {
		return g, nil, err
	}
	x, _ := out[0].(*tensor.Tensor)
	return g, x, nil
}

func TestElementwiseOpsAtTheirEdges(t *testing.T) {
	for _, c := range []struct{ name, inputs, body, want string }{
		{"least integer is its own negative", "%x: i8[2] = [-128, 5]", "%y = neg(%x) : i8[2]; return %y", "i8[2] {-128, -5}"},
		{"u64 does not turn negative", "%x: u64[2] = [18446744073709551615, 1], %z: u64[1] = [7]", "%y = max(%x, %z) : u64[2]; return %y", "u64[2] {18446744073709551615, 7}"},
		{"u64 compares unsigned", "%x: u64[1] = [18446744073709551615], %z: u64[] = [7]", "%y = less(%x, %z) : bool[1]; return %y", "bool[1] {False}"},
		{"u64 clips unsigned", "%x: u64[2] = [18446744073709551615, 1], %z: u64[] = [7]", "%y = clip(%x, _, %z) : u64[2]; return %y", "u64[2] {7, 1}"},
		{"NaN wins a maximum", "%x: f32[2] = [NaN, 1], %z: f32[1] = [+Inf]", "%y = max(%x, %z) : f32[2]; return %y", "f32[2] {NaN, INF}"},
		{"one operand is its own sum", "%x: f16[] = [2.5]", "%y = sum(%x) : f16[]; return %y", "f16[] {2.5}"},
		{"halves round to even", "%x: f32[4] = [0.5, 1.5, -2.5, -0.4]", "%y = round(%x) : f32[4]; return %y", "f32[4] {0.0, 2.0, -2.0, -0.0}"},
		{"integer powers wrap", "%x: i64[3] = [3, -1, 2], %z: i64[3] = [41, -3, -1]", "%y = pow(%x, %z) : i64[3]; return %y", "i64[3] {-420491770248316829, -1, 0}"},
		{"remainder of the divisor's sign", "%x: i32[2] = [-7, 7], %z: i32[2] = [3, -3]", "%y = mod(%x, %z) : i32[2]; return %y", "i32[2] {2, -2}"},
		{"remainder of the dividend's sign", "%x: i32[2] = [-7, 7], %z: i32[2] = [3, -3]", "%y = mod(%x, %z) {fmod=1} : i32[2]; return %y", "i32[2] {-1, 1}"},
		{"strings compare", `%x: str[2] = ["a", "b"], %z: str[] = ["b"]`, "%y = equal(%x, %z) : bool[2]; return %y", "bool[2] {False, True}"},
		{"8-bit floats saturate", "%x: f32[1] = [1e9]", "%y = cast(%x) {to=f8e4m3fn} : f8e4m3fn[1]; return %y", "f8e4m3fn[1] {450.0}"},
		{"8-bit floats overflow when asked", "%x: f32[1] = [1e9]", "%y = cast(%x) {to=f8e4m3fn, saturate=false} : f8e4m3fn[1]; return %y", "f8e4m3fn[1] {NaN}"},
		{"shifts move all bits out", "%x: i8[4] = [-8, -8, 8, 64], %n: i8[4] = [1, 8, -1, 7]", `%y = bit_shift(%x, %n) {direction="RIGHT"} : i8[4]; return %y`, "i8[4] {-4, -1, 0, 0}"},
		{"left shifts discard", "%x: u8[3] = [129, 1, 255], %n: u8[3] = [1, 8, 7]", `%y = bit_shift(%x, %n) {direction="LEFT"} : u8[3]; return %y`, "u8[3] {2, 0, 128}"},
		{"unsigned bits flip", "%x: u8[1] = [1]", "%y = bitwise_not(%x) : u8[1]; return %y", "u8[1] {254}"},
		{"bits read as another type", "%x: i32[1] = [1065353216]", "%y = bit_cast(%x) {to=f32} : f32[1]; return %y", "f32[1] {1.0}"},
		{"integers shrink as real numbers do", "%x: i8[3] = [-3, 1, 3]", "%y = shrink(%x) {bias=1.5, lambd=1.5} : i8[3]; return %y", "i8[3] {-1, 0, 1}"},
		{"the greatest integers shrink exactly", "%x: u64[1] = [18446744073709551615]", "%y = shrink(%x) {bias=2.0} : u64[1]; return %y", "u64[1] {18446744073709551613}"},
		{"celu of a negative coefficient", "%x: f64[2] = [2, -2]", "%y = celu(%x) {alpha=-2.0} : f64[2]; return %y", "f64[2] {2.0, -3.43656365691809}"},
		{"a power that is no integer of its type", "%x: i32[2] = [1000, 3], %z: f32[1] = [4]", "%y = pow(%x, %z) : i32[2]; return %y", "i32[2] {-2147483648, 81}"},
		{"one infinity counts", "%x: f16[3] = [+Inf, -Inf, 1]", "%y = is_inf(%x) {detect_positive=false} : bool[3]; return %y", "bool[3] {False, True, False}"},
		{"activations at the ends", "%x: f32[2] = [-Inf, +Inf]", "%y = gelu(%x) : f32[2]; return %y", "f32[2] {0.0, INF}"},
		{"integer slopes", "%x: i32[2,2] = [-1, 2, -3, 4], %s: i32[2] = [3, 5]", "%y = prelu(%x, %s) : i32[2,2]; return %y", "i32[2,2] {-3, 2, -9, 4}"},
		{"linear resizing of small integers drops the fraction", "%x: u8[1,1,1,2] = [3, 6], %c: f32[4] = [1, 1, 1, 2]", "%y = resize(%x, _, %c) {coordinate_transformation_mode=\"asymmetric\", mode=\"linear\"} : u8[1,1,1,4]; return %y", "u8[1,1,1,4] {3, 4, 6, 6}"},
		{"linear resizing of other integers rounds", "%x: i64[1,1,1,2] = [2, 5], %c: f32[4] = [1, 1, 1, 2]", "%y = resize(%x, _, %c) {coordinate_transformation_mode=\"half_pixel\", mode=\"linear\"} : i64[1,1,1,4]; return %y", "i64[1,1,1,4] {2, 3, 4, 5}"},
		{"half pixels of opset 11", "%x: f32[1,1,1,4] = [1, 2, 3, 4], %c: f32[4] = [1, 1, 1, 0.5]", "%y = resize(%x, _, %c) {coordinate_transformation_mode=\"tf_half_pixel_for_nn\"} : f32[1,1,1,2]; return %y", "f32[1,1,1,2] {2.0, 4.0}"},
		{"of integers only the greatest count", "%x: i64[3,4] = [3,2,3,3, 5,4,4,4, -5,-5,-6,-7]", "%a = const [1] : i64[1]; %y = reduce_log_sum_exp(%x, %a) {keepdims=false} : i64[3]; return %y", "i64[3] {4, 5, -4}"},
		{"the only place of aligned corners is the first", "%x: f32[1,2,3] = [1,0,0,0,1,0], %n: i64[4] = [1,1,1,2]", "%y = affine_grid(%x, %n) {align_corners=true} : f32[*]; return %y", "f32[1,1,2,2] {-1.0, -1.0, 1.0, -1.0}"},
		{"scores of heads of size 0 are 0", "%q: f32[1,1,2,0] = [], %v: f32[1,1,2,1] = [1,3]", "%y = attention(%q, %q, %v) : f32[1,1,2,1]; return %y", "f32[1,1,2,1] {2.0, 2.0}"},
		{"empty tensors broadcast", "%x: f32[0,1] = [], %z: f32[3] = [1,2,3]", "%y = add(%x, %z) : f32[0,3]; return %y", "f32[0,3] {}"},
	} {
		_, y, err := evalText(t, c.inputs, c.body)
		if err != nil || y.String() != c.want {
			t.Errorf("%s: %v, %v; want %s", c.name, y, err, c.want)
		}
	}
}

func TestElementwiseOpsRefuse(t *testing.T) {
	for _, c := range []struct{ name, inputs, body, want string }{
		{"zero divisors", "%x: i32[1] = [1], %z: i32[1] = [0]", "%y = mod(%x, %z) : i32[1]; return %y", "division by zero"},
		{"zero to a negative power", "%x: i32[1] = [0], %z: i32[1] = [-1]", "%y = pow(%x, %z) : i32[1]; return %y", "zero to a negative power"},
		{"sizes that do not broadcast", "%x: f32[2] = [1,2], %z: f32[3] = [1,2,3]", "%y = equal(%x, %z) : bool[3]; return %y", "sizes 2 and 3"},
		{"an fmod that is no flag", "%x: i32[1] = [1]", "%y = mod(%x, %x) {fmod=2} : i32[1]; return %y", "fmod is 2"},
		{"cast to no type", "%x: i32[1] = [1]", "%y = cast(%x) : i32[1]; return %y", "attribute to is missing"},
		{"cast of a word", `%x: str[1] = ["ten"]`, "%y = cast(%x) {to=i32} : i32[1]; return %y", "not a number"},
		{"an unknown rounding", "%x: f32[1] = [1]", `%y = cast(%x) {to=f8e8m0, round_mode="odd"} : f8e8m0[1]; return %y`, "round_mode"},
		{"bounds that are no scalars", "%x: f32[2] = [1,2]", "%y = clip(%x, %x) : f32[2]; return %y", "min is no scalar"},
		{"a slope wider than its operand", "%x: f32[1] = [1], %s: f32[2] = [1,2]", "%y = prelu(%x, %s) : f32[1]; return %y", "slope: 2 != 1"},
		{"bits of another width", "%x: f32[1] = [1]", "%y = bit_cast(%x) {to=i64} : i64[1]; return %y", "f32 has 32 bits, but i64 has 64"},
		{"a shift that goes nowhere", "%x: u8[1] = [1]", "%y = bit_shift(%x, %x) : u8[1]; return %y", "direction"},
		{"an unknown approximation", "%x: f32[1] = [1]", `%y = gelu(%x) {approximate="fast"} : f32[1]; return %y`, "approximate"},
		{"no operand", "%x: f32[1] = [1]", "%y = max() : f32[1]; return %y", "operand is absent"},
	} {
		if _, y, err := evalText(t, c.inputs, c.body); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, %v; want an error with %q", c.name, y, err, c.want)
		}
	}
}

func TestInferenceFoldsShapeArithmetic(t *testing.T) {
	b := ir.NewBuilder(ir.NewGraph("g"))
	c := func(d tensor.DType, v ...int64) *ir.Value { return b.G.Const("", tensor.FromInt64s(d, v, len(v))) }
	six, four := c(tensor.I64, 6, -1), c(tensor.I64, 4)
	for _, k := range []struct {
		name string
		got  *ir.Value
		want string
	}{
		{"neg", op.Neg.New(b, op.None{}, six), "[-6 1]"},
		{"abs", op.Abs.New(b, op.None{}, six), "[6 1]"},
		{"min", op.Min.New(b, op.None{}, six, four), "[4 -1]"},
		{"max", op.Max.New(b, op.None{}, six, four, c(tensor.I64, 5)), "[6 5]"},
		{"mod", op.Mod.New(b, op.ModAttrs{}, six, four), "[2 3]"},
		{"cast narrows only what fits", op.Cast.New(b, op.CastAttrs{To: tensor.U8, Saturate: true, RoundMode: "up"}, six), "[6 ?]"},
		{"cast of floats", op.Cast.New(b, op.CastAttrs{To: tensor.I64, Saturate: true, RoundMode: "up"}, b.G.Const("", tensor.Of([]float32{2.9, -2.9}))), "[2 -2]"},
		{"equal", op.Equal.New(b, op.None{}, six, c(tensor.I64, 6)), "[1 0]"},
		{"greater", op.Greater.New(b, op.None{}, six, four), "[1 0]"},
		{"not", op.Not.New(b, op.None{}, op.LessOrEqual.New(b, op.None{}, six, four)), "[1 0]"},
		{"clip", op.Clip.New(b, op.None{}, six, c(tensor.I64, 0), four), "[4 0]"},
	} {
		if b.Err() != nil {
			t.Fatal(k.name, b.Err())
		}
		if got := fmt.Sprint(k.got.Known().Elems); got != k.want {
			t.Errorf("%s: %s, want %s", k.name, got, k.want)
		}
	}
}
