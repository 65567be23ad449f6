package kern

import "math"

// A TreeNode sends a row of features x on: to the node Next where x[Feature] <= Value, else to the one behind it. Where a NaN
// goes, Flags tell. A leaf stays where it is.
type TreeNode[T float32 | float64] struct {
	Value   T // of a leaf: what it adds, if all leaves add to one score
	Feature int32
	Next    int32
	Flags   uint32 // TreeGreater and TreeNaN of an inner node; of a leaf its number, above them
}

const (
	TreeGreater = 1 << iota // a row may go on to the second node: not that of a leaf
	TreeNaN                 // and so does NaN
	treeLeaf    = iota      // where a leaf's number begins
)

// LeafNode returns leaf k, which stands at index at.
func LeafNode[T float32 | float64](at, k int32, value T) TreeNode[T] {
	return TreeNode[T]{Value: value, Next: at, Flags: uint32(k) << treeLeaf}
}

// Leaf returns the number of a leaf.
func (n *TreeNode[T]) Leaf() int { return int(n.Flags >> treeLeaf) }

// MaxLeaves is how many leaves can be told apart.
const MaxLeaves = 1 << (32 - treeLeaf)

// WalkTree4 moves four rows, which begin at the given places of x, from the nodes at down to leaves.
func WalkTree4[T float32 | float64](nodes []TreeNode[T], x []T, row, at *[4]int32) {
	a, b, c, d := at[0], at[1], at[2], at[3]
	r0, r1, r2, r3 := row[0], row[1], row[2], row[3]
	for {
		na, nb, nc, nd := &nodes[a], &nodes[b], &nodes[c], &nodes[d]
		if (na.Flags|nb.Flags|nc.Flags|nd.Flags)&TreeGreater == 0 {
			break
		}
		a = na.next(x[r0+na.Feature])
		b = nb.next(x[r1+nb.Feature])
		c = nc.next(x[r2+nc.Feature])
		d = nd.next(x[r3+nd.Feature])
	}
	at[0], at[1], at[2], at[3] = a, b, c, d
}

// next returns the node after n. NaN is neither greater nor at most.
func (n *TreeNode[T]) next(x T) int32 {
	var greater, not uint32
	if x > n.Value {
		greater = 1
	}
	if !(x <= n.Value) {
		not = 1
	}
	return n.Next + int32((greater|not&(n.Flags>>1))&n.Flags)
}

// JustBelow returns the greatest number below v, NaN below −Inf.
func JustBelow[T float32 | float64](v T) T {
	if v := float64(v); math.IsInf(v, -1) {
		return T(math.NaN())
	}
	switch v := any(v).(type) {
	case float32:
		return T(math.Nextafter32(v, float32(math.Inf(-1))))
	case float64:
		return T(math.Nextafter(v, math.Inf(-1)))
	}
	return v
}
