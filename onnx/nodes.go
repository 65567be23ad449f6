package onnx

import (
	"errors"
	"fmt"
	"slices"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/op"
	"github.com/cameo-onnx/cameo/onnx/wire"
)

// node is a NodeProto on its way into the graph; adapters change it.
type node struct {
	s       *scope
	proto   *wire.Node
	op      string // ONNX's name
	domain  string
	version int // of the domain's opset
	attrs   map[string]*wire.Attr
	in      []*ir.Value
	outs    int // results asked for
	caps    *captures
}

// nodes builds the nodes of a graph or function, in topological order even where the file's is not.
func (s *scope) nodes(list []*wire.Node) error {
	order, err := s.sorted(list)
	if err != nil {
		return err
	}
	for _, p := range order {
		if s.im.nodes--; s.im.nodes < 0 {
			return fmt.Errorf("%w: more than %d nodes", wire.ErrBudget, s.im.limit)
		}
		if s.top && s.im.skip(p) {
			continue
		}
		if err := s.node(p); err != nil {
			if err = s.fault(p, err); !s.top || !s.im.heard(p, err) {
				return err
			}
		}
	}
	if s.top && (s.im.faults > 0 || len(s.im.told) > 0) {
		return ErrFaults
	}
	return nil
}

// fault names the node at which an error arose, unless the error names one already.
func (s *scope) fault(p *wire.Node, err error) error {
	if e := (*ir.NodeError)(nil); errors.As(err, &e) || errors.Is(err, wire.ErrBudget) {
		return err
	}
	return &ir.NodeError{Name: label(p), Op: p.OpType, Err: err}
}

// label returns the name by which messages call a node.
func label(p *wire.Node) string {
	if p.Name != "" {
		return p.Name
	}
	for _, o := range p.Out {
		if o != "" {
			return o
		}
	}
	return p.OpType
}

// sorted returns list in topological order: as it is, where it is sorted.
func (s *scope) sorted(list []*wire.Node) ([]*wire.Node, error) {
	maker := map[string]int{}
	for i, p := range list {
		for _, o := range p.Out {
			if o == "" {
				continue
			}
			if _, dup := maker[o]; dup {
				return nil, s.fault(p, fmt.Errorf("%w: result %s is defined twice", wire.ErrFormat, wire.Quote(o)))
			}
			maker[o] = i
		}
	}
	left := make([]int, len(list))
	users := make([][]int, len(list))
	last := make([]int, len(list)) // the node before whose operands j was last met, plus 1
	ok := true
	for i, p := range list {
		visitInputs(p, 0, func(name string) {
			if j, found := maker[name]; found && last[j] != i+1 {
				last[j] = i + 1
				users[j] = append(users[j], i)
				left[i]++
				ok = ok && j < i
			}
		})
	}
	if ok {
		return list, nil
	}
	return topological(list, left, users)
}

func topological(list []*wire.Node, left []int, users [][]int) ([]*wire.Node, error) {
	var ready []int
	for i, n := range left {
		if n == 0 {
			ready = append(ready, i)
		}
	}
	out := make([]*wire.Node, 0, len(list))
	for len(ready) > 0 {
		i := ready[0]
		ready = ready[1:]
		out = append(out, list[i])
		for _, j := range users[i] {
			if left[j]--; left[j] == 0 {
				ready = append(ready, j)
			}
		}
	}
	for i, n := range left {
		if n > 0 {
			err := fmt.Errorf("%w: it depends on its own result: the graph has a cycle", wire.ErrFormat)
			return nil, &ir.NodeError{Name: label(list[i]), Op: list[i].OpType, Err: err}
		}
	}
	return out, nil
}

// visitInputs calls f for the names that a node reads, those that its subgraphs capture included.
func visitInputs(p *wire.Node, depth int, f func(string)) {
	for _, name := range p.In {
		if name != "" {
			f(name)
		}
	}
	for _, name := range gradientNames(p) {
		f(name)
	}
	if depth > maxDepth {
		return
	}
	for _, a := range p.Attrs {
		for _, g := range append(slices.Clip(a.Graphs), a.G) {
			if g != nil {
				visitGraph(g, depth, f)
			}
		}
	}
}

func visitGraph(g *wire.Graph, depth int, f func(string)) {
	own := map[string]bool{}
	for _, vi := range g.Inputs {
		own[vi.Name] = true
	}
	for _, t := range g.Inits {
		own[t.Name] = true
	}
	for _, t := range g.SparseInits {
		if t.Values != nil {
			own[t.Values.Name] = true
		}
	}
	for _, p := range g.Nodes {
		for _, o := range p.Out {
			own[o] = true
		}
	}
	free := func(name string) {
		if !own[name] {
			f(name)
		}
	}
	for _, p := range g.Nodes {
		visitInputs(p, depth+1, free)
	}
	for _, vi := range g.Outputs {
		free(vi.Name)
	}
}

