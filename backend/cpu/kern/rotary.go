package kern

import (
	"fmt"
	"slices"
)

// A RotaryParam is the parameter of [RotaryF32].
type RotaryParam struct {
	Heads       int  // of an operand of rank 3
	Size        int  // how much of a head turns; 0: all
	Interleaved bool // pairs are neighbours, instead of lying half of what turns apart
}

// A rotation is the angles by which tokens turn: rows of so many cosines and sines.
type rotation struct {
	cos, sin    []float32
	half, rows  int
	interleaved bool
}

// set takes the caches of cosines and sines of heads of a size, of which so much turns.
func (r *rotation) set(cos, sin *Arg, size, turn int, interleaved bool) error {
	if turn < 0 || turn%2 != 0 || turn > size {
		return fmt.Errorf("%d of %d elements of a head cannot turn", turn, size)
	}
	n := len(cos.Dims)
	if n < 2 || cos.Dims[n-1] != turn/2 || !slices.Equal(cos.Dims, sin.Dims) {
		return fmt.Errorf("caches of sizes %v and %v: the last must be %d", cos.Dims, sin.Dims, turn/2)
	}
	for _, a := range []*Arg{cos, sin} {
		if _, err := a.count(4); err != nil {
			return err
		}
	}
	*r = rotation{cos: F32(cos), sin: F32(sin), half: turn / 2, rows: 1, interleaved: interleaved}
	for _, d := range cos.Dims[:n-1] {
		r.rows *= d
	}
	return nil
}

// turn writes a head's elements x, turned by the angles of row at, to y, which may be x.
func (r *rotation) turn(y, x []float32, at int) {
	h := r.half
	cos, sin := r.cos[at*h:][:h], r.sin[at*h:][:h]
	y = y[:len(x)]
	if r.interleaved {
		u, v := x[:2*h], y[:2*h]
		for i, c := range cos {
			re, im, s := u[2*i], u[2*i+1], sin[i]
			v[2*i], v[2*i+1] = c*re-s*im, s*re+c*im
		}
	} else {
		u, v, p, q := x[:h], x[h:][:h], y[:h], y[h:][:h]
		for i := turnFast(p, q, u, v, cos, sin); i < h; i++ {
			re, im, c, s := u[i], v[i], cos[i], sin[i]
			p[i], q[i] = c*re-s*im, s*re+c*im
		}
	}
	copy(y[2*h:], x[2*h:])
}

// position returns the row of token i, given positions or nil; an error where there is none.
func (r *rotation) position(pos []int64, i int) (int, error) {
	p := int64(i % max(1, r.rows))
	if pos != nil {
		p = pos[i]
	}
	if p < 0 || p >= int64(r.rows) {
		return 0, fmt.Errorf("position %d is out of range for %d", p, r.rows)
	}
	return int(p), nil
}

type rotaryState struct {
	rotation
	x, y headsF32
	pos  []int64
}

// RotaryF32 turns pairs of elements of each head by the angles of their token's position. Operands: x [N,heads,length,size] or
// [N,length,heads·size]; caches of cosines and sines, of each token [N,length,half] or [1,length,half], or of each position
// [positions,half]; then positions [N,length] as int64. Result: y, of x's sizes.
func RotaryF32(c *Call) error {
	p, ok := c.Param.(*RotaryParam)
	if !ok || len(c.Args) != 5 {
		return fmt.Errorf("rotary: parameter %v for %d operands", c.Param, len(c.Args))
	}
	s := StateOf[rotaryState](c)
	if err := s.set(p, c.Args); err != nil {
		return fmt.Errorf("rotary: %w", err)
	}
	if len(s.x.v) > 0 {
		c.ParallelTask(s.x.n*s.x.length, max(1, 1<<13/max(1, s.x.heads*s.x.size)), s)
	}
	*s = rotaryState{}
	return nil
}

func (s *rotaryState) set(p *RotaryParam, args []Arg) error {
	n, heads, length, size, err := headSizes(args[0].Dims, p.Heads)
	if err != nil {
		return err
	}
	for _, i := range []int{0, 4} {
		if _, err := args[i].count(4); err != nil {
			return err
		}
	}
	if !slices.Equal(args[0].Dims, args[4].Dims) {
		return fmt.Errorf("%v to %v", args[0].Dims, args[4].Dims)
	}
	s.x = headsAt(F32(&args[0]), n, heads, length, size, len(args[0].Dims) == 3)
	s.y = s.x
	s.y.v = F32(&args[4])
	turn := p.Size
	if turn == 0 {
		turn = size
	}
	if err := s.rotation.set(&args[1], &args[2], size, turn, p.Interleaved); err != nil {
		return err
	}
	d := args[1].Dims
	if pos := &args[3]; pos.present() {
		if k, err := pos.count(8); err != nil || k != n*length || len(d) != 2 {
			return fmt.Errorf("caches of sizes %v, positions of sizes %v for %d items of %d tokens", d, pos.Dims, n, length)
		}
		s.pos = Of[int64](pos)
		for i := range n * length {
			if _, err := s.position(s.pos, i); err != nil {
				return err
			}
		}
		return nil
	}
	if len(d) != 3 || d[0] != n && d[0] != 1 || d[1] != length {
		return fmt.Errorf("caches of sizes %v for %d items of %d tokens", d, n, length)
	}
	return nil
}

// Do turns tokens lo to hi-1.
func (s *rotaryState) Do(_, lo, hi int) {
	for i := lo; i < hi; i++ {
		at, _ := s.position(s.pos, i)
		from := i/s.x.length*s.x.item + i%s.x.length*s.x.token
		for range s.x.heads {
			s.turn(s.y.v[from:from+s.x.size], s.x.v[from:from+s.x.size], at)
			from += s.x.head
		}
	}
}

// headSizes reads the sizes of [N,heads,length,size], or of [N,length,heads·size].
func headSizes(d []int, heads int) (n, h, length, size int, err error) {
	switch {
	case len(d) == 4:
		return d[0], d[1], d[2], d[3], nil
	case len(d) == 3 && heads > 0 && d[2]%heads == 0:
		return d[0], heads, d[1], d[2] / heads, nil
	}
	return 0, 0, 0, 0, fmt.Errorf("an operand of sizes %v has no %d heads", d, heads)
}
