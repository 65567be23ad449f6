package onnxgo

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"

	onnxgo "github.com/owulveryck/onnx-go"

	"github.com/cameo-onnx/cameo/backend/cpu"
	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
	"github.com/cameo-onnx/cameo/onnx"
	"github.com/cameo-onnx/cameo/onnx/wire"
	"github.com/cameo-onnx/cameo/runtime"
)

// compiled is the graph made ready for inputs of certain types and sizes.
type compiled struct {
	key    string
	inputs []string
	graph  *ir.Graph // Strict
	model  *runtime.Model
}

// maxModels bounds what is kept compiled for other sizes of inputs.
const maxModels = 8

// Run computes the model's outputs from what the inputs' nodes hold. The first run with inputs of new types or sizes compiles;
// with the option File sizes that the file leaves open need no new compilation. What is not supported is an
// *onnx.ErrNotImplemented.
func (g *Graph) Run() (err error) {
	defer recovered(&err)
	if g.err != nil {
		err, g.err = g.err, nil
		return err
	}
	g.resolve()
	if g.err != nil {
		return g.err
	}
	in, err := g.inputs()
	if err != nil {
		return err
	}
	out, err := g.compute(in)
	if err != nil {
		return notImplemented(err)
	}
	g.runs++
	g.last = in
	return g.deliver(out)
}

// recovered turns a panic, which is a bug of ours, into an error.
func recovered(err *error) {
	if r := recover(); r != nil {
		*err = &runtime.InternalError{Value: r, Stack: debug.Stack()}
	}
}

// notImplemented gives errors about what is not supported the type that onnx-go's callers look for.
func notImplemented(err error) error {
	var list *onnx.UnsupportedError
	var node *ir.NodeError
	var already *onnxgo.ErrNotImplemented
	switch {
	case errors.As(err, &already):
		return already
	case errors.As(err, &list) && len(list.Nodes) > 0:
		return &onnxgo.ErrNotImplemented{Operator: list.Nodes[0].Op, Message: err.Error()}
	case errors.Is(err, ir.ErrUnsupported):
		op := "in the model"
		if errors.As(err, &node) {
			op = node.Op
		}
		return &onnxgo.ErrNotImplemented{Operator: op, Message: err.Error()}
	}
	return err
}

// inputs returns the values of all inputs that were set.
func (g *Graph) inputs() (map[string]tensor.Value, error) {
	in := map[string]tensor.Value{}
	for _, v := range g.values {
		if v.def >= 0 || v.weight {
			continue
		}
		n := v.carrier()
		if n == nil {
			if v.used && !v.nodes[0].isDummy() && g.file == nil {
				return nil, fmt.Errorf("onnxgo: input %q has no value", v.name)
			}
			continue
		}
		t, err := fromGorgonia(n.t)
		if p := v.nodes[0].first; err == nil && p != nil {
			t, err = declared(t, p)
		}
		if err != nil {
			return nil, fmt.Errorf("onnxgo: input %q: %w", v.name, err)
		}
		in[v.name] = t
	}
	return in, nil
}

// compute returns the outputs, and what else was asked for, by name.
func (g *Graph) compute(in map[string]tensor.Value) (map[string]tensor.Value, error) {
	c, err := g.compile(in)
	if err != nil {
		return nil, err
	}
	if c.model != nil {
		own := map[string]tensor.Value{}
		for _, name := range c.inputs {
			if in[name] != nil {
				own[name] = in[name]
			}
		}
		return c.model.Run(context.Background(), own)
	}
	args := make([]tensor.Value, len(c.inputs))
	for i, name := range c.inputs {
		if args[i] = in[name]; args[i] == nil && c.graph.Inputs[i].Data == nil {
			return nil, fmt.Errorf("onnxgo: input %q has no value", name)
		}
	}
	res, err := c.graph.Eval(&ir.Env{Ctx: context.Background()}, args)
	if err != nil {
		return nil, err
	}
	out := map[string]tensor.Value{}
	for i, o := range c.graph.Outputs {
		out[o.Name] = res[i]
	}
	return out, nil
}

