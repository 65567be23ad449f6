package cpu

import (
	"fmt"
	"math"

	"github.com/cameo-onnx/cameo/backend/cpu/kern"
	"github.com/cameo-onnx/cameo/ir/op"
)

// treeRun is the work of one call.
type treeRun struct {
	c          *kern.Call
	p          *treeParam
	rows, cols int
	block      int // rows that are scored together
	each       int // bytes of scratch for a worker
	x          []byte
	labels     []int64
	y          kern.Arg
	double     bool // y is of float64
}

// treeSizes returns how many rows and columns the features have, how many rows are scored together, and the scratch of a
// worker: in float64 a row of features and one of scores; for the block its features, its scores, and for which there were
// votes.
func treeSizes(p *treeParam, x *kern.Arg) (rows, cols, block, bytes int, err error) {
	switch len(x.Dims) {
	case 1:
		rows, cols = 1, x.Dims[0]
	case 2:
		rows, cols = x.Dims[0], x.Dims[1]
	default:
		return 0, 0, 0, 0, fmt.Errorf("x of rank %d is no table of examples", len(x.Dims))
	}
	if cols < p.m.Features {
		return 0, 0, 0, 0, fmt.Errorf("features: %d, but the trees ask for %d", cols, p.m.Features)
	}
	if rows == 0 {
		return 0, cols, 0, 0, nil
	}
	block = max(1, min(rows, 128, 1<<14/max(1, cols, p.m.Targets)))
	return rows, cols, block, 8 * (cols + p.m.Targets + block*(cols+p.m.Targets+(p.m.Targets+7)/8)), nil
}

func treeScratch(param any, args []kern.Arg, workers int) (int, error) {
	_, _, _, bytes, err := treeSizes(param.(*treeParam), &args[0])
	if err == nil && bytes > math.MaxInt/workers {
		err = fmt.Errorf("%d bytes of scratch for each of %d threads", bytes, workers)
	}
	return bytes * workers, err
}

func runTrees(c *kern.Call) error {
	s := kern.StateOf[treeRun](c)
	s.c, s.p = c, c.Param.(*treeParam)
	var err error
	if s.rows, s.cols, s.block, s.each, err = treeSizes(s.p, &c.Args[0]); err != nil {
		return err
	}
	if s.rows == 0 {
		return nil
	}
	s.x, s.y, s.labels = c.Args[0].Data, c.Args[1], nil
	s.double = s.p.double
	if s.p.labels != nil {
		s.labels, s.y = kern.Of[int64](&c.Args[1]), c.Args[2]
	}
	c.ParallelTask(s.rows, max(1, 2048/len(s.p.m.Roots)), s)
	return nil
}

// Do scores rows lo to hi-1.
func (s *treeRun) Do(worker, lo, hi int) {
	for ; lo < hi && !s.c.Stopped(); lo += s.block {
		n := min(s.block, hi-lo)
		mem := s.c.Scratch[worker*s.each:][:s.each]
		if s.p.f64 != nil {
			scoreTrees(s, s.p.f64, take[float64](&mem, n*s.cols), lo, n, mem)
		} else {
			scoreTrees(s, s.p.f32, take[float32](&mem, n*s.cols), lo, n, mem)
		}
	}
}

// take cuts n numbers off the front of mem, at multiples of eight bytes.
func take[T kern.Element](mem *[]byte, n int) []T {
	a := kern.Arg{Data: *mem}
	v := kern.Of[T](&a)[:n]
	*mem = (*mem)[(len(kern.Bytes(v))+7)/8*8:]
	return v
}

