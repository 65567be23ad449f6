package kern

import "fmt"

// moveRank allows for the operands of rank MaxRank that a kernel sees with each dimension split.
const moveRank = 2*MaxRank + 2

// A mover copies a box of elements between two strided places. Strides and offsets count elements;
// the element size is 1, 2, 4, 8 or 16 bytes.
type mover struct {
	rank       int
	dims       [moveRank]int
	ds, ss     [moveRank]int // strides of destination and source
	doff, soff int
	size       int
	dst, src   []byte
	flip       int // the dimension that the source lies dense along, where it is not the last; else -1
	rows       int // boxes of the inner one or two dimensions
	perRow     int // pieces that each of them is cut into
	piece      int
}

// reset empties the box: dimensions are then added from the outermost.
func (m *mover) reset(size int, dst, src []byte) {
	m.rank, m.doff, m.soff, m.size, m.dst, m.src = 0, 0, 0, size, dst, src
}

// dim adds a dimension inside those there are; one that continues the last is joined to it.
func (m *mover) dim(n, dstStride, srcStride int) {
	if n == 1 {
		return
	}
	if r := m.rank - 1; r >= 0 && m.ds[r] == dstStride*n && m.ss[r] == srcStride*n {
		m.dims[r] *= n
		m.ds[r], m.ss[r] = dstStride, srcStride
		return
	}
	m.dims[m.rank], m.ds[m.rank], m.ss[m.rank] = n, dstStride, srcStride
	m.rank++
}

// check makes sure that the whole box lies inside both places.
func (m *mover) check() error {
	for _, side := range []struct {
		what    string
		off     int
		strides *[moveRank]int
		have    int
	}{{"result", m.doff, &m.ds, len(m.dst)}, {"operand", m.soff, &m.ss, len(m.src)}} {
		lo, hi := side.off, side.off
		for i := range m.rank {
			if m.dims[i] <= 0 {
				return nil
			}
			if d := (m.dims[i] - 1) * side.strides[i]; d < 0 {
				lo += d
			} else {
				hi += d
			}
		}
		if lo < 0 || hi >= side.have/m.size {
			return fmt.Errorf("elements %d to %d of a %s that has %d", lo, hi, side.what, side.have/m.size)
		}
	}
	return nil
}

const (
	movePiece = 16 << 10 // bytes, about
	flipBlock = 16       // a square of so many elements stays in the L1 cache on both sides
)

// run copies the box.
func (m *mover) run(c *Call) error {
	switch m.size {
	case 1, 2, 4, 8, 16:
	default:
		return fmt.Errorf("elements of %d bytes", m.size)
	}
	if err := m.check(); err != nil {
		return err
	}
	if m.rank == 0 {
		m.dims[0], m.ds[0], m.ss[0], m.rank = 1, 1, 1, 1
	}
	last := m.rank - 1
	m.flip, m.rows = -1, 1
	if m.ds[last] == 1 && m.ss[last] != 1 && m.ss[last] != 0 {
		for i := range last {
			if m.ss[i] == 1 && m.dims[i] > 1 {
				m.flip = i
			}
		}
	}
	for i := range last {
		m.rows *= m.dims[i]
	}
	inner := m.dims[last]
	m.piece = max(1, movePiece/m.size)
	if m.flip >= 0 {
		// A piece is a band of the flipped dimension.
		m.rows /= max(1, m.dims[m.flip])
		inner = m.dims[m.flip]
		m.piece = max(flipBlock, flipBlock*flipBlock/max(1, m.dims[last]))
	}
	m.perRow = (inner + m.piece - 1) / m.piece
	if m.dims[last] == 0 || m.rows == 0 || inner == 0 {
		return nil
	}
	total := m.rows * m.perRow
	bytes := m.size
	for i := range m.rank {
		bytes *= m.dims[i]
	}
	c.ParallelTask(total, max(1, total*movePiece*4/max(bytes, 1)), m)
	return nil
}

// forget drops what a box points to, once it is copied.
func (m *mover) forget() { m.dst, m.src = nil, nil }

// Do copies pieces lo to hi-1.
func (m *mover) Do(_, lo, hi int) { movePiecesOf.of(m.size)(m, lo, hi) }

var movePiecesOf = perWord[func(m *mover, lo, hi int)]{
	movePieces[uint8], movePieces[uint16], movePieces[uint32], movePieces[uint64], movePieces[[2]uint64],
}

func movePieces[T word](m *mover, lo, hi int) {
	dst, src := words[T](m.dst), words[T](m.src)
	last := m.rank - 1
	row := lo / m.perRow
	p := lo - row*m.perRow
	for i := lo; i < hi; {
		d, s := m.place(row)
		for ; p < m.perRow && i < hi; p++ {
			at := p * m.piece
			if m.flip >= 0 {
				n := min(m.piece, m.dims[m.flip]-at)
				flip(dst, src, d+at*m.ds[m.flip], s+at, n, m.dims[last], m.ds[m.flip], m.ss[last])
			} else {
				n := min(m.piece, m.dims[last]-at)
				moveRow(dst, src, d+at*m.ds[last], s+at*m.ss[last], n, m.ds[last], m.ss[last])
			}
			i++
		}
		row, p = row+1, 0
	}
}

// place returns where a row begins on both sides.
func (m *mover) place(row int) (d, s int) {
	d, s = m.doff, m.soff
	for i := m.rank - 2; i >= 0; i-- {
		if i == m.flip {
			continue
		}
		q := row / m.dims[i]
		k := row - q*m.dims[i]
		d += k * m.ds[i]
		s += k * m.ss[i]
		row = q
	}
	return d, s
}

func moveRow[T word](dst, src []T, d, s, n, ds, ss int) {
	switch {
	case ds == 1 && ss == 1:
		copy(dst[d:d+n], src[s:s+n])
	case ds == 1 && ss == 0:
		v := src[s]
		for i := range dst[d : d+n] {
			dst[d+i] = v
		}
	default:
		for range n {
			dst[d] = src[s]
			d += ds
			s += ss
		}
	}
}

// flip copies a band of rows (dense in the destination, one element apart in the source).
func flip[T word](dst, src []T, d, s, rows, cols, ds, ss int) {
	if from, ok := any(src).([]uint32); ok && rows > 0 && cols > 0 {
		to := any(dst).([]uint32)
		if n := transposeFast(asFloats(to[d:]), ds, asFloats(from[s:]), ss, cols, rows); n > 0 {
			fours := rows &^ 3
			flipSquares(dst, src, d+fours*ds, s+fours, rows-fours, n, ds, ss)
			d, s, cols = d+n, s+n*ss, cols-n
		}
	}
	if cols > 3 {
		flipSquares(dst, src, d, s, rows, cols, ds, ss)
		return
	}
	for c := range cols {
		at := d + c
		for _, v := range src[s+c*ss:][:rows] {
			dst[at] = v
			at += ds
		}
	}
}

func flipSquares[T word](dst, src []T, d, s, rows, cols, ds, ss int) {
	for c := 0; c < cols; c += flipBlock {
		n := min(flipBlock, cols-c)
		for r := range rows {
			out := dst[d+r*ds+c:][:n]
			at := s + r + c*ss
			for i := range out {
				out[i] = src[at]
				at += ss
			}
		}
	}
}
