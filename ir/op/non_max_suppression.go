package op

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// NonMaxSuppressionAttrs says how boxes are given: 0, as two opposite corners y1, x1, y2, x2; 1, as centre, width and height.
type NonMaxSuppressionAttrs struct {
	CenterPointBox int `ir:"center_point_box"`
}

// NonMaxSuppression is the boxes that overlap with none of higher score: for boxes [B,N,4] and scores [B,C,N], rows of batch, class and
// box. In each class they are in order of falling scores; equal scores, in order of boxes.
var NonMaxSuppression = define(Def[NonMaxSuppressionAttrs]{
	Name: "non_max_suppression", ONNX: "NonMaxSuppression",
	Sig:   "boxes f32, scores f32, max_boxes? i64, iou_threshold? f32, score_threshold? f32 -> y i64",
	Props: ir.Pure,
	Infer: func(sc *ir.Scope, a NonMaxSuppressionAttrs, in []ir.Known) (ir.Known, error) {
		if a.CenterPointBox != 0 && a.CenterPointBox != 1 {
			return ir.Known{}, fmt.Errorf("center_point_box %d", a.CenterPointBox)
		}
		for i, name := range []string{"boxes", "scores"} {
			if r := in[i].Rank(); r >= 0 && r != 3 {
				return ir.Known{}, fmt.Errorf("%s are of rank %d, not 3", name, r)
			}
		}
		if b, s := in[0].Type, in[1].Type; !b.Unranked && !s.Unranked {
			for _, eq := range []struct {
				a, b sym.Dim
				what string
			}{{b.Shape[0], s.Shape[0], "batch"}, {b.Shape[1], s.Shape[2], "number of boxes"}, {b.Shape[2], sym.Const(4), "numbers of a box"}} {
				if _, err := sc.Same(eq.a, eq.b, eq.what); err != nil {
					return ir.Known{}, err
				}
			}
		}
		return of(ir.TensorOf(tensor.I64, sc.Fresh(), sym.Const(3))), nil
	},
	Eval: func(e *ir.Env, a NonMaxSuppressionAttrs, in []tensor.Value) (tensor.Value, error) {
		boxes, scores := tens(in, 0), tens(in, 1)
		b, s := boxes.Dims(), scores.Dims()
		if len(b) != 3 || len(s) != 3 || b[0] != s[0] || b[1] != s[2] || b[2] != 4 {
			return nil, fmt.Errorf("boxes of sizes %v with scores of sizes %v", b, s)
		}
		m := suppression{hasMin: in[4] != nil}
		for i, set := range []func(*tensor.Tensor){
			func(t *tensor.Tensor) { m.limit = intsOf(t)[0] },
			func(t *tensor.Tensor) { m.iou = t.Float64s()[0] },
			func(t *tensor.Tensor) { m.minScore = t.Float64s()[0] },
		} {
			if t := tens(in, 2+i); t != nil {
				if t.Len() != 1 {
					return nil, fmt.Errorf("operand %d has %d elements, not 1", 2+i, t.Len())
				}
				set(t)
			}
		}
		return m.run(e, corners(boxes, a.CenterPointBox), tensor.Data[float32](scores), s)
	},
})

// suppression is the thresholds of one evaluation.
type suppression struct {
	limit         int
	iou, minScore float64
	hasMin        bool
}

// box is two corners, the lesser one first, and the area between.
type box struct{ y1, x1, y2, x2, area float32 }

func corners(t *tensor.Tensor, center int) []box {
	v := tensor.Data[float32](t)
	out := make([]box, len(v)/4)
	for i := range out {
		p, q, r, s := v[4*i], v[4*i+1], v[4*i+2], v[4*i+3]
		b := box{y1: min(p, r), x1: min(q, s), y2: max(p, r), x2: max(q, s)}
		if center == 1 {
			b = box{y1: q - s/2, x1: p - r/2, y2: q + s/2, x2: p + r/2}
		}
		b.area = (b.y2 - b.y1) * (b.x2 - b.x1)
		out[i] = b
	}
	return out
}

// overlap reports whether the intersection of a and b is more than a fraction of their union; boxes without area overlap with nothing.
func overlap(a, b *box, iou float64) bool {
	h, w := min(a.y2, b.y2)-max(a.y1, b.y1), min(a.x2, b.x2)-max(a.x1, b.x1)
	if !(h > 0) || !(w > 0) || !(a.area > 0) || !(b.area > 0) {
		return false
	}
	return float64(h*w/(a.area+b.area-h*w)) > iou
}

func (m suppression) run(e *ir.Env, boxes []box, scores []float32, dims []int) (tensor.Value, error) {
	batch, classes, n := dims[0], dims[1], dims[2]
	var rows []int64
	for c := range batch * classes {
		if err := e.Err(); err != nil {
			return nil, err
		}
		kept, err := m.class(e, boxes[c/classes*n:][:n], scores[c*n:][:n])
		if err != nil {
			return nil, err
		}
		for _, i := range kept {
			rows = append(rows, int64(c/classes), int64(c%classes), int64(i))
		}
	}
	if err := e.Take(tensor.I64, []int{len(rows)}); err != nil {
		return nil, err
	}
	return tensor.FromInt64s(tensor.I64, rows, len(rows)/3, 3), nil
}

// class selects among the boxes of one class.
func (m suppression) class(e *ir.Env, boxes []box, scores []float32) ([]int, error) {
	var order, kept []int
	for i, s := range scores {
		if !m.hasMin || float64(s) > m.minScore {
			order = append(order, i)
		}
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Or(cmp.Compare(scores[b], scores[a]), cmp.Compare(a, b)) })
	for n, i := range order {
		if len(kept) >= m.limit {
			break
		}
		if n%1024 == 0 {
			if err := e.Err(); err != nil {
				return nil, err
			}
		}
		if !slices.ContainsFunc(kept, func(k int) bool { return overlap(&boxes[i], &boxes[k], m.iou) }) {
			kept = append(kept, i)
		}
	}
	return kept, nil
}
