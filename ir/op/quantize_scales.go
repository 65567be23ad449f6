package op

import (
	"fmt"
	"slices"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// inferScales checks the sizes of scale (in[1]) and zero point (in[2]) against those of in[0].
func inferScales(sc *ir.Scope, in []ir.Known, axis, block int) error {
	x, scale, zero := in[0].Type, in[1].Type, in[2]
	if block < 0 {
		return fmt.Errorf("block_size is %d", block)
	}
	if zero.Present() && !zero.Type.Unranked && !scale.Unranked && !oneElement(scale) {
		if err := sameShapes(sc, zero.Type.Shape, scale.Shape, "zero point"); err != nil {
			return err
		}
	}
	if x.Unranked || scale.Unranked || oneElement(scale) && block == 0 {
		return nil
	}
	axis, err := quantAxis(axis, len(x.Shape))
	if err != nil {
		return err
	}
	if block == 0 {
		if len(scale.Shape) != 1 {
			return fmt.Errorf("a scale of rank %d without block_size", len(scale.Shape))
		}
		if _, ok := scale.Shape[0].Int(); !ok { // it may turn out to be one scale for all
			return sc.Assume(ir.Fact{Rel: ir.Broadcast, A: scale.Shape[0], B: x.Shape[axis], What: "length of scale"})
		}
		_, err := sc.Same(scale.Shape[0], x.Shape[axis], "length of scale")
		return err
	}
	want := slices.Clone(x.Shape)
	want[axis] = sym.CeilDiv(want[axis], sym.Const(block))
	return sameShapes(sc, scale.Shape, want, "blocked scale")
}

// oneElement reports whether a tensor of type t surely holds one element.
func oneElement(t ir.Type) bool {
	dims, ok := t.Shape.Ints()
	return ok && !t.Unranked && count(dims) == 1
}

// quantAxis is normAxis, but a tensor of rank 1 has one axis only, whatever the attribute says.
func quantAxis(axis, rank int) (int, error) {
	if rank == 1 {
		return 0, nil
	}
	return normAxis(axis, rank)
}

// scaleIndex returns, for each element of x, the index of its scale.
func scaleIndex(x, scale, zero *tensor.Tensor, axis, block int) ([]int32, error) {
	if zero != nil && zero.Len() != scale.Len() {
		return nil, fmt.Errorf("zero point of sizes %v, but scale of %v", zero.Dims(), scale.Dims())
	}
	at := make([]int32, x.Len())
	if scale.Len() == 1 && block == 0 {
		return at, nil
	}
	axis, err := quantAxis(axis, x.Rank())
	if err != nil {
		return nil, err
	}
	outer, n, inner := split(x.Dims(), axis)
	want, wide := []int{n}, 1
	if block > 0 {
		want = slices.Clone(x.Dims())
		want[axis] = (n + block - 1) / block
		wide = inner
	}
	if !slices.Equal(scale.Dims(), want) {
		return nil, fmt.Errorf("a scale of sizes %v, not %v", scale.Dims(), want)
	}
	i := 0
	for o := range outer {
		for j := range n {
			row := j
			if block > 0 {
				row = (o*want[axis] + j/block) * inner
			}
			for k := range inner {
				at[i] = int32(row + k%wide)
				i++
			}
		}
	}
	return at, nil
}
