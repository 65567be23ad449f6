package onnx

import (
	"reflect"
	"slices"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
	"github.com/cameo-onnx/cameo/onnx/wire"
)

// operands returns the names of values; that of an absent one is empty.
func (s *exportScope) operands(in []*ir.Value) []string {
	out := make([]string, len(in))
	for i, v := range in {
		if v != nil {
			out[i] = s.names[v]
		}
	}
	return out
}

// plain writes a node whose operator ONNX has; first is the name of its first result.
func (s *exportScope) plain(n *ir.Node, in []*ir.Value, first string) error {
	p := &wire.Node{Name: s.x.label(from(n)), OpType: n.Op.ONNX, Domain: n.Op.Domain, In: s.operands(in)}
	for _, v := range n.Out {
		p.Out = append(p.Out, s.names[v])
		if v.Type.Kind == ir.Tensor {
			s.x.needType(v.Type.DType)
		}
	}
	p.Out[0] = first
	s.x.need(n.Op)
	p.Attrs = s.x.attrs(n)
	if len(n.Op.Bodies) > 0 {
		if err := s.bodies(n, p); err != nil {
			return err
		}
	}
	s.pg.Nodes = append(s.pg.Nodes, p)
	return nil
}

// bodies writes a node's bodies as subgraphs that capture by name what the node has as operands behind its op's own.
func (s *exportScope) bodies(n *ir.Node, p *wire.Node) error {
	own := ownOperands(n)
	captured := p.In[own:]
	p.In = p.In[:own]
	for len(p.In) > 0 && p.In[len(p.In)-1] == "" {
		p.In = p.In[:len(p.In)-1]
	}
	for i, b := range n.Bodies {
		sub := &exportScope{x: s.x, g: b, pg: &wire.Graph{Name: b.Name}, outer: s, names: map[*ir.Value]string{}, own: names{}, depth: s.depth}
		if err := sub.graph(len(b.Inputs)-len(captured), captured); err != nil {
			return err
		}
		p.Attrs = append(p.Attrs, &wire.Attr{Name: n.Op.Bodies[i], Type: wire.AttrGraph, G: sub.pg})
	}
	return nil
}

// label returns a name for a node that no other has.
func (x *exporter) label(name string) string {
	if name == "" {
		return ""
	}
	return x.labels.free(name)
}

// ownOperands returns the number of operands that are n's op's own; those behind them are captured.
func ownOperands(n *ir.Node) int {
	if n.Op.Own != nil {
		for k := len(n.In); k > 0; k-- {
			if ir.EqualAttrs(n.Op.Own(n.Attrs, k), n.Attrs) {
				return k
			}
		}
		return 0
	}
	if i, ok := variadicFrom(n.Op); ok {
		return min(i, len(n.In))
	}
	return len(n.In)
}

// isDerived reports whether an attribute only counts operands, so that ONNX does not have it.
func isDerived(o *ir.Op, name string) bool {
	if o.Own == nil {
		return false
	}
	x, y := reflect.ValueOf(o.Own(o.Attrs, 8)), reflect.ValueOf(o.Own(o.Attrs, 9))
	for _, f := range ir.Fields(o.Attrs) {
		if f.Name == name {
			return !reflect.DeepEqual(x.Field(f.Index).Interface(), y.Field(f.Index).Interface())
		}
	}
	return false
}

// requiredAttrs are attributes that ONNX asks for even where they have the value that our op takes for a default.
var requiredAttrs = map[opName][]string{
	{"", "AveragePool"}:        {"kernel_shape"},
	{"", "BitCast"}:            {"to"},
	{"", "BitShift"}:           {"direction"},
	{"", "Cast"}:               {"to"},
	{"", "Concat"}:             {"axis"},
	{"", "ConcatFromSequence"}: {"axis"},
	{"", "DepthToSpace"}:       {"blocksize"},
	{"", "Einsum"}:             {"equation"},
	{"", "GroupNormalization"}: {"num_groups"},
	{"", "LRN"}:                {"size"},
	{"", "LinearAttention"}:    {"kv_num_heads", "q_num_heads"},
	{"", "LpPool"}:             {"kernel_shape"},
	{"", "MaxPool"}:            {"kernel_shape"},
	{"", "MaxRoiPool"}:         {"pooled_shape"},
	{"", "MaxUnpool"}:          {"kernel_shape"},
	{"", "RandomNormal"}:       {"shape"},
	{"", "RandomUniform"}:      {"shape"},
	{"", "Scan"}:               {"num_scan_inputs"},
	{"", "SpaceToDepth"}:       {"blocksize"},
	{"", "TfIdfVectorizer"}:    {"mode", "ngram_indexes", "ngram_counts", "max_skip_count", "min_gram_length", "max_gram_length"},

	{"ai.onnx.ml", "LinearClassifier"}: {"coefficients"},
	{"ai.onnx.ml", "TreeEnsemble"}: {"tree_roots", "nodes_modes", "leaf_weights", "leaf_targetids", "nodes_falsenodeids", "nodes_trueleafs", "nodes_featureids", "nodes_splits",
		"nodes_falseleafs", "nodes_truenodeids"},
}

// typeAttrs are the attributes that hold types: text in the graph, messages in a file.
var typeAttrs = map[[3]string]bool{{"", "Optional", "type"}: true}

// neededOpsets are the versions that forms and attributes newer than their operators need; an empty attribute stands for the form.
var neededOpsets = map[[3]string]int{
	{"", "Attention", ""}:                    24,
	{"", "Attention", "left_window_size"}:    25,
	{"", "Attention", "right_window_size"}:   25,
	{"", "Cast", "round_mode"}:               24,
	{"", "CastLike", "round_mode"}:           24,
	{"", "DequantizeLinear", "output_dtype"}: 23,
	{"", "QuantizeLinear", "precision"}:      23,
	{"", "Range", "stash_type"}:              27,
	{"", "SpaceToDepth", "mode"}:             28,
}

