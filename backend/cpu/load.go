package cpu

import (
	"fmt"
	"slices"

	"github.com/cameo-onnx/cameo/backend"
	"github.com/cameo-onnx/cameo/backend/cpu/kern"
	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/op"
	"github.com/cameo-onnx/cameo/ir/sym"
)

// Backend is the CPU.
type Backend struct {
	Strict bool  // functions within 1 ulp, sums in the order of the operands: for comparing and debugging
	Watch  Watch // who sees the stages of compilation, and which are left out
}

// Name returns "cpu".
func (Backend) Name() string { return "cpu" }

// Compile returns the plan of g, which the passes have prepared.
func (b Backend) Compile(g *ir.Graph) (*backend.Plan, error) {
	if err := b.Watch.Check(); err != nil {
		return nil, err
	}
	return compile(g, nil, b)
}

// Open returns the CPU; there is only device 0.
func (Backend) Open(ordinal int) (backend.Device, error) {
	if ordinal != 0 {
		return nil, fmt.Errorf("cpu: no device %d", ordinal)
	}
	return device{}, nil
}

type device struct{}

func (device) Close() error { return nil }

// Load prepares a plan: kernels by name, sizes compiled to programs.
func (device) Load(p *backend.Plan) (backend.Program, error) { return load(p) }

// A program is a loaded plan. It does not change, and sessions share it.
type program struct {
	plan   *backend.Plan
	rows   []*Kernel // by step; nil for eval and copy
	index  map[string]int
	dims   [][]sym.Prog // by slot; nil for slots that are no tensors of known rank
	early  []bool       // by slot: whether binding knows its sizes
	sizes  []sym.Prog   // of buffers
	facts  []fact
	reads  []read
	checks []check
	subs   []*program
	outer  []int              // by symbol: its index in the enclosing program, or -1
	bodies map[*ir.Graph]int  // index into subs
	writes map[int][]sym.Prog // by step: the sizes that it writes
	outs   [][]int            // by output: the slots that share its buffer; empty where it has none of its own
}

// A fact is a relation between sizes, as programs.
type fact struct {
	ir.Fact
	a, b sym.Prog
	last int // the highest symbol it mentions: it can be checked once that is known; -1 at once
}

// A read takes a symbol from a size of an input.
type read struct{ input, axis, sym int }

// A check compares a size of an input with an expression.
type check struct {
	input, axis int
	want        sym.Prog
}

func load(p *backend.Plan) (*program, error) {
	pr := &program{plan: p, index: map[string]int{}, bodies: map[*ir.Graph]int{}, writes: map[int][]sym.Prog{}}
	for i, s := range p.Syms {
		pr.index[s] = i
	}
	for _, b := range p.Buffers {
		prog, err := pr.compile(b.Size)
		if err != nil {
			return nil, err
		}
		pr.sizes = append(pr.sizes, prog)
	}
	if err := pr.slots(); err != nil {
		return nil, err
	}
	if err := pr.inputs(); err != nil {
		return nil, err
	}
	for _, f := range p.Facts {
		if err := pr.fact(f); err != nil {
			return nil, err
		}
	}
	pr.outputs()
	return pr, pr.steps()
}

// outputs groups the slots that share the buffer of each output.
func (pr *program) outputs() {
	taken := map[int]bool{}
	pr.outs = make([][]int, len(pr.plan.Outputs))
	for i, o := range pr.plan.Outputs {
		out := pr.plan.Slots[o.Slot]
		if out.Space != backend.InArena || taken[out.Index] {
			continue
		}
		taken[out.Index] = true
		for j, sl := range pr.plan.Slots {
			if sl.Space == backend.InArena && sl.Index == out.Index {
				pr.outs[i] = append(pr.outs[i], j)
			}
		}
	}
}

// compile turns a size into a program over the plan's symbols.
func (pr *program) compile(d sym.Dim) (sym.Prog, error) {
	prog, err := sym.Compile(d, func(name string) int {
		if i, ok := pr.index[name]; ok {
			return i
		}
		return -1
	})
	if err != nil {
		return prog, fmt.Errorf("cpu: size %v: %w", d, err)
	}
	return prog, nil
}

