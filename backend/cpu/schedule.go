package cpu

import (
	"github.com/cameo-onnx/cameo/backend"
	"github.com/cameo-onnx/cameo/passes/memory"
)

// scheduleSteps bounds the search for a better order.
const scheduleSteps = 20000

// schedule orders the steps for least peak memory, where all sizes are constant: elsewhere the order of the graph stands.
func (e *emitter) schedule() error {
	p := e.p
	sizes := make([]int, len(p.Buffers))
	for i, b := range p.Buffers {
		n, ok := b.Size.Int()
		if !ok {
			return nil
		}
		sizes[i] = lines(n)
	}
	if p.Lates > 0 || len(p.Syms) > 0 || len(p.Steps) < 3 {
		return nil
	}
	steps := dependencies(p)
	// One more step uses the outputs, so that they live to the end.
	last := memory.Step{}
	for i := range p.Steps {
		last.Deps = append(last.Deps, i)
	}
	for i, b := range p.Buffers {
		if b.Last == forever {
			last.Uses = append(last.Uses, i)
		}
	}
	order, err := memory.Schedule(append(steps, last), sizes, scheduleSteps)
	if err != nil {
		return err
	}
	if order.Peak >= order.Given {
		return nil
	}
	sorted := make([]backend.Step, 0, len(p.Steps))
	for _, i := range order.Steps {
		if i < len(p.Steps) {
			sorted = append(sorted, p.Steps[i])
		}
	}
	p.Steps = sorted
	e.relive()
	return nil
}

// dependencies returns which steps each step must follow: those that wrote what it reads, and those that read what it writes over.
func dependencies(p *backend.Plan) []memory.Step {
	type access struct {
		writer  int
		readers []int
	}
	seen := map[[2]int]*access{}
	out := make([]memory.Step, len(p.Steps))
	for i, st := range p.Steps {
		for j, a := range st.Args {
			if a < 0 {
				continue
			}
			s := p.Slots[a]
			key := [2]int{int(s.Space), s.Index}
			if s.Space == backend.Object {
				key[1] = a
			}
			if s.Space == backend.InConsts || s.Space == backend.InInput {
				continue
			}
			at := seen[key]
			if at == nil {
				at = &access{writer: -1}
				seen[key] = at
			}
			if at.writer >= 0 && at.writer != i {
				out[i].Deps = append(out[i].Deps, at.writer)
			}
			if j >= len(st.Args)-st.Outs {
				for _, r := range at.readers {
					if r != i {
						out[i].Deps = append(out[i].Deps, r)
					}
				}
				at.writer, at.readers = i, nil
				if s.Space == backend.InArena {
					out[i].Makes = append(out[i].Makes, s.Index)
				}
			} else {
				at.readers = append(at.readers, i)
				if s.Space == backend.InArena {
					out[i].Uses = append(out[i].Uses, s.Index)
				}
			}
		}
	}
	return out
}

// relive sets the lifetimes of buffers after the steps have changed places.
func (e *emitter) relive() {
	p := e.p
	for i := range p.Buffers {
		b := &p.Buffers[i]
		b.First = len(p.Steps)
		if b.Last != forever {
			b.Last = 0
		}
	}
	for i, st := range p.Steps {
		for _, a := range st.Args {
			if a < 0 || p.Slots[a].Space != backend.InArena {
				continue
			}
			b := &p.Buffers[p.Slots[a].Index]
			b.First = min(b.First, i)
			if b.Last != forever {
				b.Last = max(b.Last, i)
			}
		}
	}
}
