package ir

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// ErrUnsupported marks a legal form of an op that is not supported.
var ErrUnsupported = errors.New("not supported")

// Props are facts about an op that passes may rely on.
type Props uint

const (
	Pure        Props = 1 << iota // the results depend on the operands and attributes only
	Elementwise                   // every result element depends on the operands' elements at the same (broadcast) place only
	Commutative                   // the first two operands may change places
	Random                        // draws random numbers, keyed by the run's seed and the node
	Bodied                        // runs the node's bodies itself; of other ops a body is an epilogue
)

// An Op is the type-erased form of one op's definition; people write op.Def.
type Op struct {
	Name   string // in IR text
	ONNX   string // ONNX's name, or empty
	Domain string // ONNX's domain; empty is ai.onnx
	Sig    *Sig
	Props  Props
	Attrs  any      // a struct that holds the defaults
	Bodies []string // ONNX's names of the attributes that hold the bodies, in order

	// Infer returns what is known of the results: at least Scope.Outs of them, in the order of Sig.
	Infer func(*Scope, any, []Known) ([]Known, error)
	// Eval computes the results, at least Env.Outs of them; a nil operand is absent. It must not change or keep its operands, but may
	// return them.
	Eval func(*Env, any, []tensor.Value) ([]tensor.Value, error)
	// Lower builds the same meaning in simpler ops; nil results mean that this node cannot be lowered.
	Lower func(*Builder, *Node) ([]*Value, error)
	// Grad builds the adjoints of the operands from those of the results. An entry that is nil, or beyond the end, is zero.
	Grad func(*Grad, *Node) ([]*Value, error)
	// Own notes in the attributes how many operands are the node's own, for ops that take any number of them: captures follow. Nil
	// where the signature tells.
	Own func(attrs any, operands int) any
	// BodyTypes returns the input types of each body for the given operands. It is called with no bodies first, then with those that were
	// built so: it then returns types wide enough for what the bodies returned (a loop's carried values), and whether they changed.
	BodyTypes func(s *Scope, attrs any, in []Known, prev [][]Type) ([][]Type, bool, error)
}

// Known is what is known of a value before running.
type Known struct {
	Type  Type
	Const *tensor.Tensor // its value, where it is constant
	// Elems holds the entries, in row-major order, of a small tensor of integers or bools (0 and 1). Entries that are not Valid are
	// unknown.
	Elems []sym.Dim
}

// MaxElems bounds the entries of a tensor whose single entries are tracked as sizes.
const MaxElems = 16

// Rank is Type.Rank.
func (k Known) Rank() int { return k.Type.Rank() }

// Present reports whether the operand was given.
func (k Known) Present() bool { return k.Type.Kind != NoKind }

// Ints returns all entries of a constant tensor of integers or bools, whatever its size.
func (k Known) Ints() ([]int, bool) {
	if k.Const != nil && CountsSizes(k.Const.DType()) {
		v := k.Const.Int64s()
		out := make([]int, len(v))
		for i, x := range v {
			out[i] = int(x)
		}
		return out, true
	}
	if k.Elems == nil {
		return nil, false
	}
	out := make([]int, len(k.Elems))
	for i, d := range k.Elems {
		n, ok := d.Int()
		if !ok {
			return nil, false
		}
		out[i] = n
	}
	return out, true
}

// Sizes returns the entries of a tensor of integers as sizes, if its length is known; entries that are not known are not Valid.
func (k Known) Sizes() ([]sym.Dim, bool) {
	if k.Elems != nil {
		return k.Elems, true
	}
	if ints, ok := k.Ints(); ok {
		return ShapeOf(ints...), true
	}
	return nil, false
}

// A Scope is what Infer may ask for beyond its operands.
type Scope struct {
	Outs   int      // the number of results asked for
	Bodies []*Graph // of the node
	graph  *Graph
	fresh  map[string]bool
	facts  []Fact
}

// Fresh returns a size that is known only when running.
func (s *Scope) Fresh() sym.Dim {
	name := s.graph.freshSym()
	if s.fresh == nil {
		s.fresh = map[string]bool{}
	}
	s.fresh[name] = true
	return sym.Sym(name)
}

// FreshShape returns rank fresh sizes.
func (s *Scope) FreshShape(rank int) Shape {
	out := make(Shape, rank)
	for i := range out {
		out[i] = s.Fresh()
	}
	return out
}

// Assume records a relation between sizes that the inferred types rely on; it is checked when sizes are bound.
// A relation that is provably false is returned as an error.
func (s *Scope) Assume(f Fact) error {
	ok, err := f.decide()
	if err != nil || ok {
		return err
	}
	s.facts = append(s.facts, f)
	return nil
}

// Same records that a and b are equal and returns the simpler of the two. what names the relation in the error.
func (s *Scope) Same(a, b sym.Dim, what string) (sym.Dim, error) {
	if a.Equal(b) {
		return a, nil
	}
	if err := s.Assume(Fact{Rel: Eq, A: a, B: b, What: what}); err != nil {
		return a, err
	}
	if _, ok := b.Int(); ok {
		return b, nil
	}
	if name, ok := b.Name(); ok && slices.Contains(a.Syms(), name) {
		return b, nil
	}
	return a, nil
}

