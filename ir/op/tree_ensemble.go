package op

import (
	"errors"
	"fmt"
	"slices"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// TreeEnsembleAttrs holds inner nodes, named by their places, and leaves, each of which votes for one target. The members that nodes
// test for stand one set after the other, each ended by a NaN. Hit rates change nothing.
type TreeEnsembleAttrs struct {
	AggregateFunction int            `ir:"aggregate_function"`
	LeafTargetIDs     []int          `ir:"leaf_targetids"`
	LeafWeights       *tensor.Tensor `ir:"leaf_weights"`
	MembershipValues  *tensor.Tensor `ir:"membership_values"`
	Targets           int            `ir:"n_targets"`
	FalseLeafs        []int          `ir:"nodes_falseleafs"`
	FalseNodeIDs      []int          `ir:"nodes_falsenodeids"`
	FeatureIDs        []int          `ir:"nodes_featureids"`
	HitRates          *tensor.Tensor `ir:"nodes_hitrates"`
	MissingTracksTrue []int          `ir:"nodes_missing_value_tracks_true"`
	Modes             *tensor.Tensor `ir:"nodes_modes"`
	Splits            *tensor.Tensor `ir:"nodes_splits"`
	TrueLeafs         []int          `ir:"nodes_trueleafs"`
	TrueNodeIDs       []int          `ir:"nodes_truenodeids"`
	PostTransform     int            `ir:"post_transform"`
	Roots             []int          `ir:"tree_roots"`
}

func (a TreeEnsembleAttrs) check() error {
	switch {
	case a.LeafWeights == nil || a.Modes == nil || a.Splits == nil:
		return errors.New("leaf_weights, nodes_modes or nodes_splits is missing")
	case a.AggregateFunction < 0 || a.AggregateFunction >= len(aggregates):
		return fmt.Errorf("aggregate_function %d", a.AggregateFunction)
	case a.PostTransform < 0 || a.PostTransform >= len(transforms):
		return fmt.Errorf("post_transform %d", a.PostTransform)
	case a.Targets < 1 || a.Targets > 1<<30:
		return fmt.Errorf("n_targets %d", a.Targets)
	case a.Modes.DType() != tensor.U8:
		return fmt.Errorf("nodes_modes of %v", a.Modes.DType())
	case !a.LeafWeights.DType().IsFloat() || !a.Splits.DType().IsFloat() || a.MembershipValues != nil && !a.MembershipValues.DType().IsFloat():
		return errors.New("leaf_weights, nodes_splits or membership_values are no floats")
	case a.LeafWeights.Len() != len(a.LeafTargetIDs):
		return fmt.Errorf("%d leaf_weights, but %d leaf_targetids", a.LeafWeights.Len(), len(a.LeafTargetIDs))
	case a.Modes.Len() > 1<<29 || a.LeafWeights.Len() > 1<<29:
		return fmt.Errorf("%d nodes and %d leaves", a.Modes.Len(), a.LeafWeights.Len())
	}
	return sameLengths(a.Modes.Len(), []listLength{
		{"nodes_splits", a.Splits.Len()}, {"nodes_featureids", len(a.FeatureIDs)}, {"nodes_trueleafs", len(a.TrueLeafs)},
		{"nodes_falseleafs", len(a.FalseLeafs)}, {"nodes_truenodeids", len(a.TrueNodeIDs)}, {"nodes_falsenodeids", len(a.FalseNodeIDs)},
	}, listLength{"nodes_missing_value_tracks_true", len(a.MissingTracksTrue)})
}

// place returns where a node stands, or behind all of them a leaf.
func (a TreeEnsembleAttrs) place(id, leaf int) (int32, error) {
	inner, leaves := a.Modes.Len(), a.LeafWeights.Len()
	if leaf != 0 {
		if id >= 0 && id < leaves {
			return int32(inner + id), nil
		}
		return 0, fmt.Errorf("there is no leaf %d of %d", id, leaves)
	}
	if id >= 0 && id < inner {
		return int32(id), nil
	}
	return 0, fmt.Errorf("there is no node %d of %d", id, inner)
}

// compile links the nodes; the leaves follow them.
func (a TreeEnsembleAttrs) compile() (_ *Ensemble, err error) {
	if err := a.check(); err != nil {
		return nil, err
	}
	inner, leaves := a.Modes.Len(), a.LeafWeights.Len()
	r := &Ensemble{How: Aggregate(a.AggregateFunction), post: transforms[a.PostTransform],
		Forest: Forest{Nodes: make([]TreeNode, inner+leaves), Votes: make([]TreeVote, leaves), Targets: a.Targets, Sets: sortedSets(a.MembershipValues)}}
	f := &r.Forest
	for i := range leaves {
		t := a.LeafTargetIDs[i]
		if t < 0 || t >= a.Targets {
			return r, fmt.Errorf("leaf %d votes for target %d of %d", i, t, a.Targets)
		}
		f.Votes[i] = TreeVote{int32(t), a.LeafWeights.Float64At(i)}
		f.Nodes[inner+i] = TreeNode{Yes: int32(i), No: int32(i + 1), Mode: TreeLeaf}
	}
	members := 0
	for i, m := range a.Modes.Bytes() {
		n := &f.Nodes[i]
		if n.Mode, n.Value = TreeMode(m), a.Splits.Float64At(i); n.Mode > BranchMember {
			return r, fmt.Errorf("node %d: mode %d", i, m)
		}
		if n.Mode == BranchMember {
			n.Value = float64(members)
			members++
		}
		n.Missing = len(a.MissingTracksTrue) > 0 && a.MissingTracksTrue[i] == 1
		if n.Feature, err = f.addFeature(a.FeatureIDs[i]); err != nil {
			return r, err
		}
		if n.Yes, err = a.place(a.TrueNodeIDs[i], a.TrueLeafs[i]); err != nil {
			return r, err
		}
		if n.No, err = a.place(a.FalseNodeIDs[i], a.FalseLeafs[i]); err != nil {
			return r, err
		}
	}
	if members != len(f.Sets) {
		return r, fmt.Errorf("%d sets of members for %d nodes that test for them", len(f.Sets), members)
	}
	for _, id := range a.Roots {
		root, err := a.place(id, 0)
		if err != nil {
			return r, err
		}
		f.Roots = append(f.Roots, root)
	}
	if len(f.Roots) == 0 {
		return r, errors.New("attribute tree_roots is missing")
	}
	_, err = f.check()
	return r, err
}

// sortedSets returns the sets that t holds, each ended by a NaN.
func sortedSets(t *tensor.Tensor) (out [][]float64) {
	if t == nil {
		return nil
	}
	from := 0
	v := t.Float64s()
	for i, x := range v {
		if x != x {
			slices.Sort(v[from:i])
			out = append(out, v[from:i])
			from = i + 1
		}
	}
	if from < len(v) {
		slices.Sort(v[from:])
		out = append(out, v[from:])
	}
	return out
}

// TreeEnsemble is, for each row of x, the sum, mean, least or greatest of the votes of the leaves that it reaches, transformed.
var TreeEnsemble = define(Def[TreeEnsembleAttrs]{
	Name: "tree_ensemble", ONNX: "TreeEnsemble", Domain: mlDomain, Sig: "x T -> y T; T f32|f64|f16",
	Props: ir.Pure,
	Attrs: TreeEnsembleAttrs{AggregateFunction: int(AggregateSum)},
	Infer: func(sc *ir.Scope, a TreeEnsembleAttrs, in []ir.Known) (ir.Known, error) {
		r, err := a.compile()
		if err != nil {
			return ir.Known{}, err
		}
		rows, err := rowsWithFeatures(sc, in[0].Type, r.Features)
		return of(ir.TensorOf(in[0].Type.DType, rows, sym.Const(r.Targets))), err
	},
	Eval: func(e *ir.Env, a TreeEnsembleAttrs, in []tensor.Value) (tensor.Value, error) {
		r, err := a.compile()
		if err != nil {
			return nil, err
		}
		return r.eval(e, tens(in, 0), tens(in, 0).DType())
	},
})
