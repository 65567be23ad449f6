package cameo

import (
	"fmt"
	"slices"
	"time"

	"github.com/cameo-onnx/cameo/backend/cpu"
	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/onnx"
	"github.com/cameo-onnx/cameo/runtime"
)

// An Option changes how a model is compiled or what its runs may take.
type Option func(*config)

type config struct {
	imports onnx.Options
	runtime runtime.Options
	err     error // the first that an option has
}

func (c *config) fail(format string, args ...any) {
	if c.err == nil {
		c.err = fmt.Errorf(format, args...)
	}
}

func configure(opts []Option) *config {
	c := &config{runtime: runtime.Options{Backend: cpu.Backend{}}}
	for _, o := range opts {
		o(c)
	}
	if b, ok := c.runtime.Backend.(cpu.Backend); ok {
		b.Strict = b.Strict || c.runtime.Passes.Strict
		c.runtime.Backend, c.runtime.Passes.Off = b.Without(c.runtime.Passes.Off)
	}
	return c
}

// WithThreads bounds the threads of one run. The default is GOMAXPROCS, or what the process's CPU quota allows.
func WithThreads(n int) Option { return func(c *config) { c.runtime.Threads = n } }

// WithSessions bounds the runs that a model does at one time, and so its memory. The default is GOMAXPROCS.
func WithSessions(n int) Option { return func(c *config) { c.runtime.MaxSessions = n } }

// WithMemory bounds the bytes that one run may take for intermediate values. The default is 384 MiB and 256 bytes more for each
// byte of weights and inputs, at most 8 GiB; below 0 there is no bound.
func WithMemory(bytes int) Option { return func(c *config) { c.runtime.Memory = bytes } }

// WithTrips bounds the loop iterations of one run. The default is ten million; below 0 there is no bound.
func WithTrips(n int) Option { return func(c *config) { c.runtime.Trips = n } }

// WithTimeout bounds the time of one run, beside the context's own deadline.
func WithTimeout(d time.Duration) Option { return func(c *config) { c.runtime.Timeout = d } }

// WithSeed sets the seed of the model's random operators: the same seed gives the same numbers on every run and machine. The default is 0.
func WithSeed(seed uint64) Option { return func(c *config) { c.runtime.Seed = seed } }

// WithoutPasses leaves out optimisation passes by name; "all" leaves out all that correctness does not need.
func WithoutPasses(names ...string) Option {
	return func(c *config) { c.runtime.Passes.Off = append(c.runtime.Passes.Off, names...) }
}

// Precision says how float32 arithmetic is done.
type Precision string

const (
	// FP32 is the default: float32 values and sums, functions within 4 ulp, algebraic rules that may change the last bits.
	FP32 Precision = "fp32"
	// FP32Strict takes no rule that changes rounding, functions within 1 ulp, and sums in the order of the operands. It is
	// slow: for comparing and debugging.
	FP32Strict Precision = "fp32-strict"
)

// WithPrecision chooses how float32 arithmetic is done on the CPU.
func WithPrecision(p Precision) Option {
	return func(c *config) {
		if c.runtime.Passes.Strict = p == FP32Strict; p != FP32 && p != FP32Strict {
			c.fail("%w: precision %q is neither %s nor %s", ErrUnsupported, p, FP32, FP32Strict)
		}
	}
}

// WithBackend compiles for b instead of the CPU.
func WithBackend(b runtime.Backend) Option { return func(c *config) { c.runtime.Backend = b } }

// WithOutputs returns further values of the model among its outputs, by their ONNX names: any intermediate value can be asked for.
func WithOutputs(names ...string) Option {
	return func(c *config) { c.imports.Outputs = append(c.imports.Outputs, names...) }
}

// WithInputType replaces the type that the model declares for an input, in IR text such as "f32[1,3,224,224]" or "f32[N,3,H,W]".
func WithInputType(name, typ string) Option {
	return func(c *config) {
		t, err := ir.ParseType(typ)
		if err != nil {
			c.fail("input %q: %w", name, err)
		}
		if c.imports.Inputs == nil {
			c.imports.Inputs = map[string]ir.Type{}
		}
		c.imports.Inputs[name] = t
	}
}

// WithConstant makes an input, or a weight of that name, a constant of the compiled model.
func WithConstant(name string, t *Tensor) Option {
	return func(c *config) {
		if t == nil {
			c.fail("%w: constant %q is nil", ErrInput, name)
		}
		if c.imports.Consts == nil {
			c.imports.Consts = map[string]*Tensor{}
		}
		c.imports.Consts[name] = t
	}
}

// WithOp adds operators of one's own, made with op.Make: nodes of their ONNX domain and name are imported as these.
func WithOp(ops ...*ir.Op) Option {
	return func(c *config) {
		if slices.Contains(ops, nil) {
			c.fail("%w: an operator is nil", ErrInput)
		}
		before := c.imports.Op
		c.imports.Op = func(domain, name string) *ir.Op {
			for _, o := range ops {
				if o.Domain == domain && o.ONNX == name {
					return o
				}
			}
			if before != nil {
				return before(domain, name)
			}
			return nil
		}
	}
}
