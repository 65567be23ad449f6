package onnx

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/op"
	"github.com/cameo-onnx/cameo/ir/tensor"
	"github.com/cameo-onnx/cameo/onnx/wire"
)

// ExportOptions say how a graph is written; the zero value writes all weights into the model, as long as one file can hold them.
type ExportOptions struct {
	Producer string            // producer_name; empty: cameo
	Version  string            // producer_version
	Metadata map[string]string // metadata_props

	// External is for Save: constants of at least this many bytes go to a file beside the model's; 0: only if the model would be too large
	// for one file; negative: none.
	External int
}

// The versions that Export writes, unless an operator or an element type needs a newer one.
const (
	exportOpset = 21
	exportIR    = 10
)

// Export turns a graph into a model. Operators that ONNX does not have are written in simpler ones; those for which that is not
// possible are refused, all at once, by an *UnsupportedError. What Output.Into says is not written: ONNX has no word for it. The
// model's constants share the graph's memory.
func Export(g *ir.Graph, o ExportOptions) (*wire.Model, error) {
	x := &exporter{opsets: map[string]int{"": exportOpset}, ir: exportIR, top: &wire.Graph{Name: g.Name}, shared: map[*tensor.Tensor]string{}, labels: names{}}
	s := &exportScope{x: x, g: g, pg: x.top, names: map[*ir.Value]string{}, own: names{}}
	if err := s.graph(0, nil); err != nil {
		return nil, fmt.Errorf("onnx: export: %w", err)
	}
	if len(x.refused) > 0 {
		return nil, &UnsupportedError{x.refused}
	}
	m := &wire.Model{IRVersion: int64(x.ir), ProducerName: o.Producer, ProducerVersion: o.Version, Graph: x.top}
	if m.ProducerName == "" {
		m.ProducerName = "cameo"
	}
	for d, v := range x.opsets {
		m.Opsets = append(m.Opsets, wire.OpsetID{Domain: d, Version: int64(v)})
	}
	slices.SortFunc(m.Opsets, func(a, b wire.OpsetID) int { return strings.Compare(a.Domain, b.Domain) })
	for k, v := range o.Metadata {
		m.Metadata = append(m.Metadata, wire.StringString{Key: k, Value: v})
	}
	slices.SortFunc(m.Metadata, func(a, b wire.StringString) int { return strings.Compare(a.Key, b.Key) })
	return m, nil
}

type exporter struct {
	opsets  map[string]int
	ir      int
	top     *wire.Graph
	shared  map[*tensor.Tensor]string // constants that several graphs use; they stand in the top one
	labels  names                     // of nodes, which other readers want to differ
	refused []Unsupported
}

// exportScope is a graph that is being written.
type exportScope struct {
	x     *exporter
	g     *ir.Graph
	pg    *wire.Graph
	outer *exportScope
	names map[*ir.Value]string
	own   names // the names taken in this graph
	depth int   // of inlining
}

// unique returns a name like name that is taken neither in this graph nor in one around it, and takes it.
func (s *exportScope) unique(name string) string {
	if name == "" {
		name = "_"
	}
	for {
		name = s.own.free(name)
		taken := false
		for t := s.outer; t != nil && !taken; t = t.outer {
			_, taken = t.own[name]
		}
		if !taken {
			return name
		}
	}
}

// graph writes the scope's graph. Its first formal inputs are its own; the others stand for the values that captured names.
func (s *exportScope) graph(formal int, captured []string) error {
	if s.outer == nil {
		formal = len(s.g.Inputs)
		// The callers' names come first: whatever else has one of them gives way.
		for _, v := range s.g.Inputs {
			s.names[v] = s.unique(v.Name)
		}
		s.share()
	}
	for i, v := range s.g.Inputs {
		if i >= formal {
			s.names[v] = captured[i-formal]
			continue
		}
		if s.outer != nil {
			s.names[v] = s.unique(v.Name)
		}
		s.pg.Inputs = append(s.pg.Inputs, s.info(s.names[v], v.Type))
		if v.Data != nil {
			s.pg.Inits = append(s.pg.Inits, wire.FromTensor(s.names[v], v.Data))
		}
	}
	copies := s.outputNames(formal)
	for _, v := range s.g.Consts() {
		s.constant(v)
	}
	for _, n := range s.g.Nodes {
		s.nameResults(n)
	}
	for _, n := range s.g.Nodes {
		if err := s.node(n); err != nil {
			return err
		}
	}
	for _, c := range copies {
		s.copy(s.names[c.Value], c.Name)
	}
	if s.outer == nil {
		for _, n := range s.g.Nodes {
			for _, v := range n.Out {
				if name := s.names[v]; v.Type.Rank() >= 0 && !slices.ContainsFunc(s.pg.Outputs, func(o *wire.ValueInfo) bool { return o.Name == name }) {
					s.pg.ValueInfo = append(s.pg.ValueInfo, s.info(name, v.Type))
				}
			}
		}
	}
	return nil
}

