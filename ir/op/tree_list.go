package op

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/cameo-onnx/cameo/ir/tensor"
)

// treeList is the attributes that the two older tree ensembles share: nodes and votes named by pairs of a tree's number and a node's.
type treeList struct {
	treeIDs, nodeIDs, features, yes, no, missing []int
	modes                                        []string
	values                                       []float32
	valuesTensor                                 *tensor.Tensor

	voteTrees, voteNodes, voteTargets []int
	weights                           []float32
	weightsTensor                     *tensor.Tensor
	targets                           int
}

// nodeNames finds nodes by the numbers of their trees and their own.
type nodeNames struct {
	order []int // of nodes, by tree, then by number
	list  *treeList
}

func (l *treeList) names() (nodeNames, error) {
	m := nodeNames{order: make([]int, len(l.nodeIDs)), list: l}
	for i := range m.order {
		m.order[i] = i
	}
	by := func(i, j int) int {
		return cmp.Or(cmp.Compare(l.treeIDs[i], l.treeIDs[j]), cmp.Compare(l.nodeIDs[i], l.nodeIDs[j]))
	}
	if !slices.IsSortedFunc(m.order, by) {
		slices.SortFunc(m.order, by)
	}
	for k := 1; k < len(m.order); k++ {
		if i := m.order[k]; by(m.order[k-1], i) == 0 {
			return m, fmt.Errorf("tree %d has two nodes %d", l.treeIDs[i], l.nodeIDs[i])
		}
	}
	return m, nil
}

// find returns the index of a node. A node's neighbours mostly lie where they would lie if nodes were numbered without gaps: guess says
// where.
func (m nodeNames) find(tree, id, guess int) (int32, error) {
	l := m.list
	if guess >= 0 && guess < len(l.nodeIDs) && l.treeIDs[guess] == tree && l.nodeIDs[guess] == id {
		return int32(guess), nil
	}
	k, ok := slices.BinarySearchFunc(m.order, id, func(i, id int) int {
		return cmp.Or(cmp.Compare(l.treeIDs[i], tree), cmp.Compare(l.nodeIDs[i], id))
	})
	if !ok {
		return 0, fmt.Errorf("tree %d has no node %d", tree, id)
	}
	return int32(m.order[k]), nil
}

// forest links the nodes and checks them.
func (l *treeList) forest() (*Forest, error) {
	n := len(l.nodeIDs)
	values, err := floatsOf("nodes_values", l.values, l.valuesTensor)
	if err != nil {
		return nil, err
	}
	if err := sameLengths(n, []listLength{
		{"nodes_treeids", len(l.treeIDs)}, {"nodes_featureids", len(l.features)}, {"nodes_modes", len(l.modes)},
		{"nodes_truenodeids", len(l.yes)}, {"nodes_falsenodeids", len(l.no)}, {"nodes_values", len(values)},
	}, listLength{"nodes_missing_value_tracks_true", len(l.missing)}); err != nil {
		return nil, err
	}
	if n == 0 || n > 1<<30 {
		return nil, fmt.Errorf("%d nodes", n)
	}
	names, err := l.names()
	if err != nil {
		return nil, err
	}
	f := &Forest{Nodes: make([]TreeNode, n), Targets: l.targets}
	for i := range f.Nodes {
		if err := l.link(f, names, i, values[i]); err != nil {
			return nil, err
		}
	}
	if err := l.vote(f, names); err != nil {
		return nil, err
	}
	if f.Roots, err = l.roots(f); err != nil {
		return nil, err
	}
	if k, err := f.check(); err != nil || k != n {
		return nil, cmp.Or(err, fmt.Errorf("%d of %d nodes hang from no root", n-k, n))
	}
	return f, nil
}

// link sets node i, but for a leaf's votes.
func (l *treeList) link(f *Forest, names nodeNames, i int, value float64) (err error) {
	m := slices.Index(treeModes, l.modes[i])
	if m < 0 || TreeMode(m) == BranchMember {
		return fmt.Errorf("node %d of tree %d: mode %q", l.nodeIDs[i], l.treeIDs[i], l.modes[i])
	}
	node := &f.Nodes[i]
	node.Value = value
	if node.Mode = TreeMode(m); node.Mode == TreeLeaf {
		return nil
	}
	node.Missing = len(l.missing) > 0 && l.missing[i] == 1
	if node.Feature, err = f.addFeature(l.features[i]); err != nil {
		return err
	}
	tree, id := l.treeIDs[i], l.nodeIDs[i]
	if node.Yes, err = names.find(tree, l.yes[i], i+l.yes[i]-id); err != nil {
		return err
	}
	node.No, err = names.find(tree, l.no[i], i+l.no[i]-id)
	return err
}

