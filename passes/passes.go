package passes

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/cameo-onnx/cameo/ir"
)

// A Pass changes a graph without changing what it means.
type Pass struct {
	Name    string
	Run     func(*ir.Graph, Target) error // on one graph; the driver sees to bodies and dead nodes
	After   string                        // a pass that must stand before this one
	Ensures func(*ir.Graph, Target) error // holds from this pass on, and is checked after every later one
	Must    bool                          // cannot be switched off
}

// Pipeline is every pass in order. Each runs once; a fixpoint lives inside a pass, never around several.
var Pipeline = ordered([]Pass{
	{Name: "fold", Run: fold},                                    // constants, and sizes known as symbols
	{Name: "simplify", Run: simplify, After: "fold"},             // rules match constants
	{Name: "cse", Run: cse, After: "simplify"},                   // equal forms are now spelt alike
	{Name: "fuse-patterns", Run: patterns, After: "cse"},         // layernorm, gelu, … whichever exporter spelt them
	{Name: "widen", Run: widen, After: "fuse-patterns"},          // float16 arithmetic in float32 where only that has kernels
	{Name: "lower", Run: lower, Ensures: hasKernels, Must: true}, // ops without a kernel become ops with one
	{Name: "layout", Run: layout, After: "lower"},                // channels-last inside convolution regions; transposes cancel
	{Name: "fuse", Run: fuse, After: "layout"},                   // epilogues, then loops of elementwise nodes
})

// Target is what passes must know of the backend that a graph is compiled for.
type Target interface {
	// HasKernel reports whether a kernel computes n as it stands.
	HasKernel(n *ir.Node) bool
	// Fusable reports whether n may be part of the body of a pointwise `fused` node.
	Fusable(n *ir.Node) bool
	// TakesEpilogue reports whether the kernel that computes n can apply a pointwise body to its result.
	TakesEpilogue(n *ir.Node) bool
	// Layout returns the layout that n wants for its first operand and its result; false where it has none to prefer. A target
	// that answers channels-last has kernels for relayout, and its elementwise kernels take such operands.
	Layout(n *ir.Node) (ir.Layout, bool)
}

// Options of a run; the zero value runs every pass.
type Options struct {
	Off    []string                                     // names of passes to leave out; "all" is every one without Must
	Stop   string                                       // the last pass to run; empty runs them all
	Strict bool                                         // leave out rules that round elsewhere than the model does
	Verify bool                                         // check the graph's invariants after each pass
	Dump   func(i int, name string, g *ir.Graph)        // sees the graph after pass i, counted from 1
	Time   func(name string, d time.Duration)           // gets the time that each pass took
	Each   func(name string, g *ir.Graph) error         // is called after each pass; its error ends the run
	Fired  func(pass, rule string, n *ir.Node, e error) // sees each rule that fired at n, or that failed there with e and changed nothing
}

// Run takes g through the pipeline. An error leaves g valid but between passes.
func Run(g *ir.Graph, t Target, o Options) error { return run(Pipeline, g, t, o) }

func run(pipeline []Pass, g *ir.Graph, t Target, o Options) error {
	if err := o.check(pipeline); err != nil {
		return err
	}
	for i, p := range pipeline {
		if !o.off(p) {
			if err := o.step(pipeline[:i+1], g, t); err != nil {
				return fmt.Errorf("pass %s: %w", p.Name, err)
			}
			if o.Dump != nil {
				o.Dump(i+1, p.Name, g)
			}
		}
		if p.Name == o.Stop {
			break
		}
	}
	forget(g)
	return nil
}

