package onnx

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"

	"github.com/cameo-onnx/cameo/ir/tensor"
	"github.com/cameo-onnx/cameo/onnx/wire"
)

// defaultMaxBytes bounds what Open reads where Options.MaxBytes is 0.
const defaultMaxBytes = 64 << 30

// Open imports the model in a file. External data must lie in regular files below the model's own folder: no symbolic links, no files
// of several hard links, no paths that lead outside. The model's path itself is the caller's and may be any, a symbolic link included.
func Open(name string, o Options) (*Model, error) {
	info, err := os.Stat(name) // before opening: to open a pipe would wait for its writer
	if err != nil {
		return nil, fmt.Errorf("onnx: %w", err)
	}
	if err := regular(info); err != nil {
		return nil, fmt.Errorf("onnx: %s: %w", name, err)
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("onnx: %w", err)
	}
	defer f.Close()
	if o.External != nil {
		return read(f, name, o)
	}
	root, err := os.OpenRoot(filepath.Dir(name))
	if err != nil {
		return nil, fmt.Errorf("onnx: %w", err)
	}
	defer root.Close()
	ext := &externals{fsys: root.FS(), dir: ".", budget: o.maxBytes()}
	defer ext.close()
	o.External = ext.read
	return read(f, name, o)
}

// OpenFS is Open for a file in a file system. It keeps to the same rules as far as the file system tells of links.
func OpenFS(fsys fs.FS, name string, o Options) (*Model, error) {
	info, err := fs.Stat(fsys, name)
	if err != nil {
		return nil, fmt.Errorf("onnx: %w", err)
	}
	if err := regular(info); err != nil {
		return nil, fmt.Errorf("onnx: %s: %w", name, err)
	}
	f, err := fsys.Open(name)
	if err != nil {
		return nil, fmt.Errorf("onnx: %w", err)
	}
	defer f.Close()
	if o.External == nil {
		ext := &externals{fsys: fsys, dir: path.Dir(name), budget: o.maxBytes()}
		defer ext.close()
		o.External = ext.read
	}
	return read(f, name, o)
}

// Decode imports the model that data holds. Constants of the graph may alias data, which must not change afterwards.
func Decode(data []byte, o Options) (*Model, error) {
	m, err := wire.DecodeModel(data, o.Budget)
	if err != nil {
		return nil, err
	}
	return Import(m, o)
}

func (o *Options) maxBytes() int64 {
	if o.MaxBytes > 0 {
		return o.MaxBytes
	}
	return defaultMaxBytes
}

func read(f fs.File, name string, o Options) (*Model, error) {
	data, err := readAll(f, o.maxBytes())
	if err != nil {
		return nil, fmt.Errorf("onnx: %s: %w", name, err)
	}
	m, err := Decode(data, o)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return m, nil
}

// regular refuses what is no regular file.
func regular(info fs.FileInfo) error {
	switch mode := info.Mode(); {
	case mode.IsDir():
		return errors.New("it is a directory, not a file")
	case !mode.IsRegular():
		return fmt.Errorf("it is no regular file but %v", mode.Type())
	}
	return nil
}

// readAll reads a regular file whose size is at most limit into aligned memory, so that tensors can alias it.
func readAll(f fs.File, limit int64) ([]byte, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if err := regular(info); err != nil {
		return nil, err
	}
	if info.Size() > limit || info.Size() > maxInt {
		return nil, fmt.Errorf("%w: it is %d bytes long; the limit is %d", wire.ErrBudget, info.Size(), limit)
	}
	data := tensor.Aligned(int(info.Size()))
	if _, err := io.ReadFull(f, data); err != nil {
		if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("%w: it is shorter than its %d bytes", wire.ErrFormat, info.Size())
		}
		return nil, err
	}
	return data, nil
}

const maxInt = int64(^uint(0) >> 1)
