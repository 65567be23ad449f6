package onnx

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"sync"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/op"
	"github.com/cameo-onnx/cameo/ir/tensor"
	"github.com/cameo-onnx/cameo/onnx/wire"
)

// An adapter brings a node of an older opset to the newest form: it changes the node, or builds what it means and returns the results.
type adapter struct {
	domain, op string
	before     int // the opset that changed the form; always: the form is accepted under any opset
	adapt      func(*node) ([]*ir.Value, error)
}

const always = math.MaxInt

// adapters holds every change of meaning or form between opsets, oldest change of an operator first: each row brings its operator one
// step on. Opsets that only admit further element types, or attributes whose defaults say what held before, need no row.
var adapters = slices.Concat([]adapter{
	{"", "BatchNormalization", 7, drop("is_test")},
	{"", "BatchNormalization", 9, notSpatial},
	{"", "BatchNormalization", 14, batchStatistics},
	{"", "Cast", 6, castByName},
	{"", "Clip", 6, attrsToScalars("min", "max")},
	{"", "Clip", 11, clipDefaults},
	{"", "Concat", 4, defaultAttr("axis", intAttr(1))},
	{"", "Constant", always, constantOp},
	{"", "DFT", 20, dftAxis},
	{"", "Dropout", 12, dropout},
	{"", "Erf", 13, erfOfIntegers},
	{"", "GlobalLpPool", 2, intP},
	{"", "GridSample", always, gridSampleModes},
	{"", "GroupNormalization", 21, groupScale},
	{"", "GRU", 7, drop("output_sequence")},
	{"", "LSTM", 7, drop("output_sequence")},
	{"", "RNN", 7, drop("output_sequence")},
	{"", "Hardmax", 13, flattened},
	{"", "Identity", always, identity},
	{"", "LogSoftmax", 13, flattened},
	{"", "LpPool", 2, intP},
	{"", "MeanVarianceNormalization", 9, normalization1},
	{"", "Pad", 2, rename("paddings", "pads")},
	{"", "Pad", 11, padOperands},
	{"", "PRelu", 7, slopePerChannel},
	{"", "ReduceL1", 18, attrToOperand("axes", 1)},
	{"", "ReduceL2", 18, attrToOperand("axes", 1)},
	{"", "ReduceLogSum", 18, attrToOperand("axes", 1)},
	{"", "ReduceLogSumExp", 18, attrToOperand("axes", 1)},
	{"", "ReduceMax", 18, attrToOperand("axes", 1)},
	{"", "ReduceMean", 18, attrToOperand("axes", 1)},
	{"", "ReduceMin", 18, attrToOperand("axes", 1)},
	{"", "ReduceProd", 18, attrToOperand("axes", 1)},
	{"", "ReduceSum", 13, attrToOperand("axes", 1)},
	{"", "ReduceSumSquare", 18, attrToOperand("axes", 1)},
	{"", "Reshape", 5, attrToOperand("shape", 1)},
	{"", "Resize", 11, resize10},
	{"", "Resize", always, resizeForms},
	{"", "RoiAlign", 16, defaultAttr("coordinate_transformation_mode", stringAttr("output_half_pixel"))},
	{"", "Scan", 9, scan8},
	{"", "Scatter", always, become("ScatterElements")},
	{"", "Selu", 6, defaultFloats(map[string]float32{"alpha": 1.6732, "gamma": 1.0507})},
	{"", "Slice", 10, sliceOperands},
	{"", "Softmax", 13, flattened},
	{"", "Split", 13, attrToOperand("split", 1)},
	{"", "Split", always, splitCount},
	{"", "Squeeze", 13, attrToOperand("axes", 1)},
	{"", "Tile", 6, tile1},
	{"", "TopK", 10, topKOperand},
	{"", "Unsqueeze", 13, attrToOperand("axes", 1)},
	{"", "Upsample", 7, upsample1},
	{"", "Upsample", 9, attrToFloats("scales", 1)},
	{"", "Upsample", always, upsample},
	{"ai.onnx.ml", "LabelEncoder", 2, labelEncoder1},
	{"ai.onnx.ml", "TreeEnsembleClassifier", always, treeLabels},
	{training, "Gradient", always, gradient},
	{"ai.onnx.preview", "FlexAttention", always, identityBodies("score_mod", "prob_mod")},
}, broadcastAdapters, removedOps, contribOps, contribSame, contribQuant)

// adapted holds the operators that rows take whole, whatever the opset: the catalogue need not have them.
var adapted = map[opName]bool{
	{"", "Constant"}: true, {"", "Upsample"}: true, {"", "Scatter"}: true,
	{"", "Affine"}: true, {"", "ConstantFill"}: true, {"", "Crop"}: true, {"", "DynamicSlice"}: true, {"", "GivenTensorFill"}: true,
	{"", "GiventensorFill"}: true, {"", "ImageScaler"}: true, {"", "ParametricSoftplus"}: true, {"", "Scale"}: true, {"", "ScaledTanh"}: true,
	{"", "SimplifiedLayerNormalization"}: true, {training, "Gradient"}: true,
}

