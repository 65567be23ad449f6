package onnx

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/op"
	"github.com/cameo-onnx/cameo/ir/tensor"
	"github.com/cameo-onnx/cameo/onnx/wire"
)

// errDepth refuses what would nest without bounds.
var errDepth = fmt.Errorf("%w: functions and subgraphs are nested more than %d deep", wire.ErrBudget, maxDepth)

// enter goes one level down, into a function or a subgraph.
func (im *importer) enter() error {
	if im.depth == maxDepth {
		return errDepth
	}
	im.depth++
	return nil
}

func (im *importer) leave() { im.depth-- }

// call inlines a model-local function.
func (s *scope) call(n *node, f *wire.Function) ([]*ir.Value, error) {
	im := s.im
	if slices.Contains(im.calls, f) {
		return nil, fmt.Errorf("%w: function %s calls itself", wire.ErrFormat, wire.Quote(f.Name))
	}
	if err := im.enter(); err != nil {
		return nil, err
	}
	im.calls = append(im.calls, f)
	opsets := im.opsets
	if len(f.Opsets) > 0 {
		im.opsets = im.functionOpsets(f)
	}
	defer func() {
		im.calls, im.opsets = im.calls[:len(im.calls)-1], opsets
		im.leave()
	}()
	sub := &scope{im: im, g: s.g, b: s.b, vals: map[string]*ir.Value{}, refs: map[string]*wire.Attr{}, prefix: s.prefix + label(n.proto) + "/"}
	for _, a := range f.AttrProtos {
		sub.refs[a.Name] = a
	}
	for name, a := range n.attrs {
		sub.refs[name] = a
	}
	if len(n.in) > len(f.Inputs) {
		return nil, fmt.Errorf("%w: function %s takes %d operands, not %d", wire.ErrFormat, wire.Quote(f.Name), len(f.Inputs), len(n.in))
	}
	sub.absent = map[string]bool{}
	for i, name := range f.Inputs {
		if i < len(n.in) && n.in[i] != nil {
			sub.vals[name] = n.in[i]
		} else {
			sub.absent[name] = true
		}
	}
	if err := sub.nodes(f.Nodes); err != nil {
		return nil, fmt.Errorf("in function %s: %w", wire.Quote(f.Name), err)
	}
	outs := make([]*ir.Value, len(f.Outputs))
	for i, name := range f.Outputs {
		if outs[i] = im.now(sub.vals[name]); outs[i] == nil && i < n.outs && n.proto.Out[i] != "" {
			return nil, fmt.Errorf("%w: function %s does not define its result %s", wire.ErrFormat, wire.Quote(f.Name), wire.Quote(name))
		}
	}
	return outs, nil
}

// decided returns the branch of an If of which the condition is known. The other need not even make sense.
func (n *node) decided(o *ir.Op) *wire.Graph {
	if o != op.If.Op || len(n.in) != 1 || n.in[0] == nil {
		return nil
	}
	cond, ok := n.in[0].Known().Ints()
	if !ok || len(cond) != 1 || n.in[0].Type.DType != tensor.Bool {
		return nil
	}
	a := n.attrs[o.Bodies[1-cond[0]]]
	if a == nil || a.G == nil || len(a.G.Inputs) > 0 || len(a.G.Outputs) < n.outs {
		return nil
	}
	return a.G
}

// branch builds a subgraph into the graph around it, and returns its outputs.
func (n *node) branch(pg *wire.Graph) ([]*ir.Value, error) {
	im, s := n.s.im, n.s
	if err := im.enter(); err != nil {
		return nil, err
	}
	defer im.leave()
	sub := &scope{im: im, g: s.g, b: s.b, vals: map[string]*ir.Value{}, outer: s, refs: s.refs, absent: s.absent,
		prefix: s.prefix + label(n.proto) + "/", inline: true}
	if err := sub.inits(pg); err != nil {
		return nil, err
	}
	if err := sub.nodes(pg.Nodes); err != nil {
		return nil, err
	}
	outs := make([]*ir.Value, len(pg.Outputs))
	for i, vi := range pg.Outputs {
		if outs[i] = sub.lookup(vi.Name); outs[i] == nil {
			return nil, fmt.Errorf("%w: subgraph %s does not define its output %s", wire.ErrFormat, wire.Quote(pg.Name), wire.Quote(vi.Name))
		}
	}
	return outs, nil
}

