package passes

import (
	"fmt"
	"slices"

	"github.com/cameo-onnx/cameo/ir"
)

// lowerDepth bounds how often what an op was lowered to is lowered again.
const lowerDepth = 8

// lower replaces nodes that no kernel computes by simpler ones that kernels do compute. Where the simpler ones would need Eval too, a node that has an Eval of its own stays as it is.
func lower(g *ir.Graph, t Target) error {
	see := fired(t)
	for _, n := range slices.Clone(g.Nodes) {
		if err := lowerNode(g, t, n, see, 0); err != nil {
			return n.Fault(err)
		}
	}
	return nil
}

func lowerNode(g *ir.Graph, t Target, n *ir.Node, see func(string, *ir.Node, error), depth int) error {
	if t.HasKernel(n) || n.Op.Lower == nil {
		return nil
	}
	if depth >= lowerDepth {
		return fmt.Errorf("lowered %d times over", depth)
	}
	at := g.Index(n)
	b := ir.NewBuilder(g).Before(n)
	b.From = n.From
	outs, err := n.Op.Lower(b, n)
	built := slices.Clone(g.Nodes[at:g.Index(n)])
	if err == nil && outs != nil && !complete(g, n, outs) {
		err = fmt.Errorf("lowered to %d of %d results", len(outs), len(n.Out))
	}
	if err != nil || outs == nil || n.Op.Eval != nil && !covered(g, t, built, lowerDepth-depth) {
		undo(g, built)
		if err != nil && n.Op.Eval == nil {
			return err
		}
		return nil
	}
	see(n.Op.Name, n, nil)
	return adopt(g, t, n, outs, built, see, depth)
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
func adopt(g *ir.Graph, t Target, n *ir.Node, outs []*ir.Value, built []*ir.Node, see func(string, *ir.Node, error), depth int) error {
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
		if err := lowerNode(g, t, m, see, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// covered reports whether every node has a kernel, or a decomposition all of which is covered.
func covered(g *ir.Graph, t Target, nodes []*ir.Node, depth int) bool {
	return !slices.ContainsFunc(nodes, func(n *ir.Node) bool {
		if t.HasKernel(n) {
			return false
		}
		if n.Op.Lower == nil || depth == 0 {
			return true
		}
		at := g.Index(n)
		outs, err := n.Op.Lower(ir.NewBuilder(g).Before(n), n)
		built := slices.Clone(g.Nodes[at:g.Index(n)])
		ok := err == nil && outs != nil && covered(g, t, built, depth-1)
		undo(g, built)
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
