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
	n, m, err := st.s.layOut(&p.PoolParam, c, 1)
	if err != nil || m == 0 {
		return err
	}
	st.p, st.x, st.y = p, c.Args[0].Data[:n], c.Args[1].Data[:m]
	c.ParallelTask(st.s.rows, st.s.grain(1<<16), st)
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
