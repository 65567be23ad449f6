package kern

// rows calls f for every sequence that has a step t.
func (v *rnnDir) rows(t int, f func(row int)) {
	for row := range v.s.batch {
		if t < v.s.length(row) {
			f(row)
		}
	}
}

func (v *rnnDir) op(op Op, d, a, b, c []float32) {
	var bp, cp *float32
	if b != nil {
		bp = &b[0]
	}
	if c != nil {
		cp = &c[0]
	}
	v.table[int(op)<<formBits](len(d), &d[0], &a[0], bp, cp, 0)
}

// clip bounds gates before their activation.
func (v *rnnDir) clip(x []float32) {
	if m := v.s.p.Clip; m > 0 {
		v.table[int(OpMin)<<formBits+formB](len(x), &x[0], &x[0], nil, nil, m)
		v.table[int(OpMax)<<formBits+formB](len(x), &x[0], &x[0], nil, nil, -m)
	}
}

func (v *rnnDir) rnnRow(row int) {
	h := v.s.p.Hidden
	g := v.step[row*h:][:h]
	v.clip(g)
	v.acts[0].apply(v.table, g)
	copy(v.h[row*h:], g)
}

func (v *rnnDir) lstmRow(row int) {
	h := v.s.p.Hidden
	g := v.step[row*4*h:][:4*h]
	i, o, f, z := g[:h], g[h:2*h], g[2*h:3*h], g[3*h:]
	c, out, t := v.c[row*h:][:h], v.h[row*h:][:h], v.aux[row*h:][:h]
	peep := &v.s.args[rnnP]
	if !peep.Has() {
		v.clip(g)
		v.acts[0].apply(v.table, g[:3*h])
	} else {
		p := F32(peep)[v.index*3*h:][:3*h] // of i, o, f
		v.op(OpFMA, i, p[:h], c, i)
		v.op(OpFMA, f, p[2*h:], c, f)
		v.clip(i)
		v.clip(g[2*h:])
		v.acts[0].apply(v.table, i)
		v.acts[0].apply(v.table, f)
	}
	v.acts[1].apply(v.table, z)
	v.op(OpMul, t, i, z, nil)
	v.op(OpFMA, c, f, c, t)
	if peep.Has() {
		p := F32(peep)[v.index*3*h:][:3*h]
		v.op(OpFMA, o, p[h:2*h], c, o)
		v.clip(o)
		v.acts[0].apply(v.table, o)
	}
	copy(t, c)
	v.acts[2].apply(v.table, t)
	v.op(OpMul, out, o, t, nil)
}

// gru finishes a step whose first two gates have their recurrent share.
func (v *rnnDir) gru(c *Call, t int) error {
	h := v.s.p.Hidden
	before := v.s.p.LinearBeforeReset
	v.rows(t, func(row int) {
		zr := v.step[row*3*h:][:2*h]
		v.clip(zr)
		v.acts[0].apply(v.table, zr)
		if !before {
			v.op(OpMul, v.aux[row*h:][:h], zr[h:], v.h[row*h:][:h], nil)
		}
	})
	if err := v.rec2.Run(c, nil); err != nil {
		return err
	}
	v.rows(t, func(row int) {
		g := v.step[row*3*h:][:3*h]
		z, r, n := g[:h], g[h:2*h], g[2*h:]
		out := v.h[row*h:][:h]
		if before {
			v.op(OpFMA, n, r, v.aux[row*h:][:h], n)
		}
		v.clip(n)
		v.acts[1].apply(v.table, n)
		v.op(OpSub, r, out, n, nil)
		v.op(OpFMA, out, z, r, n)
	})
	return nil
}
