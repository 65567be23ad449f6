package op

import (
	"errors"
	"fmt"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/jpeg"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

func decodeJPEG(e *ir.Env, data []byte) (*picture, error) {
	budget := &imageBudget{env: e}
	c, err := jpeg.DecodeConfig(data)
	if err != nil {
		return nil, budget.fault(err, jpeg.ErrUnsupported)
	}
	if err := takePixels(e, c.Width, c.Height, 0); err != nil {
		return nil, err
	}
	m, err := jpeg.Decode(data, budget.take)
	if err != nil {
		return nil, budget.fault(err, jpeg.ErrUnsupported)
	}
	p := &picture{m.Width, m.Height, m.Channels, m.Pix, nil}
	if p.channels == 4 {
		p.channels, p.pix = 3, withoutInk(p.pix)
	}
	return p, nil
}

// imageBudget is what a decoder takes from.
type imageBudget struct {
	env *ir.Env
	err error // why it was stopped
}

func (b *imageBudget) take(bytes int) error {
	if b.err = b.env.Err(); b.err == nil && bytes > 0 {
		b.err = b.env.Take(tensor.U8, []int{bytes})
	}
	return b.err
}

// fault says what an error of a decoder's means: that it was stopped, that it does not read this kind of file, or that there is no
// image in it.
func (b *imageBudget) fault(err, unsupported error) error {
	switch {
	case b.err != nil:
		return b.err
	case errors.Is(err, unsupported):
		return fmt.Errorf("%w: %w", err, ir.ErrUnsupported)
	}
	return fmt.Errorf("%w: %v", errNoImage, err)
}
