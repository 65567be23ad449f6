package op

import (
	"fmt"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// Fused runs its one body of elementwise ops, which has an input for each operand and an output for each result, as a single loop.
// Passes make it; no model holds it. The operands broadcast to the results' one shape.
var Fused = defineN(DefN[None]{
	Name: "fused", Sig: "x* tensor -> y* tensor",
	Props: ir.Pure | ir.Bodied,
	Infer: func(sc *ir.Scope, _ None, in []ir.Known) ([]ir.Known, error) {
		body, err := fusedBody(sc.Bodies, len(in))
		if err != nil {
			return nil, err
		}
		return inferBody(body, in)
	},
	Eval: func(e *ir.Env, _ None, in []tensor.Value) ([]tensor.Value, error) {
		body, err := fusedBody(e.Bodies, len(in))
		if err != nil {
			return nil, err
		}
		return e.Run(body, in)
	},
})

func fusedBody(bodies []*ir.Graph, operands int) (*ir.Graph, error) {
	if len(bodies) != 1 {
		return nil, fmt.Errorf("%d bodies, not 1", len(bodies))
	}
	b := bodies[0]
	if len(b.Outputs) == 0 {
		return nil, fmt.Errorf("the body has no outputs")
	}
	if len(b.Inputs) != operands {
		return nil, fmt.Errorf("%d operands for a body of %d inputs", operands, len(b.Inputs))
	}
	return b, nil
}

// inferBody infers what a straight-line body makes of operands of which in is known: operands may have become narrower since the body
// was built.
func inferBody(body *ir.Graph, in []ir.Known) ([]ir.Known, error) {
	known := make(map[*ir.Value]ir.Known, body.NumValues())
	for i, v := range body.Inputs {
		k := in[i]
		if want := v.Type; k.Type.Kind != want.Kind || k.Type.DType != want.DType || k.Rank() != want.Rank() {
			return nil, fmt.Errorf("operand %d is %v, the body takes %v", i, k.Type, want)
		}
		known[v] = ir.Known{Type: k.Type, Elems: k.Elems}
	}
	look := func(v *ir.Value) ir.Known {
		if k, ok := known[v]; ok {
			return k
		}
		return v.Known()
	}
	for _, n := range body.Nodes {
		args := make([]ir.Known, len(n.In))
		for i, v := range n.In {
			args[i] = look(v)
		}
		res, err := ir.Infer(body, n.Op, n.Attrs, n.Bodies, len(n.Out), args)
		if err != nil {
			return nil, n.Fault(err)
		}
		for i, v := range n.Out {
			known[v] = res[i]
		}
	}
	out := make([]ir.Known, len(body.Outputs))
	for i, o := range body.Outputs {
		out[i] = ir.Known{Type: look(o.Value).Type}
		out[i].Type.Layout = ir.RowMajor // the layout pass says otherwise
	}
	return out, nil
}
