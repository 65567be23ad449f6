package onnx_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
	"github.com/cameo-onnx/cameo/onnx"
	"github.com/cameo-onnx/cameo/onnx/wire"
)

// oldForm is a node in the form of an old opset over inputs x and further ones, and the text of its results.
type oldForm struct {
	name  string
	opset int64
	node  *wire.Node
	inits []*wire.Tensor
	in    []*tensor.Tensor
	want  string // dtype[sizes](elements), a result each, separated by spaces; or an error after "!"
}

func x(dims ...int) *tensor.Tensor { return rising(dims...) }

func i64s(name string, v ...int64) *wire.Tensor { return wire.FromTensor(name, tensor.Of(v, len(v))) }

func scalarInit(name string, v int64) *wire.Tensor {
	return wire.FromTensor(name, tensor.Scalar(v))
}

// text spells results: types, sizes, elements.
func text(vs []tensor.Value) string {
	var out []string
	for _, v := range vs {
		t := v.(*tensor.Tensor)
		var e []string
		for i := range t.Len() {
			switch {
			case t.DType() == tensor.String:
				e = append(e, t.Strings()[i])
			case t.DType().IsFloat():
				e = append(e, fmt.Sprintf("%.4g", t.Float64At(i)))
			default:
				e = append(e, fmt.Sprint(t.Int64At(i)))
			}
		}
		out = append(out, fmt.Sprintf("%v%v(%s)", t.DType(), t.Dims(), strings.Join(e, " ")))
	}
	return strings.Join(out, " ")
}

