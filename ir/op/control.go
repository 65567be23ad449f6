package op

import (
	"errors"
	"fmt"
	"slices"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// Bodies are closed: what they capture are operands behind the node's own, and inputs behind the body's own, in one order.

// meetTypes returns a type that holds the values of both: sizes that differ are fresh, and ranks that differ unknown.
func meetTypes(sc *ir.Scope, a, b ir.Type) (ir.Type, error) {
	if a.Kind != b.Kind || a.DType != b.DType {
		return a, fmt.Errorf("%v and %v are not of one type", a, b)
	}
	if a.Elem != nil {
		elem, err := meetTypes(sc, *a.Elem, *b.Elem)
		a.Elem = &elem
		return a, err
	}
	a.Layout = ir.RowMajor
	if a.Unranked || b.Unranked || len(a.Shape) != len(b.Shape) {
		return ir.UnrankedOf(a.DType), nil
	}
	out := make(ir.Shape, len(a.Shape))
	for i, d := range a.Shape {
		if out[i] = d; !d.Equal(b.Shape[i]) {
			out[i] = sc.Fresh()
		}
	}
	a.Shape = out
	return a, nil
}

// widen returns the type of a value that a body carries from trip to trip: that of its input, start at first, prev now, made wide
// enough for out, what the body returned. A size of prev that start does not have was widened before.
func widen(sc *ir.Scope, start, prev, out ir.Type) (ir.Type, bool, error) {
	if prev.Kind == ir.Optional && out.Kind != ir.Optional {
		out = ir.OptionalOf(out) // what an optional may hold may stand for it
	}
	if prev.Kind != out.Kind || prev.DType != out.DType {
		return prev, false, fmt.Errorf("a value that is carried begins as %v and goes on as %v", start, out)
	}
	if prev.Elem != nil {
		elem, changed, err := widen(sc, *start.Elem, *prev.Elem, *out.Elem)
		prev.Elem = &elem
		return prev, changed, err
	}
	switch {
	case prev.Unranked:
		return prev, false, nil
	case out.Unranked || len(out.Shape) != len(prev.Shape):
		return ir.UnrankedOf(prev.DType), true, nil
	}
	changed := false
	s := make(ir.Shape, len(prev.Shape))
	for i, d := range prev.Shape {
		if s[i] = d; d.Equal(start.Shape[i]) && !d.Equal(out.Shape[i]) {
			s[i], changed = sc.Fresh(), true
		}
	}
	prev.Shape = s
	return prev, changed, nil
}

// outside translates what is known inside a body to the graph around it: a size that the operands do not mention is fresh there.
type outside struct {
	sc   *ir.Scope
	syms map[string]bool
}

func outsideOf(sc *ir.Scope, in []ir.Known) outside {
	o := outside{sc, map[string]bool{}}
	for _, k := range in {
		o.mention(k.Type)
		for _, d := range k.Elems {
			o.size(d)
		}
	}
	return o
}

func (o outside) mention(t ir.Type) {
	for _, d := range t.Shape {
		o.size(d)
	}
	if t.Elem != nil {
		o.mention(*t.Elem)
	}
}

func (o outside) size(d sym.Dim) {
	for _, s := range d.Syms() {
		o.syms[s] = true
	}
}

func (o outside) knows(d sym.Dim) bool {
	for _, s := range d.Syms() {
		if !o.syms[s] {
			return false
		}
	}
	return d.Valid()
}

func (o outside) typ(t ir.Type) ir.Type {
	if t.Elem != nil {
		elem := o.typ(*t.Elem)
		t.Elem = &elem
		return t
	}
	t.Layout = ir.RowMajor
	s := make(ir.Shape, len(t.Shape))
	for i, d := range t.Shape {
		if s[i] = d; !o.knows(d) {
			s[i] = o.sc.Fresh()
		}
	}
	t.Shape = s
	return t
}

// elems keeps the entries that are known outside; nil where none is.
func (o outside) elems(v []sym.Dim) []sym.Dim {
	out, any := make([]sym.Dim, len(v)), false
	for i, d := range v {
		if out[i] = sym.Unknown(); o.knows(d) {
			out[i], any = d, true
		}
	}
	if !any {
		return nil
	}
	return out
}

var errBody = errors.New("the body is missing")

// checkBody checks that a body takes values of the types of args, and returns at least outs.
func checkBody(b *ir.Graph, args []ir.Type, outs int) error {
	if len(b.Inputs) != len(args) {
		return fmt.Errorf("the body takes %d inputs, not %d", len(b.Inputs), len(args))
	}
	if len(b.Outputs) < outs {
		return fmt.Errorf("the body returns %d values, fewer than %d", len(b.Outputs), outs)
	}
	for i, t := range args {
		if !t.Fits(b.Inputs[i].Type) {
			return fmt.Errorf("input %%%s of the body is %v, but its operand %v", b.Inputs[i].Name, b.Inputs[i].Type, t)
		}
	}
	return nil
}

// typesOf returns the types of operands.
func typesOf(in []ir.Known) []ir.Type {
	out := make([]ir.Type, len(in))
	for i, k := range in {
		out[i] = k.Type
	}
	return out
}

// resultType returns the type of result i of a body.
func resultType(b *ir.Graph, i int) ir.Type { return b.Outputs[i].Value.Type }

// runBody evaluates a body for one trip, with draws of its own.
func runBody(e *ir.Env, b *ir.Graph, trip int, in []tensor.Value) ([]tensor.Value, error) {
	if err := e.Err(); err != nil {
		return nil, err
	}
	sub := *e
	sub.Seed = BodySeed(e, trip)
	return sub.Run(b, in)
}

// retain takes the bytes of a value that is kept from one trip to the end of all from the budget.
func retain(e *ir.Env, v tensor.Value) error {
	if t, ok := v.(*tensor.Tensor); ok && t != nil {
		return e.Take(t.DType(), t.Dims())
	}
	return nil
}

// stack joins the values that a body returned, one for each trip, along a new axis. Where there is none, their sizes are those of t, as
// far as the sizes of the inputs of body b tell.
func stack(e *ir.Env, list []tensor.Value, axis int, t ir.Type, b *ir.Graph, sizes [][]int) (tensor.Value, error) {
	if len(list) == 0 {
		dims := boundDims(t, b, sizes)
		axis, err := normAxis(axis, len(dims)+1)
		if err != nil {
			return nil, err
		}
		return value(e.New(t.DType, slices.Insert(dims, axis, 0)...))
	}
	all := make([]*tensor.Tensor, len(list))
	var first *tensor.Tensor
	for i := range list {
		x := tens(list, i)
		if x == nil {
			return nil, errors.New("a value to be stacked is no tensor")
		}
		if first == nil {
			var err error
			if axis, err = normAxis(axis, x.Rank()+1); err != nil {
				return nil, err
			}
			first = x
		}
		if x.DType() != first.DType() || !slices.Equal(x.Dims(), first.Dims()) {
			return nil, fmt.Errorf("trip %d returned %v%v, the first %v%v", i, x.DType(), x.Dims(), first.DType(), first.Dims())
		}
		all[i] = x.Reshape(slices.Insert(slices.Clone(x.Dims()), axis, 1)...)
	}
	return value(concatTensors(e, all, axis))
}

// boundDims returns the sizes of type t, a value of body b, by the sizes of b's inputs; 0 for what they do not tell.
func boundDims(t ir.Type, b *ir.Graph, sizes [][]int) []int {
	syms := map[string]int{}
	for i, v := range b.Inputs {
		if v.Type.Kind != ir.Tensor || v.Type.Unranked || len(sizes[i]) != len(v.Type.Shape) {
			continue
		}
		for k, d := range v.Type.Shape {
			if name, ok := d.Name(); ok {
				syms[name] = sizes[i][k]
			}
		}
	}
	dims := make([]int, len(t.Shape))
	for i, d := range t.Shape {
		n, err := d.Eval(func(name string) (int, bool) { n, ok := syms[name]; return n, ok })
		if err == nil && n >= 0 {
			dims[i] = n
		}
	}
	return dims
}

// sizesOf returns the sizes of values; nil of those that are no tensors.
func sizesOf(in []tensor.Value) [][]int {
	out := make([][]int, len(in))
	for i := range in {
		if x := tens(in, i); x != nil {
			out[i] = x.Dims()
		}
	}
	return out
}

// trimmed drops the operands at the end that are absent.
func trimmed(in []ir.Known) []ir.Known {
	for len(in) > 0 && !in[len(in)-1].Present() {
		in = in[:len(in)-1]
	}
	return in
}