// Rel is a relation between two sizes.
type Rel uint8

const (
	Eq        Rel = iota // a == b
	Le                   // a <= b
	Broadcast            // a == b, or one of them is 1
	Divides              // a divides b
)

var relNames = [...]string{Eq: "==", Le: "<=", Broadcast: "~", Divides: "|"}

// A Fact is a relation between sizes, checked when they are bound.
type Fact struct {
	Rel  Rel
	A, B sym.Dim
	What string // what relies on it, for the message

	Node, Op string // whose inference does, as [NodeError] names it; empty if none
}

// Holds reports whether the relation holds between numbers.
func (r Rel) Holds(a, b int) bool {
	switch r {
	case Eq:
		return a == b
	case Le:
		return a <= b
	case Broadcast:
		return a == b || a == 1 || b == 1
	}
	return a != 0 && b%a == 0
}

// Error returns the message for a fact that does not hold between the numbers a and b.
func (f Fact) Error(a, b int) error {
	what := f.What
	if what != "" {
		what += ": "
	}
	switch f.Rel {
	case Eq:
		return fmt.Errorf("%s%d != %d", what, a, b)
	case Le:
		return fmt.Errorf("%s%d > %d", what, a, b)
	case Broadcast:
		return fmt.Errorf("%ssizes %d and %d do not broadcast", what, a, b)
	}
	return fmt.Errorf("%s%d is not a multiple of %d", what, b, a)
}

// Fault makes err, which f led to, name the node that relies on f.
func (f Fact) Fault(err error) error {
	if f.Op == "" {
		return err
	}
	return &NodeError{Name: f.Node, Op: f.Op, Err: err}
}

// decide reports whether f is provably true; a provably false one is an error.
func (f Fact) decide() (bool, error) {
	a, aok := f.A.Int()
	b, bok := f.B.Int()
	switch {
	case aok && bok:
		if !f.Rel.Holds(a, b) {
			return false, f.Error(a, b)
		}
		return true, nil
	case !f.A.Valid() || !f.B.Valid():
		return false, fmt.Errorf("%s: size out of range", f.What)
	case f.A.Equal(f.B):
		return true, nil
	case f.Rel == Le:
		return sym.GE(f.B, f.A, nil), nil
	case f.Rel == Broadcast:
		return aok && a == 1 || bok && b == 1, nil
	}
	return false, nil
}

// String returns f in IR text, such as "N <= 4096".
func (f Fact) String() string {
	return f.A.String() + " " + relNames[f.Rel] + " " + f.B.String()
}

// An Env is what Eval may ask for beyond its operands.
type Env struct {
	Ctx    context.Context
	Outs   int                                                                  // the number of results asked for
	Bodies []*Graph                                                             // of the node
	Charge func(int) error                                                      // takes bytes from the run's budget before they are allocated; nil is unlimited
	Trip   func() error                                                         // takes one loop trip from the run's budget; nil is unlimited
	Seed   uint64                                                               // of the run
	NodeID uint64                                                               // keys random draws, with Seed and the element's index
	Call   func(e *Env, body *Graph, in []tensor.Value) ([]tensor.Value, error) // runs a body with e's seed; nil evaluates it
	Watch  func(v *Value, x tensor.Value)                                       // sees every result, if set
	Syms   func(name string) (int, bool)                                        // sizes known from outside the evaluation; may be nil

	symbols *symbols
}

// New returns a zeroed tensor, charged to the budget.
func (e *Env) New(d tensor.DType, dims ...int) (*tensor.Tensor, error) {
	if err := e.Take(d, dims); err != nil {
		return nil, err
	}
	return tensor.New(d, dims...), nil
}

// Take charges the budget for a tensor that the caller is about to allocate. It returns the context's error where that has ended.
func (e *Env) Take(d tensor.DType, dims []int) error {
	if err := e.Err(); err != nil {
		return err
	}
	n, ok := tensor.ByteSize(d, dims)
	if !ok {
		return fmt.Errorf("a tensor of %v%v is not possible", d, dims)
	}
	if e.Charge != nil {
		return e.Charge(n)
	}
	return nil
}

// Err returns why the context has ended, nil while it has not.
func (e *Env) Err() error {
	if e.Ctx == nil {
		return nil
	}
	return context.Cause(e.Ctx)
}

// Tick is Err in one turn of 65536: what a loop that takes nothing calls with the number of its turn.
func (e *Env) Tick(turn int) error {
	if turn&0xffff != 0 {
		return nil
	}
	return e.Err()
}

// Run evaluates a body of the node on in.
func (e *Env) Run(body *Graph, in []tensor.Value) ([]tensor.Value, error) {
	if e.Call != nil {
		return e.Call(e, body, in)
	}
	sub := *e
	return body.Eval(&sub, in)
}
