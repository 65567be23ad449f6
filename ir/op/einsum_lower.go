package op

import (
	"math"
	"slices"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// An einsumTerm is an operand of an einsum, or a product of some, in the graph: its axes have distinct labels.
type einsumTerm struct {
	v      *ir.Value
	labels []label
}

// lowerEinsum builds an einsum of transposes, reshapes, products and matrix products. What stays as it is: small integers, diagonals of
// sizes that are not known, and axes of which only running tells whether they broadcast, unless the product itself broadcasts them.
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
	e := &einsumBuilder{b: b, size: map[label]sym.Dim{}, open: map[label]bool{}}
	if !e.measure(q, in) {
		return nil
	}
	terms := make([]einsumTerm, len(in))
	for i, v := range in {
		if terms[i] = e.load(einsumTerm{v, q.in[i]}); terms[i].v == nil {
			return nil
		}
	}
	acc := e.sumOut(terms[0], slices.Concat(append([][]label{q.out}, labelsOf(terms[1:])...)...))
	for i, t := range terms[1:] {
		later := slices.Concat(append([][]label{q.out}, labelsOf(terms[i+2:])...)...)
		if acc = e.multiply(acc, t, later); acc.v == nil {
			return nil
		}
	}
	return e.finish(acc, q.out)
}

func labelsOf(terms []einsumTerm) [][]label {
	out := make([][]label, len(terms))
	for i, t := range terms {
		out[i] = t.labels
	}
	return out
}

type einsumBuilder struct {
	b    *ir.Builder
	size map[label]sym.Dim // the greatest that an operand has
	open map[label]bool    // labels whose axes may broadcast
}

// measure finds the size of each label; false where one of them fits no other.
func (e *einsumBuilder) measure(q *equation, in []*ir.Value) bool {
	for i, labels := range q.in {
		for j, l := range labels {
			d, old := in[i].Type.Shape[j], e.size[l]
			n, number := d.Int()
			m, oldNumber := old.Int()
			switch _, seen := e.size[l]; {
			case !seen, oldNumber && m == 1:
				e.size[l] = d
			case old.Equal(d), number && n == 1:
			case number && oldNumber:
				return false
			default:
				e.open[l] = true
			}
		}
	}
	return true
}

// load reads an operand's diagonal over repeated labels, without axes of size 1 that broadcast; no value where it cannot.
func (e *einsumBuilder) load(t einsumTerm) einsumTerm {
	var gone, ones []int
	out := einsumTerm{v: t.v}
	for j, l := range t.labels {
		if n, ok := t.v.Type.Shape[j].Int(); ok && n == 1 && !isOne(e.size[l]) {
			ones = append(ones, j)
		} else if slices.Contains(out.labels, l) {
			gone = append(gone, j)
		} else {
			out.labels = append(out.labels, l)
		}
	}
	if len(gone) == 0 {
		if len(ones) > 0 {
			out.v = Squeeze.New(e.b, None{}, out.v, intsConst(e.b, ones...))
		}
		return out
	}
	return e.diagonal(t, out.labels, ones)
}

// diagonal returns the elements of t whose places along axes of one label are equal: in the product of those axes they stand at equal
// distances.
func (e *einsumBuilder) diagonal(t einsumTerm, labels []label, ones []int) einsumTerm {
	perm := slices.Clone(ones)
	var shape []*ir.Value
	type run struct{ axis, n, times int }
	var runs []run
	for i, l := range labels {
		n, times := 1, 0
		for j, m := range t.labels {
			if m != l || slices.Contains(ones, j) {
				continue
			}
			k, ok := t.v.Type.Shape[j].Int()
			if n = k; !ok && times > 0 || !ok && slices.Contains(t.labels[j+1:], l) || times > 0 && e.open[l] {
				return einsumTerm{}
			}
			perm, times = append(perm, j), times+1
		}
		if times == 1 {
			shape = append(shape, sizeAt(e.b, t.v, perm[len(perm)-1]))
			continue
		}
		all := 1
		for range times {
			if n > 0 && all > math.MaxInt32/n {
				return einsumTerm{}
			}
			all *= n
		}
		runs = append(runs, run{i, n, times})
		shape = append(shape, intsConst(e.b, all))
	}
	v := e.reshape(Transpose.New(e.b, TransposeAttrs{Perm: perm}, t.v), shape...)
	for _, r := range runs {
		step, all := 0, 1
		for range r.times {
			step, all = step+all, all*r.n
		}
		v = Slice.New(e.b, None{}, v, intsConst(e.b, 0), intsConst(e.b, all), intsConst(e.b, r.axis), intsConst(e.b, step))
	}
	return einsumTerm{v, labels}
}

