package zoo

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// ErrUnknown is returned for a name that is no model's.
var ErrUnknown = errors.New("unknown model")

// Options choose the form of a model; the zero value is evaluation with a symbolic batch N and weights of seed 0.
type Options struct {
	Batch   int                       // rows; 0: the symbol N
	Train   bool                      // training mode: statistics of the batch, dropout, sampling
	Loss    bool                      // the graph of the loss: its further inputs are the targets, its output the scalar loss
	Seed    uint64                    // of the initial weights
	Weights map[string]*tensor.Tensor // by their names in PyTorch's state_dict; if not nil, every parameter must be there
	Sizes   map[string]int            // sizes of the model other than the documented ones, by the names that Summary gives
}

// A Model is a documented model.
type Model struct {
	Name   string
	About  string // what it is, one sentence
	Sizes  string // of its layers
	Source string // where it comes from
	Loss   string // a line of maths
	Shows  Picture
	init   scheme
	define func(n *Net)
}

// A Picture is an output whose items are grey pictures; the zero value stands for none.
type Picture struct {
	Output    string
	H, W      int
	Low, High float32 // black and white
}

// digit is the picture that most models give back.
var digit = Picture{"reconstruction", 28, 28, 0, 1}

// models is the table, in the order of its listings.
var models = []Model{
	fcAE, pcaAE, stackedAE, denoiseAE, ae784, sparseAE, convAE, recurrentAE,
	denseVAE, convVAE, multinomialVAE,
	dcganGenerator, dcganDiscriminator, denseGANGenerator, denseGANDiscriminator,
	mlp, cnn, namesRNN,
}

// All returns every model.
func All() []Model { return slices.Clone(models) }

// Find returns the model of the given name; a name that is none's gives ErrUnknown.
func Find(name string) (Model, error) {
	for _, m := range models {
		if m.Name == name {
			return m, nil
		}
	}
	return Model{}, fmt.Errorf("zoo: %w: %q", ErrUnknown, name)
}

// Build returns the graph of the model of the given name.
func Build(name string, o Options) (*ir.Graph, error) {
	m, err := Find(name)
	if err != nil {
		return nil, err
	}
	return m.Graph(o)
}

// Graph builds the model.
func (m Model) Graph(o Options) (*ir.Graph, error) {
	n, err := m.net(o)
	if err != nil {
		return nil, err
	}
	return n.Graph()
}

func (m Model) net(o Options) (*Net, error) {
	n, err := NewNet(m.Name, o)
	if err != nil {
		return nil, err
	}
	n.init = m.init
	m.define(n)
	return n, nil
}

// A Summary says what a model consists of.
type Summary struct {
	Inputs, Outputs []Port
	Layers          []Layer
	Parameters      []Parameter
	Sizes           []Size // that Options.Sizes may change
}

// A Port is an input or an output.
type Port struct {
	Name string `json:"name"`
	Type string `json:"type"` // such as "f32[N,784]"
}

// A Layer is one step of a model.
type Layer struct {
	Name   string `json:"name,omitempty"` // the prefix of its parameters' names
	Kind   string `json:"kind"`           // such as "Conv2d 1→32, 4×4, stride 2, padding 1"
	Out    string `json:"result"`         // the type of its result
	Params int    `json:"parameters"`     // elements of its parameters
}

// A Parameter is a weight, or a running statistic.
type Parameter struct {
	Name string `json:"name"`
	Dims []int  `json:"shape"`
}

// A Size is one of the numbers that a model's layers depend on.
type Size struct {
	Name  string `json:"name"`
	Value int    `json:"value"`
}

// Summary builds the model and says what it consists of.
func (m Model) Summary(o Options) (*Summary, error) {
	n, err := m.net(o)
	if err != nil {
		return nil, err
	}
	g, err := n.Graph()
	if err != nil {
		return nil, err
	}
	s := &Summary{Layers: n.layers, Parameters: n.params, Sizes: n.sizes}
	for _, v := range g.Inputs {
		s.Inputs = append(s.Inputs, Port{v.Name, v.Type.String()})
	}
	for _, v := range g.Outputs {
		s.Outputs = append(s.Outputs, Port{v.Name, v.Value.Type.String()})
	}
	return s, nil
}

// Count returns the number of a model's trainable elements; running statistics are none.
func (s *Summary) Count() (n int) {
	for _, p := range s.Parameters {
		if strings.Contains(p.Name, "running_") || strings.HasSuffix(p.Name, "Psi") {
			continue
		}
		c, _ := tensor.Count(p.Dims)
		n += c
	}
	return n
}
