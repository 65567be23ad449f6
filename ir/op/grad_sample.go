package op

import (
	"fmt"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

func init() {
	derive(GridSample, func(g *ir.Grad, a GridSampleAttrs, n *ir.Node) []*ir.Value {
		switch {
		case a.Mode == "nearest":
			return movedBack(g, a, n)
		case a.Mode == "linear" && a.PaddingMode != "reflection":
			return through(g, n, func(m maths, in []*ir.Value) []*ir.Value { return []*ir.Value{m.gridSample(a, in[0], in[1], n.Out[0])} })
		}
		g.Fail(fmt.Errorf("mode %q with padding %q has no gradient: %w", a.Mode, a.PaddingMode, ir.ErrUnsupported))
		return nil
	})
}

// gridSample spells out the linear interpolation of x at grid, as a sum over the corners around each place; y is its result.
func (m maths) gridSample(a GridSampleAttrs, x, grid, y *ir.Value) *ir.Value {
	r := m.rankOf(x) - 2
	sizes := m.spatialSizes(x)
	places, total := m.ints(1), m.ints(1)
	for i, d := range sizes {
		places, total = m.mul(places, sizeAt(m.b, grid, 1+i)), m.mul(total, d)
	}
	items, channels := sizeAt(m.b, x, 0), sizeAt(m.b, x, 1)
	planes := m.sized(x, m.concat(items, channels, total))
	grid = m.sized(m.cast(grid, x.Type.DType), m.concat(items, places, m.ints(r)))
	// Of each axis, the indices below and above, and their weights, of sizes [N,1,places].
	at, weight := make([][2]*ir.Value, r), make([][2]*ir.Value, r)
	for i, d := range sizes {
		u := m.transpose(m.slice(grid, m.ints(r-1-i), m.ints(r-i), 2), 0, 2, 1)
		size := m.cast(m.reshape(d), x.Type.DType)
		top := m.axpb(1, size, -1)
		pos := m.scale(m.mul(m.axpb(1, u, 1), top), 0.5)
		if !a.AlignCorners {
			pos = m.scale(m.axpb(1, m.mul(m.axpb(1, u, 1), size), -1), 0.5)
		}
		zero := m.c(x, 0)
		if a.PaddingMode == "border" {
			pos = m.one(Min, m.one(Max, pos, zero), top)
		}
		low := m.one(Floor, pos)
		high := m.axpb(1, low, 1)
		share := m.sub(pos, low)
		for k, v := range []*ir.Value{low, high} {
			inside := m.one(And, m.one(LessOrEqual, zero, v), m.one(LessOrEqual, v, top))
			at[i][k] = m.cast(m.where(inside, v, zero), tensor.I64)
			w := share
			if k == 0 {
				w = m.axpb(-1, share, 1)
			}
			weight[i][k] = m.gate(inside, w)
		}
	}
	var sum *ir.Value
	for corner := range 1 << r {
		index, w := m.ints(0), m.c(x, 1)
		for i, d := range sizes {
			k := corner >> i & 1
			index, w = m.add(m.mul(index, d), at[i][k]), m.mul(w, weight[i][k])
		}
		index = m.one(Expand, index, m.concat(items, channels, places))
		term := m.mul(GatherElements.New(m.b, AxisAttrs{Axis: 2}, planes, index), w)
		if sum == nil {
			sum = term
		} else {
			sum = m.add(sum, term)
		}
	}
	return m.like(sum, y)
}
