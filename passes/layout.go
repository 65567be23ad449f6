package passes

import (
	"slices"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/op"
	"github.com/cameo-onnx/cameo/ir/sym"
)

// layout removes transposes, then lays images out channels-last where convolutions and their like want it.
//
// What lies channels-last is said by types alone: shapes stay logical. A node of a region has its image operands and its
// results channels-last; its filters and vectors stay as they are. A target must therefore expect of the nodes in a region:
//   - of one that its Layout claims: operand 0 and the result are channels-last, other operands row-major; concat: all operands, split: all results are;
//   - of an elementwise node (and the fused nodes and epilogues that it becomes part of): operands of the result's shape lie as it does; others broadcast, and
//     lie row-major or, where they have images' rank, in either layout: their strides follow from their own shape and layout, axis by axis;
//   - of a relayout or a transpose for which op.IsView holds: nothing moves.
//
// Everything else sees row-major operands.
func layout(g *ir.Graph, t Target) error {
	if err := moveTransposes(g, t); err != nil {
		return err
	}
	r := newRegions(g, t)
	if !r.wanted {
		return nil
	}
	r.settle()
	r.drop()
	err := r.apply()
	g.Sweep()
	return err
}

// role says what a node is to a region.
type role uint8

const (
	outside   role = iota
	wants          // runs faster channels-last
	passes         // runs as fast in either layout, all images in the same
	toImage        // transpose from the logical order N, spatial, C: channels-last it is a view
	fromImage      // transpose to that order: a view where its operand is channels-last
)

// A place is what the pass knows of a node.
type place struct {
	node   *ir.Node
	role   role
	images []*ir.Value // operands whose layout is the node's
	gain   int         // elements whose movement it saves to be channels-last
	last   bool        // whether it is to be channels-last
}

type regions struct {
	g      *ir.Graph
	t      Target
	places []*place
	of     map[*ir.Node]*place
	rows   map[*ir.Value]int // uses, results of the graph among them, that need row-major
	lasts  map[*ir.Value]int // uses that need channels-last
	wanted bool              // whether any node wants channels-last
}

func newRegions(g *ir.Graph, t Target) *regions {
	r := &regions{g: g, t: t, of: make(map[*ir.Node]*place, len(g.Nodes)), rows: map[*ir.Value]int{}, lasts: map[*ir.Value]int{}}
	told := map[string]bool{} // symbols whose values are known when a node has run
	for _, v := range g.Inputs {
		tell(told, v, false)
	}
	for _, n := range g.Nodes {
		p := r.classify(n)
		for _, v := range n.Out {
			tell(told, v, true)
		}
		if slices.ContainsFunc(slices.Concat(n.Out, p.images), func(v *ir.Value) bool { return !isTold(told, v) }) {
			p = &place{node: n}
		}
		p.last = p.role == wants || p.role == passes || p.role == toImage
		r.wanted = r.wanted || p.role == wants
		r.places, r.of[n] = append(r.places, p), p
		r.count(p, 1)
	}
	for _, o := range g.Outputs {
		r.rows[o.Value]++
	}
	return r
}

// tell notes the symbols that v's sizes tell: those that are sizes themselves, or all.
func tell(told map[string]bool, v *ir.Value, plain bool) {
	for _, d := range v.Type.Shape {
		for _, s := range d.Syms() {
			told[s] = told[s] || !plain || d.Equal(sym.Sym(s))
		}
	}
}

// isTold reports whether v's sizes follow from told ones. Others are known to the step that makes v alone, and none could turn
// v to another layout.
func isTold(told map[string]bool, v *ir.Value) bool {
	return !slices.ContainsFunc(v.Type.Shape, func(d sym.Dim) bool {
		return slices.ContainsFunc(d.Syms(), func(s string) bool { return !told[s] })
	})
}

