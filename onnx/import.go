package onnx

import (
	"fmt"
	"strings"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
	"github.com/cameo-onnx/cameo/onnx/wire"
)

// MaxOpset is the newest version of ai.onnx whose operators are known.
const MaxOpset = 28

const (
	maxNodes = 1 << 20 // after inlining
	maxDepth = 48      // nesting of subgraphs and functions
	maxAgain = 1 << 12 // times that nodes' subgraphs are built again, because what they carry turned out wider
)

// Options of an import; the zero value imports a model without external data as it is.
type Options struct {
	External wire.External                    // reads external data; nil: Open looks below the model's folder, Import and Decode refuse it
	Op       func(domain, name string) *ir.Op // operators of one's own, asked first
	Inputs   map[string]ir.Type               // types that replace those which the model declares
	Consts   map[string]*tensor.Tensor        // inputs and initializers replaced by constants
	Outputs  []string                         // further values to return, by name
	Budget   wire.Budget                      // of decoding
	MaxBytes int64                            // that Open reads: of the model's file, and again of its external data; 0: 64 GiB

	// Fault hears of every node that cannot be built, where one error would end the import: it goes on without the node, and fails at its end.
	Fault func(error)
}

// Model is an imported model.
type Model struct {
	Graph    *ir.Graph
	Opsets   []wire.OpsetID
	Producer string
	Metadata map[string]string
	Warnings []string
	Declared int      // outputs of Graph that the file lists; those that Options.Outputs adds follow
	Defaults []string // initializers that the model also lists as inputs, so that Options.Consts may replace them
}

// Import builds a graph from a decoded model.
func Import(m *wire.Model, o Options) (*Model, error) {
	if m.Graph == nil {
		return nil, fmt.Errorf("onnx: %w: the model has no graph", wire.ErrFormat)
	}
	im := &importer{model: m, opts: o, opsets: opsetMap(m.Opsets), funcs: map[funcKey]*wire.Function{},
		newest: map[*wire.Node]bool{}, labels: names{}, adapters: adaptersOf()}
	out := &Model{Opsets: m.Opsets, Producer: strings.TrimSpace(m.ProducerName + " " + m.ProducerVersion), Metadata: map[string]string{}}
	for _, kv := range m.Metadata {
		out.Metadata[kv.Key] = kv.Value
	}
	for _, f := range m.Functions {
		im.funcs[funcKey{normDomain(f.Domain), f.Name, f.Overload}] = f
	}
	if err := im.surveyed(im.survey(m.Graph)); err != nil {
		return nil, prefixed(err)
	}
	g, err := im.top(m.Graph, out)
	if err != nil {
		return nil, prefixed(err)
	}
	out.Graph, out.Warnings = g, im.warnings
	return out, nil
}

// prefixed names the package in an error, unless it does so itself.
func prefixed(err error) error {
	if _, ok := err.(*UnsupportedError); ok {
		return err
	}
	return fmt.Errorf("onnx: %w", err)
}

type funcKey struct{ domain, name, overload string }

type importer struct {
	model    *wire.Model
	opts     Options
	opsets   map[string]int
	funcs    map[funcKey]*wire.Function
	calls    []*wire.Function // being inlined
	limit    int              // of nodes in all
	nodes    int              // that may still be built
	dense    int              // bytes of dense tensors made of sparse ones, beyond what their values pay for
	again    int              // times that nodes' subgraphs were built again
	depth    int
	warnings []string
	adapters map[opName][]adapter
	labels   names                   // of nodes so far
	labelled []string                // what was added to labels, in order
	broken   map[string]bool         // values of the top graph that no node could be built for, where Options.Fault hears of it
	told     map[string]bool         // nodes that the survey told Options.Fault of
	faults   int                     // nodes left out
	newest   map[*wire.Node]bool     // nodes that adapters made, in the newest form
	replaced map[*ir.Value]*ir.Value // values in whose place others stand since a gradient was built
}

