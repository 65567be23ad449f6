package passes

import (
	"slices"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/op"
	"github.com/cameo-onnx/cameo/passes/rewrite"
)

// forwards: a slice that is as large as what it cuts and takes every element in order is all of it.
func forwards(m *rewrite.Match) bool {
	if m.Value("t") == nil {
		return true
	}
	steps, ok := m.Ints("t")
	return ok && !slices.ContainsFunc(steps, func(s int) bool { return s != 1 })
}

func onePart(m *rewrite.Match) bool { return len(m.Root.Out) == 1 }

// concatOnce joins the operands of operands that are joined along the same axis and used for nothing else.
func concatOnce(m *rewrite.Match) *ir.Value {
	rank := m.Root.Out[0].Type.Rank()
	axis := fromFront(op.Concat.Attrs(m.Root).Axis, rank)
	var in []*ir.Value
	deep := false
	for _, v := range m.Root.In {
		if op.Concat.Is(v) && m.Alone(v) && fromFront(op.Concat.Attrs(v.Def).Axis, rank) == axis && len(in)+len(v.Def.In) <= 256 {
			in = append(in, v.Def.In...)
			deep = true
			continue
		}
		in = append(in, v)
	}
	if !deep || rank < 0 {
		return nil
	}
	return op.Concat.New(m.B, op.Concat.Attrs(m.Root), in...)
}

// neverSplit finds all parts of a split joined in order.
func neverSplit(m *rewrite.Match) *ir.Value {
	x := m.Value("x")
	if !op.Split.Is(x) || !slices.Equal(x.Def.Out, m.Root.In) {
		return nil
	}
	whole := x.Def.In[0]
	rank := whole.Type.Rank()
	if rank < 0 || fromFront(op.Split.Attrs(x.Def).Axis, rank) != fromFront(op.Concat.Attrs(m.Root).Axis, rank) || !whole.Type.Equal(m.Root.Out[0].Type) {
		return nil
	}
	return whole
}

func inPlace(m *rewrite.Match) bool {
	p, ok := order(m.Root.Out[0])
	return ok && slices.IsSorted(p)
}

func transposeOnce(m *rewrite.Match) *ir.Value {
	outer, ok := order(m.Value("t"))
	inner, ok2 := order(m.Value("u"))
	if !ok || !ok2 {
		return nil
	}
	p := make([]int, len(outer))
	for i, k := range outer {
		p[i] = inner[k]
	}
	if slices.IsSorted(p) {
		return m.Value("x")
	}
	return op.Transpose.New(m.B, op.TransposeAttrs{Perm: p}, m.Value("x"))
}

// transposeAsReshape: a transpose that keeps the order of the axes which are not of size 1 moves no element.
func transposeAsReshape(m *rewrite.Match) *ir.Value {
	p, ok := order(m.Root.Out[0])
	if !ok {
		return nil
	}
	last := -1
	for _, k := range p {
		if isOne(m.Value("x").Type.Shape[k]) {
			continue
		}
		if k < last {
			return nil
		}
		last = k
	}
	return reshapeTo(m, m.Value("x"))
}

// viewOnce reshapes at once what is reshaped twice.
func viewOnce(m *rewrite.Match) *ir.Value { return reshapeTo(m, m.Value("x")) }

// reshapeTo returns x with the sizes of the root's result: x itself where it has them; nil where they cannot be asked for.
func reshapeTo(m *rewrite.Match, x *ir.Value) *ir.Value {
	t := m.Root.Out[0].Type
	if t.Rank() < 0 {
		return nil
	}
	if x.Type.Equal(t) {
		return x
	}
	s := shapeOperand(m, t.Shape)
	if s == nil {
		return nil
	}
	return reshapedBy(m.B, x, s)
}

// padded returns the pads around the spatial axes where zeros are put around those alone.
func padded(m *rewrite.Match) (before, after []int, ok bool) {
	p := m.Node("p")
	if op.Pad.Attrs(p).Mode != "constant" || p.Out[0].Type.Rank() < 3 {
		return nil, nil, false
	}
	if v := m.Value("v"); v != nil {
		if x, ok := m.Number("v"); !ok || x != 0 {
			return nil, nil, false
		}
	}
	n, ok := m.Ints("n")
	rank := p.Out[0].Type.Rank()
	if !ok || len(n) != 2*rank || slices.Min(n) < 0 || n[0]+n[1]+n[rank]+n[rank+1] != 0 {
		return nil, nil, false
	}
	return n[2:rank], n[rank+2:], true
}

// joinPads adds the pads of a pad to those of a window.
func joinPads(auto string, pads, before, after []int) ([]int, bool) {
	n := len(before)
	if auto != "NOTSET" && auto != "VALID" && auto != "" || pads != nil && len(pads) != 2*n {
		return nil, false
	}
	out := append(slices.Clone(before), after...)
	for i, p := range pads {
		if auto != "VALID" {
			out[i] += p
		}
	}
	return out, true
}

func padInConv(m *rewrite.Match) *ir.Value {
	before, after, ok := padded(m)
	a := op.Conv.Attrs(m.Root)
	pads, ok2 := joinPads(a.AutoPad, a.Pads, before, after)
	if !ok || !ok2 {
		return nil
	}
	a.AutoPad, a.Pads = "NOTSET", pads
	return op.Conv.New(m.B, a, m.Value("x"), m.Value("w"), m.Value("b"))
}

// padInPool: an average counts the zeros around its operand if the padding is included; what ceil_mode adds is never counted.
func padInPool(m *rewrite.Match) *ir.Value {
	before, after, ok := padded(m)
	a := op.AveragePool.Attrs(m.Root)
	pads, ok2 := joinPads(a.AutoPad, a.Pads, before, after)
	own := slices.ContainsFunc(a.Pads, func(p int) bool { return p != 0 })
	if !ok || !ok2 || own && !a.CountIncludePad || a.CeilMode {
		return nil
	}
	a.AutoPad, a.Pads, a.CountIncludePad = "NOTSET", pads, true
	return op.AveragePool.New(m.B, a, m.Value("x"))
}

// spatialAxes: of rank 4 and up only, for in rank 3 the last axis may well be features.
func spatialAxes(m *rewrite.Match) bool {
	rank := m.Value("x").Type.Rank()
	axes, ok := m.Ints("a")
	if !ok || rank < 4 || !isFloat(m, "x") {
		return false
	}
	seen := map[int]bool{}
	for _, a := range axes {
		if a = fromFront(a, rank); a < 2 {
			return false
		}
		seen[a] = true
	}
	return len(seen) == rank-2
}
