package kern

import "fmt"

// A BytePoolParam is the parameter of [MaxPoolBytes].
type BytePoolParam struct {
	PoolParam
	Signed bool
}

// A bytePool is what a step keeps from run to run.
type bytePool struct {
	s    poolState
	p    *BytePoolParam
	x, y []byte
}

// MaxPoolBytes is [PoolF32] for the maximum of 8-bit integers. A window that lies in the padding
// alone gives the least of them.
func MaxPoolBytes(c *Call) error {
	p, ok := c.Param.(*BytePoolParam)
	if !ok || len(c.Args) != 2 || p.Average {
		return fmt.Errorf("max pool: parameter %T for %d operands", c.Param, len(c.Args))
	}
	st := StateOf[bytePool](c)
	batch, err := st.s.layOut(&p.PoolParam, c.Args[0].Dims, c.Args[1].Dims)
	if err != nil {
		return fmt.Errorf("max pool: %w", err)
	}
	n, err := c.Args[0].count(1)
	m, err2 := c.Args[1].count(1)
	if err != nil || err2 != nil {
		return fmt.Errorf("max pool: %v to %v: too short", c.Args[0].Dims, c.Args[1].Dims)
	}
	if m == 0 {
		return nil
	}
	st.p, st.x, st.y = p, c.Args[0].Data[:n], c.Args[1].Data[:m]
	d := &st.s.d
	rows := batch * d[0].out * d[1].out
	if !p.Last {
		rows *= st.s.ch
	}
	c.ParallelTask(rows, max(1, 1<<16/(m/rows*d[0].k*d[1].k*d[2].k)), st)
	return nil
}

// Do computes rows of the result lo to hi-1, in the order of memory.
func (st *bytePool) Do(_, lo, hi int) {
	dz, dy, dx := &st.s.d[0], &st.s.d[1], &st.s.d[2]
	ch := 1
	if st.p.Last {
		ch = st.s.ch
	}
	for row := lo; row < hi; row++ {
		oy, oz, n := row%dy.out, row/dy.out%dz.out, row/dy.out/dz.out
		z0, z1, _ := dz.span(oz)
		y0, y1, _ := dy.span(oy)
		for ox := range dx.out {
			x0, x1, _ := dx.span(ox)
			dst := st.y[(row*dx.out+ox)*ch:][:ch]
			first := true
			for kz := z0; kz < z1; kz++ {
				iz := n*dz.in + oz*dz.stride - dz.before + kz*dz.dil
				for ky := y0; ky < y1; ky++ {
					iy := iz*dy.in + oy*dy.stride - dy.before + ky*dy.dil
					for kx := x0; kx < x1; kx++ {
						src := st.x[(iy*dx.in+ox*dx.stride-dx.before+kx*dx.dil)*ch:][:ch]
						if first {
							copy(dst, src)
							first = false
							continue
						}
						greaterBytes(dst, src, st.p.Signed)
					}
				}
			}
			if first {
				least := byte(0)
				if st.p.Signed {
					least = 0x80
				}
				for i := range dst {
					dst[i] = least
				}
			}
		}
	}
}
