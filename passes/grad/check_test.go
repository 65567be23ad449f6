package grad_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/op"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
	"github.com/cameo-onnx/cameo/passes/grad"
)

// A gradCase is one node of an op. Inputs of floats without a default are drawn at random and differentiated by; others are given.
type gradCase struct {
	op    string
	in    string // in IR text
	expr  string // in IR text, without the results' types
	out   string // the results' types; empty is one of f64 of any rank
	body  string // what stands instead of expr where one node does not do; its last line returns
	lo    float64
	hi    float64 // range of the draws; -2 to 2 where both are 0
	once  bool    // not differentiated twice: the op's gradient is of ops without one
	tol   float64
	known bool   // what is given is constant in both modes
	by    string // the only input to differentiate by, default or not
	fix   bool   // sizes stay constants: the op, or its gradient, needs them known
}

func (c gradCase) name() string {
	if c.body != "" {
		return c.op + "/" + c.in
	}
	return c.expr + "/" + c.in
}

// parse returns the case's graph; with symbols, every size of a random input is one of its own.
func (c gradCase) parse(t *testing.T, symbols bool) *ir.Graph {
	t.Helper()
	body := c.body
	if body == "" {
		out := c.out
		if out == "" {
			out = "f64[*]"
		}
		var names []string
		for i := range strings.Count(strings.ReplaceAll(strings.ReplaceAll(out, "[*]", ""), "[]", ""), ",") + 1 {
			names = append(names, fmt.Sprintf("%%out%d", i))
		}
		list := strings.Join(names, ", ")
		body = list + " = " + c.expr + " : " + out + "\n\treturn " + list
	}
	g, err := ir.Parse("graph g("+c.in+") {\n\t"+body+"\n}\n", op.Lookup, nil)
	if err != nil {
		t.Fatal(err)
	}
	if !symbols && !c.known && c.by == "" {
		return g
	}
	for i, v := range g.Inputs {
		if c.given(v) || !v.Type.Carries() || !symbols {
			continue
		}
		s := make(ir.Shape, len(v.Type.Shape))
		for k := range s {
			s[k] = sym.Sym(fmt.Sprintf("d%d_%d", i, k))
		}
		v.Type.Shape = s
	}
	h := ir.NewGraph("g")
	var args []*ir.Value
	for _, v := range g.Inputs {
		if c.given(v) { // what is given is known
			args = append(args, h.Const("", v.Data))
		} else {
			args = append(args, h.Input(v.Name, v.Type))
		}
	}
	b := ir.NewBuilder(h)
	for i, v := range g.CopyInto(b, args) {
		h.Output(g.Outputs[i].Name, v)
	}
	if b.Err() != nil {
		t.Fatal(b.Err())
	}
	return h
}

// given reports whether an input is not differentiated by: it has a default.
func (c gradCase) given(v *ir.Value) bool { return v.Data != nil && v.Name != c.by }

// dimsOf reads constant sizes.
func dimsOf(in []*ir.Value) [][]int {
	var out [][]int
	for _, v := range in {
		d, _ := v.Type.Shape.Ints()
		out = append(out, d)
	}
	return out
}

// A probe is a graph of inputs to differentiate by, its results weighted by random seeds.
type probe struct {
	g    *ir.Graph
	args []tensor.Value
	by   []int // indices of the inputs to differentiate by
}

func (p *probe) eval(t *testing.T, what string) []*tensor.Tensor {
	t.Helper()
	res, err := p.g.Eval(&ir.Env{Seed: 3}, p.args)
	if err != nil {
		t.Fatalf("%s: %v\n%v", what, err, p.g)
	}
	out := make([]*tensor.Tensor, len(res))
	for i, r := range res {
		out[i], _ = r.(*tensor.Tensor)
	}
	return out
}

// weighted is the sum of all results, weighted.
func weighted(res, w []*tensor.Tensor) float64 {
	sum := 0.0
	for i, x := range w {
		if x != nil {
			y := res[i].Float64s()
			for k, v := range x.Float64s() {
				sum += v * y[k]
			}
		}
	}
	return sum
}

// numeric returns the central differences of the weighted sum of the first outputs by each input.
func (p *probe) numeric(t *testing.T, w []*tensor.Tensor, h float64) [][]float64 {
	var out [][]float64
	for _, i := range p.by {
		x := p.args[i].(*tensor.Tensor)
		d := make([]float64, x.Len())
		for k := range d {
			v := x.Float64At(k)
			x.SetFloat64At(k, v+h)
			up, hi := x.Float64At(k), weighted(p.eval(t, "up"), w)
			x.SetFloat64At(k, v-h)
			down, lo := x.Float64At(k), weighted(p.eval(t, "down"), w)
			x.SetFloat64At(k, v)
			d[k] = (hi - lo) / (up - down)
		}
		out = append(out, d)
	}
	return out
}

