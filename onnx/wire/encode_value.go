package wire

import "google.golang.org/protobuf/encoding/protowire"

func writeTensor(w *writer, t *Tensor) {
	packed(w, 1, t.Dims)
	w.int(2, int64(t.DataType))
	one(w, 3, t.Segment, writeSegment)
	floatList(w, 4, t.Floats)
	packed(w, 5, t.Int32s)
	w.blobs(6, t.Strings)
	packed(w, 7, t.Int64s)
	w.text(8, t.Name)
	if t.HasRaw || len(t.Raw) > 0 {
		w.blob(9, t.Raw)
	}
	floatList(w, 10, t.Doubles)
	packed(w, 11, t.Uint64s)
	w.text(12, t.Doc)
	values(w, 13, t.External, writeStringString)
	w.int(14, int64(t.DataLocation))
	values(w, 16, t.Metadata, writeStringString)
}

func writeSegment(w *writer, s *Segment) {
	w.present(1, s.Begin)
	w.present(2, s.End)
}

func writeSparse(w *writer, s *SparseTensor) {
	one(w, 1, s.Values, writeTensor)
	one(w, 2, s.Indices, writeTensor)
	packed(w, 3, s.Dims)
}

func writeValueInfo(w *writer, v *ValueInfo) {
	w.text(1, v.Name)
	one(w, 2, v.Type, writeType)
	w.text(3, v.Doc)
	values(w, 4, v.Metadata, writeStringString)
}

func writeType(w *writer, t *Type) {
	// The denotation stands where its number says; only kinds of higher numbers follow it.
	num := kindFields[min(int(t.Kind), len(kindFields)-1)]
	if num > 6 {
		w.text(6, t.Denotation)
	}
	if num != 0 {
		one(w, num, t, writeKind)
	}
	if num <= 6 {
		w.text(6, t.Denotation)
	}
}

// kindFields holds the number of the field that a kind of type stands in.
var kindFields = [...]protowire.Number{KindTensor: 1, KindSequence: 4, KindMap: 5, KindOptional: 9, KindSparse: 8, KindOpaque: 7, KindOpaque + 1: 0}

func writeKind(w *writer, t *Type) {
	switch t.Kind {
	case KindTensor, KindSparse:
		w.int(1, int64(t.Elem))
		if t.HasShape {
			one(w, 2, &t.Shape, writeShape)
		}
	case KindSequence, KindOptional:
		one(w, 1, t.Of, writeType)
	case KindMap:
		w.int(1, int64(t.Elem))
		one(w, 2, t.Of, writeType)
	case KindOpaque:
		w.text(1, t.Domain)
		w.text(2, t.Name)
	}
}

func writeShape(w *writer, s *[]Dim) { values(w, 1, *s, writeDim) }

func writeDim(w *writer, d *Dim) {
	if d.HasValue {
		w.present(1, d.Value)
	} else {
		w.text(2, d.Param)
	}
	w.text(3, d.Denotation)
}

func writeSequence(w *writer, s *Sequence) {
	w.text(1, s.Name)
	w.int(2, int64(s.Elem))
	many(w, 3, s.Tensors, writeTensor)
	many(w, 4, s.Sparses, writeSparse)
	many(w, 5, s.Sequences, writeSequence)
	many(w, 6, s.Maps, writeMap)
	many(w, 7, s.Optionals, writeOptional)
}

func writeMap(w *writer, m *Map) {
	w.text(1, m.Name)
	w.int(2, int64(m.KeyType))
	packed(w, 3, m.Keys)
	w.blobs(4, m.StringKeys)
	one(w, 5, m.Values, writeSequence)
}

func writeOptional(w *writer, o *Optional) {
	w.text(1, o.Name)
	w.int(2, int64(o.Elem))
	one(w, 3, o.Tensor, writeTensor)
	one(w, 4, o.Sparse, writeSparse)
	one(w, 5, o.Sequence, writeSequence)
	one(w, 6, o.Map, writeMap)
	one(w, 7, o.Optional, writeOptional)
}
