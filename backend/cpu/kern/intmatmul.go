package kern

import (
	"fmt"
	"unsafe"
)

// An IntMatMulParam is the Param of [IntMatMul].
type IntMatMulParam struct {
	IntParam
	TransB bool
}

// An intMatMul is what a step keeps from run to run.
type intMatMul struct {
	p        *IntMatMulParam
	s        gemmShape
	pk       IntPacking
	steps    int
	ends     intEnds
	prepare  intPrepare
	pack     intPackTask
	part     intPart
	mb, nb   int
	acc      []int32 // a tile for each worker
	rowsAll  int     // of all matrices of A
	out, b   []byte
	sizeA    int  // bytes of A in whole steps, if it must be copied
	sizeB    int  // bytes of B in panels, if it does not come so
	packs    bool // B comes as it was
	workers  int
	perBatch int // bytes of one result matrix
}

// IntMatMulScratch returns the bytes of scratch that [IntMatMul] needs.
func IntMatMulScratch(p *IntMatMulParam, args []Arg, workers int) (int, error) {
	var st intMatMul
	if err := st.shape(p, args, workers); err != nil {
		return 0, err
	}
	return st.scratch(), nil
}

func (st *intMatMul) scratch() int {
	return st.sizeA + st.sizeB + 4*(st.rowsAll+st.workers*maxIntTile)
}

// maxIntTile is the most sums of a tile.
const maxIntTile = 14 * 32

// shape reads the sizes.
func (st *intMatMul) shape(p *IntMatMulParam, args []Arg, workers int) error {
	if len(args) != intArgCount {
		return fmt.Errorf("%d operands", len(args))
	}
	s, err := shapeOf(&GemmParam{NR: 1, TransB: p.TransB}, args[intArgA].Dims, args[intArgB].Dims, workers)
	if err != nil {
		return err
	}
	st.p, st.s, st.pk, st.workers, st.sizeB = p, s, p.Packing, workers, 0
	if st.packs = p.Packing == (IntPacking{}); st.packs {
		st.pk = IntPackingBest()
		st.sizeB = (st.pk.size(st.pk.steps(s.k), s.n) + 63) &^ 63
	}
	st.steps = st.pk.steps(s.k)
	st.rowsAll = s.m
	for _, d := range s.a {
		st.rowsAll *= d
	}
	st.sizeA = 0
	if !st.pk.Bytes || s.k%4 != 0 {
		st.sizeA = (st.rowsAll*st.steps*stepBytes + 63) &^ 63
	}
	st.perBatch = s.m * s.n * p.Result.Size()
	return nil
}

// IntMatMul multiplies matrices of 8-bit integers, or stacks of them with broadcasting batch
// dimensions: with s the sums of (A − zero_A)·(B − zero_B) modulo 2^32, plus the bias if it is of
// int32, the result is s, or (s·scale_A·scale_B + bias)/scale, in float64 with one rounding of the
// factors' product and quotient and one of the rest, then bounded, then rounded to float32, or to
// even, plus the zero point, within the range of the result. Args: as the intArg constants list
// them. Param: *IntMatMulParam.
func IntMatMul(c *Call) error {
	p, ok := c.Param.(*IntMatMulParam)
	if !ok {
		return fmt.Errorf("integer matmul: parameters of type %T", c.Param)
	}
	st := StateOf[intMatMul](c)
	if err := st.run(c, p); err != nil {
		return fmt.Errorf("integer matmul: %w", err)
	}
	return nil
}

func (st *intMatMul) run(c *Call, p *IntMatMulParam) error {
	if err := st.shape(p, c.Args, c.Workers()); err != nil {
		return err
	}
	if err := st.check(c); err != nil {
		return err
	}
	if len(st.out) == 0 {
		return nil
	}
	scratch := c.Scratch
	take := func(n int) []byte {
		b := scratch[:n:n]
		scratch = scratch[n:]
		return b
	}
	ordered, packed := take(st.sizeA), take(st.sizeB)
	sums := Of[int32](&Arg{Data: take(4 * st.rowsAll)})
	st.acc = Of[int32](&Arg{Data: take(4 * st.workers * maxIntTile)})
	last := -1
	for i := range st.s.batch {
		ia, ib := st.s.offsets(i)
		if st.packs && ib != last {
			st.packB(c, packed, ib)
		}
		if last != ib {
			b := st.b
			if st.packs {
				b = packed
			}
			if err := st.ends.set(&p.IntParam, c.Args, st.pk, st.pk.sums(b, st.steps, st.s.n), st.s.k, st.s.n, st.s.m); err != nil {
				return err
			}
			st.fill(b)
		}
		if i == 0 {
			st.order(c, ordered, sums)
		}
		last = ib
		st.product(c, i, ia)
		if c.Stopped() {
			return nil
		}
	}
	return nil
}

// check refuses operands that are shorter than their sizes.
func (st *intMatMul) check(c *Call) error {
	s := &st.s
	if intRowFor(st.pk.Bytes, st.pk.NR) == nil {
		return fmt.Errorf("panels of %d columns for B: no such kernel", st.pk.NR)
	}
	st.out, st.b = c.Args[intArgY].Data, c.Args[intArgB].Data
	wantB := s.k * s.n
	if !st.packs {
		wantB = st.pk.size(st.steps, s.n)
	}
	for _, d := range s.b {
		wantB *= d
	}
	if !st.packs && len(s.b) > 0 && !s.flat {
		return fmt.Errorf("packed B of batch dimensions %v", s.b)
	}
	return enough("bytes", need{"A", len(c.Args[intArgA].Data), st.rowsAll * s.k}, need{"B", len(st.b), wantB},
		need{"result", len(st.out), s.batch * st.perBatch}, need{"scratch", len(c.Scratch), st.scratch()})
}

