package memory

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// random makes n buffers with lives of mixed length, of which a few are long.
func random(r *rand.Rand, n, steps int) []Buffer {
	bufs := make([]Buffer, n)
	for i := range bufs {
		first := r.IntN(steps)
		life := r.IntN(5)
		if r.IntN(8) == 0 {
			life = r.IntN(steps)
		}
		size := r.IntN(1 << 12)
		if r.IntN(10) == 0 {
			size <<= 8
		}
		bufs[i] = Buffer{Size: size, First: first, Last: min(first+life, steps)}
		if r.IntN(6) == 0 {
			bufs[i].Align = 1 << r.IntN(9)
		}
	}
	return bufs
}

// cut makes buffers that fill an arena of width × steps without a gap, by
// cutting it up at random: the best size is width, and hard to find.
func cut(r *rand.Rand, width, steps, n int) []Buffer {
	type box struct{ lo, hi, first, last int }
	boxes := []box{{0, width, 0, steps - 1}}
	for len(boxes) < n {
		slices.SortStableFunc(boxes, func(a, b box) int {
			return (b.hi-b.lo)*(b.last-b.first+1) - (a.hi-a.lo)*(a.last-a.first+1)
		})
		i := r.IntN(1 + len(boxes)/4)
		b := boxes[i]
		if b.last > b.first && (r.IntN(2) == 0 || b.hi-b.lo < 2) {
			at := b.first + r.IntN(b.last-b.first)
			boxes[i].last = at
			boxes = append(boxes, box{b.lo, b.hi, at + 1, b.last})
		} else if b.hi-b.lo >= 2 {
			at := b.lo + 1 + r.IntN(b.hi-b.lo-1)
			boxes[i].hi = at
			boxes = append(boxes, box{at, b.hi, b.first, b.last})
		}
	}
	bufs := make([]Buffer, n)
	for i, b := range boxes {
		bufs[i] = Buffer{Size: 64 * (b.hi - b.lo), First: b.first, Last: b.last}
	}
	r.Shuffle(n, func(i, j int) { bufs[i], bufs[j] = bufs[j], bufs[i] })
	return bufs
}

func TestPlacePassesTheCheckerOnRandomBuffers(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var reused Placer
	for range 300 {
		bufs := random(r, r.IntN(120), 1+r.IntN(60))
		p, err := Place(bufs, 200)
		if err != nil {
			t.Fatal(err)
		}
		if err := Check(bufs, p); err != nil {
			t.Fatal(err)
		}
		if p.Size == p.LowerBound && !p.Exact {
			t.Error("a placement that meets its bound is not marked exact")
		}
		out := make([]int, len(bufs))
		size, err := reused.Place(bufs, out)
		if err != nil {
			t.Fatal(err)
		}
		if err := Check(bufs, Placement{Offsets: out, Size: size, LowerBound: p.LowerBound}); err != nil {
			t.Fatalf("Placer: %v", err)
		}
		if size < p.Size {
			t.Errorf("greedy alone needs %d bytes, with search %d", size, p.Size)
		}
	}
}

func TestPlaceMeetsTheBoundOnSimpleNetworks(t *testing.T) {
	chain := make([]Buffer, 200) // each lives until the next step reads it
	for i := range chain {
		chain[i] = Buffer{Size: 64 * (1 + i*7919%53), First: i, Last: i + 1}
	}
	residual := slices.Clone(chain) // every fourth value is added back three steps later
	for i := 0; i < len(residual); i += 4 {
		residual[i] = Buffer{Size: 4096, First: i, Last: i + 4}
	}
	for name, bufs := range map[string][]Buffer{"chain": chain, "residual": residual, "none": nil, "empty": {{First: 3, Last: 9}}} {
		p, err := Place(bufs, 0)
		if err != nil {
			t.Fatal(err)
		}
		if err := Check(bufs, p); err != nil {
			t.Error(name, err)
		}
		if p.Size != p.LowerBound || !p.Exact {
			t.Errorf("%s: %d bytes, bound %d", name, p.Size, p.LowerBound)
		}
	}
}

func TestSearchImprovesHardInstances(t *testing.T) {
	greedy, searched, optimal := 0.0, 0.0, 0
	for seed := range uint64(12) {
		bufs := cut(rand.New(rand.NewPCG(seed, 7)), 200, 80, 60)
		for _, steps := range []int{0, 20_000} {
			p, err := Place(bufs, steps)
			if err != nil {
				t.Fatal(err)
			}
			if err := Check(bufs, p); err != nil {
				t.Fatal(err)
			}
			gap := float64(p.Gap()) / float64(p.LowerBound)
			if steps == 0 {
				greedy += gap / 12
			} else {
				searched += gap / 12
				if p.Exact {
					optimal++
				}
			}
		}
	}
	t.Logf("mean gap: greedy %.1f%%, searched %.1f%%; %d of 12 optimal", 100*greedy, 100*searched, optimal)
	if searched >= greedy/2 {
		t.Errorf("search brings the mean gap from %.1f%% to %.1f%% only", 100*greedy, 100*searched)
	}
}

// bruteForce is the smallest arena over all orders of first fit, which contain
// every canonical placement.
func bruteForce(bufs []Buffer) int {
	best := math.MaxInt
	offs := make([]int, len(bufs))
	var place func(done, size int)
	place = func(done, size int) {
		if size >= best {
			return
		}
		if done == 1<<len(bufs)-1 {
			best = size
			return
		}
		for i, b := range bufs {
			if done>>i&1 == 1 {
				continue
			}
			low := 0
			for j, c := range bufs {
				if done>>j&1 == 1 && c.First <= b.Last && b.First <= c.Last {
					low = max(low, offs[j]+alignUp(c.Size, c.align()))
				}
			}
			offs[i] = alignUp(low, b.align())
			place(done|1<<i, max(size, offs[i]+alignUp(b.Size, b.align())))
		}
	}
	place(0, 0)
	return best
}

