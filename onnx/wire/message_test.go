package wire

import (
	"math"
	"reflect"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
)

var meta = []StringString{{"k", "v"}, {"", "\xff\x00"}}

func fullTensor() *Tensor {
	return &Tensor{
		Name: "t", Doc: "d", DataType: 1, Dims: []int64{2, -1, 1 << 40}, Raw: []byte{1, 2, 3}, HasRaw: true,
		Floats: []float32{1, -2, float32(math.Inf(1))}, Int32s: []int32{-1, 1 << 30}, Int64s: []int64{math.MinInt64, 5}, Doubles: []float64{0.1, -3},
		Uint64s: []uint64{math.MaxUint64, 0}, Strings: [][]byte{{}, []byte("s")}, External: meta, DataLocation: LocationExternal,
		Segment: &Segment{Begin: 0, End: 7}, Metadata: meta,
	}
}

func fullSparse() *SparseTensor {
	return &SparseTensor{Values: fullTensor(), Indices: &Tensor{Name: "i"}, Dims: []int64{4, 4}}
}

func fullTypes() []*Type {
	elem := &Type{Kind: KindTensor, Elem: 1}
	return []*Type{
		{}, {Denotation: "d"}, elem,
		{Kind: KindTensor, Elem: 16, HasShape: true, Denotation: "IMAGE"},
		{Kind: KindTensor, Elem: 1, HasShape: true, Shape: []Dim{{Value: 3, HasValue: true}, {Param: "N", Denotation: "BATCH"}, {}, {HasValue: true}, {Value: -1, HasValue: true}}},
		{Kind: KindSparse, Elem: 7, HasShape: true, Shape: []Dim{{Param: "M"}}, Denotation: "x"},
		{Kind: KindSequence, Of: elem}, {Kind: KindSequence}, {Kind: KindOptional, Of: &Type{Kind: KindSequence, Of: elem}},
		{Kind: KindMap, Elem: 8, Of: elem}, {Kind: KindOpaque, Domain: "d", Name: "n"},
	}
}

func fullAttrs(g *Graph) []*Attr {
	types := fullTypes()
	return []*Attr{
		{Name: "f", Type: AttrFloat, F: 1.5, Doc: "doc"}, {Name: "f0", Type: AttrFloat}, {Name: "i", Type: AttrInt, I: -7}, {Name: "i0", Type: AttrInt},
		{Name: "s", Type: AttrString, S: []byte("x\xff")}, {Name: "s0", Type: AttrString, S: []byte{}}, {Name: "t", Type: AttrTensor, T: fullTensor()},
		{Name: "g", Type: AttrGraph, G: g}, {Name: "fs", Type: AttrFloats, Floats: []float32{1, 2}}, {Name: "is", Type: AttrInts, Ints: []int64{-1, 0, 1}},
		{Name: "none", Type: AttrInts}, {Name: "ss", Type: AttrStrings, Strings: [][]byte{[]byte("a"), {}}}, {Name: "ts", Type: AttrTensors, Tensors: []*Tensor{{}, fullTensor()}},
		{Name: "gs", Type: AttrGraphs, Graphs: []*Graph{{Name: "a"}, {}}}, {Name: "sp", Type: AttrSparseTensor, Sparse: fullSparse()},
		{Name: "sps", Type: AttrSparseTensors, Sparses: []*SparseTensor{fullSparse(), {}}}, {Name: "tp", Type: AttrTypeProto, TP: types[4]},
		{Name: "tps", Type: AttrTypeProtos, Types: types}, {Name: "ref", RefName: "alpha", Type: AttrFloat}, {Name: "unset"},
	}
}

// everything returns a model in which every field of every message is set.
func everything() *Model {
	var infos []*ValueInfo
	for _, typ := range fullTypes() {
		infos = append(infos, &ValueInfo{Name: "v", Doc: "d", Type: typ, Metadata: meta})
	}
	infos = append(infos, &ValueInfo{Name: "untyped"})
	node := &Node{
		Name: "n", OpType: "Conv", Domain: "com.example", Overload: "o", Doc: "d", In: []string{"x", "", "w"}, Out: []string{"y"},
		Attrs: fullAttrs(&Graph{Name: "body", Nodes: []*Node{{OpType: "Relu"}}}), Metadata: meta, Devices: [][]byte{field(1, []byte("c")), {}},
	}
	g := &Graph{
		Name: "g", Doc: "d", Nodes: []*Node{node, {}}, Inits: []*Tensor{fullTensor()}, SparseInits: []*SparseTensor{fullSparse()}, Inputs: infos, Outputs: infos[:2],
		ValueInfo: infos[3:], Quant: []QuantAnnotation{{Tensor: "t", Params: meta}}, Metadata: meta,
	}
	f := &Function{
		Name: "f", Domain: "d", Overload: "o", Doc: "doc", Inputs: []string{"a", "b"}, Outputs: []string{"c"}, Attrs: []string{"alpha"}, AttrProtos: fullAttrs(nil)[:3],
		Nodes: []*Node{node}, Opsets: []OpsetID{{Version: 20}}, ValueInfo: infos[:1], Metadata: meta,
	}
	return &Model{
		IRVersion: 13, Opsets: []OpsetID{{"", 23}, {"ai.onnx.ml", 0}}, ProducerName: "p", ProducerVersion: "1", Domain: "dom", ModelVersion: -3, Doc: "doc", Graph: g,
		Functions: []*Function{f, {}}, Metadata: meta, TrainingInfo: []*TrainingInfo{{Init: &Graph{Name: "i"}, Algorithm: &Graph{}, InitBinding: meta, UpdateBinding: meta}, {}},
		Devices: []DeviceConfig{{Name: "dev", NumDevices: 2, Devices: []string{"cpu:0", ""}}},
	}
}

