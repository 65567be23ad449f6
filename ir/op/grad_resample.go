package op

import (
	"fmt"
	"slices"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/sym"
)

func init() {
	derive(Resize, resizeGrad)
	derive(AffineGrid, through1(func(m maths, a AffineGridAttrs, in []*ir.Value) *ir.Value {
		// The grid of the identity, with ones behind, times the transformation.
		theta := in[0]
		dims, ok := theta.Type.Shape.Ints()
		if theta.Type.Unranked || len(theta.Type.Shape) != 3 || len(dims) > 0 && !ok {
			m.b.Fail(fmt.Errorf("the gradient needs a transformation of known sizes: %w", ir.ErrUnsupported))
			return nil
		}
		r := dims[1]
		eye := EyeLike.New(m.b, EyeLikeAttrs{}, m.one(Expand, m.c(theta, 0), m.ints(r, r+1)))
		base := AffineGrid.New(m.b, a, m.one(Expand, eye, m.shape(theta)), in[1])
		flat := m.sized(base, m.concat(sizeAt(m.b, base, 0), m.div(m.size(base), m.mul(sizeAt(m.b, base, 0), m.ints(r))), m.ints(r)))
		ones := m.add(m.scale(m.slice(flat, m.ints(0), m.ints(1), 2), 0), m.c(theta, 1))
		y := m.matmul(Concat.New(m.b, ConcatAttrs{Axis: 2}, flat, ones), m.transpose(theta, 0, 2, 1))
		return m.like(y, base)
	}))
}

// holdsNothing reports whether v is absent, or surely without elements.
func holdsNothing(v *ir.Value) bool {
	if v == nil {
		return true
	}
	if v.Type.Unranked {
		return false
	}
	return slices.ContainsFunc(v.Type.Shape, func(d sym.Dim) bool { n, ok := d.Int(); return ok && n == 0 })
}

// resizeGrad multiplies, axis by axis, with the transpose of the matrix that resizes: that is what becomes of the identity.
func resizeGrad(g *ir.Grad, a ResizeAttrs, n *ir.Node) []*ir.Value {
	m, x, dx := maths{g.Builder}, n.In[0], g.Out[0]
	rank := m.rankOf(x)
	axes, err := AxesAttrs{a.Axes}.all(rank)
	if err == nil && a.KeepAspectRatioPolicy != "stretch" {
		err = fmt.Errorf("keep_aspect_ratio_policy %q has no gradient: %w", a.KeepAspectRatioPolicy, ir.ErrUnsupported)
	}
	if err != nil || g.Err() != nil {
		g.Fail(err)
		return nil
	}
	roi, scales, sizes := operand(n, 1), operand(n, 2), operand(n, 3)
	one := a
	one.Axes, one.ExtrapolationValue = []int{0}, 0
	for k, axis := range axes {
		pick := func(v *ir.Value) *ir.Value { return m.slice(v, m.ints(k), m.ints(k+1), 0) }
		d, o := sizeAt(m.b, x, axis), sizeAt(m.b, n.Out[0], axis)
		in := []*ir.Value{EyeLike.New(m.b, EyeLikeAttrs{}, m.one(Expand, m.c(x, 0), m.concat(d, d))), nil, nil, nil}
		if !holdsNothing(roi) {
			in[1] = Concat.New(m.b, ConcatAttrs{}, pick(roi), m.slice(roi, m.ints(len(axes)+k), m.ints(len(axes)+k+1), 0))
		}
		if !holdsNothing(sizes) {
			in[3] = pick(sizes)
			from, ok := d.Known().Ints()
			to, ok2 := o.Known().Ints()
			if ok && ok2 && from[0] == to[0] && a.CoordinateTransformationMode != "tf_crop_and_resize" {
				continue
			}
		} else {
			in[2] = pick(scales)
			if scales.IsConst() && k < scales.Data.Len() && scales.Data.Float64At(k) == 1 && a.CoordinateTransformationMode != "tf_crop_and_resize" {
				continue
			}
		}
		matrix := Resize.New(m.b, one, in...)
		turn := append(append(upTo(0, axis), upTo(axis+1, rank)...), axis)
		back := inversePerm(turn)
		if axis == rank-1 {
			dx = m.matmul(dx, matrix)
		} else {
			dx = m.transpose(m.matmul(m.transpose(dx, turn...), matrix), back...)
		}
	}
	return []*ir.Value{m.like(dx, x)}
}