// node builds one node.
func (s *scope) node(p *wire.Node) error {
	n := &node{s: s, proto: p, op: p.OpType, domain: normDomain(p.Domain), attrs: map[string]*wire.Attr{}}
	if n.version = s.im.version(n.domain); s.im.newest[p] {
		n.version = MaxOpset
	}
	if err := s.attrs(n); err != nil {
		return err
	}
	for _, name := range p.In {
		var v *ir.Value
		if name != "" {
			if v = s.lookup(name); v == nil && !s.isAbsent(name) {
				return fmt.Errorf("%w: operand %s is not defined", wire.ErrFormat, wire.Quote(name))
			}
		}
		n.in = append(n.in, v)
	}
	for i, o := range p.Out {
		if o != "" {
			n.outs = i + 1
		}
	}
	outs, err := n.build()
	if err != nil {
		return err
	}
	for i, o := range p.Out[:min(len(p.Out), len(outs))] {
		if o == "" || outs[i] == nil {
			continue
		}
		if err := s.define(o, outs[i]); err != nil {
			return err
		}
		if v := outs[i]; v.Def != nil && s.g.Value(v.Name) == v && v.Name != s.prefix+o && isGenerated(v.Name) {
			s.g.Rename(v, s.prefix+o)
		}
	}
	return nil
}

// isAbsent reports whether name is an operand of the function being inlined that the call leaves out.
func (s *scope) isAbsent(name string) bool {
	for ; s != nil; s = s.outer {
		if s.absent[name] {
			return true
		}
	}
	return false
}

// isGenerated reports whether a value still has the name that its graph gave it.
func isGenerated(name string) bool {
	return len(name) > 1 && name[0] == 'v' && name[1] >= '0' && name[1] <= '9'
}

// attrs collects a node's attributes, references to a function's attributes resolved.
func (s *scope) attrs(n *node) error {
	for _, a := range n.proto.Attrs {
		if _, dup := n.attrs[a.Name]; dup {
			return fmt.Errorf("%w: attribute %s is given twice", wire.ErrFormat, wire.Quote(a.Name))
		}
		if a.RefName != "" {
			ref, ok := s.refs[a.RefName]
			if !ok {
				continue // an optional attribute that the call does not give
			}
			c := *ref
			c.Name = a.Name
			a = &c
		}
		n.attrs[a.Name] = a
	}
	return nil
}

// build returns the node's results.
func (n *node) build() ([]*ir.Value, error) {
	if f := n.s.im.funcs[funcKey{n.domain, n.op, n.proto.Overload}]; f != nil {
		return n.s.call(n, f)
	}
	if o := n.s.im.opts.Op; o != nil {
		if own := o(n.domain, n.op); own != nil {
			return n.add(own)
		}
	}
	outs, err := n.adapt()
	if outs != nil || err != nil {
		return outs, err
	}
	o := op.ByONNX(n.domain, n.op)
	if o == nil {
		return nil, fmt.Errorf("operator: %w", ir.ErrUnsupported)
	}
	return n.add(o)
}

// add appends a node of op o with n's operands, attributes and bodies.
func (n *node) add(o *ir.Op) ([]*ir.Value, error) {
	attrs, err := n.decodeAttrs(o)
	if err != nil {
		return nil, err
	}
	if o.Own != nil {
		attrs = o.Own(attrs, len(n.in))
	}
	in := n.in
	var bodies []*ir.Graph
	if pg := n.decided(o); pg != nil {
		return n.branch(pg)
	}
	if len(o.Bodies) > 0 {
		if bodies, err = n.bodies(o, attrs); err != nil {
			return nil, err
		}
		if vo, ok := variadicFrom(o); ok {
			for len(in) < vo {
				in = append(in, nil)
			}
		}
		in = append(slices.Clone(in), n.caps.outer...)
	}
	n.s.b.From = []string{n.s.im.from(n.s.prefix + label(n.proto))}
	m := n.s.b.Add(o, attrs, bodies, max(n.outs, 1), in...)
	if m == nil {
		err := n.s.b.Err()
		n.s.b = ir.NewBuilder(n.s.g)
		return nil, unwrapOp(err)
	}
	return slices.Clone(m.Out), nil
}

// from returns a name for messages that no other node has: several nodes of a file may share one, and one may become several.
func (im *importer) from(name string) string {
	name = im.labels.free(name)
	im.labelled = append(im.labelled, name)
	return name
}

// names holds names that are taken, each with the last number that made a name like it unique.
type names map[string]int

func (t names) has(name string) bool { _, ok := t[name]; return ok }

// free returns name, or where it is taken name with a number behind it, and takes it.
func (t names) free(name string) string {
	i, taken := t[name]
	for base := name; taken; {
		i++
		t[base] = i
		name = fmt.Sprintf("%s_%d", base, i)
		_, taken = t[name]
	}
	t[name] = 0
	return name
}

// unwrapOp drops the op's name in IR text, for the message names ONNX's.
func unwrapOp(err error) error {
	if u := errors.Unwrap(err); u != nil {
		return u
	}
	return err
}

// variadicFrom returns the index of an op's variadic operand.
func variadicFrom(o *ir.Op) (int, bool) {
	for i, p := range o.Sig.In {
		if p.Variadic {
			return i, true
		}
	}
	return 0, false
}
