package task

import (
	"context"
	"fmt"

	"github.com/cameo-onnx/cameo/ir/tensor"
)

// Run runs a model: RunValues of a *cameo.Model, or Run of a *runtime.Model.
type Run func(ctx context.Context, in map[string]tensor.Value, outputs ...string) (map[string]tensor.Value, error)

// A Model maps items to items.
type Model struct {
	Run           Run
	Input, Output string
	Item          []int     // the sizes of an item of the input
	Rows          int       // of a batch; 0: any number
	Progress      func(int) // if not nil, is told how many items are done
}

// Size returns the number of elements of an item.
func (m *Model) Size() int { n, _ := tensor.Count(m.Item); return n }

// Each runs n items, which items returns in batches, and hands over the results of each batch as rows.
func (m *Model) Each(ctx context.Context, n int, items func(from, to int) *tensor.Tensor, each func(from int, rows [][]float32) error) error {
	size := 100
	if m.Rows > 0 {
		size = m.Rows
	}
	for from := 0; from < n; from += size {
		to := min(from+size, n)
		if m.Rows > 0 && to-from < m.Rows {
			return fmt.Errorf("%d items do not fill batches of %d, which the model asks for", n, m.Rows)
		}
		out, err := m.Run(ctx, map[string]tensor.Value{m.Input: items(from, to)}, m.Output)
		if err != nil {
			return err
		}
		rows, err := split(out[m.Output], to-from)
		if err != nil {
			return fmt.Errorf("output %s: %w", m.Output, err)
		}
		if err := each(from, rows); err != nil {
			return err
		}
		if m.Progress != nil {
			m.Progress(to)
		}
	}
	return nil
}

// split returns the n rows of a tensor, which share its memory.
func split(v tensor.Value, n int) ([][]float32, error) {
	t, ok := v.(*tensor.Tensor)
	if !ok || t == nil {
		return nil, fmt.Errorf("there is no such tensor")
	}
	if t.DType() != tensor.F32 || t.Rank() == 0 || t.Dims()[0] != n {
		return nil, fmt.Errorf("%v%v is no batch of %d float32 rows", t.DType(), t.Dims(), n)
	}
	x := tensor.Data[float32](t)
	width := len(x) / max(n, 1)
	rows := make([][]float32, n)
	for i := range rows {
		rows[i] = x[i*width : (i+1)*width]
	}
	return rows, nil
}

// All is Each that gathers the results.
func (m *Model) All(ctx context.Context, n int, items func(from, to int) *tensor.Tensor) ([][]float32, error) {
	out := make([][]float32, 0, n)
	err := m.Each(ctx, n, items, func(_ int, rows [][]float32) error {
		out = append(out, rows...)
		return nil
	})
	return out, err
}