func TestAdaptersGiveOldFormsTheirMeaning(t *testing.T) {
	for _, c := range oldForms {
		t.Run(c.name, func(t *testing.T) {
			names := []string{"x", "b", "c", "d", "e"}
			g := &wire.Graph{Name: "g", Nodes: []*wire.Node{c.node}, Inits: c.inits}
			var in []tensor.Value
			for i, v := range c.in {
				var dims []any
				for _, d := range v.Dims() {
					dims = append(dims, d)
				}
				g.Inputs = append(g.Inputs, vinfo(names[i], v.DType(), dims...))
				in = append(in, v)
			}
			for _, o := range c.node.Out {
				if o != "" && o != "unused" {
					g.Outputs = append(g.Outputs, vnames(o)...)
				}
			}
			m := modelOf(c.opset, g)
			if c.node.Domain != "" {
				m.Opsets = append(m.Opsets, wire.OpsetID{Domain: c.node.Domain, Version: 1})
			}
			if want, bad := strings.CutPrefix(c.want, "!"); bad {
				_, err := onnx.Import(m, onnx.Options{})
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Fatalf("got %v, want %s", err, want)
				}
				return
			}
			if _, err := onnx.Import(m, onnx.Options{}); errors.Is(err, ir.ErrUnsupported) {
				t.Skip(err) // until the operator is defined
			}
			if got := text(evaluate(t, m, in...)); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

var oldForms = []oldForm{
	{name: "Abs/1 consumed_inputs", opset: 1, node: nodeOf("Abs", "x", "y", intsA("consumed_inputs", 0)), in: []*tensor.Tensor{x(2)}, want: "f32[2](3 2)"},
	{name: "Add/6 axis", opset: 6, node: nodeOf("Add", "x b", "y", intA("broadcast", 1), intA("axis", 0)), in: []*tensor.Tensor{x(2, 2), x(2)}, want: "f32[2 2](-6 -5 -3 -2)"},
	{name: "Add/6 negative axis", opset: 6, node: nodeOf("Add", "x b", "y", intA("broadcast", 1), intA("axis", -2)), in: []*tensor.Tensor{x(2, 2), x(2)}, want: "f32[2 2](-6 -5 -3 -2)"},
	{name: "Add/6 no axis", opset: 6, node: nodeOf("Add", "x b", "y", intA("broadcast", 1)), in: []*tensor.Tensor{x(2, 2), x(2)}, want: "f32[2 2](-6 -4 -4 -2)"},
	{name: "Add/6 axis too far", opset: 6, node: nodeOf("Add", "x b", "y", intA("axis", 2)), in: []*tensor.Tensor{x(2, 2), x(2)}, want: "!axis 2 is out of range"},
	{name: "Less/1 axis", opset: 6, node: nodeOf("Less", "x b", "y", intA("broadcast", 1), intA("axis", 0)), in: []*tensor.Tensor{x(2, 2), x(2)}, want: "bool[2 2](0 0 0 0)"},
	{name: "BatchNormalization/8 of statistics per activation", opset: 8, node: nodeOf("BatchNormalization", "x b b b c", "y", intA("spatial", 0), floatA("epsilon", 0)),
		in: []*tensor.Tensor{x(1, 2), tensor.Of([]float32{2, 3}, 2), tensor.Of([]float32{4, 16}, 2)}, want: "f32[1 2](-3 -0.75)"},
	{name: "BatchNormalization/6 is_test", opset: 6, node: nodeOf("BatchNormalization", "x b b b c", "y", intA("is_test", 1), floatA("epsilon", 0)),
		in: []*tensor.Tensor{x(1, 2), tensor.Of([]float32{2, 3}, 2), tensor.Of([]float32{4, 16}, 2)}, want: "f32[1 2](-3 -0.75)"},
	{name: "BatchNormalization/9 trains if it has several results", opset: 9, node: nodeOf("BatchNormalization", "x b b b c", "y mean var unused unused2"[:len("y mean var unused")], floatA("epsilon", 0), floatA("momentum", 0.5)),
		in: []*tensor.Tensor{x(2, 1), tensor.Of([]float32{1}, 1), tensor.Of([]float32{1}, 1)}, want: "f32[2 1](0 2) f32[1](-0.75) f32[1](0.625)"},
	{name: "Cast/1 by name", opset: 5, node: nodeOf("Cast", "x", "y", strA("to", "INT64")), in: []*tensor.Tensor{x(2)}, want: "i64[2](-3 -2)"},
	{name: "Cast/1 by no name", opset: 5, node: nodeOf("Cast", "x", "y", strA("to", "FLOAT99")), in: []*tensor.Tensor{x(2)}, want: "!no element type"},
	{name: "Clip/6", opset: 6, node: nodeOf("Clip", "x", "y", floatA("max", -2.5)), in: []*tensor.Tensor{x(2)}, want: "f32[2](-3 -2.5)"},
	{name: "Clip/6 bounds infinities", opset: 10, node: nodeOf("Clip", "x", "y", floatA("min", 0)), in: []*tensor.Tensor{inf()}, want: "f32[2](3.403e+38 0)"},
	{name: "Clip/1 does not", opset: 1, node: nodeOf("Clip", "x", "y", floatA("min", 0)), in: []*tensor.Tensor{inf()}, want: "f32[2](+Inf 0)"},
	{name: "Concat/1 axis", opset: 3, node: nodeOf("Concat", "x x", "y"), in: []*tensor.Tensor{x(1, 2)}, want: "f32[1 4](-3 -2 -3 -2)"},
	{name: "Constant of integers", opset: 12, node: nodeOf("Constant", "", "y", intsA("value_ints", 4, 5)), want: "i64[2](4 5)"},
	{name: "Constant without a value", opset: 12, node: nodeOf("Constant", "", "y"), want: "!it has no value"},
	{name: "DFT/17 axis", opset: 17, node: nodeOf("DFT", "x", "y"), in: []*tensor.Tensor{x(1, 2, 1)}, want: "f32[1 2 2](-5 0 -1 0)"},
	{name: "Dropout/11", opset: 11, node: nodeOf("Dropout", "x", "y mask", floatA("ratio", 0.9)), in: []*tensor.Tensor{x(2)}, want: "f32[2](-3 -2) bool[2](1 1)"},
	{name: "Dropout/7 has a mask of the data's type", opset: 7, node: nodeOf("Dropout", "x", "y mask"), in: []*tensor.Tensor{x(2)}, want: "f32[2](-3 -2) f32[2](1 1)"},
	{name: "Dropout/6 is_test", opset: 6, node: nodeOf("Dropout", "x", "y", intA("is_test", 1), intsA("consumed_inputs", 0)), in: []*tensor.Tensor{x(2)}, want: "f32[2](-3 -2)"},
	{name: "Dropout of everything", opset: 11, node: nodeOf("Dropout", "x", "y", floatA("ratio", 1.5)), in: []*tensor.Tensor{x(2)}, want: "!ratio = 1.5"},
	{name: "Gemm/6", opset: 6, node: nodeOf("Gemm", "x x b", "y", intA("broadcast", 1)), in: []*tensor.Tensor{x(2, 2), x(2)}, want: "f32[2 2](8 4 0 0)"},
	{name: "GlobalLpPool/1", opset: 1, node: nodeOf("GlobalLpPool", "x", "y", floatA("p", 1)), in: []*tensor.Tensor{x(1, 1, 2)}, want: "f32[1 1 1](5)"},
	{name: "GlobalLpPool/1 of an odd power", opset: 1, node: nodeOf("GlobalLpPool", "x", "y", floatA("p", 1.5)), in: []*tensor.Tensor{x(1, 1, 2)}, want: "!p = 1.5"},
	{name: "GroupNormalization/18", opset: 18, node: nodeOf("GroupNormalization", "x b b", "y", intA("num_groups", 2), floatA("epsilon", 0)),
		in: []*tensor.Tensor{x(1, 4, 1), tensor.Of([]float32{1, 10}, 2)}, want: "f32[1 4 1](0 2 0 20)"},
	{name: "Hardmax/11", opset: 11, node: nodeOf("Hardmax", "x", "y"), in: []*tensor.Tensor{x(1, 2, 2)}, want: "f32[1 2 2](0 0 0 1)"},
	{name: "Hardmax/11 along the last axis", opset: 11, node: nodeOf("Hardmax", "x", "y", intA("axis", 2)), in: []*tensor.Tensor{x(1, 2, 2)}, want: "f32[1 2 2](0 1 0 1)"},
	{name: "Softmax/1 over all", opset: 1, node: nodeOf("Softmax", "x", "y", intA("axis", 0)), in: []*tensor.Tensor{tensor.New(tensor.F32, 2, 2)}, want: "f32[2 2](0.25 0.25 0.25 0.25)"},
	{name: "Softmax/13 along one axis", opset: 13, node: nodeOf("Softmax", "x", "y", intA("axis", 0)), in: []*tensor.Tensor{tensor.New(tensor.F32, 2, 2)}, want: "f32[2 2](0.5 0.5 0.5 0.5)"},
	{name: "Identity of a weight", opset: 13, node: nodeOf("Identity", "w", "y"), inits: []*wire.Tensor{floats("w", 7)}, want: "f32[1](7)"},
	{name: "LpPool/1", opset: 1, node: nodeOf("LpPool", "x", "y", floatA("p", 1), intsA("kernel_shape", 2)), in: []*tensor.Tensor{x(1, 1, 2)}, want: "f32[1 1 1](5)"},
	{name: "Pad/1", opset: 1, node: nodeOf("Pad", "x", "y", intsA("paddings", 1, 0), floatA("value", 9)), in: []*tensor.Tensor{x(2)}, want: "f32[3](9 -3 -2)"},
	{name: "Pad/2", opset: 2, node: nodeOf("Pad", "x", "y", intsA("pads", 0, 1)), in: []*tensor.Tensor{x(2)}, want: "f32[3](-3 -2 0)"},
	{name: "PRelu/6 slope per channel", opset: 6, node: nodeOf("PRelu", "x b", "y"), in: []*tensor.Tensor{x(1, 2, 2), tensor.Of([]float32{2, 3}, 2)}, want: "f32[1 2 2](-6 -4 -3 0)"},
	{name: "ReduceMean/17", opset: 17, node: nodeOf("ReduceMean", "x", "y", intsA("axes", 0), intA("keepdims", 0)), in: []*tensor.Tensor{x(2, 2)}, want: "f32[2](-2 -1)"},
	{name: "ReduceSum/12 of all", opset: 12, node: nodeOf("ReduceSum", "x", "y", intA("keepdims", 0)), in: []*tensor.Tensor{x(2, 2)}, want: "f32[](-6)"},
	{name: "ReduceSum/13 has no attribute axes", opset: 13, node: nodeOf("ReduceSum", "x", "y", intsA("axes", 0)), in: []*tensor.Tensor{x(2, 2)}, want: "!attribute \"axes\": not supported"},
	{name: "Reshape/1", opset: 4, node: nodeOf("Reshape", "x", "y", intsA("shape", 0, -1)), in: []*tensor.Tensor{x(2, 1, 1)}, want: "f32[2 1](-3 -2)"},
	{name: "Erf/9 of integers", opset: 9, node: nodeOf("Erf", "x", "y"), in: []*tensor.Tensor{tensor.Of([]int8{-4, 0, 3, 9}, 4)}, want: "i8[4](-1 0 0 1)"},
	{name: "Resize/10 grows to the element before", opset: 10, node: nodeOf("Resize", "x s", "y"), inits: []*wire.Tensor{floats("s", 1, 1, 1.5)}, in: []*tensor.Tensor{x(1, 1, 2)}, want: "f32[1 1 3](-3 -3 -2)"},
	{name: "Resize/10 shrinks to the element behind", opset: 10, node: nodeOf("Resize", "x s", "y"), inits: []*wire.Tensor{floats("s", 1, 1, 0.6)}, in: []*tensor.Tensor{x(1, 1, 4)}, want: "f32[1 1 2](-3 -1)"},
	{name: "Resize/10 both at once", opset: 10, node: nodeOf("Resize", "x s", "y"), inits: []*wire.Tensor{floats("s", 2, 0.6)}, in: []*tensor.Tensor{x(1, 4)}, want: "f32[2 2](-3 -1 -3 -1)"},
	{name: "Resize/10 linear", opset: 10, node: nodeOf("Resize", "x s", "y", strA("mode", "linear")), inits: []*wire.Tensor{floats("s", 1, 1, 2)}, in: []*tensor.Tensor{x(1, 1, 2)}, want: "f32[1 1 4](-3 -2.5 -2 -2)"},
	{name: "Resize/11 empty operands", opset: 11, node: nodeOf("Resize", "x r s d", "y", strA("coordinate_transformation_mode", "asymmetric"), strA("nearest_mode", "floor")),
		inits: []*wire.Tensor{floats("r"), floats("s"), i64s("d", 4)}, in: []*tensor.Tensor{x(2)}, want: "f32[4](-3 -3 -2 -2)"},
	{name: "Resize/11 the half pixels of TensorFlow", opset: 11, node: nodeOf("Resize", "x r s", "y", strA("coordinate_transformation_mode", "tf_half_pixel_for_nn"), strA("nearest_mode", "floor")),
		inits: []*wire.Tensor{floats("r"), floats("s", 0.5)}, in: []*tensor.Tensor{x(4)}, want: "f32[2](-2 0)"},
	{name: "Scatter", opset: 10, node: nodeOf("Scatter", "x i u", "y", intA("axis", 0)), inits: []*wire.Tensor{i64s("i", 1), floats("u", 9)}, in: []*tensor.Tensor{x(2)}, want: "f32[2](-3 9)"},
	{name: "Selu/1", opset: 5, node: nodeOf("Selu", "x", "y"), in: []*tensor.Tensor{tensor.Of([]float32{10000, 0}, 2)}, want: "f32[2](1.051e+04 0)"},
	{name: "Slice/1", opset: 9, node: nodeOf("Slice", "x", "y", intsA("axes", 1), intsA("starts", 1), intsA("ends", 1000)), in: []*tensor.Tensor{x(2, 2)}, want: "f32[2 1](-2 0)"},
	{name: "Split/2", opset: 11, node: nodeOf("Split", "x", "y z", intsA("split", 1, 2)), in: []*tensor.Tensor{x(3)}, want: "f32[1](-3) f32[2](-2 -1)"},
	{name: "Split/13 into as many as it has results", opset: 13, node: nodeOf("Split", "x", "y z"), in: []*tensor.Tensor{x(4)}, want: "f32[2](-3 -2) f32[2](-1 0)"},
	{name: "Split with a result that nobody names", opset: 13, node: nodeOf("Split", "x", "y _"), in: []*tensor.Tensor{x(4)}, want: "f32[2](-3 -2)"},
	{name: "Squeeze/11", opset: 11, node: nodeOf("Squeeze", "x", "y", intsA("axes", 0)), in: []*tensor.Tensor{x(1, 1, 2)}, want: "f32[1 2](-3 -2)"},
	{name: "Tile/1", opset: 5, node: nodeOf("Tile", "x t a", "y"), inits: []*wire.Tensor{scalarInit("t", 2), scalarInit("a", 1)}, in: []*tensor.Tensor{x(1, 2)}, want: "f32[1 4](-3 -2 -3 -2)"},
	{name: "TopK/1", opset: 9, node: nodeOf("TopK", "x", "y i", intA("k", 1)), in: []*tensor.Tensor{x(3)}, want: "f32[1](-1) i64[1](2)"},
	{name: "Unsqueeze/11", opset: 11, node: nodeOf("Unsqueeze", "x", "y", intsA("axes", 0, 2)), in: []*tensor.Tensor{x(2)}, want: "f32[1 2 1](-3 -2)"},
	{name: "Upsample/1", opset: 6, node: nodeOf("Upsample", "x", "y", floatA("height_scale", 1), floatA("width_scale", 2)), in: []*tensor.Tensor{x(1, 1, 1, 2)}, want: "f32[1 1 1 4](-3 -3 -2 -2)"},
	{name: "Upsample/7", opset: 7, node: nodeOf("Upsample", "x", "y", floatsA("scales", 2)), in: []*tensor.Tensor{x(2)}, want: "f32[4](-3 -3 -2 -2)"},
	{name: "Upsample/9 linear", opset: 9, node: nodeOf("Upsample", "x s", "y", strA("mode", "linear")), inits: []*wire.Tensor{floats("s", 2)}, in: []*tensor.Tensor{x(2)}, want: "f32[4](-3 -2.5 -2 -2)"},
	{name: "Affine", opset: 7, node: nodeOf("Affine", "x", "y", floatA("alpha", 2), floatA("beta", 1)), in: []*tensor.Tensor{x(2)}, want: "f32[2](-5 -3)"},
	{name: "ConstantFill of an attribute", opset: 7, node: nodeOf("ConstantFill", "", "y", intsA("shape", 2), floatA("value", 3), intA("dtype", 7)), want: "i64[2](3 3)"},
	{name: "ConstantFill like an operand", opset: 7, node: nodeOf("ConstantFill", "x", "y", floatA("value", 3)), in: []*tensor.Tensor{x(2)}, want: "f32[2](3 3)"},
	{name: "Crop", opset: 7, node: nodeOf("Crop", "x", "y", intsA("border", 1, 0, 0, 1)), in: []*tensor.Tensor{x(1, 1, 2, 3)}, want: "f32[1 1 1 2](-2 -1)"},
	{name: "Crop to a size", opset: 7, node: nodeOf("Crop", "x", "y", intsA("border", 1, 1, 0, 0), intsA("scale", 1, 1)), in: []*tensor.Tensor{x(1, 1, 2, 3)}, want: "f32[1 1 1 1](1)"},
	{name: "Crop of a negative border", opset: 7, node: nodeOf("Crop", "x", "y", intsA("border", -1, 1, 0, 0)), in: []*tensor.Tensor{x(1, 1, 2, 3)}, want: "!border -1"},
	{name: "DynamicSlice", opset: 7, node: nodeOf("DynamicSlice", "x s e", "y"), inits: []*wire.Tensor{i64s("s", 1), i64s("e", 2)}, in: []*tensor.Tensor{x(3)}, want: "f32[1](-2)"},
	{name: "GivenTensorFill", opset: 7, node: nodeOf("GivenTensorFill", "", "y", floatsA("values", 1, 2), intsA("shape", 2, 1)), want: "f32[2 1](1 2)"},
	{name: "GivenTensorFill of another size", opset: 7, node: nodeOf("GivenTensorFill", "", "y", floatsA("values", 1, 2), intsA("shape", 3)), want: "!want 3"},
	{name: "ImageScaler", opset: 7, node: nodeOf("ImageScaler", "x", "y", floatA("scale", 2), floatsA("bias", 1, -1)), in: []*tensor.Tensor{x(1, 2, 1, 1)}, want: "f32[1 2 1 1](-5 -5)"},
	{name: "ParametricSoftplus", opset: 7, node: nodeOf("ParametricSoftplus", "x", "y", floatA("alpha", 2), floatA("beta", 0)), in: []*tensor.Tensor{x(1)}, want: "f32[1](1.386)"},
	{name: "Scale", opset: 7, node: nodeOf("Scale", "x", "y", floatA("scale", 2)), in: []*tensor.Tensor{x(1)}, want: "f32[1](-6)"},
	{name: "ScaledTanh", opset: 7, node: nodeOf("ScaledTanh", "x", "y", floatA("alpha", 2), floatA("beta", 0.5)), in: []*tensor.Tensor{x(1)}, want: "f32[1](-1.81)"},
	{name: "LabelEncoder/1 to strings", opset: 9, node: mlNode("LabelEncoder", "x", "y", strsA("classes_strings", "a", "b", "a"), strA("default_string", "-"), intA("default_int64", -1)),
		in: []*tensor.Tensor{tensor.Of([]int64{2, 1, 9}, 3)}, want: "str[3](a b -)"},
	{name: "LabelEncoder/1 from strings, of which the last counts", opset: 9, node: mlNode("LabelEncoder", "x", "y", strsA("classes_strings", "a", "b", "a"), strA("default_string", "-"), intA("default_int64", -1)),
		in: []*tensor.Tensor{tensor.OfStrings([]string{"a", "b", "c"}, 3)}, want: "i64[3](2 1 -1)"},
	{name: "TreeEnsembleClassifier with labels of strings", opset: 9, node: mlNode("TreeEnsembleClassifier", "x", "y z", strsA("classlabels_strings", "no", "yes"), intsA("nodes_treeids", 0, 0, 0),
		intsA("nodes_nodeids", 0, 1, 2), intsA("nodes_featureids", 0, 0, 0), strsA("nodes_modes", "BRANCH_LEQ", "LEAF", "LEAF"), floatsA("nodes_values", -3, 0, 0), intsA("nodes_truenodeids", 1, 0, 0),
		intsA("nodes_falsenodeids", 2, 0, 0), intsA("class_treeids", 0, 0), intsA("class_nodeids", 1, 2), intsA("class_ids", 0, 0), floatsA("class_weights", 0.25, 0.75)),
		in: []*tensor.Tensor{x(2, 1)}, want: "str[2](no yes) f32[2 2](0.75 0.25 0.25 0.75)"},
}

func mlNode(op, in, out string, attrs ...*wire.Attr) *wire.Node {
	n := nodeOf(op, in, out, attrs...)
	n.Domain = "ai.onnx.ml"
	return n
}

func strsA(name string, s ...string) *wire.Attr {
	a := &wire.Attr{Name: name, Type: wire.AttrStrings}
	for _, v := range s {
		a.Strings = append(a.Strings, []byte(v))
	}
	return a
}

func inf() *tensor.Tensor {
	x := tensor.New(tensor.F32, 2)
	x.SetFloat64At(0, 1e300)
	x.SetFloat64At(1, -1e300)
	return x
}

func TestImportRefusesOpsetsThatAreNotKnown(t *testing.T) {
	g := &wire.Graph{Inputs: []*wire.ValueInfo{vinfo("x", tensor.F32, 2)}, Nodes: []*wire.Node{nodeOf("Relu", "x", "y")}, Outputs: vnames("y")}
	if _, err := onnx.Import(modelOf(onnx.MaxOpset+1, g), onnx.Options{}); !errors.Is(err, ir.ErrUnsupported) {
		t.Errorf("opset %d: %v", onnx.MaxOpset+1, err)
	}
	if _, err := onnx.Import(modelOf(onnx.MaxOpset, g), onnx.Options{}); err != nil {
		t.Errorf("opset %d: %v", onnx.MaxOpset, err)
	}
}
