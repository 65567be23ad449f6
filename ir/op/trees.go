package op

import (
	"errors"
	"fmt"
	"slices"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// TreeMode is the comparison that a node of a tree makes, by TreeEnsemble's numbers; a leaf makes none.
type TreeMode uint8

const (
	BranchLE TreeMode = iota
	BranchLT
	BranchGE
	BranchGT
	BranchEQ
	BranchNE
	BranchMember
	TreeLeaf
)

var treeModes = []string{"BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT", "BRANCH_EQ", "BRANCH_NEQ", "BRANCH_MEMBER", "LEAF"}

// A TreeNode goes on to the node Yes where its comparison holds, else to No. A leaf casts the votes from Yes up to No. A node that
// tests membership holds the index of its set in Value.
type TreeNode struct {
	Value   float64
	Feature int32
	Yes, No int32
	Mode    TreeMode
	Missing bool // a NaN holds, whatever the comparison says
}

// A TreeVote adds Weight to the score of one target.
type TreeVote struct {
	Target int32
	Weight float64
}

// Forest is trees in the form that evaluation walks: flat arrays, checked once.
type Forest struct {
	Nodes    []TreeNode
	Roots    []int32
	Votes    []TreeVote
	Sets     [][]float64 // sorted
	Targets  int
	Features int // the least number of features that the nodes ask for
}

// addFeature notes that a node looks at feature id.
func (f *Forest) addFeature(id int) (int32, error) {
	if id < 0 || id >= 1<<31-1 {
		return 0, fmt.Errorf("feature %d", id)
	}
	f.Features = max(f.Features, id+1)
	return int32(id), nil
}

// check reports trees that would never end, and returns how many nodes the roots reach. Nodes must have been linked within range.
func (f *Forest) check() (reached int, err error) {
	const unseen, open, done = 0, 1, 2
	state := make([]uint8, len(f.Nodes))
	var stack []int32
	for _, r := range f.Roots {
		stack = append(stack, r)
		for len(stack) > 0 {
			i := stack[len(stack)-1]
			n := &f.Nodes[i]
			if state[i] != unseen || n.Mode == TreeLeaf {
				stack = stack[:len(stack)-1]
				if state[i] != done {
					reached++
				}
				state[i] = done
				continue
			}
			state[i] = open
			for _, k := range [2]int32{n.Yes, n.No} {
				switch state[k] {
				case open:
					return 0, errors.New("a tree has a cycle")
				case unseen:
					stack = append(stack, k)
				}
			}
		}
	}
	return reached, nil
}

// Leaf returns the leaf that a row of features reaches from a root.
func (f *Forest) Leaf(i int32, row []float64) *TreeNode {
	for {
		n := &f.Nodes[i]
		if n.Mode == TreeLeaf {
			return n
		}
		x := row[n.Feature]
		var ok bool
		switch n.Mode {
		case BranchLE:
			ok = x <= n.Value
		case BranchLT:
			ok = x < n.Value
		case BranchGE:
			ok = x >= n.Value
		case BranchGT:
			ok = x > n.Value
		case BranchEQ:
			ok = x == n.Value
		case BranchNE:
			ok = x != n.Value
		default:
			_, ok = slices.BinarySearch(f.Sets[int(n.Value)], x)
		}
		if i = n.No; ok || n.Missing && x != x {
			i = n.Yes
		}
	}
}

// An Aggregate names how votes for one target become its score.
type Aggregate uint8

const (
	AggregateAverage Aggregate = iota
	AggregateSum
	AggregateMin
	AggregateMax
)

var aggregates = []string{"AVERAGE", "SUM", "MIN", "MAX"}

// score sets s to the scores of a row, and voted to whether there was a vote for each. With single, sums are rounded to float32 after
// each vote, as engines sum.
func (f *Forest) score(a Aggregate, single bool, row, s []float64, voted []bool) {
	clear(s)
	clear(voted)
	for _, r := range f.Roots {
		n := f.Leaf(r, row)
		for _, v := range f.Votes[n.Yes:n.No] {
			t := v.Target
			switch {
			case a == AggregateMin && voted[t]:
				s[t] = min(s[t], v.Weight)
			case a == AggregateMax && voted[t]:
				s[t] = max(s[t], v.Weight)
			default:
				if s[t] += v.Weight; single {
					s[t] = float64(float32(s[t]))
				}
			}
			voted[t] = true
		}
	}
}

// An Ensemble is trees and what becomes of their votes: scores of targets, or of classes, of which one is then chosen.
type Ensemble struct {
	Forest
	How  Aggregate
	base []float64
	post string

	classes  bool
	one      bool // of two classes, all votes are for one
	positive bool // no vote has a negative weight
}

// EnsembleOf returns the trees that the attributes of a tree ensemble of any kind hold.
func EnsembleOf(attrs any) (*Ensemble, error) {
	switch a := attrs.(type) {
	case TreeEnsembleAttrs:
		return a.compile()
	case TreeEnsembleClassifierAttrs:
		return a.compile()
	case TreeEnsembleRegressorAttrs:
		return a.compile()
	}
	return nil, fmt.Errorf("%T holds no trees", attrs)
}

// Finish turns the votes for a row, summed up for each target, into its scores, and returns the class. What base values do, and to
// which of them a transform applies, ONNX leaves open: this is as ONNX Runtime has it, for which converters write.
func (m *Ensemble) Finish(s []float64, voted []bool) (class int) {
	if m.How == AggregateAverage {
		for t := range s {
			s[t] /= float64(len(m.Roots))
		}
	}
	switch {
	case !m.classes && len(s) == 1:
		for _, b := range m.base {
			s[0] += b
		}
		transformTarget(m.post, s)
	case !m.classes:
		for t, b := range m.base {
			if voted[t] {
				s[t] += b
			}
		}
		transform(m.post, s)
	case len(s) == 1:
		for _, b := range m.base {
			s[0] += b
		}
		if s[0] > 0 {
			class = 1
		}
		transformTarget(m.post, s)
	case len(s) == 2:
		return m.finishTwo(s, voted)
	default:
		for k, b := range m.base {
			s[k] += b
			voted[k] = true
		}
		class = topVoted(s, voted)
		transform(m.post, s)
	}
	return class
}

// topVoted returns the index of the greatest score that there was a vote for, the first of equal ones.
func topVoted(s []float64, voted []bool) int {
	top := -1
	for k, x := range s {
		if voted[k] && (top < 0 || x > s[top]) {
			top = k
		}
	}
	return max(top, 0)
}

// finishTwo is Finish for two classes. Where no vote was for the second, the score of the first is that of the second, and its own
// follows from it: so engines read models whose trees vote for one class.
func (m *Ensemble) finishTwo(s []float64, voted []bool) (class int) {
	second := voted[1]
	switch {
	case len(m.base) == 2 && second:
		s[1] = s[0] + m.base[1]
		s[0] = -s[1]
	case len(m.base) > 0:
		s[0] += m.base[0]
	}
	for k := range s {
		if !voted[k] {
			s[k] = 0
		}
	}
	x := s[0]
	if second {
		x = s[1]
	}
	if x > 0.5 || x > 0 && !(m.one && m.positive) {
		class = 1
	}
	if second || len(m.base) == 2 {
		transform(m.post, s)
		return class
	}
	two := secondScore(m.post, x, !m.positive || !m.one)
	copy(s, two[:])
	return class
}

// eval returns the scores of all rows of x, as a tensor of d.
func (m *Ensemble) eval(e *ir.Env, x *tensor.Tensor, d tensor.DType) (tensor.Value, error) {
	s, err := m.scores(e, x, func(int) {})
	if err != nil {
		return nil, err
	}
	return value(store(e, d, s.v, s.rows, s.cols))
}

// rowsWithFeatures returns the number of rows of a table that has n features or more.
func rowsWithFeatures(sc *ir.Scope, x ir.Type, n int) (sym.Dim, error) {
	rows, cols, err := tableSizes(sc, x)
	if err == nil && cols.Valid() {
		err = sc.Assume(ir.Fact{Rel: ir.Le, A: sym.Const(n), B: cols, What: "features"})
	}
	return rows, err
}

// scores returns the scores of all rows of x, and tells the class of each.
func (m *Ensemble) scores(e *ir.Env, x *tensor.Tensor, tell func(class int)) (table, error) {
	t, err := loadTable(e, x)
	if err != nil {
		return t, err
	}
	if t.cols < m.Features {
		return t, fmt.Errorf("features: %d, but the trees ask for %d", t.cols, m.Features)
	}
	// Thresholds and votes are float32 unless the features are doubles: integers lose what float32 cannot hold.
	single := x.DType() != tensor.F64
	if single {
		for i, f := range t.v {
			t.v[i] = float64(float32(f))
		}
	}
	s := table{rows: t.rows, cols: m.Targets}
	if s.v, err = alloc[float64](e, s.rows, s.cols); err != nil {
		return t, err
	}
	voted := make([]bool, m.Targets)
	for i := range t.rows {
		if i%64 == 0 {
			if err := e.Err(); err != nil {
				return t, err
			}
		}
		m.score(m.How, single, t.row(i), s.row(i), voted)
		tell(m.Finish(s.row(i), voted))
	}
	return s, nil
}

// floatsOf returns an attribute given as floats or, where they are doubles, as a tensor; nil where it is absent.
func floatsOf(what string, v []float32, t *tensor.Tensor) ([]float64, error) {
	if t == nil {
		if v == nil {
			return nil, nil
		}
		out := make([]float64, len(v))
		for i, x := range v {
			out[i] = float64(x)
		}
		return out, nil
	}
	if v != nil {
		return nil, fmt.Errorf("%s is given twice", what)
	}
	if !t.DType().IsFloat() {
		return nil, fmt.Errorf("%s of %v", what, t.DType())
	}
	return t.Float64s(), nil
}

// listLength is how many elements the attribute of a name has.
type listLength struct {
	name string
	n    int
}

// sameLengths requires that lists have n elements; the optional one may be empty.
func sameLengths(n int, lists []listLength, optional listLength) error {
	if optional.n != 0 {
		lists = append(lists, optional)
	}
	for _, l := range lists {
		if l.n != n {
			return fmt.Errorf("%s: %d for %d nodes", l.name, l.n, n)
		}
	}
	return nil
}
