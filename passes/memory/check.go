package memory

import (
	"cmp"
	"fmt"
	"slices"
)

// Check proves a placement: one offset per buffer, aligned, within Size, no two
// live buffers on the same byte, and LowerBound the largest live set. It sweeps
// over the steps with the live buffers in order of offset, and shares no code
// with the planner.
func Check(bufs []Buffer, p Placement) error {
	if len(p.Offsets) != len(bufs) {
		return fmt.Errorf("memory: %d offsets for %d buffers", len(p.Offsets), len(bufs))
	}
	if err := validate(bufs); err != nil {
		return err
	}
	for i, b := range bufs {
		switch off := p.Offsets[i]; {
		case off < 0 || off%b.align() != 0:
			return fmt.Errorf("memory: buffer %d: offset %d is not a multiple of %d", i, off, b.align())
		case off > p.Size || b.Size > p.Size-off:
			return fmt.Errorf("memory: buffer %d: %d bytes at %d exceed the arena of %d", i, b.Size, off, p.Size)
		}
	}
	bound, err := sweep(bufs, p.Offsets)
	switch {
	case err != nil:
		return err
	case bound != p.LowerBound:
		return fmt.Errorf("memory: lower bound %d, but the largest live set is %d", p.LowerBound, bound)
	}
	return nil
}

// sweep walks the steps in order and returns the largest live set, or the first
// pair of live buffers that overlap.
func sweep(bufs []Buffer, offsets []int) (bound int, err error) {
	var begin []int
	for i, b := range bufs {
		if b.Size > 0 {
			begin = append(begin, i)
		}
	}
	end := slices.Clone(begin)
	slices.SortStableFunc(begin, func(a, b int) int { return cmp.Compare(bufs[a].First, bufs[b].First) })
	slices.SortStableFunc(end, func(a, b int) int { return cmp.Compare(bufs[a].Last, bufs[b].Last) })
	byOffset := func(a, b int) int { return cmp.Compare(offsets[a], offsets[b]) }

	var live []int // by offset
	sum, gone := 0, 0
	for _, i := range begin {
		b := bufs[i]
		for bufs[end[gone]].Last < b.First {
			dead := end[gone]
			at, _ := slices.BinarySearchFunc(live, dead, byOffset)
			live = slices.Delete(live, at, at+1)
			sum -= (bufs[dead].Size + bufs[dead].align() - 1) / bufs[dead].align() * bufs[dead].align()
			gone++
		}
		at, same := slices.BinarySearchFunc(live, i, byOffset)
		for _, k := range []int{at - 1, at} {
			if k < 0 || k >= len(live) {
				continue
			}
			j := live[k]
			if same && k == at || offsets[i] < offsets[j]+bufs[j].Size && offsets[j] < offsets[i]+b.Size {
				return 0, fmt.Errorf("memory: buffers %d [%d,%d) and %d [%d,%d) overlap at step %d",
					j, offsets[j], offsets[j]+bufs[j].Size, i, offsets[i], offsets[i]+b.Size, b.First)
			}
		}
		live = slices.Insert(live, at, i)
		sum += (b.Size + b.align() - 1) / b.align() * b.align()
		bound = max(bound, sum)
	}
	return bound, nil
}