func TestExactMeansNoSmallerArenaExists(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	aboveBound := 0
	for range 300 {
		bufs := make([]Buffer, 1+r.IntN(9))
		for i := range bufs {
			first := r.IntN(6)
			bufs[i] = Buffer{Size: 64 * (1 + r.IntN(5)), First: first, Last: first + r.IntN(4)}
			if i%2 == 0 {
				bufs[i].Align = 256
			}
		}
		p, err := Place(bufs, 100_000)
		if err != nil {
			t.Fatal(err)
		}
		if err := Check(bufs, p); err != nil {
			t.Fatal(err)
		}
		if !p.Exact {
			t.Errorf("search of %d buffers did not finish", len(bufs))
		}
		if want := bruteForce(bufs); p.Size != want {
			t.Fatalf("%v: %d bytes, best is %d", bufs, p.Size, want)
		}
		if p.Gap() > 0 {
			aboveBound++
		}
	}
	t.Logf("%d of 300 best arenas are above the bound", aboveBound)
	if aboveBound == 0 {
		t.Error("no instance has a best arena above its bound: exhaustion was never tested")
	}
}

func TestPlaceIsDeterministic(t *testing.T) {
	bufs := cut(rand.New(rand.NewPCG(3, 3)), 150, 60, 50)
	a, _ := Place(bufs, 3000)
	for range 3 {
		b, _ := Place(bufs, 3000)
		if !slices.Equal(a.Offsets, b.Offsets) || a.Size != b.Size || a.Exact != b.Exact {
			t.Fatal("two runs differ")
		}
	}
}

func TestPlacerAllocatesNothingWhenReused(t *testing.T) {
	bufs := random(rand.New(rand.NewPCG(4, 4)), 300, 100)
	var p Placer
	out := make([]int, len(bufs))
	if _, err := p.Place(bufs, out); err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(5, func() { _, _ = p.Place(bufs, out) }); n != 0 {
		t.Errorf("%v allocations per call", n)
	}
}

func TestPlaceRefusesImpossibleBuffers(t *testing.T) {
	for want, bufs := range map[string][]Buffer{
		"negative size":      {{Size: -1}},
		"not a power of two": {{Size: 1, Align: 48}},
		"lives from step":    {{Size: 1, First: 2, Last: 1}},
		"overflow":           {{Size: math.MaxInt / 2}, {Size: math.MaxInt / 2}},
		"buffer 1":           {{Size: 1}, {Size: math.MaxInt}},
		"alignment -64":      {{Size: 1, Align: -64}},
	} {
		if _, err := Place(bufs, 10); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: error %v does not contain %q", bufs, err, want)
		}
	}
	var p Placer
	if _, err := p.Place(make([]Buffer, 2), make([]int, 1)); err == nil {
		t.Error("a short out is accepted")
	}
}

func TestCheckCatchesPlantedFaults(t *testing.T) {
	bufs := []Buffer{{Size: 100, First: 0, Last: 2}, {Size: 64, First: 1, Last: 1}, {Size: 64, First: 2, Last: 3}, {Size: 256, First: 3, Last: 4}}
	good, err := Place(bufs, 100)
	if err != nil {
		t.Fatal(err)
	}
	if err := Check(bufs, good); err != nil {
		t.Fatal(err)
	}
	for want, spoil := range map[string]func(*Placement){
		"overlap":       func(p *Placement) { p.Offsets[1] = p.Offsets[0] },
		"at step 2":     func(p *Placement) { p.Offsets[2] = p.Offsets[0] + 64 },
		"not a multi":   func(p *Placement) { p.Offsets[3] += 32 },
		"-64":           func(p *Placement) { p.Offsets[0] = -64 },
		"exceed":        func(p *Placement) { p.Size = 128 },
		"lower bound 5": func(p *Placement) { p.LowerBound = 5 },
		"3 offsets":     func(p *Placement) { p.Offsets = p.Offsets[:3] },
	} {
		bad := good
		bad.Offsets = slices.Clone(good.Offsets)
		spoil(&bad)
		if err := Check(bufs, bad); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("planted %q: got %v", want, err)
		}
	}
}

func BenchmarkPlace6000(b *testing.B) {
	bufs := random(rand.New(rand.NewPCG(9, 9)), 6000, 6000)
	var pl Placement
	for b.Loop() {
		pl, _ = Place(bufs, 0)
	}
	b.ReportMetric(100*float64(pl.Gap())/float64(pl.LowerBound), "gap-%")
}

func BenchmarkPlacer300(b *testing.B) {
	bufs := random(rand.New(rand.NewPCG(9, 9)), 300, 300)
	out := make([]int, len(bufs))
	var p Placer
	for b.Loop() {
		_, _ = p.Place(bufs, out)
	}
}

func BenchmarkPlaceAllLive6000(b *testing.B) {
	bufs := make([]Buffer, 6000)
	for i := range bufs {
		bufs[i] = Buffer{Size: 64 * (1 + i%97), First: i % 3, Last: 6000 - i%3, Align: 64 << (i % 3)}
	}
	for b.Loop() {
		_, _ = Place(bufs, 0)
	}
}
