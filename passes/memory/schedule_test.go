package memory

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// network makes n steps that each make one buffer and read up to three earlier
// ones, mostly recent; some write in place, some read a buffer none makes.
func network(r *rand.Rand, n, reach int) ([]Step, []int) {
	steps, sizes := make([]Step, n), make([]int, n, n+1)
	for i := range steps {
		sizes[i] = r.IntN(1000)
		steps[i].Makes = []int{i}
		for range r.IntN(4) {
			if i > 0 {
				d := i - 1 - r.IntN(min(i, reach))
				steps[i].Deps = append(steps[i].Deps, d)
				steps[i].Uses = append(steps[i].Uses, d)
			}
		}
		if r.IntN(9) == 0 && i > 0 {
			steps[i].Makes = append(steps[i].Makes, i-1) // a second writer
			steps[i].Deps = append(steps[i].Deps, i-1)
		}
		if r.IntN(20) == 0 {
			steps[i].Uses = append(steps[i].Uses, n)
		}
	}
	return steps, append(sizes, 500)
}

func checkOrder(t *testing.T, steps []Step, sizes []int, o Order) {
	t.Helper()
	at := make([]int, len(steps))
	for i := range at {
		at[i] = -1
	}
	for k, i := range o.Steps {
		if at[i] >= 0 {
			t.Fatalf("step %d runs twice", i)
		}
		at[i] = k
	}
	if len(o.Steps) != len(steps) {
		t.Fatalf("%d of %d steps run", len(o.Steps), len(steps))
	}
	for i, s := range steps {
		for _, d := range s.Deps {
			if at[d] >= at[i] {
				t.Fatalf("step %d runs before step %d, on which it depends", i, d)
			}
		}
	}
	given := make([]int, len(steps))
	for i := range given {
		given[i] = i
	}
	if p := Peak(steps, sizes, o.Steps); p != o.Peak {
		t.Errorf("peak %d is reported as %d", p, o.Peak)
	}
	if p := Peak(steps, sizes, given); p != o.Given || o.Peak > p {
		t.Errorf("given peak %d is reported as %d; new peak %d", p, o.Given, o.Peak)
	}
	if o.Peak == o.Given && !slices.Equal(o.Steps, given) {
		t.Error("the given order is left without a gain")
	}
}

func TestScheduleIsTopologicalAndNeverWorse(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	better, searched := 0, 0
	for range 300 {
		steps, sizes := network(r, 1+r.IntN(60), 1+r.IntN(30))
		a, err := Schedule(steps, sizes, 0)
		if err != nil {
			t.Fatal(err)
		}
		checkOrder(t, steps, sizes, a)
		b, err := Schedule(steps, sizes, 500)
		if err != nil {
			t.Fatal(err)
		}
		checkOrder(t, steps, sizes, b)
		if a.Peak < a.Given {
			better++
		}
		if b.Peak < a.Peak {
			searched++
		}
		if b.Peak > a.Peak {
			t.Errorf("search raised the peak from %d to %d", a.Peak, b.Peak)
		}
	}
	t.Logf("of 300: greedy improved %d, search %d more", better, searched)
	if better == 0 || searched == 0 {
		t.Error("a stage never improved anything")
	}
}

// lowestPeak tries every topological order.
func lowestPeak(steps []Step, sizes []int) int {
	best := math.MaxInt
	var order []int
	used := make([]bool, len(steps))
	var visit func()
	visit = func() {
		if len(order) == len(steps) {
			best = min(best, Peak(steps, sizes, order))
			return
		}
		for i, s := range steps {
			if used[i] || slices.ContainsFunc(s.Deps, func(d int) bool { return !used[d] }) {
				continue
			}
			used[i], order = true, append(order, i)
			visit()
			used[i], order = false, order[:len(order)-1]
		}
	}
	visit()
	return best
}

func TestScheduleFindsTheLowestPeakOfSmallNetworks(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	for range 150 {
		steps, sizes := network(r, 1+r.IntN(7), 7)
		o, err := Schedule(steps, sizes, 100_000)
		if err != nil {
			t.Fatal(err)
		}
		checkOrder(t, steps, sizes, o)
		if want := lowestPeak(steps, sizes); o.Peak != want {
			t.Fatalf("%v %v: peak %d, best is %d", steps, sizes, o.Peak, want)
		}
	}
}

func TestScheduleFinishesOneBranchBeforeTheNext(t *testing.T) {
	// Eight branches, given breadth first: each makes a large buffer, then
	// shrinks it; a last step reads the eight small ones.
	var steps []Step
	var sizes []int
	last := Step{}
	for k := range 8 {
		steps = append(steps, Step{Makes: []int{2 * k}})
		sizes = append(sizes, 1000, 10)
	}
	for k := range 8 {
		steps = append(steps, Step{Deps: []int{k}, Uses: []int{2 * k}, Makes: []int{2*k + 1}})
		last.Deps, last.Uses = append(last.Deps, 8+k), append(last.Uses, 2*k+1)
	}
	o, err := Schedule(append(steps, last), sizes, 0)
	if err != nil {
		t.Fatal(err)
	}
	if o.Given != 8010 || o.Peak != 1080 {
		t.Errorf("peaks %d and %d, want 8010 and 1080", o.Given, o.Peak)
	}
}

func TestScheduleIsDeterministic(t *testing.T) {
	steps, sizes := network(rand.New(rand.NewPCG(6, 6)), 300, 40)
	a, _ := Schedule(steps, sizes, 2000)
	b, _ := Schedule(steps, sizes, 2000)
	if !slices.Equal(a.Steps, b.Steps) {
		t.Error("two runs differ")
	}
}

func TestScheduleRefusesWhatCannotRun(t *testing.T) {
	for want, c := range map[string]struct {
		steps []Step
		sizes []int
	}{
		"step 0 depends on step 1": {[]Step{{Deps: []int{1}}, {}}, nil},
		"step 0 depends on step 0": {[]Step{{Deps: []int{0}}}, nil},
		"step -1":                  {[]Step{{Deps: []int{-1}}}, nil},
		"buffer 3 of 1":            {[]Step{{Uses: []int{3}}}, []int{1}},
		"negative or overflow":     {nil, []int{math.MaxInt, 1}},
		"buffer 0: -1":             {nil, []int{-1}},
	} {
		if _, err := Schedule(c.steps, c.sizes, 10); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v does not contain %q", err, want)
		}
	}
	if o, err := Schedule(nil, nil, 10); err != nil || o.Peak != 0 {
		t.Errorf("no steps: %v, %v", o, err)
	}
}

func BenchmarkSchedule10000(b *testing.B) {
	steps, sizes := network(rand.New(rand.NewPCG(9, 9)), 10_000, 12)
	var o Order
	for b.Loop() {
		o, _ = Schedule(steps, sizes, 20_000)
	}
	b.ReportMetric(float64(o.Given), "given")
	b.ReportMetric(float64(o.Peak), "peak")
}
