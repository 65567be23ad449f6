package ir

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// A Graph is a list of nodes in topological order, always.
type Graph struct {
	Name    string
	Inputs  []*Value
	Outputs []Output
	Nodes   []*Node
	Assumes []Fact // relations between sizes that inference relied on; checked when sizes are bound

	nextID   int
	names    map[string]*Value
	suffixes map[string]int // the last number that made a name unique
	syms     *symNames      // shared with bodies, so that a size has one name throughout
	hint     int            // index at which the last search for an insertion point ended
}

type symNames struct {
	used map[string]bool
	next int
}

// Output is a result of a graph.
type Output struct {
	Name  string // the caller's name; survives every rewrite
	Value *Value
	Into  *Value // the input whose storage it takes over, or nil
}

// A Value is an input, a constant, or a result of a node.
type Value struct {
	ID   int    // dense in its graph: side tables are slices
	Name string // unique in its graph
	Type Type
	Def  *Node          // nil for inputs and constants
	Data *tensor.Tensor // set for constants, and for inputs that have a default

	elems []sym.Dim
	uses  []Use
	input bool
}

// A Use is an operand of a node.
type Use struct {
	Node *Node
	Arg  int
}

// A Node applies an op to operands.
type Node struct {
	Op     *Op
	In     []*Value // nil marks an absent optional operand
	Out    []*Value
	Attrs  any      // always the op's own struct
	Bodies []*Graph // closed: captures are operands
	From   []string // names of the ONNX nodes that it stands for, for messages and profiles
}

// Epilogue returns the body that is applied to n's result: its inputs are that result and the operands behind n's own. It is nil where
// n has none.
func (n *Node) Epilogue() *Graph {
	if len(n.Bodies) == 1 && len(n.Op.Bodies) == 0 && n.Op.Props&Bodied == 0 {
		return n.Bodies[0]
	}
	return nil
}

// Own returns the number of n's operands that are its op's own: all but those of an epilogue.
func (n *Node) Own() int {
	if e := n.Epilogue(); e != nil {
		return max(0, len(n.In)-len(e.Inputs)+1)
	}
	return len(n.In)
}

// NewGraph returns an empty graph.
func NewGraph(name string) *Graph {
	return &Graph{Name: name, names: map[string]*Value{}, syms: &symNames{used: map[string]bool{}}}
}

// NewBody returns an empty graph that is to be a body of one of g's nodes.
func (g *Graph) NewBody(name string) *Graph {
	return &Graph{Name: name, names: map[string]*Value{}, syms: g.syms}
}

// Uses returns the operands that v is; the caller must not change them.
func (v *Value) Uses() []Use { return v.uses }

// IsInput reports whether v is an input of its graph.
func (v *Value) IsInput() bool { return v.input }

// IsConst reports whether v is a constant.
func (v *Value) IsConst() bool { return v.Data != nil && !v.input }

// Known returns what is known of v before running.
func (v *Value) Known() Known {
	if v == nil {
		return Known{}
	}
	k := Known{Type: v.Type, Elems: v.elems}
	if v.IsConst() {
		k.Const = v.Data
	}
	return k
}

// NumValues returns a number above every ID of g's values.
func (g *Graph) NumValues() int { return g.nextID }

// Value returns the value of the given name, or nil.
func (g *Graph) Value(name string) *Value { return g.names[name] }

func (g *Graph) newValue(name string, t Type) *Value {
	if name == "" {
		name = "v" + strconv.Itoa(g.nextID)
	}
	name = g.freeName(name)
	v := &Value{ID: g.nextID, Name: name, Type: t}
	g.nextID++
	g.names[name] = v
	return v
}

// freeName returns name, or where it is taken name with a number behind it. Numbers are not looked for from 1 on each time, for a file
// may give a million values one name.
func (g *Graph) freeName(name string) string {
	if g.names[name] == nil {
		return name
	}
	base := name
	for i := g.suffixes[base] + 1; ; i++ {
		if name = base + "." + strconv.Itoa(i); g.names[name] == nil {
			if g.suffixes == nil {
				g.suffixes = map[string]int{}
			}
			g.suffixes[base] = i
			return name
		}
	}
}

// Rename gives v another name, made unique in g.
func (g *Graph) Rename(v *Value, name string) {
	if v.Name == name {
		return
	}
	delete(g.names, v.Name)
	name = g.freeName(name)
	v.Name = name
	g.names[name] = v
}

func (g *Graph) freshSym() string {
	for {
		name := "u" + strconv.Itoa(g.syms.next)
		g.syms.next++
		if !g.syms.used[name] {
			g.syms.used[name] = true
			return name
		}
	}
}

// FreshSym returns a size that no other in the graph is equal to.
func (g *Graph) FreshSym() sym.Dim { return sym.Sym(g.freshSym()) }

func (g *Graph) useSyms(t Type) {
	for _, d := range t.Shape {
		if _, ok := d.Int(); !ok {
			for _, s := range d.Syms() {
				g.syms.used[s] = true
			}
		}
	}
	if t.Elem != nil {
		g.useSyms(*t.Elem)
	}
}

