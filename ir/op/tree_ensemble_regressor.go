package op

import (
	"fmt"
	"slices"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// TreeEnsembleRegressorAttrs holds the nodes of all trees and the votes of their leaves, each named by the numbers of tree and node.
// Numbers that are doubles stand in tensors. Hit rates change nothing.
type TreeEnsembleRegressorAttrs struct {
	AggregateFunction   string         `ir:"aggregate_function"`
	BaseValues          []float32      `ir:"base_values"`
	BaseValuesTensor    *tensor.Tensor `ir:"base_values_as_tensor"`
	Targets             int            `ir:"n_targets"`
	FalseNodeIDs        []int          `ir:"nodes_falsenodeids"`
	FeatureIDs          []int          `ir:"nodes_featureids"`
	HitRates            []float32      `ir:"nodes_hitrates"`
	HitRatesTensor      *tensor.Tensor `ir:"nodes_hitrates_as_tensor"`
	MissingTracksTrue   []int          `ir:"nodes_missing_value_tracks_true"`
	Modes               []string       `ir:"nodes_modes"`
	NodeIDs             []int          `ir:"nodes_nodeids"`
	TreeIDs             []int          `ir:"nodes_treeids"`
	TrueNodeIDs         []int          `ir:"nodes_truenodeids"`
	Values              []float32      `ir:"nodes_values"`
	ValuesTensor        *tensor.Tensor `ir:"nodes_values_as_tensor"`
	PostTransform       string         `ir:"post_transform"`
	TargetIDs           []int          `ir:"target_ids"`
	TargetNodeIDs       []int          `ir:"target_nodeids"`
	TargetTreeIDs       []int          `ir:"target_treeids"`
	TargetWeights       []float32      `ir:"target_weights"`
	TargetWeightsTensor *tensor.Tensor `ir:"target_weights_as_tensor"`
}

func (a TreeEnsembleRegressorAttrs) compile() (*Ensemble, error) {
	how := slices.Index(aggregates, a.AggregateFunction)
	if how < 0 {
		return nil, fmt.Errorf("aggregate_function %q", a.AggregateFunction)
	}
	if a.Targets < 1 || a.Targets > 1<<30 {
		return nil, fmt.Errorf("n_targets %d", a.Targets)
	}
	if err := checkTransform(a.PostTransform); err != nil {
		return nil, err
	}
	base, err := floatsOf("base_values", a.BaseValues, a.BaseValuesTensor)
	if err != nil {
		return nil, err
	}
	if n := len(base); n != 0 && n != a.Targets {
		return nil, fmt.Errorf("%d base values for %d targets", n, a.Targets)
	}
	l := treeList{a.TreeIDs, a.NodeIDs, a.FeatureIDs, a.TrueNodeIDs, a.FalseNodeIDs, a.MissingTracksTrue, a.Modes, a.Values, a.ValuesTensor,
		a.TargetTreeIDs, a.TargetNodeIDs, a.TargetIDs, a.TargetWeights, a.TargetWeightsTensor, a.Targets}
	f, err := l.forest()
	if err != nil {
		return nil, err
	}
	return &Ensemble{Forest: *f, base: base, How: Aggregate(how), post: a.PostTransform}, nil
}

// TreeEnsembleRegressor is, for each row of x, the sum, mean, least or greatest of the votes of the leaves that it reaches, plus base
// values, transformed.
var TreeEnsembleRegressor = define(Def[TreeEnsembleRegressorAttrs]{
	Name: "tree_ensemble_regressor", ONNX: "TreeEnsembleRegressor", Domain: mlDomain, Sig: "x " + features + " -> y f32",
	Props: ir.Pure,
	Attrs: TreeEnsembleRegressorAttrs{AggregateFunction: "SUM", PostTransform: "NONE"},
	Infer: func(sc *ir.Scope, a TreeEnsembleRegressorAttrs, in []ir.Known) (ir.Known, error) {
		r, err := a.compile()
		if err != nil {
			return ir.Known{}, err
		}
		rows, err := rowsWithFeatures(sc, in[0].Type, r.Features)
		return of(ir.TensorOf(tensor.F32, rows, sym.Const(r.Targets))), err
	},
	Eval: func(e *ir.Env, a TreeEnsembleRegressorAttrs, in []tensor.Value) (tensor.Value, error) {
		r, err := a.compile()
		if err != nil {
			return nil, err
		}
		return r.eval(e, tens(in, 0), tensor.F32)
	},
})