// classify says what n can be.
func (r *regions) classify(n *ir.Node) *place {
	p := &place{node: n}
	if len(n.Bodies) > 0 || len(n.In) == 0 || n.In[0] == nil || !isImage(n.Out[0].Type) {
		return p
	}
	perm, isTranspose := imagePerm(n)
	switch {
	case isTranspose:
		p.role = perm
	case n.Op == op.Split.Op && r.claims(n):
		p.role, p.images = passes, n.In[:1]
	case len(n.Out) > 1:
	case n.Op.Props&ir.Elementwise != 0:
		if images, ok := imagesOf(n); ok && (r.t.Fusable(n) || r.claims(n)) {
			p.role, p.images = passes, images
		}
	case r.claims(n) && n.Op == op.Concat.Op:
		p.role, p.images = passes, distinct(n.In)
	case r.claims(n) && (n.Op == op.Slice.Op || n.Op == op.Pad.Op) && isImage(n.In[0].Type):
		p.role, p.images = passes, n.In[:1]
	case r.claims(n) && isImage(n.In[0].Type):
		p.role, p.images = wants, n.In[:1]
		p.gain = elements(n.In[0].Type) + elements(n.Out[0].Type)
		if convolutions[n.Op] {
			p.gain *= 2 // a matrix product over pixels reads and writes whole vectors of channels
		} else {
			p.gain /= 4
		}
	}
	return p
}

// convolutions are the ops that multiply matrices over pixels.
var convolutions = map[*ir.Op]bool{
	op.Conv.Op: true, op.ConvTranspose.Op: true, op.ConvInteger.Op: true, op.QLinearConv.Op: true, op.ScaledConv.Op: true,
}

func (r *regions) claims(n *ir.Node) bool {
	l, ok := r.t.Layout(n)
	return ok && l == ir.ChannelsLast
}

func isImage(t ir.Type) bool { return t.Rank() >= 3 && t.Rank() <= 5 }

// imagesOf returns the operands of an elementwise node that must lie as its result does. The others must be such that any
// layout reads them well: constants that vary over channels or over pixels alone, and tensors with at most one axis that is not
// 1, whatever its place.
func imagesOf(n *ir.Node) (images []*ir.Value, ok bool) {
	y := n.Out[0].Type
	for _, v := range n.In {
		switch {
		case v == nil:
		case v.Type.Rank() < 0:
			return nil, false
		case v.Type.Shape.Equal(y.Shape) || v.Type.Rank() == y.Rank() && isImage(y) && !thin(v.Type):
			if !slices.Contains(images, v) {
				images = append(images, v)
			}
		case !thin(v.Type) && (!v.IsConst() || mixed(v.Type, y.Rank())):
			return nil, false
		}
	}
	return images, len(images) > 0
}

// mixed reports whether a tensor of fewer axes than an image of the given rank varies over its channels and over its pixels.
func mixed(t ir.Type, rank int) bool {
	at := t.Rank() - rank + 1 // of the channels
	if at < 0 {
		return false
	}
	return !isOne(t.Shape[at]) && slices.ContainsFunc(t.Shape[at+1:], func(d sym.Dim) bool { return !isOne(d) })
}

func distinct(vs []*ir.Value) (out []*ir.Value) {
	for _, v := range vs {
		if v != nil && !slices.Contains(out, v) {
			out = append(out, v)
		}
	}
	return out
}

// imagePerm says whether n is a transpose between the logical orders N, C, spatial and N, spatial, C.
func imagePerm(n *ir.Node) (role, bool) {
	if n.Op != op.Transpose.Op {
		return outside, false
	}
	p, ok := order(n.Out[0])
	if !ok {
		return outside, true // of unknown rank: no view
	}
	rank := len(p)
	from, to := true, true
	for i, k := range p {
		channelsLast, channelsFirst := i+1, i-1
		switch i {
		case 0:
			channelsLast, channelsFirst = 0, 0
		case 1:
			channelsFirst = rank - 1
		}
		if i == rank-1 {
			channelsLast = 1
		}
		from, to = from && k == channelsLast, to && k == channelsFirst
	}
	switch {
	case to:
		return toImage, true
	case from:
		return fromImage, true
	}
	return outside, true
}
