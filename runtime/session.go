package runtime

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/cameo-onnx/cameo/backend"
	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// A Session runs a model for one goroutine: a run beside another is refused. It keeps its inputs from run to run and lends its
// outputs until the next run, so that a run with the sizes of the last one allocates nothing. Close gives its memory back.
type Session struct {
	m      *Model
	s      backend.Session
	inputs []tensor.Value
	in     []backend.Arg
	out    []backend.Arg
	outs   []*tensor.Tensor // over out, remade when sizes change
	feeds  []feed
	ran    bool // the last run succeeded, and out holds its results
	busy   atomic.Bool
}

var errBusy = errors.New("runtime: the session is running: it serves one goroutine at a time")

// A feed makes an output the next run's input, by turns in two buffers.
type feed struct {
	out, in int
	spare   []byte
	dims    []int
}

// NewSession returns a session. Outputs that the graph declares to take over an input's storage are fed back.
func (m *Model) NewSession() (*Session, error) {
	b, err := m.program.Bind(m.limits())
	if err != nil {
		return nil, err
	}
	s := &Session{
		m: m, s: b, inputs: slices.Clone(m.consts),
		in:   make([]backend.Arg, len(m.plan.Inputs)),
		out:  make([]backend.Arg, len(m.plan.Outputs)),
		outs: make([]*tensor.Tensor, len(m.plan.Outputs)),
	}
	for i, v := range s.inputs {
		if v != nil {
			s.in[i] = backend.ArgOf(v)
		}
	}
	for out, in := range m.into {
		s.feeds = append(s.feeds, feed{out: out, in: in})
	}
	slices.SortFunc(s.feeds, func(a, b feed) int { return a.out - b.out })
	return s, nil
}

// Input returns the session's own tensor for an input, to be filled before Run. Sizes must be given where the model leaves them
// open; the tensor is the same from call to call as long as they stay.
func (s *Session) Input(name string, dims ...int) (*tensor.Tensor, error) {
	i, ok := s.m.inputs[name]
	if !ok {
		return nil, fmt.Errorf("%w: there is no input %q; the inputs are %s", ErrInput, name, s.m.names(s.m.plan.Inputs))
	}
	t := s.m.plan.Inputs[i].Type
	if t.Kind != ir.Tensor {
		return nil, fmt.Errorf("%w: input %q is a %v: use Set", ErrInput, name, t)
	}
	if len(dims) == 0 {
		if cur, ok := s.inputs[i].(*tensor.Tensor); ok && cur != nil && s.m.consts[i] == nil {
			return cur, nil
		}
		if dims, ok = t.Shape.Ints(); !ok || t.Unranked {
			return nil, fmt.Errorf("%w: input %q is %v: its sizes must be given", ErrInput, name, t)
		}
	}
	if cur, ok := s.inputs[i].(*tensor.Tensor); ok && cur != nil && slices.Equal(cur.Dims(), dims) && s.m.consts[i] == nil {
		return cur, nil
	}
	n, ok := tensor.ByteSize(t.DType, dims)
	if !ok {
		return nil, fmt.Errorf("%w: input %q: sizes %v", ErrInput, name, dims)
	}
	if limit := s.m.opts.Memory; limit > 0 && n > limit {
		return nil, fmt.Errorf("%w: input %q: sizes %v take %d bytes", backend.ErrBudget, name, dims, n)
	}
	x := tensor.New(t.DType, dims...)
	if err := s.Set(name, x); err != nil {
		return nil, err
	}
	return x, nil
}

// Set makes v an input of the runs to come; the session shares its bytes.
func (s *Session) Set(name string, v tensor.Value) error {
	i, ok := s.m.inputs[name]
	if !ok {
		return fmt.Errorf("%w: there is no input %q; the inputs are %s", ErrInput, name, s.m.names(s.m.plan.Inputs))
	}
	if err := checkInput(v, s.m.plan.Inputs[i].Type); err != nil {
		return fmt.Errorf("%w: input %q: %w", ErrInput, name, err)
	}
	s.inputs[i] = v
	s.in[i] = backend.ArgOf(v)
	return nil
}

