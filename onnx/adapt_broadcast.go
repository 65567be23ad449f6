package onnx

import (
	"fmt"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/onnx/wire"
)

// broadcastAdapters are those of operators that broadcast the second operand only if told to, before opset 7.
var broadcastAdapters = []adapter{
	{"", "Add", 7, axisBroadcast},
	{"", "And", 7, axisBroadcast},
	{"", "Div", 7, axisBroadcast},
	{"", "Equal", 7, axisBroadcast},
	{"", "Gemm", 7, drop("broadcast")},
	{"", "Greater", 7, axisBroadcast},
	{"", "Less", 7, axisBroadcast},
	{"", "Mul", 7, axisBroadcast},
	{"", "Or", 7, axisBroadcast},
	{"", "Pow", 7, axisBroadcast},
	{"", "Sub", 7, axisBroadcast},
	{"", "Xor", 7, axisBroadcast},
}

// axisBroadcast puts the second operand's axes where the attribute axis says: its first axis is that one of the first operand.
func axisBroadcast(n *node) ([]*ir.Value, error) {
	delete(n.attrs, "broadcast")
	axis, err := n.take("axis", wire.AttrInt)
	if axis == nil {
		return nil, err
	}
	a, err := n.ranked(0)
	if err != nil {
		return nil, err
	}
	b, err := n.ranked(1)
	if err != nil {
		return nil, err
	}
	at := int(axis.I)
	if at < 0 {
		at += a.Type.Rank()
	}
	more := a.Type.Rank() - at - b.Type.Rank()
	if at < 0 || more < 0 {
		return nil, fmt.Errorf("axis %d is out of range for operands of rank %d and %d", axis.I, a.Type.Rank(), b.Type.Rank())
	}
	n.in[1], err = n.trailing(b, more)
	return nil, err
}

// slopePerChannel gives a slope per channel the axes behind the channel's.
func slopePerChannel(n *node) ([]*ir.Value, error) {
	x, err := n.ranked(0)
	if err != nil {
		return nil, err
	}
	slope, err := n.ranked(1)
	if err != nil {
		return nil, err
	}
	if slope.Type.Rank() != 1 || x.Type.Rank() < 2 {
		return nil, nil
	}
	n.in[1], err = n.trailing(slope, x.Type.Rank()-2)
	return nil, err
}

// trailing returns v with more axes of size 1 behind its own.
func (n *node) trailing(v *ir.Value, more int) (*ir.Value, error) {
	if more == 0 {
		return v, nil
	}
	m := maker{n: n}
	rank := int64(v.Type.Rank())
	return m.unsqueeze(v, axesFrom(rank, rank+int64(more))...), m.err
}
