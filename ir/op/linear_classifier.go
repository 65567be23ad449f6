package op

import (
	"errors"
	"fmt"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// LinearClassifierAttrs holds the weights of each score, one after the other, the labels of the classes, and what is done to the scores.
// MultiClass says how the model was trained, which changes nothing.
type LinearClassifierAttrs struct {
	LabelInts     []int     `ir:"classlabels_ints"`
	LabelStrings  []string  `ir:"classlabels_strings"`
	Coefficients  []float32 `ir:"coefficients"`
	Intercepts    []float32 `ir:"intercepts"`
	MultiClass    int       `ir:"multi_class"`
	PostTransform string    `ir:"post_transform"`
}

func (a LinearClassifierAttrs) labels() labels { return labels{a.LabelInts, a.LabelStrings} }

// scores returns how many scores there are, and of how many features each is made.
func (a LinearClassifierAttrs) scores() (scores, features int, err error) {
	l := a.labels()
	if err := l.check(); err != nil {
		return 0, 0, err
	}
	n := len(a.Intercepts)
	if n == 0 {
		n = l.len()
	}
	if len(a.Coefficients) == 0 {
		return 0, 0, errors.New("attribute coefficients is missing")
	}
	if len(a.Coefficients)%n != 0 {
		return 0, 0, fmt.Errorf("%d coefficients for %d scores", len(a.Coefficients), n)
	}
	if n != l.len() && (n != 1 || l.len() != 2) {
		return 0, 0, fmt.Errorf("%d scores for %d classes", n, l.len())
	}
	return n, len(a.Coefficients) / n, checkTransform(a.PostTransform)
}

// columns returns the width of the scores: one score of two classes tells the other.
func (a LinearClassifierAttrs) columns(scores int) int {
	if scores == 1 && a.labels().len() == 2 {
		return 2
	}
	return scores
}

// LinearClassifier is, for each row of x, the class of the greatest score, and the scores: x · wᵀ + b, transformed.
var LinearClassifier = defineN(DefN[LinearClassifierAttrs]{
	Name: "linear_classifier", ONNX: "LinearClassifier", Domain: mlDomain, Sig: "x " + features + " -> y i64|str, z? f32",
	Props: ir.Pure,
	Attrs: LinearClassifierAttrs{PostTransform: "NONE"},
	Infer: func(sc *ir.Scope, a LinearClassifierAttrs, in []ir.Known) ([]ir.Known, error) {
		n, f, err := a.scores()
		if err != nil {
			return nil, err
		}
		rows, err := tableOf(sc, in[0].Type, f)
		return []ir.Known{of(ir.TensorOf(a.labels().dtype(), rows)), of(ir.TensorOf(tensor.F32, rows, sym.Const(a.columns(n))))}, err
	},
	Eval: func(e *ir.Env, a LinearClassifierAttrs, in []tensor.Value) ([]tensor.Value, error) {
		n, f, err := a.scores()
		if err != nil {
			return nil, err
		}
		s, err := linearScores(e, tens(in, 0), a.Coefficients, a.Intercepts, n, f)
		if err != nil {
			return nil, err
		}
		index := make([]int, s.rows)
		cols := a.columns(n)
		out, err := alloc[float64](e, s.rows, cols)
		if err != nil {
			return nil, err
		}
		for i := range index {
			row := s.row(i)
			if cols == n {
				index[i] = argTop(row)
				transform(a.PostTransform, row)
				copy(out[i*cols:], row)
				continue
			}
			if row[0] > 0 {
				index[i] = 1
			}
			two := secondScore(a.PostTransform, row[0], false)
			copy(out[i*cols:], two[:])
		}
		return labelsAndScores(e, a.labels(), index, out, cols)
	},
})

// labelsAndScores returns the two results of a classifier.
func labelsAndScores(e *ir.Env, l labels, index []int, scores []float64, cols int) ([]tensor.Value, error) {
	y, err := l.pick(e, index)
	if err != nil {
		return nil, err
	}
	z, err := store(e, tensor.F32, scores, len(index), cols)
	return []tensor.Value{y, z}, err
}

// linearScores returns x · wᵀ + b for n scores of f features each; b may be empty.
func linearScores(e *ir.Env, x *tensor.Tensor, w, b []float32, n, f int) (table, error) {
	t, err := loadTable(e, x)
	if err == nil {
		err = t.wantFeatures(f)
	}
	if err != nil {
		return t, err
	}
	s := table{rows: t.rows, cols: n}
	if s.v, err = alloc[float64](e, s.rows, s.cols); err != nil {
		return t, err
	}
	for i := range t.rows {
		if err := e.Err(); err != nil {
			return t, err
		}
		row := t.row(i)
		for k := range n {
			sum := 0.0
			for j, c := range w[k*f:][:f] {
				sum += float64(c) * row[j]
			}
			if len(b) > 0 {
				sum += float64(b[k])
			}
			s.v[i*n+k] = sum
		}
	}
	return s, nil
}
