package cpu

import (
	"fmt"

	"github.com/cameo-onnx/cameo/backend/cpu/kern"
	"github.com/cameo-onnx/cameo/ir"
)

// takesConvPacking takes float32 convolutions in row-major order whose weights are computed by the model; of the weights only
// the sizes are known.
func takesConvPacking(n *ir.Node) bool {
	x, w := n.In[0], n.In[1]
	if !allF32(n) || len(n.Bodies) > 0 || isWeights(w) || x.Type.Rank() < 3 || x.Type.Rank() > 5 || w.Type.Rank() != x.Type.Rank() {
		return false
	}
	for _, d := range w.Type.Shape {
		if k, ok := d.Int(); !ok || k == 0 {
			return false
		}
	}
	_, ok := convParam(n)
	return ok
}

func emitConvPacking(c *call, n *ir.Node) (any, error) {
	p, _ := convParam(n)
	c.SetArgs(n.In[0], n.In[1], third(n), nil)
	_, err := kern.PackedConv(p, constDims(n.In[1]))
	return p, err
}

// packedRoom returns the bytes of packed weights, rounded up to whole cache lines.
func packedRoom(p *kern.ConvParam, w []int) (int, error) {
	n, err := kern.PackedConv(p, w)
	return lines(4 * n), err
}

func convPackingScratch(param any, args []kern.Arg, workers int) (int, error) {
	room, err := packedRoom(param.(*kern.ConvParam), args[1].Dims)
	if err != nil {
		return 0, err
	}
	n, err := convRowMajorScratch(param, args, workers)
	return room + n, err
}

// convPack is what a convolution that packs keeps from run to run.
type convPack struct {
	call   kern.Call
	args   [5]kern.Arg
	packer kern.ConvPacker
	param  *kern.ConvParam // the step's, and what it is for weights that are not finite
	exact  kern.ConvParam
}

// convPacking packs the weights and convolves.
func convPacking(c *kern.Call) error {
	s, p := kern.StateOf[convPack](c), c.Param.(*kern.ConvParam)
	w := c.Args[1]
	room, err := packedRoom(p, w.Dims)
	if err != nil {
		return err
	}
	if len(c.Scratch) < room {
		return fmt.Errorf("%d bytes of scratch, not %d", len(c.Scratch), room)
	}
	packed := kern.Arg{Data: c.Scratch[:room:room], Dims: w.Dims}
	if !kern.Finite(kern.F32(&w)) {
		if s.param != p {
			s.param, s.exact = p, *p
			s.exact.Exact = true
		}
		p = &s.exact
	}
	if err := s.packer.Pack(kern.F32(&packed), kern.F32(&w), p, w.Dims); err != nil {
		return err
	}
	copy(s.args[:], c.Args)
	s.args[1] = packed
	s.call.Args, s.call.Param, s.call.Scratch, s.call.Threads, s.call.Stop = s.args[:], p, c.Scratch[room:], c.Threads, c.Stop
	return convRowMajor(&s.call)
}
