package onnxgo

import (
	"fmt"
	"slices"
	"strings"

	onnxgo "github.com/owulveryck/onnx-go"
	gorgonia "gorgonia.org/tensor"

	"github.com/cameo-onnx/cameo/ir/tensor"
	"github.com/cameo-onnx/cameo/onnx"
	"github.com/cameo-onnx/cameo/onnx/wire"
)

// value is what the nodes of one name stand for: onnx-go makes two where a model returns one of its inputs.
type value struct {
	name   string
	nodes  []*Node
	given  *Node // set after decoding
	def    int   // index of the operation that yields it; -1 for inputs and weights
	used   bool  // some operation takes it
	weight bool
}

// resolve sorts out which values are inputs, weights and results.
func (g *Graph) resolve() {
	if g.byName != nil {
		return
	}
	g.values, g.byName, g.weights = nil, map[string]*value{}, false
	for _, n := range g.nodes {
		key := n.key()
		if key == "" {
			continue
		}
		v := g.byName[key]
		if v == nil {
			v = &value{name: key, def: -1}
			g.byName[key] = v
			g.values = append(g.values, v)
		}
		v.nodes = append(v.nodes, n)
		if n.given {
			v.given = n
		}
	}
	last := g.resolveOps()
	seen := false
	for _, v := range g.values {
		v.weight = v.def < 0 && isWeight(v, last)
		if v.weight {
			seen = true
		} else if v.def < 0 && v.nodes[0].sets > 0 {
			g.weights = g.weights || seen
		}
	}
}

// resolveOps links values to operations. It returns the ID of the last result that was declared, or -1.
func (g *Graph) resolveOps() int64 {
	last := int64(-1)
	for i, o := range g.ops {
		for _, n := range o.out {
			v := g.byName[n.key()]
			if v == nil {
				continue
			}
			if v.def >= 0 && v.def != i {
				g.fail(fmt.Errorf("onnxgo: %q is the result of two operations, %s and %s", v.name, g.ops[v.def].name, o.name))
			}
			v.def = i
			for _, n := range v.nodes {
				if n.sets > 0 {
					last = max(last, n.id)
				}
			}
		}
		for _, in := range g.operandsOf(o) {
			if v := g.byName[in.node.key()]; v != nil {
				v.used = true
			}
		}
	}
	return last
}

// isWeight tells a weight from an input that has no value yet. Inputs are declared first, then intermediate values, then
// outputs, each with a placeholder; then weights get their values, and those that were not declared, as files of today have it,
// their nodes. So a weight was set twice, or behind the last of the outputs.
func isWeight(v *value, last int64) bool {
	for _, n := range v.nodes {
		if n.sets > 1 {
			return true
		}
	}
	for _, n := range v.nodes {
		if n.sets == 0 || last < 0 || n.id < last {
			return false
		}
	}
	return true
}

// carrier returns the node that carries the weight's value, or the input's where it has one.
func (v *value) carrier() *Node {
	if v.given != nil {
		return v.given
	}
	if v.weight {
		for _, n := range v.nodes {
			if n.sets > 1 {
				return n
			}
		}
		return v.nodes[0]
	}
	return nil
}

// operandsOf returns the operands of an operation as they were drawn from its first result that has a name.
func (g *Graph) operandsOf(o operation) []operand {
	for _, n := range o.out {
		if n.key() != "" {
			return g.operands[n.id]
		}
	}
	return nil
}

// proto writes the operation as a node of an ONNX model; nil where nothing takes its results.
func (g *Graph) proto(o operation) (*wire.Node, error) {
	attrs, err := o.wireAttrs()
	if err != nil {
		return nil, err
	}
	n := &wire.Node{OpType: o.name, Attrs: attrs}
	named := false
	for _, out := range o.out {
		n.Out = append(n.Out, out.key())
		named = named || out.key() != ""
	}
	if !named {
		return nil, nil
	}
	ins := g.operandsOf(o)
	for _, in := range ins {
		if v := g.byName[in.node.key()]; len(ins) == 1 && v != nil && v.def < 0 && in.node.isDummy() {
			continue
		}
		for len(n.In) <= in.at {
			n.In = append(n.In, "")
		}
		n.In[in.at] = in.node.key()
	}
	n.Domain = domainOf(n)
	return n, nil
}