type opName struct{ domain, op string }

// adaptersOf holds the rows by operator. Only Import refers to it: what the rows call must not, for they are what it is made of.
var adaptersOf = sync.OnceValue(func() map[opName][]adapter {
	out := map[opName][]adapter{}
	for _, a := range adapters {
		k := opName{a.domain, a.op}
		out[k] = append(out[k], a)
	}
	return out
})

// adapt applies the adapters of the node's operator that its opset needs. Results mean that the node is built.
func (n *node) adapt() ([]*ir.Value, error) {
	if n.domain == "" && n.version < 8 {
		delete(n.attrs, "consumed_inputs") // a hint about memory, in opsets below 6
	}
	for _, a := range n.s.im.adapters[opName{n.domain, n.op}] {
		if n.version >= a.before {
			continue
		}
		outs, err := a.adapt(n)
		if outs != nil || err != nil {
			return outs, err
		}
	}
	return nil, nil
}

// constant adds a constant that an adapter makes.
func (n *node) constant(t *tensor.Tensor) *ir.Value { return n.s.g.Const("", t) }

// ints adds a rank-1 constant of int64.
func (n *node) ints(v ...int64) *ir.Value {
	return n.constant(tensor.Of(append([]int64{}, v...), len(v)))
}

// scalar adds a scalar constant of the element type of operand 0.
func (n *node) scalar(x float32) (*ir.Value, error) {
	v, err := n.operand(0)
	if err != nil {
		return nil, err
	}
	return n.scalarLike(v, x)
}

// scalarLike adds a scalar constant of v's element type.
func (n *node) scalarLike(v *ir.Value, x float32) (*ir.Value, error) {
	t, err := tensor.Convert(tensor.Scalar(x), v.Type.DType, false, 0)
	if err != nil {
		return nil, err
	}
	return n.constant(t), nil
}

// operand returns a tensor operand that the adapter cannot do without.
func (n *node) operand(i int) (*ir.Value, error) {
	if i >= len(n.in) || n.in[i] == nil {
		return nil, fmt.Errorf("%w: operand %d is missing", wire.ErrFormat, i)
	}
	if !n.in[i].Type.IsTensor() {
		return nil, fmt.Errorf("%w: operand %d is a %v, not a tensor", wire.ErrFormat, i, n.in[i].Type)
	}
	return n.in[i], nil
}

// ranked is operand for one whose rank must be known.
func (n *node) ranked(i int) (*ir.Value, error) {
	v, err := n.operand(i)
	if err == nil && v.Type.Unranked {
		return nil, fmt.Errorf("operand %d of unknown rank in the form of opset %d: %w", i, n.version, ir.ErrUnsupported)
	}
	return v, err
}

// set makes v operand at.
func (n *node) set(at int, v *ir.Value) {
	for len(n.in) <= at {
		n.in = append(n.in, nil)
	}
	n.in[at] = v
}

// take removes and returns an attribute; nil where it is absent or of another type than t.
func (n *node) take(name string, t wire.AttrType) (*wire.Attr, error) {
	a := n.attrs[name]
	delete(n.attrs, name)
	if a == nil {
		return nil, nil
	}
	if err := wantType(a, t); err != nil {
		return nil, fmt.Errorf("attribute %s: %w", name, err)
	}
	return a, nil
}

// takeInt removes and returns an integer attribute, or def.
func (n *node) takeInt(name string, def int64) (int64, error) {
	a, err := n.take(name, wire.AttrInt)
	if a == nil {
		return def, err
	}
	return a.I, err
}

// takeFloat removes and returns a float attribute, or def.
func (n *node) takeFloat(name string, def float32) (float32, error) {
	a, err := n.take(name, wire.AttrFloat)
	if a == nil {
		return def, err
	}
	return a.F, err
}

// An Operator is one of ONNX's.
type Operator struct{ Domain, Op string }

// Adapted returns the operators that are imported as others, by name, beside those that the catalogue of package op has.
func Adapted() []Operator {
	var out []Operator
	for k := range adaptersOf() {
		if op.ByONNX(k.domain, k.op) == nil && (adapted[k] || k.domain == microsoft) {
			out = append(out, Operator{k.domain, k.op})
		}
	}
	slices.SortFunc(out, func(a, b Operator) int { return cmp.Or(cmp.Compare(a.Domain, b.Domain), cmp.Compare(a.Op, b.Op)) })
	return out
}
