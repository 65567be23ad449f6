package op

import (
	"errors"
	"fmt"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// LoopAttrs holds the number of values that the body hands on from trip to trip; the operands behind them are captured.
type LoopAttrs struct {
	Carried int `ir:"carried"`
}

// Loop runs its body while a condition holds, at most trip times. The body takes the trip's number, the condition and the carried
// values; it returns the next condition, the next carried values, and values that are stacked along a new first axis. Without an
// operand cond, the body's condition is ignored.
var Loop = defineN(DefN[LoopAttrs]{
	Name: "loop", ONNX: "Loop", Sig: "trip? i64, cond? bool, carried* any -> y* any",
	Bodies:    []string{"body"},
	Own:       func(a LoopAttrs, operands int) LoopAttrs { a.Carried = max(0, operands-2); return a },
	BodyTypes: loopTypes,
	Infer:     inferLoop,
	Eval:      evalLoop,
})

func loopTypes(sc *ir.Scope, a LoopAttrs, in []ir.Known, prev [][]ir.Type) ([][]ir.Type, bool, error) {
	types := []ir.Type{ir.TensorOf(tensor.I64), ir.TensorOf(tensor.Bool)}
	changed := prev == nil
	if !changed && len(sc.Bodies[0].Outputs) < 1+a.Carried {
		return nil, false, fmt.Errorf("the body returns %d values, fewer than %d", len(sc.Bodies[0].Outputs), 1+a.Carried)
	}
	for i := range a.Carried {
		if !in[2+i].Present() {
			return nil, false, errAbsent
		}
		t := in[2+i].Type
		if prev != nil {
			wide, more, err := widen(sc, t, prev[0][2+i], resultType(sc.Bodies[0], 1+i))
			if err != nil {
				return nil, false, err
			}
			t, changed = wide, changed || more
		}
		types = append(types, t)
	}
	return [][]ir.Type{types}, changed, nil
}

func inferLoop(sc *ir.Scope, a LoopAttrs, in []ir.Known) ([]ir.Known, error) {
	if len(sc.Bodies) != 1 {
		return nil, errBody
	}
	body := sc.Bodies[0]
	if !in[0].Present() && !in[1].Present() {
		return nil, fmt.Errorf("it has neither a trip count nor a condition and would never end: %w", ir.ErrUnsupported)
	}
	if a.Carried < 0 || 2+a.Carried > len(in) || len(body.Inputs) < 2+a.Carried {
		return nil, fmt.Errorf("carried is %d, of %d operands", a.Carried, len(in))
	}
	for k, name := range []string{"trip", "cond"} {
		if err := checkScalar(in[k], name); err != nil && in[k].Present() {
			return nil, err
		}
	}
	args := append([]ir.Type{ir.TensorOf(tensor.I64), ir.TensorOf(tensor.Bool)}, typesOf(trimmed(in[2:]))...)
	if err := checkBody(body, args, max(1+a.Carried, 1+sc.Outs)); err != nil {
		return nil, err
	}
	if t := resultType(body, 0); t.Kind != ir.Tensor || t.DType != tensor.Bool {
		return nil, fmt.Errorf("the body's condition is %v", t)
	}
	trips := loopTrips(sc, in, body)
	o := outsideOf(sc, in)
	var out []ir.Known
	for i := 1; i < len(body.Outputs); i++ {
		t := o.typ(resultType(body, i))
		var err error
		switch {
		case i > a.Carried && t.Kind != ir.Tensor:
			err = fmt.Errorf("%v cannot be stacked", t)
		case i > a.Carried && !t.Unranked:
			t.Shape = append(ir.Shape{trips}, t.Shape...)
		case i <= a.Carried && !sym.GE(trips, sym.Const(1), nil):
			start := in[1+i].Type
			if start.Kind == ir.Optional && t.Kind != ir.Optional {
				start = *start.Elem
			}
			t, err = meetTypes(sc, start, t)
		}
		if err != nil {
			return nil, fmt.Errorf("result %d: %w", i-1, err)
		}
		out = append(out, of(t))
	}
	return out, nil
}

// loopTrips is the number of trips where only the count decides it, else fresh.
func loopTrips(sc *ir.Scope, in []ir.Known, body *ir.Graph) sym.Dim {
	n, ok := smallSizes(in[0])
	if !ok || len(n) != 1 || !n[0].Valid() || in[1].Present() && !(alwaysTrue(in[1]) && keepsOn(body)) {
		return sc.Fresh()
	}
	return sym.Max(n[0], sym.Const(0))
}

func alwaysTrue(k ir.Known) bool {
	v, ok := k.Ints()
	return ok && len(v) == 1 && v[0] == 1
}

// keepsOn reports whether a loop's body surely returns true, or the condition that it got.
func keepsOn(body *ir.Graph) bool {
	v := body.Outputs[0].Value
	for Identity.Is(v) {
		v = v.Def.In[0]
	}
	return v == body.Inputs[1] || alwaysTrue(v.Known())
}

func evalLoop(e *ir.Env, a LoopAttrs, in []tensor.Value) ([]tensor.Value, error) {
	body := e.Bodies[0]
	trips, cond, err := loopBounds(in)
	if err != nil {
		return nil, err
	}
	args := append([]tensor.Value{nil, nil}, in[2:max(2, len(body.Inputs))]...)
	stacked := make([][]tensor.Value, len(body.Outputs)-1-a.Carried)
	for i := int64(0); (trips < 0 || i < trips) && cond; i++ {
		if e.Trip != nil {
			if err := e.Trip(); err != nil {
				return nil, err
			}
		}
		args[0], args[1] = tensor.Scalar(i), tensor.Scalar(cond)
		out, err := runBody(e, body, int(i), args)
		if err != nil {
			return nil, err
		}
		if tens(in, 1) != nil {
			c := tens(out, 0)
			if c.Len() != 1 {
				return nil, fmt.Errorf("trip %d: the condition is no scalar but of sizes %v", i, c.Dims())
			}
			cond = c.Int64At(0) != 0
		}
		for k, x := range out[1 : 1+a.Carried] {
			args[2+k] = asKind(x, body.Inputs[2+k].Type.Kind)
		}
		for k := range stacked {
			if err := retain(e, out[1+a.Carried+k]); err != nil {
				return nil, err
			}
			stacked[k] = append(stacked[k], out[1+a.Carried+k])
		}
	}
	sizes := sizesOf(args)
	out := args[2 : 2+a.Carried : 2+a.Carried]
	for k, x := range out {
		if out[k] = asKind(x, resultType(body, 1+k).Kind); out[k] == nil {
			return nil, fmt.Errorf("result %d: no trip gave the empty optional a value", k)
		}
	}
	for k, list := range stacked {
		x, err := stack(e, list, 0, resultType(body, 1+a.Carried+k), body, sizes)
		if err != nil {
			return nil, fmt.Errorf("result %d: %w", a.Carried+k, err)
		}
		out = append(out, x)
	}
	return out, nil
}

// loopBounds returns the greatest number of trips, negative where there is none, and whether the first may run.
func loopBounds(in []tensor.Value) (trips int64, cond bool, err error) {
	trips, cond = -1, true
	n, c := tens(in, 0), tens(in, 1)
	if n != nil && n.Len() != 1 || c != nil && c.Len() != 1 {
		return 0, false, errors.New("the trip count or the condition is no scalar")
	}
	if n != nil {
		trips = max(n.Int64At(0), 0)
	}
	if c != nil {
		cond = c.Int64At(0) != 0
	}
	return trips, cond, nil
}

// asKind returns x as an optional, or what the optional x holds, as kind demands.
func asKind(x tensor.Value, kind ir.Kind) tensor.Value {
	o, is := x.(*tensor.Optional)
	switch {
	case kind == ir.Optional && !is:
		return &tensor.Optional{Elem: x}
	case kind != ir.Optional && is:
		return o.Elem
	}
	return x
}
