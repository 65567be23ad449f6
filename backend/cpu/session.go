package cpu

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/cameo-onnx/cameo/backend"
	"github.com/cameo-onnx/cameo/backend/cpu/kern"
	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
	"github.com/cameo-onnx/cameo/passes/memory"
)

// value is the state of a slot.
type value struct {
	arg kern.Arg
	obj tensor.Value
}

// session runs one call at a time.
type session struct {
	pr      *program
	limits  backend.Limits
	meter   *meter
	vals    []value
	lates   [][]byte // the bytes of late values
	kept    []int    // by slot: bytes of the late value or object that the meter holds; nil where there never was one
	charged int      // bytes of arena that the meter holds
	calls   []kern.Call
	syms    []int
	bound   bool
	inDims  [][]int // of the last binding
	arena   []byte
	bufs    []memory.Buffer // those of the plan, then one of scratch for each step that needs it
	scratch []int           // by step: its index in bufs; noScratch; or unsized, where only running tells
	offsets []int
	placer  memory.Placer
	watch   watch        // of a session that is no body's
	stop    *atomic.Bool // set when the run is cancelled; one for all sub-sessions
	env     ir.Env
	subs    []*session
	parent  *session
}

// newSession returns a session of pr, a part of parent if that is not nil.
func newSession(pr *program, l backend.Limits, parent *session) *session {
	p := pr.plan
	s := &session{
		pr: pr, limits: l, parent: parent,
		vals: make([]value, len(p.Slots)), lates: make([][]byte, p.Lates), calls: make([]kern.Call, len(p.Steps)),
		syms: make([]int, len(p.Syms)), inDims: make([][]int, len(p.Inputs)), subs: make([]*session, len(pr.subs)),
	}
	if parent != nil {
		s.meter, s.stop = parent.meter, parent.stop
	} else {
		s.meter, s.stop = &meter{limits: l}, &s.watch.flag
	}
	for i, st := range p.Steps {
		s.calls[i] = kern.Call{Args: make([]kern.Arg, len(st.Args)), Param: st.Param, Threads: l.Threads, Stop: s.stop}
	}
	for i, sl := range p.Slots {
		if pr.dims[i] != nil {
			s.vals[i].arg.Dims = make([]int, len(pr.dims[i]))
		}
		if sl.IsConst() {
			if t := p.Consts[sl.Index]; t != nil {
				s.vals[i].arg.Data, s.vals[i].obj = t.Bytes(), t
			}
		}
	}
	for i, in := range p.Inputs {
		s.inDims[i] = make([]int, len(in.Type.Shape))
	}
	return s
}

// Close lets the session's memory go.
func (s *session) Close() error {
	s.watch.release()
	s.arena, s.vals, s.lates, s.subs = nil, nil, nil, nil
	return nil
}

// errClosed is what running a closed session returns.
var errClosed = errors.New("cpu: the session is closed")

// Run implements backend.Session.
func (s *session) Run(ctx context.Context, in, out []backend.Arg) error {
	if s.vals == nil && len(s.pr.plan.Slots) > 0 {
		return errClosed
	}
	if !s.watch.begin(ctx) {
		return context.Cause(ctx)
	}
	defer s.watch.end()
	s.meter.begin(in)
	s.release()
	return s.run(ctx, in, out)
}

// run runs the plan, or a body's for one trip.
func (s *session) run(ctx context.Context, in, out []backend.Arg) error {
	if len(in) != len(s.pr.plan.Inputs) || len(out) != len(s.pr.plan.Outputs) {
		return fmt.Errorf("cpu: %d inputs and %d outputs for a plan of %d and %d", len(in), len(out), len(s.pr.plan.Inputs), len(s.pr.plan.Outputs))
	}
	if err := s.bind(in); err != nil {
		return err
	}
	for i := range s.pr.plan.Slots {
		if sl := &s.pr.plan.Slots[i]; sl.Space == backend.InInput {
			s.vals[i].arg.Data = in[sl.Index].Data
			if s.pr.dims[i] == nil {
				s.vals[i].arg.Dims = in[sl.Index].Dims
			}
		}
	}
	for i, p := range s.pr.plan.Inputs {
		s.vals[p.Slot].obj = in[i].Obj
	}
	s.lend(out)
	if err := s.steps(ctx); err != nil {
		return err
	}
	for i, p := range s.pr.plan.Outputs {
		a, err := s.operand(p.Slot)
		if err != nil {
			return err
		}
		out[i] = backend.Arg{Data: a.Data, Dims: a.Dims, Obj: s.vals[p.Slot].obj}
	}
	return nil
}

