package cpu

import (
	"github.com/cameo-onnx/cameo/backend/cpu/kern"
	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/op"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// treeKernels walk trees that were linked when the model was compiled. A row of features is scored alone, tree by tree, so that
// neither threads nor batch change a bit.
var treeKernels = []Kernel{
	{Name: "tree_ensemble", Op: op.TreeEnsemble.Op, Takes: takesTrees, Emit: emitTrees, Scratch: treeScratch, Run: runTrees},
	{Name: "tree_ensemble_classifier", Op: op.TreeEnsembleClassifier.Op, Takes: takesTrees, Emit: emitTrees, Scratch: treeScratch, Run: runTrees},
	{Name: "tree_ensemble_regressor", Op: op.TreeEnsembleRegressor.Op, Takes: takesTrees, Emit: emitTrees, Scratch: treeScratch, Run: runTrees},
}

// treeParam is trees in the form that their features' type asks for.
type treeParam struct {
	m      *op.Ensemble
	x      kern.DType
	double bool    // the scores are of float64
	labels []int64 // of classes; nil where scores are all
	f32    *treeTable[float32]
	f64    *treeTable[float64]
}

// takesTrees leaves float16 and labels of strings to Eval.
func takesTrees(n *ir.Node) bool {
	d := n.In[0].Type.DType
	return takesTyped(n) && (d == tensor.F32 || d == tensor.F64 || d == tensor.I32 || d == tensor.I64)
}

func emitTrees(c *call, n *ir.Node) (any, error) {
	m, err := op.EnsembleOf(n.Attrs)
	if err != nil {
		return nil, err
	}
	p := &treeParam{m: m, x: kernType(n.In[0].Type.DType), double: n.Out[0].Type.DType == tensor.F64}
	if a, ok := n.Attrs.(op.TreeEnsembleClassifierAttrs); ok {
		for _, l := range a.ClassLabels(m) {
			p.labels = append(p.labels, int64(l))
		}
		c.absent = 2 - len(n.Out)
	}
	if p.x == kern.Float64 {
		p.f64 = newTreeTable[float64](m)
	} else {
		p.f32 = newTreeTable[float32](m)
	}
	return p, nil
}

// maxTreeNodes is the most nodes that a treeTable is made of: the four that each may become have indices of 31 bits.
const maxTreeNodes = 1 << 28

// A treeTable is the nodes of all trees, the two that a node may go on to side by side. Without nodes the reference walks the
// trees: where there is a node that asks what those of the table cannot.
type treeTable[T float32 | float64] struct {
	nodes  []kern.TreeNode[T]
	roots  []int32
	leaves [][2]int32 // each one's votes, from and to
	votes  []treeVote[T]
	target int // the one that every leaf casts one vote for; −1 if there is none
}

type treeVote[T float32 | float64] struct {
	target int32
	weight T
}

// treeBuilder lays out nodes, those of a tree near each other. A node that several go on to is copied, what follows it is not.
type treeBuilder[T float32 | float64] struct {
	m     *op.Ensemble
	t     *treeTable[T]
	pairs []int32 // where the two stand that a node goes on to; 0 if nowhere yet
	todo  [][2]int32
}

func newTreeTable[T float32 | float64](m *op.Ensemble) *treeTable[T] {
	b := &treeBuilder[T]{m: m, t: &treeTable[T]{roots: make([]int32, len(m.Roots)), target: -1}, pairs: make([]int32, len(m.Nodes))}
	for _, v := range m.Votes {
		b.t.votes = append(b.t.votes, treeVote[T]{v.Target, T(v.Weight)})
	}
	b.t.target = soleTarget(m)
	if len(m.Nodes) > maxTreeNodes || m.Features == 0 {
		return b.t
	}
	b.t.nodes = make([]kern.TreeNode[T], 1, len(m.Nodes)+1) // no pair stands at 0
	for i, r := range m.Roots {
		b.t.roots[i] = int32(len(b.t.nodes))
		b.t.nodes = append(b.t.nodes, kern.TreeNode[T]{})
		for b.todo = append(b.todo, [2]int32{b.t.roots[i], r}); len(b.todo) > 0; {
			next := b.todo[len(b.todo)-1]
			b.todo = b.todo[:len(b.todo)-1]
			if !b.place(next[0], next[1]) {
				b.t.nodes = nil
				return b.t
			}
		}
	}
	return b.t
}

// soleTarget returns the target that every leaf casts exactly one vote for, or −1.
func soleTarget(m *op.Ensemble) int {
	target := -1
	for _, n := range m.Nodes {
		if n.Mode != op.TreeLeaf {
			continue
		}
		if n.No-n.Yes != 1 || target >= 0 && int(m.Votes[n.Yes].Target) != target {
			return -1
		}
		target = int(m.Votes[n.Yes].Target)
	}
	return target
}

// place makes node i the one at index at, and sees to it that those behind it are placed. It reports false where no comparison
// that nodes make says what node i asks.
func (b *treeBuilder[T]) place(at, i int32) bool {
	n, t := &b.m.Nodes[i], b.t
	if n.Mode == op.TreeLeaf {
		value := T(0)
		if t.target >= 0 {
			value = t.votes[n.Yes].weight
		}
		t.nodes[at] = kern.LeafNode(at, int32(len(t.leaves)), value)
		t.leaves = append(t.leaves, [2]int32{n.Yes, n.No})
		return true
	}
	v := T(n.Value)
	if float64(v) != n.Value || n.Mode == op.BranchMember { // NaN is not itself
		return false
	}
	yes, no, missing := n.Yes, n.No, n.Missing // first comes the node for x ≤ v
	switch n.Mode {
	case op.BranchLT:
		v = kern.JustBelow(v)
	case op.BranchGE:
		v, yes, no, missing = kern.JustBelow(v), no, yes, !missing
	case op.BranchGT:
		yes, no, missing = no, yes, !missing
	case op.BranchNE:
		yes, no, missing = no, yes, false
	}
	flags := uint32(kern.TreeGreater | kern.TreeNaN)
	if missing {
		flags = kern.TreeGreater
	}
	if v != v && missing { // nothing is at most what is below −Inf, but NaN is to go where that does
		return false
	}
	next := b.pairs[i]
	if next == 0 {
		next = b.pair()
		b.pairs[i] = next
		if n.Mode == op.BranchEQ || n.Mode == op.BranchNE { // x ≤ v, but not below it
			first := b.pair()
			t.nodes[next] = kern.TreeNode[T]{Value: kern.JustBelow(v), Feature: n.Feature, Next: first, Flags: kern.TreeGreater | kern.TreeNaN}
			b.todo = append(b.todo, [2]int32{next + 1, no}, [2]int32{first, no}, [2]int32{first + 1, yes})
		} else {
			b.todo = append(b.todo, [2]int32{next + 1, no}, [2]int32{next, yes})
		}
	}
	t.nodes[at] = kern.TreeNode[T]{Value: v, Feature: n.Feature, Next: next, Flags: flags}
	return true
}

// pair makes room for two nodes.
func (b *treeBuilder[T]) pair() int32 {
	b.t.nodes = append(b.t.nodes, kern.TreeNode[T]{}, kern.TreeNode[T]{})
	return int32(len(b.t.nodes)) - 2
}
