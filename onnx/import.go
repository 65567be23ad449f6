package onnx

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
	"github.com/cameo-onnx/cameo/onnx/wire"
)

// MaxOpset is the newest version of ai.onnx whose operators are known.
const MaxOpset = 28

const (
	maxNodes = 1 << 20 // after inlining
	maxDepth = 48      // nesting of subgraphs and functions
)

// Options of an import; the zero value imports a model without external data as it is.
type Options struct {
	External func(location string, offset, length int64) ([]byte, error) // reads external data; nil refuses it
	Op       func(domain, name string) *ir.Op                            // operators of one's own, asked first
	Inputs   map[string]ir.Type                                          // types that replace those which the model declares
	Consts   map[string]*tensor.Tensor                                   // inputs and initializers replaced by constants
	Outputs  []string                                                    // further values to return, by name
}

// Model is an imported model.
type Model struct {
	Graph    *ir.Graph
	Opsets   []wire.OpsetID
	Producer string
	Metadata map[string]string
	Warnings []string
	Defaults []string // initializers that the model also lists as inputs, so that Options.Consts may replace them
}

// Import builds a graph from a decoded model.
func Import(m *wire.Model, o Options) (*Model, error) {
	if m.Graph == nil {
		return nil, fmt.Errorf("onnx: %w: the model has no graph", wire.ErrFormat)
	}
	im := &importer{model: m, opts: o, funcs: map[funcKey]*wire.Function{}, nodes: maxNodes, newest: map[*wire.Node]bool{}, adapters: adaptersOf()}
	out := &Model{Opsets: m.Opsets, Producer: strings.TrimSpace(m.ProducerName + " " + m.ProducerVersion), Metadata: map[string]string{}}
	for _, kv := range m.Metadata {
		out.Metadata[kv.Key] = kv.Value
	}
	for _, f := range m.Functions {
		im.funcs[funcKey{normDomain(f.Domain), f.Name, f.Overload}] = f
	}
	im.opsets = opsetMap(m.Opsets)
	if err := im.survey(m.Graph); err != nil {
		return nil, err
	}
	g, err := im.top(m.Graph, out)
	if err != nil {
		if !strings.HasPrefix(err.Error(), "onnx: ") {
			err = fmt.Errorf("onnx: %w", err)
		}
		return nil, err
	}
	out.Graph, out.Warnings = g, im.warnings
	return out, nil
}

type funcKey struct{ domain, name, overload string }

type importer struct {
	model    *wire.Model
	opts     Options
	opsets   map[string]int
	funcs    map[funcKey]*wire.Function
	calls    []*wire.Function // being inlined
	nodes    int              // that may still be built
	depth    int
	warnings []string
	adapters map[opName][]adapter
	newest   map[*wire.Node]bool // nodes that adapters made, in the newest form
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
	im     *importer
	g      *ir.Graph
	b      *ir.Builder
	vals   map[string]*ir.Value
	outer  *scope                  // of the enclosing graph; nil for a function, which sees its operands only
	caps   *captures               // of the node whose body this is
	capIn  map[*ir.Value]*ir.Value // the inputs that stand for captured values
	refs   map[string]*wire.Attr   // attributes of the function being inlined
	absent map[string]bool         // operands that the call leaves out
	prefix string                  // of the names of values inside a function
}

// captures are the values from outside that the bodies of one node use, in the order of its operands.
type captures struct {
	outer []*ir.Value
	has   map[*ir.Value]bool
}

// lookup returns the value of a name, capturing it from outside where it is not in this graph; nil where there is none.
func (s *scope) lookup(name string) *ir.Value {
	if v, ok := s.vals[name]; ok {
		return v
	}
	if s.outer == nil {
		return nil
	}
	v := s.outer.lookup(name)
	if v == nil {
		return nil
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
		s.capIn[v] = in
	}
	s.vals[name] = in
	return in
}