// lend makes the plan write those outputs for which the caller gave room into it, and the others into the arena.
func (s *session) lend(out []backend.Arg) {
	for i, group := range s.pr.outs {
		if len(group) == 0 {
			continue
		}
		b := s.pr.plan.Slots[group[0]].Index
		off, n := s.offsets[b], s.bufs[b].Size
		data := s.arena[off : off+n : off+n]
		if cap(out[i].Data) >= n && out[i].Data != nil {
			data = out[i].Data[:n]
		}
		for _, slot := range group {
			s.vals[slot].arg.Data = data
		}
	}
}

// bind reads the sizes off the inputs and, if they changed, checks what relies on them and places the buffers.
func (s *session) bind(in []backend.Arg) error {
	same := s.bound && s.parent == nil
	for i, p := range s.pr.plan.Inputs {
		if p.Type.Kind != ir.Tensor || p.Type.Unranked {
			continue
		}
		if len(in[i].Dims) != len(p.Type.Shape) {
			return fmt.Errorf("cpu: input %q: rank %d, not %d", p.Name, len(in[i].Dims), len(p.Type.Shape))
		}
		if !slices.Equal(s.inDims[i], in[i].Dims) {
			same = false
			copy(s.inDims[i], in[i].Dims)
		}
	}
	if same {
		return nil
	}
	s.bound = false
	if err := s.sizes(); err != nil {
		if s.parent == nil {
			return fmt.Errorf("%w: %w", backend.ErrInput, err)
		}
		return fmt.Errorf("cpu: %w", err)
	}
	if err := s.place(); err != nil {
		return err
	}
	s.bound = true
	return nil
}

