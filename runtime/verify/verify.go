// Package verify runs test cases in the layout of ONNX's backend tests and says how results differ from their references.
package verify

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"slices"
	"time"

	"github.com/cameo-onnx/cameo/backend"
	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/op"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
	"github.com/cameo-onnx/cameo/onnx"
	"github.com/cameo-onnx/cameo/onnx/vectors"
	"github.com/cameo-onnx/cameo/onnx/wire"
	"github.com/cameo-onnx/cameo/runtime"
)

// Status says how a case ended.
type Status string

// The ways in which a case ends.
const (
	Pass    Status = "PASS"
	Fail    Status = "FAIL"    // a result differs from its reference
	Refused Status = "REFUSED" // something in the model is not supported
	Error   Status = "ERROR"   // the model or a run failed otherwise
)

// A Result is how one case ended.
type Result struct {
	Case   string        `json:"case"`
	Status Status        `json:"status"`
	Detail string        `json:"detail,omitempty"`
	Time   time.Duration `json:"nanoseconds"`
}

// Options of a verification.
type Options struct {
	Runtime     runtime.Options
	EachPass    bool          // evaluate the graph after every pass, and name the first after which it differs
	Dynamic     bool          // make every size of every input a symbol of its own
	ConstInputs bool          // fold the inputs in as constants
	Timeout     time.Duration // of one case; 0: none
}

// errDiffers marks a result that differs from its reference.
type errDiffers struct{ error }

func (e errDiffers) Unwrap() error { return e.error }

// Run runs one case.
func Run(ctx context.Context, c vectors.Case, o Options) Result {
	start := time.Now()
	if o.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, o.Timeout, fmt.Errorf("it took longer than %v", o.Timeout))
		defer cancel()
	}
	done := make(chan error, 1)
	go func() { done <- protect(func() error { return run(ctx, c, o) }) }()
	var err error
	select {
	case err = <-done:
	case <-ctx.Done():
		select { // a run looks at its context: give it time to come back
		case err = <-done:
		case <-time.After(2 * time.Second):
			err = context.Cause(ctx)
		}
	}
	r := Result{Case: c.Name, Status: Pass, Time: time.Since(start)}
	if err == nil {
		return r
	}
	r.Detail = err.Error()
	var differs errDiffers
	switch {
	case errors.As(err, &differs):
		r.Status = Fail
	case errors.Is(err, ir.ErrUnsupported):
		r.Status = Refused
	default:
		r.Status = Error
	}
	return r
}

func protect(f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = &runtime.InternalError{Value: r, Stack: debug.Stack()}
		}
	}()
	return f()
}

func run(ctx context.Context, c vectors.Case, o Options) error {
	data, err := os.ReadFile(c.ModelPath())
	if err != nil {
		return err
	}
	p, err := wire.DecodeModel(data, wire.Budget{})
	if err != nil {
		return err
	}
	v := &verifier{c: c, o: o, inputs: vectors.Inputs(p)}
	var m *runtime.Model
	for i, set := range c.Sets {
		if v.in, v.want, err = c.Read(set, p); err != nil {
			return err
		}
		if i == 0 || o.ConstInputs {
			if m, err = v.compile(ctx); err != nil {
				return err
			}
		}
		if err := v.check(ctx, m); err != nil {
			return err
		}
	}
	return nil
}

// verifier runs the data sets of one case.
type verifier struct {
	c        vectors.Case
	o        Options
	inputs   []*wire.ValueInfo
	in, want []tensor.Value
	random   bool // only types and sizes can be compared
}

// draws reports whether a graph draws random numbers. Dropout does so when it trains.
func draws(g *ir.Graph) bool {
	return !g.AllNodes(func(_ *ir.Graph, n *ir.Node) bool {
		if n.Op == op.Dropout.Op {
			if len(n.In) < 3 || n.In[2] == nil {
				return true
			}
			on, known := n.In[2].Known().Ints()
			return known && len(on) == 1 && on[0] == 0
		}
		return n.Op.Props&ir.Random == 0
	})
}

