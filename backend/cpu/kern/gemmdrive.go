package kern

import (
	"fmt"
	"unsafe"
)

// A Clamp bounds results: both ends hold where On. NaN stays NaN.
type Clamp struct {
	On     bool
	Lo, Hi float32
}

// A Gemm is the product C = clamp(alpha·A·B + bias + residual) of float32 matrices, each row-major
// with rows so many elements apart. It may be run again and again, by one goroutine at a time.
type Gemm struct {
	M, N, K int
	A       []float32 // [M,K], or [K,M] with TransA
	Lda     int
	TransA  bool
	B       []float32 // panels of NR columns from PackB
	NR      int
	C       []float32
	Ldc     int
	Bias    []float32 // [N], added to the sums; nil for none
	Res     []float32 // [M,N], added after the bias; nil for none
	Ldr     int
	Alpha   float32 // 0 means 1
	Clamp   Clamp
	OnC     bool // the sums go on from what C holds

	// After, if set, is told of rows r0 to r1-1 of C when they are done, while they are hot; from
	// any thread, never twice for one row.
	After func(r0, r1 int)

	row0   int // what After calls row 0
	part   gemmPart
	mb, nb int       // blocks of rows and of columns
	packed []float32 // transposed A: one block of rows per worker
	holds  []int     // the block that each worker has packed, plus one
	one    [1]int
}

// GemmScratch returns how many float32 of scratch a product needs to put a transposed A in order.
func GemmScratch(m, k, workers int) int { return workers * min(m, machineBlocks().mc+1) * k }

// Run computes the product on the call's threads. Scratch is needed for TransA only: see GemmScratch.
func (g *Gemm) Run(c *Call, scratch []float32) error {
	if err := g.check(); err != nil {
		return err
	}
	if g.M == 0 || g.N == 0 {
		return nil
	}
	if err := g.plan(c.Workers(), scratch); err != nil {
		return err
	}
	tasks := g.mb * g.nb
	if tasks == 1 {
		g.Do(0, 0, 1)
		return nil
	}
	c.ParallelTask(tasks, 1, g)
	return nil
}

// check refuses sizes that would lead outside an operand.
func (g *Gemm) check() error {
	if g.M < 0 || g.N < 0 || g.K < 0 {
		return fmt.Errorf("product of negative size: %dx%dx%d", g.M, g.K, g.N)
	}
	if g.M == 0 || g.N == 0 {
		return nil
	}
	rows, cols := g.M, g.K
	if g.TransA {
		rows, cols = cols, rows
	}
	if err := holds("A", len(g.A), rows, cols, g.Lda); err != nil {
		return err
	}
	if err := holds("C", len(g.C), g.M, g.N, g.Ldc); err != nil {
		return err
	}
	if gemmRowFor(g.NR) == nil || g.NR <= 0 {
		return fmt.Errorf("panels of %d columns for B: no such kernel", g.NR)
	}
	if want := PackedB(g.K, g.N, g.NR); len(g.B) < want {
		return fmt.Errorf("packed B has %d elements: want %d", len(g.B), want)
	}
	if g.Bias != nil && len(g.Bias) < g.N {
		return fmt.Errorf("bias has %d elements: want %d", len(g.Bias), g.N)
	}
	if g.Res != nil {
		return holds("residual", len(g.Res), g.M, g.N, g.Ldr)
	}
	return nil
}

func holds(name string, have, rows, cols, ld int) error {
	if rows == 0 || cols == 0 {
		return nil
	}
	if ld < 0 || (rows-1)*ld+cols > have {
		return fmt.Errorf("%s has %d elements: want %d rows of %d, %d apart", name, have, rows, cols, ld)
	}
	return nil
}

