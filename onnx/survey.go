package onnx

import (
	"fmt"
	"slices"
	"strings"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/op"
	"github.com/cameo-onnx/cameo/onnx/wire"
)

// Unsupported is a node of a model that cannot be run.
type Unsupported struct {
	Node   string // its name, or that of its first result
	Op     string
	Domain string // empty is ai.onnx
	Opset  int
	Reason string
}

// UnsupportedError lists everything in a model that is not supported.
type UnsupportedError struct{ Nodes []Unsupported }

func (e *UnsupportedError) Error() string {
	var b strings.Builder
	b.WriteString("onnx: not supported: ")
	for i, u := range e.Nodes {
		if i == 8 {
			fmt.Fprintf(&b, "; and %d more", len(e.Nodes)-i)
			break
		}
		if i > 0 {
			b.WriteString("; ")
		}
		name := u.Op
		if u.Domain != "" {
			name = u.Domain + "." + name
		}
		fmt.Fprintf(&b, "node %s: %s (opset %d): %s", wire.Quote(u.Node), strings.Trim(wire.Quote(name), `"`), u.Opset, u.Reason)
	}
	return b.String()
}

// Is makes errors.Is(err, ir.ErrUnsupported) hold.
func (e *UnsupportedError) Is(target error) bool { return target == ir.ErrUnsupported }

// survey looks at every node before anything is built, so that all that is not supported is refused at once, and so is what grows
// without bounds when it is inlined.
func (im *importer) survey(g *wire.Graph) error {
	if v := im.opsets[""]; v > MaxOpset {
		return fmt.Errorf("opset %d of ai.onnx is newer than %d, the newest that is known: %w", v, MaxOpset, ir.ErrUnsupported)
	}
	im.limit = min(maxNodes, nodesFree+nodesPerNode*im.written(g))
	im.nodes = im.limit
	s := surveyor{im: im, opsets: im.opsets, size: map[*wire.Function]int{}}
	if _, err := s.nodes(g.Nodes, 0); err != nil {
		return err
	}
	if len(s.found) > 0 {
		return &UnsupportedError{s.found}
	}
	return nil
}

type surveyor struct {
	im     *importer
	opsets map[string]int
	size   map[*wire.Function]int // nodes that a call becomes; inProgress while its body is being looked at
	found  []Unsupported
}

const inProgress = -1

// Inlining may make nodesFree nodes, and nodesPerNode more for each that the file holds.
const (
	nodesFree    = 1 << 15
	nodesPerNode = 64
)

// written returns how many nodes the file holds, up to as many as make nodesPerNode times them no bound any more.
func (im *importer) written(g *wire.Graph) int {
	n := 0
	countNodes(g.Nodes, &n, 0)
	for _, f := range im.model.Functions {
		countNodes(f.Nodes, &n, 0)
	}
	return n
}

// countNodes adds nodes and those of their subgraphs to n, until there are enough. A model made in memory may hold a graph many times.
func countNodes(list []*wire.Node, n *int, depth int) {
	for _, p := range list {
		if *n++; *n > maxNodes/nodesPerNode || depth > maxDepth {
			return
		}
		for _, a := range p.Attrs {
			for _, g := range append(slices.Clip(a.Graphs), a.G) {
				if g != nil {
					countNodes(g.Nodes, n, depth+1)
				}
			}
		}
	}
}

// nodes returns the number of nodes that list becomes once functions are inlined.
func (s *surveyor) nodes(list []*wire.Node, depth int) (int, error) {
	if depth > maxDepth {
		return 0, errDepth
	}
	total := 0
	for _, p := range list {
		n := 1
		domain := normDomain(p.Domain)
		if f := s.im.funcs[funcKey{domain, p.OpType, p.Overload}]; f != nil {
			size, err := s.function(f, depth)
			if err != nil {
				return 0, err
			}
			n += size
		} else if !s.known(domain, p.OpType) {
			s.found = append(s.found, Unsupported{Node: label(p), Op: p.OpType, Domain: domain, Opset: s.opsets[domain], Reason: s.reason(domain, p.OpType)})
		}
		for _, a := range p.Attrs {
			for _, g := range append(slices.Clip(a.Graphs), a.G) {
				if g == nil {
					continue
				}
				size, err := s.nodes(g.Nodes, depth+1)
				if err != nil {
					return 0, err
				}
				n += size
			}
		}
		if total += n; total > s.im.limit {
			return 0, fmt.Errorf("node %s: %w: more than %d nodes, those of functions and subgraphs included", wire.Quote(label(p)), wire.ErrBudget, s.im.limit)
		}
	}
	return total, nil
}

func (s *surveyor) function(f *wire.Function, depth int) (int, error) {
	if n, ok := s.size[f]; ok {
		if n == inProgress {
			return 0, fmt.Errorf("%w: function %s calls itself", wire.ErrFormat, wire.Quote(f.Name))
		}
		return n, nil
	}
	s.size[f] = inProgress
	outer := s.opsets
	s.opsets = s.im.functionOpsets(f)
	n, err := s.nodes(f.Nodes, depth+1)
	s.opsets, s.size[f] = outer, n
	return n, err
}

func (s *surveyor) known(domain, name string) bool {
	if o := s.im.opts.Op; o != nil && o(domain, name) != nil {
		return true
	}
	k := opName{domain, name}
	return op.ByONNX(domain, name) != nil || adapted[k] || domain == microsoft && s.im.adapters[k] != nil // all rows of that domain are whole
}

func (s *surveyor) reason(domain, name string) string {
	if _, ok := s.opsets[domain]; !ok {
		return "its domain is not imported, and there is no such operator"
	}
	return "there is no such operator"
}

// Supports reports whether an operator of a domain is known, in whichever version; the empty domain is ai.onnx.
func Supports(domain, name string) bool {
	s := surveyor{im: &importer{adapters: adaptersOf()}}
	return s.known(normDomain(domain), name)
}