func (st *intMatMul) packB(c *Call, packed []byte, ib int) {
	s := &st.s
	b := matrixB{st.b, st.p.BSigned, s.n, 1, ib * s.k * s.n}
	if st.p.TransB {
		b.perK, b.perN = 1, s.k
	}
	st.pack = intPackTask{p: st.pk, dst: packed, b: b, k: s.k, n: s.n, shift: st.pk.shift(st.p.ASigned, st.p.BSigned)}
	panels := st.pk.panels(s.n)
	if s.k*s.n < 1<<14 {
		st.pack.Do(0, 0, panels)
		return
	}
	c.ParallelTask(panels, 1, &st.pack)
}

// fill describes what all products with one B share.
func (st *intMatMul) fill(b []byte) {
	s := &st.s
	st.part = intPart{
		row: intRowFor(st.pk.Bytes, st.pk.NR), kind: st.pk.kind(st.p.ASigned), lda: st.steps * stepBytes, runs: 1, segs: noOffset, segk: st.steps,
		b: unsafe.Pointer(unsafe.SliceData(b)), n: s.n, ldout: s.n * st.p.Result.Size(), result: st.ends.result, end: st.ends.end,
	}
	if len(st.ends.zeros) > 0 {
		st.part.rowzero, st.part.colsum = st.ends.zeros, st.pk.sums(b, st.steps, s.n)
	}
	const small = 1 << 21
	st.mb, st.nb = max(1, ceilDiv(s.m*st.part.lda, machineBlocks().mc*machineBlocks().kc*4)), 1
	if st.workers < 2 || float64(s.m)*float64(s.n)*float64(s.k) < small {
		return
	}
	panels := st.pk.panels(s.n)
	for st.mb*st.nb < 4*st.workers && panels/(st.nb+1) >= 2 {
		st.nb++
	}
	for st.mb*st.nb < 4*st.workers && s.m/(st.mb+1) >= 2*st.part.row.mr {
		st.mb++
	}
}

// order puts A in whole steps, unless it is, and adds up its rows, if B has zero points.
func (st *intMatMul) order(c *Call, ordered []byte, sums []int32) {
	t := &st.prepare
	*t = intPrepare{src: c.Args[intArgA].Data, dst: ordered, groups: 1, k: st.s.k, steps: st.steps, pk: st.pk, signed: st.p.ASigned, kind: st.part.kind}
	if st.sizeA == 0 {
		t.dst = t.src
	}
	t.copies = st.sizeA > 0
	if len(st.ends.zeros) == 0 {
		t.zero = st.ends.zeroA
	}
	if st.ends.shifted {
		t.sums, t.zeros = sums, st.ends.zeros
	}
	if !t.copies && t.sums == nil {
		return
	}
	if st.rowsAll*st.s.k < 1<<15 {
		t.Do(0, 0, st.rowsAll)
		return
	}
	c.ParallelTask(st.rowsAll, ceilDiv(1<<13, st.s.k+1), t)
}

// product computes one matrix of results.
func (st *intMatMul) product(c *Call, i, ia int) {
	row := ia * st.s.m
	st.part.a = unsafe.Pointer(unsafe.SliceData(st.prepare.dst[row*st.part.lda:]))
	st.part.rowsum = nil
	if st.prepare.sums != nil {
		st.part.rowsum = st.prepare.sums[row:]
	}
	st.part.out = unsafe.Pointer(unsafe.SliceData(st.out[i*st.perBatch:]))
	if st.mb*st.nb == 1 {
		st.Do(0, 0, 1)
		return
	}
	c.ParallelTask(st.mb*st.nb, 1, st)
}

// Do computes blocks lo to hi-1.
func (st *intMatMul) Do(worker, lo, hi int) {
	panels := st.pk.panels(st.s.n)
	for id := lo; id < hi; id++ {
		ib, jb := id/st.nb, id%st.nb
		m0, m1 := st.s.m*ib/st.mb, st.s.m*(ib+1)/st.mb
		p := st.part
		p.len = m1 - m0
		p.a, p.out = unsafe.Add(p.a, m0*p.lda), unsafe.Add(p.out, m0*p.ldout)
		if p.rowsum != nil {
			p.rowsum = p.rowsum[m0:]
		}
		if p.rowzero != nil {
			p.rowzero = p.rowzero[m0:]
		}
		p.panels(panels*jb/st.nb, panels*(jb+1)/st.nb, st.acc[worker*maxIntTile:(worker+1)*maxIntTile])
	}
}

// An intPrepare puts rows of A in whole steps and adds them up.
type intPrepare struct {
	src, dst []byte
	copies   bool
	groups   int
	k, steps int // of a group
	pk       IntPacking
	signed   bool
	kind     intKind
	zero     int32
	sums     []int32 // nil: nobody asks
	zeros    []int32 // zero points by row, subtracted from the sums; or none
}

// Do prepares rows lo to hi-1.
func (t *intPrepare) Do(_, lo, hi int) {
	ld := t.groups * t.steps * stepBytes
	dst := t.dst[lo*ld : hi*ld]
	if t.copies {
		orderRows(dst, t.src[lo*t.groups*t.k:hi*t.groups*t.k], hi-lo, t.groups, t.k, t.steps, t.pk, t.signed, t.zero)
	}
	if t.sums == nil {
		return
	}
	rowSums(t.sums[lo:hi], unsafe.Pointer(unsafe.SliceData(dst)), ld, noOffset, t.steps, t.kind)
	if len(t.zeros) > 0 {
		for i := lo; i < hi; i++ {
			t.sums[i] -= int32(t.k) * t.zeros[i]
		}
	}
}
