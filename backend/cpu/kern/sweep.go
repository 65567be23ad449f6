package kern

// A sweep goes over the output of a broadcast in pieces of rows, for kernels that handle one row
// with steps of 0 or 1 at a time.
type sweep struct {
	walk
	perRow, piece, pieces int
}

const sweepPiece = 8192

// prepare lays the operands out; it does so again only when dims changed.
func (s *sweep) prepare(out []int, args []Arg) error {
	if s.unchanged(out, args) {
		return nil
	}
	if err := s.set(out, args); err != nil {
		s.seen = s.seen[:0]
		return err
	}
	row := s.dims[s.rank-1]
	s.perRow = (row + sweepPiece - 1) / sweepPiece
	s.piece = sweepPiece
	s.pieces = 0
	if row > 0 {
		s.pieces = s.n / row * s.perRow
	}
	return nil
}

// grain is how many pieces make a chunk worth handing out.
func (s *sweep) grain() int {
	if s.pieces == 0 {
		return 1
	}
	return max(1, 2*sweepPiece*s.pieces/max(s.n, 1))
}

// at returns the row of a piece, where the piece starts in it, and its length.
func (s *sweep) at(i int) (row, off, n int) {
	row = i / s.perRow
	off = (i - row*s.perRow) * s.piece
	return row, off, min(s.piece, s.dims[s.rank-1]-off)
}

// from returns where operand k stands for a piece, and its step.
func (s *sweep) from(k, row, off int) (at, step int) {
	step = s.strides[k][s.rank-1]
	return s.offset(k, row) + off*step, step
}