// Input appends an input.
func (g *Graph) Input(name string, t Type) *Value {
	v := g.newValue(name, t)
	v.input = true
	g.useSyms(t)
	g.Inputs = append(g.Inputs, v)
	return v
}

// Const adds a constant. An empty name is replaced by a fresh one.
func (g *Graph) Const(name string, t *tensor.Tensor) *Value {
	v := g.newValue(name, TensorOf(t.DType(), ShapeOf(t.Dims()...)...))
	v.Data = t
	v.elems = elemsOf(t)
	return v
}

// CountsSizes reports whether tensors of d may hold sizes whose entries are followed: integers that an int holds, and bools.
func CountsSizes(d tensor.DType) bool { return d.IsInt() && d != tensor.U64 || d == tensor.Bool }

func elemsOf(t *tensor.Tensor) []sym.Dim {
	if t.Len() > MaxElems || t.Rank() > 1 || !CountsSizes(t.DType()) {
		return nil
	}
	out := make([]sym.Dim, t.Len())
	for i := range out {
		out[i] = sym.Const(int(t.Int64At(i)))
	}
	return out
}

// Output appends an output.
func (g *Graph) Output(name string, v *Value) {
	g.Outputs = append(g.Outputs, Output{Name: name, Value: v})
}

// Index returns the place of n among g.Nodes, found quickly near that of the last search or change.
func (g *Graph) Index(n *Node) int {
	if g.hint < len(g.Nodes) && g.Nodes[g.hint] == n {
		return g.hint
	}
	for d := 1; d < len(g.Nodes); d++ {
		if i := g.hint + d; i < len(g.Nodes) && g.Nodes[i] == n {
			g.hint = i
			return i
		}
		if i := g.hint - d; i >= 0 && i < len(g.Nodes) && g.Nodes[i] == n {
			g.hint = i
			return i
		}
	}
	g.hint = max(0, slices.Index(g.Nodes, n))
	return g.hint
}

// Replace redirects every use of old, outputs included, to new, and infers what lies downstream anew. The types must agree in element
// type and rank.
func (g *Graph) Replace(old, new *Value) error {
	if old == new {
		return nil
	}
	if !old.Type.Fits(new.Type) {
		return fmt.Errorf("replace %%%s of type %v by %%%s of type %v", old.Name, old.Type, new.Name, new.Type)
	}
	uses := old.uses
	for _, u := range uses {
		u.Node.In[u.Arg] = new
	}
	new.uses = append(new.uses, uses...)
	old.uses = nil
	for i := range g.Outputs {
		if g.Outputs[i].Value == old {
			g.Outputs[i].Value = new
		}
	}
	if old.Type.Equal(new.Type) && slices.EqualFunc(old.elems, new.elems, sym.Dim.Equal) && !new.IsConst() {
		return nil
	}
	return g.reinfer(uses)
}

// SetOperand makes v the operand arg of n; what lies downstream is not inferred anew.
func (g *Graph) SetOperand(n *Node, arg int, v *Value) {
	if old := n.In[arg]; old != nil {
		old.dropUse(n, arg)
	}
	n.In[arg] = v
	if v != nil {
		v.uses = append(v.uses, Use{n, arg})
	}
}

func (v *Value) dropUse(n *Node, arg int) {
	i := slices.Index(v.uses, Use{n, arg})
	v.uses = slices.Delete(v.uses, i, i+1)
}

// Erase removes a node whose results nobody uses.
func (g *Graph) Erase(n *Node) {
	i := g.Index(n)
	g.detach(n)
	g.Nodes = slices.Delete(g.Nodes, i, i+1)
	g.hint = max(0, i-1)
}

func (g *Graph) detach(n *Node) {
	for _, v := range n.Out {
		if len(v.uses) > 0 {
			panic(fmt.Sprintf("ir: erase of %%%s, which is in use", v.Name))
		}
		delete(g.names, v.Name)
	}
	for i, v := range n.In {
		if v != nil {
			v.dropUse(n, i)
		}
	}
}

// Sweep removes the nodes that no output depends on.
func (g *Graph) Sweep() {
	isOut := make(map[*Value]bool, len(g.Outputs))
	for _, o := range g.Outputs {
		isOut[o.Value] = true
	}
	used := func(v *Value) bool { return len(v.uses) > 0 || isOut[v] }
	dead := make(map[*Node]bool)
	for _, n := range slices.Backward(g.Nodes) {
		if !slices.ContainsFunc(n.Out, used) {
			g.detach(n)
			dead[n] = true
		}
	}
	if len(dead) > 0 {
		g.Nodes = slices.DeleteFunc(g.Nodes, func(n *Node) bool { return dead[n] })
		g.hint = 0
	}
	for name, v := range g.names {
		if v.IsConst() && !used(v) {
			delete(g.names, name)
		}
	}
}

// AllNodes yields the nodes of g and, before each node that has them, those of its bodies.
func (g *Graph) AllNodes(yield func(*Graph, *Node) bool) bool {
	for _, n := range g.Nodes {
		for _, b := range n.Bodies {
			if !b.AllNodes(yield) {
				return false
			}
		}
		if !yield(g, n) {
			return false
		}
	}
	return true
}
