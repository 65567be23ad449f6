package cpu

import (
	"fmt"
	"math"

	"github.com/cameo-onnx/cameo/backend/cpu/kern"
	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/op"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// randomKernels draw what Eval draws: the numbers depend on the run's seed, the node and the element's index only.
var randomKernels = []Kernel{
	{Name: "random_normal.f32", Op: op.RandomNormal.Op, Takes: takesRandom, Emit: emitNormal, Run: randomF32},
	{Name: "random_normal_like.f32", Op: op.RandomNormalLike.Op, Takes: takesRandom, Emit: emitNormal, Run: randomF32},
	{Name: "random_uniform.f32", Op: op.RandomUniform.Op, Takes: takesRandom, Emit: emitUniform, Run: randomF32},
	{Name: "random_uniform_like.f32", Op: op.RandomUniformLike.Op, Takes: takesRandom, Emit: emitUniform, Run: randomF32},
	{Name: "dropout.f32", Op: op.Dropout.Op, Takes: takesDropout, Emit: emitDropout, Run: dropoutF32},
}

// randomParam says what is drawn: shift + scale·(a normal number, or one in [0, 1)).
type randomParam struct {
	Normal       bool
	Shift, Scale float64
	Node         uint64
	Fixed        *uint64 // the seed, where the node's attributes give one
}

func takesRandom(n *ir.Node) bool { return isF32(n.Out[0]) }

func emitNormal(c *call, n *ir.Node) (any, error) {
	a := n.Attrs.(op.NormalAttrs)
	c.SetArgs()
	return &randomParam{Normal: true, Shift: float64(a.Mean), Scale: float64(a.Scale), Node: ir.NodeKey(n), Fixed: fixedSeed(a.Seed)}, nil
}

func emitUniform(c *call, n *ir.Node) (any, error) {
	a := n.Attrs.(op.UniformAttrs)
	c.SetArgs()
	return &randomParam{Shift: float64(a.Low), Scale: float64(a.High) - float64(a.Low), Node: ir.NodeKey(n), Fixed: fixedSeed(a.Seed)}, nil
}

func fixedSeed(seed *float32) *uint64 {
	if seed == nil {
		return nil
	}
	bits := uint64(math.Float32bits(*seed))
	return &bits
}

// A randomRun is the work of one call.
type randomRun struct {
	p     *randomParam
	draws op.Draws
	y     []float32
}

func randomF32(c *kern.Call) error {
	s := kern.StateOf[randomRun](c)
	s.p = c.Param.(*randomParam)
	s.draws, s.y = op.DrawsOf(c.Seed, s.p.Node, s.p.Fixed), kern.F32(&c.Args[0])
	c.ParallelTask(len(s.y), 512, s)
	return nil
}

// Do draws elements lo to hi-1.
func (s *randomRun) Do(_, lo, hi int) {
	for i := lo; i < hi; i++ {
		x := s.draws.Uniform
		if s.p.Normal {
			x = s.draws.Normal
		}
		s.y[i] = float32(s.p.Shift + s.p.Scale*x(i))
	}
}

// takesDropout takes float32 with a ratio of float32.
func takesDropout(n *ir.Node) bool {
	if !isF32(n.In[0]) || !isF32(n.Out[0]) {
		return false
	}
	for _, v := range n.In[1:] {
		if v != nil && (v.Type.Kind != ir.Tensor || v.Type.Unranked || v.Type.DType != tensor.F32 && v.Type.DType != tensor.Bool) {
			return false
		}
	}
	return true
}

func emitDropout(c *call, n *ir.Node) (any, error) {
	a := op.Dropout.Attrs(n)
	c.SetArgs(operands(n, 3)...)
	c.absent = 2 - len(n.Out)
	p := &randomParam{Node: ir.NodeKey(n)}
	if a.Seed != nil {
		seed := uint64(*a.Seed)
		p.Fixed = &seed
	}
	return p, nil
}

// A dropoutRun is the work of one call.
type dropoutRun struct {
	draws op.Draws
	ratio float64
	x, y  []float32
	mask  []byte // nil where it is not wanted
}

// dropoutF32 zeroes each element with the given probability and scales the others, if it trains; else it copies.
func dropoutF32(c *kern.Call) error {
	p, s := c.Param.(*randomParam), kern.StateOf[dropoutRun](c)
	s.draws, s.ratio = op.DrawsOf(c.Seed, p.Node, p.Fixed), 0.5
	if r := kern.F32(&c.Args[1]); len(r) > 0 {
		s.ratio = float64(r[0])
	}
	if !(s.ratio >= 0 && s.ratio < 1) {
		return fmt.Errorf("ratio %v is outside [0, 1)", s.ratio)
	}
	if t := c.Args[2].Data; len(t) == 0 || t[0] == 0 {
		s.ratio = 0
	}
	s.x, s.y, s.mask = kern.F32(&c.Args[0]), kern.F32(&c.Args[3]), c.Args[4].Data
	c.ParallelTask(len(s.x), 1024, s)
	return nil
}

// Do computes elements lo to hi-1.
func (s *dropoutRun) Do(_, lo, hi int) {
	for i := lo; i < hi; i++ {
		keep := s.ratio == 0 || s.draws.Uniform(i) >= s.ratio
		switch {
		case !keep:
			s.y[i] = 0
		case s.ratio == 0:
			s.y[i] = s.x[i]
		default:
			s.y[i] = float32(float64(s.x[i]) / (1 - s.ratio))
		}
		if s.mask != nil {
			s.mask[i] = 0
			if keep {
				s.mask[i] = 1
			}
		}
	}
}
