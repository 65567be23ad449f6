package onnx

import (
	"fmt"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/onnx/wire"
)

// scan8 turns a scan over the sequences of a batch, the form of opset 8, into a scan over the batch whose body scans one sequence.
func scan8(n *node) ([]*ir.Value, error) {
	body, count := n.attrs["body"], n.attrs["num_scan_inputs"]
	if body == nil || body.G == nil || count == nil || count.Type != wire.AttrInt || len(n.in) < 2 || count.I < 1 || count.I > int64(len(n.in)-1) {
		return nil, fmt.Errorf("%w: attribute body or num_scan_inputs is missing, or does not fit %d operands", wire.ErrFormat, len(n.in))
	}
	if n.in[0] != nil {
		return nil, fmt.Errorf("operand sequence_lens: %w", ir.ErrUnsupported)
	}
	inner := &wire.Node{Name: label(n.proto), OpType: "Scan", Attrs: []*wire.Attr{body, count}}
	if a := n.attrs["directions"]; a != nil {
		c := *a
		c.Name = "scan_input_directions"
		inner.Attrs = append(inner.Attrs, &c)
	}
	batch := &wire.Graph{Name: "batch", Nodes: []*wire.Node{inner}}
	// No file can capture these names, for they are the adapter's own.
	for i := range n.in[1:] {
		name := fmt.Sprintf("\x00operand %d", i)
		inner.In = append(inner.In, name)
		batch.Inputs = append(batch.Inputs, &wire.ValueInfo{Name: name})
	}
	for i := range body.G.Outputs {
		name := fmt.Sprintf("\x00result %d", i)
		inner.Out = append(inner.Out, name)
		batch.Outputs = append(batch.Outputs, &wire.ValueInfo{Name: name})
	}
	n.s.im.newest[inner] = true
	n.in = n.in[1:]
	n.attrs = attrs{
		"body":            {Name: "body", Type: wire.AttrGraph, G: batch},
		"num_scan_inputs": {Name: "num_scan_inputs", Type: wire.AttrInt, I: int64(len(n.in))},
	}
	return nil, nil
}
