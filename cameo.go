// Package cameo runs ONNX models in Go: one static binary, no cgo, no shared library.
//
//	m, err := cameo.Open("model.onnx")
//	…
//	x := cameo.NewTensor(pixels, 1, 1, 28, 28)
//	out, err := m.Run(ctx, map[string]*cameo.Tensor{"input": x})
//	…
//	scores, err := cameo.Data[float32](out["output"])
//
// A [Model] is safe for concurrent use. For calls that must not allocate, and for models that carry state, there is [Session].
//
// A model is a program from a stranger: what it may take is bounded by options, nothing in it can crash or hang the process,
// and everything in it that is not supported is refused when it is opened. Errors can be told apart with errors.Is:
// [ErrFormat], [ErrUnsupported], [ErrInput], [ErrBudget].
package cameo

import (
	"context"
	"fmt"
	"io/fs"

	"github.com/cameo-onnx/cameo/backend"
	"github.com/cameo-onnx/cameo/backend/cpu"
	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/onnx"
	"github.com/cameo-onnx/cameo/onnx/wire"
	"github.com/cameo-onnx/cameo/runtime"
)

// Errors that a caller may branch on, with errors.Is.
var (
	ErrFormat      = wire.ErrFormat    // the file is no valid ONNX model
	ErrUnsupported = ir.ErrUnsupported // the model is valid, but something in it is not supported: see UnsupportedError
	ErrInput       = backend.ErrInput  // an input is missing, unknown, or of a wrong type or size
	ErrBudget      = backend.ErrBudget // more memory or loop iterations than allowed
)

// Errors with details, for errors.As.
type (
	UnsupportedError = onnx.UnsupportedError // lists every node that is not supported
	NodeError        = ir.NodeError          // names the node at which an error arose
	InternalError    = runtime.InternalError // a bug of cameo, recovered
)

// Info describes an input or an output.
type Info struct {
	Name  string
	DType DType    // Invalid for values that are no tensors
	Shape []string // sizes: numbers, or expressions over names such as "N" or "2*s0"; nil where the rank is not known
	Type  string   // the whole type, such as "f32[N,784]" or "seq(i64[])"
}

// A Model is a compiled model, ready to run. It is safe for concurrent use.
type Model struct {
	m    *runtime.Model
	meta map[string]string
	warn []string
}

// Open reads, checks and compiles an ONNX file. External data must lie below the file's own directory.
func Open(path string, opts ...Option) (*Model, error) {
	c := configure(opts)
	return c.compile(func() (*onnx.Model, error) { return onnx.Open(path, c.imports) })
}

// OpenFS is Open for a file in fsys.
func OpenFS(fsys fs.FS, name string, opts ...Option) (*Model, error) {
	c := configure(opts)
	return c.compile(func() (*onnx.Model, error) { return onnx.OpenFS(fsys, name, c.imports) })
}

// OpenBytes is Open for a model in memory, which must not have external data. The bytes are not kept.
func OpenBytes(data []byte, opts ...Option) (*Model, error) {
	c := configure(opts)
	return c.compile(func() (*onnx.Model, error) { return onnx.Decode(data, c.imports) })
}

// Compile compiles a graph that was built in Go or parsed from text. It takes the graph over.
func Compile(g *ir.Graph, opts ...Option) (*Model, error) {
	c := configure(opts)
	return c.compile(func() (*onnx.Model, error) { return &onnx.Model{Graph: g}, nil })
}

// compile compiles what load returns, unless an option is at fault.
func (c *config) compile(load func() (*onnx.Model, error)) (*Model, error) {
	if c.err != nil {
		return nil, c.err
	}
	im, err := load()
	if err != nil {
		return nil, err
	}
	m, err := runtime.Compile(im.Graph, c.runtime)
	if err != nil {
		return nil, err
	}
	return &Model{m: m, meta: im.Metadata, warn: im.Warnings}, nil
}

// Inputs describes the inputs, in the model's order.
func (m *Model) Inputs() []Info { return infos(m.m.Inputs()) }

// Outputs describes the outputs, in the model's order.
func (m *Model) Outputs() []Info { return infos(m.m.Outputs()) }

// Metadata returns the properties that the file carries, such as class names; it may be empty.
func (m *Model) Metadata() map[string]string { return m.meta }

// Warnings returns what is odd about the file but does no harm.
func (m *Model) Warnings() []string { return m.warn }

func infos(ps []backend.Param) []Info {
	out := make([]Info, len(ps))
	for i, p := range ps {
		out[i] = Info{Name: p.Name, Type: p.Type.String()}
		if p.Type.Kind != ir.Tensor {
			continue
		}
		out[i].DType = p.Type.DType
		if !p.Type.Unranked {
			out[i].Shape = []string{}
		}
		for _, d := range p.Type.Shape {
			out[i].Shape = append(out[i].Shape, d.String())
		}
	}
	return out
}

// Run runs the model on inputs by name and returns the outputs of the given names, or all. It is safe to call from many
// goroutines; at most as many run at a time as [WithSessions] allows, and others wait. When ctx ends, Run returns its error
// soon. The results are the caller's own.
//
// Values that are no tensors (sequences, optionals, maps) go through [Model.RunValues].
func (m *Model) Run(ctx context.Context, inputs map[string]*Tensor, outputs ...string) (map[string]*Tensor, error) {
	in := make(map[string]Value, len(inputs))
	for name, t := range inputs {
		if t == nil {
			return nil, fmt.Errorf("%w: input %q is nil", ErrInput, name)
		}
		in[name] = t
	}
	res, err := m.m.Run(ctx, in, outputs...)
	if err != nil {
		return nil, err
	}
	out := make(map[string]*Tensor, len(res))
	for name, v := range res {
		t, ok := v.(*Tensor)
		if !ok {
			return nil, fmt.Errorf("%w: output %q is no tensor: use RunValues", ErrInput, name)
		}
		out[name] = t
	}
	return out, nil
}

// RunValues is Run for values of every kind.
func (m *Model) RunValues(ctx context.Context, inputs map[string]Value, outputs ...string) (map[string]Value, error) {
	return m.m.Run(ctx, inputs, outputs...)
}

// A Session runs a model for one goroutine at a time: s.Input("x") gives a tensor to fill, s.Run(ctx) runs, s.Output("y") lends the result
// until the next run. With the sizes of the last run it allocates nothing. s.Feed("state_out", "state_in") carries state from run to run
// without a copy. Its methods are those of [runtime.Session].
type Session = runtime.Session

// NewSession returns a session with memory of its own; Close gives it back.
func (m *Model) NewSession() (*Session, error) { return m.m.NewSession() }

// Runtime returns the compiled model behind m, for tools that look inside.
func (m *Model) Runtime() *runtime.Model { return m.m }

// CPU returns the backend that runs models on the CPU, the default.
func CPU() runtime.Backend { return cpu.Backend{} }
