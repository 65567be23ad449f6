package wire

func writeModel(w *writer, m *Model) {
	w.int(1, m.IRVersion)
	w.text(2, m.ProducerName)
	w.text(3, m.ProducerVersion)
	w.text(4, m.Domain)
	w.int(5, m.ModelVersion)
	w.text(6, m.Doc)
	one(w, 7, m.Graph, writeGraph)
	values(w, 8, m.Opsets, writeOpset)
	values(w, 14, m.Metadata, writeStringString)
	many(w, 20, m.TrainingInfo, writeTrainingInfo)
	many(w, 25, m.Functions, writeFunction)
	values(w, 26, m.Devices, writeDeviceConfig)
}

// writeOpset writes the default domain too, as an empty string: some readers ask whether it is there.
func writeOpset(w *writer, o *OpsetID) {
	w.blob(1, []byte(o.Domain))
	w.present(2, o.Version)
}

func writeStringString(w *writer, e *StringString) {
	w.text(1, e.Key)
	w.text(2, e.Value)
}

func writeTrainingInfo(w *writer, t *TrainingInfo) {
	one(w, 1, t.Init, writeGraph)
	one(w, 2, t.Algorithm, writeGraph)
	values(w, 3, t.InitBinding, writeStringString)
	values(w, 4, t.UpdateBinding, writeStringString)
}

func writeDeviceConfig(w *writer, c *DeviceConfig) {
	w.text(1, c.Name)
	w.int(2, int64(c.NumDevices))
	w.texts(3, c.Devices)
}

func writeFunction(w *writer, f *Function) {
	w.text(1, f.Name)
	w.texts(4, f.Inputs)
	w.texts(5, f.Outputs)
	w.texts(6, f.Attrs)
	many(w, 7, f.Nodes, writeNode)
	w.text(8, f.Doc)
	values(w, 9, f.Opsets, writeOpset)
	w.text(10, f.Domain)
	many(w, 11, f.AttrProtos, writeAttr)
	many(w, 12, f.ValueInfo, writeValueInfo)
	w.text(13, f.Overload)
	values(w, 14, f.Metadata, writeStringString)
}

func writeGraph(w *writer, g *Graph) {
	many(w, 1, g.Nodes, writeNode)
	w.text(2, g.Name)
	many(w, 5, g.Inits, writeTensor)
	w.text(10, g.Doc)
	many(w, 11, g.Inputs, writeValueInfo)
	many(w, 12, g.Outputs, writeValueInfo)
	many(w, 13, g.ValueInfo, writeValueInfo)
	values(w, 14, g.Quant, writeQuant)
	many(w, 15, g.SparseInits, writeSparse)
	values(w, 16, g.Metadata, writeStringString)
}

func writeQuant(w *writer, q *QuantAnnotation) {
	w.text(1, q.Tensor)
	values(w, 2, q.Params, writeStringString)
}

func writeNode(w *writer, n *Node) {
	w.texts(1, n.In)
	w.texts(2, n.Out)
	w.text(3, n.Name)
	w.text(4, n.OpType)
	many(w, 5, n.Attrs, writeAttr)
	w.text(6, n.Doc)
	w.text(7, n.Domain)
	w.text(8, n.Overload)
	values(w, 9, n.Metadata, writeStringString)
	w.blobs(10, n.Devices)
}

// writeAttr writes the field that the type names even where it is zero, unless the attribute refers to a function's: checkers ask for
// presence.
func writeAttr(w *writer, a *Attr) {
	set := func(t AttrType) bool { return a.Type == t && a.RefName == "" }
	w.text(1, a.Name)
	if a.F != 0 || set(AttrFloat) {
		w.float(2, a.F)
	}
	if a.I != 0 || set(AttrInt) {
		w.present(3, a.I)
	}
	if a.S != nil || set(AttrString) {
		w.blob(4, a.S)
	}
	one(w, 5, a.T, writeTensor)
	one(w, 6, a.G, writeGraph)
	floatList(w, 7, a.Floats)
	packed(w, 8, a.Ints)
	w.blobs(9, a.Strings)
	many(w, 10, a.Tensors, writeTensor)
	many(w, 11, a.Graphs, writeGraph)
	w.text(13, a.Doc)
	one(w, 14, a.TP, writeType)
	many(w, 15, a.Types, writeType)
	w.int(20, int64(a.Type))
	w.text(21, a.RefName)
	one(w, 22, a.Sparse, writeSparse)
	many(w, 23, a.Sparses, writeSparse)
}