// roots returns, for each tree, the node that no other goes on to; trees stand in the order of their first nodes, which is that of
// their votes.
func (l *treeList) roots(f *Forest) ([]int32, error) {
	child := make([]bool, len(f.Nodes))
	for _, n := range f.Nodes {
		if n.Mode != TreeLeaf {
			child[n.Yes], child[n.No] = true, true
		}
	}
	var out []int32
	seen := map[int]bool{}
	rooted := map[int]bool{}
	for i, tree := range l.treeIDs {
		seen[tree] = true
		if child[i] {
			continue
		}
		if rooted[tree] {
			return nil, fmt.Errorf("tree %d has several roots", tree)
		}
		rooted[tree] = true
		out = append(out, int32(i))
	}
	if len(seen) != len(out) {
		return nil, fmt.Errorf("a tree has a cycle: %d trees, but %d roots", len(seen), len(out))
	}
	return out, nil
}

// vote gives the leaves their votes, in the order in which they are listed.
func (l *treeList) vote(f *Forest, names nodeNames) error {
	weights, err := floatsOf("the weights of votes", l.weights, l.weightsTensor)
	if err != nil {
		return err
	}
	if n := len(weights); n != len(l.voteTrees) || n != len(l.voteNodes) || n != len(l.voteTargets) {
		return fmt.Errorf("votes: %d trees, %d nodes, %d targets, %d weights", len(l.voteTrees), len(l.voteNodes), len(l.voteTargets), n)
	}
	at := make([]int32, len(weights))
	for i, t := range l.voteTargets {
		if t < 0 || t >= l.targets {
			return fmt.Errorf("vote %d is for target %d of %d", i, t, l.targets)
		}
		if at[i], err = names.find(l.voteTrees[i], l.voteNodes[i], guessVote(at, i)); err != nil {
			return fmt.Errorf("vote %d: %w", i, err)
		}
		if n := &f.Nodes[at[i]]; n.Mode == TreeLeaf {
			n.No++
		}
	}
	if l.targets == 1 {
		l.voteOnce(f, at, weights)
		return nil
	}
	from := int32(0)
	for i := range f.Nodes {
		if n := &f.Nodes[i]; n.Mode == TreeLeaf {
			n.Yes, n.No, from = from, from, from+n.No
		}
	}
	f.Votes = make([]TreeVote, from)
	for i, k := range at {
		// Votes of a node that is no leaf are never cast.
		if n := &f.Nodes[k]; n.Mode == TreeLeaf {
			f.Votes[n.No] = TreeVote{int32(l.voteTargets[i]), weights[i]}
			n.No++
		}
	}
	return nil
}

// voteOnce gives each leaf one vote, where there is one target: the first that is listed, else the leaf's value. So ONNX Runtime has
// it, and scikit-learn's converter writes the number of a leaf several times over to learn where a row ends up.
func (l *treeList) voteOnce(f *Forest, at []int32, weights []float64) {
	for i := range f.Nodes {
		if n := &f.Nodes[i]; n.Mode == TreeLeaf {
			n.Yes, n.No = int32(len(f.Votes)), int32(len(f.Votes)+1)
			f.Votes = append(f.Votes, TreeVote{Weight: n.Value})
		}
	}
	for i := len(at) - 1; i >= 0; i-- {
		if n := &f.Nodes[at[i]]; n.Mode == TreeLeaf {
			f.Votes[n.Yes].Weight = weights[i]
		}
	}
}

// weight returns the weight of vote i.
func (l *treeList) weight(i int) float64 {
	if l.weightsTensor != nil {
		return l.weightsTensor.Float64At(i)
	}
	return float64(l.weights[i])
}

// guessVote returns where the node of vote i may lie: where that of the vote before does.
func guessVote(at []int32, i int) int {
	if i == 0 {
		return 0
	}
	return int(at[i-1])
}