// outputNames names the outputs, and returns those that must be copies: a second name of a value, or a value that is not made here.
func (s *exportScope) outputNames(formal int) (copies []ir.Output) {
	free := map[string]bool{} // names of results that are outputs under their own name
	for _, o := range s.g.Outputs {
		made := o.Value.Def != nil || s.outer == nil || slices.Contains(s.g.Inputs[:formal], o.Value)
		if name := s.x.shared[o.Value.Data]; name != "" && o.Value.IsConst() {
			s.names[o.Value] = name
		}
		if made && o.Value.Name == o.Name && !free[o.Name] && (s.names[o.Value] == o.Name || !s.own.has(o.Name)) {
			free[o.Name] = true
			switch {
			case s.names[o.Value] != "":
			case o.Value.IsConst():
				s.constant(o.Value)
			default:
				s.names[o.Value] = s.unique(o.Name)
			}
			s.pg.Outputs = append(s.pg.Outputs, s.info(s.names[o.Value], o.Value.Type))
			continue
		}
		name := s.unique(o.Name)
		s.pg.Outputs = append(s.pg.Outputs, s.info(name, o.Value.Type))
		if o.Value.IsConst() && o.Value.Name == o.Name && s.names[o.Value] == "" {
			// A subgraph's output must be made by a node.
			s.x.needType(o.Value.Data.DType())
			s.names[o.Value] = name
			value := &wire.Attr{Name: "value", Type: wire.AttrTensor, T: wire.FromTensor("", o.Value.Data)}
			s.pg.Nodes = append(s.pg.Nodes, &wire.Node{OpType: "Constant", Out: []string{name}, Attrs: []*wire.Attr{value}})
			continue
		}
		copies = append(copies, ir.Output{Name: name, Value: o.Value})
	}
	return copies
}

func (s *exportScope) copy(from, to string) {
	s.pg.Nodes = append(s.pg.Nodes, &wire.Node{OpType: "Identity", In: []string{from}, Out: []string{to}})
}

func (s *exportScope) nameResults(n *ir.Node) {
	for _, v := range n.Out {
		if s.names[v] == "" {
			s.names[v] = s.unique(v.Name)
		}
	}
}

// constant writes a constant, unless the top graph has it for all.
func (s *exportScope) constant(v *ir.Value) {
	if s.names[v] != "" {
		return
	}
	if name := s.x.shared[v.Data]; name != "" {
		s.names[v] = name
		return
	}
	s.x.needType(v.Data.DType())
	s.names[v] = s.unique(v.Name)
	s.pg.Inits = append(s.pg.Inits, wire.FromTensor(s.names[v], v.Data))
}

// share puts the constants that several graphs use into the top graph.
func (s *exportScope) share() {
	users := map[*tensor.Tensor]int{}
	count := func(g *ir.Graph) (out []*ir.Value) {
		seen := map[*tensor.Tensor]bool{}
		for _, v := range g.Consts() {
			if !seen[v.Data] {
				seen[v.Data] = true
				users[v.Data]++
				out = append(out, v)
			}
		}
		return out
	}
	all := count(s.g)
	s.g.AllNodes(func(_ *ir.Graph, n *ir.Node) bool {
		for _, b := range n.Bodies {
			all = append(all, count(b)...)
		}
		return true
	})
	for _, v := range all {
		if users[v.Data] > 1 && s.x.shared[v.Data] == "" {
			s.x.needType(v.Data.DType())
			s.x.shared[v.Data] = s.unique(v.Name)
			s.pg.Inits = append(s.pg.Inits, wire.FromTensor(s.x.shared[v.Data], v.Data))
		}
	}
}

