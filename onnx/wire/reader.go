package wire

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unsafe"

	"google.golang.org/protobuf/encoding/protowire"
)

// ErrFormat marks errors of files that are not well-formed ONNX.
var ErrFormat = errors.New("malformed ONNX")

// ErrBudget marks errors of files that ask for more than the Budget allows.
var ErrBudget = errors.New("over budget")

// An Error says where in a file decoding failed, and why. It unwraps to ErrFormat or ErrBudget.
type Error struct {
	Offset int    // in bytes from the start of the data
	Path   string // of the field, such as "graph.node[17].attribute[2]"; empty at the top
	Msg    string
	Kind   error // ErrFormat or ErrBudget
}

func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("onnx: offset ")
	b.WriteString(strconv.Itoa(e.Offset))
	if e.Path != "" {
		b.WriteString(": " + e.Path)
	}
	b.WriteString(": " + e.Msg)
	return b.String()
}

// Unwrap returns ErrFormat or ErrBudget.
func (e *Error) Unwrap() error { return e.Kind }

// A Budget bounds what decoding takes. Zero fields stand for the defaults.
type Budget struct {
	Bytes    int // memory beyond the data itself; default 128 MiB and eight times the data's length
	Messages int // number of messages; default 4 million
	Depth    int // nesting of graphs, of types, of values and of unknown groups; default 64
}

// A decoder is the state of one decoding. The first error stops it: every reader then finds no further field.
type decoder struct {
	data  []byte
	limit Budget
	bytes int // charged so far, of limit.Bytes
	msgs  int
	depth int
	path  []step
	names map[string]string
	err   *Error
}

// A step is a field on the path from the top; index is -1 where the field is not repeated.
type step struct {
	field string
	index int
}

func newDecoder(data []byte, b Budget) *decoder {
	if b.Bytes <= 0 {
		b.Bytes = math.MaxInt
		if len(data) < (math.MaxInt-128<<20)/8 {
			b.Bytes = 128<<20 + 8*len(data)
		}
	}
	if b.Messages <= 0 {
		b.Messages = 4 << 20
	}
	if b.Depth <= 0 {
		b.Depth = 64
	}
	return &decoder{data: data, limit: b, names: map[string]string{}}
}

func (d *decoder) fail(kind error, pos int, field, format string, args ...any) {
	if d.err != nil {
		return
	}
	var b strings.Builder
	for i, s := range d.path {
		if i > 0 {
			b.WriteByte('.')
		}
		b.WriteString(s.field)
		if s.index >= 0 {
			fmt.Fprintf(&b, "[%d]", s.index)
		}
	}
	if field != "" {
		if b.Len() > 0 {
			b.WriteByte('.')
		}
		b.WriteString(field)
	}
	d.err = &Error{Offset: pos, Path: b.String(), Msg: fmt.Sprintf(format, args...), Kind: kind}
}

// charge takes n × size bytes from the budget and reports whether they were there.
func (d *decoder) charge(pos, n, size int) bool {
	if d.err != nil {
		return false
	}
	if n > (d.limit.Bytes-d.bytes)/size {
		d.fail(ErrBudget, pos, "", "decoding takes more than %d bytes", d.limit.Bytes)
		return false
	}
	d.bytes += n * size
	return true
}

// A reader walks the fields of one message, which is data[pos:end].
type reader struct {
	*decoder
	pos, end int
	at       int // where the current field begins
	num      protowire.Number
	typ      protowire.Type
}

// next moves to the next field. It reports false at the end of the message and after an error.
func (r *reader) next() bool {
	if r.err != nil || r.pos >= r.end {
		return false
	}
	r.at = r.pos
	num, typ, n := protowire.ConsumeTag(r.data[r.pos:r.end])
	if n < 0 {
		r.fail(ErrFormat, r.at, "", "a field's tag is malformed or cut short")
		return false
	}
	r.num, r.typ = num, typ
	r.pos += n
	return true
}

var wireNames = [...]string{"varint", "64-bit", "length-delimited", "group", "end of group", "32-bit", "reserved", "reserved"}

// is reports whether the current field has the wire type that its name asks for.
func (r *reader) is(field string, want protowire.Type) bool {
	if r.err != nil {
		return false
	}
	if r.typ != want {
		r.fail(ErrFormat, r.at, field, "wire type %s, want %s", wireNames[r.typ&7], wireNames[want])
		return false
	}
	return true
}

// body returns the bounds of a length-delimited field and moves past it.
func (r *reader) body(field string) (pos, end int, ok bool) {
	if !r.is(field, protowire.BytesType) {
		return 0, 0, false
	}
	v, n := protowire.ConsumeVarint(r.data[r.pos:r.end])
	if n < 0 {
		r.fail(ErrFormat, r.at, field, "the field's length is malformed or cut short")
		return 0, 0, false
	}
	pos = r.pos + n
	if v > uint64(r.end-pos) {
		r.fail(ErrFormat, r.at, field, "the field claims %d bytes, %d are left", v, r.end-pos)
		return 0, 0, false
	}
	r.pos = pos + int(v)
	return pos, r.pos, true
}

// blob returns a length-delimited field, aliasing the data; never nil unless decoding failed.
func (r *reader) blob(field string) []byte {
	pos, end, ok := r.body(field)
	if !ok {
		return nil
	}
	return r.data[pos:end:end]
}

