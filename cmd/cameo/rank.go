package main

import (
	"fmt"
	"io"
	"slices"
	"strconv"

	"github.com/cameo-onnx/cameo"
	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/op"
	"github.com/cameo-onnx/cameo/ir/tensor"
	"github.com/cameo-onnx/cameo/onnx/wire"
	"github.com/cameo-onnx/cameo/runtime/values"
)

// classifiers are the ops whose scores are not made probabilities by softmax: most are already.
var classifiers = []*ir.Op{op.LinearClassifier.Op, op.Normalizer.Op, op.SVMClassifier.Op, op.TreeEnsembleClassifier.Op}

// A ranking is the highest classes of an output, a list for each row.
type ranking struct {
	Output string    `json:"output"`
	Scores string    `json:"scores"` // what the numbers are
	Rows   [][]class `json:"rows"`
}

type class struct {
	Class int    `json:"class"`
	Label string `json:"label,omitempty"`
	Score real   `json:"score"`
}

// scoresOf returns the first output that holds scores: floats, or a map from classes to floats for each row, whose keys then
// are the labels. Where there is none, it is the first output.
func scoresOf(results []values.Named) (name string, t *cameo.Tensor, keys []string) {
	for _, r := range results {
		switch v := r.Value.(type) {
		case *cameo.Tensor:
			if v.DType().IsFloat() && v.Rank() > 0 {
				return r.Name, v, nil
			}
		case *cameo.Sequence:
			if t, keys := tableOf(v); t != nil {
				return r.Name, t, keys
			}
		}
	}
	t, _ = results[0].Value.(*cameo.Tensor)
	return results[0].Name, t, nil
}

// tableOf returns the values of maps as rows, and the keys that all maps have; nil where there is no such table.
func tableOf(s *cameo.Sequence) (*cameo.Tensor, []string) {
	var rows []float32
	var keys *cameo.Tensor
	for _, e := range s.Elems {
		m, ok := e.(*cameo.Map)
		if !ok || !m.Values.DType().IsFloat() || keys != nil && !tensor.Equal(keys, m.Keys) {
			return nil, nil
		}
		keys = m.Keys
		for i := range m.Values.Len() {
			rows = append(rows, float32(m.Values.Float64At(i)))
		}
	}
	if len(rows) == 0 {
		return nil, nil
	}
	var names []string
	for i := range keys.Len() {
		if keys.DType() == tensor.String {
			names = append(names, keys.Strings()[i])
		} else {
			names = append(names, strconv.FormatInt(keys.Int64At(i), 10))
		}
	}
	return cameo.NewTensor(rows, len(s.Elems), keys.Len()), names
}

func (f *runFlags) rank(m *loaded, results []values.Named, labels []string) (*ranking, error) {
	name, t, keys := scoresOf(results)
	if t == nil {
		return nil, fmt.Errorf("output %s is no tensor, and has no classes", wire.Quote(name))
	}
	if labels == nil {
		labels = keys
	}
	out := &ranking{Output: name, Scores: "scores as the model gives them"}
	var scale func([]float64)
	switch end := m.ends[name]; {
	case f.scores == "raw" || f.scores == "auto" && (keys != nil || slices.Contains(classifiers, end)):
	case f.scores == "softmax":
		scale, out.Scores = values.Softmax, "probabilities, by softmax of the output"
	case end == op.Softmax.Op:
		out.Scores = "probabilities, as the model's own softmax gives them"
	case end == op.LogSoftmax.Op:
		scale, out.Scores = values.Exp, "probabilities, by exp of the model's own log-softmax"
	case end == op.Sigmoid.Op:
		out.Scores = "scores as the model's own sigmoid gives them, each by itself"
	case t.DType().IsFloat():
		scale, out.Scores = values.Softmax, "probabilities, by softmax of the output"
	}
	rows, err := values.Top(t, f.top, scale)
	if err != nil {
		return nil, fmt.Errorf("output %s: %w", wire.Quote(name), err)
	}
	for _, row := range rows {
		var list []class
		for _, k := range row {
			c := class{Class: k.Class, Score: real(k.Score)}
			if k.Class < len(labels) {
				c.Label = labels[k.Class]
			}
			list = append(list, c)
		}
		out.Rows = append(out.Rows, list)
	}
	return out, nil
}

func (r *ranking) print(w io.Writer) {
	fmt.Fprintf(w, "%s: %s\n", wire.Quote(r.Output), r.Scores)
	for i, row := range r.Rows {
		if len(r.Rows) > 1 {
			fmt.Fprintf(w, "row %d\n", i)
		}
		for _, k := range row {
			label := ""
			if k.Label != "" {
				label = " " + oneLine(k.Label)
			}
			fmt.Fprintf(w, "%6d  %.6f%s\n", k.Class, k.Score, label)
		}
	}
}
