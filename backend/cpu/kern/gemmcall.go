package kern

import "fmt"

// A GemmParam is the Param of [GemmF32].
type GemmParam struct {
	TransA, TransB bool
	NR             int     // columns of the panels that PackB put B in, one matrix after the other; 0 if B is as it was
	Alpha          float32 // 0 means 1
	Clamp          Clamp
}

// maxElements bounds products of sizes, so that none of those made of them overflows: operands are
// far smaller, but their dims, if they are wrong, need not be.
const maxElements = 1 << 56

// A gemmShape is the sizes of a product of stacks of matrices.
type gemmShape struct {
	m, n, k, nr  int
	batch        int
	a, b         []int // batch dimensions of A and B as operands, shorter ones stand for leading ones
	flat         bool  // one product: B is the same for all, and A's matrices follow each other
	each         bool  // a worker takes whole products
	packB, sizeA int   // float32 of scratch for a packed B, and for a transposed A per worker
}

// shapeOf reads the sizes: A [...,M,K], B [...,K,N], batch dimensions broadcasting; a vector counts
// as one row of A or one column of B.
func shapeOf(p *GemmParam, a, b []int, workers int) (s gemmShape, err error) {
	var ka, kb int
	s.m, ka, s.a = lastTwo(a, p.TransA)
	if len(b) == 1 {
		kb, s.n = b[0], 1
	} else {
		kb, s.n, s.b = lastTwo(b, p.TransB)
	}
	if ka != kb {
		return s, fmt.Errorf("inner dimensions: %d != %d", ka, kb)
	}
	s.k, s.batch = ka, 1
	rank := max(len(s.a), len(s.b))
	whole, all := 1, float64(s.m)*float64(s.n)*float64(s.k)
	for i := range rank {
		x, y := batchDim(s.a, rank, i), batchDim(s.b, rank, i)
		if x != y && x != 1 && y != 1 {
			return s, fmt.Errorf("batch dimensions: %v and %v", s.a, s.b)
		}
		s.batch *= broadcast(x, y)
		whole *= y
		all *= float64(broadcast(x, y))
	}
	if all > maxElements {
		return s, fmt.Errorf("%v by %v: too many elements", a, b)
	}
	s.nr = p.NR
	if p.NR == 0 {
		s.nr = GemmNR()
		s.packB = PackedB(s.k, s.n, s.nr)
	}
	if whole == 1 && !p.TransA {
		s.flat = true
		s.m, s.batch, s.a, s.b = s.m*s.batch, 1, nil, nil
	}
	s.each = s.batch > 1 && (workers == 1 || s.batch >= 2*workers)
	if p.TransA {
		s.sizeA = GemmScratch(s.m, s.k, 1)
	}
	return s, nil
}

func broadcast(x, y int) int {
	if x == 1 {
		return y
	}
	return x
}

// lastTwo splits dimensions into rows, columns and the batch before them.
func lastTwo(d []int, trans bool) (rows, cols int, batch []int) {
	switch n := len(d); n {
	case 0:
		return 1, 1, nil
	case 1:
		return 1, d[0], nil
	default:
		rows, cols, batch = d[n-2], d[n-1], d[:n-2]
	}
	if trans {
		rows, cols = cols, rows
	}
	return rows, cols, batch
}

// batchDim returns dimension i of rank, where missing leading ones are 1.
func batchDim(d []int, rank, i int) int {
	if i -= rank - len(d); i >= 0 {
		return d[i]
	}
	return 1
}

// offsets returns which matrices of A and of B product i of the batch takes.
func (s *gemmShape) offsets(i int) (a, b int) {
	rank := max(len(s.a), len(s.b))
	sa, sb := 1, 1
	for d := rank - 1; d >= 0; d-- {
		x, y := batchDim(s.a, rank, d), batchDim(s.b, rank, d)
		n := broadcast(x, y)
		at := i % n
		i /= n
		if x > 1 {
			a += at * sa
		}
		if y > 1 {
			b += at * sb
		}
		sa, sb = sa*x, sb*y
	}
	return a, b
}

func (s *gemmShape) scratch(workers int) int {
	if s.each {
		return workers * (s.packB + s.sizeA)
	}
	return s.packB + workers*s.sizeA
}

// GemmF32Scratch returns the bytes of scratch that [GemmF32] needs for operands of these sizes on
// so many workers (see [Call.Workers]).
func GemmF32Scratch(p *GemmParam, a, b []int, workers int) (int, error) {
	s, err := shapeOf(p, a, b, workers)
	return 4 * s.scratch(workers), err
}

// gemmState is what a step keeps from run to run.
type gemmState struct {
	p       *GemmParam
	s       gemmShape
	call    *Call
	then    func(r0, r1 int)
	a, b    []float32
	bias    []float32
	res, c  []float32
	scratch []float32
	gemm    Gemm
	workers []gemmWorker
	pack    packTask
	last    gemmLast
}

// A gemmWorker computes whole products of a batch.
type gemmWorker struct {
	gemm  Gemm
	call  Call
	packs int // the matrix of B that its scratch holds, plus one
	_     [64]byte
}

// GemmF32 multiplies matrices, or stacks of them with broadcasting batch dimensions:
// C = clamp(alpha·A·B + bias + residual). Args: A [...,M,K], B [...,K,N], bias [N] or absent,
// residual like C or absent, C [...,M,N]. Param: *GemmParam. B that is not packed is packed here.
func GemmF32(c *Call) error { return GemmF32Then(c, nil) }

