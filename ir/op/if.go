package op

import (
	"fmt"
	"slices"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// If evaluates one of two bodies. Its results' types hold those of both, or are those of the one that a known condition takes.
var If = defineN(DefN[None]{
	Name: "if", ONNX: "If", Sig: "cond bool, capture* any -> y* any",
	Bodies: []string{"then_branch", "else_branch"},
	BodyTypes: func(*ir.Scope, None, []ir.Known, [][]ir.Type) ([][]ir.Type, bool, error) {
		return [][]ir.Type{{}, {}}, false, nil
	},
	Infer: inferIf,
	Eval: func(e *ir.Env, _ None, in []tensor.Value) ([]tensor.Value, error) {
		cond := tens(in, 0)
		if cond.Len() != 1 {
			return nil, fmt.Errorf("cond is no scalar but of sizes %v", cond.Dims())
		}
		branch := int(1 - cond.Int64At(0))
		b := e.Bodies[branch]
		return runBody(e, b, branch, in[1:1+len(b.Inputs)])
	},
})

func inferIf(sc *ir.Scope, _ None, in []ir.Known) ([]ir.Known, error) {
	if len(sc.Bodies) != 2 {
		return nil, errBody
	}
	if err := checkScalar(in[0], "cond"); err != nil {
		return nil, err
	}
	captures := trimmed(in[1:])
	for _, b := range sc.Bodies {
		if err := checkBody(b, typesOf(captures), sc.Outs); err != nil {
			return nil, err
		}
	}
	then, other := sc.Bodies[0], sc.Bodies[1]
	if len(then.Outputs) != len(other.Outputs) {
		return nil, fmt.Errorf("one branch returns %d values, the other %d", len(then.Outputs), len(other.Outputs))
	}
	if taken, ok := smallSizes(in[0]); ok && len(taken) == 1 {
		if n, ok := taken[0].Int(); ok && n == 0 {
			then = other
		} else if ok {
			other = then
		}
	}
	o := outsideOf(sc, in)
	out := make([]ir.Known, len(then.Outputs))
	for i := range out {
		x, y := then.Outputs[i].Value.Known(), other.Outputs[i].Value.Known()
		t, err := meetTypes(sc, x.Type, y.Type)
		if err != nil {
			return nil, fmt.Errorf("result %d: %w", i, err)
		}
		out[i].Type = o.typ(t)
		if v, ok := smallSizes(x); ok && tracked(t) {
			if w, ok := smallSizes(y); ok && slices.EqualFunc(v, w, sym.Dim.Equal) {
				out[i].Elems = o.elems(v)
			}
		}
	}
	return out, nil
}