// normDomain gives ai.onnx its one spelling, the empty string.
func normDomain(d string) string {
	if d == "ai.onnx" {
		return ""
	}
	return d
}

func opsetMap(ids []wire.OpsetID) map[string]int {
	out := map[string]int{}
	for _, id := range ids {
		d := normDomain(id.Domain)
		out[d] = max(out[d], int(id.Version))
	}
	return out
}

// version returns the opset version of domain; 1 where the model does not import it.
func (im *importer) version(domain string) int {
	if v, ok := im.opsets[domain]; ok {
		return v
	}
	return 1
}

// scope resolves names while a graph is built.
type scope struct {
	im       *importer
	g        *ir.Graph
	b        *ir.Builder
	vals     map[string]*ir.Value
	outer    *scope                  // of the enclosing graph; nil for a function, which sees its operands only
	caps     *captures               // of the node whose body this is
	capIn    map[*ir.Value]*ir.Value // what stands here for captured values: inputs, and copies of constants
	captured map[*ir.Value]bool      // the inputs among these
	refs     map[string]*wire.Attr   // attributes of the function being inlined
	absent   map[string]bool         // operands that the call leaves out
	top      bool                    // the model's graph itself
	prefix   string                  // of the names of values inside a function
	inline   bool                    // a branch built into the graph around it, of which it sees every value as it is
}

// captures are the values from outside that the bodies of one node use, in the order of its operands.
type captures struct {
	outer []*ir.Value
	has   map[*ir.Value]bool
}

// lookup returns the value of a name, capturing it from outside where it is not in this graph; nil where there is none.
func (s *scope) lookup(name string) *ir.Value {
	if v, ok := s.vals[name]; ok {
		return s.im.now(v)
	}
	if s.outer == nil {
		return nil
	}
	v := s.outer.lookup(name)
	if v == nil || s.inline {
		return v
	}
	in := s.capIn[v]
	switch {
	case in != nil:
	case v.IsConst():
		in = s.g.Const(v.Name, v.Data)
		s.capIn[v] = in
	default:
		if !s.caps.has[v] {
			s.caps.has[v] = true
			s.caps.outer = append(s.caps.outer, v)
		}
		in = s.g.Input(v.Name, v.Type)
		s.capIn[v], s.captured[in] = in, true
	}
	s.vals[name] = in
	return in
}

// top builds the model's graph.
func (im *importer) top(pg *wire.Graph, out *Model) (*ir.Graph, error) {
	g := ir.NewGraph(graphName(pg.Name))
	s := &scope{im: im, g: g, b: ir.NewBuilder(g), vals: map[string]*ir.Value{}, top: true}
	inits := map[string]bool{}
	for _, t := range pg.Inits {
		inits[t.Name] = true
	}
	for _, t := range pg.SparseInits {
		if t.Values != nil {
			inits[t.Values.Name] = true
		}
	}
	if err := im.checkNames(pg, inits); err != nil {
		return nil, err
	}
	plain := plainSyms(pg.Inputs, inits)
	for _, vi := range pg.Inputs {
		if inits[vi.Name] {
			// Before IR version 4 every initializer had to be listed, so that the list says nothing.
			if im.model.IRVersion >= 4 {
				out.Defaults = append(out.Defaults, vi.Name)
			}
			continue
		}
		if err := s.input(vi, plain); err != nil {
			return nil, err
		}
	}
	if err := s.inits(pg); err != nil {
		return nil, err
	}
	if err := s.nodes(pg.Nodes); err != nil {
		return nil, err
	}
	if err := s.outputs(pg); err != nil {
		return nil, err
	}
	out.Declared = len(pg.Outputs)
	im.contradictions(s, pg)
	g.Sweep()
	return g, nil
}

func graphName(s string) string {
	if s == "" {
		return "main"
	}
	return s
}