// GemmF32Then is [GemmF32] and tells then, unless it is nil, of rows r0 to r1-1 of C, all its
// matrices one below the other, when they are done and still hot: on any thread, once for each row.
func GemmF32Then(c *Call, then func(r0, r1 int)) error {
	p, ok := c.Param.(*GemmParam)
	if !ok || len(c.Args) != 5 {
		return fmt.Errorf("gemm: %d operands and parameters of type %T", len(c.Args), c.Param)
	}
	w := c.Workers()
	st := StateOf[gemmState](c)
	if st.same(c, p, w, then) {
		st.again(c, then)
		return nil
	}
	s, err := shapeOf(p, c.Args[0].Dims, c.Args[1].Dims, w)
	if err != nil {
		return fmt.Errorf("gemm: %w", err)
	}
	st.p, st.s, st.call, st.then = p, s, c, then
	st.a, st.b, st.bias = F32(&c.Args[0]), F32(&c.Args[1]), nil
	st.res, st.c, st.scratch = nil, F32(&c.Args[4]), Of[float32](&Arg{Data: c.Scratch})
	if c.Args[2].Has() {
		st.bias = F32(&c.Args[2])
	}
	if c.Args[3].Has() {
		st.res = F32(&c.Args[3])
	}
	if err := st.check(w); err != nil {
		return fmt.Errorf("gemm: %w", err)
	}
	if err := st.run(w); err != nil {
		return fmt.Errorf("gemm: %w", err)
	}
	st.remember(c, w)
	return nil
}

func (st *gemmState) check(workers int) error {
	s := &st.s
	ca, cb := 1, 1
	for _, d := range s.a {
		ca *= d
	}
	for _, d := range s.b {
		cb *= d
	}
	sizeB := s.k * s.n
	if st.p.NR != 0 {
		sizeB = PackedB(s.k, s.n, s.nr)
	}
	res := need{"residual", len(st.res), s.batch * s.m * s.n}
	if st.res == nil {
		res.want = 0
	}
	return enough("elements", need{"A", len(st.a), ca * s.m * s.k}, need{"B", len(st.b), cb * sizeB}, res,
		need{"C", len(st.c), s.batch * s.m * s.n}, need{"scratch", len(st.scratch), s.scratch(workers)})
}

func (st *gemmState) run(workers int) error {
	s := &st.s
	if s.each {
		if len(st.workers) < workers {
			st.workers = make([]gemmWorker, workers)
		}
		for i := range st.workers {
			st.workers[i].packs = 0
		}
		// The first product tells of any fault, as all are alike.
		if err := st.product(0, 0, &st.workers[0]); err != nil {
			return err
		}
		st.call.ParallelTask(s.batch-1, 1, st)
		return nil
	}
	packed := -1
	for i := range s.batch {
		_, ib := s.offsets(i)
		if st.p.NR == 0 && ib != packed {
			st.pack = packTask{dst: st.scratch, src: st.b[ib*s.k*s.n:], k: s.k, n: s.n, nr: s.nr, trans: st.p.TransB}
			st.pack.run(st.call)
			packed = ib
		}
		st.fill(&st.gemm, i, st.scratch[:s.packB])
		if err := st.gemm.Run(st.call, st.scratch[s.packB:]); err != nil {
			return err
		}
	}
	return nil
}

// Do computes products lo+1 to hi, whole ones, each on one thread.
func (st *gemmState) Do(worker, lo, hi int) {
	for i := lo + 1; i <= hi; i++ {
		_ = st.product(i, worker, &st.workers[worker]) // sizes are those of the first, which passed
	}
}

func (st *gemmState) product(i, worker int, w *gemmWorker) error {
	s := &st.s
	size := s.packB + s.sizeA
	scratch := st.scratch[worker*size : (worker+1)*size]
	if _, ib := s.offsets(i); st.p.NR == 0 && w.packs != ib+1 {
		PackB(scratch, st.b[ib*s.k*s.n:], st.ldb(), s.k, s.n, s.nr, st.p.TransB)
		w.packs = ib + 1
	}
	st.fill(&w.gemm, i, scratch[:s.packB])
	w.call.Threads = 1
	return w.gemm.Run(&w.call, scratch[s.packB:])
}

func (st *gemmState) ldb() int {
	if st.p.TransB {
		return st.s.k
	}
	return st.s.n
}

// fill describes product i of the batch; packed holds its B unless that came packed.
func (st *gemmState) fill(g *Gemm, i int, packed []float32) {
	s := &st.s
	ia, ib := s.offsets(i)
	g.M, g.N, g.K, g.NR = s.m, s.n, s.k, s.nr
	g.A, g.Lda, g.TransA = st.a[ia*s.m*s.k:], s.k, st.p.TransA
	if g.TransA {
		g.Lda = s.m
	}
	g.B = packed
	if st.p.NR != 0 {
		size := PackedB(s.k, s.n, s.nr)
		g.B = st.b[ib*size : (ib+1)*size]
	}
	g.C, g.Ldc = st.c[i*s.m*s.n:], s.n
	g.Bias, g.Res, g.Ldr = st.bias, nil, s.n
	if st.res != nil {
		g.Res = st.res[i*s.m*s.n:]
	}
	g.Alpha, g.Clamp, g.After, g.row0 = st.p.Alpha, st.p.Clamp, st.then, i*s.m
}

// A packTask packs one matrix on all threads.
type packTask struct {
	dst, src []float32
	k, n, nr int
	trans    bool
}

func (t *packTask) run(c *Call) {
	panels := (t.n + t.nr - 1) / t.nr
	if t.k*t.n < 1<<14 {
		t.Do(0, 0, panels)
		return
	}
	c.ParallelTask(panels, 1, t)
}

// Do packs panels lo to hi-1.
func (t *packTask) Do(_, lo, hi int) {
	ld := t.n
	if t.trans {
		ld = t.k
	}
	packPanels(t.dst, t.src, ld, t.k, t.n, t.nr, t.trans, lo, hi)
}
