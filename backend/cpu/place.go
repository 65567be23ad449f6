package cpu

import (
	"github.com/cameo-onnx/cameo/backend"
	"github.com/cameo-onnx/cameo/passes/memory"
)

// searchSteps bounds the planner's search where all sizes are constant.
const searchSteps = 5000

// place puts the buffers into the arena, if all sizes are constant.
func (e *emitter) place() error {
	p := e.p
	bufs := make([]memory.Buffer, len(p.Buffers))
	for i := range p.Buffers {
		b := &p.Buffers[i]
		b.Last = min(b.Last, len(p.Steps))
		n, ok := b.Size.Int()
		if !ok {
			return nil
		}
		bufs[i] = memory.Buffer{Size: n, First: b.First, Last: b.Last}
	}
	pl, err := memory.Place(bufs, searchSteps)
	if err != nil {
		return err
	}
	p.Arena = backend.Arena{Offsets: pl.Offsets, Size: pl.Size, LowerBound: pl.LowerBound}
	return nil
}
