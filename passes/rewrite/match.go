package rewrite

import (
	"math"
	"slices"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// maxSteps bounds the places that one attempt at one rule looks at, over all orders of commutative operands.
const maxSteps = 4096

// A Match is one way in which a rule's From matches at a node.
type Match struct {
	G    *ir.Graph
	B    *ir.Builder // inserts before Root, and gives new nodes the names of those that they replace
	Root *ir.Node
	Ctx  any // Options.Ctx

	rule  *rule
	vals  []*ir.Value
	bound []bool
	nodes []*ir.Node
	outs  map[*ir.Value]bool
	steps int
}

// Has reports whether the rule's From has a name or label so called.
func (m *Match) Has(name string) bool { _, ok := m.rule.slots[name]; return ok }

// Value returns the value that the name stands for; nil where it is an absent operand.
func (m *Match) Value(name string) *ir.Value {
	i, ok := m.rule.slots[name]
	if !ok {
		panic("rewrite: rule " + m.rule.Name + " has no " + name)
	}
	return m.vals[i]
}

// Node returns the node that the label stands for.
func (m *Match) Node(label string) *ir.Node { return m.Value(label).Def }

// Const returns the constant that the name stands for; nil where it is none.
func (m *Match) Const(name string) *tensor.Tensor {
	if v := m.Value(name); v != nil && v.IsConst() {
		return v.Data
	}
	return nil
}

// Number returns the number that all elements of the constant are.
func (m *Match) Number(name string) (float64, bool) {
	t := m.Const(name)
	if t == nil {
		return 0, false
	}
	return Splat(t)
}

// Ints returns the entries of an integer operand that is known.
func (m *Match) Ints(name string) ([]int, bool) { return m.Value(name).Known().Ints() }

// Alone reports whether v has one use and is no output of the graph.
func (m *Match) Alone(v *ir.Value) bool { return len(v.Uses()) == 1 && !m.outs[v] }

// Splat returns the number that all of t's elements are, for real types of whole bytes.
func Splat(t *tensor.Tensor) (float64, bool) {
	d := t.DType()
	size := d.Bits() / 8
	b := t.Bytes()
	if size == 0 || len(b) == 0 || d == tensor.String || d.IsComplex() || string(b[size:]) != string(b[:len(b)-size]) {
		return 0, false
	}
	return first(t), true
}

func first(t *tensor.Tensor) float64 {
	if t.DType().IsFloat() {
		return t.Float64At(0)
	}
	return float64(t.Int64At(0))
}

// is reports whether all of x's elements are t's number.
func (t *term) is(x *tensor.Tensor) bool {
	d := x.DType()
	if x.Len() == 0 || d == tensor.String || d.IsComplex() || d == tensor.Bool || d.Bits() < 8 {
		return false
	}
	tol := t.tol
	if !t.isInt && tol == 0 {
		// Half a unit in the last place of the type, and the rounding of the text.
		tol = map[tensor.DType]float64{tensor.F64: 1e-15, tensor.F32: 1.2e-7, tensor.F16: 5e-4, tensor.BF16: 4e-3}[d]
	}
	if v := first(x); math.IsNaN(v) || math.Abs(v-t.lit) > tol*math.Abs(t.lit) {
		return false
	}
	_, ok := Splat(x)
	return ok
}

// find tries the rule at m.Root.
func (m *Match) find() bool {
	m.vals = make([]*ir.Value, len(m.rule.slots))
	m.bound = make([]bool, len(m.rule.slots))
	m.nodes, m.steps = nil, maxSteps
	return m.match(m.rule.from, m.Root.Out[0], m.accept)
}

func (m *Match) accept() bool {
	return (m.rule.Shared || m.closed()) && (m.rule.When == nil || m.rule.When(m))
}

// closed reports whether all uses of the inner nodes are inside the match.
func (m *Match) closed() bool {
	for _, n := range m.nodes {
		if n == m.Root {
			continue
		}
		for _, v := range n.Out {
			if m.outs[v] {
				return false
			}
			for _, u := range v.Uses() {
				if !slices.Contains(m.nodes, u.Node) {
					return false
				}
			}
		}
	}
	return true
}

// match matches t with v, and then what k does.
func (m *Match) match(t *term, v *ir.Value, k func() bool) bool {
	if m.steps--; m.steps < 0 {
		return false
	}
	switch t.kind {
	case absentTerm:
		return v == nil && k()
	case litTerm:
		return v != nil && v.IsConst() && t.is(v.Data) && k()
	case varTerm:
		if v == nil && !t.optional || t.constant && v != nil && !v.IsConst() {
			return false
		}
		return m.bind(t.slot, v, k)
	}
	if v == nil || v.Def == nil || v.Def.Out[0] != v || !slices.Contains(t.ops, v.Def.Op) {
		return false
	}
	n := v.Def
	if n.Epilogue() != nil {
		return false // its result is not the op's alone
	}
	for _, f := range t.fields {
		if ir.AttrText(n.Attrs, f) != ir.AttrText(t.attrs, f) {
			return false
		}
	}
	return m.bind(t.slot, v, func() bool {
		m.nodes = append(m.nodes, n)
		if m.operands(t, n, k) {
			return true
		}
		m.nodes = m.nodes[:len(m.nodes)-1]
		return false
	})
}

func (m *Match) bind(slot int, v *ir.Value, k func() bool) bool {
	if slot < 0 {
		return k()
	}
	if m.bound[slot] {
		return same(m.vals[slot], v) && k()
	}
	m.bound[slot], m.vals[slot] = true, v
	if k() {
		return true
	}
	m.bound[slot], m.vals[slot] = false, nil
	return false
}

// same reports whether a and b are the same value, or small constants of the same content.
func same(a, b *ir.Value) bool {
	if a == b {
		return true
	}
	return a != nil && b != nil && a.IsConst() && b.IsConst() && a.Data.Len() <= 64 && tensor.Equal(a.Data, b.Data)
}

func (m *Match) operands(t *term, n *ir.Node, k func() bool) bool {
	if len(n.In) > len(t.args) && !t.rest {
		return false
	}
	in := make([]*ir.Value, max(len(n.In), len(t.args)))
	copy(in, n.In)
	if m.list(t.args, in, k) {
		return true
	}
	if n.Op.Props&ir.Commutative == 0 || len(t.args) < 2 || in[0] == in[1] {
		return false
	}
	in = slices.Clone(in)
	in[0], in[1] = in[1], in[0]
	return m.list(t.args, in, k)
}

func (m *Match) list(ts []*term, in []*ir.Value, k func() bool) bool {
	if len(ts) == 0 {
		return k()
	}
	return m.match(ts[0], in[0], func() bool { return m.list(ts[1:], in[1:], k) })
}
