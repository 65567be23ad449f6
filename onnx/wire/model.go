package wire

// A Model is a ModelProto. Graph is nil where the file has none.
type Model struct {
	IRVersion       int64
	Opsets          []OpsetID
	ProducerName    string
	ProducerVersion string
	Domain          string
	ModelVersion    int64
	Doc             string
	Graph           *Graph
	Functions       []*Function
	Metadata        []StringString
	TrainingInfo    []*TrainingInfo
	Devices         []DeviceConfig
}

// An OpsetID names an operator set: an OperatorSetIdProto.
type OpsetID struct {
	Domain  string
	Version int64
}

// A StringString is one entry of a string map: a StringStringEntryProto.
type StringString struct{ Key, Value string }

// A TrainingInfo is a TrainingInfoProto.
type TrainingInfo struct {
	Init, Algorithm            *Graph
	InitBinding, UpdateBinding []StringString
}

// A DeviceConfig is a DeviceConfigurationProto.
type DeviceConfig struct {
	Name       string
	NumDevices int32
	Devices    []string
}

// A Function is a FunctionProto: a model-local function.
type Function struct {
	Name, Domain, Overload, Doc string
	Inputs, Outputs             []string
	Attrs                       []string // names of the attributes without a default
	AttrProtos                  []*Attr  // attributes with a default
	Nodes                       []*Node
	Opsets                      []OpsetID
	ValueInfo                   []*ValueInfo
	Metadata                    []StringString
}

// A Graph is a GraphProto.
type Graph struct {
	Name, Doc   string
	Nodes       []*Node
	Inits       []*Tensor
	SparseInits []*SparseTensor
	Inputs      []*ValueInfo
	Outputs     []*ValueInfo
	ValueInfo   []*ValueInfo
	Quant       []QuantAnnotation
	Metadata    []StringString
}

// A QuantAnnotation is a TensorAnnotation: the names of the tensors that hold a tensor's scale and zero point.
type QuantAnnotation struct {
	Tensor string
	Params []StringString
}

// A Node is a NodeProto. An empty name among In or Out is an absent optional operand.
type Node struct {
	Name, OpType, Domain, Overload, Doc string
	In, Out                             []string
	Attrs                               []*Attr
	Metadata                            []StringString
	Devices                             [][]byte // NodeDeviceConfigurationProto messages, kept as they are encoded
}

// AttrType says which field of an Attr holds its value.
type AttrType int32

// The types of attributes, with ONNX's numbers.
const (
	AttrUndefined     AttrType = 0
	AttrFloat         AttrType = 1
	AttrInt           AttrType = 2
	AttrString        AttrType = 3
	AttrTensor        AttrType = 4
	AttrGraph         AttrType = 5
	AttrFloats        AttrType = 6
	AttrInts          AttrType = 7
	AttrStrings       AttrType = 8
	AttrTensors       AttrType = 9
	AttrGraphs        AttrType = 10
	AttrSparseTensor  AttrType = 11
	AttrSparseTensors AttrType = 12
	AttrTypeProto     AttrType = 13
	AttrTypeProtos    AttrType = 14
)

// An Attr is an AttributeProto. Where the file gives no type, as files of IR version 1 do, decoding sets Type after the field that
// holds a value.
type Attr struct {
	Name    string
	RefName string // in a function's body: the function's attribute that this one takes its value from
	Doc     string
	Type    AttrType
	F       float32
	I       int64
	S       []byte
	T       *Tensor
	G       *Graph
	Sparse  *SparseTensor
	TP      *Type
	Floats  []float32
	Ints    []int64
	Strings [][]byte
	Tensors []*Tensor
	Graphs  []*Graph
	Sparses []*SparseTensor
	Types   []*Type
}

// A Tensor is a TensorProto. Its elements stand in Raw, in one of the typed arrays, or in another file; [Tensor.Tensor] reads them from
// wherever they are.
type Tensor struct {
	Name, Doc    string
	DataType     int32 // a tensor.DType, unless it is unknown
	Dims         []int64
	Raw          []byte
	HasRaw       bool // raw_data is present, if only empty
	Floats       []float32
	Int32s       []int32
	Int64s       []int64
	Doubles      []float64
	Uint64s      []uint64
	Strings      [][]byte
	External     []StringString
	DataLocation int32 // LocationDefault or LocationExternal
	Segment      *Segment
	Metadata     []StringString
}

// Where a tensor's elements are: Tensor.DataLocation.
const (
	LocationDefault  = 0 // in the message
	LocationExternal = 1 // in the file that External names
)

// A Segment is a TensorProto.Segment: the message holds elements Begin up to End of a larger tensor.
type Segment struct{ Begin, End int64 }

// A SparseTensor is a SparseTensorProto.
type SparseTensor struct {
	Values, Indices *Tensor
	Dims            []int64
}

// A ValueInfo is a ValueInfoProto. Type is nil where the file gives none.
type ValueInfo struct {
	Name, Doc string
	Type      *Type
	Metadata  []StringString
}

// TypeKind says what a Type is of.
type TypeKind uint8

// The kinds of types.
const (
	KindNone     TypeKind = iota
	KindTensor            // Elem, Shape, HasShape
	KindSequence          // Of
	KindMap               // Elem is the type of the keys, Of that of the values
	KindOptional          // Of
	KindSparse            // Elem, Shape, HasShape
	KindOpaque            // Domain, Name
)

// A Type is a TypeProto.
type Type struct {
	Kind         TypeKind
	Elem         int32 // a tensor.DType, unless it is unknown
	HasShape     bool  // false: the rank is unknown
	Shape        []Dim
	Of           *Type // nil where the file gives none
	Domain, Name string
	Denotation   string
}

// A Dim is a TensorShapeProto.Dimension: a number if HasValue, else a symbol if Param is not empty, else unknown.
type Dim struct {
	Value      int64
	Param      string
	HasValue   bool
	Denotation string
}

// ElemKind says what a Sequence or an Optional holds.
type ElemKind int32

// The kinds of elements, with the numbers of SequenceProto.DataType and OptionalProto.DataType.
const (
	ElemUndefined ElemKind = 0
	ElemTensor    ElemKind = 1
	ElemSparse    ElemKind = 2
	ElemSequence  ElemKind = 3
	ElemMap       ElemKind = 4
	ElemOptional  ElemKind = 5
)

// A Sequence is a SequenceProto: elements of one kind, in the array of that kind.
type Sequence struct {
	Name      string
	Elem      ElemKind
	Tensors   []*Tensor
	Sparses   []*SparseTensor
	Sequences []*Sequence
	Maps      []*Map
	Optionals []*Optional
}

// A Map is a MapProto: Keys or StringKeys, and as many values.
type Map struct {
	Name       string
	KeyType    int32 // a tensor.DType
	Keys       []int64
	StringKeys [][]byte
	Values     *Sequence
}

// An Optional is an OptionalProto: one element or none.
type Optional struct {
	Name     string
	Elem     ElemKind
	Tensor   *Tensor
	Sparse   *SparseTensor
	Sequence *Sequence
	Map      *Map
	Optional *Optional
}
