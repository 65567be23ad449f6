package op

import (
	"fmt"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

func init() {
	derive(Gather, gatherGrad)
	derive(GatherElements, func(g *ir.Grad, a AxisAttrs, n *ir.Node) []*ir.Value {
		m := maths{g.Builder}
		return []*ir.Value{m.scatterElements(a.Axis, "add", m.zeros(n.In[0]), n.In[1], g.Out[0])}
	})
	derive(GatherND, func(g *ir.Grad, a GatherNDAttrs, n *ir.Node) []*ir.Value {
		m := maths{g.Builder}
		return []*ir.Value{ScatterND.New(m.b, ScatterNDAttrs{Reduction: "add"}, m.zeros(n.In[0]), m.tuples(n.In[1], a.BatchDims), g.Out[0])}
	})
	derive(ScatterElements, func(g *ir.Grad, a ScatterElementsAttrs, n *ir.Node) []*ir.Value {
		m := maths{g.Builder}
		return scatterGrad(g, n, a.Reduction,
			func(x, u *ir.Value, r string) *ir.Value { return m.scatterElements(a.Axis, r, x, n.In[1], u) },
			func(x *ir.Value) *ir.Value { return GatherElements.New(m.b, AxisAttrs{Axis: a.Axis}, x, n.In[1]) })
	})
	derive(ScatterND, func(g *ir.Grad, a ScatterNDAttrs, n *ir.Node) []*ir.Value {
		m := maths{g.Builder}
		return scatterGrad(g, n, a.Reduction,
			func(x, u *ir.Value, r string) *ir.Value {
				return ScatterND.New(m.b, ScatterNDAttrs{Reduction: r}, x, n.In[1], u)
			},
			func(x *ir.Value) *ir.Value { return GatherND.New(m.b, GatherNDAttrs{}, x, n.In[1]) })
	})
	derive(TopK, func(g *ir.Grad, a TopKAttrs, n *ir.Node) []*ir.Value {
		m := maths{g.Builder}
		return []*ir.Value{m.scatterElements(a.Axis, "add", m.zeros(n.In[0]), n.Out[1], g.Out[0])}
	})
	derive(OneHot, func(g *ir.Grad, a AxisAttrs, n *ir.Node) []*ir.Value {
		m, dy, v := maths{g.Builder}, g.Out[0], n.In[2]
		hot := OneHot.New(m.b, a, n.In[0], n.In[1], m.b.G.Const("", tensor.FromFloat64s(v.Type.DType, []float64{0, 1}, 2)))
		on := m.reshape(m.total(m.mul(dy, hot)), 1)
		return []*ir.Value{nil, nil, Concat.New(m.b, ConcatAttrs{}, m.sub(m.reshape(m.total(dy), 1), on), on)}
	})
	derive(Hardmax, flatGrad[AxisAttrs])
}

func (m maths) scatterElements(axis int, reduction string, x, at, u *ir.Value) *ir.Value {
	return ScatterElements.New(m.b, ScatterElementsAttrs{Axis: axis, Reduction: reduction}, x, at, u)
}

// gatherGrad adds the slices of dy to those of zeros that they were picked from, with the axis in front.
func gatherGrad(g *ir.Grad, a AxisAttrs, n *ir.Node) []*ir.Value {
	m, x, at := maths{g.Builder}, n.In[0], n.In[1]
	rank, r := m.rankOf(x), m.rankOf(at)
	axis, err := normAxis(a.Axis, rank)
	if err != nil || g.Err() != nil {
		g.Fail(err)
		return nil
	}
	// dy's axes: those before, those of the indices, those behind.
	turn := append(append(upTo(axis, axis+r), upTo(0, axis)...), upTo(axis+r, rank-1+r)...)
	dy := g.Out[0]
	if axis > 0 {
		dy = m.transpose(dy, turn...)
	}
	place := append(append([]int{axis}, upTo(0, axis)...), upTo(axis+1, rank)...)
	zeros := m.zeros(x)
	if axis > 0 {
		zeros = m.transpose(zeros, place...)
	}
	last := m.one(Unsqueeze, m.cast(at, tensor.I64), m.ints(r))
	dx := ScatterND.New(m.b, ScatterNDAttrs{Reduction: "add"}, zeros, last, dy)
	if axis > 0 {
		back := inversePerm(place)
		dx = m.transpose(dx, back...)
	}
	return []*ir.Value{dx}
}

// tuples gives the tuples of indices at, which have the first batch axes in common with what they index, the places along those in front.
func (m maths) tuples(at *ir.Value, batch int) *ir.Value {
	if batch == 0 {
		return at
	}
	rank := m.rankOf(at)
	if m.b.Err() != nil {
		return nil
	}
	if rank-1 < batch {
		m.b.Fail(fmt.Errorf("%d batch axes of indices of rank %d", batch, rank))
		return nil
	}
	// A tuple of no index still has its place in the batch.
	lead := m.concat(Shape.New(m.b, ShapeAttrs{End: ptr(rank - 1)}, at), m.ints(1))
	var parts []*ir.Value
	zero, step := m.b.G.Const("", tensor.Scalar[int64](0)), m.b.G.Const("", tensor.Scalar[int64](1))
	for i := range batch {
		along := Range.New(m.b, Range.Default(), zero, m.reshape(sizeAt(m.b, at, i)), step)
		dims := make([]int, rank)
		for k := range dims {
			dims[k] = 1
		}
		dims[i] = -1
		parts = append(parts, m.one(Expand, m.reshape(along, dims...), lead))
	}
	return Concat.New(m.b, ConcatAttrs{Axis: -1}, append(parts, at)...)
}

func ptr[T any](v T) *T { return &v }

// scatterGrad is the gradient of an update of x: put scatters updates into a tensor of x's sizes, pick gathers what lies at their places.
func scatterGrad(g *ir.Grad, n *ir.Node, reduction string, put func(x, u *ir.Value, r string) *ir.Value, pick func(*ir.Value) *ir.Value) []*ir.Value {
	m, x, u, y, dy := maths{g.Builder}, n.In[0], n.In[2], n.Out[0], g.Out[0]
	switch reduction {
	case "none":
		return []*ir.Value{put(dy, m.zeros(u), "none"), nil, pick(dy)}
	case "add":
		return []*ir.Value{dy, nil, pick(dy)}
	case "mul":
		// An update's factor is the product of all others; by division, which needs updates other than 0.
		ones := m.add(m.zeros(x), m.c(x, 1))
		return []*ir.Value{m.mul(dy, put(ones, u, "mul")), nil, m.div(pick(m.mul(dy, y)), u)}
	}
	// max, min: all that are the result at once share evenly.
	won := m.cast(m.one(Equal, x, y), dy.Type.DType)
	hit := m.cast(m.one(Equal, u, pick(y)), dy.Type.DType)
	share := m.div(dy, put(won, hit, "add"))
	return []*ir.Value{m.mul(won, share), nil, m.mul(hit, pick(share))}
}
