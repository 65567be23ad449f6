package rewrite

import (
	"fmt"
	"slices"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// Options of one application.
type Options struct {
	Ctx    any                                      // becomes Match.Ctx
	Strict bool                                     // leaves out Loose rules
	Fired  func(rule string, n *ir.Node, err error) // sees each rule that fired at n, or whose result could not be built, which changes nothing
}

// Apply applies the rules to g until none matches; bodies are graphs of their own. The work is bounded: rules that undo each
// other end, though not in a fixpoint.
func (rs *Rules) Apply(g *ir.Graph, o Options) error {
	e := &engine{g: g, o: o, rules: rs, queued: map[*ir.Node]bool{}, dead: map[*ir.Node]bool{}, outs: map[*ir.Value]bool{}}
	for _, out := range g.Outputs {
		e.outs[out.Value] = true
	}
	for _, n := range g.Nodes {
		e.push(n)
	}
	left := 1000 + 8*len(g.Nodes)
	for len(e.queue) > 0 && left > 0 {
		n := e.queue[0]
		e.queue = e.queue[1:]
		e.queued[n] = false
		if e.dead[n] {
			continue
		}
		fired, err := e.visit(n)
		if err != nil {
			return err
		}
		if fired {
			left--
		}
	}
	return nil
}

type engine struct {
	g      *ir.Graph
	o      Options
	rules  *Rules
	queue  []*ir.Node
	queued map[*ir.Node]bool
	dead   map[*ir.Node]bool
	outs   map[*ir.Value]bool // outputs of the graph
}

func (e *engine) push(n *ir.Node) {
	if n != nil && !e.queued[n] && !e.dead[n] && len(e.rules.byRoot[n.Op]) > 0 {
		e.queued[n] = true
		e.queue = append(e.queue, n)
	}
}

// visit applies the first rule that matches at n.
func (e *engine) visit(n *ir.Node) (bool, error) {
	if len(n.Out[0].Uses()) == 0 && !e.outs[n.Out[0]] {
		return false, nil
	}
	for _, r := range e.rules.byRoot[n.Op] {
		if r.Loose && e.o.Strict {
			continue
		}
		m := &Match{G: e.g, Root: n, Ctx: e.o.Ctx, rule: r, outs: e.outs}
		if !m.find() {
			continue
		}
		fired, err := e.fire(m)
		if fired || err != nil {
			return fired, err
		}
	}
	return false, nil
}

// fire replaces m's root by what the rule builds, and reports whether it did.
func (e *engine) fire(m *Match) (bool, error) {
	at := e.g.Index(m.Root)
	m.B = ir.NewBuilder(e.g).Before(m.Root)
	m.B.From = m.from()
	var v *ir.Value
	if m.rule.Do != nil {
		v = m.rule.Do(m)
	} else {
		v = m.build(m.rule.to)
	}
	built := slices.Clone(e.g.Nodes[at:e.g.Index(m.Root)])
	err := m.B.Err()
	if err == nil && v != nil {
		err = m.check(v)
	}
	if err != nil || v == nil || v == m.Root.Out[0] {
		for _, n := range slices.Backward(built) {
			e.g.Erase(n)
		}
		if err != nil {
			e.report(m, err)
		}
		return false, nil
	}
	e.report(m, nil)
	return true, e.replace(m, v, built)
}

func (e *engine) report(m *Match, err error) {
	if e.o.Fired != nil {
		e.o.Fired(m.rule.Name, m.Root, err)
	}
}

// check refuses a result that cannot stand where the root's result stood.
func (m *Match) check(v *ir.Value) error {
	a, b := m.Root.Out[0].Type, v.Type
	if a.Kind != b.Kind || a.DType != b.DType || a.Rank() >= 0 && b.Rank() >= 0 && a.Rank() != b.Rank() {
		return fmt.Errorf("a result of type %v where there was %v", b, a)
	}
	return nil
}

func (e *engine) replace(m *Match, v *ir.Value, built []*ir.Node) error {
	if err := e.swap(m.Root.Out[0], v); err != nil {
		return fmt.Errorf("rule %s at %q: %w", m.rule.Name, m.Root.Label(), err)
	}
	for _, n := range built {
		e.push(n)
	}
	name := m.Root.Out[0].Name
	for _, n := range slices.Backward(m.nodes) {
		e.sweep(n)
	}
	if v.Def != nil && slices.Contains(built, v.Def) {
		e.g.Rename(v, name)
	}
	for _, n := range slices.Backward(built) {
		e.sweep(n)
	}
	return nil
}

// swap redirects old's uses to by, and keeps what was known of old's type: the values are the same.
func (e *engine) swap(old, by *ir.Value) error {
	t := old.Type
	if err := e.g.Replace(old, by); err != nil {
		return err
	}
	if e.outs[old] {
		delete(e.outs, old)
		e.outs[by] = true
	}
	if by.Def != nil && t.Rank() >= 0 {
		if err := e.g.SetType(by, merged(t, by.Type)); err != nil {
			return err
		}
	}
	for _, u := range by.Uses() {
		e.push(u.Node)
	}
	e.push(by.Def)
	return nil
}

// merged returns type t, that of the value which was replaced, with the constants that the new one's type has.
func merged(t, by ir.Type) ir.Type {
	if by.Rank() < 0 {
		t.Layout = by.Layout
		return t
	}
	by.Shape = slices.Clone(by.Shape)
	for i, d := range by.Shape {
		if _, ok := d.Int(); !ok {
			by.Shape[i] = t.Shape[i]
		}
	}
	return by
}

// sweep erases n, and what it alone used, if nobody uses it.
func (e *engine) sweep(n *ir.Node) {
	stack := []*ir.Node{n}
	for len(stack) > 0 {
		n := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if e.dead[n] || slices.ContainsFunc(n.Out, func(v *ir.Value) bool { return len(v.Uses()) > 0 || e.outs[v] }) {
			e.push(n)
			continue
		}
		e.dead[n] = true
		e.g.Erase(n)
		for _, v := range n.In {
			if v == nil {
				continue
			}
			if v.Def != nil {
				stack = append(stack, v.Def)
			}
			// A value that has lost a use may now have one alone, which its user's rules may ask for.
			if len(v.Uses()) == 1 {
				e.push(v.Uses()[0].Node)
			}
		}
	}
}

// from returns the names of the nodes that the match replaces.
func (m *Match) from() (out []string) {
	for _, n := range slices.Backward(m.nodes) {
		for _, f := range n.From {
			if !slices.Contains(out, f) {
				out = append(out, f)
			}
		}
	}
	return out
}

// build builds t and returns its value; nil after an error, or where a bare name is of another type.
func (m *Match) build(t *term) *ir.Value {
	switch t.kind {
	case varTerm:
		v := m.vals[t.slot]
		if t == m.rule.to && (!v.Type.Equal(m.Root.Out[0].Type) || v.Type.Unranked) { // types of unknown rank may be equal and the sizes differ
			return nil
		}
		return v
	case absentTerm:
		return nil
	}
	in := make([]*ir.Value, len(t.args))
	d := tensor.Invalid
	for i, a := range t.args {
		if a.kind == litTerm {
			continue
		}
		if in[i] = m.build(a); d == tensor.Invalid && in[i] != nil {
			d = in[i].Type.DType
		}
	}
	for i, a := range t.args {
		if a.kind == litTerm {
			in[i] = m.scalar(d, a)
		}
	}
	attrs := t.attrs
	if attrs == nil {
		attrs = t.ops[0].Attrs
		if t.slot >= 0 {
			attrs = m.vals[t.slot].Def.Attrs
		}
	}
	n := m.B.Add(t.ops[0], attrs, nil, 0, in...)
	if n == nil {
		return nil
	}
	return n.Out[0]
}

func (m *Match) scalar(d tensor.DType, t *term) *ir.Value {
	if d == tensor.Invalid || d == tensor.String || d.IsComplex() {
		m.B.Fail(fmt.Errorf("number %v of no type", t.lit))
		return nil
	}
	c := tensor.New(d)
	if d.IsFloat() {
		c.SetFloat64At(0, t.lit)
	} else {
		c.SetInt64At(0, int64(t.lit))
	}
	return m.G.Const("", c)
}