// sizes reads the symbols off the inputs and computes the sizes that follow from them.
func (s *session) sizes() error {
	if err := s.readSyms(); err != nil {
		return err
	}
	for i, progs := range s.pr.dims {
		if s.pr.early[i] {
			if err := s.evalDims(i, progs); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *session) readSyms() error {
	for i := range s.syms {
		s.syms[i] = -1
		if s.parent != nil && s.pr.outer[i] >= 0 {
			s.syms[i] = s.parent.syms[s.pr.outer[i]]
		}
	}
	for _, r := range s.pr.reads {
		n := s.inDims[r.input][r.axis]
		if old := s.syms[r.sym]; old >= 0 && old != n {
			p := s.pr.plan.Inputs[r.input]
			return fmt.Errorf("input %q: size %d is %d, but %s is %d elsewhere", p.Name, r.axis, n, s.pr.plan.Syms[r.sym], old)
		}
		s.syms[r.sym] = n
	}
	for _, c := range s.pr.checks {
		want, err := c.want.Eval(s.syms)
		if n := s.inDims[c.input][c.axis]; err != nil || n != want {
			return fmt.Errorf("input %q: size %d is %d, not %d", s.pr.plan.Inputs[c.input].Name, c.axis, n, want)
		}
	}
	return s.checkFacts(-1)
}

// checkFacts checks the relations that can be once symbol last is known; -1: those between sizes of inputs.
func (s *session) checkFacts(last int) error {
	for i := range s.pr.facts {
		f := &s.pr.facts[i]
		if f.last != last {
			continue
		}
		a, err := f.a.Eval(s.syms)
		if err != nil {
			return err
		}
		b, err := f.b.Eval(s.syms)
		if err != nil {
			return err
		}
		if !f.Rel.Holds(a, b) {
			return f.Fault(fmt.Errorf("%w, where the model needs %v", f.Error(a, b), f.Fact))
		}
	}
	return nil
}

// evalDims computes the sizes of slot i.
func (s *session) evalDims(i int, progs []sym.Prog) error {
	for j := range progs {
		n, err := progs[j].Eval(s.syms)
		if err != nil || n < 0 {
			return fmt.Errorf("%q: size %d: %v", s.pr.plan.Slots[i].Name, j, orNegative(err, n))
		}
		s.vals[i].arg.Dims[j] = n
	}
	return nil
}

func orNegative(err error, n int) error {
	if err == nil {
		return fmt.Errorf("%d is negative", n)
	}
	return err
}

// place sizes the buffers and the scratch of each step, finds them places and takes the arena.
func (s *session) place() error {
	p := s.pr.plan
	s.bufs = s.bufs[:0]
	for i, b := range p.Buffers {
		n, err := s.pr.sizes[i].Eval(s.syms)
		if err != nil || n < 0 {
			return fmt.Errorf("cpu: %w", orNegative(err, n))
		}
		s.bufs = append(s.bufs, memory.Buffer{Size: n, First: b.First, Last: min(b.Last, len(p.Steps))})
	}
	if s.scratch == nil {
		s.scratch = make([]int, len(p.Steps))
	}
	for i := range p.Steps {
		s.scratch[i] = noScratch
		n, known, err := s.scratchOf(i, true)
		if err != nil {
			return err
		}
		if !known {
			s.scratch[i] = unsized
		}
		if n > 0 {
			s.scratch[i] = len(s.bufs)
			s.bufs = append(s.bufs, memory.Buffer{Size: n, First: i, Last: i})
		}
	}
	size, err := s.offsetsOf()
	if err != nil {
		return s.largest(err)
	}
	if err := s.meter.hold(size - s.charged); err != nil {
		return s.largest(err)
	}
	s.charged = size
	if size > len(s.arena) || size < len(s.arena)/4 {
		s.arena = pages(size)
	}
	for i := range p.Slots {
		if sl := &p.Slots[i]; sl.Space == backend.InArena {
			off, n := s.offsets[sl.Index], s.bufs[sl.Index].Size
			s.vals[i].arg.Data = s.arena[off : off+n : off+n]
		}
	}
	return nil
}

// largest names, in an error about the arena, the step whose buffer takes the most of it.
func (s *session) largest(err error) error {
	most, at := -1, 0
	for _, b := range s.bufs {
		if b.Size > most {
			most, at = b.Size, b.First
		}
	}
	if most < 0 || at < 0 || at >= len(s.pr.plan.Steps) {
		return fmt.Errorf("cpu: %w", err)
	}
	return s.fault(at, fmt.Errorf("%d bytes: %w", most, err))
}

// offsetsOf places the buffers: as the plan says, if it does and no step needs scratch; else anew.
func (s *session) offsetsOf() (int, error) {
	s.offsets = slices.Grow(s.offsets[:0], len(s.bufs))[:len(s.bufs)]
	if p := s.pr.plan; p.Arena.Offsets != nil && len(s.bufs) == len(p.Buffers) {
		copy(s.offsets, p.Arena.Offsets)
		return p.Arena.Size, nil
	}
	return s.placer.Place(s.bufs, s.offsets)
}

// What session.scratch holds for steps without a buffer of scratch.
const (
	noScratch = -1
	unsized   = -2
)

// scratchOf returns the bytes of scratch that step i needs, and whether that is known: bind time knows the sizes of early slots only.
func (s *session) scratchOf(i int, binding bool) (int, bool, error) {
	row := s.pr.rows[i]
	if row == nil || row.Scratch == nil {
		return 0, true, nil
	}
	c := &s.calls[i]
	for j, a := range s.pr.plan.Steps[i].Args {
		if a < 0 {
			c.Args[j] = kern.Arg{}
			continue
		}
		if binding && !s.pr.early[a] {
			return 0, false, nil
		}
		c.Args[j] = s.vals[a].arg
	}
	n, err := row.Scratch(c.Param, c.Args, c.Workers())
	if err != nil {
		return 0, true, s.fault(i, err)
	}
	return n, true, nil
}

// fault names the node of step i.
func (s *session) fault(i int, err error) error {
	if n := s.pr.plan.Steps[i].Node; n != nil {
		return n.Fault(err)
	}
	return fmt.Errorf("cpu: %s: %w", s.pr.plan.Steps[i].Kernel, err)
}
