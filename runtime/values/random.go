package values

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// Dims returns t's sizes, given those of its symbols. Symbols that sizes lacks become 1: they are added to it and returned.
func Dims(t ir.Type, sizes map[string]int) (dims []int, unbound []string, err error) {
	if t.Kind != ir.Tensor || t.Unranked {
		return nil, nil, fmt.Errorf("%w: a value of type %v cannot be made up: give it", ErrSyntax, t)
	}
	for _, d := range t.Shape {
		n, err := d.Eval(func(name string) (int, bool) {
			n, ok := sizes[name]
			if !ok {
				n, sizes[name] = 1, 1
				unbound = append(unbound, name)
			}
			return n, true
		})
		if err != nil {
			return nil, nil, err
		}
		dims = append(dims, n)
	}
	return dims, unbound, nil
}

// Learn adds to sizes what the sizes of v, a value of type t, tell of symbols.
func Learn(t ir.Type, v tensor.Value, sizes map[string]int) {
	x, ok := v.(*tensor.Tensor)
	if !ok || len(t.Shape) != x.Rank() {
		return
	}
	for i, d := range t.Shape {
		if name, ok := d.Name(); ok {
			sizes[name] = x.Dims()[i]
		}
	}
}

// Random returns a tensor of random elements: floats from 0 to 1, integers and bools 0 or 1, so that they serve as indices and
// masks, strings of one letter. The same seed and name give the same elements. It fails where they would take more than limit
// bytes.
func Random(d tensor.DType, dims []int, seed uint64, name string, limit int64) (*tensor.Tensor, error) {
	if n, ok := tensor.ByteSize(d, dims); !ok || int64(n) > limit {
		return nil, fmt.Errorf("%w: sizes %v of %v take more than %d bytes", ErrSyntax, dims, d, limit)
	}
	key := uint64(14695981039346656037)
	for _, b := range []byte(name) {
		key = (key ^ uint64(b)) * 1099511628211
	}
	r := rand.New(rand.NewPCG(seed, key))
	t := tensor.New(d, dims...)
	switch {
	case d == tensor.F32:
		for i := range tensor.Data[float32](t) {
			tensor.Data[float32](t)[i] = r.Float32()
		}
	case d == tensor.String:
		for i := range t.Strings() {
			t.Strings()[i] = string(rune('a' + r.IntN(26)))
		}
	case d.IsComplex():
		v := make([]complex128, t.Len())
		for i := range v {
			v[i] = complex(r.Float64(), r.Float64())
		}
		return tensor.FromComplex128s(d, v, slices.Clone(dims)...), nil
	case d.IsFloat():
		for i := range t.Len() {
			t.SetFloat64At(i, r.Float64())
		}
	default:
		for i := range t.Len() {
			t.SetInt64At(i, int64(r.IntN(2)))
		}
	}
	return t, nil
}

// Settle gives sizes that facts declare equal to known ones their values.
func Settle(facts []ir.Fact, sizes map[string]int) {
	for again := true; again; {
		again = false
		for _, f := range facts {
			a, ok := f.A.Name()
			b, ok2 := f.B.Name()
			if f.Rel != ir.Eq || !ok || !ok2 {
				continue
			}
			na, ok := sizes[a]
			nb, ok2 := sizes[b]
			if ok && !ok2 {
				sizes[b], again = na, true
			} else if ok2 && !ok {
				sizes[a], again = nb, true
			}
		}
	}
}
