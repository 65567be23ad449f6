package memory

import (
	"fmt"
	"math"
	"slices"
)

// A Step names the steps that must come before it, by index, and the buffers
// that it reads and writes, by index into the sizes. A buffer lives from the
// first step that names it to the last; one that no step makes is there from
// the start. What must outlive the run is used by a last step.
type Step struct{ Deps, Uses, Makes []int }

// An Order is a schedule with its peak, in bytes, and the peak of the given one.
type Order struct {
	Steps       []int // indices of steps, in the order to run them
	Given, Peak int
}

// Schedule orders steps so that the largest live set is small. The given order
// must be topological; it is kept unless another has a lower peak. searchSteps
// limits the branch and bound after the greedy orders; 0 leaves it out. The
// result depends on the arguments alone. The error names a step that depends on
// a later one, a buffer that does not exist, or sizes that overflow.
func Schedule(steps []Step, sizes []int, searchSteps int) (Order, error) {
	s, err := newSched(steps, sizes)
	if err != nil {
		return Order{}, err
	}
	best := make([]int, len(steps))
	for i := range best {
		best[i] = i
	}
	o := Order{Steps: best, Given: Peak(steps, sizes, best)}
	o.Peak = o.Given
	floor := s.floor()
	try := func(order []int) {
		if order == nil {
			return
		}
		if p := Peak(steps, sizes, order); p < o.Peak {
			o.Steps, o.Peak = order, p
		}
	}
	back := s.reversed()
	for _, rule := range rules {
		if o.Peak == floor {
			return o, nil
		}
		try(s.greedy(rule))
		try(reverse(back.greedy(rule)))
	}
	for left := searchSteps; left > 0 && o.Peak > floor; {
		order, rest := s.improve(o.Peak, left/2+1)
		try(order)
		var forth []int
		if order == nil { // the other direction meets the peak elsewhere
			forth, rest = back.improve(o.Peak, left/2+1)
			try(reverse(forth))
		}
		if order == nil && forth == nil {
			break
		}
		left = left/2 + rest - 1
	}
	return o, nil
}

// Peak is the largest number of bytes live at one step when the steps run in
// this order, whose sum must not overflow.
func Peak(steps []Step, sizes []int, order []int) int {
	first, last := make([]int, len(sizes)), make([]int, len(sizes))
	made := make([]bool, len(sizes))
	for b := range first {
		first[b], last[b] = -1, -1
	}
	for at, i := range order {
		for _, b := range steps[i].Uses {
			if first[b] < 0 {
				first[b] = at
			}
			last[b] = at
		}
		for _, b := range steps[i].Makes {
			if first[b] < 0 {
				first[b] = at
			}
			last[b], made[b] = at, true
		}
	}
	diff := make([]int, len(order)+1)
	for b, size := range sizes {
		if last[b] < 0 {
			continue
		}
		if !made[b] {
			first[b] = 0
		}
		diff[first[b]] += size
		diff[last[b]+1] -= size
	}
	peak, live := 0, 0
	for _, d := range diff {
		live += d
		peak = max(peak, live)
	}
	return peak
}

// A sched is the problem in one direction. Run backwards, the lives are the
// same, so an order of the reversed problem is a backward order of this one.
type sched struct {
	n     int
	size  []int
	succ  [][]int32
	preds []int32
	names [][]int32 // buffers that each step names, once each
	users [][]int32 // steps that name each buffer
	early []bool    // there before the first step
	late  []bool    // there after the last step
}

func newSched(steps []Step, sizes []int) (*sched, error) {
	n := len(steps)
	s := &sched{n: n, size: sizes, succ: make([][]int32, n), preds: make([]int32, n),
		names: make([][]int32, n), users: make([][]int32, len(sizes)),
		early: make([]bool, len(sizes)), late: make([]bool, len(sizes))}
	total := 0
	for b, size := range sizes {
		if size < 0 || size > math.MaxInt-total {
			return nil, fmt.Errorf("memory: buffer %d: %d bytes on top of %d are negative or overflow", b, size, total)
		}
		total += size
		s.early[b] = true
	}
	seen := make([]int, len(sizes)) // 1 + the last step that named the buffer
	for i, st := range steps {
		for _, d := range st.Deps {
			if d < 0 || d >= i {
				return nil, fmt.Errorf("memory: step %d depends on step %d, which does not come before it", i, d)
			}
			s.succ[d] = append(s.succ[d], int32(i))
			s.preds[i]++
		}
		for k, list := range [...][]int{st.Uses, st.Makes} {
			for _, b := range list {
				if b < 0 || b >= len(sizes) {
					return nil, fmt.Errorf("memory: step %d names buffer %d of %d", i, b, len(sizes))
				}
				if k == 1 {
					s.early[b] = false
				}
				if seen[b] != i+1 {
					seen[b] = i + 1
					s.names[i] = append(s.names[i], int32(b))
					s.users[b] = append(s.users[b], int32(i))
				}
			}
		}
	}
	for b, users := range s.users {
		s.early[b] = s.early[b] && len(users) > 0
	}
	return s, nil
}

// reversed is the same problem with time running backwards; step i keeps its
// number.
func (s *sched) reversed() *sched {
	r := *s
	r.succ, r.preds = make([][]int32, s.n), make([]int32, s.n)
	for i, succ := range s.succ {
		for _, j := range succ {
			r.succ[j] = append(r.succ[j], int32(i))
			r.preds[i]++
		}
	}
	r.early, r.late = s.late, s.early
	return &r
}

// floor is a bound that no order goes below: what one step needs by itself.
func (s *sched) floor() int {
	top := 0
	for _, names := range s.names {
		sum := 0
		for _, b := range names {
			sum += s.size[b]
		}
		top = max(top, sum)
	}
	return top
}

func reverse(order []int) []int {
	slices.Reverse(order)
	return order
}
