package values

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/ir/npy"
	"github.com/cameo-onnx/cameo/ir/tensor"
	"github.com/cameo-onnx/cameo/onnx/wire"
)

// ErrSyntax marks an argument that cannot be understood: an input that the model does not have, a malformed literal.
var ErrSyntax = errors.New("malformed input argument")

// DefaultLimit bounds the bytes of one file that is read: 4 GiB.
const DefaultLimit = 4 << 30

// An Input is an input of a model.
type Input struct {
	Name string
	Type ir.Type
}

// A Reader reads the inputs of a model. The zero value takes pictures as they are.
type Reader struct {
	Layout    string    // of pictures: nchw, nhwc or hw; empty: the input's sizes tell
	Mean, Std []float64 // of pictures, after they are scaled to 0…1: one number, or one a channel
	Resize    bool      // pictures to the input's sizes
	Limit     int64     // bytes of one file; 0: DefaultLimit
	Notes     []string  // what was converted on the way
}

func (r *Reader) note(format string, args ...any) {
	r.Notes = append(r.Notes, fmt.Sprintf(format, args...))
}

func (r *Reader) limit() int64 {
	if r.Limit > 0 {
		return r.Limit
	}
	return DefaultLimit
}

// Read returns the inputs that args give. An argument is NAME=SOURCE, or SOURCE alone where the model has one input; a .npz
// archive alone gives the inputs of its entries' names. A source is a file (.npy, .npz, FILE.npz:ENTRY, .pb, .png, .jpg) or a
// literal: 2x3=1,2,3,4,5,6, or =5 for a scalar (NAME==5).
func (r *Reader) Read(args []string, inputs []Input) (map[string]tensor.Value, error) {
	out := map[string]tensor.Value{}
	for _, arg := range args {
		in, source, err := which(arg, inputs)
		if err != nil {
			return nil, err
		}
		if in == nil {
			if err := r.archive(source, inputs, out); err != nil {
				return nil, fmt.Errorf("--input %s: %w", wire.Quote(arg), err)
			}
			continue
		}
		if _, ok := out[in.Name]; ok {
			return nil, fmt.Errorf("%w: input %s is given twice", ErrSyntax, wire.Quote(in.Name))
		}
		v, err := r.source(source, in.Type)
		if err != nil {
			return nil, fmt.Errorf("input %s: %w", wire.Quote(in.Name), err)
		}
		if out[in.Name], err = r.fit(v, *in); err != nil {
			return nil, fmt.Errorf("input %s: %w", wire.Quote(in.Name), err)
		}
	}
	return out, nil
}

// which splits an argument. A nil input stands for all inputs of an archive. Names may hold equal signs: the longest that fits is meant.
func which(arg string, inputs []Input) (*Input, string, error) {
	var best *Input
	var names []string
	for i := range inputs {
		in := &inputs[i]
		names = append(names, wire.Quote(in.Name))
		if strings.HasPrefix(arg, in.Name+"=") && (best == nil || len(in.Name) > len(best.Name)) {
			best = in
		}
	}
	if best != nil {
		return best, arg[len(best.Name)+1:], nil
	}
	_, literal := literalOf(arg)
	name, _, hasName := strings.Cut(arg, "=")
	_, err := os.Stat(arg)
	switch {
	case strings.EqualFold(filepath.Ext(arg), ".npz"):
		return nil, arg, nil
	case len(inputs) == 1 && (literal || !hasName || err == nil):
		return &inputs[0], arg, nil
	case hasName && !literal:
		return nil, "", fmt.Errorf("%w: there is no input %s; the inputs are %s", ErrSyntax, wire.Quote(name), strings.Join(names, ", "))
	}
	return nil, "", fmt.Errorf("%w: %s does not say which input it is for: NAME=%s, with NAME one of %s",
		ErrSyntax, wire.Quote(arg), arg, strings.Join(names, ", "))
}

// archive gives every entry of a .npz file to the input of its name; a lone entry for a lone input may have any name.
func (r *Reader) archive(path string, inputs []Input, out map[string]tensor.Value) error {
	entries, err := r.entries(path)
	if err != nil {
		return err
	}
	for _, e := range entries {
		var in *Input
		for i := range inputs {
			if inputs[i].Name == e.Name || len(inputs) == 1 && len(entries) == 1 {
				in = &inputs[i]
			}
		}
		if in == nil {
			return fmt.Errorf("%w: entry %s is no input of the model", ErrSyntax, wire.Quote(e.Name))
		}
		if _, ok := out[in.Name]; ok {
			return fmt.Errorf("%w: input %s is given twice", ErrSyntax, wire.Quote(in.Name))
		}
		if out[in.Name], err = r.fit(e.Tensor, *in); err != nil {
			return fmt.Errorf("entry %s: %w", wire.Quote(e.Name), err)
		}
	}
	return nil
}

