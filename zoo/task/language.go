package task

import (
	"context"
	"fmt"

	"github.com/cameo-onnx/cameo/ir/tensor"
	"github.com/cameo-onnx/cameo/zoo/data"
)

// A Reader reads names letter by letter. Inputs are the letter and the state, outputs the scores and the next state.
type Reader struct {
	Run                         Run
	Letter, State, Scores, Next string
	Hidden                      int
	letter                      *tensor.Tensor
}

// Read returns the scores of the languages after the last letter of a name.
func (r *Reader) Read(ctx context.Context, name string) ([]float32, error) {
	folded := data.Fold(name)
	if folded == "" {
		return nil, fmt.Errorf("%q holds no letter of the alphabet %q", name, data.Alphabet)
	}
	if r.letter == nil {
		r.letter = tensor.New(tensor.F32, 1, len(data.Alphabet))
	}
	var state tensor.Value = tensor.New(tensor.F32, 1, r.Hidden)
	var out map[string]tensor.Value
	for i := range len(folded) {
		data.OneHot(r.letter, folded[i])
		var err error
		if out, err = r.Run(ctx, map[string]tensor.Value{r.Letter: r.letter, r.State: state}, r.Scores, r.Next); err != nil {
			return nil, err
		}
		state = out[r.Next]
	}
	rows, err := split(out[r.Scores], 1)
	if err != nil {
		return nil, fmt.Errorf("output %s: %w", r.Scores, err)
	}
	return rows[0], nil
}

// Languages reads all names of a set and says how many were told right.
func (r *Reader) Languages(ctx context.Context, set *data.Names, progress func(int)) (*Classified, error) {
	var c Classified
	for i, name := range set.Names {
		scores, err := r.Read(ctx, name)
		if err != nil {
			return nil, err
		}
		if err := c.add(scores, set.Labels[i]); err != nil {
			return nil, err
		}
		if progress != nil {
			progress(i + 1)
		}
	}
	return &c, nil
}
