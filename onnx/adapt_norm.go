package onnx

import (
	"fmt"
	"math"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
	"github.com/cameo-onnx/cameo/onnx/wire"
)

// notSpatial builds a normalisation with statistics per activation, spatial=0, of plain arithmetic.
func notSpatial(n *node) ([]*ir.Value, error) {
	spatial, err := n.takeInt("spatial", 1)
	if err != nil || spatial != 0 {
		return nil, err
	}
	eps, err := n.takeFloat("epsilon", 1e-5)
	if err != nil {
		return nil, err
	}
	if n.outs > 1 || len(n.in) != 5 {
		return nil, fmt.Errorf("spatial = 0 with %d operands and %d results: %w", len(n.in), n.outs, ir.ErrUnsupported)
	}
	e, err := n.scalar(eps)
	if err != nil {
		return nil, err
	}
	m := maker{n: n}
	dev := m.op("Sqrt", nil, m.op("Add", nil, n.in[4], e))
	x := m.op("Div", nil, m.op("Sub", nil, n.in[0], n.in[3]), dev)
	return m.done(m.op("Add", nil, m.op("Mul", nil, x, n.in[1]), n.in[2]))
}

// batchStatistics reads the mode off the number of results: several meant training. The last two results were scratch memory of the
// gradient and have no meaning.
func batchStatistics(n *node) ([]*ir.Value, error) {
	if n.outs > 1 {
		n.attrs["training_mode"] = intAttr(1)
		n.outs = min(n.outs, 3)
	}
	return nil, nil
}

// flattened gives softmax and its kin their older meaning: over all axes from the given one on, as one.
func flattened(n *node) ([]*ir.Value, error) {
	x, err := n.operand(0)
	if err != nil {
		return nil, err
	}
	axis, err := n.takeInt("axis", 1)
	if err != nil {
		return nil, err
	}
	if rank := x.Type.Rank(); rank >= 0 && (axis == int64(rank)-1 || axis == -1) {
		n.attrs["axis"] = intAttr(-1)
		return nil, nil
	}
	m := maker{n: n}
	flat := m.op(n.op, attrs{"axis": intAttr(-1)}, m.op("Flatten", attrs{"axis": intAttr(axis)}, x))
	return m.done(m.like(flat, x))
}

// groupScale repeats the scale and bias of each group for every channel of it.
func groupScale(n *node) ([]*ir.Value, error) {
	x, err := n.operand(0)
	if err != nil {
		return nil, err
	}
	groups := n.attrs["num_groups"]
	if groups == nil || groups.Type != wire.AttrInt || len(n.in) != 3 {
		return nil, fmt.Errorf("%w: attribute num_groups or an operand is missing", wire.ErrFormat)
	}
	if groups.I <= 0 {
		return nil, fmt.Errorf("%w: num_groups = %d", wire.ErrFormat, groups.I)
	}
	m := maker{n: n}
	channels := m.op("Shape", attrs{"start": intAttr(1), "end": intAttr(2)}, x)
	per := m.op("Div", nil, channels, n.ints(groups.I))
	shape := m.join(n.ints(groups.I), per)
	for i := 1; i <= 2; i++ {
		if _, err := n.operand(i); err != nil {
			return nil, err
		}
		wide := m.op("Expand", nil, m.op("Unsqueeze", nil, n.in[i], n.ints(1)), shape)
		n.in[i] = m.op("Reshape", nil, wide, n.ints(-1))
	}
	return nil, m.err
}

// dropout is the identity in inference; before opset 7 is_test = 0, the default, meant training, and before 10 the mask was of the
// data's type.
func dropout(n *node) ([]*ir.Value, error) {
	x, err := n.operand(0)
	if err != nil {
		return nil, err
	}
	ratio, err := n.takeFloat("ratio", 0.5)
	if err != nil {
		return nil, err
	}
	test, err := n.takeInt("is_test", 0)
	if err != nil {
		return nil, err
	}
	if math.IsNaN(float64(ratio)) || ratio < 0 || ratio >= 1 {
		return nil, fmt.Errorf("%w: ratio = %v", wire.ErrFormat, ratio)
	}
	m := maker{n: n}
	in := []*ir.Value{x}
	if n.version < 7 && test == 0 {
		in = append(in, n.constant(tensor.Scalar(ratio)), n.constant(tensor.Scalar(true)))
	}
	outs := m.ops("Dropout", nil, max(n.outs, 1), in...)
	if len(outs) > 1 && n.version < 10 {
		outs[1] = m.cast(outs[1], x.Type.DType)
	}
	return m.done(outs...)
}

// normalization1 turns flags into the axes of images that statistics are taken over; without variances only the mean is taken off.
func normalization1(n *node) ([]*ir.Value, error) {
	across, err := n.takeInt("across_channels", 0)
	if err != nil {
		return nil, err
	}
	variance, err := n.takeInt("normalize_variance", 1)
	if err != nil {
		return nil, err
	}
	axes := []int64{0, 2, 3}
	if across != 0 {
		axes = []int64{0, 1, 2, 3}
	}
	if variance != 0 {
		n.attrs["axes"] = intsAttr(axes...)
		return nil, nil
	}
	x, err := n.operand(0)
	if err != nil {
		return nil, err
	}
	m := maker{n: n}
	return m.done(m.op("Sub", nil, x, m.op("ReduceMean", nil, x, n.ints(axes...))))
}
