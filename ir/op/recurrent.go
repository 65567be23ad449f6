package op

import (
	"fmt"
	"math"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// recurrent is what recurrent ops share: their common attributes, and the number of gates and of activations in a direction.
type recurrent struct {
	activations  []string
	alpha, beta  []float32
	clip         *float32
	direction    string
	hidden       *int
	layout       int
	gates, funcs int
}

// dirs returns the number of directions.
func (r recurrent) dirs() (int, error) {
	switch r.direction {
	case "forward", "reverse":
		return 1, nil
	case "bidirectional":
		return 2, nil
	}
	return 0, fmt.Errorf("direction %q is none of forward, reverse, bidirectional", r.direction)
}

// The operands of recurrent ops, in order; the last two are the LSTM's.
const (
	recX = iota
	recW
	recR
	recB
	recLens
	recH
	recC
	recP
)

// infer returns the types of all hidden states and of the last ones.
func (r recurrent) infer(sc *ir.Scope, in []ir.Known) (y, last ir.Type, err error) {
	d := in[recX].Type.DType
	dirs, err := r.dirs()
	if err != nil {
		return y, last, err
	}
	if r.layout != 0 && r.layout != 1 {
		return y, last, fmt.Errorf("layout %d is neither 0 nor 1", r.layout)
	}
	if _, err := r.activators(dirs); err != nil {
		return y, last, err
	}
	x, err := rankedAs(sc, in[recX], 3, "x")
	if err != nil {
		return y, last, err
	}
	w, err := rankedAs(sc, in[recR], 3, "r")
	if err != nil {
		return y, last, err
	}
	steps, batch, input, hidden := x[0], x[1], x[2], w[2]
	if r.layout == 1 {
		steps, batch = batch, steps
	}
	if r.hidden != nil {
		if hidden, err = sc.Same(hidden, sym.Const(*r.hidden), "hidden_size"); err != nil {
			return y, last, err
		}
	}
	n, wide := sym.Const(dirs), sym.Mul(sym.Const(r.gates), hidden)
	state := ir.Shape{n, batch, hidden}
	if r.layout == 1 {
		state = ir.Shape{batch, n, hidden}
	}
	want := []ir.Shape{recX: nil, recW: {n, wide, input}, recR: {n, wide, hidden}, recB: {n, sym.Mul(sym.Const(2), wide)}, recLens: {batch}, recH: state,
		recC: state, recP: {n, sym.Mul(sym.Const(3), hidden)}}
	for i, k := range in {
		if err := sizedAs(sc, k, want[i], recNames[i]); err != nil {
			return y, last, err
		}
	}
	all := ir.Shape{steps, n, batch, hidden}
	if r.layout == 1 {
		all = ir.Shape{batch, steps, n, hidden}
	}
	return ir.TensorOf(d, all...), ir.TensorOf(d, state...), nil
}

var recNames = []string{"x", "w", "r", "b", "sequence_lens", "initial_h", "initial_c", "p"}

// rankedAs returns the sizes of an operand that must have the given rank; fresh ones where its rank is not known.
func rankedAs(sc *ir.Scope, k ir.Known, rank int, what string) (ir.Shape, error) {
	switch k.Rank() {
	case -1:
		return sc.FreshShape(rank), nil
	case rank:
		return k.Type.Shape, nil
	}
	return nil, fmt.Errorf("%s has rank %d, not %d", what, k.Rank(), rank)
}

// sizedAs requires that an operand, where it is present and of known rank, has the given sizes; nil sizes ask nothing.
func sizedAs(sc *ir.Scope, k ir.Known, want ir.Shape, what string) error {
	if !k.Present() || k.Type.Unranked || want == nil {
		return nil
	}
	return sameShapes(sc, k.Type.Shape, want, what)
}

// sameShapes requires that an operand of sizes got has the sizes want.
func sameShapes(sc *ir.Scope, got, want ir.Shape, what string) error {
	if len(got) != len(want) {
		return fmt.Errorf("%s has rank %d, not %d", what, len(got), len(want))
	}
	for i, d := range got {
		if d.Equal(want[i]) {
			continue
		}
		if _, err := sc.Same(d, want[i], fmt.Sprintf("%s: axis %d", what, i)); err != nil {
			return err
		}
	}
	return nil
}

// A sequence is a recurrent op at run time. States are kept as [direction][item][hidden].
type sequence struct {
	recurrent
	e                          *ir.Env
	dirs, steps, batch, hidden int
	x, w, b, p, h, c           []float64
	turned                     []float64 // of each direction and gate, the transposed recurrent weights
	lens                       []int
	acts                       []func(float64) float64
	y                          []float64 // in the result's own order
	rec                        []float64 // of each gate, item × hidden
}

// A cell computes the next states of all items in one direction: pre is the operand's part of each gate, item by item.
type cell func(s *sequence, dir int, pre, h, c []float64) error

// load checks the operands and loads them.
func (r recurrent) load(e *ir.Env, in []tensor.Value) (*sequence, error) {
	s := &sequence{recurrent: r, e: e}
	if r.layout != 0 && r.layout != 1 {
		return nil, fmt.Errorf("layout %d is neither 0 nor 1", r.layout)
	}
	var err error
	if s.dirs, err = r.dirs(); err != nil {
		return nil, err
	}
	if s.acts, err = r.activators(s.dirs); err != nil {
		return nil, err
	}
	xd, rd := tens(in, recX).Dims(), tens(in, recR).Dims()
	if len(xd) != 3 || len(rd) != 3 {
		return nil, fmt.Errorf("x and r of rank %d and %d, not 3", len(xd), len(rd))
	}
	s.steps, s.batch, s.hidden = xd[0], xd[1], rd[2]
	if r.layout == 1 {
		s.steps, s.batch = s.batch, s.steps
	}
	if err := s.check(in, xd[2]); err != nil {
		return nil, err
	}
	v, err := loadAll[float64](e, tens(in, recX), tens(in, recW), tens(in, recR), tens(in, recB), tens(in, recH), tens(in, recC), tens(in, recP))
	if err != nil {
		return nil, err
	}
	s.x, s.w, s.b, s.h, s.c, s.p = v[0], v[1], v[3], v[4], v[5], v[6]
	if r.layout == 1 {
		s.x = swapped(s.x, s.batch, s.steps, xd[2])
		s.h, s.c = swapped(s.h, s.batch, s.dirs, s.hidden), swapped(s.c, s.batch, s.dirs, s.hidden)
	}
	if s.lens, err = s.lengths(tens(in, recLens)); err != nil {
		return nil, err
	}
	size := s.hidden * s.hidden
	s.turned = v[2]
	for i := range s.dirs * r.gates {
		copy(s.turned[i*size:], flipped(s.turned[i*size:(i+1)*size], s.hidden, s.hidden))
	}
	for _, m := range []*[]float64{&s.h, &s.c} {
		if *m == nil {
			if *m, err = alloc[float64](e, s.dirs, s.batch, s.hidden); err != nil {
				return nil, err
			}
		}
	}
	if s.y, err = alloc[float64](e, s.steps, s.dirs, s.batch, s.hidden); err != nil {
		return nil, err
	}
	s.rec, err = alloc[float64](e, r.gates, s.batch, s.hidden)
	return s, err
}

func (s *sequence) check(in []tensor.Value, input int) error {
	wide, state := s.gates*s.hidden, []int{s.dirs, s.batch, s.hidden}
	if s.layout == 1 {
		state = []int{s.batch, s.dirs, s.hidden}
	}
	want := [][]int{recX: nil, recW: {s.dirs, wide, input}, recR: {s.dirs, wide, s.hidden}, recB: {s.dirs, 2 * wide}, recLens: {s.batch},
		recH: state, recC: state, recP: {s.dirs, 3 * s.hidden}}
	for i, dims := range want {
		if t := tens(in, i); t != nil && dims != nil {
			if err := wantSizes(t.Dims(), dims); err != nil {
				return fmt.Errorf("%s: %w", recNames[i], err)
			}
		}
	}
	if s.hidden == 0 || s.recurrent.hidden != nil && *s.recurrent.hidden != s.hidden {
		return fmt.Errorf("hidden_size does not fit sizes of %d", s.hidden)
	}
	return nil
}

// eval loads the operands and steps through all directions.
func (r recurrent) eval(e *ir.Env, in []tensor.Value, f cell) (*sequence, error) {
	s, err := r.load(e, in)
	if err != nil {
		return nil, err
	}
	return s, s.run(f)
}

// lengths returns the number of steps of each item.
func (s *sequence) lengths(t *tensor.Tensor) ([]int, error) {
	out := make([]int, s.batch)
	fill(out, s.steps)
	if t == nil {
		return out, nil
	}
	for i, n := range t.Int64s() {
		if n < 0 || n > int64(s.steps) {
			return nil, fmt.Errorf("sequence_lens: %d is out of range for %d steps", n, s.steps)
		}
		out[i] = int(n)
	}
	return out, nil
}

// swapped returns v, of sizes a, b and inner, with the first two axes exchanged.
func swapped(v []float64, a, b, inner int) []float64 {
	if v == nil {
		return nil
	}
	out := make([]float64, len(v))
	for i := range a {
		for j := range b {
			copy(out[(j*a+i)*inner:(j*a+i+1)*inner], v[(i*b+j)*inner:])
		}
	}
	return out
}

// run steps through all directions; s.y, s.h and s.c then hold the results.
func (s *sequence) run(f cell) error {
	if s.batch == 0 {
		return nil
	}
	wide, size := s.gates*s.hidden, s.batch*s.hidden
	for dir := range s.dirs {
		parts, err := s.operandParts(dir, wide)
		if err != nil {
			return err
		}
		h, c := s.h[dir*size:(dir+1)*size], s.c[dir*size:(dir+1)*size]
		pre, hn, cn := make([]float64, s.batch*wide), make([]float64, size), make([]float64, size)
		backward := dir == 1 || s.direction == "reverse"
		for step := range s.steps {
			if err := s.e.Err(); err != nil {
				return err
			}
			for i, n := range s.lens {
				if step < n {
					copy(pre[i*wide:(i+1)*wide], parts[(at(step, n, backward)*s.batch+i)*wide:])
				}
			}
			copy(hn, h)
			copy(cn, c)
			if err := f(s, dir, pre, hn, cn); err != nil {
				return err
			}
			for i, n := range s.lens {
				if step >= n {
					continue
				}
				copy(h[i*s.hidden:(i+1)*s.hidden], hn[i*s.hidden:])
				copy(c[i*s.hidden:(i+1)*s.hidden], cn[i*s.hidden:])
				copy(s.y[s.place(at(step, n, backward), dir, i):][:s.hidden], hn[i*s.hidden:])
			}
		}
	}
	return nil
}

// at is the time that an item of n steps reaches at a step.
func at(step, n int, backward bool) int {
	if backward {
		return n - 1 - step
	}
	return step
}

// place returns where the hidden state of an item at a time lies in y.
func (s *sequence) place(time, dir, item int) int {
	if s.layout == 1 {
		return ((item*s.steps+time)*s.dirs + dir) * s.hidden
	}
	return ((time*s.dirs+dir)*s.batch + item) * s.hidden
}

// operandParts returns the operand's part of each gate for all steps and items, with its bias.
func (s *sequence) operandParts(dir, wide int) ([]float64, error) {
	rows := s.steps * s.batch
	out, err := alloc[float64](s.e, rows, wide)
	if err != nil || rows == 0 {
		return out, err
	}
	input := len(s.x) / rows
	if s.b != nil {
		for i := range rows {
			copy(out[i*wide:], s.b[dir*2*wide:dir*2*wide+wide])
		}
	}
	return out, product(s.e, rows, wide, input, s.x, flipped(s.w[dir*wide*input:(dir+1)*wide*input], wide, input), out)
}

// recur sets s.rec of one gate to the states h times the recurrent weights, plus their bias.
func (s *sequence) recur(dir, gate int, h []float64) ([]float64, error) {
	size := s.batch * s.hidden
	out := s.rec[gate*size : (gate+1)*size]
	fill(out, 0)
	if s.b != nil {
		wide := s.gates * s.hidden
		from := dir*2*wide + wide + gate*s.hidden
		for i := range s.batch {
			copy(out[i*s.hidden:(i+1)*s.hidden], s.b[from:])
		}
	}
	k := (dir*s.gates + gate) * s.hidden * s.hidden
	return out, product(s.e, s.batch, s.hidden, s.hidden, h, s.turned[k:], out)
}

// clamp bounds the operand of an activation by the clip attribute.
func (s *sequence) clamp(x float64) float64 {
	if s.clip == nil {
		return x
	}
	c := math.Abs(float64(*s.clip))
	return max(-c, min(c, x))
}

// results returns the hidden states of all steps, the last ones, and the last of c, in the result's order.
func (s *sequence) results(d tensor.DType, all ...[]float64) ([]tensor.Value, error) {
	dims := []int{s.steps, s.dirs, s.batch, s.hidden}
	state := []int{s.dirs, s.batch, s.hidden}
	if s.layout == 1 {
		dims = []int{s.batch, s.steps, s.dirs, s.hidden}
		state = []int{s.batch, s.dirs, s.hidden}
		for i, v := range all {
			all[i] = swapped(v, s.dirs, s.batch, s.hidden)
		}
	}
	return storeAll(s.e, []tensor.DType{d, d, d}, append([][]float64{s.y}, all...), dims, state, state)
}
