package op

import (
	"fmt"
	"math"
	"strings"
)

// activation is a function that a recurrent op may use at its gates; a and b are its alpha and beta.
type activation struct {
	alpha, beta float32 // the defaults
	params      int     // how many of alpha and beta it has
	f           func(x, a, b float64) float64
}

var activations = map[string]activation{
	"relu":     {f: func(x, _, _ float64) float64 { return max(x, 0) }},
	"tanh":     {f: func(x, _, _ float64) float64 { return math.Tanh(x) }},
	"sigmoid":  {f: func(x, _, _ float64) float64 { return sigmoid(x) }},
	"softsign": {f: func(x, _, _ float64) float64 { return x / (1 + math.Abs(x)) }},
	"softplus": {f: func(x, _, _ float64) float64 { return max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))) }},
	"affine":   {alpha: 1, params: 2, f: func(x, a, b float64) float64 { return a*x + b }},
	"leakyrelu": {alpha: 0.01, params: 1, f: func(x, a, _ float64) float64 {
		if x < 0 {
			return a * x
		}
		return x
	}},
	"thresholdedrelu": {alpha: 1, params: 1, f: func(x, a, _ float64) float64 {
		if x > a {
			return x
		}
		return 0
	}},
	"scaledtanh":  {alpha: 1, beta: 1, params: 2, f: func(x, a, b float64) float64 { return a * math.Tanh(b*x) }},
	"hardsigmoid": {alpha: 0.2, beta: 0.5, params: 2, f: func(x, a, b float64) float64 { return max(0, min(1, a*x+b)) }},
	"elu": {alpha: 1, params: 1, f: func(x, a, _ float64) float64 {
		if x < 0 {
			return a * math.Expm1(x)
		}
		return x
	}},
}

// activators returns the functions of all directions in turn.
func (r recurrent) activators(dirs int) ([]func(float64) float64, error) {
	list, err := r.chosen(dirs)
	out := make([]func(float64) float64, len(list))
	for i, c := range list {
		out[i] = func(x float64) float64 { return activations[c.name].f(x, c.a, c.b) }
	}
	return out, err
}

// A choice is an activation with its alpha and beta.
type choice struct {
	name string
	a, b float64
}

// chosen returns the activations of all directions in turn. Each takes from the lists of alpha and beta only what it has; where they
// end, the defaults.
func (r recurrent) chosen(dirs int) ([]choice, error) {
	names := r.activations
	if len(names) == 0 {
		one := []string{"Sigmoid", "Tanh", "Tanh"}[:r.funcs]
		if r.funcs == 1 {
			one = []string{"Tanh"}
		}
		for range dirs {
			names = append(names, one...)
		}
	}
	if r.funcs == 1 && len(names) == 2 && dirs == 1 {
		names = names[:1] // the default of ONNX's RNN is for two directions
	}
	if len(names) != dirs*r.funcs {
		return nil, fmt.Errorf("%d activations, not %d", len(names), dirs*r.funcs)
	}
	alpha, beta := r.alpha, r.beta
	next := func(list *[]float32, def float32) float64 {
		if len(*list) == 0 {
			return float64(def)
		}
		v := (*list)[0]
		*list = (*list)[1:]
		return float64(v)
	}
	out := make([]choice, len(names))
	for i, name := range names {
		c := choice{name: strings.ToLower(name)}
		act, ok := activations[c.name]
		if !ok {
			return nil, fmt.Errorf("there is no activation %q", name)
		}
		if act.params > 0 {
			c.a = next(&alpha, act.alpha)
		}
		if act.params > 1 {
			c.b = next(&beta, act.beta)
		}
		out[i] = c
	}
	return out, nil
}
