package jpeg2000

import "math/bits"

// state is a row of the standard's table C.2, for one value of the symbol that is more probable.
type state struct {
	qe       uint32 // the probability of the other symbol
	mps, lps uint8  // the next states
}

// qeTable holds Qe, the next state after the more and after the less probable symbol, and whether the latter exchanges them.
var qeTable = [47][4]uint16{
	{0x5601, 1, 1, 1}, {0x3401, 2, 6, 0}, {0x1801, 3, 9, 0}, {0x0ac1, 4, 12, 0}, {0x0521, 5, 29, 0}, {0x0221, 38, 33, 0},
	{0x5601, 7, 6, 1}, {0x5401, 8, 14, 0}, {0x4801, 9, 14, 0}, {0x3801, 10, 14, 0}, {0x3001, 11, 17, 0}, {0x2401, 12, 18, 0}, {0x1c01, 13, 20, 0}, {0x1601, 29, 21, 0},
	{0x5601, 15, 14, 1}, {0x5401, 16, 14, 0}, {0x5101, 17, 15, 0}, {0x4801, 18, 16, 0}, {0x3801, 19, 17, 0}, {0x3401, 20, 18, 0}, {0x3001, 21, 19, 0}, {0x2801, 22, 19, 0},
	{0x2401, 23, 20, 0}, {0x2201, 24, 21, 0}, {0x1c01, 25, 22, 0}, {0x1801, 26, 23, 0}, {0x1601, 27, 24, 0}, {0x1401, 28, 25, 0}, {0x1201, 29, 26, 0}, {0x1101, 30, 27, 0},
	{0x0ac1, 31, 28, 0}, {0x09c1, 32, 29, 0}, {0x08a1, 33, 30, 0}, {0x0521, 34, 31, 0}, {0x0441, 35, 32, 0}, {0x02a1, 36, 33, 0}, {0x0221, 37, 34, 0}, {0x0141, 38, 35, 0},
	{0x0111, 39, 36, 0}, {0x0085, 40, 37, 0}, {0x0049, 41, 38, 0}, {0x0025, 42, 39, 0}, {0x0015, 43, 40, 0}, {0x0009, 44, 41, 0}, {0x0005, 45, 42, 0}, {0x0001, 45, 43, 0},
	{0x5601, 46, 46, 0},
}

// states is the table by 2·state + symbol.
var states = func() (t [128]state) {
	for i, e := range qeTable {
		for s := range uint8(2) {
			t[2*i+int(s)] = state{uint32(e[0]), uint8(e[1])*2 + s, uint8(e[2])*2 + s ^ uint8(e[3])}
		}
	}
	return t
}()

// Contexts: 9 of significance, 5 of signs, 3 of refinement, runs, and bits of equal probability.
const (
	signContext   = 9
	refineContext = 14
	runContext    = 17
	evenContext   = 18
)

// coder decodes codewords: arithmetic ones, or raw bits. Behind the end of one lie ones.
type coder struct {
	data     []byte
	pos      int
	a, c     uint32
	left     uint32 // bits to come in c; of raw bits, in last
	last     byte   // of raw bits
	contexts [19]uint8
}

func (m *coder) resetContexts() {
	m.contexts = [19]uint8{0: 4 * 2, runContext: 3 * 2, evenContext: 46 * 2}
}

func (m *coder) at(i int) uint32 {
	if i < len(m.data) {
		return uint32(m.data[i])
	}
	return 0xff
}

// begin takes up an arithmetic codeword.
func (m *coder) begin(data []byte) {
	m.data, m.pos, m.a = data, 0, 0x8000
	m.c = m.at(0) << 16
	m.next()
	m.c <<= 7
	m.left -= 7
}

// next takes in a byte: seven bits of it behind one of all ones. What is no such byte is a marker, and ends the codeword.
func (m *coder) next() {
	switch b := m.at(m.pos + 1); {
	case m.at(m.pos) != 0xff:
		m.pos++
		m.c += b << 8
		m.left = 8
	case b > 0x8f:
		m.c += 0xff00
		m.left = 8
	default:
		m.pos++
		m.c += b << 9
		m.left = 7
	}
}

// bit decodes a bit in a context.
func (m *coder) bit(context uint8) uint32 {
	x := &m.contexts[context]
	s := &states[*x&127]
	m.a -= s.qe
	symbol := uint32(*x & 1)
	if m.c>>16 < s.qe {
		if m.a < s.qe {
			*x = s.mps
		} else {
			symbol ^= 1
			*x = s.lps
		}
		m.a = s.qe
	} else {
		m.c -= s.qe << 16
		if m.a&0x8000 != 0 {
			return symbol
		}
		if m.a < s.qe {
			symbol ^= 1
			*x = s.lps
		} else {
			*x = s.mps
		}
	}
	for {
		if m.left == 0 {
			m.next()
		}
		n := min(uint32(bits.LeadingZeros16(uint16(m.a))), m.left)
		m.a <<= n
		m.c <<= n
		m.left -= n
		if m.a&0x8000 != 0 {
			return symbol
		}
	}
}

// beginRaw takes up a codeword of raw bits.
func (m *coder) beginRaw(data []byte) {
	m.data, m.pos, m.left, m.last = data, 0, 0, 0
}

// raw returns the next bit of a codeword of raw bits, in which a bit of zero follows a byte of all ones.
func (m *coder) raw() uint32 {
	if m.left == 0 {
		b := m.at(m.pos)
		m.left = 8
		if m.last == 0xff {
			if b > 0x8f {
				b = 0xff
				m.pos--
			} else {
				m.left = 7
			}
		}
		m.last = byte(b)
		m.pos++
	}
	m.left--
	return uint32(m.last>>m.left) & 1
}
