package kern

import (
	"fmt"
	"math/bits"
)

// MaxRank is the most dimensions that kernels take.
const MaxRank = 8

// count returns the number of elements of an operand after checking that it has them all.
func (a *Arg) count(size int) (int, error) {
	if len(a.Dims) > MaxRank {
		return 0, fmt.Errorf("rank %d: at most %d", len(a.Dims), MaxRank)
	}
	n := uint64(size)
	for _, d := range a.Dims {
		hi, lo := bits.Mul64(n, uint64(d))
		if d < 0 || hi != 0 {
			if a.empty() {
				return 0, nil
			}
			return 0, fmt.Errorf("dims %v: not sizes of an operand", a.Dims)
		}
		n = lo
	}
	if n > uint64(len(a.Data)) {
		return 0, fmt.Errorf("dims %v of %d bytes each: only %d bytes", a.Dims, size, len(a.Data))
	}
	return int(n) / size, nil
}

func (a *Arg) empty() bool {
	zero := false
	for _, d := range a.Dims {
		if d < 0 {
			return false
		}
		zero = zero || d == 0
	}
	return zero
}

// A walk is a broadcast in its plainest form: sizes of the output with as few dimensions as
// possible, and for each operand its stride along them, 0 where it repeats.
type walk struct {
	rank    int
	dims    [MaxRank]int
	strides [][MaxRank]int
	n       int // elements of the output
	seen    []int
}

// unchanged reports whether the walk was made for these dims, and notes them for the next time.
func (w *walk) unchanged(out []int, args []Arg) bool {
	i, same := 0, true
	note := func(v int) {
		if i == len(w.seen) {
			w.seen = append(w.seen, v)
			same = false
		} else if w.seen[i] != v {
			w.seen[i] = v
			same = false
		}
		i++
	}
	note(len(out))
	for _, d := range out {
		note(d)
	}
	for k := range args {
		note(len(args[k].Dims))
		for _, d := range args[k].Dims {
			note(d)
		}
	}
	return same && i == len(w.seen)
}

// set lays the operands out over dims, which they must broadcast to. Nothing is allocated once
// the walk has had as many operands.
func (w *walk) set(out []int, args []Arg) error {
	if len(out) > MaxRank {
		return fmt.Errorf("rank %d: at most %d", len(out), MaxRank)
	}
	for len(w.strides) < len(args) {
		w.strides = append(w.strides, [MaxRank]int{})
	}
	w.rank, w.n = 0, 1
	for _, d := range out {
		w.n *= d
	}
	var step [MaxRank]int // in a loop over the dimensions of one operand at a time
	for k := range args {
		a := args[k].Dims
		if len(a) > len(out) {
			return fmt.Errorf("operand %d: rank %d does not broadcast to %d", k, len(a), len(out))
		}
		s, lead := 1, len(out)-len(a)
		for i := len(out) - 1; i >= 0; i-- {
			d := 1
			if i >= lead {
				d = a[i-lead]
			}
			switch {
			case d == out[i]:
				step[i] = s
				s *= d
			case d == 1:
				step[i] = 0
			default:
				return fmt.Errorf("operand %d: dims %v do not broadcast to %v", k, a, out)
			}
		}
		w.strides[k] = step
	}
	w.coalesce(out, len(args))
	return nil
}

// coalesce drops dimensions of size 1 and joins neighbours that every operand steps through, or
// repeats, as if they were one.
func (w *walk) coalesce(out []int, args int) {
	for i, d := range out {
		if d == 1 {
			continue
		}
		joins := w.rank > 0
		for k := 0; joins && k < args; k++ {
			joins = w.strides[k][w.rank-1] == w.strides[k][i]*d
		}
		if !joins {
			w.dims[w.rank] = 1
			w.rank++
		}
		w.dims[w.rank-1] *= d
		for k := range args {
			w.strides[k][w.rank-1] = w.strides[k][i]
		}
	}
	if w.rank == 0 {
		w.rank, w.dims[0] = 1, 1
		for k := range args {
			w.strides[k][0] = 0
		}
	}
}

// offset returns where operand k stands at the given row: an index over all dimensions but the last.
func (w *walk) offset(k, row int) int {
	off := 0
	for i := w.rank - 2; i > 0; i-- {
		q := row / w.dims[i]
		off += (row - q*w.dims[i]) * w.strides[k][i]
		row = q
	}
	if w.rank > 1 {
		off += row * w.strides[k][0]
	}
	return off
}
