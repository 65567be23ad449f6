package op

import (
	"fmt"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// ReverseSequenceAttrs names the axes of time and batch: 0 and 1 in either order.
type ReverseSequenceAttrs struct {
	TimeAxis  int `ir:"time_axis"`
	BatchAxis int `ir:"batch_axis"`
}

func (a ReverseSequenceAttrs) check(rank int) error {
	if a.TimeAxis < 0 || a.TimeAxis > 1 || a.BatchAxis != 1-a.TimeAxis {
		return fmt.Errorf("time axis %d and batch axis %d", a.TimeAxis, a.BatchAxis)
	}
	if rank >= 0 && rank < 2 {
		return fmt.Errorf("rank %d, not at least 2", rank)
	}
	return nil
}

// ReverseSequence is x with the first lens[b] steps of each row b of the batch in reverse; a longer length is all steps.
var ReverseSequence = define(Def[ReverseSequenceAttrs]{
	Name: "reverse_sequence", ONNX: "ReverseSequence", Sig: "x T, lens i64 -> y T; T " + movable,
	Props: ir.Pure,
	Attrs: ReverseSequenceAttrs{BatchAxis: 1},
	Infer: func(sc *ir.Scope, a ReverseSequenceAttrs, in []ir.Known) (ir.Known, error) {
		x := in[0].Type
		if err := a.check(x.Rank()); err != nil {
			return ir.Known{}, err
		}
		if !x.Unranked {
			if err := inferBatch(sc, in[1], x.Shape[a.BatchAxis]); err != nil {
				return ir.Known{}, err
			}
		}
		return sameAsInput(sc, a, in)
	},
	Eval: func(e *ir.Env, a ReverseSequenceAttrs, in []tensor.Value) (tensor.Value, error) {
		x, lens := tens(in, 0), intsOf(tens(in, 1))
		if err := a.check(x.Rank()); err != nil {
			return nil, err
		}
		steps := x.Dims()[a.TimeAxis]
		if len(lens) != x.Dims()[a.BatchAxis] {
			return nil, fmt.Errorf("%d lengths for a batch of %d", len(lens), x.Dims()[a.BatchAxis])
		}
		for _, n := range lens {
			if n < 0 {
				return nil, fmt.Errorf("length %d", n)
			}
		}
		_, _, inner := split(x.Dims(), 1)
		starts, err := indexSpace(e, x.Dims()[0], x.Dims()[1])
		if err != nil {
			return nil, err
		}
		st := [2]int{x.Dims()[1], 1}
		for b, n := range lens {
			for t := range steps {
				from := t
				if last := min(n, steps) - 1; t <= last {
					from = last - t
				}
				starts[b*st[a.BatchAxis]+t*st[a.TimeAxis]] = (b*st[a.BatchAxis] + from*st[a.TimeAxis]) * inner
			}
		}
		return blocksOf(e, x, x.Dims(), starts, inner)
	},
})