// top builds the model's graph.
func (im *importer) top(pg *wire.Graph, out *Model) (*ir.Graph, error) {
	g := ir.NewGraph(graphName(pg.Name))
	s := &scope{im: im, g: g, b: ir.NewBuilder(g), vals: map[string]*ir.Value{}}
	inits := map[string]bool{}
	for _, t := range pg.Inits {
		inits[t.Name] = true
	}
	for _, t := range pg.SparseInits {
		if t.Values != nil {
			inits[t.Values.Name] = true
		}
	}
	plain := plainSyms(pg.Inputs, inits)
	for _, vi := range pg.Inputs {
		if inits[vi.Name] {
			out.Defaults = append(out.Defaults, vi.Name)
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
	for _, vi := range pg.Outputs {
		v := s.lookup(vi.Name)
		if v == nil {
			return nil, fmt.Errorf("onnx: output %s is not defined", wire.Quote(vi.Name))
		}
		g.Output(vi.Name, v)
	}
	for _, name := range im.opts.Outputs {
		v := s.lookup(name)
		if v == nil {
			return nil, fmt.Errorf("onnx: no value is called %s", wire.Quote(name))
		}
		g.Output(name, v)
	}
	if len(g.Outputs) == 0 {
		return nil, fmt.Errorf("onnx: %w: the graph has no outputs", wire.ErrFormat)
	}
	g.Sweep()
	return g, nil
}

func graphName(s string) string {
	if s == "" {
		return "main"
	}
	return s
}

// input adds a graph input.
func (s *scope) input(vi *wire.ValueInfo, plain map[string]bool) error {
	if _, dup := s.vals[vi.Name]; dup || vi.Name == "" {
		return fmt.Errorf("onnx: %w: input %s is listed twice or has no name", wire.ErrFormat, wire.Quote(vi.Name))
	}
	if c, ok := s.im.opts.Consts[vi.Name]; ok {
		s.vals[vi.Name] = s.g.Const(vi.Name, c)
		return nil
	}
	t, ok := s.im.opts.Inputs[vi.Name]
	if !ok {
		var err error
		if t, err = s.typeOf(vi.Type, plain); err != nil {
			return fmt.Errorf("onnx: input %s: %w", wire.Quote(vi.Name), err)
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
				return fmt.Errorf("onnx: initializer: %w", err)
			}
		}
		if err := s.define(t.Name, s.g.Const(t.Name, c)); err != nil {
			return err
		}
	}
	for _, sp := range pg.SparseInits {
		c, err := sparse(sp, s.im.opts.External)
		if err != nil {
			return fmt.Errorf("onnx: sparse initializer: %w", err)
		}
		if err := s.define(sp.Values.Name, s.g.Const(sp.Values.Name, c)); err != nil {
			return err
		}
	}
	return nil
}

func (s *scope) define(name string, v *ir.Value) error {
	if _, dup := s.vals[name]; dup {
		return fmt.Errorf("onnx: %w: %s is defined twice", wire.ErrFormat, wire.Quote(name))
	}
	s.vals[name] = v
	return nil
}

// plainSyms returns the names that are a whole dim_param of some input: those that binding can read.
func plainSyms(inputs []*wire.ValueInfo, inits map[string]bool) map[string]bool {
	out := map[string]bool{}
	for _, vi := range inputs {
		if vi.Type == nil || vi.Type.Kind != wire.KindTensor || inits[vi.Name] {
			continue
		}
		for _, d := range vi.Type.Shape {
			if d, err := sym.Parse(d.Param); err == nil {
				if name, ok := d.Name(); ok {
					out[name] = true
				}
			}
		}
	}
	return out
}

var errNoType = errors.New("it has no type")

// typeOf turns a declared type into one of the IR. plain holds the symbols that binding can read; sizes of others become fresh.
func (s *scope) typeOf(t *wire.Type, plain map[string]bool) (ir.Type, error) {
	if t == nil || t.Kind == wire.KindNone {
		return ir.Type{}, errNoType
	}
	switch t.Kind {
	case wire.KindTensor:
		d := tensor.DType(t.Elem)
		if t.Elem < 0 || t.Elem > 255 || !d.Valid() {
			return ir.Type{}, fmt.Errorf("element type %d: %w", t.Elem, ir.ErrUnsupported)
		}
		if !t.HasShape {
			return ir.UnrankedOf(d), nil
		}
		out := ir.TensorOf(d)
		for _, dim := range t.Shape {
			n, err := s.dim(dim, plain)
			if err != nil {
				return out, err
			}
			out.Shape = append(out.Shape, n)
		}
		return out, nil
	case wire.KindSequence, wire.KindOptional:
		elem, err := s.typeOf(t.Of, plain)
		if t.Kind == wire.KindSequence {
			return ir.SequenceOf(elem), err
		}
		return ir.OptionalOf(elem), err
	case wire.KindMap:
		elem, err := s.typeOf(t.Of, plain)
		return ir.MapOf(tensor.DType(t.Elem), elem), err
	}
	return ir.Type{}, fmt.Errorf("this kind of type: %w", ir.ErrUnsupported)
}

func (s *scope) dim(d wire.Dim, plain map[string]bool) (sym.Dim, error) {
	if d.HasValue && d.Value >= 0 {
		return sym.Const(int(d.Value)), nil
	}
	if d.Param == "" {
		return s.g.FreshSym(), nil
	}
	n, err := sym.Parse(d.Param)
	if err != nil {
		return sym.Sym(d.Param), nil
	}
	for _, name := range n.Syms() {
		if !plain[name] {
			return s.g.FreshSym(), nil
		}
	}
	return n, nil
}

// sparse turns a sparse tensor in coordinate form into a dense one.
func sparse(sp *wire.SparseTensor, external func(string, int64, int64) ([]byte, error)) (*tensor.Tensor, error) {
	if sp.Values == nil || sp.Indices == nil {
		return nil, fmt.Errorf("%w: values or indices are missing", wire.ErrFormat)
	}
	values, err := sp.Values.Tensor(external)
	if err != nil {
		return nil, err
	}
	indices, err := sp.Indices.Tensor(external)
	if err != nil {
		return nil, err
	}
	dims := make([]int, len(sp.Dims))
	for i, d := range sp.Dims {
		dims[i] = int(d)
	}
	size, ok := tensor.ByteSize(values.DType(), dims)
	if !ok || size > 1<<28 || values.DType().Bits()%8 != 0 || values.DType() == tensor.String {
		return nil, fmt.Errorf("%w: a dense tensor of %v%v", ir.ErrUnsupported, values.DType(), dims)
	}
	return scatterSparse(tensor.New(values.DType(), dims...), values, indices)
}

func scatterSparse(out, values, indices *tensor.Tensor) (*tensor.Tensor, error) {
	n, rank, w := values.Len(), out.Rank(), out.DType().Bits()/8
	idx := indices.Int64s()
	linear := indices.Rank() == 1 && len(idx) == n
	if !linear && !slices.Equal(indices.Dims(), []int{n, rank}) {
		return nil, fmt.Errorf("%w: %d values but indices of sizes %v", wire.ErrFormat, n, indices.Dims())
	}
	for i := range n {
		at := 0
		if linear {
			at = int(idx[i])
		}
		for k := 0; !linear && k < rank; k++ {
			x := idx[i*rank+k]
			if x < 0 || x >= int64(out.Dims()[k]) {
				return nil, fmt.Errorf("%w: index %d is out of range for size %d", wire.ErrFormat, x, out.Dims()[k])
			}
			at = at*out.Dims()[k] + int(x)
		}
		if at < 0 || at >= out.Len() {
			return nil, fmt.Errorf("%w: index %d is out of range for %d elements", wire.ErrFormat, at, out.Len())
		}
		copy(out.Bytes()[at*w:(at+1)*w], values.Bytes()[i*w:])
	}
	return out, nil
}
