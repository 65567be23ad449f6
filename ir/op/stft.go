package op

import (
	"fmt"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/sym"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

// STFTAttrs says whether half of each spectrum is returned.
type STFTAttrs struct {
	Onesided bool `ir:"onesided"`
}

// STFT is the Fourier transforms of windows of a signal[batch, length, 1 or 2], or real[batch, length], that start every frame_step
// samples: y[batch, frames, places, 2]. A window or frame_length gives their length, else it is the signal's.
var STFT = define(Def[STFTAttrs]{
	Name: "stft", ONNX: "STFT", Sig: "signal T, frame_step L, window? T, frame_length? L -> y T; T float, L i32|i64",
	Props: ir.Pure,
	Attrs: STFTAttrs{Onesided: true},
	Infer: inferSTFT,
	Eval:  evalSTFT,
})

func inferSTFT(sc *ir.Scope, a STFTAttrs, in []ir.Known) (ir.Known, error) {
	x := in[0].Type
	batch, length := sc.Fresh(), sc.Fresh()
	if !x.Unranked {
		if r := len(x.Shape); r != 2 && r != 3 {
			return ir.Known{}, fmt.Errorf("the signal is of rank %d, not 2 or 3", r)
		}
		batch, length = x.Shape[0], x.Shape[1]
		for _, d := range x.Shape[2:] {
			if n, ok := d.Int(); ok {
				if err := a.parts(n); err != nil {
					return ir.Known{}, err
				}
			}
		}
	}
	step, err := scalarSize(sc, in[1], "frame_step")
	if err != nil {
		return ir.Known{}, err
	}
	if n, ok := step.Int(); ok && n == 0 {
		return ir.Known{}, fmt.Errorf("frame_step is 0")
	}
	frame := length
	if in[3].Present() {
		if frame, err = scalarSize(sc, in[3], "frame_length"); err != nil {
			return ir.Known{}, err
		}
	}
	if w := in[2]; w.Present() && !w.Type.Unranked {
		if len(w.Type.Shape) != 1 {
			return ir.Known{}, fmt.Errorf("the window is of rank %d, not 1", len(w.Type.Shape))
		}
		if !in[3].Present() {
			frame = w.Type.Shape[0]
		} else if frame, err = sc.Same(w.Type.Shape[0], frame, "lengths of window and frame"); err != nil {
			return ir.Known{}, err
		}
	} else if w.Present() && !in[3].Present() {
		frame = sc.Fresh()
	}
	frames := sc.Fresh()
	if !x.Unranked {
		if err := sc.Assume(ir.Fact{Rel: ir.Le, A: frame, B: length, What: "frame and signal"}); err != nil {
			return ir.Known{}, err
		}
		if sym.GE(step, sym.Const(1), nil) {
			frames = sym.Add(sym.FloorDiv(sym.Sub(length, frame), step), sym.Const(1))
		}
	}
	places, _ := DFTAttrs{Onesided: a.Onesided}.spectrum(frame)
	return of(ir.TensorOf(x.DType, batch, frames, places, sym.Const(2))), nil
}

func (a STFTAttrs) parts(n int) error { return DFTAttrs{Onesided: a.Onesided}.parts(n) }

// frames checks the operands' sizes and returns the length of a frame and the distance between two.
func (a STFTAttrs) frames(in []tensor.Value) (frame, step int, err error) {
	x, window := tens(in, 0), tens(in, 2)
	if r := x.Rank(); r != 2 && r != 3 {
		return 0, 0, fmt.Errorf("the signal is of rank %d, not 2 or 3", r)
	}
	for _, n := range x.Dims()[2:] {
		if err = a.parts(n); err != nil {
			return 0, 0, err
		}
	}
	if step, err = scalarInt(tens(in, 1), "frame_step"); err != nil {
		return 0, 0, err
	}
	frame = x.Dims()[1]
	if window != nil {
		frame = window.Len()
	}
	if t := tens(in, 3); t != nil {
		if frame, err = scalarInt(t, "frame_length"); err != nil {
			return 0, 0, err
		}
	}
	if err = checkVector(window, frame, "window"); err != nil {
		return 0, 0, err
	}
	if step < 1 || frame < 1 || frame > x.Dims()[1] {
		return 0, 0, fmt.Errorf("frames of %d samples every %d, of a signal of %d", frame, step, x.Dims()[1])
	}
	return frame, step, nil
}

func evalSTFT(e *ir.Env, a STFTAttrs, in []tensor.Value) (tensor.Value, error) {
	frame, step, err := a.frames(in)
	if err != nil {
		return nil, err
	}
	x := tens(in, 0)
	batch, length, parts := x.Dims()[0], x.Dims()[1], 1
	if x.Rank() == 3 {
		parts = x.Dims()[2]
	}
	frames, places := (length-frame)/step+1, frame
	if a.Onesided {
		places = frame/2 + 1
	}
	all, err := loadAll[float64](e, x, tens(in, 2))
	if err != nil {
		return nil, err
	}
	if err := e.Take(tensor.C128, []int{fourierSize(1), frame}); err != nil {
		return nil, err
	}
	y, err := alloc[float64](e, batch, frames, places, 2)
	if err != nil {
		return nil, err
	}
	v, window := all[0], all[1]
	f, line := newFourier(frame), make([]complex128, frame)
	for b := range batch {
		for t := range frames {
			if err := e.Err(); err != nil {
				return nil, err
			}
			for k := range line {
				at := (b*length + t*step + k) * parts
				line[k] = complex(v[at], 0)
				if parts == 2 {
					line[k] = complex(v[at], v[at+1])
				}
				if window != nil {
					line[k] *= complex(window[k], 0)
				}
			}
			f.transform(line)
			out := y[(b*frames+t)*places*2:]
			for k := range places {
				out[2*k], out[2*k+1] = real(line[k]), imag(line[k])
			}
		}
	}
	return value(store(e, x.DType(), y, batch, frames, places, 2))
}
