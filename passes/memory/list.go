package memory

import "slices"

// A rule ranks the steps that are ready: the smallest key runs next. delta is
// the change of live bytes that the step leaves behind, alloc what it adds
// while it runs, age how many steps had become ready before it.
type rule func(delta, alloc, age, step int) [3]int

var rules = [...]rule{
	func(delta, alloc, age, step int) [3]int { return [3]int{delta, alloc, step} },
	func(delta, alloc, age, step int) [3]int { return [3]int{delta, -age, alloc} }, // stays on the branch at hand
	func(delta, alloc, age, step int) [3]int { return [3]int{min(delta, 0), alloc, -age} },
	func(delta, alloc, age, step int) [3]int { return [3]int{-age, delta, step} }, // depth first
}

// A state is a schedule under construction.
type state struct {
	*sched
	preds []int32 // not yet run
	left  []int32 // per buffer: steps still to name it
	only  []int32 // per buffer: xor of those steps, so the last one is known
	alive []bool  // per buffer
	delta []int   // per step: change of live when it runs next
	alloc []int   // per step: bytes that it brings to life
	live  int
}

func (s *sched) start() *state {
	st := &state{sched: s, preds: slices.Clone(s.preds), left: make([]int32, len(s.size)),
		only: make([]int32, len(s.size)), alive: slices.Clone(s.early),
		delta: make([]int, s.n), alloc: make([]int, s.n)}
	for b, users := range s.users {
		st.left[b] = int32(len(users))
		for _, i := range users {
			st.only[b] ^= i
			if !s.early[b] {
				st.alloc[i] += s.size[b]
				st.delta[i] += s.size[b]
			}
		}
		if len(users) == 1 && !s.late[b] {
			st.delta[users[0]] -= s.size[b]
		}
		if s.early[b] {
			st.live += s.size[b]
		}
	}
	return st
}

// run executes step i and calls changed for every other step whose delta or
// alloc it altered. A buffer comes to life once and has one last user, so all
// runs together look at each use a fixed number of times.
func (st *state) run(i int32, changed func(int32)) {
	for _, b := range st.names[i] {
		if !st.alive[b] {
			st.alive[b] = true
			st.live += st.size[b]
			for _, j := range st.users[b] {
				st.alloc[j] -= st.size[b]
				st.delta[j] -= st.size[b]
				changed(j)
			}
		}
		st.left[b]--
		st.only[b] ^= i
		switch {
		case st.late[b]:
		case st.left[b] == 0:
			st.live -= st.size[b]
		case st.left[b] == 1:
			st.delta[st.only[b]] -= st.size[b]
			changed(st.only[b])
		}
	}
}

// undo takes back run(i), which must be the latest run. first holds the buffers
// that it brought to life.
func (st *state) undo(i int32, first []int32) {
	names := st.names[i]
	for k := len(names) - 1; k >= 0; k-- {
		b := names[k]
		switch {
		case st.late[b]:
		case st.left[b] == 0:
			st.live += st.size[b]
		case st.left[b] == 1:
			st.delta[st.only[b]] += st.size[b]
		}
		st.left[b]++
		st.only[b] ^= i
	}
	for _, b := range first {
		st.alive[b] = false
		st.live -= st.size[b]
		for _, j := range st.users[b] {
			st.alloc[j] += st.size[b]
			st.delta[j] += st.size[b]
		}
	}
}

type ready struct {
	key  [3]int
	step int32
}

func (a ready) before(b ready) bool {
	for k := range a.key {
		if a.key[k] != b.key[k] {
			return a.key[k] < b.key[k]
		}
	}
	return a.step < b.step
}

// greedy is a list schedule by one rule. A step whose key changed is entered
// anew; old entries are recognised by their key and dropped.
func (s *sched) greedy(by rule) []int {
	st := s.start()
	age := make([]int, s.n)
	done := make([]bool, s.n)
	var h heap
	became := 0
	key := func(i int32) ready {
		return ready{by(st.delta[i], st.alloc[i], age[i], int(i)), i}
	}
	enter := func(i int32) {
		became++
		age[i] = became
		h.push(key(i))
	}
	for i, p := range st.preds {
		if p == 0 {
			enter(int32(i))
		}
	}
	order := make([]int, 0, s.n)
	for len(h) > 0 {
		top := h.pop()
		i := top.step
		if done[i] || top != key(i) {
			continue
		}
		done[i] = true
		order = append(order, int(i))
		st.run(i, func(j int32) {
			if st.preds[j] == 0 && !done[j] {
				h.push(key(j))
			}
		})
		for _, j := range s.succ[i] {
			if st.preds[j]--; st.preds[j] == 0 {
				enter(j)
			}
		}
	}
	return order
}

// heap is a binary min-heap.
type heap []ready

func (h *heap) push(r ready) {
	*h = append(*h, r)
	q := *h
	for i := len(q) - 1; i > 0 && q[i].before(q[(i-1)/2]); i = (i - 1) / 2 {
		q[i], q[(i-1)/2] = q[(i-1)/2], q[i]
	}
}

func (h *heap) pop() ready {
	q := *h
	top := q[0]
	q[0] = q[len(q)-1]
	q = q[:len(q)-1]
	for i := 0; ; {
		c := 2*i + 1
		if c >= len(q) {
			break
		}
		if c+1 < len(q) && q[c+1].before(q[c]) {
			c++
		}
		if !q[c].before(q[i]) {
			break
		}
		q[i], q[c] = q[c], q[i]
		i = c
	}
	*h = q
	return top
}
