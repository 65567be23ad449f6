package op

import (
	"fmt"
	"slices"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// ScanAttrs holds the numbers of states and of scanned operands, and for each scanned operand and stacked result its axis (0) and
// direction (0 forward, 1 backward).
type ScanAttrs struct {
	NumScanInputs        int   `ir:"num_scan_inputs"`
	ScanInputAxes        []int `ir:"scan_input_axes"`
	ScanInputDirections  []int `ir:"scan_input_directions"`
	ScanOutputAxes       []int `ir:"scan_output_axes"`
	ScanOutputDirections []int `ir:"scan_output_directions"`
	States               int   `ir:"states"`
}

// Scan runs its body once for each place along an axis of its scanned operands. The body takes the states and the slices at that place;
// it returns the next states, and values that are stacked along a new axis. The operands are the states, what is scanned, and what is
// captured.
var Scan = defineN(DefN[ScanAttrs]{
	Name: "scan", ONNX: "Scan", Sig: "v* tensor -> y* tensor",
	Bodies:    []string{"body"},
	Own:       func(a ScanAttrs, operands int) ScanAttrs { a.States = operands - a.NumScanInputs; return a },
	BodyTypes: scanTypes,
	Infer:     inferScan,
	Eval:      evalScan,
})

// pickInt returns v[i], or 0 where v is left out.
func pickInt(v []int, i int) int {
	if i < len(v) {
		return v[i]
	}
	return 0
}

func (a ScanAttrs) check(operands int) error {
	if a.NumScanInputs < 1 {
		return fmt.Errorf("num_scan_inputs is %d", a.NumScanInputs)
	}
	if a.States < 0 || a.States+a.NumScanInputs > operands {
		return fmt.Errorf("%d operands, fewer than num_scan_inputs, %d", a.States+a.NumScanInputs, a.NumScanInputs)
	}
	for _, v := range [][]int{a.ScanInputAxes, a.ScanInputDirections} {
		if len(v) != 0 && len(v) != a.NumScanInputs {
			return fmt.Errorf("%d axes or directions for %d scanned operands", len(v), a.NumScanInputs)
		}
	}
	for _, v := range [][]int{a.ScanInputDirections, a.ScanOutputDirections} {
		for _, d := range v {
			if d&^1 != 0 {
				return fmt.Errorf("direction %d is not 0 or 1", d)
			}
		}
	}
	return nil
}

// elems returns the types of the slices of the scanned operands, and the number of trips.
func (a ScanAttrs) elems(sc *ir.Scope, in []ir.Known) ([]ir.Type, sym.Dim, error) {
	var trips sym.Dim
	var types []ir.Type
	for i, k := range in[a.States : a.States+a.NumScanInputs] {
		if k.Type.Kind != ir.Tensor {
			return nil, trips, errAbsent
		}
		n := sc.Fresh()
		t := k.Type
		if !t.Unranked {
			axis, err := normAxis(pickInt(a.ScanInputAxes, i), len(t.Shape))
			if err != nil {
				return nil, trips, err
			}
			n = t.Shape[axis]
			t = t.WithShape(append(t.Shape[:axis:axis], t.Shape[axis+1:]...)...)
		}
		var err error
		if i == 0 {
			trips = n
		} else if trips, err = sc.Same(trips, n, "lengths of scanned operands"); err != nil {
			return nil, trips, err
		}
		types = append(types, t)
	}
	return types, trips, nil
}

func scanTypes(sc *ir.Scope, a ScanAttrs, in []ir.Known, prev [][]ir.Type) ([][]ir.Type, bool, error) {
	if err := a.check(len(in)); err != nil {
		return nil, false, err
	}
	changed := prev == nil
	if !changed && len(sc.Bodies[0].Outputs) < a.States {
		return nil, false, fmt.Errorf("the body returns %d values, fewer than %d", len(sc.Bodies[0].Outputs), a.States)
	}
	var types []ir.Type
	for i := range a.States {
		t := in[i].Type
		if prev != nil {
			wide, more, err := widen(sc, t, prev[0][i], resultType(sc.Bodies[0], i))
			if err != nil {
				return nil, false, err
			}
			t, changed = wide, changed || more
		}
		types = append(types, t)
	}
	elems, _, err := a.elems(sc, in)
	return [][]ir.Type{append(types, elems...)}, changed, err
}

func inferScan(sc *ir.Scope, a ScanAttrs, in []ir.Known) ([]ir.Known, error) {
	if len(sc.Bodies) != 1 {
		return nil, errBody
	}
	if err := a.check(len(in)); err != nil {
		return nil, err
	}
	body := sc.Bodies[0]
	elems, trips, err := a.elems(sc, in)
	if err != nil {
		return nil, err
	}
	args := append(typesOf(in[:a.States]), elems...)
	args = append(args, typesOf(trimmed(in[a.States+a.NumScanInputs:]))...)
	if err := checkBody(body, args, max(a.States, sc.Outs)); err != nil {
		return nil, err
	}
	for _, v := range [][]int{a.ScanOutputAxes, a.ScanOutputDirections} {
		if k := len(body.Outputs) - a.States; len(v) != 0 && len(v) != k {
			return nil, fmt.Errorf("%d axes or directions for %d stacked results", len(v), k)
		}
	}
	o := outsideOf(sc, in)
	var out []ir.Known
	for i := range body.Outputs {
		t := o.typ(resultType(body, i))
		switch axis := 0; {
		case i < a.States:
			t, err = meetTypes(sc, in[i].Type, t)
		case t.Kind != ir.Tensor:
			err = fmt.Errorf("%v cannot be stacked", t)
		case !t.Unranked:
			if axis, err = normAxis(pickInt(a.ScanOutputAxes, i-a.States), len(t.Shape)+1); err == nil {
				t.Shape = slices.Insert(slices.Clone(t.Shape), axis, trips)
			}
		}
		if err != nil {
			return nil, fmt.Errorf("result %d: %w", i, err)
		}
		out = append(out, of(t))
	}
	return out, nil
}

// scanned is an operand and how to step through it.
type scanned struct {
	x            *tensor.Tensor
	dims, stride []int // of a slice
	step         int
	n            int
	backward     bool
}

func scanOver(v tensor.Value, axis, direction int) (s scanned, err error) {
	s.x = v.(*tensor.Tensor)
	if axis, err = normAxis(axis, s.x.Rank()); err != nil {
		return s, err
	}
	st := strides(s.x.Dims())
	s.n, s.step, s.backward = s.x.Dims()[axis], st[axis], direction == 1
	s.dims = append(append([]int{}, s.x.Dims()[:axis]...), s.x.Dims()[axis+1:]...)
	s.stride = append(append([]int{}, st[:axis]...), st[axis+1:]...)
	return s, nil
}

func (s scanned) at(e *ir.Env, i int) (tensor.Value, error) {
	if s.backward {
		i = s.n - 1 - i
	}
	return viewOf(e, s.x, s.dims, s.stride, i*s.step)
}

func evalScan(e *ir.Env, a ScanAttrs, in []tensor.Value) ([]tensor.Value, error) {
	body := e.Bodies[0]
	over := make([]scanned, a.NumScanInputs)
	for i := range over {
		var err error
		if over[i], err = scanOver(in[a.States+i], pickInt(a.ScanInputAxes, i), pickInt(a.ScanInputDirections, i)); err != nil {
			return nil, err
		}
		if over[i].n != over[0].n {
			return nil, fmt.Errorf("lengths of scanned operands: %d != %d", over[i].n, over[0].n)
		}
	}
	args := append([]tensor.Value{}, in[:len(body.Inputs)]...)
	stacked := make([][]tensor.Value, len(body.Outputs)-a.States)
	for i := range over[0].n {
		if e.Trip != nil {
			if err := e.Trip(); err != nil {
				return nil, err
			}
		}
		for k := range over {
			var err error
			if args[a.States+k], err = over[k].at(e, i); err != nil {
				return nil, err
			}
		}
		out, err := runBody(e, body, i, args)
		if err != nil {
			return nil, err
		}
		copy(args, out[:a.States])
		for k := range stacked {
			if err := retain(e, out[a.States+k]); err != nil {
				return nil, err
			}
			stacked[k] = append(stacked[k], out[a.States+k])
		}
	}
	return a.finish(e, body, args, over, stacked)
}

// finish returns the last states and the stacked results.
func (a ScanAttrs) finish(e *ir.Env, body *ir.Graph, args []tensor.Value, over []scanned, stacked [][]tensor.Value) ([]tensor.Value, error) {
	out := args[:a.States:a.States]
	sizes := sizesOf(args)
	for k, s := range over {
		sizes[a.States+k] = s.dims
	}
	for k, list := range stacked {
		if pickInt(a.ScanOutputDirections, k) == 1 {
			slices.Reverse(list)
		}
		x, err := stack(e, list, pickInt(a.ScanOutputAxes, k), resultType(body, a.States+k), body, sizes)
		if err != nil {
			return nil, fmt.Errorf("result %d: %w", a.States+k, err)
		}
		out = append(out, x)
	}
	return out, nil
}
