package runtime

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/cameo-onnx/cameo/backend"
	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
	"github.com/cameo-onnx/cameo/passes"
)

// ErrInput marks inputs that a model does not take: missing, unknown, of a wrong type or of wrong sizes.
var ErrInput = backend.ErrInput

// InternalError is a bug of ours, recovered where a caller enters.
type InternalError struct {
	Value any // what was panicked with
	Stack []byte
}

func (e *InternalError) Error() string { return fmt.Sprintf("cameo: internal error: %v", e.Value) }

// recovered turns a panic into an InternalError.
func recovered(err *error) {
	if r := recover(); r != nil {
		*err = &InternalError{Value: r, Stack: debug.Stack()}
	}
}

// A Model is a compiled graph. It is safe for concurrent use.
type Model struct {
	opts    Options
	weights int // bytes of constants before the passes, which may repeat or unfold them
	gain    int // DefaultMemoryGain where the options set no bound
	plan    *backend.Plan
	program backend.Program
	idle    chan backend.Session // sessions that nobody uses; nil entries are yet to be made
	inputs  map[string]int
	outputs map[string]int
	consts  []tensor.Value // defaults of inputs, by index
	into    map[int]int    // outputs that take over an input's storage, by index
}

// Compile optimises g, which it changes, and compiles it for o.Backend.
func Compile(g *ir.Graph, o Options) (m *Model, err error) {
	defer recovered(&err)
	switch {
	case g == nil:
		return nil, errors.New("runtime: no graph")
	case o.Backend == nil:
		return nil, errors.New("runtime: no backend")
	}
	gain := 0
	if o.Memory == 0 {
		o.Memory, gain = DefaultMemory, DefaultMemoryGain
	}
	if o.Trips == 0 {
		o.Trips = DefaultTrips
	}
	if o.MaxSessions <= 0 {
		o.MaxSessions = runtime.GOMAXPROCS(0)
	}
	m = &Model{opts: o, gain: gain, weights: weights(g), inputs: map[string]int{}, outputs: map[string]int{}, into: map[int]int{}}
	for i, v := range g.Inputs {
		m.inputs[v.Name] = i
		var d tensor.Value
		if v.Data != nil {
			d = v.Data
		}
		m.consts = append(m.consts, d)
	}
	for i, out := range g.Outputs {
		m.outputs[out.Name] = i
		if out.Into != nil {
			m.into[i] = slices.Index(g.Inputs, out.Into)
		}
	}
	if err := passes.Run(g, o.Backend, o.Passes); err != nil {
		return nil, err
	}
	if m.plan, err = o.Backend.Compile(g); err != nil {
		return nil, err
	}
	dev, err := o.Backend.Open(0)
	if err != nil {
		return nil, err
	}
	if m.program, err = dev.Load(m.plan); err != nil {
		return nil, err
	}
	m.idle = make(chan backend.Session, o.MaxSessions)
	for range o.MaxSessions {
		m.idle <- nil
	}
	return m, nil
}

// Plan returns the compiled plan; the caller must not change it.
func (m *Model) Plan() *backend.Plan { return m.plan }

// Inputs returns the names and types of the inputs.
func (m *Model) Inputs() []backend.Param { return slices.Clone(m.plan.Inputs) }

// Outputs returns the names and types of the outputs.
func (m *Model) Outputs() []backend.Param { return slices.Clone(m.plan.Outputs) }

// HasDefault reports whether an input has a value of its own, so that it may be left out.
func (m *Model) HasDefault(name string) bool {
	i, ok := m.inputs[name]
	return ok && m.consts[i] != nil
}

// limits returns what a session may take.
func (m *Model) limits() backend.Limits {
	return backend.Limits{
		Memory: m.opts.Memory, Base: DefaultMemoryBase + DefaultMemoryGain*min(m.weights, DefaultMemory), Gain: m.gain,
		Trips: m.opts.Trips, Threads: m.opts.Threads, Seed: m.opts.Seed, Timed: m.opts.Timed,
	}
}

// Weights returns the bytes of the model's constants, before the passes.
func (m *Model) Weights() int { return m.weights }

// Memory returns the bytes that a run on inputs of so many bytes may take for intermediate values.
func (m *Model) Memory(inputs int) int { return m.limits().MemoryFor(inputs) }

// weights returns the bytes of the constants of g and of the bodies in it.
func weights(g *ir.Graph) int {
	n := 0
	for _, v := range g.Consts() {
		n += len(v.Data.Bytes())
	}
	for _, node := range g.Nodes {
		for _, body := range node.Bodies {
			n += weights(body)
		}
	}
	return n
}

