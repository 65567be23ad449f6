package onnx

import (
	"fmt"
	"math"
	"slices"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/op"
	"github.com/cameo-onnx/cameo/ir/tensor"
	"github.com/cameo-onnx/cameo/onnx/wire"
)

// attrToOperand moves a list of integers from an attribute to operand at.
func attrToOperand(name string, at int) func(*node) ([]*ir.Value, error) {
	return func(n *node) ([]*ir.Value, error) {
		a, err := n.take(name, wire.AttrInts)
		if a != nil {
			n.set(at, n.ints(a.Ints...))
		}
		return nil, err
	}
}

// attrToFloats moves a list of float32 from an attribute to operand at.
func attrToFloats(name string, at int) func(*node) ([]*ir.Value, error) {
	return func(n *node) ([]*ir.Value, error) {
		a, err := n.take(name, wire.AttrFloats)
		if a != nil {
			n.set(at, n.constant(tensor.Of(slices.Clone(a.Floats), len(a.Floats))))
		}
		return nil, err
	}
}

// attrsToScalars moves floats from attributes to the operands behind the first, as scalars of its type.
func attrsToScalars(names ...string) func(*node) ([]*ir.Value, error) {
	return func(n *node) ([]*ir.Value, error) {
		for i, name := range names {
			a, err := n.take(name, wire.AttrFloat)
			if err != nil {
				return nil, err
			}
			if a == nil {
				continue
			}
			v, err := n.scalar(a.F)
			if err != nil {
				return nil, err
			}
			n.set(i+1, v)
		}
		return nil, nil
	}
}

// clipDefaults moves the bounds, which were the greatest floats where they were not given, to operands.
func clipDefaults(n *node) ([]*ir.Value, error) {
	if n.version < 6 {
		return nil, nil // the bounds are operands by now, and had no defaults
	}
	if _, err := defaultFloats(map[string]float32{"min": -math.MaxFloat32, "max": math.MaxFloat32})(n); err != nil {
		return nil, err
	}
	return attrsToScalars("min", "max")(n)
}

// rename gives an attribute its newer name.
func rename(from, to string) func(*node) ([]*ir.Value, error) {
	return func(n *node) ([]*ir.Value, error) {
		if a := n.attrs[from]; a != nil {
			n.attrs[to] = a
			delete(n.attrs, from)
		}
		return nil, nil
	}
}

// drop removes attributes that say nothing about the results of inference.
func drop(names ...string) func(*node) ([]*ir.Value, error) {
	return func(n *node) ([]*ir.Value, error) {
		for _, name := range names {
			delete(n.attrs, name)
		}
		return nil, nil
	}
}

// become gives the node another operator.
func become(op string) func(*node) ([]*ir.Value, error) {
	return func(n *node) ([]*ir.Value, error) {
		n.op = op
		return nil, nil
	}
}

// defaultAttr spells out a default that has changed since.
func defaultAttr(name string, a *wire.Attr) func(*node) ([]*ir.Value, error) {
	return func(n *node) ([]*ir.Value, error) {
		if n.attrs[name] == nil {
			n.attrs[name] = a
		}
		return nil, nil
	}
}

// defaultFloats is defaultAttr for several.
func defaultFloats(defaults map[string]float32) func(*node) ([]*ir.Value, error) {
	return func(n *node) ([]*ir.Value, error) {
		for name, x := range defaults {
			if n.attrs[name] == nil {
				n.attrs[name] = floatAttr(x)
			}
		}
		return nil, nil
	}
}

// identity is another name for its operand: exporters put chains of identities on weights.
func identity(n *node) ([]*ir.Value, error) {
	if len(n.in) == 1 && n.in[0] != nil && len(n.attrs) == 0 {
		return n.in, nil
	}
	return nil, nil
}

func padOperands(n *node) ([]*ir.Value, error) {
	x, err := n.takeFloat("value", 0)
	if err != nil {
		return nil, err
	}
	if x != 0 {
		v, err := n.scalar(x)
		if err != nil {
			return nil, err
		}
		n.set(2, v)
	}
	return attrToOperand("pads", 1)(n)
}