// forget drops the facts about sizes that no value shows any more: what relied on them is gone, or has another name for the size.
func forget(g *ir.Graph) {
	shown := map[string]bool{}
	show := func(v *ir.Value) {
		for _, d := range v.Type.Shape {
			if name, ok := d.Name(); ok {
				shown[name] = true
			}
		}
	}
	graphs := map[*ir.Graph]bool{g: true}
	g.AllNodes(func(h *ir.Graph, n *ir.Node) bool {
		graphs[h] = true
		for _, v := range n.Out {
			show(v)
		}
		return true
	})
	for h := range graphs {
		for _, v := range h.Inputs {
			show(v)
		}
	}
	hidden := func(name string) bool { return !shown[name] }
	for h := range graphs {
		h.Assumes = slices.DeleteFunc(h.Assumes, func(f ir.Fact) bool {
			return slices.ContainsFunc(f.A.Syms(), hidden) || slices.ContainsFunc(f.B.Syms(), hidden)
		})
	}
}

// step runs the last of the passes, and checks what all of them ensure.
func (o *Options) step(upTo []Pass, g *ir.Graph, t Target) error {
	p := upTo[len(upTo)-1]
	start := time.Now()
	err := each(g, observed{t, p.Name, o.Fired, o.Strict}, p.Run)
	if o.Time != nil {
		o.Time(p.Name, time.Since(start))
	}
	if err != nil {
		return err
	}
	if o.Verify {
		if err := g.Verify(); err != nil {
			return err
		}
	}
	for _, q := range upTo {
		if q.Ensures == nil || o.off(q) {
			continue
		}
		if err := each(g, t, q.Ensures); err != nil {
			return fmt.Errorf("what %s ensures: %w", q.Name, err)
		}
	}
	if o.Each != nil {
		return o.Each(p.Name, g)
	}
	return nil
}

// each calls f on g and on the bodies of its control flow, outermost first, and removes the nodes that are dead then.
func each(g *ir.Graph, t Target, f func(*ir.Graph, Target) error) error {
	if err := f(g, t); err != nil {
		return err
	}
	g.Sweep()
	for _, n := range g.Nodes {
		for _, b := range flow(n) {
			if err := each(b, t, f); err != nil {
				return err
			}
		}
	}
	return nil
}

// flow returns n's bodies where it is control flow; those of fused nodes and epilogues are no graphs for passes.
func flow(n *ir.Node) []*ir.Graph {
	if len(n.Op.Bodies) == 0 {
		return nil
	}
	return n.Bodies
}

func (o *Options) off(p Pass) bool {
	return !p.Must && (slices.Contains(o.Off, p.Name) || slices.Contains(o.Off, "all"))
}

// Check refuses names of passes that there are not, or that cannot be switched off.
func (o Options) Check() error { return o.check(Pipeline) }

// check refuses names of passes that there are not, or that cannot be switched off.
func (o *Options) check(pipeline []Pass) error {
	var names, free []string
	for _, p := range pipeline {
		names = append(names, p.Name)
		if !p.Must {
			free = append(free, p.Name)
		}
	}
	for _, name := range o.Off {
		if name != "all" && !slices.Contains(free, name) {
			return fmt.Errorf("pass %q cannot be switched off: there are all, %s", name, strings.Join(free, ", "))
		}
	}
	if o.Stop != "" && !slices.Contains(names, o.Stop) {
		return fmt.Errorf("no pass %q: there are %s", o.Stop, strings.Join(names, ", "))
	}
	return nil
}

// ordered returns ps, and panics where a pass stands before one that it must follow.
func ordered(ps []Pass) []Pass {
	seen := map[string]bool{"": true}
	for _, p := range ps {
		if seen[p.Name] || !seen[p.After] || p.Run == nil {
			panic(fmt.Sprintf("passes: %s stands twice, does nothing, or stands before %q", p.Name, p.After))
		}
		seen[p.Name] = true
	}
	return ps
}

// observed is a target that also carries what else passes are told of the run.
type observed struct {
	Target
	pass   string
	see    func(pass, rule string, n *ir.Node, err error)
	strict bool
}

func strict(t Target) bool {
	o, ok := t.(observed)
	return ok && o.strict
}

// fired returns the function that reports a rule's firing at a node.
func fired(t Target) func(rule string, n *ir.Node, err error) {
	o, ok := t.(observed)
	if !ok || o.see == nil {
		return func(string, *ir.Node, error) {}
	}
	return func(rule string, n *ir.Node, err error) { o.see(o.pass, rule, n, err) }
}
