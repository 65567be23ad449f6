package kern

import (
	"fmt"
)

// groupLastRows is how many pixels make one partial sum, whatever the number of threads.
const groupLastRows = 128

type groupLastState struct {
	p          *GroupNormParam
	batch, ch  int
	wide       int // C, times pixels that are handled at once
	pixels     int
	pieces     int
	x, y, g, h []float32
	part       []float32 // [batch, pieces, wide]
	mean, a, b []float32 // [batch, wide]: the mean of its group; what x is multiplied by, and what is added then
	phase      int
	add, sub   pwFunc
	fma        pwFunc
}

// GroupNormLastScratch returns the bytes that [GroupNormLastF32] needs.
func GroupNormLastScratch(x []int) int {
	if len(x) < 2 || x[0] == 0 {
		return 0
	}
	ch, pixels := x[len(x)-1], 1
	for _, d := range x[1 : len(x)-1] {
		pixels *= d
	}
	pieces := (pixels + groupLastRows - 1) / groupLastRows
	return 4 * x[0] * wideOf(ch) * (pieces + 3)
}

// wideOf returns how many numbers are handled at once: some pixels, unless one has many channels.
func wideOf(ch int) int { return ch * max(1, 512/max(1, ch)) }

// GroupNormLastF32 is [GroupNormF32] for an operand [N, ..., C].
func GroupNormLastF32(c *Call) error {
	p, err := groupNorm(c, -1)
	if err != nil {
		return err
	}
	d := c.Args[0].Dims
	ch := d[len(d)-1]
	n := c.Args[0].Len()
	if n == 0 {
		return nil
	}
	scratch := Arg{Data: c.Scratch}
	room := F32(&scratch)
	if len(c.Scratch) < GroupNormLastScratch(d) {
		return fmt.Errorf("group_norm: %d bytes of scratch", len(c.Scratch))
	}
	s, t := StateOf[groupLastState](c), pwBest()
	*s = groupLastState{p: p, batch: d[0], ch: ch, pixels: n / d[0] / ch,
		x: F32(&c.Args[0])[:n], g: F32(&c.Args[1])[:ch], h: F32(&c.Args[2])[:ch], y: F32(&c.Args[3])[:n],
		add: t[int(OpAdd)<<formBits], sub: t[int(OpSub)<<formBits], fma: t[int(OpFMA)<<formBits]}
	s.pieces = (s.pixels + groupLastRows - 1) / groupLastRows
	take := func(n int) []float32 {
		out := room[:n:n]
		room = room[n:]
		return out
	}
	w := wideOf(ch)
	s.wide, s.part, s.mean, s.a, s.b = w, take(s.batch*s.pieces*w), take(s.batch*w), take(s.batch*w), take(s.batch*w)
	for s.phase = range 3 {
		if s.phase == 1 {
			s.means()
		} else if s.phase == 2 {
			s.scales()
		}
		c.ParallelTask(s.batch*s.pieces, max(1, 1<<14/(groupLastRows*ch)), s)
	}
	*s = groupLastState{}
	return nil
}

// Do handles pieces lo to hi-1: their sums, then their sums of squares, then their results.
func (s *groupLastState) Do(_, lo, hi int) {
	var diff []float32
	if s.phase == 1 {
		mem := takeRegs(1)
		defer giveRegs(mem)
		diff = mem.buf[:pwTileLen]
	}
	for i := lo; i < hi; i++ {
		n, from := i/s.pieces, i%s.pieces*groupLastRows
		at := (n*s.pixels + from) * s.ch
		end := at + min(groupLastRows, s.pixels-from)*s.ch
		part := s.part[i*s.wide:][:s.wide]
		if s.phase < 2 {
			clear(part)
		}
		for ; at < end; at += s.wide {
			size := min(s.wide, end-at)
			for k := 0; k < size; k += pwTileLen {
				m, x := min(pwTileLen, size-k), &s.x[at+k]
				switch s.phase {
				case 0:
					s.add(m, &part[k], &part[k], x, nil, 0)
				case 1:
					s.sub(m, &diff[0], x, &s.mean[n*s.wide+k], nil, 0)
					s.fma(m, &part[k], &diff[0], &diff[0], &part[k], 0)
				default:
					s.fma(m, &s.y[at+k], x, &s.a[n*s.wide+k], &s.b[n*s.wide+k], 0)
				}
			}
		}
	}
}

// of returns the sum over a group of what the pieces hold.
func (s *groupLastState) of(n, group int) float64 {
	per, sum := s.ch/s.p.Groups, 0.0
	for i := range s.pieces {
		for at := group * per; at < s.wide; at += s.ch {
			for _, v := range s.part[(n*s.pieces+i)*s.wide+at:][:per] {
				sum += float64(v)
			}
		}
	}
	return sum / float64(per*s.pixels)
}

func (s *groupLastState) means() {
	per := s.ch / s.p.Groups
	for n := range s.batch {
		for g := range s.p.Groups {
			mean := float32(s.of(n, g))
			for k := range per {
				s.mean[n*s.wide+g*per+k] = mean
			}
		}
		s.repeat(s.mean[n*s.wide:][:s.wide])
	}
}

func (s *groupLastState) scales() {
	per := s.ch / s.p.Groups
	for n := range s.batch {
		for g := range s.p.Groups {
			inv := inverse(s.of(n, g), s.p.Eps)
			for k := g * per; k < (g+1)*per; k++ {
				a := inv * s.g[k]
				s.a[n*s.wide+k], s.b[n*s.wide+k] = a, s.h[k]-s.mean[n*s.wide+k]*a
			}
		}
		s.repeat(s.a[n*s.wide:][:s.wide])
		s.repeat(s.b[n*s.wide:][:s.wide])
	}
}

// repeat copies what stands for one pixel to the others that are handled with it.
func (s *groupLastState) repeat(v []float32) {
	for at := s.ch; at < len(v); at += s.ch {
		copy(v[at:], v[:s.ch])
	}
}