// Run runs the model on inputs by name and returns the outputs of the given names, or all. Inputs that have defaults may be
// left out. The results are the caller's own.
func (m *Model) Run(ctx context.Context, inputs map[string]tensor.Value, outputs ...string) (res map[string]tensor.Value, err error) {
	defer recovered(&err)
	in, err := m.args(inputs)
	if err != nil {
		return nil, err
	}
	want, err := m.wanted(outputs)
	if err != nil {
		return nil, err
	}
	if m.opts.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, m.opts.Timeout)
		defer cancel()
	}
	s, err := m.take(ctx)
	if err != nil {
		return nil, err
	}
	ok := false
	defer func() {
		if !ok {
			s = nil // its state after a fault is not to be trusted
		}
		m.idle <- s
	}()
	out := make([]backend.Arg, len(m.plan.Outputs))
	if err := s.Run(ctx, in, out); err != nil {
		ok = true
		return nil, err
	}
	res = make(map[string]tensor.Value, len(want))
	for _, i := range want {
		p := m.plan.Outputs[i]
		v, err := value(p.Type, out[i])
		if err != nil {
			return nil, err
		}
		res[p.Name] = v
	}
	ok = true
	return res, nil
}

// take waits for a session.
func (m *Model) take(ctx context.Context) (s backend.Session, err error) {
	select {
	case s = <-m.idle:
		if s != nil {
			return s, nil
		}
		defer func() {
			if s == nil {
				m.idle <- nil
			}
		}()
		s, err = m.program.Bind(m.limits())
		return s, err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// value copies a result, which is lent.
func value(t ir.Type, a backend.Arg) (tensor.Value, error) {
	if a.Obj != nil {
		return own(a.Obj), nil
	}
	if t.Kind != ir.Tensor {
		return nil, fmt.Errorf("runtime: a result of type %v has no value", t)
	}
	v := tensor.New(t.DType, a.Dims...)
	copy(v.Bytes(), a.Data)
	return v, nil
}

// own returns a copy of v, which may share its tensors with inputs, constants or the session.
func own(v tensor.Value) tensor.Value {
	switch v := v.(type) {
	case *tensor.Tensor:
		return v.Clone()
	case *tensor.Sequence:
		out := &tensor.Sequence{Elems: make([]tensor.Value, len(v.Elems))}
		for i, e := range v.Elems {
			out.Elems[i] = own(e)
		}
		return out
	case *tensor.Optional:
		if v.Elem == nil {
			return v
		}
		return &tensor.Optional{Elem: own(v.Elem)}
	case *tensor.Map:
		return &tensor.Map{Keys: v.Keys.Clone(), Values: v.Values.Clone()}
	}
	return v
}

// args returns the inputs in the model's order, checked.
func (m *Model) args(inputs map[string]tensor.Value) ([]backend.Arg, error) {
	in := make([]backend.Arg, len(m.plan.Inputs))
	for name := range inputs {
		if _, ok := m.inputs[name]; !ok {
			return nil, fmt.Errorf("%w: there is no input %q; the inputs are %s", ErrInput, name, m.names(m.plan.Inputs))
		}
	}
	for i, p := range m.plan.Inputs {
		v := inputs[p.Name]
		if v == nil {
			v = m.consts[i]
		}
		if v == nil {
			return nil, fmt.Errorf("%w: input %q (%v) is missing", ErrInput, p.Name, p.Type)
		}
		if err := checkInput(v, p.Type); err != nil {
			return nil, fmt.Errorf("%w: input %q: %w", ErrInput, p.Name, err)
		}
		in[i] = backend.ArgOf(v)
	}
	return in, nil
}

func (m *Model) wanted(outputs []string) ([]int, error) {
	var want []int
	if len(outputs) == 0 {
		for i := range m.plan.Outputs {
			want = append(want, i)
		}
		return want, nil
	}
	for _, name := range outputs {
		i, ok := m.outputs[name]
		if !ok {
			return nil, fmt.Errorf("%w: there is no output %q; the outputs are %s", ErrInput, name, m.names(m.plan.Outputs))
		}
		want = append(want, i)
	}
	return want, nil
}

func (m *Model) names(ps []backend.Param) string {
	var out []string
	for _, p := range ps {
		out = append(out, fmt.Sprintf("%q", p.Name))
	}
	return strings.Join(out, ", ")
}
