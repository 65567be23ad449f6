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
				x := []*wire.ValueInfo{{Name: "x"}}
				n.attrs[name] = &wire.Attr{Name: name, Type: wire.AttrGraph, G: &wire.Graph{Name: name, Inputs: x, Outputs: x}}
			}
		}
		return nil, nil
	}
}
