package cpu

import (
	"fmt"
	"slices"

	"github.com/cameo-onnx/cameo/backend"
	"github.com/cameo-onnx/cameo/backend/cpu/kern"
	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/op"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// evalKernel is the kernel of steps that run their node's reference evaluation.
const evalKernel = "eval"

// copyKernel is the kernel of steps that copy a view of an input or constant into an output.
const copyKernel = "copy"

// sizesKernel is the kernel of steps that write sizes of the run.
const sizesKernel = "sizes"

// emitter turns one graph into a plan.
type emitter struct {
	g     *ir.Graph
	p     *backend.Plan
	slots []int           // by value ID; -1 where there is none yet
	bound map[string]bool // symbols that are known when the current step runs; those that binding reads are marked early
	early map[string]bool
	rows  map[*ir.Node]*Kernel // what the select stage chose
	b     Backend
	room  blocks                                                           // of packed weights
	body  func(*ir.Graph, map[string]bool, Backend) (*backend.Plan, error) // compile, which the stages cannot name: it runs them
}

// forever is the last step of buffers that hold outputs.
const forever = 1 << 30

func newEmitter(g *ir.Graph, outer map[string]bool, b Backend) *emitter {
	e := &emitter{
		g: g, b: b, body: compile,
		p:    &backend.Plan{Target: "cpu " + kern.CPU().String(), Facts: g.Assumes},
		rows: map[*ir.Node]*Kernel{}, bound: map[string]bool{}, early: map[string]bool{},
	}
	e.slots = slices.Repeat([]int{-1}, g.NumValues())
	for s := range outer {
		e.bound[s], e.early[s] = true, true
		e.p.Outer = append(e.p.Outer, s)
	}
	slices.Sort(e.p.Outer)
	e.p.Syms = slices.Clone(e.p.Outer)
	return e
}

// emitSteps makes a step of each node that is no view.
func (e *emitter) emitSteps() error {
	e.p.Steps = nil
	for i, v := range e.g.Inputs {
		for _, d := range v.Type.Shape {
			if name, ok := d.Name(); ok {
				e.define(name, true)
			}
		}
		slot := backend.Slot{Space: backend.InInput, Index: i}
		if isObject(v.Type) {
			slot = backend.Slot{Space: backend.Object, Index: -1}
		}
		e.p.Inputs = append(e.p.Inputs, backend.Param{Name: v.Name, Type: v.Type, Slot: e.slot(v, slot)})
	}
	for _, n := range e.g.Nodes {
		if err := e.node(n); err != nil {
			return n.Fault(err)
		}
	}
	for _, o := range e.g.Outputs {
		e.output(o)
	}
	e.drop()
	return nil
}

// drop lets the constants go that no step reads: those of which a kernel has a packed copy.
func (e *emitter) drop() {
	used := make([]bool, len(e.p.Consts))
	mark := func(slot int) {
		if slot >= 0 && e.p.Slots[slot].IsConst() {
			used[e.p.Slots[slot].Index] = true
		}
	}
	for _, st := range e.p.Steps {
		for _, a := range st.Args {
			mark(a)
		}
	}
	for _, o := range e.p.Outputs {
		mark(o.Slot)
	}
	for i := range e.p.Consts {
		if !used[i] {
			e.p.Consts[i] = nil
		}
	}
}

// isObject reports whether values of type t are no bytes of a dense tensor.
func isObject(t ir.Type) bool { return t.Kind != ir.Tensor || t.DType == tensor.String }

// define notes that a symbol is known from here on.
func (e *emitter) define(name string, early bool) {
	if !e.bound[name] {
		e.bound[name] = true
		e.p.Syms = append(e.p.Syms, name)
	}
	if early {
		e.early[name] = true
	}
}

// slot places v.
func (e *emitter) slot(v *ir.Value, s backend.Slot) int {
	s.Type, s.Name = v.Type, v.Name
	e.p.Slots = append(e.p.Slots, s)
	e.slots[v.ID] = len(e.p.Slots) - 1
	return len(e.p.Slots) - 1
}

// slotOf returns the slot of an operand, adding the constant that it may be.
func (e *emitter) slotOf(v *ir.Value) int {
	if v == nil {
		return -1
	}
	if s := e.slots[v.ID]; s >= 0 {
		return s
	}
	return e.slot(v, e.constSlot(v.Data))
}

func (e *emitter) constSlot(t *tensor.Tensor) backend.Slot {
	e.p.Consts = append(e.p.Consts, t)
	if t.DType() == tensor.String {
		return backend.Slot{Space: backend.Object, Index: len(e.p.Consts) - 1}
	}
	return backend.Slot{Space: backend.InConsts, Index: len(e.p.Consts) - 1}
}

// packed adds a constant of a kernel's own, whose sizes the kernel sees as shape, and returns its slot.
func (e *emitter) packed(t *tensor.Tensor, shape ir.Shape) int {
	s := e.constSlot(t)
	s.Type = ir.TensorOf(t.DType(), shape...)
	e.p.Slots = append(e.p.Slots, s)
	return len(e.p.Slots) - 1
}

// isView reports whether n's result is its first operand's bytes with other sizes. What an operand of unknown rank holds no
// fact has compared with the sizes of the result.
func isView(n *ir.Node) bool {
	if len(n.In) > 0 && n.In[0] != nil && n.In[0].Type.Unranked && !n.Out[0].Type.Unranked {
		return false
	}
	if len(n.In) == 1 && n.In[0].Type.DType != tensor.String && op.IsView(n) {
		return true
	}
	if !viewOps[n.Op] || n.In[0] == nil {
		return false
	}
	t := n.In[0].Type
	return !isObject(t) && t.Layout == ir.RowMajor && len(n.Out) == 1 && n.Epilogue() == nil
}

// node adds the step of n, or makes its result a view.
func (e *emitter) node(n *ir.Node) error {
	if isView(n) && !n.Out[0].Type.Unranked && e.known(n.Out[0].Type, e.bound) {
		s := e.p.Slots[e.slotOf(n.In[0])]
		if s.Space != backend.Late || e.known(n.In[0].Type, e.bound) {
			e.slot(n.Out[0], s)
			return nil
		}
	}
	if done, err := e.dequantized(n); done || err != nil {
		return err
	}
	st := backend.Step{Kernel: evalKernel, Node: e.alone(n), Outs: len(n.Out), From: n.From}
	k := e.rows[n]
	for _, v := range n.Out {
		if v.Type.Unranked || !e.known(v.Type, e.bound) && (k == nil || k.Dims == nil) {
			k = nil // its sizes are known only when it has run
		}
	}
	for _, v := range n.In {
		if v != nil && v.Type.Unranked && (k == nil || !k.AnyRank) {
			k = nil
		}
	}
	for _, v := range n.In {
		st.Args = append(st.Args, e.slotOf(v))
	}
	c := &call{e: e, st: &st, outs: make([]ir.Shape, len(n.Out))}
	if n.Op == op.Sizes.Op {
		st.Kernel = sizesKernel
	} else if k != nil {
		st.Kernel = k.Name
		if k.Emit != nil {
			param, err := k.Emit(c, n)
			if err != nil {
				return err
			}
			st.Param = param
		}
	} else if err := e.evaluated(n, &st); err != nil {
		return err
	}
	for i, v := range n.Out {
		slot := e.result(v, k != nil && k.Dims == nil)
		if c.outs[i] != nil {
			slot = e.alias(slot, c.outs[i])
		}
		st.Args = append(st.Args, slot)
	}
	for range c.absent {
		st.Args = append(st.Args, -1)
		st.Outs++
	}
	e.step(st)
	if c.after != nil {
		return c.after()
	}
	return nil
}

// evaluated prepares a step that runs n's reference evaluation, which knows tensors in row-major order only.
func (e *emitter) evaluated(n *ir.Node, st *backend.Step) error {
	for _, v := range slices.Concat(n.In, n.Out) {
		if v != nil && v.Type.Layout != ir.RowMajor {
			return fmt.Errorf("no kernel takes it with %q of type %v", v.Name, v.Type)
		}
	}
	return e.subs(n, st)
}

// alone returns a copy of n that holds on to nothing else of its graph, so that the plan does not keep the weights which
// kernels have packed.
func (e *emitter) alone(n *ir.Node) *ir.Node {
	c := *n
	c.In, c.Out = make([]*ir.Value, len(n.In)), make([]*ir.Value, len(n.Out))
	for i, v := range n.In {
		if v != nil {
			c.In[i] = &ir.Value{Name: v.Name, Type: v.Type}
			if e.rows[n] == nil {
				c.In[i].Data = v.Data
			}
		}
	}
	for i, v := range n.Out {
		c.Out[i] = &ir.Value{Name: v.Name, Type: v.Type}
	}
	return &c
}

// step appends a step.
func (e *emitter) step(st backend.Step) {
	e.p.Steps = append(e.p.Steps, st)
	for _, a := range st.Args {
		e.touch(a)
	}
}

// alias returns a slot over the same bytes as another, with other sizes.
func (e *emitter) alias(slot int, shape ir.Shape) int {
	s := e.p.Slots[slot]
	s.Type = ir.TensorOf(s.Type.DType, shape...)
	e.p.Slots = append(e.p.Slots, s)
	return len(e.p.Slots) - 1
}

// known reports whether every symbol in t's sizes is in have.
func (e *emitter) known(t ir.Type, have map[string]bool) bool {
	if t.Kind != ir.Tensor || t.Unranked {
		return false
	}
	for _, d := range t.Shape {
		if _, ok := d.Int(); ok {
			continue
		}
		for _, s := range d.Syms() {
			if !have[s] {
				return false
			}
		}
	}
	return true
}

// result places a result of the step that is about to be added; sized where its type tells all sizes.
func (e *emitter) result(v *ir.Value, sized bool) int {
	object := isObject(v.Type)
	if !object && e.known(v.Type, e.early) {
		e.p.Buffers = append(e.p.Buffers, backend.Buffer{Size: byteSize(v.Type), First: len(e.p.Steps), Last: len(e.p.Steps)})
		return e.slot(v, backend.Slot{Space: backend.InArena, Index: len(e.p.Buffers) - 1})
	}
	if !sized && !v.Type.Unranked {
		for _, d := range v.Type.Shape {
			if name, ok := d.Name(); ok {
				e.define(name, false)
			}
		}
	}
	if object {
		return e.slot(v, backend.Slot{Space: backend.Object, Index: -1})
	}
	e.p.Lates++
	return e.slot(v, backend.Slot{Space: backend.Late, Index: e.p.Lates - 1})
}

// byteSize returns the storage of a tensor of type t in bytes.
func byteSize(t ir.Type) sym.Dim {
	n := sym.Prod(t.Shape...)
	bits := t.DType.Bits()
	if bits%8 == 0 {
		return sym.Mul(n, sym.Const(bits/8))
	}
	return sym.CeilDiv(sym.Mul(n, sym.Const(bits)), sym.Const(8))
}

// touch makes the buffer of a slot live up to the last step.
func (e *emitter) touch(slot int) {
	if slot < 0 {
		return
	}
	if s := e.p.Slots[slot]; s.Space == backend.InArena {
		e.p.Buffers[s.Index].Last = len(e.p.Steps) - 1
	}
}

// subs compiles the bodies of a control-flow node.
func (e *emitter) subs(n *ir.Node, st *backend.Step) error {
	if n.Epilogue() != nil {
		return nil
	}
	for _, b := range n.Bodies {
		sub, err := e.body(b, e.bound, e.b)
		if err != nil {
			return err
		}
		st.Subs = append(st.Subs, len(e.p.Subs))
		e.p.Subs = append(e.p.Subs, sub)
	}
	return nil
}

// output makes a value an output of the plan: its buffer lives to the end. A view of an input or a constant is copied.
func (e *emitter) output(o ir.Output) {
	slot := e.slotOf(o.Value)
	if s := e.p.Slots[slot]; (s.Space == backend.InInput || s.Space == backend.InConsts) && e.known(s.Type, e.early) {
		e.p.Buffers = append(e.p.Buffers, backend.Buffer{Size: byteSize(s.Type), First: len(e.p.Steps), Last: len(e.p.Steps)})
		c := backend.Slot{Space: backend.InArena, Index: len(e.p.Buffers) - 1, Type: s.Type, Name: s.Name}
		e.p.Slots = append(e.p.Slots, c)
		e.p.Steps = append(e.p.Steps, backend.Step{Kernel: copyKernel, Args: []int{slot, len(e.p.Slots) - 1}, Outs: 1})
		slot = len(e.p.Slots) - 1
	}
	if s := e.p.Slots[slot]; s.Space == backend.InArena {
		e.p.Buffers[s.Index].Last = forever
	}
	e.p.Outputs = append(e.p.Outputs, backend.Param{Name: o.Name, Slot: slot, Type: o.Value.Type})
}

// call is what a kernel's Emit may change: the operands of its step, and the sizes by which the kernel sees the results.
type call struct {
	e      *emitter
	st     *backend.Step
	outs   []ir.Shape   // by result; nil: as they are
	absent int          // results that the kernel has and the node has not, at the end
	after  func() error // adds steps behind this one
}

// SetArgs replaces all operands by those given; nil is absent.
func (c *call) SetArgs(in ...*ir.Value) {
	c.st.Args = c.st.Args[:0]
	for _, v := range in {
		c.st.Args = append(c.st.Args, c.e.slotOf(v))
	}
}

// Alias makes the kernel see operand i with other sizes.
func (c *call) Alias(i int, shape ir.Shape) { c.st.Args[i] = c.e.alias(c.st.Args[i], shape) }

// AliasOut makes the kernel see result i with other sizes.
func (c *call) AliasOut(i int, shape ir.Shape) { c.outs[i] = shape }

// PackAs replaces operand i by a constant of the kernel's own, whose sizes the kernel sees as shape.
func (c *call) PackAs(i int, t *tensor.Tensor, shape ir.Shape) { c.st.Args[i] = c.e.packed(t, shape) }
