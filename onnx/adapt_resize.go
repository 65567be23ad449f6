package onnx

import (
	"fmt"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
	"github.com/cameo-onnx/cameo/onnx/wire"
)

// resize10 builds opset 10's Resize: coordinates are asymmetric, and the nearest element is the one before where an axis grows, the one
// behind where it shrinks. Nearest resizing goes axis by axis, so growing first and shrinking then is the same as both at once.
func resize10(n *node) ([]*ir.Value, error) {
	x, scales, mode, err := scaledBy(n)
	if err != nil {
		return nil, err
	}
	asymmetric := stringAttr("asymmetric")
	m := maker{n: n}
	switch mode {
	case "nearest":
		one := n.constant(tensor.Scalar(float32(1)))
		for _, step := range [][2]string{{"Max", "floor"}, {"Min", "ceil"}} {
			s := m.op(step[0], nil, scales, one)
			if s != nil && scales.IsConst() { // numbers, then
				t := tensor.FromFloat64s(tensor.F32, clamp(scales.Data.Float64s(), step[0] == "Max"), scales.Data.Dims()...)
				s = n.constant(t)
			}
			a := attrs{"mode": stringAttr("nearest"), "coordinate_transformation_mode": asymmetric, "nearest_mode": stringAttr(step[1])}
			x = m.op("Resize", a, x, nil, s)
		}
		return m.done(x)
	case "linear":
		return m.done(m.op("Resize", attrs{"mode": stringAttr(mode), "coordinate_transformation_mode": asymmetric}, x, nil, scales))
	}
	return nil, fmt.Errorf("mode %s: %w", wire.Quote(mode), ir.ErrUnsupported)
}

// scaledBy returns what older forms of resizing are given: x, the scale of each of its axes, and the mode.
func scaledBy(n *node) (x, scales *ir.Value, mode string, err error) {
	if x, err = n.operand(0); err != nil {
		return nil, nil, "", err
	}
	if scales, err = n.operand(1); err != nil {
		return nil, nil, "", err
	}
	a, err := n.take("mode", wire.AttrString)
	if err != nil || a == nil {
		return x, scales, "nearest", err
	}
	return x, scales, string(a.S), nil
}

// clamp returns the scales that grow, or those that shrink; the others are 1.
func clamp(scales []float64, grow bool) []float64 {
	out := make([]float64, len(scales))
	for i, s := range scales {
		out[i] = 1
		if s > 1 == grow {
			out[i] = s
		}
	}
	return out
}

// resizeForms takes empty operands for absent ones, as exporters write them, and spells the one use of a mode that opset 13 removed in
// modes that remain.
func resizeForms(n *node) ([]*ir.Value, error) {
	for i := 1; i < len(n.in); i++ {
		if v := n.in[i]; v != nil && v.Type.Rank() == 1 {
			if size, ok := v.Type.Shape[0].Int(); ok && size == 0 {
				n.in[i] = nil
			}
		}
	}
	is := func(name, value string) bool { a := n.attrs[name]; return a != nil && string(a.S) == value }
	nearest := n.attrs["mode"] == nil || is("mode", "nearest")
	if is("coordinate_transformation_mode", "tf_half_pixel_for_nn") && is("nearest_mode", "floor") && nearest {
		// floor((i+1/2)/s) is (i+1/2)/s - 1/2 rounded, halves up.
		n.attrs["coordinate_transformation_mode"] = stringAttr("half_pixel")
		n.attrs["nearest_mode"] = stringAttr("round_prefer_ceil")
	}
	return nil, nil
}

// upsample1 makes scales of the factors of height and width.
func upsample1(n *node) ([]*ir.Value, error) {
	h, err := n.take("height_scale", wire.AttrFloat)
	if err != nil {
		return nil, err
	}
	w, err := n.take("width_scale", wire.AttrFloat)
	if err != nil || h == nil || w == nil {
		return nil, err // files said to be of opset 1 often have the newer form
	}
	n.set(1, n.constant(tensor.Of([]float32{1, 1, h.F, w.F}, 4)))
	return nil, nil
}

// upsample builds the operator's last form of a Resize.
func upsample(n *node) ([]*ir.Value, error) {
	x, scales, mode, err := scaledBy(n)
	if err != nil {
		return nil, err
	}
	switch mode {
	case "nearest", "linear":
	case "bilinear":
		mode = "linear"
	default:
		return nil, fmt.Errorf("mode %s: %w", wire.Quote(mode), ir.ErrUnsupported)
	}
	a := attrs{"mode": stringAttr(mode), "coordinate_transformation_mode": stringAttr("asymmetric"), "nearest_mode": stringAttr("floor")}
	m := maker{n: n}
	return m.done(m.op("Resize", a, x, nil, scales))
}
