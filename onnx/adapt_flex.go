package onnx

import (
	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/onnx/wire"
)

// identityBodies gives a node whose subgraphs are optional one that returns its input for each that is absent.
func identityBodies(names ...string) func(*node) ([]*ir.Value, error) {
	return func(n *node) ([]*ir.Value, error) {
		for _, name := range names {
			if n.attrs[name] == nil {
				same := []*wire.Node{{OpType: "Identity", In: []string{"x"}, Out: []string{"y"}}}
				g := &wire.Graph{Name: name, Nodes: same, Inputs: []*wire.ValueInfo{{Name: "x"}}, Outputs: []*wire.ValueInfo{{Name: "y"}}}
				n.attrs[name] = &wire.Attr{Name: name, Type: wire.AttrGraph, G: g}
			}
		}
		return nil, nil
	}
}
