package onnx

import (
	"fmt"
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

// survey looks at every node before anything is built, so that all that is not supported is refused at once.
func (im *importer) survey(g *wire.Graph) error {
	s := surveyor{im: im, opsets: im.opsets, seen: map[*wire.Function]bool{}}
	if err := s.graph(g, 0); err != nil {
		return err
	}
	for name, v := range im.opsets {
		if name == "" && v > MaxOpset {
			return fmt.Errorf("onnx: opset %d of ai.onnx is newer than %d, the newest that is known: %w", v, MaxOpset, ir.ErrUnsupported)
		}
	}
	if len(s.found) > 0 {
		return &UnsupportedError{s.found}
	}
	return nil
}

type surveyor struct {
	im     *importer
	opsets map[string]int
	seen   map[*wire.Function]bool
	found  []Unsupported
}

func (s *surveyor) graph(g *wire.Graph, depth int) error { return s.nodes(g.Nodes, depth) }

func (s *surveyor) nodes(list []*wire.Node, depth int) error {
	if depth > maxDepth {
		return fmt.Errorf("onnx: %w: functions and subgraphs are nested more than %d deep", wire.ErrBudget, maxDepth)
	}
	for _, p := range list {
		domain := normDomain(p.Domain)
		if f := s.im.funcs[funcKey{domain, p.OpType, p.Overload}]; f != nil {
			if err := s.function(f, depth); err != nil {
				return err
			}
		} else if !s.known(domain, p.OpType) {
			s.found = append(s.found, Unsupported{Node: label(p), Op: p.OpType, Domain: domain, Opset: s.opsets[domain], Reason: s.reason(domain, p.OpType)})
		}
		for _, a := range p.Attrs {
			for _, g := range append(a.Graphs, a.G) {
				if g == nil {
					continue
				}
				if err := s.graph(g, depth+1); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (s *surveyor) function(f *wire.Function, depth int) error {
	if s.seen[f] {
		return nil
	}
	s.seen[f] = true
	outer := s.opsets
	if len(f.Opsets) > 0 {
		s.opsets = opsetMap(f.Opsets)
	}
	err := s.nodes(f.Nodes, depth+1)
	s.opsets = outer
	return err
}

func (s *surveyor) known(domain, name string) bool {
	if o := s.im.opts.Op; o != nil && o(domain, name) != nil {
		return true
	}
	return op.ByONNX(domain, name) != nil || adapted[opName{domain, name}]
}

func (s *surveyor) reason(domain, name string) string {
	if _, ok := s.opsets[domain]; !ok {
		return "its domain is not imported, and there is no such operator"
	}
	return "there is no such operator"
}
