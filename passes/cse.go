package passes

import (
	"fmt"
	"hash/maphash"
	"slices"
	"strings"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// cse computes once what a graph computes twice: nodes of the same op, operands and attributes, and constants of the same content.
func cse(g *ir.Graph, t Target) error {
	c := &merger{
		g: g, fired: fired(t), seed: maphash.MakeSeed(),
		consts: map[uint64][]*ir.Value{}, whole: map[*ir.Value]uint64{}, same: map[*ir.Value]*ir.Value{}, nodes: map[string][]*ir.Node{},
	}
	for _, n := range slices.Clone(g.Nodes) {
		for i, v := range n.In {
			if v == nil || !v.IsConst() {
				continue
			}
			if w := c.constant(v); w != v {
				c.fired("constant", n, nil)
				g.SetOperand(n, i, w)
			}
		}
		if err := c.node(n); err != nil {
			return n.Fault(err)
		}
	}
	for i, o := range g.Outputs {
		if o.Value.IsConst() {
			g.Outputs[i].Value = c.constant(o.Value)
		}
	}
	return nil
}

type merger struct {
	g      *ir.Graph
	fired  func(string, *ir.Node, error)
	seed   maphash.Seed
	consts map[uint64][]*ir.Value  // by hash of a sample of the content
	whole  map[*ir.Value]uint64    // hashes of the whole content, for those whose samples are alike
	same   map[*ir.Value]*ir.Value // constants seen, and those that stand for them
	nodes  map[string][]*ir.Node
}

// constant returns the first constant of v's content.
func (c *merger) constant(v *ir.Value) *ir.Value {
	if w := c.same[v]; w != nil {
		return w
	}
	key := c.sample(v.Data)
	for _, w := range c.consts[key] {
		if c.hash(v) == c.hash(w) && sameBits(v.Data, w.Data) {
			c.same[v] = w
			return w
		}
	}
	c.consts[key] = append(c.consts[key], v)
	c.same[v] = v
	return v
}

// sample hashes the type and some bytes of t: most weights differ there, and need not be read whole.
func (c *merger) sample(t *tensor.Tensor) uint64 {
	const some = 1024
	var h maphash.Hash
	h.SetSeed(c.seed)
	fmt.Fprint(&h, t.DType(), t.Dims())
	b := t.Bytes()
	for at := 0; at < len(b); at += max(some, len(b)/4) {
		h.Write(b[at:min(at+some, len(b))])
	}
	return h.Sum64()
}

func (c *merger) hash(v *ir.Value) uint64 {
	if h, ok := c.whole[v]; ok {
		return h
	}
	var h maphash.Hash
	h.SetSeed(c.seed)
	h.Write(v.Data.Bytes())
	for _, s := range v.Data.Strings() {
		fmt.Fprintf(&h, "%d:%s", len(s), s)
	}
	c.whole[v] = h.Sum64()
	return c.whole[v]
}

// sameBits is stricter than equality of elements: it tells NaNs and zeros apart.
func sameBits(a, b *tensor.Tensor) bool {
	return a.DType() == b.DType() && slices.Equal(a.Dims(), b.Dims()) && string(a.Bytes()) == string(b.Bytes()) && slices.Equal(a.Strings(), b.Strings())
}

func (c *merger) node(n *ir.Node) error {
	if n.Op.Props&ir.Pure == 0 || n.Op.Props&ir.Random != 0 || len(n.Bodies) > 0 {
		return nil
	}
	key := shape(n)
	for _, m := range c.nodes[key] {
		if !alike(m, n) {
			continue
		}
		c.fired("node", n, nil)
		for i, v := range n.Out {
			if err := c.g.Replace(v, m.Out[i]); err != nil {
				return err
			}
		}
		m.From = append(slices.Clip(m.From), n.From...)
		c.g.Erase(n)
		return nil
	}
	c.nodes[key] = append(c.nodes[key], n)
	return nil
}

// shape returns the text that equal nodes share: their op and operands; commutative ones in one order.
func shape(n *ir.Node) string {
	ids := make([]int, len(n.In))
	for i, v := range n.In {
		ids[i] = -1
		if v != nil {
			ids[i] = v.ID
		}
	}
	if n.Op.Props&ir.Commutative != 0 && len(ids) > 1 && ids[0] > ids[1] {
		ids[0], ids[1] = ids[1], ids[0]
	}
	var b strings.Builder
	fmt.Fprint(&b, n.Op.Name, len(n.Out), ids)
	return b.String()
}

// alike reports whether nodes of the same op and operands compute the same results, of the same types.
func alike(m, n *ir.Node) bool {
	if m.Op != n.Op || !ir.EqualAttrs(m.Attrs, n.Attrs) {
		return false
	}
	for i, v := range n.Out {
		// Sizes that only running tells have a name for each node, though they are equal.
		if a, b := m.Out[i].Type, v.Type; a.Kind != b.Kind || a.DType != b.DType || a.Rank() != b.Rank() || a.Layout != b.Layout {
			return false
		}
	}
	return true
}