// domainOpsets are the versions that are written of domains other than ai.onnx. Versions of ai.onnx.ml below 5 still have the two older
// tree ensembles.
var domainOpsets = map[string]int{"ai.onnx.ml": 3}

// need raises the opset of o's domain to what o needs.
func (x *exporter) need(o *ir.Op) {
	v := max(introducedIn(o.Domain, o.ONNX), domainOpsets[o.Domain], neededOpsets[[3]string{o.Domain, o.ONNX, ""}], x.opsets[o.Domain])
	x.opsets[o.Domain] = v
}

// needType raises the versions to those that know element type d.
func (x *exporter) needType(d tensor.DType) {
	switch d {
	case tensor.BF16:
		x.opsets[""] = max(x.opsets[""], 24)
	case tensor.F8E8M0, tensor.F4E2M1:
		x.ir, x.opsets[""] = max(x.ir, 12), max(x.opsets[""], 24)
	case tensor.F6E2M3, tensor.F6E3M2:
		x.ir, x.opsets[""] = max(x.ir, 14), max(x.opsets[""], 28)
	case tensor.I2, tensor.U2:
		x.ir = max(x.ir, 13)
		x.opsets[""] = max(x.opsets[""], 25)
	}
}

// attrs returns those of n's attributes that differ from the defaults, and those that ONNX requires.
func (x *exporter) attrs(n *ir.Node) (out []*wire.Attr) {
	v := reflect.ValueOf(n.Attrs)
	required := requiredAttrs[opName{n.Op.Domain, n.Op.ONNX}]
	for _, f := range ir.Fields(n.Attrs) {
		same := ir.AttrText(n.Attrs, f.Name) == ir.AttrText(n.Op.Attrs, f.Name)
		if same && !slices.Contains(required, f.Name) || isDerived(n.Op, f.Name) {
			continue
		}
		a := &wire.Attr{Name: f.Name}
		if !encodeAttr(a, v.Field(f.Index).Interface()) {
			continue
		}
		if typeAttrs[[3]string{n.Op.Domain, n.Op.ONNX, f.Name}] {
			t, err := ir.ParseType(string(a.S))
			if err != nil {
				continue // it decides nothing, or inference would have refused it
			}
			a.Type, a.S, a.TP = wire.AttrTypeProto, nil, typeProto(t)
		}
		if a.Type == wire.AttrTensor {
			x.needType(tensor.DType(a.T.DataType))
		}
		x.opsets[n.Op.Domain] = max(x.opsets[n.Op.Domain], neededOpsets[[3]string{n.Op.Domain, n.Op.ONNX, f.Name}])
		out = append(out, a)
	}
	return out
}

// encodeAttr sets the value of an attribute; it reports whether there is one. The Go types are those of package ir.
func encodeAttr(a *wire.Attr, v any) bool {
	ints := func(x int) { a.Type, a.I = wire.AttrInt, int64(x) }
	switch v := v.(type) {
	case int:
		ints(v)
	case *int:
		if v == nil {
			return false
		}
		ints(*v)
	case bool:
		a.Type = wire.AttrInt
		if v {
			a.I = 1
		}
	case tensor.DType:
		ints(int(v))
	case float32:
		a.Type, a.F = wire.AttrFloat, v
	case *float32:
		if v == nil {
			return false
		}
		a.Type, a.F = wire.AttrFloat, *v
	case string:
		a.Type, a.S = wire.AttrString, []byte(v)
	case []int:
		if v == nil {
			return false
		}
		a.Type = wire.AttrInts
		for _, x := range v {
			a.Ints = append(a.Ints, int64(x))
		}
	case []float32:
		a.Type, a.Floats = wire.AttrFloats, v
		return v != nil
	case []string:
		if v == nil {
			return false
		}
		a.Type = wire.AttrStrings
		for _, x := range v {
			a.Strings = append(a.Strings, []byte(x))
		}
	case *tensor.Tensor:
		if v == nil {
			return false
		}
		a.Type, a.T = wire.AttrTensor, wire.FromTensor("", v)
	default:
		return false
	}
	return true
}

func (s *exportScope) info(name string, t ir.Type) *wire.ValueInfo {
	if t.Kind == ir.Tensor {
		s.x.needType(t.DType)
	}
	return &wire.ValueInfo{Name: name, Type: typeProto(t)}
}

func typeProto(t ir.Type) *wire.Type {
	switch t.Kind {
	case ir.Tensor:
		out := &wire.Type{Kind: wire.KindTensor, Elem: int32(t.DType), HasShape: !t.Unranked}
		for _, d := range t.Shape {
			out.Shape = append(out.Shape, dimProto(d))
		}
		return out
	case ir.Sequence:
		return &wire.Type{Kind: wire.KindSequence, Of: typeProto(*t.Elem)}
	case ir.Optional:
		return &wire.Type{Kind: wire.KindOptional, Of: typeProto(*t.Elem)}
	case ir.Map:
		return &wire.Type{Kind: wire.KindMap, Elem: int32(t.DType), Of: typeProto(*t.Elem)}
	}
	return &wire.Type{}
}

// dimProto writes a size: a number, or as dim_param the text of what it is in symbols.
func dimProto(d sym.Dim) wire.Dim {
	if n, ok := d.Int(); ok {
		return wire.Dim{Value: int64(n), HasValue: true}
	}
	if !d.Valid() {
		return wire.Dim{}
	}
	return wire.Dim{Param: d.String()}
}
