package grad

import (
	"errors"
	"fmt"
	"slices"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/op"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// Training says how a step changes parameters.
type Training struct {
	Loss      string    // the output to make less, a scalar; empty: the first
	Params    []string  // constants of floats, or inputs
	Optimizer Optimizer // the zero value takes the learning rate times the gradient away
	Rate      float32   // the learning rate where a run gives none; 0: 0.01
}

// An Optimizer is one of the operators of ai.onnx.preview.training.
type Optimizer struct {
	op     *ir.Op
	attrs  any
	states []string // names of what it keeps for each parameter
}

// Adam keeps running means of gradients and of their squares, which decay by alpha and beta.
func Adam(alpha, beta, epsilon float32) Optimizer {
	a := op.Adam.Default()
	a.Alpha, a.Beta, a.Epsilon = alpha, beta, epsilon
	return Optimizer{op.Adam.Op, a, []string{"mean", "square"}}
}

// Momentum keeps a sum of gradients that decays by alpha; nesterov looks ahead by it.
func Momentum(alpha float32, nesterov bool) Optimizer {
	beta, norm := float32(1), float32(0)
	a := op.MomentumAttrs{Alpha: &alpha, Beta: &beta, NormCoefficient: &norm, Mode: "standard"}
	if nesterov {
		a.Mode = "nesterov"
	}
	return Optimizer{op.Momentum.Op, a, []string{"momentum"}}
}

// Adagrad keeps the sum of squared gradients.
func Adagrad(epsilon float32) Optimizer {
	a := op.Adagrad.Default()
	a.Epsilon = epsilon
	return Optimizer{op.Adagrad.Op, a, []string{"square"}}
}

// Step makes of the graph of a loss one step of training. Each parameter becomes an input whose default is its value so far,
// and gets an output, its name and ".next", that takes over the input's storage: from run to run of a session, parameters
// change. So do what the optimizer keeps, whose names follow the parameter's, and the number of steps, "step". The input
// "learning_rate" has a default.
func Step(g *ir.Graph, t Training) error {
	loss, err := t.loss(g)
	if err != nil {
		return err
	}
	if len(t.Params) == 0 {
		return errors.New("training: no parameters are named")
	}
	if t.Rate == 0 {
		t.Rate = 0.01
	}
	params := make([]*ir.Value, len(t.Params))
	for i, name := range t.Params {
		if params[i], err = parameter(g, name); err != nil {
			return err
		}
	}
	ds, err := Append(g, []*ir.Value{loss}, nil, params, Options{})
	if err != nil {
		return fmt.Errorf("training: %w", err)
	}
	return t.update(g, params, ds)
}

func (t Training) loss(g *ir.Graph) (*ir.Value, error) {
	for _, o := range g.Outputs {
		if t.Loss != "" && o.Name != t.Loss {
			continue
		}
		if ty := o.Value.Type; !ty.Carries() || ty.Rank() > 0 {
			return nil, fmt.Errorf("training: output %q is of type %v, not a scalar of floats", o.Name, ty)
		}
		return o.Value, nil
	}
	return nil, fmt.Errorf("training: there is no output %q", t.Loss)
}

// parameter returns the input of the given name, which may have to take the place of a constant.
func parameter(g *ir.Graph, name string) (*ir.Value, error) {
	v := g.Value(name)
	switch {
	case v == nil:
		return nil, fmt.Errorf("training: there is no constant and no input %q", name)
	case !v.Type.Carries() || !v.IsConst() && !v.IsInput():
		return nil, fmt.Errorf("training: %q, of type %v, is no constant and no input of floats", name, v.Type)
	case v.IsInput():
		return v, nil
	}
	in := g.Input(name, v.Type)
	if in.Data = v.Data; in.Data == nil {
		return nil, fmt.Errorf("training: %q has no value", name)
	}
	if err := g.Replace(v, in); err != nil {
		return nil, fmt.Errorf("training: %q: %w", name, err)
	}
	g.Rename(v, name+".start")
	g.Rename(in, name)
	return in, nil
}

// update appends the optimizer, and what goes on to the next step.
func (t Training) update(g *ir.Graph, params, ds []*ir.Value) error {
	b := ir.NewBuilder(g)
	rate := g.Input("learning_rate", ir.TensorOf(tensor.F32))
	rate.Data = tensor.Scalar(t.Rate)
	next := func(v *ir.Value, into *ir.Value) {
		if v != nil {
			g.Outputs = append(g.Outputs, ir.Output{Name: into.Name + ".next", Value: v, Into: into})
		}
	}
	if t.Optimizer.op == nil {
		for i, p := range params {
			r := op.Cast.New(b, castTo(p.Type.DType), rate)
			next(op.Sub.New(b, op.None{}, p, op.Mul.New(b, op.None{}, r, ds[i])), p)
		}
		return b.Err()
	}
	step := g.Input("step", ir.TensorOf(tensor.I64))
	step.Data = tensor.Scalar[int64](0)
	in := append([]*ir.Value{rate, step}, params...)
	in = append(in, ds...)
	into := slices.Clone(params)
	for _, state := range t.Optimizer.states {
		for i, p := range params {
			dims, ok := p.Type.Shape.Ints()
			if !ok || p.Type.Unranked {
				return fmt.Errorf("training: %q has sizes that are not known: %v", t.Params[i], p.Type)
			}
			v := g.Input(t.Params[i]+"."+state, p.Type)
			v.Data = tensor.New(p.Type.DType, dims...)
			in, into = append(in, v), append(into, v)
		}
	}
	n := b.Add(t.Optimizer.op, t.Optimizer.attrs, nil, len(into), in...)
	if n == nil {
		return fmt.Errorf("training: %w", b.Err())
	}
	for i, v := range n.Out {
		next(v, into[i])
	}
	next(op.Add.New(b, op.None{}, step, g.Const("", tensor.Scalar[int64](1))), step)
	return b.Err()
}

func castTo(d tensor.DType) op.CastAttrs {
	a := op.Cast.Default()
	a.To = d
	return a
}
