package op

import (
	"fmt"
	"slices"
	"strings"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// EinsumAttrs holds the equation, which is required, such as "bij,bjk->bik".
type EinsumAttrs struct {
	Equation string `ir:"equation"`
}

// Einsum sums products of the operands' elements over the labels that the result does not have. "..." stands for axes that broadcast.
// Without "->" the result has the ellipsis and then, in order, the labels that occur once.
var Einsum = define(Def[EinsumAttrs]{
	Name: "einsum", ONNX: "Einsum", Sig: "x* T -> y T; T num",
	Props: ir.Pure,
	Infer: func(sc *ir.Scope, a EinsumAttrs, in []ir.Known) (ir.Known, error) {
		t, err := a.infer(sc, in)
		return of(t), err
	},
	Eval: func(e *ir.Env, a EinsumAttrs, in []tensor.Value) (tensor.Value, error) {
		if len(in) == 0 || tens(in, 0) == nil {
			return nil, errNoOperands
		}
		if tens(in, 0).DType().IsInt() {
			return value(einsum[int64](e, a.Equation, in))
		}
		return value(einsum[float64](e, a.Equation, in))
	},
	Lower: lowerEinsum,
})

// A label names an axis: a letter, or −1, −2, … for the axes of the ellipsis counted from the last.
type label int

// An equation is the labels of each operand and of the result.
type equation struct {
	in  [][]label
	out []label
}

// parseEinsum reads an equation for operands of the given ranks.
func parseEinsum(text string, ranks []int) (*equation, error) {
	text = strings.ReplaceAll(text, " ", "")
	left, right, explicit := strings.Cut(text, "->")
	terms := strings.Split(left, ",")
	if text == "" || len(terms) != len(ranks) {
		return nil, fmt.Errorf("equation %q has %d terms for %d operands", text, len(terms), len(ranks))
	}
	q := &equation{}
	times := map[label]int{}
	ellipsis := 0
	for i, term := range terms {
		named := len(strings.Replace(term, "...", "", 1))
		dots := strings.Contains(term, "...")
		if rest := ranks[i] - named; rest < 0 || rest > 0 && !dots {
			return nil, fmt.Errorf("term %q of the equation does not fit an operand of rank %d", term, ranks[i])
		}
		labels, err := parseTerm(term, ranks[i]-named)
		if err != nil {
			return nil, err
		}
		for _, l := range labels {
			times[l]++
		}
		if dots {
			ellipsis = max(ellipsis, ranks[i]-named)
		}
		q.in = append(q.in, labels)
	}
	if !explicit {
		for i := ellipsis; i > 0; i-- {
			q.out = append(q.out, label(-i))
		}
		for c := label('A'); c <= 'z'; c++ {
			if times[c] == 1 {
				q.out = append(q.out, c)
			}
		}
		return q, nil
	}
	var err error
	if q.out, err = parseTerm(right, ellipsis); err != nil {
		return nil, err
	}
	for i, l := range q.out {
		if times[l] == 0 || slices.Contains(q.out[:i], l) {
			return nil, fmt.Errorf("label %q of the result is in no operand, or given twice", rune(l))
		}
	}
	return q, nil
}

// parseTerm returns the labels of a term whose ellipsis stands for n axes.
func parseTerm(term string, n int) ([]label, error) {
	labels, dots := []label{}, false
	for i := 0; i < len(term); i++ {
		c := term[i]
		switch {
		case strings.HasPrefix(term[i:], "...") && !dots:
			dots = true
			for k := n; k > 0; k-- {
				labels = append(labels, label(-k))
			}
			i += 2
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z':
			labels = append(labels, label(c))
		default:
			return nil, fmt.Errorf("term %q of the equation: unexpected %q", term, c)
		}
	}
	return labels, nil
}

func (a EinsumAttrs) infer(sc *ir.Scope, in []ir.Known) (ir.Type, error) {
	if len(in) == 0 {
		return ir.Type{}, errNoOperands
	}
	d := in[0].Type.DType
	ranks := make([]int, len(in))
	for i, k := range in {
		if !k.Present() {
			return ir.Type{}, fmt.Errorf("operand %d is missing", i)
		}
		if ranks[i] = k.Rank(); ranks[i] < 0 {
			return ir.UnrankedOf(d), nil
		}
	}
	q, err := parseEinsum(a.Equation, ranks)
	if err != nil {
		return ir.Type{}, err
	}
	size := map[label]sym.Dim{}
	for i, labels := range q.in {
		for j, l := range labels {
			n := in[i].Type.Shape[j]
			if old, ok := size[l]; ok {
				if n, err = broadcastDim(sc, old, n); err != nil {
					return ir.Type{}, fmt.Errorf("axis %d of operand %d: %w", j, i, err)
				}
			}
			size[l] = n
		}
	}
	out := ir.Shape{}
	for _, l := range q.out {
		out = append(out, size[l])
	}
	return ir.TensorOf(d, out...), nil
}

// A factor is an operand of an einsum, or a product of some: elements in the order of distinct labels.
type factor[T number] struct {
	v      []T
	labels []label
}

// contraction is an einsum being computed.
type contraction[T number] struct {
	e    *ir.Env
	size map[label]int
}

func einsum[T number](e *ir.Env, text string, in []tensor.Value) (*tensor.Tensor, error) {
	ranks := make([]int, len(in))
	for i := range in {
		if tens(in, i) == nil {
			return nil, fmt.Errorf("operand %d is missing", i)
		}
		ranks[i] = tens(in, i).Rank()
	}
	q, err := parseEinsum(text, ranks)
	if err != nil {
		return nil, err
	}
	c := &contraction[T]{e: e, size: map[label]int{}}
	for i, labels := range q.in {
		for j, l := range labels {
			n := tens(in, i).Dims()[j]
			old, ok := c.size[l]
			if ok && old != n && old != 1 && n != 1 {
				return nil, fmt.Errorf("axis %d of operand %d: %d != %d", j, i, n, old)
			}
			if !ok || old == 1 {
				c.size[l] = n
			}
		}
	}
	acc := factor[T]{v: []T{1}}
	for i, labels := range q.in {
		f, err := c.load(tens(in, i), labels)
		if err != nil {
			return nil, err
		}
		later := slices.Concat(append([][]label{q.out}, q.in[i+1:]...)...)
		if acc, err = c.multiply(acc, f, later); err != nil {
			return nil, err
		}
	}
	return c.finish(acc, q.out, tens(in, 0).DType())
}

// finish puts the axes in the order of the result, and repeats elements along those that only axes of size 1 gave.
func (c *contraction[T]) finish(f factor[T], out []label, d tensor.DType) (*tensor.Tensor, error) {
	dims := make([]int, len(out))
	for i, l := range out {
		dims[i] = c.size[l]
	}
	if err := c.e.Take(tensor.F64, dims); err != nil {
		return nil, err
	}
	return store(c.e, d, c.arrange(f, out), dims...)
}

// arrange returns the elements of f in the order of labels; axes that f does not have are of size 1, or repeat.
func (c *contraction[T]) arrange(f factor[T], labels []label) []T {
	dims, step := make([]int, len(labels)), make([]int, len(labels))
	from := make([]int, len(f.labels))
	for i, l := range f.labels {
		from[i] = c.size[l]
	}
	st := strides(from)
	for i, l := range labels {
		dims[i] = c.size[l]
		if k := slices.Index(f.labels, l); k >= 0 {
			step[i] = st[k]
		}
	}
	out := make([]T, count(dims))
	walk(dims, func(i int, at []int) {
		k := 0
		for j, x := range at {
			k += x * step[j]
		}
		out[i] = f.v[k]
	})
	return out
}

// load reads an operand's diagonal over repeated labels, without axes of size 1 that broadcast.
func (c *contraction[T]) load(t *tensor.Tensor, labels []label) (factor[T], error) {
	v, err := load[T](c.e, t)
	if err != nil {
		return factor[T]{}, err
	}
	f := factor[T]{}
	step := []int{}
	for i, s := range strides(t.Dims()) {
		if t.Dims()[i] == 1 && c.size[labels[i]] != 1 {
			continue
		}
		if k := slices.Index(f.labels, labels[i]); k >= 0 {
			step[k] += s
			continue
		}
		f.labels = append(f.labels, labels[i])
		step = append(step, s)
	}
	dims := make([]int, len(f.labels))
	for i, l := range f.labels {
		dims[i] = c.size[l]
	}
	f.v = make([]T, count(dims))
	walk(dims, func(i int, at []int) {
		k := 0
		for j, x := range at {
			k += x * step[j]
		}
		f.v[i] = v[k]
	})
	return f, nil
}

// multiply returns the product of a and b, summed over the labels that nothing later has.
func (c *contraction[T]) multiply(a, b factor[T], later []label) (factor[T], error) {
	has := func(list []label) func(label) bool { return func(l label) bool { return slices.Contains(list, l) } }
	a, b = c.sumOut(a, has(slices.Concat(b.labels, later))), c.sumOut(b, has(slices.Concat(a.labels, later)))
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
	dims := func(list []label) []int {
		out := make([]int, len(list))
		for i, l := range list {
			out[i] = c.size[l]
		}
		return out
	}
	left, right := slices.Concat(batch, rows, inner), slices.Concat(batch, inner, cols)
	out := factor[T]{labels: slices.Concat(batch, rows, cols)}
	for _, list := range [][]label{left, right} {
		if err := c.e.Take(tensor.F64, dims(list)); err != nil {
			return out, err
		}
	}
	x, y := c.arrange(a, left), c.arrange(b, right)
	var err error
	if out.v, err = alloc[T](c.e, dims(out.labels)...); err != nil || len(out.v) == 0 {
		return out, err
	}
	m, k, n := count(dims(rows)), count(dims(inner)), count(dims(cols))
	for i := range count(dims(batch)) {
		if err := product(c.e, m, n, k, x[i*m*k:(i+1)*m*k], y[i*k*n:(i+1)*k*n], out.v[i*m*n:(i+1)*m*n]); err != nil {
			return out, err
		}
	}
	return out, nil
}

// sumOut sums f over the labels that keep refuses.
func (c *contraction[T]) sumOut(f factor[T], keep func(label) bool) factor[T] {
	var stay, gone []label
	for _, l := range f.labels {
		if keep(l) {
			stay = append(stay, l)
		} else {
			gone = append(gone, l)
		}
	}
	if len(gone) == 0 {
		return f
	}
	n := 1
	for _, l := range gone {
		n *= c.size[l]
	}
	v := c.arrange(f, slices.Concat(stay, gone))
	total := 1
	for _, l := range stay {
		total *= c.size[l]
	}
	out := make([]T, total)
	for i := range out {
		for _, x := range v[i*n : (i+1)*n] {
			out[i] += x
		}
	}
	return factor[T]{out, stay}
}