// differentiate appends the gradient of outputs first and on, weighted by new constants, and makes it the outputs; it returns the weights.
func (p *probe) differentiate(t *testing.T, r *rand.Rand, res []*tensor.Tensor) []*tensor.Tensor {
	t.Helper()
	w := make([]*tensor.Tensor, len(p.g.Outputs))
	var ys, seeds, xs []*ir.Value
	for i, o := range p.g.Outputs {
		if !o.Value.Type.Carries() {
			continue
		}
		x := make([]float64, res[i].Len())
		for k := range x {
			x[k] = 0.5 + r.Float64()
		}
		w[i] = tensor.FromFloat64s(o.Value.Type.DType, x, res[i].Dims()...)
		ys, seeds = append(ys, o.Value), append(seeds, p.g.Const("", w[i]))
	}
	for _, i := range p.by {
		xs = append(xs, p.g.Inputs[i])
	}
	ds, err := grad.Append(p.g, ys, seeds, xs, grad.Options{})
	if err != nil {
		t.Fatalf("%v\n%v", err, p.g)
	}
	for i, d := range ds {
		if d.Type.DType != xs[i].Type.DType {
			t.Fatalf("gradient by %v is %v", xs[i].Type, d.Type)
		}
		p.g.Output(fmt.Sprintf("d%d", i), d)
	}
	if err := p.g.Verify(); err != nil {
		t.Fatalf("%v\n%v", err, p.g)
	}
	p.g.Outputs = p.g.Outputs[len(w):]
	return w
}

func (c gradCase) check(t *testing.T, symbols bool) {
	t.Helper()
	r := rand.New(rand.NewPCG(1, 2))
	build := func() *probe { return &probe{g: c.parse(t, symbols)} }
	p, forward := build(), build()
	plain := c
	plain.known, plain.by = false, ""
	all := plain.parse(t, false).Inputs
	dims := dimsOf(all)
	lo, hi := c.lo, c.hi
	if lo == 0 && hi == 0 {
		lo, hi = -2, 2
	}
	for i, v := range all {
		if c.given(v) {
			if !symbols && !c.known && c.by == "" {
				p.args = append(p.args, v.Data)
			}
			continue
		}
		if v.Data != nil {
			p.by, p.args = append(p.by, len(p.args)), append(p.args, v.Data)
			continue
		}
		x := make([]float64, count(dims[i]))
		for k := range x {
			x[k] = lo + (hi-lo)*r.Float64()
		}
		if v.Type.Carries() {
			p.by = append(p.by, len(p.args))
		}
		p.args = append(p.args, tensor.FromFloat64s(v.Type.DType, x, dims[i]...))
	}
	forward.args, forward.by = p.args, p.by
	tol, h := 2e-6, 1e-5
	if c.tol > 0 {
		tol, h = c.tol, 1e-2
	}
	w := p.differentiate(t, r, forward.eval(t, "forward"))
	got := p.eval(t, "gradient")
	compare(t, "gradient", p, got, forward.numeric(t, w, h), tol)
	if c.once || t.Failed() {
		return
	}
	first := &probe{args: p.args, by: p.by}
	text := p.g.String()
	var err error
	if first.g, err = ir.Parse(text, op.Lookup, nil); err != nil {
		return // constants that do not print whole
	}
	w2 := p.differentiate(t, r, got)
	compare(t, "second gradient", p, p.eval(t, "second gradient"), first.numeric(t, w2, h), 30*tol)
}

func compare(t *testing.T, what string, p *probe, got []*tensor.Tensor, want [][]float64, tol float64) {
	t.Helper()
	for i, d := range want {
		x := p.args[p.by[i]].(*tensor.Tensor)
		if fmt.Sprint(got[i].Dims()) != fmt.Sprint(x.Dims()) {
			t.Errorf("%s by %%%s has sizes %v, not %v", what, p.g.Inputs[p.by[i]].Name, got[i].Dims(), x.Dims())
			continue
		}
		for k, v := range got[i].Float64s() {
			if !(math.Abs(v-d[k]) <= tol*(1+math.Abs(d[k]))) {
				t.Errorf("%s by %%%s[%d] is %v, not %v", what, p.g.Inputs[p.by[i]].Name, k, v, d[k])
				break
			}
		}
	}
}

func count(dims []int) int {
	n := 1
	for _, d := range dims {
		n *= d
	}
	return n
}
