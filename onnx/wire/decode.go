package wire

// DecodeModel reads a model. Its byte fields and some packed arrays alias data.
// The error is an *Error (ErrFormat or ErrBudget); where data looks like a file of another kind, it says so.
func DecodeModel(data []byte, b Budget) (*Model, error) {
	m, err := decode(data, b, decodeModel)
	if err == nil && m.Graph == nil {
		// Short files of other kinds can pass for messages of unknown fields.
		if what := Sniff(data); what != "" {
			return nil, &Error{Msg: "this looks like " + what + ", not like an ONNX model", Kind: ErrFormat}
		}
	}
	return m, err
}

// DecodeTensor reads a file that holds a TensorProto.
func DecodeTensor(data []byte, b Budget) (*Tensor, error) { return decode(data, b, decodeTensor) }

// DecodeSequence reads a file that holds a SequenceProto.
func DecodeSequence(data []byte, b Budget) (*Sequence, error) {
	return decode(data, b, decodeSequence)
}

// DecodeOptional reads a file that holds an OptionalProto.
func DecodeOptional(data []byte, b Budget) (*Optional, error) {
	return decode(data, b, decodeOptional)
}

// DecodeMap reads a file that holds a MapProto.
func DecodeMap(data []byte, b Budget) (*Map, error) { return decode(data, b, decodeMap) }

func decode[T any](data []byte, b Budget, f func(*reader, *T)) (*T, error) {
	d := newDecoder(data, b)
	v := new(T)
	f(&reader{decoder: d, end: len(data)}, v)
	if d.err == nil {
		return v, nil
	}
	if d.err.Kind == ErrFormat {
		if what := Sniff(data); what != "" {
			d.err.Msg += "; this looks like " + what
		}
	}
	return nil, d.err
}

func decodeModel(r *reader, m *Model) {
	for r.next() {
		switch r.num {
		case 1:
			m.IRVersion = r.int64("ir_version")
		case 2:
			m.ProducerName = r.text("producer_name")
		case 3:
			m.ProducerVersion = r.text("producer_version")
		case 4:
			m.Domain = r.text("domain")
		case 5:
			m.ModelVersion = r.int64("model_version")
		case 6:
			m.Doc = r.text("doc_string")
		case 7:
			m.Graph = message(r, "graph", decodeGraph)
		case 8:
			inline(r, "opset_import", &m.Opsets, decodeOpset)
		case 14:
			inline(r, "metadata_props", &m.Metadata, decodeStringString)
		case 20:
			each(r, "training_info", &m.TrainingInfo, decodeTrainingInfo)
		case 25:
			each(r, "functions", &m.Functions, decodeFunction)
		case 26:
			inline(r, "configuration", &m.Devices, decodeDeviceConfig)
		default:
			r.skip()
		}
	}
}

func decodeOpset(r *reader, o *OpsetID) {
	for r.next() {
		switch r.num {
		case 1:
			o.Domain = r.name("domain")
		case 2:
			o.Version = r.int64("version")
		default:
			r.skip()
		}
	}
}

func decodeStringString(r *reader, e *StringString) {
	for r.next() {
		switch r.num {
		case 1:
			e.Key = r.name("key")
		case 2:
			e.Value = r.text("value")
		default:
			r.skip()
		}
	}
}

func decodeTrainingInfo(r *reader, t *TrainingInfo) {
	for r.next() {
		switch r.num {
		case 1:
			t.Init = message(r, "initialization", decodeGraph)
		case 2:
			t.Algorithm = message(r, "algorithm", decodeGraph)
		case 3:
			inline(r, "initialization_binding", &t.InitBinding, decodeStringString)
		case 4:
			inline(r, "update_binding", &t.UpdateBinding, decodeStringString)
		default:
			r.skip()
		}
	}
}

func decodeDeviceConfig(r *reader, c *DeviceConfig) {
	for r.next() {
		switch r.num {
		case 1:
			c.Name = r.name("name")
		case 2:
			c.NumDevices = r.int32("num_devices")
		case 3:
			push(r, &c.Devices, r.name("device"))
		default:
			r.skip()
		}
	}
}

func decodeFunction(r *reader, f *Function) {
	for r.next() {
		switch r.num {
		case 1:
			f.Name = r.name("name")
		case 4:
			push(r, &f.Inputs, r.name("input"))
		case 5:
			push(r, &f.Outputs, r.name("output"))
		case 6:
			push(r, &f.Attrs, r.name("attribute"))
		case 7:
			each(r, "node", &f.Nodes, decodeNode)
		case 8:
			f.Doc = r.text("doc_string")
		case 9:
			inline(r, "opset_import", &f.Opsets, decodeOpset)
		case 10:
			f.Domain = r.name("domain")
		case 11:
			each(r, "attribute_proto", &f.AttrProtos, decodeAttr)
		case 12:
			each(r, "value_info", &f.ValueInfo, decodeValueInfo)
		case 13:
			f.Overload = r.name("overload")
		case 14:
			inline(r, "metadata_props", &f.Metadata, decodeStringString)
		default:
			r.skip()
		}
	}
}

