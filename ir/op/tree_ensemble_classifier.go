package op

import (
	"fmt"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// TreeEnsembleClassifierAttrs holds the nodes of all trees and the votes of their leaves, each named by the numbers of tree and node. Numbers that are doubles stand in tensors.
// Hit rates change nothing.
type TreeEnsembleClassifierAttrs struct {
	BaseValues         []float32      `ir:"base_values"`
	BaseValuesTensor   *tensor.Tensor `ir:"base_values_as_tensor"`
	ClassIDs           []int          `ir:"class_ids"`
	ClassNodeIDs       []int          `ir:"class_nodeids"`
	ClassTreeIDs       []int          `ir:"class_treeids"`
	ClassWeights       []float32      `ir:"class_weights"`
	ClassWeightsTensor *tensor.Tensor `ir:"class_weights_as_tensor"`
	LabelInts          []int          `ir:"classlabels_int64s"`
	LabelStrings       []string       `ir:"classlabels_strings"`
	FalseNodeIDs       []int          `ir:"nodes_falsenodeids"`
	FeatureIDs         []int          `ir:"nodes_featureids"`
	HitRates           []float32      `ir:"nodes_hitrates"`
	HitRatesTensor     *tensor.Tensor `ir:"nodes_hitrates_as_tensor"`
	MissingTracksTrue  []int          `ir:"nodes_missing_value_tracks_true"`
	Modes              []string       `ir:"nodes_modes"`
	NodeIDs            []int          `ir:"nodes_nodeids"`
	TreeIDs            []int          `ir:"nodes_treeids"`
	TrueNodeIDs        []int          `ir:"nodes_truenodeids"`
	Values             []float32      `ir:"nodes_values"`
	ValuesTensor       *tensor.Tensor `ir:"nodes_values_as_tensor"`
	PostTransform      string         `ir:"post_transform"`
}

func (a TreeEnsembleClassifierAttrs) labels() labels { return labels{a.LabelInts, a.LabelStrings} }

// classTrees is a forest that votes for classes.
type classTrees struct {
	*forest
	base     []float64
	post     string
	one      bool // of two classes, all votes are for one
	positive bool // no vote has a negative weight
}

func (a TreeEnsembleClassifierAttrs) compile() (c classTrees, err error) {
	if err := a.labels().check(); err != nil {
		return c, err
	}
	if err := checkTransform(a.PostTransform); err != nil {
		return c, err
	}
	if c.base, err = floatsOf("base_values", a.BaseValues, a.BaseValuesTensor); err != nil {
		return c, err
	}
	l := treeList{a.TreeIDs, a.NodeIDs, a.FeatureIDs, a.TrueNodeIDs, a.FalseNodeIDs, a.MissingTracksTrue, a.Modes, a.Values, a.ValuesTensor,
		a.ClassTreeIDs, a.ClassNodeIDs, a.ClassIDs, a.ClassWeights, a.ClassWeightsTensor, a.labels().len()}
	if n := len(c.base); n > l.targets {
		return c, fmt.Errorf("%d base values for %d classes", n, l.targets)
	}
	c.forest, err = l.forest()
	if err != nil {
		return c, err
	}
	c.post, c.one, c.positive = a.PostTransform, c.targets == 2, true
	for _, v := range c.votes {
		c.one = c.one && v.target == c.votes[0].target
		c.positive = c.positive && v.weight >= 0
	}
	return c, nil
}

// TreeEnsembleClassifier is, for each row of x, the class for which the leaves that it reaches vote, and the scores of all classes: sums of votes and base values, transformed.
var TreeEnsembleClassifier = defineN(DefN[TreeEnsembleClassifierAttrs]{
	Name: "tree_ensemble_classifier", ONNX: "TreeEnsembleClassifier", Domain: mlDomain, Sig: "x " + features + " -> y i64|str, z? f32",
	Props: ir.Pure,
	Attrs: TreeEnsembleClassifierAttrs{PostTransform: "NONE"},
	Infer: func(sc *ir.Scope, a TreeEnsembleClassifierAttrs, in []ir.Known) ([]ir.Known, error) {
		c, err := a.compile()
		if err != nil {
			return nil, err
		}
		rows, err := rowsWithFeatures(sc, in[0].Type, c.features)
		return []ir.Known{of(ir.TensorOf(a.labels().dtype(), rows)), of(ir.TensorOf(tensor.F32, rows, sym.Const(c.targets)))}, err
	},
	Eval: func(e *ir.Env, a TreeEnsembleClassifierAttrs, in []tensor.Value) ([]tensor.Value, error) {
		c, err := a.compile()
		if err != nil {
			return nil, err
		}
		index := []int{}
		s, err := c.scores(e, tens(in, 0), aggregateSum, func(s []float64, voted []bool) { index = append(index, c.decide(s, voted)) })
		if err != nil {
			return nil, err
		}
		return labelsAndScores(e, a.labels(), index, s.v, s.cols)
	},
})

// decide adds the base values to the scores of a row, transforms them, and returns the class.
func (c *classTrees) decide(s []float64, voted []bool) int {
	if len(s) <= 2 {
		return c.decideTwo(s, voted)
	}
	for k, b := range c.base {
		s[k] += b
		voted[k] = true
	}
	top := -1
	for k, x := range s {
		if voted[k] && (top < 0 || x > s[top]) {
			top = k
		}
	}
	transform(c.post, s)
	return max(top, 0)
}

// decideTwo is decide for two classes. Where no vote was for the second, the score of the first is that of the second, and its own follows from it: so engines read models whose
// trees vote for one class.
func (c *classTrees) decideTwo(s []float64, voted []bool) int {
	second := len(s) > 1 && voted[1]
	switch {
	case len(c.base) == 2 && second:
		s[1] += c.base[1]
		s[0] += c.base[0]
	case len(c.base) == 2:
		s[0] += c.base[0]
		s[1] += c.base[1]
		second = true
	case len(c.base) == 1:
		s[0] += c.base[0]
	}
	x, class := s[0], 0
	if second {
		x = s[1]
	}
	if x > 0.5 || x > 0 && !(c.one && c.positive) {
		class = 1
	}
	switch {
	case second || len(s) == 1:
		transform(c.post, s)
	default:
		two := secondScore(c.post, x, !c.positive || !c.one)
		copy(s, two[:])
	}
	return min(class, len(s)-1)
}
