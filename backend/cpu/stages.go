package cpu

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/cameo-onnx/cameo/backend"
	"github.com/cameo-onnx/cameo/ir"
)

// A Stage is a step of compilation behind the passes.
type Stage struct {
	Name string
	Must bool // cannot be switched off
	run  func(*emitter) error
}

// Stages is every stage in order.
var Stages = []Stage{
	{Name: "select", Must: true, run: (*emitter).selectKernels}, // the row that runs each node
	{Name: "pack", Must: true, run: (*emitter).emitSteps},       // steps and slots, weights in the order that kernels want
	{Name: "schedule", run: (*emitter).schedule},                // the order of steps that needs least memory
	{Name: "place", Must: true, run: (*emitter).place},          // offsets in the arena
}

// Watch says who sees the stages; it may be empty.
type Watch struct {
	Off  []string                            // stages that are left out, by name; "all": those that correctness does not need
	Time func(stage string, d time.Duration) // gets the time that each took, bodies not counted
	Dump func(stage string, p *backend.Plan) // sees the plan after each
}

// Check refuses names of stages that there are not, or that cannot be switched off.
func (w *Watch) Check() error {
	var free []string
	for _, s := range Stages {
		if !s.Must {
			free = append(free, s.Name)
		}
	}
	for _, name := range w.Off {
		if name != "all" && !slices.Contains(free, name) {
			return fmt.Errorf("cpu: stage %q cannot be switched off: there are all, %s", name, strings.Join(free, ", "))
		}
	}
	return nil
}

func (w *Watch) off(s Stage) bool {
	return !s.Must && (slices.Contains(w.Off, s.Name) || slices.Contains(w.Off, "all"))
}

// compile takes g through the stages. outer holds the symbols that the enclosing graph knows when it runs g, for bodies.
func compile(g *ir.Graph, outer map[string]bool, b Backend) (*backend.Plan, error) {
	e, w := newEmitter(g, outer, b), &b.Watch
	for _, s := range Stages {
		if w.off(s) {
			continue
		}
		start := time.Now()
		if err := s.run(e); err != nil {
			return nil, fmt.Errorf("cpu: %w", err)
		}
		if outer != nil {
			continue
		}
		if w.Time != nil {
			w.Time(s.Name, time.Since(start))
		}
		if w.Dump != nil {
			w.Dump(s.Name, e.p)
		}
	}
	return e.p, nil
}

// Without returns b without the stages among names, and the names that are left for the passes; "all" is for both.
func (b Backend) Without(names []string) (Backend, []string) {
	var rest []string
	for _, name := range names {
		stage := slices.ContainsFunc(Stages, func(s Stage) bool { return s.Name == name })
		if stage || name == "all" {
			b.Watch.Off = append(slices.Clone(b.Watch.Off), name)
		}
		if !stage {
			rest = append(rest, name)
		}
	}
	return b, rest
}

// selectKernels chooses the row that runs each node; nodes without one run by Eval. The plan shows the choice until the next
// stage makes the steps themselves.
func (e *emitter) selectKernels() error {
	for _, n := range e.g.Nodes {
		st := backend.Step{Kernel: evalKernel, Node: n, From: n.From}
		if k := e.b.selectKernel(n); k != nil {
			e.rows[n] = k
			st.Kernel = k.Name
		} else if isView(n) {
			continue
		}
		e.p.Steps = append(e.p.Steps, st)
	}
	return nil
}
