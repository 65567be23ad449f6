package cpu

import (
	"context"
	"fmt"
	"slices"
	"time"
	"unsafe"

	"github.com/cameo-onnx/cameo/backend"
	"github.com/cameo-onnx/cameo/backend/cpu/kern"
	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// steps runs the plan.
func (s *session) steps(ctx context.Context) error {
	for i := range s.pr.plan.Steps {
		mark := s.meter.temp
		var start time.Time
		if s.limits.Timed != nil {
			start = time.Now()
		}
		if err := s.step(ctx, i); err != nil {
			return s.fault(i, err)
		}
		if s.limits.Timed != nil {
			s.limits.Timed(&s.pr.plan.Steps[i], time.Since(start))
		}
		s.meter.temp = mark
		if s.stop.Load() {
			return s.fault(i, context.Cause(ctx))
		}
	}
	return nil
}

func (s *session) step(ctx context.Context, i int) error {
	st := &s.pr.plan.Steps[i]
	switch st.Kernel {
	case evalKernel:
		return s.eval(ctx, i)
	case copyKernel:
		copy(s.vals[st.Args[1]].arg.Data, s.vals[st.Args[0]].arg.Data)
		return nil
	}
	if st.Kernel == sizesKernel {
		return s.writeSizes(i)
	}
	c := &s.calls[i]
	outs := len(st.Args) - st.Outs
	measured := s.pr.rows[i].Dims == nil
	for j, a := range st.Args {
		if a < 0 {
			c.Args[j] = kern.Arg{}
			continue
		}
		if j >= outs && !measured {
			if err := s.measure(i, outs); err != nil {
				return err
			}
			measured = true
		}
		if j >= outs && s.pr.plan.Slots[a].Space == backend.Late {
			if err := s.takeLate(a); err != nil {
				return err
			}
		}
		arg, err := s.operand(a)
		if err != nil {
			return err
		}
		c.Args[j] = arg
	}
	c.Scratch = nil
	if k := s.scratch[i]; k >= 0 {
		off, n := s.offsets[k], s.bufs[k].Size
		c.Scratch = s.arena[off : off+n : off+n]
	} else if k == unsized {
		n, _, err := s.scratchOf(i, false)
		if err != nil {
			return err
		}
		if err := s.meter.charge(n); err != nil {
			return err
		}
		c.Scratch = tensor.Aligned(n)
	}
	c.Seed = s.limits.Seed
	return s.pr.rows[i].Run(c)
}

// writeSizes fills the result of a sizes step.
func (s *session) writeSizes(i int) error {
	slot := s.pr.plan.Steps[i].Args[0]
	arg := &s.vals[slot].arg
	for j := range s.pr.writes[i] {
		n, err := s.pr.writes[i][j].Eval(s.syms)
		if err != nil {
			return err
		}
		switch s.pr.plan.Slots[slot].Type.DType {
		case tensor.I64:
			kern.Of[int64](arg)[j] = int64(n)
		case tensor.I32:
			kern.Of[int32](arg)[j] = int32(n)
		default:
			arg.Data[j] = byte(min(n, 1))
		}
	}
	return nil
}

// measure lets step i say the sizes of its late results; its operands, the first outs, stand in its call.
func (s *session) measure(i, outs int) error {
	c, late := &s.calls[i], false
	args := s.pr.plan.Steps[i].Args
	for j, a := range args[outs:] {
		if c.Args[outs+j] = (kern.Arg{}); a < 0 {
			continue
		}
		v := &s.vals[a]
		if s.pr.plan.Slots[a].Space == backend.Late {
			late = true
			if rank := len(s.pr.plan.Slots[a].Type.Shape); len(v.arg.Dims) != rank {
				v.arg.Dims = make([]int, rank)
			}
		}
		c.Args[outs+j].Dims = v.arg.Dims
	}
	if !late {
		return nil
	}
	if err := s.pr.rows[i].Dims(c); err != nil {
		return err
	}
	for _, a := range args[outs:] {
		if a >= 0 && s.pr.plan.Slots[a].Space == backend.Late {
			if err := s.learn(a, s.vals[a].arg.Dims); err != nil {
				return err
			}
		}
	}
	return nil
}

// takeLate gives a late result its memory, now that its sizes are known.
func (s *session) takeLate(slot int) error {
	if err := s.evalDims(slot, s.pr.dims[slot]); err != nil {
		return err
	}
	v := &s.vals[slot]
	n, ok := tensor.ByteSize(s.pr.plan.Slots[slot].Type.DType, v.arg.Dims)
	if !ok {
		return fmt.Errorf("sizes %v are not possible", v.arg.Dims)
	}
	if err := s.keep(slot, n); err != nil {
		return err
	}
	s.lates[s.pr.plan.Slots[slot].Index] = tensor.Aligned(n)
	return nil
}

// operand returns the bytes and sizes of a slot that is no object.
func (s *session) operand(slot int) (kern.Arg, error) {
	v, sl := &s.vals[slot], &s.pr.plan.Slots[slot]
	if sl.Space == backend.Late {
		v.arg.Data = s.lates[sl.Index]
	}
	if !s.pr.early[slot] && s.pr.dims[slot] != nil {
		if err := s.evalDims(slot, s.pr.dims[slot]); err != nil {
			return v.arg, err
		}
	}
	return v.arg, nil
}

// tensorOf returns the value of a slot.
func (s *session) tensorOf(slot int) (tensor.Value, error) {
	if slot < 0 {
		return nil, nil
	}
	sl := &s.pr.plan.Slots[slot]
	if sl.Space == backend.Object {
		return s.vals[slot].obj, nil
	}
	a, err := s.operand(slot)
	if err != nil {
		return nil, err
	}
	if a.Data == nil {
		a.Data = []byte{}
	}
	return tensor.FromBytes(sl.Type.DType, a.Data, a.Dims)
}

// eval runs a step by its node's reference evaluation, bodies by their own plans.
func (s *session) eval(ctx context.Context, i int) error {
	st := &s.pr.plan.Steps[i]
	outs := len(st.Args) - st.Outs
	args := make([]tensor.Value, outs)
	for j, a := range st.Args[:outs] {
		v, err := s.tensorOf(a)
		if err != nil {
			return err
		}
		args[j] = v
	}
	s.env = ir.Env{Ctx: ctx, Outs: st.Outs, Bodies: st.Node.Bodies, Charge: s.meter.charge, Trip: s.meter.trip, Seed: s.limits.Seed, NodeID: ir.NodeKey(st.Node)}
	if len(st.Subs) > 0 {
		s.env.Call = func(e *ir.Env, body *ir.Graph, in []tensor.Value) ([]tensor.Value, error) {
			return s.runBody(ctx, e.Seed, body, in)
		}
	}
	mark := s.meter.temp
	res, err := ir.EvalNode(&s.env, st.Node, args)
	if err != nil {
		return err
	}
	s.meter.temp = mark // what is kept of the results is held from here on
	for j, a := range st.Args[outs:] {
		if err := s.store(a, res[j]); err != nil {
			return err
		}
	}
	return nil
}

// store makes v the value of a slot that an eval step fills.
func (s *session) store(slot int, v tensor.Value) error {
	sl, to := &s.pr.plan.Slots[slot], &s.vals[slot]
	if sl.Space == backend.Object {
		v = s.detach(v)
		if err := s.keep(slot, weight(v)); err != nil {
			return err
		}
		to.obj = v
		if t, ok := v.(*tensor.Tensor); ok {
			to.arg.Dims = t.Dims()
			return s.learn(slot, t.Dims())
		}
		return nil
	}
	t := v.(*tensor.Tensor)
	if sl.Space == backend.Late {
		t = s.detach(t).(*tensor.Tensor)
		if err := s.keep(slot, len(t.Bytes())); err != nil {
			return err
		}
		s.lates[sl.Index] = t.Bytes()
		if s.pr.dims[slot] == nil {
			to.arg.Dims = t.Dims()
		}
		return s.learn(slot, t.Dims())
	}
	if !slices.Equal(t.Dims(), to.arg.Dims) {
		return fmt.Errorf("%q is of sizes %v, not %v", sl.Name, t.Dims(), to.arg.Dims)
	}
	copy(to.arg.Data, t.Bytes())
	return nil
}

// detach returns v with bytes of its own wherever it shares those of an arena, which later steps write over.
func (s *session) detach(v tensor.Value) tensor.Value {
	switch v := v.(type) {
	case *tensor.Tensor:
		if s.inArena(v.Bytes()) {
			return v.Clone()
		}
	case *tensor.Sequence:
		out := &tensor.Sequence{Elems: make([]tensor.Value, len(v.Elems))}
		for i, e := range v.Elems {
			out.Elems[i] = s.detach(e)
		}
		return out
	case *tensor.Optional:
		if v.Elem != nil {
			return &tensor.Optional{Elem: s.detach(v.Elem)}
		}
	case *tensor.Map:
		return &tensor.Map{Keys: s.detach(v.Keys).(*tensor.Tensor), Values: s.detach(v.Values).(*tensor.Tensor)}
	}
	return v
}

// inArena reports whether b lies in the session's arena or in that of an enclosing one.
func (s *session) inArena(b []byte) bool {
	if len(b) == 0 {
		return false
	}
	at := uintptr(unsafe.Pointer(unsafe.SliceData(b)))
	for ; s != nil; s = s.parent {
		start := uintptr(unsafe.Pointer(unsafe.SliceData(s.arena)))
		if at >= start && at < start+uintptr(len(s.arena)) {
			return true
		}
	}
	return false
}

// learn takes the symbols that the sizes of a late value tell.
func (s *session) learn(slot int, dims []int) error {
	sl := &s.pr.plan.Slots[slot]
	if sl.Type.Unranked {
		return nil
	}
	if len(dims) != len(sl.Type.Shape) {
		return fmt.Errorf("%q is of rank %d, not %d", sl.Name, len(dims), len(sl.Type.Shape))
	}
	for j, d := range sl.Type.Shape {
		name, ok := d.Name()
		if !ok && s.pr.dims[slot] == nil {
			continue
		}
		if !ok {
			n, err := s.pr.dims[slot][j].Eval(s.syms)
			if err == nil && n != dims[j] {
				return fmt.Errorf("%q is of sizes %v, but size %d should be %d", sl.Name, dims, j, n)
			}
			continue
		}
		k := s.pr.index[name]
		if s.syms[k] >= 0 && s.pr.early[slot] && s.syms[k] != dims[j] {
			return fmt.Errorf("%q is of sizes %v, but size %d should be %d", sl.Name, dims, j, s.syms[k])
		}
		s.syms[k] = dims[j]
		if err := s.checkFacts(k); err != nil {
			return err
		}
	}
	return nil
}

// runBody runs the plan of a body.
func (s *session) runBody(ctx context.Context, seed uint64, body *ir.Graph, in []tensor.Value) ([]tensor.Value, error) {
	k, ok := s.pr.bodies[body]
	if !ok {
		return nil, fmt.Errorf("a body has no plan")
	}
	if s.subs[k] == nil {
		s.subs[k] = newSession(s.pr.subs[k], s.limits, s)
	}
	sub := s.subs[k]
	sub.limits.Seed = seed
	args := make([]backend.Arg, len(in))
	for i, v := range in {
		args[i] = backend.ArgOf(v)
	}
	res := make([]backend.Arg, len(sub.pr.plan.Outputs))
	if err := sub.run(ctx, args, res); err != nil {
		return nil, err
	}
	out := make([]tensor.Value, len(res))
	for i, r := range res {
		v, err := Value(sub.pr.plan.Outputs[i].Type, r)
		if err != nil {
			return nil, err
		}
		out[i] = v
	}
	return out, nil
}

// Value returns a result of a run as a value with bytes of its own.
func Value(t ir.Type, a backend.Arg) (tensor.Value, error) {
	if a.Obj != nil {
		return a.Obj, nil
	}
	v := tensor.New(t.DType, a.Dims...)
	copy(v.Bytes(), a.Data)
	return v, nil
}
