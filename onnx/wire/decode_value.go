package wire

func decodeTensor(r *reader, t *Tensor) {
	for r.next() {
		switch r.num {
		case 1:
			varints(r, "dims", &t.Dims)
		case 2:
			t.DataType = r.int32("data_type")
		case 3:
			t.Segment = message(r, "segment", decodeSegment)
		case 4:
			floats(r, "float_data", &t.Floats, (*reader).float32)
		case 5:
			varints(r, "int32_data", &t.Int32s)
		case 6:
			push(r, &t.Strings, r.blob("string_data"))
		case 7:
			varints(r, "int64_data", &t.Int64s)
		case 8:
			t.Name = r.name("name")
		case 9:
			t.Raw, t.HasRaw = r.blob("raw_data"), true
		case 10:
			floats(r, "double_data", &t.Doubles, (*reader).float64)
		case 11:
			varints(r, "uint64_data", &t.Uint64s)
		case 12:
			t.Doc = r.text("doc_string")
		case 13:
			inline(r, "external_data", &t.External, decodeStringString)
		case 14:
			t.DataLocation = r.int32("data_location")
		case 16:
			inline(r, "metadata_props", &t.Metadata, decodeStringString)
		default:
			r.skip()
		}
	}
}

func decodeSegment(r *reader, s *Segment) {
	for r.next() {
		switch r.num {
		case 1:
			s.Begin = r.int64("begin")
		case 2:
			s.End = r.int64("end")
		default:
			r.skip()
		}
	}
}

func decodeSparse(r *reader, s *SparseTensor) {
	for r.next() {
		switch r.num {
		case 1:
			s.Values = message(r, "values", decodeTensor)
		case 2:
			s.Indices = message(r, "indices", decodeTensor)
		case 3:
			varints(r, "dims", &s.Dims)
		default:
			r.skip()
		}
	}
}

func decodeValueInfo(r *reader, v *ValueInfo) {
	for r.next() {
		switch r.num {
		case 1:
			v.Name = r.name("name")
		case 2:
			v.Type = message(r, "type", decodeType)
		case 3:
			v.Doc = r.text("doc_string")
		case 4:
			inline(r, "metadata_props", &v.Metadata, decodeStringString)
		default:
			r.skip()
		}
	}
}

// decodeType reads a TypeProto. Its kinds are alternatives: the last one given wins.
func decodeType(r *reader, t *Type) {
	if !r.nest() {
		return
	}
	for r.next() {
		switch r.num {
		case 1:
			t.set(KindTensor, message(r, "tensor_type", decodeTensorType))
		case 4:
			t.set(KindSequence, message(r, "sequence_type", decodeElemType))
		case 5:
			t.set(KindMap, message(r, "map_type", decodeMapType))
		case 6:
			t.Denotation = r.name("denotation")
		case 7:
			t.set(KindOpaque, message(r, "opaque_type", decodeOpaqueType))
		case 8:
			t.set(KindSparse, message(r, "sparse_tensor_type", decodeTensorType))
		case 9:
			t.set(KindOptional, message(r, "optional_type", decodeElemType))
		default:
			r.skip()
		}
	}
	r.depth--
}

// set makes t what v is, under t's own denotation. v is nil after an error.
func (t *Type) set(k TypeKind, v *Type) {
	if v == nil {
		return
	}
	v.Kind, v.Denotation = k, t.Denotation
	*t = *v
}

// decodeTensorType reads a TypeProto.Tensor or a TypeProto.SparseTensor, which are alike.
func decodeTensorType(r *reader, t *Type) {
	for r.next() {
		switch r.num {
		case 1:
			t.Elem = r.int32("elem_type")
		case 2:
			if s := message(r, "shape", decodeShape); s != nil {
				t.Shape, t.HasShape = *s, true
			}
		default:
			r.skip()
		}
	}
}

// decodeElemType reads a TypeProto.Sequence or a TypeProto.Optional, which are alike.
func decodeElemType(r *reader, t *Type) {
	for r.next() {
		switch r.num {
		case 1:
			t.Of = message(r, "elem_type", decodeType)
		default:
			r.skip()
		}
	}
}

func decodeMapType(r *reader, t *Type) {
	for r.next() {
		switch r.num {
		case 1:
			t.Elem = r.int32("key_type")
		case 2:
			t.Of = message(r, "value_type", decodeType)
		default:
			r.skip()
		}
	}
}

func decodeOpaqueType(r *reader, t *Type) {
	for r.next() {
		switch r.num {
		case 1:
			t.Domain = r.name("domain")
		case 2:
			t.Name = r.name("name")
		default:
			r.skip()
		}
	}
}

func decodeShape(r *reader, s *[]Dim) {
	for r.next() {
		switch r.num {
		case 1:
			inline(r, "dim", s, decodeDim)
		default:
			r.skip()
		}
	}
}

// decodeDim reads a dimension. dim_value and dim_param are alternatives: the last one given wins.
func decodeDim(r *reader, d *Dim) {
	for r.next() {
		switch r.num {
		case 1:
			d.Value, d.HasValue, d.Param = r.int64("dim_value"), true, ""
		case 2:
			d.Value, d.HasValue, d.Param = 0, false, r.name("dim_param")
		case 3:
			d.Denotation = r.name("denotation")
		default:
			r.skip()
		}
	}
}

func decodeSequence(r *reader, s *Sequence) {
	if !r.nest() {
		return
	}
	for r.next() {
		switch r.num {
		case 1:
			s.Name = r.name("name")
		case 2:
			s.Elem = ElemKind(r.int32("elem_type"))
		case 3:
			each(r, "tensor_values", &s.Tensors, decodeTensor)
		case 4:
			each(r, "sparse_tensor_values", &s.Sparses, decodeSparse)
		case 5:
			each(r, "sequence_values", &s.Sequences, decodeSequence)
		case 6:
			each(r, "map_values", &s.Maps, decodeMap)
		case 7:
			each(r, "optional_values", &s.Optionals, decodeOptional)
		default:
			r.skip()
		}
	}
	r.depth--
}

func decodeMap(r *reader, m *Map) {
	if !r.nest() {
		return
	}
	for r.next() {
		switch r.num {
		case 1:
			m.Name = r.name("name")
		case 2:
			m.KeyType = r.int32("key_type")
		case 3:
			varints(r, "keys", &m.Keys)
		case 4:
			push(r, &m.StringKeys, r.blob("string_keys"))
		case 5:
			m.Values = message(r, "values", decodeSequence)
		default:
			r.skip()
		}
	}
	r.depth--
}

func decodeOptional(r *reader, o *Optional) {
	if !r.nest() {
		return
	}
	for r.next() {
		switch r.num {
		case 1:
			o.Name = r.name("name")
		case 2:
			o.Elem = ElemKind(r.int32("elem_type"))
		case 3:
			o.Tensor = message(r, "tensor_value", decodeTensor)
		case 4:
			o.Sparse = message(r, "sparse_tensor_value", decodeSparse)
		case 5:
			o.Sequence = message(r, "sequence_value", decodeSequence)
		case 6:
			o.Map = message(r, "map_value", decodeMap)
		case 7:
			o.Optional = message(r, "optional_value", decodeOptional)
		default:
			r.skip()
		}
	}
	r.depth--
}