// Feed makes an output of each run an input of the next one, without a copy. The input must have been given a value for the first run.
func (s *Session) Feed(output, input string) error {
	o, ok := s.m.outputs[output]
	i, ok2 := s.m.inputs[input]
	if !ok || !ok2 {
		return fmt.Errorf("%w: there is no output %q or no input %q", ErrInput, output, input)
	}
	a, b := s.m.plan.Outputs[o].Type, s.m.plan.Inputs[i].Type
	if !a.Fits(b) {
		return fmt.Errorf("%w: output %q is %v, but input %q is %v", ErrInput, output, a, input, b)
	}
	s.feeds = append(s.feeds, feed{out: o, in: i})
	return nil
}

// Run runs the model on the session's inputs.
func (s *Session) Run(ctx context.Context) (err error) {
	if !s.busy.CompareAndSwap(false, true) {
		return errBusy
	}
	defer s.busy.Store(false)
	defer recovered(&err)
	s.ran = false
	for i, v := range s.inputs {
		if v == nil && s.in[i].Data == nil && s.in[i].Obj == nil {
			p := s.m.plan.Inputs[i]
			return fmt.Errorf("%w: input %q (%v) is missing", ErrInput, p.Name, p.Type)
		}
	}
	if s.m.opts.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, s.m.opts.Timeout)
		defer cancel()
	}
	for i := range s.out {
		s.out[i].Data = nil
	}
	for i := range s.feeds {
		s.out[s.feeds[i].out].Data = s.feeds[i].spare
	}
	if err := s.s.Run(ctx, s.in, s.out); err != nil {
		return err
	}
	for i := range s.feeds {
		s.turn(&s.feeds[i])
	}
	s.ran = true
	return nil
}

// turn makes the output of a feed the next input, and the buffer of the last input the room for the next output.
func (s *Session) turn(f *feed) {
	o := &s.out[f.out]
	if o.Obj != nil {
		s.inputs[f.in], s.in[f.in] = o.Obj, *o
		return
	}
	used := len(f.spare) > 0 && len(o.Data) > 0 && &f.spare[0] == &o.Data[0]
	if !used { // the output lies in the arena, which the next run writes over
		own := tensor.Aligned(len(o.Data))
		copy(own, o.Data)
		o.Data = own
	}
	old := s.in[f.in].Data
	if f.spare = nil; cap(old) >= len(o.Data) && s.inputs[f.in] == nil {
		f.spare = old[:len(o.Data)]
	} else {
		f.spare = tensor.Aligned(len(o.Data))
	}
	s.in[f.in].Data = o.Data
	f.dims = append(f.dims[:0], o.Dims...)
	s.in[f.in].Dims = f.dims
	s.inputs[f.in] = nil
}

// Output returns a result of the last run; its bytes hold until the next one. It returns nil where the last run failed or there
// was none, for an unknown name, and for what is no tensor: see Value.
func (s *Session) Output(name string) *tensor.Tensor {
	i, ok := s.m.outputs[name]
	if !ok || !s.ran {
		return nil
	}
	a := s.out[i]
	if t, ok := a.Obj.(*tensor.Tensor); ok {
		return t
	}
	if a.Data == nil {
		return nil
	}
	if t := s.outs[i]; t != nil && len(t.Bytes()) == len(a.Data) && (len(a.Data) == 0 || &t.Bytes()[0] == &a.Data[0]) && slices.Equal(t.Dims(), a.Dims) {
		return t
	}
	t, err := tensor.FromBytes(s.m.plan.Outputs[i].Type.DType, a.Data, a.Dims)
	if err != nil {
		return nil
	}
	s.outs[i] = t
	return t
}

// Value returns a result of the last run, of whatever kind, with bytes of its own.
func (s *Session) Value(name string) (tensor.Value, error) {
	i, ok := s.m.outputs[name]
	if !ok {
		return nil, fmt.Errorf("%w: there is no output %q; the outputs are %s", ErrInput, name, s.m.names(s.m.plan.Outputs))
	}
	if !s.ran {
		return nil, fmt.Errorf("runtime: output %q has no value: the last run failed, or there was none", name)
	}
	return value(s.m.plan.Outputs[i].Type, s.out[i])
}

// Close gives the session's memory back. It is refused while a run is under way.
func (s *Session) Close() error {
	if !s.busy.CompareAndSwap(false, true) {
		return errBusy
	}
	defer s.busy.Store(false)
	return s.s.Close()
}