func (r *Reader) entries(path string) ([]npy.Entry, error) {
	f, info, err := r.open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	entries, err := npy.DecodeZip(f, info.Size(), r.limit())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return entries, nil
}

// open opens a regular file within the limit.
func (r *Reader) open(path string) (*os.File, fs.FileInfo, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, nil, err
	case !info.Mode().IsRegular():
		return nil, nil, fmt.Errorf("%s is no regular file", path)
	case info.Size() > r.limit():
		return nil, nil, fmt.Errorf("%s has %d bytes; the limit is %d", path, info.Size(), r.limit())
	}
	f, err := os.Open(path)
	return f, info, err
}

// source reads one value of type t.
func (r *Reader) source(s string, t ir.Type) (tensor.Value, error) {
	if l, ok := literalOf(s); ok {
		return l.tensor(t)
	}
	path, entry := s, ""
	if i := strings.LastIndex(strings.ToLower(s), ".npz:"); i >= 0 {
		path, entry = s[:i+4], s[i+5:]
	}
	switch ext := strings.ToLower(filepath.Ext(path)); ext {
	case ".npz":
		return r.entry(path, entry)
	case ".npy":
		return readFile(r, path, npy.Decode)
	case ".pb":
		return readFile(r, path, func(data []byte) (tensor.Value, error) { return wire.DecodeValue(data, wireType(t), wire.Budget{}) })
	case ".png", ".jpg", ".jpeg":
		return r.picture(path, t)
	default:
		return nil, fmt.Errorf("%w: %s is neither a .npy, .npz, .pb, .png or .jpg file nor a literal such as 1x3=1,2,3", ErrSyntax, wire.Quote(s))
	}
}

// entry reads an array of an archive; an archive of one needs no name.
func (r *Reader) entry(path, name string) (tensor.Value, error) {
	entries, err := r.entries(path)
	if err != nil {
		return nil, err
	}
	if name == "" && len(entries) == 1 {
		return entries[0].Tensor, nil
	}
	var have []string
	for _, e := range entries {
		if e.Name == name {
			return e.Tensor, nil
		}
		have = append(have, wire.Quote(e.Name))
	}
	return nil, fmt.Errorf("%w: %s has no entry %s; it has %s", ErrSyntax, path, wire.Quote(name), strings.Join(have, ", "))
}

func readFile[V any](r *Reader, path string, decode func([]byte) (V, error)) (v V, err error) {
	f, info, err := r.open(path)
	if err != nil {
		return v, err
	}
	defer f.Close()
	data := make([]byte, info.Size())
	if _, err := f.ReadAt(data, 0); err != nil && len(data) > 0 {
		return v, err
	}
	if v, err = decode(data); err != nil {
		return v, fmt.Errorf("%s: %w", path, err)
	}
	return v, nil
}

// wireType returns t as files spell it.
func wireType(t ir.Type) *wire.Type {
	w := &wire.Type{Elem: int32(t.DType)}
	switch t.Kind {
	case ir.Tensor:
		w.Kind = wire.KindTensor
	case ir.Sequence:
		w.Kind = wire.KindSequence
	case ir.Optional:
		w.Kind = wire.KindOptional
	case ir.Map:
		w.Kind = wire.KindMap
	}
	if t.Elem != nil {
		w.Of = wireType(*t.Elem)
	}
	return w
}

// fit converts a tensor to the input's element type where its values allow it, and says so.
func (r *Reader) fit(v tensor.Value, in Input) (tensor.Value, error) {
	t, ok := v.(*tensor.Tensor)
	if !ok || in.Type.Kind != ir.Tensor || t.DType() == in.Type.DType {
		return v, nil
	}
	from, to := t.DType(), in.Type.DType
	c, err := tensor.Convert(t, to, false, tensor.Rounding(0))
	if err != nil || from == tensor.String || to == tensor.String {
		return nil, fmt.Errorf("%v values where the model takes %v", from, to)
	}
	if !(from.IsFloat() && to.IsFloat()) {
		for i := range t.Len() {
			if !from.IsComplex() && t.Float64At(i) != c.Float64At(i) {
				return nil, fmt.Errorf("%v values where the model takes %v, which cannot hold element %d", from, to, i)
			}
		}
	}
	r.note("input %s: %v converted to %v", wire.Quote(in.Name), from, to)
	return c, nil
}