// scoreTrees scores rows lo to lo+n-1. x is room for their features.
func scoreTrees[T float32 | float64](s *treeRun, t *treeTable[T], x []T, lo, n int, mem []byte) {
	targets := s.p.m.Targets
	b := treeBlock[T]{treeTable: t, how: s.p.m.How, n: n, cols: s.cols, targets: targets, x: treeFeatures(s, x, lo, n)}
	b.scores, b.voted = take[T](&mem, n*targets), take[bool](&mem, n*targets)
	row, sums := take[float64](&mem, s.cols), take[float64](&mem, targets)
	clear(b.scores)
	clear(b.voted)
	if t.nodes != nil {
		b.walk()
	} else {
		for i := range n {
			for j := range row {
				row[j] = float64(b.x[i*s.cols+j])
			}
			for _, r := range s.p.m.Roots {
				leaf := s.p.m.Leaf(r, row)
				b.cast(i, leaf.Yes, leaf.No)
			}
		}
	}
	for i := range n {
		for k := range sums {
			sums[k] = float64(b.scores[i*targets+k])
		}
		class := s.p.m.Finish(sums, b.voted[i*targets:][:targets])
		if s.labels != nil {
			s.labels[lo+i] = s.p.labels[class]
		}
		s.store(lo+i, sums)
	}
}

// treeFeatures returns the features of rows lo to lo+n-1, integers in x, which has room for them.
func treeFeatures[T float32 | float64](s *treeRun, x []T, lo, n int) []T {
	a := kern.Arg{Data: s.x}
	from, to := lo*s.cols, (lo+n)*s.cols
	switch s.p.x {
	case kern.Int32:
		for i, v := range kern.Of[int32](&a)[from:to] {
			x[i] = T(v)
		}
		return x
	case kern.Int64:
		for i, v := range kern.Of[int64](&a)[from:to] {
			x[i] = T(v)
		}
		return x
	}
	return kern.Of[T](&a)[from:to]
}

// store writes the scores of a row where they are asked for: as float32, but for TreeEnsemble of float64.
func (s *treeRun) store(row int, sums []float64) {
	if !s.y.Has() {
		return
	}
	if s.double {
		copy(kern.Of[float64](&s.y)[row*len(sums):], sums)
		return
	}
	y := kern.F32(&s.y)[row*len(sums):]
	for k, v := range sums {
		y[k] = float32(v)
	}
}

// A treeBlock is rows that are scored together: each tree meets all of them while its nodes are near.
type treeBlock[T float32 | float64] struct {
	*treeTable[T]
	how              op.Aggregate
	n, cols, targets int
	x, scores        []T
	voted            []bool
}

// walk takes four rows at a time through each tree, and what is left over one row at a time through four trees: one row's path
// is a chain of loads that depend on each other. The votes for a row are counted in the order of the trees either way.
func (b *treeBlock[T]) walk() {
	last := b.n - b.n%4
	for _, root := range b.roots {
		for i := 0; i < last; i += 4 {
			at, from := [4]int32{root, root, root, root}, int32(i*b.cols)
			c := int32(b.cols)
			kern.WalkTree4(b.nodes, b.x, &[4]int32{from, from + c, from + 2*c, from + 3*c}, &at)
			for j, leaf := range at {
				b.count(i+j, &b.nodes[leaf])
			}
		}
	}
	for i := last; i < b.n; i++ {
		from := int32(i * b.cols)
		for k := 0; k < len(b.roots); k += 4 {
			var at [4]int32
			m := copy(at[:], b.roots[k:])
			for j := m; j < 4; j++ {
				at[j] = at[0]
			}
			kern.WalkTree4(b.nodes, b.x, &[4]int32{from, from, from, from}, &at)
			for _, leaf := range at[:m] {
				b.count(i, &b.nodes[leaf])
			}
		}
	}
}

// count adds the votes of the leaf that row i has reached.
func (b *treeBlock[T]) count(i int, leaf *kern.TreeNode[T]) {
	if b.target >= 0 && b.how <= op.AggregateSum {
		b.scores[i*b.targets+b.target] += leaf.Value
		b.voted[i*b.targets+b.target] = true
		return
	}
	votes := b.leaves[leaf.Leaf()]
	b.cast(i, votes[0], votes[1])
}

// cast adds votes to the scores of row i.
func (b *treeBlock[T]) cast(i int, from, to int32) {
	s, voted := b.scores[i*b.targets:][:b.targets], b.voted[i*b.targets:][:b.targets]
	for _, v := range b.votes[from:to] {
		t := v.target
		switch {
		case b.how == op.AggregateMin && voted[t]:
			s[t] = min(s[t], v.weight)
		case b.how == op.AggregateMax && voted[t]:
			s[t] = max(s[t], v.weight)
		default:
			s[t] += v.weight
		}
		voted[t] = true
	}
}
