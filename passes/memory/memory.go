package memory

import (
	"fmt"
	"math"
)

// DefaultAlign is the alignment, in bytes, of a buffer whose Align is 0.
const DefaultAlign = 64

// A Buffer is a block of Size bytes that lives from step First to step Last,
// both inclusive. Its offset is a multiple of Align, a power of two; 0 stands
// for [DefaultAlign]. Its size is rounded up to a multiple of Align.
type Buffer struct{ Size, Align, First, Last int }

// A Placement is an arena: one offset per buffer, with its certificate.
type Placement struct {
	Offsets    []int // in bytes, in the order of the buffers
	Size       int   // bytes that the arena needs
	LowerBound int   // largest sum of rounded sizes live at one step
	Exact      bool  // no smaller arena exists: Size is LowerBound, or the search was exhausted
}

// Gap is the number of bytes by which the arena exceeds its lower bound.
func (p Placement) Gap() int { return p.Size - p.LowerBound }

// align is the buffer's alignment with the default filled in.
func (b Buffer) align() int {
	if b.Align == 0 {
		return DefaultAlign
	}
	return b.Align
}

// alignUp is x rounded up to a multiple of a, a power of two; the caller has
// made sure that the sum fits.
func alignUp(x, a int) int { return (x + a - 1) &^ (a - 1) }

// validate refuses what cannot be placed. Afterwards no sum that a planner
// forms, over any subset of the buffers, can overflow.
func validate(bufs []Buffer) error {
	if len(bufs) > math.MaxInt32/4 {
		return fmt.Errorf("memory: %d buffers: more than %d", len(bufs), math.MaxInt32/4)
	}
	total := 0
	for i, b := range bufs {
		a := b.align()
		switch {
		case b.Size < 0:
			return fmt.Errorf("memory: buffer %d: negative size %d", i, b.Size)
		case a < 0 || a&(a-1) != 0:
			return fmt.Errorf("memory: buffer %d: alignment %d is not a power of two", i, a)
		case b.First < 0 || b.Last < b.First:
			return fmt.Errorf("memory: buffer %d: lives from step %d to step %d", i, b.First, b.Last)
		case a > math.MaxInt/4 || b.Size > math.MaxInt-2*a-total:
			return fmt.Errorf("memory: buffer %d: %d bytes on top of %d overflow", i, b.Size, total)
		}
		total += alignUp(b.Size, a) + a
	}
	return nil
}
