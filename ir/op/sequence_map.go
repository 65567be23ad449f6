package op

import (
	"fmt"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// SequenceMapAttrs holds the number of the node's own operands; those behind them are captured.
type SequenceMapAttrs struct {
	Operands int `ir:"operands"`
}

// SequenceMap runs its body once for each place of the sequences among its operands, the first of which is one, and returns sequences
// of what the body returned. The body takes an element of each sequence; operands that are tensors it takes whole.
var SequenceMap = defineN(DefN[SequenceMapAttrs]{
	Name: "sequence_map", ONNX: "SequenceMap", Sig: "input seq, more* any -> y* seq",
	Bodies: []string{"body"},
	Own:    func(a SequenceMapAttrs, operands int) SequenceMapAttrs { a.Operands = operands; return a },
	BodyTypes: func(_ *ir.Scope, a SequenceMapAttrs, in []ir.Known, _ [][]ir.Type) ([][]ir.Type, bool, error) {
		types, err := a.types(in)
		return [][]ir.Type{types}, false, err
	},
	Infer: func(sc *ir.Scope, a SequenceMapAttrs, in []ir.Known) ([]ir.Known, error) {
		if len(sc.Bodies) != 1 {
			return nil, errBody
		}
		args, err := a.types(in)
		if err != nil {
			return nil, err
		}
		args = append(args, typesOf(trimmed(in[a.Operands:]))...)
		if err := checkBody(sc.Bodies[0], args, sc.Outs); err != nil {
			return nil, err
		}
		o := outsideOf(sc, in)
		var out []ir.Known
		for i := range sc.Bodies[0].Outputs {
			t := resultType(sc.Bodies[0], i)
			if t.Kind != ir.Tensor {
				return nil, fmt.Errorf("result %d: a sequence of %v: %w", i, t, ir.ErrUnsupported)
			}
			out = append(out, of(ir.SequenceOf(o.typ(t))))
		}
		return out, nil
	},
	Eval: evalSequenceMap,
})

// types returns the types of the body's own inputs.
func (a SequenceMapAttrs) types(in []ir.Known) ([]ir.Type, error) {
	if a.Operands < 1 || a.Operands > len(in) {
		return nil, fmt.Errorf("operands is %d, of %d", a.Operands, len(in))
	}
	var types []ir.Type
	for _, k := range in[:a.Operands] {
		switch k.Type.Kind {
		case ir.Sequence:
			types = append(types, *k.Type.Elem)
		case ir.Tensor:
			types = append(types, k.Type)
		default:
			return nil, fmt.Errorf("an operand is %v, neither a sequence nor a tensor", k.Type)
		}
	}
	return types, nil
}

func evalSequenceMap(e *ir.Env, a SequenceMapAttrs, in []tensor.Value) ([]tensor.Value, error) {
	body := e.Bodies[0]
	n := len(in[0].(*tensor.Sequence).Elems)
	args := append([]tensor.Value{}, in[:len(body.Inputs)]...)
	out := make([]tensor.Value, len(body.Outputs))
	for k := range out {
		out[k] = &tensor.Sequence{}
	}
	for i := range n {
		if e.Trip != nil {
			if err := e.Trip(); err != nil {
				return nil, err
			}
		}
		for k, v := range in[:a.Operands] {
			s, ok := v.(*tensor.Sequence)
			if !ok {
				continue
			}
			if len(s.Elems) != n {
				return nil, fmt.Errorf("sequences of %d and of %d", n, len(s.Elems))
			}
			args[k] = s.Elems[i]
		}
		res, err := runBody(e, body, i, args)
		if err != nil {
			return nil, err
		}
		for k, v := range res {
			if err := retain(e, v); err != nil {
				return nil, err
			}
			s := out[k].(*tensor.Sequence)
			s.Elems = append(s.Elems, v)
		}
	}
	return out, nil
}
