package jpeg2000

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
)

// What is known of a coefficient: which of its neighbours are significant, the signs of four of them, and of itself.
const (
	sigNE = 1 << iota
	sigSE
	sigSW
	sigNW
	sigN
	sigE
	sigS
	sigW
	negN
	negE
	negS
	negW
	significant
	refined
	visited

	sigAround = sigNE | sigSE | sigSW | sigNW | sigN | sigE | sigS | sigW
)

// significance is the context of a coefficient's significance, by the kind of the band and sigAround (table D.1).
var significance = func() (t [4][256]uint8) {
	count := func(f int, masks ...int) (n int) {
		for _, m := range masks {
			if f&m != 0 {
				n++
			}
		}
		return n
	}
	for kind := range t {
		for f := range t[kind] {
			h, v, d := count(f, sigE, sigW), count(f, sigN, sigS), count(f, sigNE, sigSE, sigSW, sigNW)
			if kind == 1 {
				h, v = v, h
			}
			t[kind][f] = lowContext(h, v, d)
			if kind == 3 {
				t[kind][f] = diagonalContext(h+v, d)
			}
		}
	}
	return t
}()

// lowContext is the context in bands of which one side at least is low, by how many neighbours beside, above or below, and diagonally are
// significant.
func lowContext(h, v, d int) uint8 {
	switch {
	case h == 2:
		return 8
	case h == 1 && v > 0:
		return 7
	case h == 1 && d > 0:
		return 6
	case h == 1:
		return 5
	case v == 2:
		return 4
	case v == 1:
		return 3
	}
	return uint8(min(d, 2))
}

// diagonalContext is the context in bands that are high on both sides.
func diagonalContext(hv, d int) uint8 {
	switch {
	case d >= 3:
		return 8
	case d == 2:
		return uint8(6 + min(hv, 1))
	case d == 1:
		return uint8(3 + min(hv, 2))
	}
	return uint8(min(hv, 2))
}

// signs is the context of a sign and what it is inverted by, as 2·context + inversion, by bits 4 to 11 of what is known (table D.3).
var signs = func() (t [256]uint8) {
	side := func(f, sig, neg int) int {
		switch {
		case f&sig == 0:
			return 0
		case f&neg == 0:
			return 1
		}
		return -1
	}
	for i := range t {
		f := i << 4
		h := min(max(side(f, sigE, negE)+side(f, sigW, negW), -1), 1)
		v := min(max(side(f, sigN, negN)+side(f, sigS, negS), -1), 1)
		n, invert := 3*h+v, uint8(0)
		if n < 0 {
			n, invert = -n, 1
		}
		t[i] = 2*(signContext+[]uint8{0, 1, 2, 3, 4}[n]) + invert
	}
	return t
}()

// worker decodes code-blocks, with memory for one.
type worker struct {
	coder
	flags      []uint16 // with a border of one
	values     []int32  // twice the coefficients, in the middle of what is known of them
	wide, high int
	style      uint8
	kind       int
}

// job is a code-block and where it goes.
type job struct {
	p    *plane
	kind int
	step float32
	b    *block
}

// decodeBlocks decodes all code-blocks of a tile, several at a time.
func decodeBlocks(d *decoder, planes []plane) error {
	var jobs []job
	for i := range planes {
		jobs = planes[i].appendJobs(jobs)
	}
	const batch = 1024
	for len(jobs) > 0 {
		if err := d.take(0); err != nil {
			return err
		}
		n := min(batch, len(jobs))
		if err := decodeBatch(jobs[:n]); err != nil {
			return err
		}
		jobs = jobs[n:]
	}
	return nil
}

// appendJobs adds the code-blocks of p that packets have told of.
func (p *plane) appendJobs(jobs []job) []job {
	for r := range p.levels {
		l := &p.levels[r]
		for n := range l.precincts {
			for b, band := range l.bands {
				blocks := l.precincts[n].cells[b].blocks
				for k := range blocks {
					if blocks[k].seen {
						jobs = append(jobs, job{p, band.kind, band.step, &blocks[k]})
					}
				}
			}
		}
	}
	return jobs
}

func decodeBatch(jobs []job) error {
	var next atomic.Int64
	var wide atomic.Bool
	var bug atomic.Value
	var group sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), ceil(len(jobs), 8)) {
		group.Go(func() {
			defer func() {
				if r := recover(); r != nil {
					bug.Store(fmt.Sprintf("%v\n%s", r, debug.Stack()))
				}
			}()
			w := new(worker)
			for n := int(next.Add(1)) - 1; n < len(jobs) && !wide.Load(); n = int(next.Add(1)) - 1 {
				if !w.decode(jobs[n]) {
					wide.Store(true)
				}
			}
		})
	}
	group.Wait()
	if r := bug.Load(); r != nil {
		panic(r) // where the caller can recover it
	}
	if wide.Load() {
		return fmt.Errorf("code-blocks of more than 30 bits: %w", ErrUnsupported)
	}
	return nil
}

// decode decodes one code-block, and says whether its numbers have room.
func (w *worker) decode(j job) bool {
	b, shift := j.b, j.p.shift
	plane := int(b.planes) + shift
	if plane > 30 {
		return false
	}
	w.wide, w.high, w.style, w.kind = int(b.wide), int(b.high), j.p.style, j.kind
	n := w.wide * w.high
	if cap(w.values) < n {
		w.values = make([]int32, n)
	}
	w.values = w.values[:n]
	clear(w.values)
	if n = (w.wide + 2) * (w.high + 2); cap(w.flags) < n {
		w.flags = make([]uint16, n)
	}
	w.flags = w.flags[:n]
	clear(w.flags)
	w.resetContexts()
	data, pass := b.data, 2
	for _, g := range b.segments {
		raw := w.style&styleBypass != 0 && pass < 2 && plane <= int(b.planes)-4
		if raw {
			w.beginRaw(data[:g.bytes])
		} else {
			w.begin(data[:g.bytes])
		}
		data = data[g.bytes:]
		for range g.passes {
			if plane < 1 {
				break
			}
			w.pass(pass, plane, raw)
			if w.style&styleReset != 0 && !raw {
				w.resetContexts()
			}
			if pass++; pass == 3 {
				pass = 0
				plane--
			}
		}
	}
	w.store(j)
	return true
}

func (w *worker) pass(pass, plane int, raw bool) {
	one := int32(1) << plane
	switch {
	case pass == 0:
		w.significancePass(one|one>>1, raw)
	case pass == 1:
		w.refinementPass(one>>1, raw)
	default:
		w.cleanupPass(one | one>>1)
		if w.style&styleSegmark != 0 {
			for range 4 {
				w.bit(evenContext)
			}
		}
	}
}

// store writes the coefficients to the plane. Those above the shift of the region of interest belong to it.
func (w *worker) store(j job) {
	p := j.p
	if s := p.shift; s > 0 {
		for i, v := range w.values {
			if m := max(v, -v); m >= 1<<s {
				m >>= s
				if v < 0 {
					m = -m
				}
				w.values[i] = m
			}
		}
	}
	stride := p.wide()
	for y := range w.high {
		from := w.values[y*w.wide : (y+1)*w.wide]
		at := (int(j.b.y)+y)*stride + int(j.b.x)
		if p.reversible {
			for x, v := range from {
				p.ints[at+x] = v / 2
			}
			continue
		}
		for x, v := range from {
			p.floats[at+x] = float32(v) * j.step
		}
	}
}
