// Package backend is the contract between the compiler and what runs its plans; it runs nothing itself.
//
// Compile adds a target to a graph, Load a device, Bind the sizes, Run the data: each noun knows strictly more than the last.
package backend

import (
	"context"
	"errors"
	"math"
	"time"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// ErrBudget marks what would take more memory, time or loop trips than the caller allows.
var ErrBudget = errors.New("over the budget")

// ErrInput marks inputs that a model does not take: missing, unknown, of a wrong type or of wrong sizes.
var ErrInput = errors.New("wrong input")

// A Backend is a value: it carries features, cache sizes and precision. Compile needs no device.
type Backend interface {
	Name() string
	Compile(*ir.Graph) (*Plan, error)
	Open(ordinal int) (Device, error)
}

// A Device holds memory and loads plans.
type Device interface {
	Load(*Plan) (Program, error) // uploads constants, once
	Close() error
}

// A Program is a plan loaded on a device. It is safe for concurrent use.
type Program interface {
	Bind(Limits) (Session, error)
	Close() error
}

// A Session holds the memory of one run at a time. It is not safe for concurrent use.
type Session interface {
	// Run runs the plan on in, given in the order of Plan.Inputs, and fills out in the order of Plan.Outputs. Results are lent:
	// they hold until the next Run. An out whose Data has room enough is written in place instead, where the output has a
	// buffer of its own; the out then says where its bytes are. With the same sizes as the last Run it allocates nothing,
	// unless the plan has late values.
	Run(ctx context.Context, in, out []Arg) error
	Close() error
}

// Limits bound what a session may take.
type Limits struct {
	Memory  int    // bytes of arena, and of values whose sizes only running can tell; 0 or below is unlimited
	Base    int    // where Gain is set, Memory shrinks to Base bytes and
	Gain    int    // Gain bytes more for each byte of the run's inputs; 0: it does not
	Trips   int    // loop iterations in one run; 0 or below is unlimited
	Threads int    // 0: as many as the pool has
	Seed    uint64 // of random ops

	// Timed, where set, is told how long each step took. Steps of bodies are told too, and their time is also part of the step
	// that runs the body.
	Timed func(*Step, time.Duration)
}

// MemoryFor returns the bytes that a run on inputs of so many bytes may take; 0 is unlimited.
func (l Limits) MemoryFor(inputs int) int {
	if l.Gain <= 0 || inputs >= (math.MaxInt-l.Base)/l.Gain {
		return l.Memory
	}
	if n := l.Base + l.Gain*inputs; l.Memory == 0 || n < l.Memory {
		return n
	}
	return l.Memory
}

// An Arg is an operand or a result: the bytes of a dense row-major tensor, or another kind of value.
type Arg struct {
	Data []byte
	Dims []int
	Obj  tensor.Value // strings, sequences, optionals, maps; nil for other tensors
}

// A Plan is a graph made flat for one target: plain data.
type Plan struct {
	Target  string
	Slots   []Slot
	Inputs  []Param
	Outputs []Param
	Consts  []*tensor.Tensor // as kernels read them: packed where a kernel asked for it
	Buffers []Buffer
	Lates   int // how many values are late, views not counted
	Facts   []ir.Fact
	Syms    []string // the sizes that binding reads off the inputs, and those that running tells
	Outer   []string // those among Syms that the enclosing plan knows
	Steps   []Step
	Subs    []*Plan // bodies of control flow
	Arena   Arena
}

// A Param is an input or an output of a plan.
type Param struct {
	Name string
	Slot int
	Type ir.Type
}

// Space says where a slot's bytes are.
type Space uint8

const (
	InArena  Space = iota // Index is a buffer
	InConsts              // Index is a constant
	InInput               // Index is an input
	Late                  // sizes or rank are known only when the step that makes it runs; Index tells late values apart
	Object                // no dense tensor: strings, sequences, optionals, maps; Index is a constant, or -1
)

// A Slot places one value. Values that are views of others share their space and index.
type Slot struct {
	Space  Space
	Index  int
	Offset sym.Dim // bytes into the buffer
	Type   ir.Type
	Name   string
}

// IsConst reports whether the slot is one of the plan's constants.
func (s *Slot) IsConst() bool { return s.Space == InConsts || s.Space == Object && s.Index >= 0 }

// A Buffer is a range of the arena that lives from step First to step Last.
type Buffer struct {
	Size        sym.Dim // bytes
	First, Last int
}

// Arena is where the buffers lie if all sizes are constant, with the planner's certificate.
type Arena struct {
	Offsets    []int // nil where sizes are symbolic: binding places them
	Size       int
	LowerBound int // the largest set of buffers that live at once
}

// A Step calls one kernel.
type Step struct {
	Kernel string
	Args   []int // slots of the operands, then of the results; -1 is absent
	Outs   int   // how many of Args are results
	Param  any   // the kernel's own plain struct
	Subs   []int
	Node   *ir.Node // what Eval steps evaluate, and what messages name
	From   []string
}

// ArgOf returns a value as an argument of a run, sharing its bytes.
func ArgOf(v tensor.Value) Arg {
	t, ok := v.(*tensor.Tensor)
	if !ok {
		return Arg{Obj: v}
	}
	if t.DType() == tensor.String {
		return Arg{Dims: t.Dims(), Obj: t}
	}
	data := t.Bytes()
	if data == nil {
		data = []byte{}
	}
	return Arg{Data: data, Dims: t.Dims()}
}
