package op

import (
	"fmt"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// TreeEnsembleClassifierAttrs holds the nodes of all trees and the votes of their leaves, each named by the numbers of tree and node.
// Numbers that are doubles stand in tensors. Hit rates change nothing.
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

func (a TreeEnsembleClassifierAttrs) compile() (*Ensemble, error) {
	if err := a.labels().check(); err != nil {
		return nil, err
	}
	if err := checkTransform(a.PostTransform); err != nil {
		return nil, err
	}
	base, err := floatsOf("base_values", a.BaseValues, a.BaseValuesTensor)
	if err != nil {
		return nil, err
	}
	l := treeList{a.TreeIDs, a.NodeIDs, a.FeatureIDs, a.TrueNodeIDs, a.FalseNodeIDs, a.MissingTracksTrue, a.Modes, a.Values, a.ValuesTensor,
		a.ClassTreeIDs, a.ClassNodeIDs, a.ClassIDs, a.ClassWeights, a.ClassWeightsTensor, a.labels().len()}
	if n := len(base); n > l.targets {
		return nil, fmt.Errorf("%d base values for %d classes", n, l.targets)
	}
	f, err := l.forest()
	if err != nil {
		return nil, err
	}
	m := &Ensemble{Forest: *f, base: base, How: AggregateSum, post: a.PostTransform, classes: true, one: f.Targets == 2, positive: true}
	for i, w := range l.voteTargets {
		m.one = m.one && w == l.voteTargets[0]
		m.positive = m.positive && l.weight(i) >= 0
	}
	return m, nil
}

// ClassLabels returns the labels of the classes that [Ensemble.Finish] tells, where they are integers. A score that only says for or
// against has the labels 1 and 0, whatever those of the model are, unless all votes are for one class: so ONNX Runtime has it.
func (a TreeEnsembleClassifierAttrs) ClassLabels(m *Ensemble) []int {
	if m.Targets == 1 || m.Targets == 2 && !m.one {
		return []int{0, 1}
	}
	return a.LabelInts
}

// TreeEnsembleClassifier is, for each row of x, the class for which the leaves that it reaches vote, and the scores of all classes:
// sums of votes and base values, transformed.
var TreeEnsembleClassifier = defineN(DefN[TreeEnsembleClassifierAttrs]{
	Name: "tree_ensemble_classifier", ONNX: "TreeEnsembleClassifier", Domain: mlDomain, Sig: "x " + features + " -> y i64|str, z? f32",
	Props: ir.Pure,
	Attrs: TreeEnsembleClassifierAttrs{PostTransform: "NONE"},
	Infer: func(sc *ir.Scope, a TreeEnsembleClassifierAttrs, in []ir.Known) ([]ir.Known, error) {
		c, err := a.compile()
		if err != nil {
			return nil, err
		}
		rows, err := rowsWithFeatures(sc, in[0].Type, c.Features)
		return []ir.Known{of(ir.TensorOf(a.labels().dtype(), rows)), of(ir.TensorOf(tensor.F32, rows, sym.Const(c.Targets)))}, err
	},
	Eval: func(e *ir.Env, a TreeEnsembleClassifierAttrs, in []tensor.Value) ([]tensor.Value, error) {
		c, err := a.compile()
		if err != nil {
			return nil, err
		}
		index := []int{}
		s, err := c.scores(e, tens(in, 0), func(class int) { index = append(index, class) })
		if err != nil {
			return nil, err
		}
		l := a.labels()
		if len(l.ints) > 0 {
			l.ints = a.ClassLabels(c)
		} else {
			for i, k := range index {
				index[i] = min(k, len(l.strs)-1)
			}
		}
		return labelsAndScores(e, l, index, s.v, s.cols)
	},
})
