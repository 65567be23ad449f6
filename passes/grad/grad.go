package grad

import (
	"errors"
	"fmt"
	"slices"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/op"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// lowerDepth bounds how often what an op was lowered to is lowered again.
const lowerDepth = 8

// Options of a differentiation; the zero value is complete.
type Options struct {
	// Fixed are values that count as independent: no derivative goes through what computes them. Without them, an x that
	// another depends on gets that other's share too.
	Fixed []*ir.Value
	// Replaced hears of values of the forward graph that others took the place of: results of nodes that became simpler ones.
	Replaced func(old, new *ir.Value)
}

// Append appends to g the gradient of ys by xs: for each x, the sum over every y of its derivative by x, weighted by seeds. A
// seed has its y's type and sizes; a nil one, or none, is ones. A y that does not depend on x adds zeros.
//
// Nodes of the forward graph that have no gradient of their own become the simpler ones of their op's Lower. Where a node on
// the way has neither, the error names it, and g is of no further use.
func Append(g *ir.Graph, ys, seeds, xs []*ir.Value, o Options) ([]*ir.Value, error) {
	b := ir.NewBuilder(g)
	for _, v := range slices.Concat(ys, xs) {
		if v == nil {
			return nil, errors.New("gradient: a value is missing")
		}
		if !v.Type.Carries() {
			return nil, fmt.Errorf("gradient: %%%s is of type %v, which has no derivative", v.Name, v.Type)
		}
	}
	dys := make([]*ir.Value, len(ys))
	for i, y := range ys {
		if i < len(seeds) && seeds[i] != nil {
			dys[i] = seeds[i]
			continue
		}
		one := g.Const("", tensor.FromFloat64s(y.Type.DType, []float64{1}))
		if dys[i] = one; y.Type.Unranked || len(y.Type.Shape) > 0 {
			dys[i] = op.Expand.New(b, op.None{}, one, op.Shape.New(b, op.ShapeAttrs{}, y))
		}
	}
	r := newRun(b, o.Replaced)
	for _, v := range o.Fixed {
		r.fixed[v] = true
	}
	out := r.diff(g.Nodes, ys, dys, xs)
	for i, x := range xs {
		if out != nil && out[i] == nil {
			zero := g.Const("", tensor.FromFloat64s(x.Type.DType, []float64{0}))
			x = r.now(x)
			if out[i] = zero; x.Type.Unranked || len(x.Type.Shape) > 0 {
				out[i] = op.Expand.New(b, op.None{}, zero, op.Shape.New(b, op.ShapeAttrs{}, x))
			}
		}
	}
	if err := b.Err(); err != nil {
		return nil, fmt.Errorf("gradient: %w", err)
	}
	return out, nil
}

// A run differentiates one stretch of a graph.
type run struct {
	g        *ir.Graph
	b        *ir.Builder
	adj      map[*ir.Value][]*ir.Value // terms of the adjoints so far
	dep      map[*ir.Value]bool        // depends on an x
	fixed    map[*ir.Value]bool        // independent of what computes it
	replaced func(old, new *ir.Value)
	moved    map[*ir.Value]*ir.Value
}

func newRun(b *ir.Builder, replaced func(old, new *ir.Value)) *run {
	return &run{
		g: b.G, b: b, replaced: replaced,
		adj: map[*ir.Value][]*ir.Value{}, dep: map[*ir.Value]bool{}, fixed: map[*ir.Value]bool{}, moved: map[*ir.Value]*ir.Value{},
	}
}

// diff returns the adjoints of xs, nil where zero, from those of ys, which nodes compute; after an error of the builder, nil.
func (r *run) diff(nodes []*ir.Node, ys, dys, xs []*ir.Value) []*ir.Value {
	for _, x := range xs {
		r.dep[x] = true
	}
	nodes = slices.Clone(nodes)
	r.mark(nodes)
	for i, y := range ys {
		if dys[i] != nil && r.dep[y] {
			r.adj[y] = append(r.adj[y], dys[i])
		}
	}
	r.backward(nodes, 0)
	out := make([]*ir.Value, len(xs))
	for i, x := range xs {
		out[i] = r.adjoint(r.now(x))
	}
	if r.b.Err() != nil {
		return nil
	}
	return out
}

// now returns what stands for v after replacements.
func (r *run) now(v *ir.Value) *ir.Value {
	for r.moved[v] != nil {
		v = r.moved[v]
	}
	return v
}

// mark notes which results of nodes depend on an x.
func (r *run) mark(nodes []*ir.Node) {
	for _, n := range nodes {
		if slices.ContainsFunc(n.In, func(v *ir.Value) bool { return r.dep[v] }) {
			for _, v := range n.Out {
				r.dep[v] = r.dep[v] || !r.fixed[v] && (v.Type.Carries() || v.Type.Kind != ir.Tensor)
			}
		}
	}
}

// adjoint is the sum of the terms of v's adjoint, nil where there is none.
func (r *run) adjoint(v *ir.Value) *ir.Value {
	terms := r.adj[v]
	if len(terms) == 0 {
		return nil
	}
	sum := terms[0]
	for _, t := range terms[1:] {
		sum = op.Add.New(r.b, op.None{}, sum, t)
	}
	r.adj[v] = []*ir.Value{sum}
	return sum
}

// backward hands adjoints on from the results of nodes to their operands, last node first.
func (r *run) backward(nodes []*ir.Node, depth int) {
	for _, n := range slices.Backward(nodes) {
		if r.b.Err() != nil {
			return
		}
		wanted := slices.ContainsFunc(n.In, func(v *ir.Value) bool { return r.dep[v] })
		if !wanted || !slices.ContainsFunc(n.Out, func(v *ir.Value) bool { return len(r.adj[v]) > 0 && !r.fixed[v] }) {
			continue
		}
		if err := r.node(n, depth); err != nil {
			r.b.Fail(n.Fault(err))
		}
	}
}

// node adds what n's results pass on to its operands' adjoints.
func (r *run) node(n *ir.Node, depth int) error {
	if n.Epilogue() != nil {
		return fmt.Errorf("differentiation comes before fusion: %w", ir.ErrUnsupported)
	}
	if n.Op.Grad == nil {
		return r.lower(n, depth)
	}
	c := &ir.Grad{Builder: ir.NewBuilder(r.g)} // its error is to name n
	c.From = n.From
	for _, v := range n.Out {
		if r.fixed[v] {
			c.Out = append(c.Out, nil)
		} else {
			c.Out = append(c.Out, r.adjoint(v))
		}
	}
	for _, v := range n.In {
		c.Need = append(c.Need, r.dep[v])
	}
	mark := len(r.g.Nodes)
	c.Diff = func(b *ir.Builder, ys, adjoints, xs []*ir.Value) []*ir.Value {
		nodes := b.G.Nodes
		if b.G == r.g {
			nodes = nodes[mark:]
		}
		sub := newRun(b, nil)
		out := sub.diff(nodes, ys, adjoints, xs)
		if err := b.Err(); err != nil {
			c.Fail(err)
		}
		return out
	}
	in := n.In
	c.Again = func(attrs any, bodies []*ir.Graph, outs int) *ir.Node {
		m, err := r.again(n, attrs, bodies, outs)
		if err != nil {
			c.Fail(err)
			return nil
		}
		n = m
		return m
	}
	ds, err := n.Op.Grad(c, n)
	if err != nil {
		return err
	}
	for i, d := range ds {
		if i >= len(in) || d == nil || !r.dep[in[i]] {
			continue
		}
		v := in[i]
		if d.Type.DType != v.Type.DType || !d.Type.Unranked && !v.Type.Unranked && d.Type.Rank() != v.Type.Rank() {
			return fmt.Errorf("the adjoint of operand %d is %v, not %v", i, d.Type, v.Type)
		}
		r.adj[v] = append(r.adj[v], d)
	}
	return nil
}

// move lets w stand where v stood.
func (r *run) move(v, w *ir.Value) error {
	if err := r.g.Replace(v, w); err != nil {
		return err
	}
	r.adj[w] = append(r.adj[w], r.adj[v]...)
	delete(r.adj, v)
	r.dep[w] = r.dep[w] || r.dep[v]
	r.fixed[w] = r.fixed[w] || r.fixed[v]
	r.moved[v] = w
	if r.replaced != nil {
		r.replaced(v, w)
	}
	return nil
}

// again rebuilds n with other attributes and bodies and more results.
func (r *run) again(n *ir.Node, attrs any, bodies []*ir.Graph, outs int) (*ir.Node, error) {
	b := ir.NewBuilder(r.g).Before(n)
	b.From = n.From
	m := b.Add(n.Op, attrs, bodies, outs, n.In...)
	if m == nil {
		return nil, b.Err()
	}
	for i, v := range n.Out {
		if err := r.move(v, m.Out[i]); err != nil {
			return nil, err
		}
	}
	r.g.Erase(n)
	for i, v := range n.Out {
		r.g.Rename(m.Out[i], v.Name) // which keys the draws of random ops
	}
	return m, nil
}

// lower puts what n's op lowers it to in n's place, and differentiates that.
func (r *run) lower(n *ir.Node, depth int) error {
	if n.Op.Lower == nil {
		return fmt.Errorf("it has no gradient: %w", ir.ErrUnsupported)
	}
	if depth >= lowerDepth {
		return fmt.Errorf("lowered %d times over", depth)
	}
	b := ir.NewBuilder(r.g).Before(n)
	b.From = n.From
	at := r.g.Index(n)
	outs, err := n.Op.Lower(b, n)
	if err != nil {
		return err
	}
	built := slices.Clone(r.g.Nodes[at:r.g.Index(n)])
	for i, v := range n.Out {
		used := len(v.Uses()) > 0 || len(r.adj[v]) > 0 || slices.ContainsFunc(r.g.Outputs, func(o ir.Output) bool { return o.Value == v })
		if i < len(outs) && outs[i] != nil {
			continue
		}
		if used {
			return fmt.Errorf("this form of it has no gradient: %w", ir.ErrUnsupported)
		}
	}
	r.mark(built)
	for i, v := range n.Out {
		if i < len(outs) && outs[i] != nil {
			if err := r.move(v, outs[i]); err != nil {
				return err
			}
		}
	}
	r.g.Erase(n)
	for i, v := range n.Out {
		if i < len(outs) && outs[i] != nil && outs[i].Def != nil && slices.Contains(built, outs[i].Def) {
			r.g.Rename(outs[i], v.Name)
		}
	}
	r.backward(built, depth+1)
	return nil
}
