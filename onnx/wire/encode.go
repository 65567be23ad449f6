package wire

import (
	"encoding/binary"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// A writer appends fields. Zero values are left out, as protobuf does, unless a field's presence means something.
type writer struct{ b []byte }

func (w *writer) int(num protowire.Number, v int64) {
	if v != 0 {
		w.b = protowire.AppendVarint(protowire.AppendTag(w.b, num, protowire.VarintType), uint64(v))
	}
}

// present writes v even where it is 0.
func (w *writer) present(num protowire.Number, v int64) {
	w.b = protowire.AppendVarint(protowire.AppendTag(w.b, num, protowire.VarintType), uint64(v))
}

func (w *writer) float(num protowire.Number, v float32) {
	w.b = protowire.AppendFixed32(protowire.AppendTag(w.b, num, protowire.Fixed32Type), math.Float32bits(v))
}

func (w *writer) text(num protowire.Number, s string) {
	if s != "" {
		w.b = protowire.AppendString(protowire.AppendTag(w.b, num, protowire.BytesType), s)
	}
}

// blob writes b even where it is empty.
func (w *writer) blob(num protowire.Number, b []byte) {
	w.b = protowire.AppendBytes(protowire.AppendTag(w.b, num, protowire.BytesType), b)
}

func (w *writer) texts(num protowire.Number, list []string) {
	for _, s := range list {
		w.b = protowire.AppendString(protowire.AppendTag(w.b, num, protowire.BytesType), s)
	}
}

func (w *writer) blobs(num protowire.Number, list [][]byte) {
	for _, b := range list {
		w.blob(num, b)
	}
}

// begin opens a length-delimited field whose length is not known yet; end closes it, given what begin returned.
func (w *writer) begin(num protowire.Number) int {
	w.b = append(protowire.AppendTag(w.b, num, protowire.BytesType), 0)
	return len(w.b)
}

// end writes the length before the body. begin left one byte for it, so bodies of 128 bytes and more move up.
func (w *writer) end(start int) {
	n := len(w.b) - start
	if more := protowire.SizeVarint(uint64(n)) - 1; more > 0 {
		w.b = append(w.b, make([]byte, more)...)
		copy(w.b[start+more:], w.b[start:start+n])
	}
	protowire.AppendVarint(w.b[:start-1], uint64(n))
}

// packed writes a repeated integer field in packed form; readers of ONNX accept it for every field.
func packed[T int32 | int64 | uint64](w *writer, num protowire.Number, list []T) {
	if len(list) == 0 {
		return
	}
	at := w.begin(num)
	for _, v := range list {
		w.b = protowire.AppendVarint(w.b, uint64(v))
	}
	w.end(at)
}

// floatList writes a repeated field of floats in packed form.
func floatList[T float32 | float64](w *writer, num protowire.Number, list []T) {
	if len(list) == 0 {
		return
	}
	w.b = protowire.AppendVarint(protowire.AppendTag(w.b, num, protowire.BytesType), uint64(binary.Size(list)))
	w.b, _ = binary.Append(w.b, binary.LittleEndian, list) // which fails for none but types of unknown size
}

// one writes a message unless it is absent.
func one[T any](w *writer, num protowire.Number, v *T, f func(*writer, *T)) {
	if v == nil {
		return
	}
	at := w.begin(num)
	f(w, v)
	w.end(at)
}

// many writes a repeated message; nil elements are written empty.
func many[T any](w *writer, num protowire.Number, list []*T, f func(*writer, *T)) {
	for _, v := range list {
		if v == nil {
			v = new(T)
		}
		one(w, num, v, f)
	}
}

// values is many for messages held by value.
func values[T any](w *writer, num protowire.Number, list []T, f func(*writer, *T)) {
	for i := range list {
		one(w, num, &list[i], f)
	}
}

// Append appends the encoding of m to dst: the same bytes for equal models. Fields stand in the order of their numbers.
func (m *Model) Append(dst []byte) []byte { return encode(dst, m, writeModel) }

// Append appends the encoding of t to dst.
func (t *Tensor) Append(dst []byte) []byte { return encode(dst, t, writeTensor) }

// Append appends the encoding of s to dst.
func (s *Sequence) Append(dst []byte) []byte { return encode(dst, s, writeSequence) }

// Append appends the encoding of o to dst.
func (o *Optional) Append(dst []byte) []byte { return encode(dst, o, writeOptional) }

// Append appends the encoding of m to dst.
func (m *Map) Append(dst []byte) []byte { return encode(dst, m, writeMap) }

func encode[T any](dst []byte, v *T, f func(*writer, *T)) []byte {
	w := &writer{b: dst}
	f(w, v)
	return w.b
}
