package onnx

import (
	"fmt"
	"slices"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
	"github.com/cameo-onnx/cameo/onnx/wire"
)

// removedOps builds the experimental operators of old files, which ONNX has since removed.
var removedOps = []adapter{
	{"", "Affine", always, affine},
	{"", "ConstantFill", always, constantFill},
	{"", "Crop", always, crop},
	{"", "DynamicSlice", always, become("Slice")},
	{"", "GivenTensorFill", always, givenTensorFill},
	{"", "GiventensorFill", always, givenTensorFill},
	{"", "ImageScaler", always, imageScaler},
	{"", "ParametricSoftplus", always, parametricSoftplus},
	{"", "Scale", always, scaleOp},
	{"", "ScaledTanh", always, scaledTanh},
}

// factors takes float attributes as scalars of the type of operand 0.
func (n *node) factors(def float32, names ...string) ([]*ir.Value, error) {
	out := make([]*ir.Value, len(names))
	for i, name := range names {
		x, err := n.takeFloat(name, def)
		if err != nil {
			return nil, err
		}
		if out[i], err = n.scalar(x); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// affine is alpha·x + beta.
func affine(n *node) ([]*ir.Value, error) {
	f, err := n.factors(1, "alpha")
	if err != nil {
		return nil, err
	}
	g, err := n.factors(0, "beta")
	if err != nil {
		return nil, err
	}
	m := maker{n: n}
	return m.done(m.op("Add", nil, m.op("Mul", nil, n.in[0], f[0]), g[0]))
}

// scaleOp is scale·x.
func scaleOp(n *node) ([]*ir.Value, error) {
	f, err := n.factors(1, "scale")
	if err != nil {
		return nil, err
	}
	m := maker{n: n}
	return m.done(m.op("Mul", nil, n.in[0], f[0]))
}

// erfOfIntegers rounds to f32 and drops the fraction; opset 13 has no integers any more.
func erfOfIntegers(n *node) ([]*ir.Value, error) {
	x, err := n.operand(0)
	if err != nil || !x.Type.DType.IsInt() {
		return nil, err
	}
	m := maker{n: n}
	y := m.cast(m.op("Erf", nil, m.cast(x, tensor.F64)), tensor.F32) // of 4 and more this is 1
	return m.done(m.cast(y, x.Type.DType))
}

// scaledTanh is alpha·tanh(beta·x).
func scaledTanh(n *node) ([]*ir.Value, error) {
	f, err := n.factors(1, "alpha", "beta")
	if err != nil {
		return nil, err
	}
	m := maker{n: n}
	return m.done(m.op("Mul", nil, f[0], m.op("Tanh", nil, m.op("Mul", nil, n.in[0], f[1]))))
}

// parametricSoftplus is alpha·ln(1 + exp(beta·x)).
func parametricSoftplus(n *node) ([]*ir.Value, error) {
	f, err := n.factors(1, "alpha", "beta")
	if err != nil {
		return nil, err
	}
	m := maker{n: n}
	return m.done(m.op("Mul", nil, f[0], m.op("Softplus", nil, m.op("Mul", nil, n.in[0], f[1]))))
}

// imageScaler is scale·x plus a bias per channel.
func imageScaler(n *node) ([]*ir.Value, error) {
	f, err := n.factors(1, "scale")
	if err != nil {
		return nil, err
	}
	m := maker{n: n}
	y := m.op("Mul", nil, n.in[0], f[0])
	bias, err := n.take("bias", wire.AttrFloats)
	if err != nil || bias == nil {
		return []*ir.Value{y}, err
	}
	t, err := tensor.Convert(tensor.Of(slices.Clone(bias.Floats), len(bias.Floats), 1, 1), n.in[0].Type.DType, false, 0)
	if err != nil {
		return nil, err
	}
	return m.done(m.op("Add", nil, y, n.constant(t)))
}

// crop cuts border, given as left, top, right, bottom, off the last two axes; scale, if given, is the size of what remains from left
// and top on.
func crop(n *node) ([]*ir.Value, error) {
	x, err := n.ranked(0)
	if err != nil {
		return nil, err
	}
	border, err := n.take("border", wire.AttrInts)
	if err != nil {
		return nil, err
	}
	scale, err := n.take("scale", wire.AttrInts)
	if err != nil {
		return nil, err
	}
	if border == nil || len(border.Ints) != 4 || scale != nil && len(scale.Ints) != 2 || x.Type.Rank() < 2 {
		return nil, fmt.Errorf("%w: crop of rank %d needs four borders, and two sizes or none", wire.ErrFormat, x.Type.Rank())
	}
	b := border.Ints
	for _, v := range b {
		if v < 0 || v > 1<<40 {
			return nil, fmt.Errorf("%w: border %d", wire.ErrFormat, v)
		}
	}
	m := maker{n: n}
	var ends *ir.Value
	if scale != nil {
		ends = n.ints(b[1]+scale.Ints[0], b[0]+scale.Ints[1])
	} else {
		ends = m.op("Sub", nil, m.op("Shape", attrs{"start": intAttr(-2)}, x), n.ints(b[3], b[2]))
	}
	return m.done(m.op("Slice", nil, x, n.ints(b[1], b[0]), ends, n.ints(-2, -1)))
}

// givenTensorFill is a constant.
func givenTensorFill(n *node) ([]*ir.Value, error) {
	values, err := n.take("values", wire.AttrFloats)
	if err != nil {
		return nil, err
	}
	shape, err := n.take("shape", wire.AttrInts)
	if err != nil {
		return nil, err
	}
	if values == nil || shape == nil || len(n.in) > 0 {
		return nil, fmt.Errorf("a shape that is not constant: %w", ir.ErrUnsupported)
	}
	p := wire.Tensor{DataType: int32(tensor.F32), Dims: shape.Ints, Floats: values.Floats}
	t, err := p.Tensor(nil)
	if err != nil {
		return nil, err
	}
	return []*ir.Value{n.constant(t)}, nil
}

// constantFill is ConstantOfShape of a shape that is an attribute, an operand, or another operand's shape.
func constantFill(n *node) ([]*ir.Value, error) {
	d, err := n.takeInt("dtype", int64(tensor.F32))
	if err != nil {
		return nil, err
	}
	x, err := n.takeFloat("value", 0)
	if err != nil {
		return nil, err
	}
	given, err := n.takeInt("input_as_shape", 0)
	if err != nil {
		return nil, err
	}
	shape, err := n.take("shape", wire.AttrInts)
	if err != nil {
		return nil, err
	}
	extra, err := n.take("extra_shape", wire.AttrInts)
	if err != nil {
		return nil, err
	}
	if d <= 0 || d > 255 || !tensor.DType(d).Valid() || extra != nil && len(extra.Ints) > 0 {
		return nil, fmt.Errorf("element type %d, or an extra shape: %w", d, ir.ErrUnsupported)
	}
	value, err := tensor.Convert(tensor.Of([]float32{x}, 1), tensor.DType(d), false, 0)
	if err != nil {
		return nil, err
	}
	m := maker{n: n}
	var dims *ir.Value
	switch {
	case len(n.in) == 0 && shape != nil:
		dims = n.ints(shape.Ints...)
	case len(n.in) == 1 && given != 0:
		dims = n.in[0]
	case len(n.in) == 1:
		dims = m.op("Shape", nil, n.in[0])
	default:
		return nil, fmt.Errorf("%w: it has no shape", wire.ErrFormat)
	}
	return m.done(m.op("ConstantOfShape", attrs{"value": {Type: wire.AttrTensor, T: wire.FromTensor("", value)}}, dims))
}