// compile returns the graph compiled for inputs like in.
func (g *Graph) compile(in map[string]tensor.Value) (*compiled, error) {
	key := g.signature(in)
	for i := range g.models {
		if g.models[i].key == key {
			return &g.models[i], nil
		}
	}
	m, err := g.read(in)
	if err != nil {
		return nil, err
	}
	c := compiled{key: key}
	for _, v := range m.Graph.Inputs {
		c.inputs = append(c.inputs, v.Name)
	}
	if g.strict || !g.compiles && g.tiny(in) {
		c.graph = m.Graph
		asNumPy(c.graph)
	} else if c.model, err = runtime.Compile(m.Graph, runtime.Options{Backend: cpu.Backend{}, MaxSessions: 1}); err != nil {
		return nil, err
	}
	if len(g.models) == maxModels {
		g.models = slices.Delete(g.models, 0, 1)
	}
	g.models = append(g.models, c)
	return &g.models[len(g.models)-1], nil
}

// tiny reports whether evaluating the graph takes less time than compiling it: it is one operation on little data. It is
// evaluated as Strict has it.
func (g *Graph) tiny(in map[string]tensor.Value) bool {
	total := 0
	for _, v := range g.values {
		if t, ok := in[v.name].(*tensor.Tensor); ok {
			total += t.Len()
		} else if c := v.carrier(); c != nil {
			total += c.t.Shape().TotalSize()
		}
	}
	return len(g.ops) == 1 && total <= 1<<17
}

// signature tells inputs apart that need compiling anew.
func (g *Graph) signature(in map[string]tensor.Value) string {
	if g.file != nil {
		return "file"
	}
	var b strings.Builder
	for _, v := range g.values {
		if t, ok := in[v.name].(*tensor.Tensor); ok {
			fmt.Fprintf(&b, "%d %v%v ", v.nodes[0].id, t.DType(), t.Dims())
		}
	}
	return b.String()
}

// read imports the model: the file's own, or one made of the operations and of the types of in.
func (g *Graph) read(in map[string]tensor.Value) (*onnx.Model, error) {
	if g.file != nil {
		return g.readFile()
	}
	p, err := g.model()
	if err != nil {
		return nil, err
	}
	o := onnx.Options{Inputs: map[string]ir.Type{}}
	if o.Consts, err = g.weightsOf(p); err != nil {
		return nil, err
	}
	for _, vi := range p.Graph.Inputs {
		if t, ok := in[vi.Name].(*tensor.Tensor); ok {
			o.Inputs[vi.Name] = ir.TensorOf(t.DType(), ir.ShapeOf(t.Dims()...)...)
		}
	}
	return g.imported(p, o)
}

func (g *Graph) readFile() (*onnx.Model, error) {
	p, err := wire.DecodeModel(g.file, wire.Budget{})
	if err != nil {
		return nil, err
	}
	if p.Graph == nil {
		return nil, fmt.Errorf("onnxgo: %w: the file has no graph", wire.ErrFormat)
	}
	o := onnx.Options{Outputs: g.wanted}
	if o.Consts, err = g.weightsOf(p); err != nil {
		return nil, err
	}
	return onnx.Import(p, o)
}

// deliver gives results to their nodes.
func (g *Graph) deliver(out map[string]tensor.Value) error {
	for name, x := range out {
		v := g.byName[name]
		if v == nil {
			return fmt.Errorf("onnxgo: no node is called %q, an output of the file", name)
		}
		t, err := toGorgonia(name, x)
		if err != nil {
			return err
		}
		for _, n := range v.nodes {
			if v.def >= 0 || n != v.carrier() {
				n.t = t
			}
			n.run = g.runs
		}
	}
	return nil
}

// demand computes an intermediate value that the last run left out, and adds it to what later runs compute.
func (g *Graph) demand(n *Node) {
	g.resolve()
	v := g.byName[n.key()]
	if v == nil {
		return
	}
	if v.def < 0 {
		if c := v.carrier(); c != nil {
			n.t = c.t
		}
		return
	}
	n.t = nil
	if !slices.Contains(g.wanted, v.name) {
		g.wanted = append(g.wanted, v.name)
		g.models = nil
	}
	if err := g.again(); err != nil {
		g.wanted = slices.DeleteFunc(g.wanted, func(name string) bool { return name == v.name })
		g.models = nil
		g.fail(err)
	}
}

// again repeats the last run, on the same inputs.
func (g *Graph) again() (err error) {
	defer recovered(&err)
	out, err := g.compute(g.last)
	if err != nil {
		return notImplemented(err)
	}
	return g.deliver(out)
}