// plan chooses the blocks and fills what all of them share.
func (g *Gemm) plan(workers int, scratch []float32) error {
	blocks := machineBlocks()
	g.one[0] = 0
	g.part = gemmPart{
		row: gemmRowFor(g.NR), kc: blocks.kc,
		a: ptr(g.A), c: ptr(g.C), res: ptr(g.Res),
		lda: 4 * g.Lda, ldc: 4 * g.Ldc, ldr: 4 * g.Ldr,
		runs: 1, segs: g.one[:], segk: g.K,
		b: ptr(g.B), bias: ptr(g.Bias), n: g.N,
		alpha: g.Alpha, lo: g.Clamp.Lo, hi: g.Clamp.Hi,
	}
	if g.OnC {
		g.part.flags |= tileLoad
	}
	if g.Alpha != 0 && g.Alpha != 1 {
		g.part.flags |= tileAlpha
	}
	if g.Clamp.On {
		g.part.flags |= tileClamp
	}
	g.split(blocks, workers)
	g.packed = nil
	if g.K == 0 {
		g.part.lda = 0 // nothing is read: no pointer may leave its operand
	}
	if !g.TransA || g.K == 0 {
		return nil
	}
	if want := GemmScratch(g.M, g.K, workers); len(scratch) < want {
		return fmt.Errorf("scratch has %d elements: want %d", len(scratch), want)
	}
	g.packed = scratch
	g.part.lda = 4 * g.K
	if len(g.holds) < workers {
		g.holds = make([]int, workers)
	}
	clear(g.holds)
	return nil
}

// smallGemm is the number of multiply-adds (about 15 µs of AVX-512) below which threads do not pay.
const smallGemm = 1 << 20

// split cuts C into blocks: rows for the cache, then columns and rows until every thread has some.
func (g *Gemm) split(blocks gemmBlocks, workers int) {
	g.mb, g.nb = (g.M+blocks.mc-1)/blocks.mc, 1
	if workers < 2 || float64(g.M)*float64(g.N)*float64(g.K) < smallGemm {
		return
	}
	panels := (g.N + g.NR - 1) / g.NR
	least := 4 // panels of a block, so that A is not read too often
	if g.After != nil {
		least = panels
	}
	for g.mb*g.nb < 4*workers && panels/(g.nb+1) >= least {
		g.nb++
	}
	for g.mb*g.nb < 4*workers && g.M/(g.mb+1) >= 2*g.part.row.mr {
		g.mb++
	}
}

// Do computes blocks lo to hi-1.
func (g *Gemm) Do(worker, lo, hi int) {
	// Blocks of columns begin where a call of the kernel does.
	panels, wide := (g.N+g.NR-1)/g.NR, g.part.row.wideFor(g.M)
	groups := (panels + wide - 1) / wide
	for id := lo; id < hi; id++ {
		ib, jb := id/g.nb, id%g.nb
		m0, m1 := g.M*ib/g.mb, g.M*(ib+1)/g.mb
		p := g.part
		p.len = m1 - m0
		p.c = unsafe.Add(p.c, m0*p.ldc)
		if p.res != nil {
			p.res = unsafe.Add(p.res, m0*p.ldr)
		}
		if g.packed != nil {
			p.a = g.ordered(worker, ib, m0, m1)
		} else {
			p.a = unsafe.Add(p.a, m0*p.lda)
		}
		p.panels(groups*jb/g.nb*wide, min(panels, groups*(jb+1)/g.nb*wide))
		if g.After != nil {
			g.After(g.row0+m0, g.row0+m1)
		}
	}
}

// ordered returns rows m0 to m1-1 of a transposed A, put in order in the worker's scratch.
func (g *Gemm) ordered(worker, block, m0, m1 int) unsafe.Pointer {
	size := GemmScratch(g.M, g.K, 1)
	dst := g.packed[worker*size : (worker+1)*size]
	if g.holds[worker] != block+1 {
		packRows(dst, g.A, g.Lda, g.K, m0, m1)
		g.holds[worker] = block + 1
	}
	return ptr(dst)
}

func ptr(s []float32) unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(s)) }
