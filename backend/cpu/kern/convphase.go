package kern

// A tap is one place of the kernel along one axis.
type tap struct {
	k  int // in the kernel
	at int // the coordinate of its input for the phase's first output
}

// An axisPhase is the outputs along one axis that see the same taps: all of them for a plain
// convolution, every stride-th for a transposed one. Output i lies at first + i·ostep and its taps
// read from at + i·istep.
type axisPhase struct {
	first, ostep, istep int
	count               int // outputs
	taps                []tap
	before              int // taps of the phases before this one
}

// phase returns the phase of one axis whose first output is at p.
func (s *convShape) phase(a, p int) axisPhase {
	k, stride, dil, front := s.k[a], s.stride[a], s.dil[a], s.front[a]
	if !s.transposed {
		f := axisPhase{ostep: 1, istep: stride, count: s.out[a]}
		for i := range k {
			f.taps = append(f.taps, tap{i, i*dil - front})
		}
		return f
	}
	// Output p+i·stride takes input (p + front - k·dil)/stride + i. Later taps read earlier
	// inputs: they come first, so that neighbours in the sum are neighbours in memory.
	f := axisPhase{first: p, ostep: stride, istep: 1, count: max(0, (s.out[a]-p+stride-1)/stride)}
	for i := k - 1; i >= 0; i-- {
		d := p + front - i*dil
		r := d % stride
		if r < 0 {
			r += stride
		}
		if r == 0 {
			f.taps = append(f.taps, tap{i, d / stride})
		}
	}
	for i := range k {
		if s.phaseOf(a, i) < p {
			f.before++
		}
	}
	return f
}

// phaseOf returns the phase that tap i of an axis belongs to.
func (s *convShape) phaseOf(a, i int) int {
	if !s.transposed {
		return 0
	}
	r := (i*s.dil[a] - s.front[a]) % s.stride[a]
	if r < 0 {
		r += s.stride[a]
	}
	return r
}

// tapped returns the phases of an axis that have taps.
func (s *convShape) tapped(a int) (out []axisPhase) {
	seen := map[int]bool{}
	for i := range s.k[a] {
		if p := s.phaseOf(a, i); !seen[p] {
			seen[p] = true
			out = append(out, s.phase(a, p))
		}
	}
	return out
}

// visible returns the phases of an axis that have outputs.
func (s *convShape) visible(a int) (out []axisPhase) {
	n := 1
	if s.transposed {
		n = min(s.stride[a], s.out[a])
	}
	for p := range n {
		out = append(out, s.phase(a, p))
	}
	return out
}

// before returns how many taps of the kernel are packed before those of a phase.
func (s *convShape) before(at [3]axisPhase) int {
	z, y, x := at[0], at[1], at[2]
	nz, ny := len(z.taps), len(y.taps)
	return z.before*s.k[1]*s.k[2] + nz*y.before*s.k[2] + nz*ny*x.before
}