// bodies builds the subgraphs of a node, again with wider types as long as the op asks for them.
func (n *node) bodies(o *ir.Op, attrs any) ([]*ir.Graph, error) {
	if err := n.s.im.enter(); err != nil {
		return nil, err
	}
	defer n.s.im.leave()
	in := make([]ir.Known, len(n.in))
	for i, v := range n.in {
		in[i] = v.Known()
	}
	types, _, err := o.BodyTypes(ir.NewScope(n.s.g, n.outs, nil), attrs, in, nil)
	if err != nil {
		return nil, err
	}
	mark := len(n.s.im.labelled)
	for try := range 16 {
		n.s.im.unlabel(mark) // of the bodies that were too narrow
		if n.s.im.again += min(try, 1); n.s.im.again > maxAgain {
			return nil, fmt.Errorf("%w: subgraphs in subgraphs whose types do not settle", wire.ErrBudget)
		}
		n.caps = &captures{has: map[*ir.Value]bool{}}
		var scopes []*scope
		for i, name := range o.Bodies {
			a := n.attrs[name]
			if a == nil || a.G == nil {
				return nil, fmt.Errorf("%w: attribute %s is missing", wire.ErrFormat, name)
			}
			sub, err := n.body(a.G, types[i])
			if err != nil {
				return nil, err
			}
			scopes = append(scopes, sub)
		}
		graphs := closeBodies(scopes, n.caps)
		wider, changed, err := o.BodyTypes(ir.NewScope(n.s.g, n.outs, graphs), attrs, in, types)
		if err != nil || !changed {
			return graphs, err
		}
		types = wider
	}
	return nil, errors.New("the types of the values that it carries do not settle")
}

// unlabel frees the names of nodes that were labelled since their number was mark.
func (im *importer) unlabel(mark int) {
	for _, name := range im.labelled[mark:] {
		delete(im.labels, name)
	}
	im.labelled = im.labelled[:mark]
}

// body builds one subgraph whose inputs have the given types.
func (n *node) body(pg *wire.Graph, types []ir.Type) (*scope, error) {
	g := n.s.g.NewBody(graphName(pg.Name))
	s := &scope{im: n.s.im, g: g, b: ir.NewBuilder(g), vals: map[string]*ir.Value{}, outer: n.s, caps: n.caps,
		capIn: map[*ir.Value]*ir.Value{}, captured: map[*ir.Value]bool{}, refs: n.s.refs, prefix: n.s.prefix}
	if len(pg.Inputs) != len(types) {
		return nil, fmt.Errorf("%w: subgraph %s takes %d inputs, not %d", wire.ErrFormat, wire.Quote(pg.Name), len(pg.Inputs), len(types))
	}
	for i, vi := range pg.Inputs {
		t := types[i]
		if t.Kind == ir.NoKind {
			var err error
			if t, err = s.typeOf(vi.Type, nil); err != nil {
				return nil, fmt.Errorf("subgraph %s: input %s: %w", wire.Quote(pg.Name), wire.Quote(vi.Name), err)
			}
		}
		if err := s.define(vi.Name, g.Input(vi.Name, t)); err != nil {
			return nil, err
		}
	}
	if err := s.inits(pg); err != nil {
		return nil, err
	}
	if err := s.nodes(pg.Nodes); err != nil {
		return nil, err
	}
	for _, vi := range pg.Outputs {
		v := s.lookup(vi.Name)
		if v == nil {
			return nil, fmt.Errorf("%w: subgraph %s does not define its output %s", wire.ErrFormat, wire.Quote(pg.Name), wire.Quote(vi.Name))
		}
		g.Output(vi.Name, v)
	}
	return s, nil
}

// closeBodies gives every body an input for every captured value, in the order of the node's operands.
func closeBodies(scopes []*scope, caps *captures) []*ir.Graph {
	out := make([]*ir.Graph, len(scopes))
	for i, s := range scopes {
		own := slices.DeleteFunc(slices.Clone(s.g.Inputs), func(v *ir.Value) bool { return s.captured[v] })
		for _, v := range caps.outer {
			in := s.capIn[v]
			if in == nil {
				in = s.g.Input(v.Name, v.Type)
			}
			own = append(own, in)
		}
		s.g.Inputs = own
		s.g.Sweep()
		out[i] = s.g
	}
	return out
}

// functionOpsets returns the opsets under which a function's body is read: its own, and the model's of domains that it does not import.
func (im *importer) functionOpsets(f *wire.Function) map[string]int {
	out := opsetMap(im.model.Opsets)
	maps.Copy(out, opsetMap(f.Opsets))
	return out
}
