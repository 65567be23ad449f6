package op

import (
	"slices"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// An einsumTerm is an operand of an einsum, or a product of some, in the graph: its axes have distinct labels.
type einsumTerm struct {
	v      *ir.Value
	labels []label
}

// lowerEinsum builds an einsum of transposes, reshapes and matrix products. Diagonals, axes of size 1 that broadcast, and small integers stay as they are.
func lowerEinsum(b *ir.Builder, a EinsumAttrs, in []*ir.Value) *ir.Value {
	ranks := make([]int, len(in))
	for i, v := range in {
		if v == nil || v.Type.Unranked || !MatMul.Op.Sig.Accepts(0, v.Type.DType) {
			return nil
		}
		ranks[i] = v.Type.Rank()
	}
	q, err := parseEinsum(a.Equation, ranks)
	if err != nil {
		return nil
	}
	sizes := map[label]ir.Shape{}
	for i, labels := range q.in {
		for j, l := range labels {
			d := in[i].Type.Shape[j]
			if slices.Contains(labels[:j], l) || sizes[l] != nil && !sizes[l][0].Equal(d) {
				return nil
			}
			sizes[l] = ir.Shape{d}
		}
	}
	e := &einsumBuilder{b: b, size: map[label]*ir.Value{}}
	for i, labels := range q.in {
		for j, l := range labels {
			if e.size[l] == nil {
				e.size[l] = sizeAt(b, in[i], j)
			}
		}
	}
	acc := e.sumOut(einsumTerm{in[0], q.in[0]}, slices.Concat(append([][]label{q.out}, q.in[1:]...)...))
	for i := 1; i < len(in); i++ {
		later := slices.Concat(append([][]label{q.out}, q.in[i+1:]...)...)
		acc = e.multiply(acc, einsumTerm{in[i], q.in[i]}, later)
	}
	return e.arrange(acc, q.out).v
}

type einsumBuilder struct {
	b    *ir.Builder
	size map[label]*ir.Value // as tensors of one integer
}

// sumOut sums over the labels that keep does not have.
func (e *einsumBuilder) sumOut(t einsumTerm, keep []label) einsumTerm {
	var axes []int
	var stay []label
	for i, l := range t.labels {
		if slices.Contains(keep, l) {
			stay = append(stay, l)
		} else {
			axes = append(axes, i)
		}
	}
	if len(axes) == 0 {
		return t
	}
	return einsumTerm{ReduceSum.New(e.b, ReduceAttrs{}, t.v, intsConst(e.b, axes...)), stay}
}

// arrange transposes t to the order of labels.
func (e *einsumBuilder) arrange(t einsumTerm, labels []label) einsumTerm {
	if slices.Equal(t.labels, labels) {
		return t
	}
	perm := make([]int, len(labels))
	for i, l := range labels {
		perm[i] = slices.Index(t.labels, l)
	}
	return einsumTerm{Transpose.New(e.b, TransposeAttrs{Perm: perm}, t.v), labels}
}

// joined is the product of the sizes of labels.
func (e *einsumBuilder) joined(labels []label) *ir.Value {
	n := intsConst(e.b, 1)
	for i, l := range labels {
		if i == 0 {
			n = e.size[l]
		} else {
			n = Mul.New(e.b, None{}, n, e.size[l])
		}
	}
	return n
}

// reshape gives v an axis for each label of each, and then one for all labels of each list.
func (e *einsumBuilder) reshape(v *ir.Value, each []label, lists ...[]label) *ir.Value {
	var parts []*ir.Value
	for _, l := range each {
		parts = append(parts, e.size[l])
	}
	for _, l := range lists {
		parts = append(parts, e.joined(l))
	}
	var shape *ir.Value
	if len(parts) == 0 {
		shape = e.b.G.Const("", tensor.New(tensor.I64, 0))
	} else {
		shape = Concat.New(e.b, ConcatAttrs{}, parts...)
	}
	return Reshape.New(e.b, ReshapeAttrs{AllowZero: true}, v, shape)
}

// multiply builds the product of two terms, summed over the labels that nothing later has.
func (e *einsumBuilder) multiply(a, b einsumTerm, later []label) einsumTerm {
	a, b = e.sumOut(a, slices.Concat(b.labels, later)), e.sumOut(b, slices.Concat(a.labels, later))
	var batch, rows, inner, cols []label
	for _, l := range a.labels {
		switch {
		case !slices.Contains(b.labels, l):
			rows = append(rows, l)
		case slices.Contains(later, l):
			batch = append(batch, l)
		default:
			inner = append(inner, l)
		}
	}
	for _, l := range b.labels {
		if !slices.Contains(a.labels, l) {
			cols = append(cols, l)
		}
	}
	x, y := e.arrange(a, slices.Concat(batch, rows, inner)).v, e.arrange(b, slices.Concat(batch, inner, cols)).v
	if len(rows) != 1 || len(inner) != 1 {
		x = e.reshape(x, batch, rows, inner)
	}
	if len(inner) != 1 || len(cols) != 1 {
		y = e.reshape(y, batch, inner, cols)
	}
	z := MatMul.New(e.b, None{}, x, y)
	if len(rows) != 1 || len(cols) != 1 {
		z = e.reshape(z, slices.Concat(batch, rows, cols))
	}
	return einsumTerm{z, slices.Concat(batch, rows, cols)}
}
