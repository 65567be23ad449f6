package task

import (
	"context"
	"fmt"
	"image"
	"image/color"
	"math/rand/v2"

	"github.com/cameo-onnx/cameo/ir/tensor"
	"github.com/cameo-onnx/cameo/zoo/data"
)

// Reconstructed holds what an autoencoder made of pictures.
type Reconstructed struct {
	Input, Output [][]float32 // the first pictures, as many as asked for
	Errors        []float64   // the mean squared error of each picture, against what was not corrupted
	Labels        []byte
}

// MSE is the mean of Errors.
func (r *Reconstructed) MSE() float64 { return mean(r.Errors) }

func mean(x []float64) (m float64) {
	for _, v := range x {
		m += v / float64(len(x))
	}
	return m
}

// Reconstruct runs the first n pictures, all for n = 0, through an autoencoder and keeps the first keep of them. Each pixel of its input is
// dropped as in training: set to 0 with probability drop, or else scaled by 1/(1−drop).
func Reconstruct(ctx context.Context, m *Model, set *data.Images, n, keep int, drop float64, seed uint64) (*Reconstructed, error) {
	if !(drop >= 0 && drop < 1) {
		return nil, fmt.Errorf("pixels cannot be dropped with probability %g", drop)
	}
	n, err := count(m, set, n)
	if err != nil {
		return nil, err
	}
	r := &Reconstructed{Labels: set.Labels[:n]}
	keepScale := float32(1 / (1 - drop))
	noise := rand.New(rand.NewPCG(seed, 0))
	var in [][]float32
	err = m.Each(ctx, n, func(from, to int) *tensor.Tensor {
		t := set.Batch(from, to, m.Item...)
		x := tensor.Data[float32](t)
		if drop > 0 {
			for i := range x {
				if noise.Float64() < drop {
					x[i] = 0
				}
				x[i] *= keepScale
			}
		}
		in, _ = split(t, to-from)
		return t
	}, func(from int, rows [][]float32) error {
		clean := tensor.Data[float32](set.Batch(from, from+len(rows), set.H*set.W))
		for i, y := range rows {
			if len(y) != m.Size() {
				return fmt.Errorf("output %s: %d elements are no picture of %d×%d", m.Output, len(y), set.H, set.W)
			}
			r.Errors = append(r.Errors, squaredError(y, clean[i*len(y):]))
			if from+i < keep {
				r.Input, r.Output = append(r.Input, in[i]), append(r.Output, y)
			}
		}
		return nil
	})
	return r, err
}

func squaredError(y, x []float32) (s float64) {
	for i, v := range y {
		d := float64(v) - float64(x[i])
		s += d * d / float64(len(y))
	}
	return s
}

// Grid puts h×w pictures of numbers from low to high side by side, cols in a row, each pixel scale pixels wide; numbers beyond are clipped.
func Grid(pictures [][]float32, cols, h, w, scale int, low, high float32) (*image.Gray, error) {
	if cols < 1 || h < 1 || w < 1 || scale < 1 || len(pictures) == 0 {
		return nil, fmt.Errorf("a grid of %d pictures of %d×%d, %d in a row, each pixel %d wide", len(pictures), h, w, cols, scale)
	}
	rows := (len(pictures) + cols - 1) / cols
	width, height := cols*(w*scale+gap)+gap, rows*(h*scale+gap)+gap
	if area, ok := tensor.Count([]int{width, height}); !ok || area > 1<<28 {
		return nil, fmt.Errorf("a picture of %d×%d pixels is too large", width, height)
	}
	img := image.NewGray(image.Rect(0, 0, width, height))
	for i := range img.Pix {
		img.Pix[i] = 96
	}
	for k, p := range pictures {
		if len(p) != h*w {
			return nil, fmt.Errorf("%d numbers are no picture of %d×%d", len(p), h, w)
		}
		left, top := k%cols*(w*scale+gap)+gap, k/cols*(h*scale+gap)+gap
		for y := range h * scale {
			for x := range w * scale {
				v := (p[y/scale*w+x/scale] - low) / (high - low)
				img.SetGray(left+x, top+y, color.Gray{Y: uint8(255*min(max(v, 0), 1) + 0.5)})
			}
		}
	}
	return img, nil
}

// gap is the width of the lines between pictures.
const gap = 2

// Pairs lays pictures out for Grid with each output below its input, cols in a row.
func (r *Reconstructed) Pairs(cols int) (pictures [][]float32) {
	for from := 0; from+cols <= len(r.Input); from += cols {
		pictures = append(pictures, r.Input[from:from+cols]...)
		pictures = append(pictures, r.Output[from:from+cols]...)
	}
	return pictures
}
