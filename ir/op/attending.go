package op

import (
	"fmt"
	"math"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// heads is an operand of attention, loaded: [n, heads, length, size].
type heads struct {
	v                      []float64
	n, heads, length, size int
}

func (h heads) dims() []int { return []int{h.n, h.heads, h.length, h.size} }

// of returns the elements of one head of one item.
func (h heads) of(n, head int) []float64 {
	size := h.length * h.size
	i := n*h.heads + head
	return h.v[i*size : (i+1)*size]
}

// maxHeads bounds a number of heads that no operand bounds, for heads may be of size 0.
const maxHeads = 1 << 16

// loadHeads loads a tensor of rank 4, or one of rank 3 whose last axis holds so many heads.
func loadHeads(e *ir.Env, t *tensor.Tensor, count int) (h heads, err error) {
	d := t.Dims()
	switch {
	case len(d) == 4:
		h = heads{n: d[0], heads: d[1], length: d[2], size: d[3]}
		h.v, err = load[float64](e, t)
		return h, err
	case len(d) != 3 || count < 1 || count > maxHeads || d[2]%count != 0:
		return h, fmt.Errorf("an operand of sizes %v has no %d heads", d, count)
	}
	h = heads{n: d[0], heads: count, length: d[1], size: d[2] / count}
	v, err := load[float64](e, t)
	if err != nil {
		return h, err
	}
	h.v = unpacked(v, h.dims())
	return h, nil
}

// unpacked turns [n, length, heads, size] into [n, heads, length, size], sizes given in the latter order; packed is its inverse.
func unpacked(v []float64, d []int) []float64 {
	out := make([]float64, len(v))
	eachHead(d, func(i, j, size int) { copy(out[i:i+size], v[j:]) })
	return out
}

func packed(v []float64, d []int) []float64 {
	out := make([]float64, len(v))
	eachHead(d, func(i, j, size int) { copy(out[j:j+size], v[i:]) })
	return out
}

// eachHead calls f with the offsets of every row of d[3] elements in [n, heads, length, size] and in [n, length, heads, size].
func eachHead(d []int, f func(i, j, size int)) {
	if count(d) == 0 {
		return
	}
	for n := range d[0] {
		for h := range d[1] {
			for l := range d[2] {
				f(((n*d[1]+h)*d[2]+l)*d[3], ((n*d[2]+l)*d[1]+h)*d[3], d[3])
			}
		}
	}
}

// after puts the elements of past, of sizes [n, heads, length, size], in front of h along the length, and returns how many came.
func (h *heads) after(e *ir.Env, past *tensor.Tensor) (int, error) {
	if past == nil {
		return 0, nil
	}
	d := past.Dims()
	if len(d) != 4 || d[0] != h.n || d[1] != h.heads || d[3] != h.size {
		return 0, fmt.Errorf("sizes %v do not fit %v", d, h.dims())
	}
	p, err := load[float64](e, past)
	if err != nil {
		return 0, err
	}
	before := heads{p, d[0], d[1], d[2], d[3]}
	out, err := alloc[float64](e, h.n, h.heads, d[2]+h.length, h.size)
	if err != nil {
		return 0, err
	}
	i := 0
	for n := range h.n {
		for head := range h.heads {
			i += copy(out[i:], before.of(n, head))
			i += copy(out[i:], h.of(n, head))
		}
	}
	h.v, h.length = out, d[2]+h.length
	return d[2], nil
}

// An attending is attention being computed. Keys and values have as many heads as each other, queries a multiple of that.
type attending struct {
	q, k, v        heads
	scale, softcap float64
	bias           func(n, head, i int, row []float64) // adds to the scores of query i
	smooth         bool                                // a further score of 0 in the softmax's divisor
	sink           []float64                           // the score that each head has there, where it is not 0
	valid          []int                               // by item: keys from this one on are not there, whatever they hold; nil for none
	mode           int                                 // which scores to keep in qk; −1 keeps none
	y, qk          []float64
}

// run computes y, and qk where it is wanted.
func (m *attending) run(e *ir.Env) error {
	q, k, v := m.q, m.k, m.v
	grouped := k.heads > 0 && q.heads%k.heads == 0 || q.heads == 0
	if k.n != q.n || v.n != q.n || k.heads != v.heads || k.length != v.length || k.size != q.size || !grouped {
		return fmt.Errorf("q, k and v of sizes %v, %v and %v do not fit", q.dims(), k.dims(), v.dims())
	}
	var err error
	if m.y, err = alloc[float64](e, q.n, q.heads, q.length, v.size); err != nil {
		return err
	}
	if m.mode >= 0 {
		if m.qk, err = alloc[float64](e, q.n, q.heads, q.length, k.length); err != nil {
			return err
		}
	}
	scores, err := alloc[float64](e, q.length, k.length)
	if err != nil {
		return err
	}
	bias := make([]float64, k.length)
	for n := range q.n {
		for h := range q.heads {
			g := h / (q.heads / k.heads)
			fill(scores, 0)
			if err := product(e, q.length, k.length, q.size, q.of(n, h), flipped(k.of(n, g), k.length, k.size), scores); err != nil {
				return err
			}
			for i := range q.length {
				m.row(n, h, i, scores[i*k.length:(i+1)*k.length], bias)
			}
			at := (n*q.heads + h) * q.length * v.size
			if err := product(e, q.length, v.size, k.length, scores, m.values(n, g), m.y[at:at+q.length*v.size]); err != nil {
				return err
			}
		}
	}
	return nil
}

// values returns the values of a head, 0 where they are not there.
func (m *attending) values(n, head int) []float64 {
	v := m.v.of(n, head)
	if m.valid == nil || m.valid[n] >= m.v.length {
		return v
	}
	out := make([]float64, len(v))
	copy(out, v[:m.valid[n]*m.v.size])
	return out
}

// row turns the products of one query into probabilities.
func (m *attending) row(n, h, i int, row, bias []float64) {
	keep := func(mode int) {
		if m.mode == mode {
			copy(m.qk[((n*m.q.heads+h)*m.q.length+i)*m.k.length:], row)
		}
	}
	for j := range row {
		row[j] *= m.scale
	}
	keep(0)
	if m.softcap > 0 {
		for j, x := range row {
			row[j] = m.softcap * math.Tanh(x/m.softcap)
		}
	}
	keep(1)
	fill(bias, 0)
	m.bias(n, h, i, bias)
	blind := true
	for j, b := range bias {
		row[j] += b
		blind = blind && math.IsInf(b, -1)
	}
	if m.valid != nil {
		fill(row[m.valid[n]:], math.Inf(-1))
	}
	keep(2)
	switch {
	case blind:
		fill(row, 0)
	case m.sink != nil:
		smoothSoftmax(row, m.sink[h])
	case m.smooth:
		smoothSoftmax(row, 0)
	default:
		softmaxRow(row)
	}
	keep(3)
}

// smoothSoftmax is softmax with a further score that gets no result.
func smoothSoftmax(x []float64, sink float64) {
	top, sum := sink, 0.0
	for _, v := range x {
		top = max(top, v)
	}
	for i, v := range x {
		x[i] = math.Exp(v - top)
		sum += x[i]
	}
	sum += math.Exp(sink - top)
	for i := range x {
		x[i] /= sum
	}
}

// A scoreMask is added to scores: it broadcasts to [n, heads, queries, keys], except that keys beyond its last axis are hidden.
type scoreMask struct {
	v      []float64
	step   [3]int // from item to item, head to head, query to query
	length int
}

// loadMask loads a mask of numbers, or of bools that say which keys are seen. dims is what it broadcasts to.
func loadMask(e *ir.Env, t *tensor.Tensor, dims []int) (*scoreMask, error) {
	if t == nil {
		return nil, nil
	}
	d := t.Dims()
	if len(d) < 1 || len(d) > 4 || d[len(d)-1] > dims[3] {
		return nil, fmt.Errorf("a mask of sizes %v does not broadcast to %v", d, dims)
	}
	m := &scoreMask{length: d[len(d)-1]}
	st := strides(d)
	for i, n := range d[:len(d)-1] {
		k := 4 - len(d) + i
		switch n {
		case 1:
		case dims[k]:
			m.step[k] = st[i]
		default:
			return nil, fmt.Errorf("a mask of sizes %v does not broadcast to %v", d, dims)
		}
	}
	if t.DType() != tensor.Bool {
		var err error
		m.v, err = load[float64](e, t)
		return m, err
	}
	var err error
	if m.v, err = alloc[float64](e, d...); err != nil {
		return nil, err
	}
	for i, b := range t.Int64s() {
		if b == 0 {
			m.v[i] = math.Inf(-1)
		}
	}
	return m, nil
}

// add adds the mask of one query.
func (m *scoreMask) add(n, head, i int, row []float64) {
	if m == nil {
		return
	}
	from := n*m.step[0] + head*m.step[1] + i*m.step[2]
	for j, x := range m.v[from : from+m.length] {
		row[j] += x
	}
	hide(row, 0, m.length)
}

// scaleOf is the default scale of scores of heads of a size; of size 0 all scores are 0, whatever it is.
func scaleOf(size int) float64 { return 1 / math.Sqrt(float64(max(size, 1))) }
