package kern

import "slices"

// A gemmLast is what a run was of; the next one, if it is of the same, needs no new plan. Small
// layers take less time than their plan.
type gemmLast struct {
	ok      bool
	p       GemmParam
	workers int
	dims    [2][]int // of A and B
	bytes   [5]int   // of every operand; -1 if absent
}

func bytesOf(a *Arg) int {
	if a.Data == nil {
		return -1
	}
	return len(a.Data)
}

// remember keeps what a run was of, if it was one product of a packed B.
func (st *gemmState) remember(c *Call, workers int) {
	l, s := &st.last, &st.s
	l.ok = s.batch == 1 && s.m > 0 && s.n > 0 && !st.p.TransA && st.p.NR != 0
	if !l.ok {
		return
	}
	l.p, l.workers = *st.p, workers
	for i := range l.dims {
		l.dims[i] = append(l.dims[i][:0], c.Args[i].Dims...)
	}
	for i := range l.bytes {
		l.bytes[i] = bytesOf(&c.Args[i])
	}
}

// same reports whether a run is of the same sizes and parameters as the last.
func (st *gemmState) same(c *Call, p *GemmParam, workers int, then func(int, int)) bool {
	l := &st.last
	if !l.ok || l.workers != workers || l.p != *p || (then == nil) != (st.gemm.After == nil) || st.gemm.part.row != gemmRowFor(p.NR) {
		return false
	}
	for i := range l.bytes {
		if l.bytes[i] != bytesOf(&c.Args[i]) {
			return false
		}
	}
	return slices.Equal(l.dims[0], c.Args[0].Dims) && slices.Equal(l.dims[1], c.Args[1].Dims)
}

// again runs the last plan on new operands.
func (st *gemmState) again(c *Call, then func(r0, r1 int)) {
	g := &st.gemm
	g.After = then
	part := &g.part
	part.a, part.b, part.c = ptr(F32(&c.Args[0])), ptr(F32(&c.Args[1])), ptr(F32(&c.Args[4]))
	part.bias, part.res = ptr(F32(&c.Args[2])), ptr(F32(&c.Args[3]))
	if tasks := g.mb * g.nb; tasks > 1 {
		c.ParallelTask(tasks, 1, g)
		return
	}
	g.Do(0, 0, 1)
}