// outputs adds the graph's outputs and the further ones that the caller asks for. PyTorch lists a value that it returns twice as two
// outputs of one name; the second is called name:1.
func (s *scope) outputs(pg *wire.Graph) error {
	seen, again := map[string]bool{}, map[string]int{}
	for _, vi := range pg.Outputs {
		v := s.lookup(vi.Name)
		if v == nil {
			return fmt.Errorf("%w: output %s is not defined", wire.ErrFormat, wire.Quote(vi.Name))
		}
		name := vi.Name
		for seen[name] {
			again[vi.Name]++
			name = fmt.Sprintf("%s:%d", vi.Name, again[vi.Name])
		}
		seen[name] = true
		s.g.Output(name, v)
	}
	for _, name := range s.im.opts.Outputs {
		v := s.lookup(name)
		if v == nil {
			return fmt.Errorf("no value is called %s", wire.Quote(name))
		}
		if !seen[name] {
			seen[name] = true
			s.g.Output(name, v)
		}
	}
	if len(s.g.Outputs) == 0 {
		return fmt.Errorf("%w: the graph has no outputs", wire.ErrFormat)
	}
	return nil
}

// checkNames refuses options that name nothing in the graph.
func (im *importer) checkNames(pg *wire.Graph, inits map[string]bool) error {
	inputs := map[string]bool{}
	for _, vi := range pg.Inputs {
		inputs[vi.Name] = true
	}
	for name := range im.opts.Consts {
		if !inputs[name] && !inits[name] {
			return fmt.Errorf("no input and no initializer is called %s", wire.Quote(name))
		}
	}
	for name := range im.opts.Inputs {
		if !inputs[name] {
			return fmt.Errorf("no input is called %s", wire.Quote(name))
		}
	}
	return nil
}

// input adds a graph input.
func (s *scope) input(vi *wire.ValueInfo, plain map[string]bool) error {
	if _, dup := s.vals[vi.Name]; dup || vi.Name == "" {
		return fmt.Errorf("%w: input %s is listed twice or has no name", wire.ErrFormat, wire.Quote(vi.Name))
	}
	if c, ok := s.im.opts.Consts[vi.Name]; ok {
		if vi.Type != nil {
			if what := contradicts(vi.Type, ir.TensorOf(c.DType(), ir.ShapeOf(c.Dims()...)...)); what != "" {
				return fmt.Errorf("input %s is declared with %s, the constant in its place is %v%v", wire.Quote(vi.Name), what, c.DType(), c.Dims())
			}
		}
		s.vals[vi.Name] = s.g.Const(vi.Name, c)
		return nil
	}
	t, ok := s.im.opts.Inputs[vi.Name]
	if !ok {
		var err error
		if t, err = s.typeOf(vi.Type, plain); err != nil {
			return fmt.Errorf("input %s: %w", wire.Quote(vi.Name), err)
		}
	}
	s.vals[vi.Name] = s.g.Input(vi.Name, t)
	return nil
}

// inits adds a graph's initializers as constants.
func (s *scope) inits(pg *wire.Graph) error {
	for _, t := range pg.Inits {
		c, ok := s.im.opts.Consts[t.Name]
		if !ok || s.outer != nil {
			var err error
			if c, err = t.Tensor(s.im.opts.External); err != nil {
				return fmt.Errorf("initializer: %w", err)
			}
		}
		if err := s.define(t.Name, s.g.Const(t.Name, c)); err != nil {
			return err
		}
	}
	for _, sp := range pg.SparseInits {
		c, err := s.im.sparse(sp)
		if err != nil {
			return fmt.Errorf("sparse initializer: %w", err)
		}
		if err := s.define(sp.Values.Name, s.g.Const(sp.Values.Name, c)); err != nil {
			return err
		}
	}
	return nil
}

func (s *scope) define(name string, v *ir.Value) error {
	if _, dup := s.vals[name]; dup {
		return fmt.Errorf("%w: %s is defined twice", wire.ErrFormat, wire.Quote(name))
	}
	s.vals[name] = v
	return nil
}