// TestEverythingSetsEveryField holds that the tests of encoding leave no field out.
func TestEverythingSetsEveryField(t *testing.T) {
	set := map[string]bool{}
	var walk func(v reflect.Value)
	walk = func(v reflect.Value) {
		switch v.Kind() {
		case reflect.Pointer:
			if !v.IsNil() {
				walk(v.Elem())
			}
		case reflect.Slice:
			for i := range v.Len() {
				walk(v.Index(i))
			}
		case reflect.Struct:
			for i := range v.NumField() {
				name := v.Type().Name() + "." + v.Type().Field(i).Name
				set[name] = set[name] || !v.Field(i).IsZero()
				walk(v.Field(i))
			}
		}
	}
	walk(reflect.ValueOf(everything()))
	for name, ok := range set {
		if !ok && name != "Segment.Begin" {
			t.Errorf("%s is never set", name)
		}
	}
}

func TestEveryFieldSurvivesEncoding(t *testing.T) {
	want := everything()
	prefix := []byte("prefix")
	enc := want.Append(prefix)
	if string(enc[:6]) != "prefix" {
		t.Fatal("Append overwrites what it appends to")
	}
	got, err := DecodeModel(enc[6:], Budget{})
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestEveryValueSurvivesEncoding(t *testing.T) {
	seq := &Sequence{Name: "s", Elem: ElemTensor, Tensors: []*Tensor{fullTensor(), {}}, Sparses: []*SparseTensor{fullSparse()}, Sequences: []*Sequence{{Name: "in"}}}
	m := &Map{Name: "m", KeyType: 7, Keys: []int64{-1, 300}, StringKeys: [][]byte{[]byte("a"), {}}, Values: seq}
	seq.Maps = []*Map{{Name: "m2"}}
	opt := &Optional{Name: "o", Elem: ElemOptional, Tensor: fullTensor(), Sparse: fullSparse(), Sequence: seq, Map: m, Optional: &Optional{Elem: ElemMap}}
	seq.Optionals = []*Optional{{Name: "o2"}, {}}
	if got, err := DecodeSequence(seq.Append(nil), Budget{}); err != nil || !reflect.DeepEqual(got, seq) {
		t.Errorf("sequence: %+v, %v", got, err)
	}
	if got, err := DecodeMap(m.Append(nil), Budget{}); err != nil || !reflect.DeepEqual(got, m) {
		t.Errorf("map: %+v, %v", got, err)
	}
	if got, err := DecodeOptional(opt.Append(nil), Budget{}); err != nil || !reflect.DeepEqual(got, opt) {
		t.Errorf("optional: %+v, %v", got, err)
	}
}

func TestPackedAndUnpackedFieldsReadAlike(t *testing.T) {
	f32 := func(v float32) []byte {
		return protowire.AppendFixed32(nil, math.Float32bits(v))
	}
	f64 := func(v float64) []byte {
		return protowire.AppendFixed64(nil, math.Float64bits(v))
	}
	cat := func(parts ...[]byte) (b []byte) {
		for _, p := range parts {
			b = append(b, p...)
		}
		return b
	}
	tag := func(num protowire.Number, typ protowire.Type, body []byte) []byte {
		return append(protowire.AppendTag(nil, num, typ), body...)
	}
	got, err := DecodeTensor(cat(
		number(1, 2), field(1, []byte{3, 4}), number(1, 5), field(1, nil),
		tag(4, protowire.Fixed32Type, f32(1)), field(4, cat(f32(2), f32(3))), tag(4, protowire.Fixed32Type, f32(4)),
		field(10, f64(1)), tag(10, protowire.Fixed64Type, f64(2)),
		number(5, math.MaxUint64), field(5, protowire.AppendVarint(nil, 1<<32-1)), field(7, []byte{1}), number(7, 2), number(11, 8), field(11, []byte{9}),
	), Budget{})
	want := &Tensor{Dims: []int64{2, 3, 4, 5}, Floats: []float32{1, 2, 3, 4}, Doubles: []float64{1, 2}, Int32s: []int32{-1, -1}, Int64s: []int64{1, 2}, Uint64s: []uint64{8, 9}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v\nwant %+v", got, err, want)
	}
}

func TestTheLastOfRepeatedSingularFieldsWins(t *testing.T) {
	data := append(number(1, 3), number(1, 4)...)
	data = append(data, field(7, field(2, []byte("first")))...)
	data = append(data, field(7, field(2, []byte("second")))...)
	m, err := DecodeModel(data, Budget{})
	if err != nil || m.IRVersion != 4 || m.Graph.Name != "second" {
		t.Errorf("%+v, %v", m, err)
	}
}

func TestUnknownFieldsAndGroupsAreSkipped(t *testing.T) {
	data := append(groups(3), number(1000, 5)...)
	data = append(data, field(1001, []byte("x"))...)
	data = append(data, number(1, 9)...)
	m, err := DecodeModel(data, Budget{})
	if err != nil || m.IRVersion != 9 || m.Graph == nil {
		t.Errorf("%+v, %v", m, err)
	}
}

func TestAnAttributeWithoutATypeTakesThatOfItsValue(t *testing.T) {
	for want, body := range map[AttrType][]byte{
		AttrInt: number(3, 0), AttrString: field(4, nil), AttrTensor: field(5, nil), AttrInts: field(8, []byte{1}), AttrSparseTensor: field(22, nil), AttrUndefined: field(13, []byte("doc")),
	} {
		m, err := DecodeModel(field(7, field(1, field(5, body))), Budget{})
		if err != nil {
			t.Errorf("%d: %v", want, err)
		} else if a := m.Graph.Nodes[0].Attrs[0]; a.Type != want {
			t.Errorf("type %d, want %d", a.Type, want)
		}
	}
}