func decodeGraph(r *reader, g *Graph) {
	if !r.nest() {
		return
	}
	for r.next() {
		switch r.num {
		case 1:
			each(r, "node", &g.Nodes, decodeNode)
		case 2:
			g.Name = r.name("name")
		case 5:
			each(r, "initializer", &g.Inits, decodeTensor)
		case 10:
			g.Doc = r.text("doc_string")
		case 11:
			each(r, "input", &g.Inputs, decodeValueInfo)
		case 12:
			each(r, "output", &g.Outputs, decodeValueInfo)
		case 13:
			each(r, "value_info", &g.ValueInfo, decodeValueInfo)
		case 14:
			inline(r, "quantization_annotation", &g.Quant, decodeQuant)
		case 15:
			each(r, "sparse_initializer", &g.SparseInits, decodeSparse)
		case 16:
			inline(r, "metadata_props", &g.Metadata, decodeStringString)
		default:
			r.skip()
		}
	}
	r.depth--
}

func decodeQuant(r *reader, q *QuantAnnotation) {
	for r.next() {
		switch r.num {
		case 1:
			q.Tensor = r.name("tensor_name")
		case 2:
			inline(r, "quant_parameter_tensor_names", &q.Params, decodeStringString)
		default:
			r.skip()
		}
	}
}

func decodeNode(r *reader, n *Node) {
	for r.next() {
		switch r.num {
		case 1:
			push(r, &n.In, r.name("input"))
		case 2:
			push(r, &n.Out, r.name("output"))
		case 3:
			n.Name = r.text("name")
		case 4:
			n.OpType = r.name("op_type")
		case 5:
			each(r, "attribute", &n.Attrs, decodeAttr)
		case 6:
			n.Doc = r.text("doc_string")
		case 7:
			n.Domain = r.name("domain")
		case 8:
			n.Overload = r.name("overload")
		case 9:
			inline(r, "metadata_props", &n.Metadata, decodeStringString)
		case 10:
			push(r, &n.Devices, r.blob("device_configurations"))
		default:
			r.skip()
		}
	}
}

func decodeAttr(r *reader, a *Attr) {
	seen := AttrUndefined
	for r.next() {
		if t := attrTypeOf[min(int(r.num), len(attrTypeOf)-1)]; t != AttrUndefined {
			seen = t
		}
		switch r.num {
		case 1:
			a.Name = r.name("name")
		case 2:
			a.F = r.float32("f")
		case 3:
			a.I = r.int64("i")
		case 4:
			a.S = r.blob("s")
		case 5:
			a.T = message(r, "t", decodeTensor)
		case 6:
			a.G = message(r, "g", decodeGraph)
		case 7:
			floats(r, "floats", &a.Floats, (*reader).float32)
		case 8:
			varints(r, "ints", &a.Ints)
		case 9:
			push(r, &a.Strings, r.blob("strings"))
		case 10:
			each(r, "tensors", &a.Tensors, decodeTensor)
		case 11:
			each(r, "graphs", &a.Graphs, decodeGraph)
		case 13:
			a.Doc = r.text("doc_string")
		case 14:
			a.TP = message(r, "tp", decodeType)
		case 15:
			each(r, "type_protos", &a.Types, decodeType)
		case 20:
			a.Type = AttrType(r.int32("type"))
		case 21:
			a.RefName = r.name("ref_attr_name")
		case 22:
			a.Sparse = message(r, "sparse_tensor", decodeSparse)
		case 23:
			each(r, "sparse_tensors", &a.Sparses, decodeSparse)
		default:
			r.skip()
		}
	}
	if a.Type == AttrUndefined {
		a.Type = seen
	}
}

// attrTypeOf says which type of attribute the field of a number holds the value of.
var attrTypeOf = [...]AttrType{
	2: AttrFloat, 3: AttrInt, 4: AttrString, 5: AttrTensor, 6: AttrGraph, 7: AttrFloats, 8: AttrInts, 9: AttrStrings, 10: AttrTensors, 11: AttrGraphs,
	14: AttrTypeProto, 15: AttrTypeProtos, 22: AttrSparseTensor, 23: AttrSparseTensors, 24: AttrUndefined,
}