// text returns a copy of a string field.
func (r *reader) text(field string) string {
	b := r.blob(field)
	if len(b) == 0 || !r.charge(r.at, len(b), 1) {
		return ""
	}
	return string(b)
}

// name returns a copy of a string field that is likely to occur again, and then shares it.
func (r *reader) name(field string) string {
	b := r.blob(field)
	if len(b) == 0 {
		return ""
	}
	if s, ok := r.names[string(b)]; ok {
		return s
	}
	if !r.charge(r.at, len(b)+64, 1) { // 64: the table's entry
		return ""
	}
	s := string(b)
	r.names[s] = s
	return s
}

func (r *reader) varint(field string) uint64 {
	if !r.is(field, protowire.VarintType) {
		return 0
	}
	v, n := protowire.ConsumeVarint(r.data[r.pos:r.end])
	if n < 0 {
		r.fail(ErrFormat, r.at, field, "the number is malformed or cut short")
		return 0
	}
	r.pos += n
	return v
}

// int32 truncates as protobuf does.
func (r *reader) int32(field string) int32 { return int32(r.varint(field)) }

func (r *reader) int64(field string) int64 { return int64(r.varint(field)) }

func (r *reader) float32(field string) float32 {
	return math.Float32frombits(fixed(r, field, protowire.Fixed32Type, protowire.ConsumeFixed32))
}

func (r *reader) float64(field string) float64 {
	return math.Float64frombits(fixed(r, field, protowire.Fixed64Type, protowire.ConsumeFixed64))
}

// fixed reads a number of fixed width; after an error it is 0.
func fixed[T uint32 | uint64](r *reader, field string, kind protowire.Type, consume func([]byte) (T, int)) T {
	if !r.is(field, kind) {
		return 0
	}
	v, n := consume(r.data[r.pos:r.end])
	if n < 0 {
		r.fail(ErrFormat, r.at, field, "the number is cut short")
		return 0
	}
	r.pos += n
	return v
}

// skip moves past an unknown field. Groups nest at most as deep as the budget says; nothing recurses.
func (r *reader) skip() {
	var open []protowire.Number
	num, typ := r.num, r.typ
	for {
		switch typ {
		case protowire.StartGroupType:
			if len(open) >= r.limit.Depth {
				r.fail(ErrBudget, r.at, "", "groups nest deeper than %d", r.limit.Depth)
				return
			}
			open = append(open, num)
		case protowire.EndGroupType:
			if len(open) == 0 || open[len(open)-1] != num {
				r.fail(ErrFormat, r.at, "", "field %d ends a group that it did not begin", num)
				return
			}
			open = open[:len(open)-1]
		default:
			n := protowire.ConsumeFieldValue(num, typ, r.data[r.pos:r.end])
			if n < 0 {
				r.fail(ErrFormat, r.at, "", "unknown field %d is malformed or cut short", num)
				return
			}
			r.pos += n
		}
		if len(open) == 0 {
			return
		}
		var n int
		num, typ, n = protowire.ConsumeTag(r.data[r.pos:r.end])
		if n < 0 {
			r.fail(ErrFormat, r.at, "", "group %d is malformed or cut short", open[len(open)-1])
			return
		}
		r.pos += n
	}
}

// message decodes a length-delimited field with f. It charges the budget for one T.
func message[T any](r *reader, field string, f func(*reader, *T)) *T {
	return element(r, field, -1, f)
}

// element is message for the field's element of an index, or with -1 for a field that is not repeated.
func element[T any](r *reader, field string, index int, f func(*reader, *T)) *T {
	pos, end, ok := r.body(field)
	if !ok {
		return nil
	}
	var v *T
	if !r.enter(pos, field, index, int(unsafe.Sizeof(*v))) {
		return nil
	}
	v = new(T)
	f(&reader{decoder: r.decoder, pos: pos, end: end}, v)
	r.path = r.path[:len(r.path)-1]
	return v
}

// enter charges for a message and puts it on the path.
func (d *decoder) enter(pos int, field string, index, size int) bool {
	d.path = append(d.path, step{field, index})
	if d.msgs++; d.msgs > d.limit.Messages {
		d.fail(ErrBudget, pos, "", "more than %d messages", d.limit.Messages)
		return false
	}
	return d.charge(pos, 1, size)
}

// nest counts one level of nesting, until depth is counted down.
func (r *reader) nest() bool {
	if r.depth++; r.depth > r.limit.Depth {
		r.fail(ErrBudget, r.pos, "", "nesting deeper than %d", r.limit.Depth)
		return false
	}
	return true
}

// push appends v to s; growth is charged in full, the outgrown array included.
func push[T any](r *reader, s *[]T, v T) {
	if r.err != nil {
		return
	}
	if len(*s) == cap(*s) {
		n := max(2, 2*len(*s))
		if !r.charge(r.at, n, int(unsafe.Sizeof(v))) {
			return
		}
		grown := make([]T, len(*s), n)
		copy(grown, *s)
		*s = grown
	}
	*s = append(*s, v)
}

// each decodes a repeated message and appends a pointer to it.
func each[T any](r *reader, field string, s *[]*T, f func(*reader, *T)) {
	push(r, s, element(r, field, len(*s), f))
}

// inline decodes a repeated message and appends it by value.
func inline[T any](r *reader, field string, s *[]T, f func(*reader, *T)) {
	if v := element(r, field, len(*s), f); v != nil {
		push(r, s, *v)
	}
}