const maxLowering = 16

// node writes one node: as it is where ONNX has the operator, else as what it lowers to.
func (s *exportScope) node(n *ir.Node) error {
	if e := n.Epilogue(); e != nil {
		return s.epilogue(n, e)
	}
	if n.Op.ONNX != "" {
		return s.plain(n, n.In, s.names[n.Out[0]])
	}
	refuse := func(reason string) error {
		s.x.refused = append(s.x.refused, Unsupported{Node: from(n), Op: n.Op.Name, Opset: s.x.opsets[""], Reason: reason})
		return nil
	}
	outs := make([]string, len(n.Out))
	for i, v := range n.Out {
		outs[i] = s.names[v]
	}
	if s.depth++; s.depth > maxLowering {
		return refuse(fmt.Sprintf("it lowers to itself or in more than %d steps", maxLowering))
	}
	defer func() { s.depth-- }()
	if n.Op == op.Fused.Op {
		return s.inline(n.Bodies[0], s.operands(n.In), outs)
	}
	h, err := lowered(n)
	if err != nil {
		return refuse(err.Error())
	}
	return s.inline(h, s.operands(n.In), outs)
}

var errNoLowering = errors.New("ONNX has no such operator, and it cannot be written in others")

// lowered returns a graph of n's operands that computes its results in simpler ops.
func lowered(n *ir.Node) (*ir.Graph, error) {
	if n.Op.Lower == nil {
		return nil, errNoLowering
	}
	h := ir.NewGraph("lowered")
	b := ir.NewBuilder(h)
	b.From = n.From
	in := make([]*ir.Value, len(n.In))
	for i, v := range n.In {
		switch {
		case v == nil:
		case v.IsConst():
			in[i] = h.Const(v.Name, v.Data)
		default:
			in[i] = h.Input(v.Name, v.Type)
		}
	}
	m := b.Add(n.Op, n.Attrs, n.Bodies, len(n.Out), in...)
	if m == nil {
		return nil, b.Err()
	}
	outs, err := n.Op.Lower(b, m)
	if err != nil {
		return nil, err
	}
	if len(outs) < len(n.Out) || slices.Contains(outs[:len(n.Out)], nil) {
		return nil, errNoLowering
	}
	for i, v := range outs[:len(n.Out)] {
		h.Output(n.Out[i].Name, v)
	}
	// An input for every operand, those that became constants included, so that operands and inputs correspond.
	h.Inputs = nil
	for i, v := range in {
		if n.In[i] != nil && !v.IsConst() {
			h.Inputs = append(h.Inputs, v)
		} else {
			h.Inputs = append(h.Inputs, nil)
		}
	}
	h.Sweep()
	return h, nil
}

// epilogue writes a node, and behind it the body that is applied to its result.
func (s *exportScope) epilogue(n *ir.Node, e *ir.Graph) error {
	mid := s.unique(s.names[n.Out[0]] + "_before")
	if err := s.plain(n, n.In[:n.Own()], mid); err != nil {
		return err
	}
	return s.inline(e, append([]string{mid}, s.operands(n.In[n.Own():])...), []string{s.names[n.Out[0]]})
}

// inline writes the nodes of a body in this graph, given the names of its inputs and of its results.
func (s *exportScope) inline(body *ir.Graph, ins, outs []string) error {
	for i, v := range body.Inputs {
		if v != nil {
			s.names[v] = ins[i]
		}
	}
	for _, v := range body.Consts() {
		s.constant(v)
	}
	var copies [][2]string
	for i, o := range body.Outputs {
		if o.Value.Def != nil && s.names[o.Value] == "" {
			s.names[o.Value] = outs[i]
			continue
		}
		copies = append(copies, [2]string{s.names[o.Value], outs[i]})
	}
	for _, n := range body.Nodes {
		s.nameResults(n)
	}
	for _, n := range body.Nodes {
		if err := s.node(n); err != nil {
			return err
		}
	}
	for _, c := range copies {
		s.copy(c[0], c[1])
	}
	return nil
}

func from(n *ir.Node) string {
	if len(n.From) > 0 {
		return n.From[0]
	}
	return ""
}