func sliceOperands(n *node) ([]*ir.Value, error) {
	for i, name := range []string{"starts", "ends", "axes"} {
		if _, err := attrToOperand(name, i+1)(n); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

func topKOperand(n *node) ([]*ir.Value, error) {
	k, err := n.take("k", wire.AttrInt)
	if k != nil {
		n.set(1, n.ints(k.I))
	}
	return nil, err
}

// splitCount gives a split without sizes the number of its results, which used to be implied.
func splitCount(n *node) ([]*ir.Value, error) {
	if n.attrs["num_outputs"] == nil && (len(n.in) < 2 || n.in[1] == nil) {
		n.attrs["num_outputs"] = intAttr(int64(len(n.proto.Out)))
		n.outs = len(n.proto.Out)
	}
	return nil, nil
}

func dftAxis(n *node) ([]*ir.Value, error) {
	axis, err := n.takeInt("axis", 1)
	n.set(2, n.constant(tensor.Scalar(axis)))
	return nil, err
}

// tile1 turns a number of tiles along one axis into repeats.
func tile1(n *node) ([]*ir.Value, error) {
	x, err := n.ranked(0)
	if err != nil {
		return nil, err
	}
	if len(n.in) != 3 {
		return nil, nil // files said to be of opset 1 often have the newer form
	}
	tiles, ok := n.in[1].Known().Ints()
	axis, ok2 := n.in[2].Known().Ints()
	if !ok || !ok2 || len(tiles) != 1 || len(axis) != 1 {
		return nil, fmt.Errorf("tiles or axis that are not constant: %w", ir.ErrUnsupported)
	}
	repeats := slices.Repeat([]int64{1}, x.Type.Rank())
	if axis[0] < 0 || axis[0] >= len(repeats) {
		return nil, fmt.Errorf("axis %d is out of range for rank %d", axis[0], len(repeats))
	}
	repeats[axis[0]] = int64(tiles[0])
	n.in = []*ir.Value{x, n.ints(repeats...)}
	return nil, nil
}

// castTypes holds the names of element types by which opsets below 6 spelt Cast's attribute.
var castTypes = map[string]tensor.DType{
	"FLOAT": tensor.F32, "FLOAT16": tensor.F16, "DOUBLE": tensor.F64, "COMPLEX64": tensor.C64, "COMPLEX128": tensor.C128,
	"UINT8": tensor.U8, "UINT16": tensor.U16, "UINT32": tensor.U32, "UINT64": tensor.U64,
	"INT8": tensor.I8, "INT16": tensor.I16, "INT32": tensor.I32, "INT64": tensor.I64, "STRING": tensor.String, "BOOL": tensor.Bool,
}

func castByName(n *node) ([]*ir.Value, error) {
	a := n.attrs["to"]
	if a == nil || a.Type != wire.AttrString {
		return nil, nil
	}
	d, ok := castTypes[string(a.S)]
	if !ok {
		return nil, fmt.Errorf("attribute to: %w: no element type %s", wire.ErrFormat, wire.Quote(string(a.S)))
	}
	n.attrs["to"] = intAttr(int64(d))
	return nil, nil
}

// intP makes p, once a float, an integer.
func intP(n *node) ([]*ir.Value, error) {
	a := n.attrs["p"]
	if a == nil || a.Type != wire.AttrFloat {
		return nil, nil
	}
	if a.F != float32(int64(a.F)) {
		return nil, fmt.Errorf("p = %v, which is not an integer: %w", a.F, ir.ErrUnsupported)
	}
	n.attrs["p"] = intAttr(int64(a.F))
	return nil, nil
}

// gridSampleModes spells the modes as opset 20 does.
func gridSampleModes(n *node) ([]*ir.Value, error) {
	if a := n.attrs["mode"]; a != nil && a.Type == wire.AttrString {
		switch string(a.S) {
		case "bilinear":
			n.attrs["mode"] = stringAttr("linear")
		case "bicubic":
			n.attrs["mode"] = stringAttr("cubic")
		}
	}
	return nil, nil
}

// labelEncoder1 turns a list of classes into the two lists of keys and values.
func labelEncoder1(n *node) ([]*ir.Value, error) {
	x, err := n.operand(0)
	if err != nil {
		return nil, err
	}
	a, err := n.take("classes_strings", wire.AttrStrings)
	if a == nil {
		return nil, err
	}
	classes := slices.Clone(a.Strings)
	index := make([]int64, len(classes))
	for i := range index {
		index[i] = int64(i)
	}
	if x.Type.DType == tensor.String { // of equal classes the last counts
		slices.Reverse(classes)
		slices.Reverse(index)
	}
	keys, values := "keys_int64s", "values_strings"
	if x.Type.DType == tensor.String {
		keys, values = "values_int64s", "keys_strings"
	}
	n.attrs[keys] = &wire.Attr{Type: wire.AttrInts, Ints: index}
	n.attrs[values] = &wire.Attr{Type: wire.AttrStrings, Strings: classes}
	return nil, nil
}

// treeLabels makes trees name their classes by number, and gives the numbers labels of strings behind them: kernels do not write strings.
func treeLabels(n *node) ([]*ir.Value, error) {
	a, other := n.attrs["classlabels_strings"], n.attrs["classlabels_int64s"]
	if a == nil || a.Type != wire.AttrStrings || len(a.Strings) == 0 || other != nil && len(other.Ints) > 0 {
		return nil, nil
	}
	delete(n.attrs, "classlabels_strings")
	index := make([]int64, len(a.Strings))
	e := op.LabelEncoder.Default()
	for i, s := range a.Strings {
		index[i] = int64(i)
		e.KeysInts, e.ValuesStrings = append(e.KeysInts, i), append(e.ValuesStrings, string(s))
	}
	n.attrs["classlabels_int64s"] = &wire.Attr{Type: wire.AttrInts, Ints: index}
	out, err := n.add(op.TreeEnsembleClassifier.Op)
	if err != nil {
		return nil, err
	}
	out[0] = op.LabelEncoder.New(n.s.b, e, out[0])
	return out, n.s.b.Err()
}