// each returns the sizes of axes from to to-1 of v, one by one; joined, their product.
func (e *einsumBuilder) each(v *ir.Value, from, to int) []*ir.Value {
	var out []*ir.Value
	for i := from; i < to; i++ {
		out = append(out, sizeAt(e.b, v, i))
	}
	return out
}

func (e *einsumBuilder) joined(v *ir.Value, from, to int) *ir.Value {
	n := intsConst(e.b, 1)
	for i, d := range e.each(v, from, to) {
		if i == 0 {
			n = d
		} else {
			n = Mul.New(e.b, None{}, n, d)
		}
	}
	return n
}

// ones are n sizes of 1.
func (e *einsumBuilder) ones(n int) []*ir.Value {
	if n == 0 {
		return nil
	}
	return slices.Repeat([]*ir.Value{intsConst(e.b, 1)}, n)
}

func (e *einsumBuilder) reshape(v *ir.Value, sizes ...*ir.Value) *ir.Value {
	if len(sizes) == 0 {
		return Reshape.New(e.b, ReshapeAttrs{AllowZero: true}, v, e.b.G.Const("", tensor.New(tensor.I64, 0)))
	}
	return Reshape.New(e.b, ReshapeAttrs{AllowZero: true}, v, Concat.New(e.b, ConcatAttrs{}, sizes...))
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
func (e *einsumBuilder) arrange(t einsumTerm, labels []label) *ir.Value {
	if slices.Equal(t.labels, labels) {
		return t.v
	}
	perm := make([]int, len(labels))
	for i, l := range labels {
		perm[i] = slices.Index(t.labels, l)
	}
	return Transpose.New(e.b, TransposeAttrs{Perm: perm}, t.v)
}

// finish puts the axes in the order of the result. Axes that only operands of size 1 had are repeated.
func (e *einsumBuilder) finish(t einsumTerm, out []label) *ir.Value {
	var have []label
	for _, l := range out {
		if slices.Contains(t.labels, l) {
			have = append(have, l)
		}
	}
	v := e.arrange(t, have)
	if len(have) == len(out) {
		return v
	}
	return nil // a label of size 1 everywhere stays; one that is larger somewhere is there too
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
		case e.open[l]:
			return einsumTerm{} // a sum over an axis of which one term may have a single element
		default:
			inner = append(inner, l)
		}
	}
	for _, l := range b.labels {
		if !slices.Contains(a.labels, l) {
			cols = append(cols, l)
		}
	}
	if len(later) > 0 && slices.Contains(rows, later[len(later)-1]) && len(cols) > 0 {
		a, b, rows, cols = b, a, cols, rows // what the result has last is computed last: no transpose then
	}
	x, y := e.arrange(a, slices.Concat(batch, rows, inner)), e.arrange(b, slices.Concat(batch, inner, cols))
	if x == nil || y == nil {
		return einsumTerm{}
	}
	nb, nr, ni, nc := len(batch), len(rows), len(inner), len(cols)
	labels := slices.Concat(batch, rows, cols)
	if ni == 0 || nr == 0 && nc == 0 {
		if nc > 0 && nr > 0 {
			x = e.reshape(x, slices.Concat(e.each(x, 0, nb+nr), e.ones(nc))...)
			y = e.reshape(y, slices.Concat(e.each(y, 0, nb), e.ones(nr), e.each(y, nb, nb+nc))...)
		} else if nc > 0 && nb > 0 {
			x = e.reshape(x, slices.Concat(e.each(x, 0, nb), e.ones(nc))...)
		} else if nr > 0 && nb > 0 {
			y = e.reshape(y, slices.Concat(e.each(y, 0, nb), e.ones(nr))...)
		}
		return e.sumOut(einsumTerm{Mul.New(e.b, None{}, x, y), slices.Concat(labels, inner)}, labels)
	}
	left, right := x, y
	if nr != 1 || ni != 1 {
		left = e.reshape(x, append(e.each(x, 0, nb), e.joined(x, nb, nb+nr), e.joined(x, nb+nr, nb+nr+ni))...)
	}
	if ni != 1 || nc != 1 {
		right = e.reshape(y, append(e.each(y, 0, nb), e.joined(y, nb, nb+ni), e.joined(y, nb+ni, nb+ni+nc))...)
	}
	z := MatMul.New(e.b, None{}, left, right)
	if nr != 1 || nc != 1 {
		z = e.reshape(z, slices.Concat(e.each(z, 0, nb), e.each(x, nb, nb+nr), e.each(y, nb+ni, nb+ni+nc))...)
	}
	return einsumTerm{z, labels}
}
