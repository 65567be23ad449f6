package onnxgo

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	onnxgo "github.com/owulveryck/onnx-go"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/onnx"
	"github.com/cameo-onnx/cameo/onnx/wire"
)

// A form is evidence of the opset: an operator with an attribute, or with so many operands, exists from one version on or up to
// another. Zeros say nothing.
type form struct {
	ops          string
	attr         string // present
	least, most  int    // operands
	since, until int
}

// reductions are those whose axes became an operand in opset 18; those of ReduceSum did in 13.
const reductions = "ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSumSquare"

var forms = []form{
	{ops: "Add Sub Mul Div Pow And Or Xor Equal Greater Less PRelu Gemm", attr: "broadcast", until: 6},
	{ops: "BatchNormalization Dropout", attr: "is_test", until: 6},
	{ops: "BatchNormalization", attr: "spatial", until: 8},
	{ops: "BatchNormalization", attr: "training_mode", since: 14},
	{ops: "Clip", attr: "min", until: 10},
	{ops: "Clip", attr: "max", until: 10},
	{ops: "Clip", least: 2, since: 11},
	{ops: "Dropout", attr: "ratio", until: 11},
	{ops: "Dropout", attr: "seed", since: 12},
	{ops: "Dropout", least: 2, since: 12},
	{ops: "Gemm", most: 2, since: 11},
	{ops: "GroupNormalization", attr: "stash_type", since: 21},
	{ops: "LSTM GRU RNN", attr: "output_sequence", until: 6},
	{ops: "LSTM GRU RNN", attr: "layout", since: 14},
	{ops: "Pad", attr: "paddings", until: 1},
	{ops: "Pad", attr: "pads", until: 10},
	{ops: "Pad", least: 2, since: 11},
	{ops: reductions, attr: "axes", until: 17},
	{ops: reductions, least: 2, since: 18},
	{ops: reductions, attr: "noop_with_empty_axes", since: 18},
	{ops: "ReduceSum Squeeze Unsqueeze", attr: "axes", until: 12},
	{ops: "ReduceSum Squeeze Unsqueeze", least: 2, since: 13},
	{ops: "ReduceSum", attr: "noop_with_empty_axes", since: 13},
	{ops: "Reshape", attr: "shape", until: 4},
	{ops: "Reshape", least: 2, since: 5},
	{ops: "Reshape", attr: "allowzero", since: 14},
	{ops: "Resize", most: 2, until: 10},
	{ops: "Resize", least: 3, since: 11},
	{ops: "Shape", attr: "start", since: 15},
	{ops: "Shape", attr: "end", since: 15},
	{ops: "Slice", attr: "starts", until: 9},
	{ops: "Slice", least: 3, since: 10},
	{ops: "Split", attr: "split", until: 12},
	{ops: "Split", least: 2, since: 13},
	{ops: "Split", attr: "num_outputs", since: 18},
	{ops: "Tile", least: 3, until: 5},
	{ops: "TopK", attr: "k", until: 9},
	{ops: "TopK", least: 2, since: 10},
	{ops: "TopK", attr: "largest", since: 11},
	{ops: "TopK", attr: "sorted", since: 11},
	{ops: "Upsample", attr: "height_scale", until: 6},
	{ops: "Upsample", attr: "scales", until: 8},
	{ops: "Upsample", until: 9},
	{ops: "Scatter", until: 10},
	{ops: "BitShift CumSum Det DynamicQuantizeLinear GatherElements GatherND Range Round ScatterElements ScatterND Unique" +
		" SequenceAt SequenceConstruct SequenceEmpty SequenceErase SequenceInsert SequenceLength SplitToSequence ConcatFromSequence", since: 11},
	{ops: "Celu Einsum GreaterOrEqual LessOrEqual NegativeLogLikelihoodLoss SoftmaxCrossEntropyLoss", since: 12},
	{ops: "HardSwish Trilu", since: 14},
	{ops: "Bernoulli CastLike Optional OptionalGetElement OptionalHasElement", since: 15},
	{ops: "GridSample", since: 16},
	{ops: "BlackmanWindow DFT HammingWindow HannWindow LayerNormalization MelWeightMatrix STFT", since: 17},
	{ops: "BitwiseAnd BitwiseNot BitwiseOr BitwiseXor CenterCropPad Col2Im GroupNormalization Mish", since: 18},
	{ops: "DeformConv", since: 19},
	{ops: "AffineGrid Gelu ImageDecoder RegexFullMatch StringConcat StringSplit", since: 20},
	{ops: "Attention RMSNormalization RotaryEmbedding", since: 23},
	{ops: "Swish TensorScatter", since: 24},
}

// holds reports whether n has the form.
func (f form) holds(n *wire.Node) bool {
	return slices.Contains(strings.Fields(f.ops), n.OpType) && (f.attr == "" || hasAttr(n, f.attr)) && len(n.In) >= f.least && (f.most == 0 || len(n.In) <= f.most)
}

// span is a range of opsets, with the forms that bound it.
type span struct {
	since, until int
	low, high    string
}

// spanOf returns the opsets whose forms the nodes have.
func spanOf(nodes []*wire.Node) span {
	s := span{since: 1, until: onnx.MaxOpset}
	for _, n := range nodes {
		if n.Domain != "" {
			continue
		}
		for _, f := range forms {
			if !f.holds(n) {
				continue
			}
			what := n.OpType
			switch {
			case f.attr != "":
				what += " with attribute " + f.attr
			case f.least+f.most > 0:
				what += fmt.Sprintf(" with %d operands", len(n.In))
			}
			if f.since > s.since {
				s.since, s.low = f.since, what
			}
			if f.until > 0 && f.until < s.until {
				s.until, s.high = f.until, what
			}
		}
	}
	return s
}

const usual = 10 // the newest opset of the models that onnx-go v0.5.0 is tested with

// opsets returns the opsets under which nodes are imported, ai.onnx first.
func opsets(nodes []*wire.Node, version int) []wire.OpsetID {
	out := append([]wire.OpsetID{}, domains...)
	out[0].Version = int64(version)
	for _, n := range nodes {
		if n.OpType == "LabelEncoder" && hasAttr(n, "classes_strings") {
			out[1].Version = 1
		}
	}
	return out
}

// imported imports p under the opset that its forms tell; see Opset.
func (g *Graph) imported(p *wire.Model, o onnx.Options) (*onnx.Model, error) {
	s := spanOf(p.Graph.Nodes)
	if g.opset > 0 {
		s = span{since: g.opset, until: g.opset}
	}
	if s.since > s.until {
		why := fmt.Sprintf("it needs opset %d or newer, and %s opset %d or older: no opset has both", s.since, s.high, s.until)
		return nil, &onnxgo.ErrNotImplemented{Operator: s.low, Message: why}
	}
	version := max(min(usual, s.until), s.since)
	p.Opsets = opsets(p.Graph.Nodes, version)
	m, err := onnx.Import(p, o)
	if err != nil || version <= usual {
		return m, err
	}
	for v := version + 1; v <= s.until; v++ {
		p.Opsets = opsets(p.Graph.Nodes, v)
		other, err := onnx.Import(p, o)
		if err == nil && other.Graph.String() != m.Graph.String() {
			why := fmt.Sprintf("onnx-go drops the opset; the model's forms allow %d to %d, and %d and %d differ in what they mean: "+
				"use the option Opset or File", version, s.until, version, v)
			return nil, &onnxgo.ErrNotImplemented{Operator: "of an unknown opset", Message: why}
		}
		if err != nil && !errors.Is(err, ir.ErrUnsupported) {
			break
		}
	}
	return m, nil
}
