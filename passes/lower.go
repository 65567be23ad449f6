package passes

import (
	"fmt"
	"slices"

	"github.com/cameo-onnx/cameo/ir"
)

// lowerDepth bounds how often what an op was lowered to is lowered again.
const lowerDepth = 8

// lower replaces nodes that no kernel computes by simpler ones that kernels do compute. Where the simpler ones would need Eval
// too, a node that has an Eval of its own stays as it is.
func lower(g *ir.Graph, t Target) error {
	l := newLowering(g, t)
	for _, n := range slices.Clone(g.Nodes) {
		if err := l.node(n, 0); err != nil {
			return n.Fault(err)
		}
	}
	return nil
}

type lowering struct {
	g   *ir.Graph
	t   Target
	see func(string, *ir.Node, error)
	f   *folder // of the sizes that decompositions ask for
}

func newLowering(g *ir.Graph, t Target) *lowering {
	return &lowering{g: g, t: t, see: fired(t), f: &folder{g: g, bindable: bindable(g), fired: func(string, *ir.Node, error) {}}}
}

func (l *lowering) node(n *ir.Node, depth int) error {
	if l.t.HasKernel(n) || n.Op.Lower == nil {
		return nil
	}
	if depth >= lowerDepth {
		return fmt.Errorf("lowered %d times over", depth)
	}
	outs, built, err := l.build(n)
	if err == nil && outs != nil && !complete(l.g, n, outs) {
		err = fmt.Errorf("lowered to %d of %d results", len(outs), len(n.Out))
	}
	if err != nil || outs == nil || n.Op.Eval != nil && !l.covered(built, lowerDepth-depth) {
		undo(l.g, built)
		if err != nil && n.Op.Eval == nil {
			return err
		}
		return nil
	}
	l.see(n.Op.Name, n, nil)
	return l.adopt(n, outs, built, depth)
}

// build puts n's decomposition before it and returns its results and its nodes. What is known of sizes when compiling is no node any more.
func (l *lowering) build(n *ir.Node) (outs []*ir.Value, built []*ir.Node, err error) {
	at := l.g.Index(n)
	b := ir.NewBuilder(l.g).Before(n)
	b.From = n.From
	outs, err = n.Op.Lower(b, n)
	for _, m := range slices.Clone(l.g.Nodes[at:l.g.Index(n)]) {
		if len(m.Out) == 1 && !slices.Contains(outs, m.Out[0]) && err == nil {
			_, err = l.f.sizes(m)
		}
	}
	return outs, slices.Clone(l.g.Nodes[at:l.g.Index(n)]), err
}

// complete reports whether outs has a value for every result of n that is used.
func complete(g *ir.Graph, n *ir.Node, outs []*ir.Value) bool {
	for i, v := range n.Out {
		used := len(v.Uses()) > 0 || slices.ContainsFunc(g.Outputs, func(o ir.Output) bool { return o.Value == v })
		if used && (i >= len(outs) || outs[i] == nil) {
			return false
		}
	}
	return true
}

// adopt puts outs in the place of n's results, and lowers the nodes that were built for them.
func (l *lowering) adopt(n *ir.Node, outs []*ir.Value, built []*ir.Node, depth int) error {
	g := l.g
	for i, v := range n.Out[:min(len(n.Out), len(outs))] {
		if outs[i] == nil {
			continue
		}
		if err := g.Replace(v, outs[i]); err != nil {
			return err
		}
	}
	g.Erase(n)
	for i, v := range outs[:min(len(n.Out), len(outs))] {
		if v != nil && v.Def != nil && slices.Contains(built, v.Def) {
			g.Rename(v, n.Out[i].Name)
		}
	}
	for _, m := range built {
		if err := l.node(m, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// covered reports whether every node has a kernel, or a decomposition all of which is covered.
func (l *lowering) covered(nodes []*ir.Node, depth int) bool {
	return !slices.ContainsFunc(nodes, func(n *ir.Node) bool {
		if l.t.HasKernel(n) {
			return false
		}
		if n.Op.Lower == nil || depth == 0 {
			return true
		}
		outs, built, err := l.build(n)
		ok := err == nil && outs != nil && l.covered(built, depth-1)
		undo(l.g, built)
		return !ok
	})
}

// undo erases nodes that were built in order, and that nothing else uses.
func undo(g *ir.Graph, built []*ir.Node) {
	for _, n := range slices.Backward(built) {
		g.Erase(n)
	}
}

// hasKernels checks that every node can run: by a kernel, or by its op's Eval.
func hasKernels(g *ir.Graph, t Target) error {
	for _, n := range g.Nodes {
		if n.Op.Eval == nil && !t.HasKernel(n) {
			return n.Fault(fmt.Errorf("neither a kernel nor an evaluation: %w", ir.ErrUnsupported))
		}
	}
	return nil
}
