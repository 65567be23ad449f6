package passes

import (
	"slices"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/op"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// widen makes nodes on float16 and bfloat16 that no kernel computes nodes on float32 that one does, between casts: storage
// stays narrow, arithmetic does not. Results are rounded to the type that they had, once, as the reference evaluation rounds
// them.
func widen(g *ir.Graph, t Target) error {
	w := widener{g: g, t: t, wide: map[*ir.Value]*ir.Value{}, low: newLowering(g, t)}
	see := fired(t)
	for _, n := range slices.Clone(g.Nodes) {
		if !slices.ContainsFunc(n.In, isHalf) || len(n.Bodies) > 0 || n.Op.Props&ir.Random != 0 || n.Op == op.QuantizeLinear.Op || t.HasKernel(n) {
			continue // quantize_linear divides in the type of its scale
		}
		done, err := w.node(n)
		if err != nil {
			return n.Fault(err)
		}
		if done {
			see(n.Op.Name, n, nil)
		}
	}
	return nil
}

func isHalf(v *ir.Value) bool {
	return v != nil && v.Type.Kind == ir.Tensor && (v.Type.DType == tensor.F16 || v.Type.DType == tensor.BF16)
}

type widener struct {
	g    *ir.Graph
	t    Target
	wide map[*ir.Value]*ir.Value // the same in float32
	low  *lowering               // what nodes on float32 would become
}

// node puts a node on float32 in the place of n, if there is a kernel for it or for what it is lowered to.
func (w *widener) node(n *ir.Node) (bool, error) {
	at := w.g.Index(n)
	b := ir.NewBuilder(w.g).Before(n)
	b.From = n.From
	in, made := slices.Clone(n.In), []*ir.Value{}
	for i, v := range in {
		if !isHalf(v) {
			continue
		}
		if w.wide[v] == nil {
			x, err := w.convert(b, v)
			if err != nil {
				return false, err
			}
			w.wide[v] = x
			made = append(made, v)
		}
		in[i] = w.wide[v]
	}
	m := b.Add(n.Op, n.Attrs, nil, len(n.Out), in...)
	outs := w.narrow(b, n, m)
	built := slices.Clone(w.g.Nodes[at:w.g.Index(n)])
	if outs == nil || !w.low.covered([]*ir.Node{m}, lowerDepth) {
		undo(w.g, built)
		for _, v := range made {
			delete(w.wide, v)
		}
		return false, nil
	}
	for i, v := range n.Out {
		if err := w.g.Replace(v, outs[i]); err != nil {
			return false, err
		}
	}
	w.g.Erase(n)
	for i, v := range n.Out {
		w.g.Rename(outs[i], v.Name)
	}
	return true, nil
}

// convert returns v in float32.
func (w *widener) convert(b *ir.Builder, v *ir.Value) (*ir.Value, error) {
	if v.IsConst() {
		x, err := tensor.Convert(v.Data, tensor.F32, false, 0)
		if err != nil {
			return nil, err
		}
		return w.g.Const(v.Name+"_f32", x), nil
	}
	return converted(b, tensor.F32, v), nil
}

// narrow returns m's results in the types of n's; nil where that is not possible.
func (w *widener) narrow(b *ir.Builder, n, m *ir.Node) []*ir.Value {
	if m == nil {
		return nil
	}
	outs := slices.Clone(m.Out)
	for i, v := range n.Out {
		if have := outs[i].Type; isHalf(v) && have.Kind == ir.Tensor && have.DType == tensor.F32 {
			outs[i] = converted(b, v.Type.DType, outs[i])
		}
		if b.Err() != nil || outs[i].Type.Kind != v.Type.Kind || outs[i].Type.DType != v.Type.DType {
			return nil
		}
	}
	return outs
}

func converted(b *ir.Builder, d tensor.DType, v *ir.Value) *ir.Value {
	a := op.Cast.Op.Attrs.(op.CastAttrs)
	a.To = d
	return op.Cast.New(b, a, v)
}
