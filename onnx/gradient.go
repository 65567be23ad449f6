package onnx

import (
	"fmt"
	"slices"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/op"
	"github.com/cameo-onnx/cameo/onnx/wire"
	"github.com/cameo-onnx/cameo/passes/grad"
)

const training = "ai.onnx.preview.training"

// gradientNames returns the names of tensors that a Gradient node speaks of: what it differentiates, and the variables that this is a
// function of.
func gradientNames(p *wire.Node) (names []string) {
	if p.OpType != "Gradient" || p.Domain != training {
		return nil
	}
	for _, a := range p.Attrs {
		switch a.Name {
		case "y":
			names = append(names, string(a.S))
		case "xs", "zs":
			names = append(names, texts(a.Strings)...)
		}
	}
	return names
}

// gradient differentiates y by each of xs at the values that its operands give to xs and zs. Where those are the tensors of these names
// themselves, what the graph computes already is used; elsewhere what lies between them and y is built anew.
func gradient(n *node) ([]*ir.Value, error) {
	for name := range n.attrs {
		if name != "y" && name != "xs" && name != "zs" {
			return nil, fmt.Errorf("attribute %s: %w", wire.Quote(name), ir.ErrUnsupported)
		}
	}
	ya, xa := n.attrs["y"], n.attrs["xs"]
	if ya == nil || ya.Type != wire.AttrString || xa == nil || xa.Type != wire.AttrStrings {
		return nil, fmt.Errorf("%w: attributes xs and y are not both given, as names", wire.ErrFormat)
	}
	y, err := n.named(string(ya.S))
	if err != nil {
		return nil, err
	}
	lists := append([][]byte(nil), xa.Strings...)
	if za := n.attrs["zs"]; za != nil {
		if za.Type != wire.AttrStrings {
			return nil, fmt.Errorf("%w: attribute zs is no list of names", wire.ErrFormat)
		}
		lists = append(lists, za.Strings...)
	}
	if len(n.in) != len(lists) || n.outs > len(xa.Strings) {
		return nil, fmt.Errorf("%w: %d operands and %d results for %d names in xs and %d in zs",
			wire.ErrFormat, len(n.in), n.outs, len(xa.Strings), len(lists)-len(xa.Strings))
	}
	vars := make([]*ir.Value, len(lists))
	for i, name := range lists {
		if vars[i], err = n.named(string(name)); err != nil {
			return nil, err
		}
		if n.in[i] == nil {
			return nil, fmt.Errorf("%w: operand %d is missing", wire.ErrFormat, i)
		}
		if slices.Contains(vars[:i], vars[i]) {
			return nil, fmt.Errorf("%w: tensor %s is named twice", wire.ErrFormat, wire.Quote(string(name)))
		}
	}
	return n.differentiate(y, vars, len(xa.Strings))
}

// named returns the value of a name that attributes mention. It is of the node's own graph: what another computes is not seen from here.
func (n *node) named(name string) (*ir.Value, error) {
	v := n.s.lookup(name)
	if v == nil {
		return nil, fmt.Errorf("%w: tensor %s is not defined", wire.ErrFormat, wire.Quote(name))
	}
	for s := n.s; s != nil && s.g == n.s.g; s = s.outer {
		if s.captured[v] {
			return nil, fmt.Errorf("tensor %s is computed outside of the subgraph: %w", wire.Quote(name), ir.ErrUnsupported)
		}
	}
	return v, nil
}

// differentiate returns the derivatives of y by the first xs of vars, at the values that n's operands give them.
func (n *node) differentiate(y *ir.Value, vars []*ir.Value, xs int) ([]*ir.Value, error) {
	s, im := n.s, n.s.im
	before := len(s.g.Nodes)
	if !slices.Equal(vars, n.in) {
		var err error
		if y, vars, err = s.rebuilt(y, vars, n.in); err != nil {
			return nil, err
		}
	}
	outs, err := grad.Append(s.g, []*ir.Value{y}, nil, vars[:xs], grad.Options{Fixed: vars, Replaced: im.replace})
	if im.nodes -= len(s.g.Nodes) - before; im.nodes < 0 && err == nil {
		err = fmt.Errorf("%w: more than %d nodes, those of gradients included", wire.ErrBudget, im.limit)
	}
	return outs, err
}

// rebuilt builds what y is computed by anew, with in for vars. It returns what stands for them, each a value of its own though one may
// be given for several.
func (s *scope) rebuilt(y *ir.Value, vars, in []*ir.Value) (*ir.Value, []*ir.Value, error) {
	b := ir.NewBuilder(s.g)
	of := map[*ir.Value]*ir.Value{}
	stand := make([]*ir.Value, len(vars))
	varies := map[*ir.Value]bool{}
	for i, v := range vars {
		stand[i] = op.Identity.New(b, op.None{}, in[i])
		of[v], varies[v] = stand[i], true
	}
	var list []*ir.Node
	for _, n := range s.g.Nodes {
		stood := slices.ContainsFunc(n.Out, func(v *ir.Value) bool { return of[v] != nil })
		if !stood && slices.ContainsFunc(n.In, func(v *ir.Value) bool { return varies[v] }) {
			list = append(list, n)
			for _, v := range n.Out {
				varies[v] = true
			}
		}
	}
	needed := map[*ir.Value]bool{y: true}
	keep := list[:0:0]
	for _, n := range slices.Backward(list) {
		if slices.ContainsFunc(n.Out, func(v *ir.Value) bool { return needed[v] }) {
			keep = append(keep, n)
			for _, v := range n.In {
				needed[v] = true
			}
		}
	}
	slices.Reverse(keep)
	b.Copy(keep, of)
	if of[y] != nil {
		y = of[y]
	}
	return y, stand, b.Err()
}

// replace notes that w took the place of v.
func (im *importer) replace(v, w *ir.Value) {
	if im.replaced == nil {
		im.replaced = map[*ir.Value]*ir.Value{}
	}
	im.replaced[v] = w
}

// now returns what stands in v's place.
func (im *importer) now(v *ir.Value) *ir.Value {
	for im.replaced[v] != nil {
		v = im.replaced[v]
	}
	return v
}
