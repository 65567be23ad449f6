package op

import (
	"slices"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

func init() {
	derive(Reshape, reshapedBack[ReshapeAttrs])
	derive(Flatten, reshapedBack[FlattenAttrs])
	derive(Squeeze, reshapedBack[None])
	derive(Unsqueeze, reshapedBack[None])
	derive(Transpose, func(g *ir.Grad, a TransposeAttrs, n *ir.Node) []*ir.Value {
		m := maths{g.Builder}
		if a.Perm == nil {
			return []*ir.Value{Transpose.New(m.b, TransposeAttrs{}, g.Out[0])}
		}
		perm, err := a.Order(m.rankOf(n.In[0]))
		if err != nil {
			g.Fail(err)
			return nil
		}
		return []*ir.Value{m.transpose(g.Out[0], inversePerm(perm)...)}
	})
	derive(Expand, func(g *ir.Grad, _ None, n *ir.Node) []*ir.Value {
		return []*ir.Value{maths{g.Builder}.sumTo(g.Out[0], n.In[0])}
	})
	derive(Tile, tileGrad)
	derive(Concat, concatGrad)
	derive(Split, splitGrad)
	derive(Slice, sliceGrad)
	derive(Pad, padGrad)
	derive(CenterCropPad, movedBack[AxesAttrs])
	derive(ReverseSequence, movedBack[ReverseSequenceAttrs])
	derive(Compress, movedBack[CompressAttrs])
	derive(Trilu, func(g *ir.Grad, a TriluAttrs, n *ir.Node) []*ir.Value {
		return []*ir.Value{Trilu.New(g.Builder, a, g.Out[0], operand(n, 1))}
	})
	derive(CumSum, func(g *ir.Grad, a CumAttrs, n *ir.Node) []*ir.Value {
		return []*ir.Value{CumSum.New(g.Builder, CumAttrs{Exclusive: a.Exclusive, Reverse: !a.Reverse}, g.Out[0], n.In[1])}
	})
}

func reshapedBack[A any](g *ir.Grad, _ A, n *ir.Node) []*ir.Value {
	return []*ir.Value{maths{g.Builder}.like(g.Out[0], n.In[0])}
}

// movedBack is the gradient of an op whose result consists of elements of its first operand, and zeros: the op itself moves the
// elements' numbers, counted from 1, and each adjoint is added to the element that its number names.
func movedBack[A any](g *ir.Grad, _ A, n *ir.Node) []*ir.Value {
	m, x := maths{g.Builder}, n.In[0]
	in := slices.Clone(n.In)
	in[0] = m.like(m.numbers(x, 1), x)
	at := m.b.Add(n.Op, n.Attrs, nil, 1, in...)
	if at == nil {
		return nil
	}
	return []*ir.Value{m.sentBack(x, m.flat(at.Out[0]), g.Out[0])}
}

// sentBack adds each adjoint of dy to the element of x whose number, counted from 1, at holds for it; 0 is none.
func (m maths) sentBack(x, at, dy *ir.Value) *ir.Value {
	table := m.scatterAdd(m.add(m.reshape(m.size(x), 1), m.ints(1)), at, m.flat(dy))
	return m.like(m.slice(table, m.ints(1), m.ints(1<<62), 0), x)
}

// numbers is a vector of as many integers as x has elements, from first on.
func (m maths) numbers(x *ir.Value, first int) *ir.Value {
	one := m.b.G.Const("", tensor.Scalar[int64](1))
	start := m.b.G.Const("", tensor.Scalar(int64(first)))
	return Range.New(m.b, Range.Default(), start, m.add(m.size(x), start), one)
}

// scatterAdd is a vector of n elements, each the sum of the elements of v whose entry in at is its place.
func (m maths) scatterAdd(n, at, v *ir.Value) *ir.Value {
	zeros := m.one(Expand, m.c(v, 0), n)
	return ScatterElements.New(m.b, ScatterElementsAttrs{Reduction: "add"}, zeros, at, v)
}

// slice is x from start to end along axis.
func (m maths) slice(x, start, end *ir.Value, axis int) *ir.Value {
	return m.one(Slice, x, start, end, m.ints(axis))
}

// tileGrad sums over the repeats, each of which has an axis of its own in front of the axis that is repeated.
func tileGrad(g *ir.Grad, _ None, n *ir.Node) []*ir.Value {
	m, x := maths{g.Builder}, n.In[0]
	rank := m.rankOf(x)
	if rank == 0 {
		return []*ir.Value{g.Out[0]}
	}
	var sizes []*ir.Value
	var axes []int
	for i := range rank {
		sizes = append(sizes, m.slice(n.In[1], m.ints(i), m.ints(i+1), 0), sizeAt(m.b, x, i))
		axes = append(axes, 2*i)
	}
	dy := m.sized(g.Out[0], m.concat(sizes...))
	return []*ir.Value{m.like(m.sum(dy, false, axes...), x)}
}

func concatGrad(g *ir.Grad, a ConcatAttrs, n *ir.Node) []*ir.Value {
	m := maths{g.Builder}
	if len(n.In) == 1 {
		return g.Out[:1]
	}
	sizes := make([]*ir.Value, len(n.In))
	for i, x := range n.In {
		axis, err := normAxis(a.Axis, m.rankOf(x))
		if err != nil {
			g.Fail(err)
			return nil
		}
		sizes[i] = sizeAt(m.b, x, axis)
	}
	return Split.NewN(m.b, SplitAttrs{Axis: a.Axis}, len(n.In), g.Out[0], m.concat(sizes...))
}

func splitGrad(g *ir.Grad, a SplitAttrs, n *ir.Node) []*ir.Value {
	m := maths{g.Builder}
	parts := make([]*ir.Value, len(n.Out))
	for i, dy := range g.Out {
		if parts[i] = dy; dy == nil {
			parts[i] = m.zeros(n.Out[i])
		}
	}
	return []*ir.Value{Concat.New(m.b, ConcatAttrs{Axis: a.Axis}, parts...)}
}

// sliceGrad pads with zeros where the steps are 1 and the starts are known; elsewhere it moves elements back one by one.
func sliceGrad(g *ir.Grad, a None, n *ir.Node) []*ir.Value {
	m, x := maths{g.Builder}, n.In[0]
	starts, ok := n.In[1].Known().Ints()
	axes, ok2 := operand(n, 3).Known().Ints()
	steps, ok3 := operand(n, 4).Known().Ints()
	if operand(n, 3) == nil {
		axes, ok2 = upTo(0, len(starts)), true
	}
	if !ok || !ok2 || !ok3 && operand(n, 4) != nil || slices.ContainsFunc(steps, func(s int) bool { return s != 1 }) || x.Type.Unranked {
		return movedBack(g, a, n)
	}
	before := make([]*ir.Value, x.Type.Rank())
	after := make([]*ir.Value, len(before))
	for i := range before {
		before[i], after[i] = m.ints(0), m.ints(0)
	}
	for k, axis := range axes {
		axis, err := normAxis(axis, len(before))
		if err != nil {
			g.Fail(err)
			return nil
		}
		size := sizeAt(m.b, x, axis)
		start := m.ints(starts[k])
		if starts[k] < 0 {
			start = m.one(Max, m.add(size, start), m.ints(0))
		}
		start = m.one(Min, start, size)
		before[axis] = start
		after[axis] = m.sub(m.sub(size, start), sizeAt(m.b, n.Out[0], axis))
	}
	if len(before) == 0 {
		return []*ir.Value{g.Out[0]}
	}
	return []*ir.Value{m.like(m.pad(g.Out[0], m.concat(append(before, after...)...)), x)}
}

// pad is x with zeros around, or cropped where pads are negative.
func (m maths) pad(x, pads *ir.Value) *ir.Value {
	return Pad.New(m.b, PadAttrs{Mode: "constant"}, x, pads)
}

func padGrad(g *ir.Grad, a PadAttrs, n *ir.Node) []*ir.Value {
	m, x, pads, fill, axes := maths{g.Builder}, n.In[0], n.In[1], operand(n, 2), operand(n, 3)
	if a.Mode != "constant" {
		return movedBack(g, a, n)
	}
	dx := m.like(Pad.New(m.b, a, g.Out[0], m.neg(pads), nil, axes), x)
	if !needs(g, 2) {
		return []*ir.Value{dx}
	}
	return []*ir.Value{dx, nil, m.like(m.sub(m.total(g.Out[0]), m.total(dx)), fill)}
}