// imports returns how the model is imported: as it is, with symbolic sizes, or with constant inputs.
func (v *verifier) imports() onnx.Options {
	o := onnx.Options{Inputs: map[string]ir.Type{}, Consts: map[string]*tensor.Tensor{}}
	n := 0
	for i, vi := range v.inputs {
		t, ok := v.in[i].(*tensor.Tensor)
		if !ok {
			continue
		}
		if v.o.ConstInputs {
			o.Consts[vi.Name] = t
		}
		if v.o.Dynamic {
			typ := ir.TensorOf(t.DType())
			for range t.Rank() {
				typ.Shape = append(typ.Shape, sym.Sym(fmt.Sprintf("d%d", n)))
				n++
			}
			o.Inputs[vi.Name] = typ
		}
	}
	return o
}

func (v *verifier) compile(ctx context.Context) (*runtime.Model, error) {
	im, err := onnx.Open(v.c.ModelPath(), v.imports())
	if err != nil {
		return nil, err
	}
	v.random = v.c.Random || draws(im.Graph)
	o := v.o.Runtime
	if !v.o.EachPass {
		return runtime.Compile(im.Graph, o)
	}
	if err := v.evaluate(ctx, im.Graph); err != nil {
		return nil, fmt.Errorf("after import: %w", err)
	}
	var rules []string
	o.Passes.Verify = true
	o.Passes.Fired = func(_, rule string, _ *ir.Node, err error) {
		if err == nil && !slices.Contains(rules, rule) {
			rules = append(rules, rule)
		}
	}
	o.Passes.Each = func(name string, g *ir.Graph) error {
		if err := v.evaluate(ctx, g); err != nil {
			return fmt.Errorf("after pass %s%s: %w", name, v.culprit(ctx, name, rules), err)
		}
		rules = nil
		return nil
	}
	return runtime.Compile(im.Graph, o)
}

// culprit returns which rule of the pass made the first difference, found by evaluating after each.
func (v *verifier) culprit(ctx context.Context, pass string, rules []string) string {
	if len(rules) == 0 {
		return ""
	}
	im, err := onnx.Open(v.c.ModelPath(), v.imports())
	if err != nil {
		return ""
	}
	found := ""
	o := v.o.Runtime
	o.Passes.Stop = pass
	o.Passes.Fired = func(p, rule string, n *ir.Node, err error) {
		if found == "" && p == pass && err == nil && v.evaluate(ctx, im.Graph) != nil {
			found = fmt.Sprintf(", rule %s at %s", rule, n.Label())
		}
	}
	if protect(func() error { _, err := runtime.Compile(im.Graph, o); return err }) != nil || found == "" {
		return fmt.Sprintf(" (rules that fired: %v)", rules)
	}
	return found
}

// evaluate compares the reference evaluation of g with the case's outputs.
func (v *verifier) evaluate(ctx context.Context, g *ir.Graph) error {
	given := map[string]tensor.Value{}
	for i, vi := range v.inputs {
		given[vi.Name] = v.in[i]
	}
	in := make([]tensor.Value, len(g.Inputs))
	for i, x := range g.Inputs {
		in[i] = given[x.Name]
	}
	got, err := g.Eval(&ir.Env{Ctx: ctx, Seed: v.o.Runtime.Seed}, in)
	if err != nil {
		return err
	}
	for i := range got {
		if err := v.compare(g.Outputs[i].Name, i, got[i]); err != nil {
			return err
		}
	}
	return nil
}

func (v *verifier) check(ctx context.Context, m *runtime.Model) error {
	in := map[string]tensor.Value{}
	names := m.Inputs()
	for i, vi := range v.inputs {
		if v.in[i] != nil && slices.ContainsFunc(names, func(p backend.Param) bool { return p.Name == vi.Name }) {
			in[vi.Name] = v.in[i]
		}
	}
	got, err := m.Run(ctx, in)
	if err != nil {
		return err
	}
	for i, o := range m.Outputs() {
		if err := v.compare(o.Name, i, got[o.Name]); err != nil {
			return err
		}
	}
	return nil
}

func (v *verifier) compare(name string, i int, got tensor.Value) error {
	if i >= len(v.want) || v.want[i] == nil {
		return nil
	}
	if d := vectors.Compare(got, v.want[i], v.c.Tolerance, v.random); d != nil {
		return errDiffers{fmt.Errorf("output %s: %w", wire.Quote(name), d)}
	}
	return nil
}
