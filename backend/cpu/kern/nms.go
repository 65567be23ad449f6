package kern

import (
	"cmp"
	"fmt"
	"slices"
)

// A NMSParam is the parameter of [NonMaxSuppression]. Center says that boxes are centre, width and height instead of two corners.
type NMSParam struct{ Center bool }

// A nmsBox is two corners, the lesser one first, and the area between.
type nmsBox struct{ y1, x1, y2, x2, area float32 }

type nmsState struct {
	boxes      []nmsBox
	scores     []float32
	order      []int32 // for each class its boxes by falling scores, of which those that are kept move to the front
	kept       []int   // for each class
	d          [3]int  // batch, classes, boxes
	limit      int
	iou, least float64
	hasLeast   bool
	call       *Call // whose Stop ends it
}

// overlap reports whether the intersection of a and b is more than a fraction of their union; boxes without area overlap with nothing.
func (s *nmsState) overlap(a, b *nmsBox) bool {
	h, w := min(a.y2, b.y2)-max(a.y1, b.y1), min(a.x2, b.x2)-max(a.x1, b.x1)
	if !(h > 0) || !(w > 0) || !(a.area > 0) || !(b.area > 0) {
		return false
	}
	return float64(h*w/(a.area+b.area-h*w)) > s.iou
}

// NonMaxSuppressionDims selects the boxes that [NonMaxSuppression] writes.
func NonMaxSuppressionDims(c *Call) error {
	p, ok := c.Param.(*NMSParam)
	if !ok || len(c.Args) != 6 || len(c.Args[5].Dims) != 2 {
		return fmt.Errorf("non_max_suppression: parameter %v for %d operands", c.Param, len(c.Args))
	}
	b, sc := &c.Args[0], &c.Args[1]
	if len(b.Dims) != 3 || len(sc.Dims) != 3 || b.Dims[0] != sc.Dims[0] || b.Dims[1] != sc.Dims[2] || b.Dims[2] != 4 ||
		sized(b, 4, "boxes") != nil || sized(sc, 4, "scores") != nil || b.Dims[1] > 1<<31-1 {
		return fmt.Errorf("boxes of sizes %v with scores of sizes %v", b.Dims, sc.Dims)
	}
	s := StateOf[nmsState](c)
	s.limit, s.iou, s.least, s.hasLeast = 0, 0, 0, c.Args[4].Has()
	for i := range c.Args[2:5] {
		a := &c.Args[2+i]
		if a.Has() && a.Len() != 1 {
			return fmt.Errorf("operand %d has %d elements, not 1", 2+i, a.Len())
		}
	}
	if a := &c.Args[2]; a.Has() {
		s.limit = int(Of[int64](a)[0])
	}
	if a := &c.Args[3]; a.Has() {
		s.iou = float64(F32(a)[0])
	}
	if s.hasLeast {
		s.least = float64(F32(&c.Args[4])[0])
	}
	s.corners(F32(b)[:b.Len()], p.Center)
	s.d, s.scores = [3]int(sc.Dims), F32(sc)[:sc.Len()]
	if n := sc.Len(); cap(s.order) < n {
		s.order = make([]int32, n)
	}
	classes := s.d[0] * s.d[1]
	if cap(s.kept) < classes {
		s.kept = make([]int, classes)
	}
	s.order, s.kept, s.call = s.order[:sc.Len()], s.kept[:classes], c
	c.ParallelTask(classes, max(1, 1<<10/max(1, s.d[2])), s)
	total := 0
	for _, n := range s.kept {
		total += n
	}
	s.scores = nil
	c.Args[5].Dims[0], c.Args[5].Dims[1] = total, 3
	return nil
}

func (s *nmsState) corners(v []float32, center bool) {
	s.boxes = s.boxes[:0]
	for i := 0; i+4 <= len(v); i += 4 {
		p, q, r, t := v[i], v[i+1], v[i+2], v[i+3]
		b := nmsBox{y1: min(p, r), x1: min(q, t), y2: max(p, r), x2: max(q, t)}
		if center {
			b = nmsBox{y1: q - t/2, x1: p - r/2, y2: q + t/2, x2: p + r/2}
		}
		b.area = (b.y2 - b.y1) * (b.x2 - b.x1)
		s.boxes = append(s.boxes, b)
	}
}

// Do selects among the boxes of classes lo to hi-1.
func (s *nmsState) Do(_, lo, hi int) {
	n := s.d[2]
	for k := lo; k < hi; k++ {
		scores, boxes, order := s.scores[k*n:][:n], s.boxes[k/s.d[1]*n:][:n], s.order[k*n:k*n:(k+1)*n]
		for i, v := range scores {
			if s.limit > 0 && (!s.hasLeast || float64(v) > s.least) {
				order = append(order, int32(i))
			}
		}
		slices.SortFunc(order, func(a, b int32) int { return cmp.Or(cmp.Compare(scores[b], scores[a]), cmp.Compare(a, b)) })
		kept := 0
		for at, i := range order {
			if kept >= s.limit || at&63 == 0 && s.call.Stopped() {
				break
			}
			clear := true
			for _, j := range order[:kept] {
				if s.overlap(&boxes[i], &boxes[j]) {
					clear = false
					break
				}
			}
			if clear {
				order[kept] = i
				kept++
			}
		}
		s.kept[k] = kept
	}
}

// NonMaxSuppression writes rows of batch, class and box, as int64, of the boxes that overlap with none of higher score:
// operands boxes [B,N,4], scores [B,C,N] and, if there, the most boxes of a class, the overlap that is too much and the score
// that is too low.
func NonMaxSuppression(c *Call) error {
	s, ok := c.State.(*nmsState)
	y := Of[int64](&c.Args[5])
	if !ok {
		return fmt.Errorf("non_max_suppression: not measured")
	}
	at := 0
	for k, n := range s.kept {
		for _, i := range s.order[k*s.d[2]:][:n] {
			if at+3 > len(y) {
				return fmt.Errorf("non_max_suppression: %v", c.Args[5].Dims)
			}
			y[at], y[at+1], y[at+2] = int64(k/s.d[1]), int64(k%s.d[1]), int64(i)
			at += 3
		}
	}
	return nil
}
