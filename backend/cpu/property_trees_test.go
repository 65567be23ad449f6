package cpu_test

import (
	"math"

	"github.com/cameo-onnx/cameo/ir/tensor"
)

var branches = []string{"BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT", "BRANCH_EQ", "BRANCH_NEQ"}

// threshold is a number that integers, and some floats drawn here, are equal to, or one of the ends of the line.
func (c *trial) threshold() float32 {
	if c.one(12) {
		return pick(c, float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.NaN()), math.MaxFloat32, float32(math.Copysign(0, -1)), 1e-45)
	}
	if c.coin() {
		return float32(c.from(-3, 3))
	}
	return float32(c.r.Float64()*6 - 3)
}

// table adds the features: rows enough for more than one block, some of them NaN.
func (c *trial) table(features int) {
	d := []int{pick(c, 0, 1, 2, 3, 4, 5, 9, 130, 300), features + c.from(0, 2)}
	if c.one(8) {
		d = d[1:]
	}
	x := c.x(d...)
	if x.DType().IsFloat() && x.Len() > 0 && c.coin() {
		for range 1 + x.Len()/8 {
			x.SetFloat64At(c.r.IntN(x.Len()), pick(c, math.NaN(), 0, 1, -2))
		}
	}
}

// treeLists draws trees in the older form, nodes by tree and number.
func (c *trial) treeLists(classes bool) {
	targets, features := pick(c, 1, 2, 2, 3), c.from(1, 4)
	var trees, ids, feature, yes, no, missing, voteTrees, voteNodes, voteTargets []int
	var modes []string
	var values, weights []float32
	uniform, only := c.one(3), pick(c, branches...)
	for tree := range pick(c, 1, 2, 3, 4, 5, 9) {
		var grow func(depth int) int
		n := 0
		grow = func(depth int) int {
			at, id := len(ids), n
			n++
			trees, ids, feature, yes, no = append(trees, tree), append(ids, id), append(feature, c.r.IntN(features)), append(yes, 0), append(no, 0)
			values, missing, modes = append(values, c.threshold()), append(missing, c.r.IntN(2)), append(modes, "LEAF")
			if depth == 0 || c.one(4) {
				for range pick(c, 0, 1, 1, 1, 2) {
					voteTrees, voteNodes, voteTargets = append(voteTrees, tree), append(voteNodes, id), append(voteTargets, c.r.IntN(targets))
					weights = append(weights, float32(c.r.NormFloat64()))
				}
				return id
			}
			if modes[at] = pick(c, branches...); uniform {
				modes[at] = only
			}
			yes[at] = grow(depth - 1)
			if no[at] = yes[at]; !c.one(8) {
				no[at] = grow(depth - 1)
			}
			return id
		}
		grow(c.from(0, 5))
	}
	prefix := "Target"
	if classes {
		prefix = "Class"
		c.set("LabelInts", []int{7, 3, 5}[:targets])
		c.outs = 2
	} else {
		c.set("Targets", targets)
		c.set("AggregateFunction", pick(c, "SUM", "AVERAGE", "MIN", "MAX"))
	}
	for name, v := range map[string]any{"TreeIDs": trees, "NodeIDs": ids, "FeatureIDs": feature, "TrueNodeIDs": yes, "FalseNodeIDs": no, "Modes": modes, "Values": values,
		prefix + "TreeIDs": voteTrees, prefix + "NodeIDs": voteNodes, prefix + "IDs": voteTargets, prefix + "Weights": weights} {
		c.set(name, v)
	}
	if c.coin() {
		c.set("MissingTracksTrue", missing)
	}
	if c.coin() {
		c.set("BaseValues", []float32{0.5, -1, 2}[:targets])
	}
	c.set("PostTransform", pick(c, "NONE", "SOFTMAX", "LOGISTIC", "SOFTMAX_ZERO"))
	c.table(features)
}

// treeArrays draws trees in the newer form, nodes and leaves by place.
func (c *trial) treeArrays() {
	targets, features, n := c.from(1, 3), c.from(1, 4), c.from(1, 30)
	var roots, feature, yes, no, yesLeaf, noLeaf, missing, target []int
	modes, splits, weights, members := make([]uint8, n), make([]float32, n), []float32{}, []float32{}
	leaf := func() int {
		target, weights = append(target, c.r.IntN(targets)), append(weights, float32(c.r.NormFloat64()))
		return len(target) - 1
	}
	// Node i goes on to nodes behind it, or to leaves: several may go on to one.
	child := func(i int) (place, isLeaf int) {
		if i+1 < n && !c.one(3) {
			return c.from(i+1, n-1), 0
		}
		return leaf(), 1
	}
	for i := range n {
		modes[i], splits[i] = uint8(c.r.IntN(6)), c.threshold()
		if c.one(20) {
			modes[i] = 6
			members = append(members, float32(c.from(-2, 2)), float32(c.from(-2, 2)), float32(math.NaN()))
		}
		y, yl := child(i)
		k, kl := child(i)
		yes, yesLeaf, no, noLeaf = append(yes, y), append(yesLeaf, yl), append(no, k), append(noLeaf, kl)
		feature, missing = append(feature, c.r.IntN(features)), append(missing, c.r.IntN(2))
	}
	for range c.from(1, 6) {
		roots = append(roots, c.r.IntN(n))
	}
	for name, v := range map[string]any{"Targets": targets, "AggregateFunction": c.r.IntN(4), "PostTransform": c.r.IntN(4), "Roots": roots, "FeatureIDs": feature, "TrueNodeIDs": yes, "FalseNodeIDs": no,
		"TrueLeafs": yesLeaf, "FalseLeafs": noLeaf, "LeafTargetIDs": target} {
		c.set(name, v)
	}
	c.set("Modes", tensor.Of(modes, n))
	c.set("Splits", tensor.Of(splits, n))
	c.set("LeafWeights", tensor.Of(weights, len(weights)))
	if len(members) > 0 {
		c.set("MembershipValues", tensor.Of(members, len(members)))
	}
	if c.coin() {
		c.set("MissingTracksTrue", missing)
	}
	c.table(features)
}
