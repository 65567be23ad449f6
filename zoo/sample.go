package zoo

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"

	"github.com/cameo-onnx/cameo/ir/tensor"
)

// A Draw says what random items of an input look like.
type Draw struct {
	kind    drawKind
	classes int
}

type drawKind int

const (
	drawPixels drawKind = iota
	drawNormal
	drawCounts
	drawZeros
	drawLabels
	drawOnes
)

// What inputs hold.
var (
	Pixels = Draw{kind: drawPixels} // numbers from 0 to 1
	Normal = Draw{kind: drawNormal} // standard normal numbers
	Counts = Draw{kind: drawCounts} // small whole numbers
	Zeros  = Draw{kind: drawZeros}  // a state at its start
	Truth  = Draw{kind: drawOnes}   // 0 or 1: made or real
)

// Labels is a class: an i64 number for each row where the input has no sizes of its own, else a one-hot row.
func Labels(classes int) Draw { return Draw{drawLabels, classes} }

// maxRandom bounds the bytes of an input that is made up.
const maxRandom = 1 << 31

// source is how to fill an input.
type source struct {
	name string
	dims []int
	draw Draw
}

// Random returns inputs of the given number of rows for the model in the form that o asks for, by name. They depend on nothing
// but the seed, the sizes and the names.
func (m Model) Random(o Options, rows int, seed uint64) (map[string]*tensor.Tensor, error) {
	if o.Batch > 0 {
		rows = o.Batch
	}
	o.Batch = rows // checks rows
	n, err := m.net(o)
	if err != nil {
		return nil, err
	}
	if _, err := n.Graph(); err != nil {
		return nil, err
	}
	out := map[string]*tensor.Tensor{}
	for _, s := range n.inputs {
		if bytes, ok := tensor.ByteSize(tensor.I64, append([]int{rows}, s.dims...)); !ok || bytes > maxRandom {
			return nil, fmt.Errorf("zoo: %s: input %s: %d rows of sizes %v are too many random numbers", m.Name, s.name, rows, s.dims)
		}
		h := fnv.New64a()
		h.Write([]byte(s.name))
		out[s.name] = s.fill(rand.New(rand.NewPCG(seed, h.Sum64())), rows)
	}
	return out, nil
}

func (s source) fill(r *rand.Rand, rows int) *tensor.Tensor {
	dims := append([]int{rows}, s.dims...)
	if s.draw.kind == drawLabels && len(s.dims) == 0 {
		t := tensor.New(tensor.I64, dims...)
		for i := range tensor.Data[int64](t) {
			tensor.Data[int64](t)[i] = int64(r.IntN(s.draw.classes))
		}
		return t
	}
	t := tensor.New(tensor.F32, dims...)
	x := tensor.Data[float32](t)
	switch s.draw.kind {
	case drawLabels:
		for i := 0; i < len(x); i += s.draw.classes {
			x[i+r.IntN(s.draw.classes)] = 1
		}
		return t
	case drawZeros:
		return t
	}
	for i := range x {
		switch s.draw.kind {
		case drawPixels:
			x[i] = r.Float32()
		case drawNormal:
			x[i] = float32(r.NormFloat64())
		case drawCounts:
			x[i] = float32(r.IntN(20))
		case drawOnes:
			x[i] = float32(r.IntN(2))
		}
	}
	return t
}
