package inspect

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/cameo-onnx/cameo/backend"
)

// A Profile adds up how long the steps of one session take. Its Add is a Timed function of runtime.Options.
type Profile struct{ steps map[*backend.Step]*StepTime }

// A StepTime is what one step took, over all runs.
type StepTime struct {
	Kernel string        `json:"kernel"`
	Nodes  []string      `json:"nodes,omitempty"` // of the ONNX model
	Calls  int           `json:"calls"`
	Time   time.Duration `json:"total_ns"`
	Bodies bool          `json:"runs_bodies,omitempty"` // their steps are listed too
}

// Add adds one call.
func (p *Profile) Add(s *backend.Step, d time.Duration) {
	t := p.steps[s]
	if t == nil {
		t = &StepTime{Kernel: kernelOf(*s), Nodes: s.From, Bodies: len(s.Subs) > 0}
		if p.steps == nil {
			p.steps = map[*backend.Step]*StepTime{}
		}
		p.steps[s] = t
	}
	t.Calls++
	t.Time += d
}

// Reset forgets all calls so far.
func (p *Profile) Reset() { clear(p.steps) }

// Steps returns the steps, the longest first.
func (p *Profile) Steps() []StepTime { return longestFirst(p.steps) }

// ByKernel adds up the steps of each kernel, those left out that run bodies; the longest first.
func (p *Profile) ByKernel() []StepTime {
	sums := map[string]*StepTime{}
	for _, s := range p.steps {
		if s.Bodies {
			continue
		}
		t := sums[s.Kernel]
		if t == nil {
			t = &StepTime{Kernel: s.Kernel}
			sums[s.Kernel] = t
		}
		t.Calls += s.Calls
		t.Time += s.Time
	}
	return longestFirst(sums)
}

func longestFirst[K comparable](times map[K]*StepTime) []StepTime {
	var all []StepTime
	for _, t := range times {
		all = append(all, *t)
	}
	slices.SortFunc(all, func(a, b StepTime) int {
		return cmp.Or(cmp.Compare(b.Time, a.Time), strings.Compare(a.Kernel, b.Kernel), slices.Compare(a.Nodes, b.Nodes))
	})
	return all
}
