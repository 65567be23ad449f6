package kern

import "slices"

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
	if !s.transposed {
		return s.ranges(a)
	}
	for p := range min(s.stride[a], s.out[a]) {
		out = append(out, s.phase(a, p))
	}
	return out
}

// ranges cuts a plain convolution's outputs along an axis where taps begin or cease to lie in the image, if dilation puts so
// many outside that leaving them out saves a fifth of the work: a pyramid of dilations over small images has most of its taps
// there. Each range is a phase with the taps that all of it sees. Zeros are left out so; a surrounding that is none counts.
func (s *convShape) ranges(a int) (out []axisPhase) {
	whole := s.phase(a, 0)
	size, stride := s.out[a], s.stride[a]
	if s.surrounded || s.dil[a] < 2 || s.k[a] > 7 || s.cg < narrow || size < narrow {
		return []axisPhase{whole}
	}
	see := make([][2]int, s.k[a]) // the outputs that see a tap's place
	cuts, seen := []int{0, size}, 0
	for i, t := range whole.taps {
		from := min(max(0, (stride-1-t.at)/stride), size)
		to := min(max(from, (s.in[a]-t.at+stride-1)/stride), size)
		see[i] = [2]int{from, to}
		cuts, seen = append(cuts, from, to), seen+to-from
	}
	if 5*seen > 4*size*s.k[a] {
		return []axisPhase{whole}
	}
	slices.Sort(cuts)
	cuts = slices.Compact(cuts)
	for i, end := range cuts[1:] {
		f := axisPhase{first: cuts[i], ostep: 1, istep: stride, count: end - cuts[i]}
		for k, t := range whole.taps {
			if see[k][0] <= f.first && end <= see[k][1] {
				f.taps = append(f.taps, tap{t.k, t.at + f.first*stride})
			}
		}
		out = append(out, f)
	}
	return out
}

// before returns how many taps of the kernel are packed before those of a phase.
func (s *convShape) before(at [3]axisPhase) int {
	z, y, x := at[0], at[1], at[2]
	nz, ny := len(z.taps), len(y.taps)
	return z.before*s.k[1]*s.k[2] + nz*y.before*s.k[2] + nz*ny*x.before
}
