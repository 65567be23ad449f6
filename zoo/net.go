package zoo

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/op"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// maxSize bounds what Options may ask of a batch or a layer: nobody's zoo needs more, and products of three such sizes do not overflow.
const maxSize = 1 << 16

// A Net builds a graph layer by layer. It keeps the first error, and methods called after one do nothing; [Net.Graph] returns it.
type Net struct {
	g      *ir.Graph
	b      *ir.Builder
	o      Options
	init   scheme
	prefix string
	batch  sym.Dim
	taken  map[string]bool // parameters, and keys of Options
	inputs []source
	layers []Layer
	params []Parameter
	sizes  []Size
}

// NewNet returns an empty net, whose layers start as PyTorch's do.
func NewNet(name string, o Options) (*Net, error) {
	if o.Batch < 0 || o.Batch > maxSize {
		return nil, fmt.Errorf("zoo: %s: a batch of %d rows is not between 0 and %d", name, o.Batch, maxSize)
	}
	g := ir.NewGraph(name)
	n := &Net{g: g, b: ir.NewBuilder(g), o: o, init: torch, batch: sym.Sym("N"), taken: map[string]bool{}}
	if o.Batch > 0 {
		n.batch = sym.Const(o.Batch)
	}
	return n, nil
}

// Graph returns what was built, or the first error. Options that name no parameter or size of the net are errors too.
func (n *Net) Graph() (*ir.Graph, error) {
	for _, name := range slices.Sorted(maps.Keys(n.o.Sizes)) {
		if !n.taken["size "+name] {
			n.fail("there is no size %q to set", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(n.o.Weights)) {
		if !n.taken[name] {
			n.fail("there is no parameter %q", name)
		}
	}
	if len(n.g.Outputs) == 0 {
		n.fail("it has no output")
	}
	if err := n.b.Err(); err != nil {
		return nil, fmt.Errorf("zoo: %s: %w", n.g.Name, err)
	}
	n.g.Sweep()
	return n.g, nil
}

func (n *Net) fail(format string, args ...any) {
	if n.b.Err() == nil {
		n.b.Fail(fmt.Errorf(format, args...))
	}
}

// Train reports whether the net is built in training mode.
func (n *Net) Train() bool { return n.o.Train }

// Size returns a size that Options may set, or else its documented value.
func (n *Net) Size(name string, documented int) int {
	if v, ok := n.o.Sizes[name]; ok {
		documented = v
	}
	if documented < 1 || documented > maxSize {
		n.fail("size %s=%d is not between 1 and %d", name, documented, maxSize)
		documented = 1
	}
	n.taken["size "+name] = true
	n.sizes = append(n.sizes, Size{name, documented})
	return documented
}

// Input adds an input of one row for each item of the batch, of the sizes dims each; draw says what random items of it look like.
func (n *Net) Input(name string, draw Draw, dims ...int) *ir.Value {
	d := tensor.F32
	if draw.classes > 0 && len(dims) == 0 {
		d = tensor.I64
	}
	t := ir.TensorOf(d, append(ir.Shape{n.batch}, ir.ShapeOf(dims...)...)...)
	n.inputs = append(n.inputs, source{name, dims, draw})
	return n.g.Input(name, t)
}

// Output names a result. The graph of a loss leaves it out.
func (n *Net) Output(name string, v *ir.Value) {
	if v != nil && !n.o.Loss {
		n.g.Output(name, v)
	}
}

// Loss defines the loss, which is built only where Options ask for it.
func (n *Net) Loss(define func() *ir.Value) {
	if !n.o.Loss || n.b.Err() != nil {
		return
	}
	if v := define(); v != nil {
		n.g.Output("loss", v)
	}
}

// In builds layers whose names start with prefix and a dot.
func (n *Net) In(prefix string, build func()) {
	old := n.prefix
	n.prefix += prefix + "."
	build()
	n.prefix = old
}

// Param returns the parameter of the given name: that of Options.Weights, or one filled by start.
func (n *Net) Param(name string, start func(r *rand.Rand, x []float32), dims ...int) *ir.Value {
	if n.b.Err() != nil {
		return nil
	}
	name = n.prefix + name
	count, ok := tensor.Count(dims)
	if !ok || count > 1<<28 {
		n.fail("parameter %q of sizes %v is too large", name, dims)
		return nil
	}
	if n.taken[name] {
		n.fail("parameter %q is defined twice", name)
		return nil
	}
	n.taken[name] = true
	n.params = append(n.params, Parameter{name, dims})
	if len(n.layers) > 0 {
		n.layers[len(n.layers)-1].Params += count
	}
	if n.o.Weights == nil {
		x := make([]float32, count)
		start(n.random(name), x)
		return n.g.Const(name, tensor.Of(x, dims...))
	}
	t := n.o.Weights[name]
	switch {
	case t == nil:
		n.fail("parameter %q is not among the weights", name)
		return nil
	case t.DType() != tensor.F32 || !slices.Equal(t.Dims(), dims):
		n.fail("parameter %q: %v%v != f32%v", name, t.DType(), t.Dims(), dims)
		return nil
	}
	return n.g.Const(name, t)
}

// layer notes a layer; its parameters follow.
func (n *Net) layer(name, format string, args ...any) {
	n.layers = append(n.layers, Layer{Name: n.prefix + name, Kind: fmt.Sprintf(format, args...)})
}

// done notes the result of the layer begun last.
func (n *Net) done(v *ir.Value) *ir.Value {
	if v != nil {
		l := &n.layers[len(n.layers)-1]
		l.Out = v.Type.String()
		if v.Def != nil && l.Name != "" {
			v.Def.From = []string{l.Name}
		}
	}
	return v
}

// sizesOf returns v's sizes behind the batch, which the net's layers know as numbers.
func (n *Net) sizesOf(v *ir.Value, rank int, what string) []int {
	if v == nil {
		return make([]int, rank)
	}
	if v.Type.Rank() != rank+1 {
		n.fail("%s: operand %s has not rank %d", what, v.Type, rank+1)
		return make([]int, rank)
	}
	dims, ok := v.Type.Shape[1:].Ints()
	if !ok {
		n.fail("%s: operand %s has symbolic sizes", what, v.Type)
		return make([]int, rank)
	}
	return dims
}

func (n *Net) ints(v ...int) *ir.Value {
	x := make([]int64, len(v))
	for i, k := range v {
		x[i] = int64(k)
	}
	return n.g.Const("", tensor.Of(x))
}

// Scalar returns a constant.
func (n *Net) Scalar(v float32) *ir.Value { return n.g.Const("", tensor.Scalar(v)) }

// add appends a node of an op without attributes.
func (n *Net) add(k op.Kind[op.None], in ...*ir.Value) *ir.Value {
	return k.New(n.b, op.None{}, in...)
}