func (pr *program) slots() error {
	p := pr.plan
	early := pr.earlySyms()
	pr.dims = make([][]sym.Prog, len(p.Slots))
	pr.early = make([]bool, len(p.Slots))
	for i, s := range p.Slots {
		if s.Type.Kind != ir.Tensor || s.Type.Unranked {
			continue
		}
		known, failed := true, false
		progs := make([]sym.Prog, len(s.Type.Shape))
		for j, d := range s.Type.Shape {
			prog, err := pr.compile(d)
			// A body may spell the sizes of its inputs by symbols that the graph around it has merged.
			if err != nil && s.Space != backend.Late && s.Space != backend.InInput {
				return err
			}
			progs[j] = prog
			failed = failed || err != nil
			known = known && err == nil && !slices.ContainsFunc(d.Syms(), func(n string) bool { return !early[n] })
		}
		if !failed { // else only the value itself tells its sizes
			pr.dims[i], pr.early[i] = progs, known
		}
	}
	return nil
}

// earlySyms returns the symbols that binding reads off the inputs or takes from the enclosing program.
func (pr *program) earlySyms() map[string]bool {
	out := map[string]bool{}
	for _, in := range pr.plan.Inputs {
		for _, d := range in.Type.Shape {
			if name, ok := d.Name(); ok {
				out[name] = true
			}
		}
	}
	for _, s := range pr.plan.Outer {
		out[s] = true
	}
	return out
}

func (pr *program) inputs() error {
	for i, in := range pr.plan.Inputs {
		for j, d := range in.Type.Shape {
			if name, ok := d.Name(); ok {
				pr.reads = append(pr.reads, read{i, j, pr.index[name]})
				continue
			}
			if slices.ContainsFunc(d.Syms(), func(n string) bool { _, ok := pr.index[n]; return !ok }) {
				continue
			}
			prog, err := pr.compile(d)
			if err != nil {
				return err
			}
			pr.checks = append(pr.checks, check{i, j, prog})
		}
	}
	return nil
}

func (pr *program) fact(f ir.Fact) error {
	last := -1
	early := pr.earlySyms()
	for _, d := range []sym.Dim{f.A, f.B} {
		for _, s := range d.Syms() {
			i, ok := pr.index[s]
			if !ok {
				return nil // of a value that was removed since
			}
			if !early[s] {
				last = max(last, i)
			}
		}
	}
	a, err := pr.compile(f.A)
	if err != nil {
		return err
	}
	b, err := pr.compile(f.B)
	pr.facts = append(pr.facts, fact{f, a, b, last})
	return err
}

func (pr *program) steps() error {
	for i, st := range pr.plan.Steps {
		var row *Kernel
		switch st.Kernel {
		case evalKernel, copyKernel:
		case sizesKernel:
			if err := pr.sizesStep(i, st.Node); err != nil {
				return err
			}
		default:
			if row = byName[st.Kernel]; row == nil {
				return fmt.Errorf("cpu: no kernel %q", st.Kernel)
			}
			if !kern.CPU().Has(row.Needs) {
				return fmt.Errorf("cpu: kernel %s needs %v", st.Kernel, row.Needs)
			}
		}
		pr.rows = append(pr.rows, row)
		for i, s := range st.Subs {
			sub, err := load(pr.plan.Subs[s])
			if err != nil {
				return err
			}
			for _, name := range sub.plan.Syms {
				j, ok := pr.index[name]
				if !ok {
					j = -1
				}
				sub.outer = append(sub.outer, j)
			}
			pr.bodies[st.Node.Bodies[i]] = len(pr.subs)
			pr.subs = append(pr.subs, sub)
		}
	}
	return nil
}

// sizesStep compiles the sizes that step i writes.
func (pr *program) sizesStep(i int, n *ir.Node) error {
	for _, text := range op.Sizes.Attrs(n).Exprs {
		d, err := sym.Parse(text)
		if err != nil {
			return err
		}
		prog, err := pr.compile(d)
		if err != nil {
			return err
		}
		pr.writes[i] = append(pr.writes[i], prog)
	}
	return nil
}

// Close lets the program go.
func (pr *program) Close() error { return nil }

// Bind returns a session; its memory is taken when its first run tells the sizes.
func (pr *program) Bind(l backend.Limits) (backend.Session, error) {
	return newSession(pr, l, nil), nil
}
