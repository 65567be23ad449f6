package cpu

import (
	"fmt"

	"github.com/cameo-onnx/cameo/backend"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// A meter weighs what a run holds at one time against its budget, sub-plans included.
type meter struct {
	limits backend.Limits
	memory int // what limits allow the present run; 0 is unlimited
	held   int // bytes of arenas, and of late values and objects until the step that makes them runs again
	temp   int // bytes that the evaluations under way have taken; each lets its own go when it ends
	trips  int
}

// charge takes n bytes for the evaluation under way.
func (m *meter) charge(n int) error {
	m.temp += n
	return m.check()
}

// hold takes n bytes until they are given back by a negative n.
func (m *meter) hold(n int) error {
	m.held += n
	if err := m.check(); err != nil {
		m.held -= n
		return err
	}
	return nil
}

func (m *meter) check() error {
	sum := m.held + m.temp
	switch {
	case m.memory <= 0 || sum <= m.memory && sum >= 0 && m.temp >= 0:
		return nil
	case m.memory < m.limits.Memory:
		return fmt.Errorf("%w: more than %d bytes of memory, the default for weights and inputs so small", backend.ErrBudget, m.memory)
	}
	return fmt.Errorf("%w: more than %d bytes of memory", backend.ErrBudget, m.memory)
}

// begin makes the meter ready for a run on in.
func (m *meter) begin(in []backend.Arg) {
	m.temp, m.trips = 0, 0
	if m.memory = m.limits.Memory; m.limits.Gain <= 0 {
		return
	}
	given := 0
	for i := range in {
		if in[i].Obj != nil {
			given += weight(in[i].Obj)
		} else {
			given += len(in[i].Data)
		}
	}
	m.memory = m.limits.MemoryFor(given)
}

func (m *meter) trip() error {
	m.trips++
	if m.limits.Trips > 0 && m.trips > m.limits.Trips {
		return fmt.Errorf("%w: more than %d loop iterations", backend.ErrBudget, m.limits.Trips)
	}
	return nil
}

// release lets go what is left of the last run: late values and objects.
func (s *session) release() {
	for i, n := range s.kept {
		if n > 0 {
			s.vals[i].obj, s.kept[i] = nil, 0
			s.meter.held -= n
		}
	}
	clear(s.lates)
	for _, sub := range s.subs {
		if sub != nil {
			sub.release()
		}
	}
}

// keep holds the n bytes of the value that a step has made, instead of those that it made the last time.
func (s *session) keep(slot, n int) error {
	if s.kept == nil {
		s.kept = make([]int, len(s.vals))
	}
	if err := s.meter.hold(n - s.kept[slot]); err != nil {
		return err
	}
	s.kept[slot] = n
	return nil
}

// weight returns the bytes that v takes. What two parts of v share counts twice.
func weight(v tensor.Value) int {
	const word = 16 // of an entry of a list
	n := word
	switch v := v.(type) {
	case *tensor.Tensor:
		if v.DType() != tensor.String {
			return n + len(v.Bytes())
		}
		for _, s := range v.Strings() {
			n += word + len(s)
		}
	case *tensor.Sequence:
		for _, e := range v.Elems {
			n += weight(e)
		}
	case *tensor.Optional:
		if v.Elem != nil {
			n += weight(v.Elem)
		}
	case *tensor.Map:
		n += weight(v.Keys) + weight(v.Values)
	}
	return n
}
