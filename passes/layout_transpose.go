package passes

import (
	"slices"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/op"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// moveTransposes removes transposes: two in a row become one or none; those of all operands of an elementwise node move behind
// it, where that leaves fewer or meets the next transpose; those of a matrix become a flag of gemm. Transposes between an image
// and the sequence of its points become transposes of the image, which are views where it lies channels-last.
func moveTransposes(g *ir.Graph, t Target) error {
	m := &transposes{g: g, t: t, s: newSplicer(g), known: bindable(g)}
	m.images = slices.ContainsFunc(g.Nodes, func(n *ir.Node) bool { l, ok := t.Layout(n); return ok && l == ir.ChannelsLast })
	for _, n := range slices.Clone(g.Nodes) {
		var err error
		switch {
		case n.Op == op.Transpose.Op:
			if err = m.compose(n); err == nil {
				err = m.fromImage(n)
			}
		case n.Op == op.Reshape.Op:
			if err = m.toImage(n); err == nil && m.images {
				err = m.shuffle(n)
			}
		case n.Op == op.Gemm.Op && len(n.Bodies) == 0:
			err = m.absorb(n)
		case n.Op.Props&ir.Elementwise != 0 && len(n.Out) == 1 && len(n.Bodies) == 0:
			err = m.sink(n)
		}
		if err != nil {
			return n.Fault(err)
		}
	}
	err := m.s.done()
	g.Sweep()
	return err
}

type transposes struct {
	g *ir.Graph
	t Target
	s *splicer

	known  map[string]bool // symbols that a `sizes` node may name
	images bool            // whether any node may be channels-last
}

// compose joins n with the transpose that its operand is.
func (m *transposes) compose(n *ir.Node) error {
	outer, ok := order(n.Out[0])
	if !ok {
		return nil
	}
	x := n.In[0]
	inner, two := order(x)
	perm := slices.Clone(outer)
	if two {
		for i, k := range outer {
			perm[i] = inner[k]
		}
		x = x.Def.In[0]
	}
	if slices.IsSorted(perm) && x.Type.Equal(n.Out[0].Type) {
		return m.g.Replace(n.Out[0], x)
	}
	if !two {
		return nil
	}
	y := m.s.add(n, from(n.In[0].Def, n), op.Transpose.Op, op.TransposeAttrs{Perm: perm}, nil, 1, x)
	if y == nil {
		return m.s.b.Err()
	}
	return replace(m.g, n.Out[0], y.Out[0])
}

// fromImage rewrites a transpose of points [N,C,H·W] to [N,H·W,C] as one of the image that they were.
func (m *transposes) fromImage(n *ir.Node) error {
	r, y := n.In[0], n.Out[0].Type
	if !isTranspose(n.Out[0], 0, 2, 1) || len(n.Out[0].Uses()) == 0 || !op.Reshape.Is(r) || len(r.Uses()) != 1 {
		return nil
	}
	x := r.Def.In[0]
	if s := x.Type.Shape; x.Type.Rank() < 4 || !isImage(x.Type) || !s[:2].Equal(r.Type.Shape[:2]) {
		return nil
	}
	perm := []int{0}
	for i := 2; i < x.Type.Rank(); i++ {
		perm = append(perm, i)
	}
	return m.rebuild(n, func(b *ir.Builder) *ir.Value {
		to := askFor(b, m.known, y.Shape)
		if to == nil {
			return nil
		}
		return reshapedBy(b, op.Transpose.New(b, op.TransposeAttrs{Perm: append(perm, 1)}, x), to)
	})
}

// toImage rewrites the way back: a reshape to [N,C,H,W] of points [N,C,H·W] that were [N,H·W,C].
func (m *transposes) toImage(n *ir.Node) error {
	t, y := n.In[0], n.Out[0].Type
	if !isTranspose(t, 0, 2, 1) || len(t.Uses()) != 1 || y.Rank() < 4 || !isImage(y) || !y.Shape[:2].Equal(t.Type.Shape[:2]) {
		return nil
	}
	rank := y.Rank()
	image := append(append(ir.Shape{y.Shape[0]}, y.Shape[2:]...), y.Shape[1])
	perm := []int{0, rank - 1}
	for i := 1; i < rank-1; i++ {
		perm = append(perm, i)
	}
	x := t.Def.In[0]
	return m.rebuild(n, func(b *ir.Builder) *ir.Value {
		to := askFor(b, m.known, image)
		if to == nil {
			return nil
		}
		return op.Transpose.New(b, op.TransposeAttrs{Perm: perm}, reshapedBy(b, x, to))
	})
}

// shuffle rewrites an exchange of groups of channels, spelt as a transpose of [N,groups,C/groups,H,W], as one of
// [N,H,W,groups,C/groups] between views of an image that lies channels-last.
func (m *transposes) shuffle(n *ir.Node) error {
	t, y := n.In[0], n.Out[0].Type
	if !isTranspose(t, 0, 2, 1, 3, 4) || len(t.Uses()) != 1 || len(n.Out[0].Uses()) == 0 {
		return nil
	}
	r := t.Def.In[0]
	if !op.Reshape.Is(r) || len(r.Uses()) != 1 {
		return nil
	}
	x, s := r.Def.In[0], r.Type.Shape
	if x.Type.Rank() != 4 || !x.Type.Equal(y) || !x.Type.Shape[0].Equal(s[0]) || !x.Type.Shape[2:].Equal(s[3:]) {
		return nil
	}
	return m.rebuild(n, func(b *ir.Builder) *ir.Value {
		split := askFor(b, m.known, ir.Shape{s[0], s[3], s[4], s[1], s[2]})
		whole := askFor(b, m.known, ir.Shape{s[0], s[3], s[4], y.Shape[1]})
		if split == nil || whole == nil {
			return nil
		}
		turn := func(v *ir.Value, perm ...int) *ir.Value {
			return op.Transpose.New(b, op.TransposeAttrs{Perm: perm}, v)
		}
		groups := reshapedBy(b, turn(x, 0, 2, 3, 1), split)
		return turn(reshapedBy(b, turn(groups, 0, 1, 2, 4, 3), whole), 0, 3, 1, 2)
	})
}

// rebuild replaces n by what f builds, if that is anything.
func (m *transposes) rebuild(n *ir.Node, f func(*ir.Builder) *ir.Value) error {
	v := m.s.build(n, from(n.In[0].Def, n), f)
	if v == nil {
		return m.s.b.Err()
	}
	if !v.Type.Shape.Equal(n.Out[0].Type.Shape) {
		return nil // equal sizes, but spelt otherwise: left for Sweep
	}
	return replace(m.g, n.Out[0], v)
}

// absorb makes the transposes of n's matrices flags.
func (m *transposes) absorb(n *ir.Node) error {
	a := op.Gemm.Attrs(n)
	in := slices.Clone(n.In)
	for i, flag := range []*bool{&a.TransA, &a.TransB} {
		for {
			if p, ok := order(in[i]); !ok || len(p) != 2 || p[0] != 1 {
				break
			}
			in[i], *flag = in[i].Def.In[0], !*flag
		}
	}
	if a == op.Gemm.Attrs(n) {
		return nil
	}
	y := m.s.add(n, n.From, n.Op, a, nil, 1, in...)
	if y == nil {
		return m.s.b.Err()
	}
	if m.t.HasKernel(n) && !m.t.HasKernel(y) {
		return nil
	}
	return replace(m.g, n.Out[0], y.Out[0])
}

// sink moves the transposes of n's operands behind n.
func (m *transposes) sink(n *ir.Node) error {
	rank := n.Out[0].Type.Rank()
	var perm []int
	dying := 0
	for _, v := range n.In {
		p, ok := order(v)
		switch {
		case v == nil || v.IsConst() && v.Type.Rank() <= rank:
		case !ok || len(p) != rank || perm != nil && !slices.Equal(p, perm):
			return nil
		default:
			perm = p
			if len(v.Uses()) == 1 {
				dying++
			}
		}
	}
	if perm == nil || dying < 2 && (dying < 1 || !m.meets(n.Out[0])) {
		return nil
	}
	in := slices.Clone(n.In)
	for i, v := range in {
		switch {
		case v == nil:
		case v.IsConst():
			c, err := m.unpermuted(v, perm)
			if err != nil || c == nil {
				return err
			}
			in[i] = c
		default:
			in[i] = v.Def.In[0]
		}
	}
	y := m.s.add(n, n.From, n.Op, n.Attrs, nil, 1, in...)
	if y == nil {
		return m.s.b.Err()
	}
	z := m.s.add(n, n.From, op.Transpose.Op, op.TransposeAttrs{Perm: perm}, nil, 1, y.Out[0])
	if z == nil {
		return m.s.b.Err()
	}
	return replace(m.g, n.Out[0], z.Out[0])
}

// unpermuted returns the constant that, transposed by perm, broadcasts as v does.
func (m *transposes) unpermuted(v *ir.Value, perm []int) (*ir.Value, error) {
	if v.Data.Len() == 1 {
		return v, nil
	}
	inverse, dims := make([]int, len(perm)), slices.Repeat([]int{1}, len(perm))
	for i, k := range perm {
		inverse[k] = i
	}
	copy(dims[len(dims)-v.Data.Rank():], v.Data.Dims())
	out, err := op.Transpose.Eval(&ir.Env{Outs: 1}, op.TransposeAttrs{Perm: inverse}, []tensor.Value{v.Data.Reshape(dims...)})
	if err != nil {
		return nil, err
	}
	return m.g.Const(v.Name+".t", out[0].(*tensor.Tensor)), nil
}

// meets reports whether v runs through elementwise nodes, and nowhere else, into a transpose.
func (m *transposes) meets(v *ir.Value) bool {
	for range maxFusedNodes {
		if len(v.Uses()) != 1 {
			return false
		}
		n := v.Uses()[0].Node
		if n.Op == op.Transpose.Op {
			return true
		}
		if n.Op.Props&ir.Elementwise == 0 || len(n.Out) != 1 || len(n.Bodies) > 0 {
			return false
		}
		for _, w := range n.In {
			if w != nil && w != v && !w.IsConst() {
				return false
			}
		}
		v = n.Out[0]
	}
	return false
}