// model writes the graph as an ONNX model without types, weights and opsets.
func (g *Graph) model() (*wire.Model, error) {
	m := &wire.Model{IRVersion: 8, Graph: &wire.Graph{Name: "onnxgo"}}
	for _, o := range g.ops {
		n, err := g.proto(o)
		if err != nil {
			return nil, err
		}
		if n != nil {
			m.Graph.Nodes = append(m.Graph.Nodes, n)
		}
	}
	for _, v := range g.values {
		if v.def >= 0 {
			continue
		}
		if v.weight {
			m.Graph.Inits = append(m.Graph.Inits, &wire.Tensor{Name: v.name})
		} else if v.given != nil || v.used && !v.nodes[0].isDummy() {
			m.Graph.Inputs = append(m.Graph.Inputs, &wire.ValueInfo{Name: v.name})
		}
	}
	for _, name := range g.outputs() {
		m.Graph.Outputs = append(m.Graph.Outputs, &wire.ValueInfo{Name: name})
	}
	return m, nil
}

// outputs names the results that Run computes: those which nothing takes and the model declares, or all that nothing takes
// where it declares none; and what was asked for.
func (g *Graph) outputs() []string {
	var declared, open []string
	for _, v := range g.values {
		switch {
		case v.def < 0 || v.used:
			continue
		case slices.ContainsFunc(v.nodes, func(n *Node) bool { return n.sets > 0 }):
			declared = append(declared, v.name)
		}
		open = append(open, v.name)
	}
	if len(declared) == 0 {
		declared = open
	}
	for _, name := range g.wanted {
		if !slices.Contains(declared, name) {
			declared = append(declared, name)
		}
	}
	return declared
}

// wireAttrs returns the attributes in order of their names.
func (o operation) wireAttrs() ([]*wire.Attr, error) {
	var out []*wire.Attr
	for name, x := range o.attrs {
		a, err := wireAttr(x)
		if err != nil {
			return nil, &onnxgo.ErrNotImplemented{Operator: o.name, AttributeName: name, AttributeValue: x, Message: err.Error()}
		}
		a.Name = name
		out = append(out, a)
	}
	slices.SortFunc(out, func(a, b *wire.Attr) int { return strings.Compare(a.Name, b.Name) })
	return out, nil
}

func wireAttr(x any) (*wire.Attr, error) {
	switch x := x.(type) {
	case float32:
		return &wire.Attr{Type: wire.AttrFloat, F: x}, nil
	case int64:
		return &wire.Attr{Type: wire.AttrInt, I: x}, nil
	case string:
		return &wire.Attr{Type: wire.AttrString, S: []byte(x)}, nil
	case []float32:
		return &wire.Attr{Type: wire.AttrFloats, Floats: x}, nil
	case []int64:
		return &wire.Attr{Type: wire.AttrInts, Ints: x}, nil
	case []string:
		a := &wire.Attr{Type: wire.AttrStrings}
		for _, s := range x {
			a.Strings = append(a.Strings, []byte(s))
		}
		return a, nil
	case gorgonia.Tensor:
		t, err := fromGorgonia(x)
		if err != nil {
			return nil, err
		}
		return &wire.Attr{Type: wire.AttrTensor, T: wire.FromTensor("", t)}, nil
	case struct{}:
		return nil, fmt.Errorf("the file does not say of which type it is, and onnx-go drops its value")
	}
	return nil, fmt.Errorf("its type is %T", x)
}

// domainOf guesses the domain of an operator, which onnx-go drops: ai.onnx where that has it.
func domainOf(n *wire.Node) string {
	if attr := microsoftWith[n.OpType]; attr != "" && hasAttr(n, attr) {
		return "com.microsoft"
	}
	for _, d := range domains {
		if onnx.Supports(d.Domain, n.OpType) {
			return d.Domain
		}
	}
	return ""
}

// domains are tried in this order, with the newest version of each.
var domains = []wire.OpsetID{
	{Version: onnx.MaxOpset}, {Domain: "ai.onnx.ml", Version: 5}, {Domain: "com.microsoft", Version: 1},
	{Domain: "ai.onnx.preview.training", Version: 1}, {Domain: "ai.onnx.preview", Version: 1},
}

// microsoftWith names the attribute by which an operator of com.microsoft is told from its namesake in ai.onnx that means something else.
var microsoftWith = map[string]string{"Attention": "num_heads"}

func hasAttr(n *wire.Node, name string) bool {
	return slices.ContainsFunc(n.Attrs, func(a *wire.Attr) bool { return a.Name == name })
}

// weightsOf returns the values of weights. In a file's own model they are those that were set anew.
func (g *Graph) weightsOf(p *wire.Model) (map[string]*tensor.Tensor, error) {
	out := map[string]*tensor.Tensor{}
	for _, t := range p.Graph.Inits {
		v := g.byName[t.Name]
		if v == nil || !v.weight || g.file != nil && v.given == nil {
			continue
		}
		c, err := fromGorgonia(v.carrier().t)
		if err != nil {
			return nil, fmt.Errorf("onnxgo: weight %q: %w", v.name, err)
		}
		out[t.Name] = c
	}
	return out, nil
}
