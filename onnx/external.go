package onnx

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"

	"github.com/cameo-onnx/cameo/ir/tensor"
	"github.com/cameo-onnx/cameo/onnx/wire"
)

// maxOpen bounds the files of external data that are open at once.
const maxOpen = 64

// externals reads the external data of one model from below its folder. It is the only place that opens what a model names.
type externals struct {
	fsys   fs.FS
	dir    string // of the model in fsys
	budget int64  // bytes that may still be read
	files  map[string]*dataFile
	open   int
}

type dataFile struct {
	file   fs.File // nil where it has been closed
	size   int64
	read   int64 // bytes read so far
	ranges map[[2]int64][]byte
	whole  []byte // of a file that cannot be read at an offset
}

// read returns length bytes of the file that location names, from offset on; a negative length means the rest of the file. Equal ranges
// share memory.
func (x *externals) read(location string, offset, length int64) ([]byte, error) {
	b, err := x.readRange(location, offset, length)
	if err != nil {
		return nil, fmt.Errorf("external data in %s: %w", wire.Quote(location), err)
	}
	return b, nil
}

func (x *externals) readRange(location string, offset, length int64) ([]byte, error) {
	f, err := x.file(location)
	if err != nil {
		return nil, err
	}
	if length < 0 {
		length = f.size - offset
	}
	if offset < 0 || length < 0 || length > f.size || offset > f.size-length {
		return nil, fmt.Errorf("%w: %d bytes from %d on do not lie in the file's %d", wire.ErrFormat, length, offset, f.size)
	}
	key := [2]int64{offset, length}
	if b, ok := f.ranges[key]; ok {
		return b, nil
	}
	// Overlapping ranges would make much memory of a small file.
	if f.read += length; f.read > 4*f.size || length > x.budget || length > maxInt {
		return nil, fmt.Errorf("%w: its tensors ask for %d bytes of a file of %d; %d more may be read", wire.ErrBudget, f.read, f.size, x.budget)
	}
	x.budget -= length
	b, err := f.at(offset, length)
	if err != nil {
		return nil, err
	}
	f.ranges[key] = b
	return b, nil
}

func (f *dataFile) at(offset, length int64) ([]byte, error) {
	if f.whole != nil {
		return f.whole[offset : offset+length], nil
	}
	b := tensor.Aligned(int(length))
	r, ok := f.file.(io.ReaderAt)
	if !ok {
		all := tensor.Aligned(int(f.size))
		if _, err := io.ReadFull(f.file, all); err != nil {
			return nil, fmt.Errorf("%w: the file is shorter than its %d bytes: %w", wire.ErrFormat, f.size, err)
		}
		f.whole = all
		return all[offset : offset+length], nil
	}
	if _, err := r.ReadAt(b, offset); err != nil && !(errors.Is(err, io.EOF) && length == 0) {
		return nil, fmt.Errorf("read at %d: %w", offset, err)
	}
	return b, nil
}

// file returns the open file that a location names.
func (x *externals) file(location string) (*dataFile, error) {
	f := x.files[location]
	if f != nil && (f.file != nil || f.whole != nil) {
		return f, nil
	}
	name, err := x.resolve(location)
	if err != nil {
		return nil, err
	}
	info, err := x.check(name)
	if err != nil {
		return nil, err
	}
	if x.open >= maxOpen {
		x.close()
	}
	file, err := x.fsys.Open(name)
	if err != nil {
		return nil, reason(err)
	}
	opened, err := file.Stat()
	if err == nil {
		err = checkFile(opened, info)
	}
	if err != nil {
		file.Close()
		return nil, err
	}
	x.open++
	if f == nil {
		f = &dataFile{size: opened.Size(), ranges: map[[2]int64][]byte{}}
		if x.files == nil {
			x.files = map[string]*dataFile{}
		}
		x.files[location] = f
	}
	if f.file = file; f.size != opened.Size() {
		return nil, fmt.Errorf("%w: the file has changed", wire.ErrFormat)
	}
	return f, nil
}

// resolve returns the path in fsys of a location, which must lead down from the model's folder.
func (x *externals) resolve(location string) (string, error) {
	clean := strings.TrimPrefix(location, "./")
	if !fs.ValidPath(clean) || clean == "." || strings.ContainsAny(clean, "\\:\x00") {
		return "", fmt.Errorf("%w: the location does not lead to a file below the model's folder", wire.ErrFormat)
	}
	return path.Join(x.dir, clean), nil
}

// check looks at every element of a path below the model's folder before anything is opened: no links, no special files.
func (x *externals) check(name string) (fs.FileInfo, error) {
	rest := strings.TrimPrefix(name, x.dir+"/")
	at := x.dir
	for {
		elem, more, found := strings.Cut(rest, "/")
		at = path.Join(at, elem)
		info, err := fs.Lstat(x.fsys, at)
		if err != nil {
			return nil, reason(err)
		}
		if found && !info.IsDir() {
			return nil, fmt.Errorf("%w: %s is no folder but %v", wire.ErrFormat, wire.Quote(at), info.Mode().Type())
		}
		if !found {
			return info, checkFile(info, nil)
		}
		rest = more
	}
}

var errHardLinks = errors.New("the file has several hard links")

// checkFile refuses everything but a regular file of one link, the same as before if given.
func checkFile(info, before fs.FileInfo) error {
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%w: it is no regular file but %v", wire.ErrFormat, info.Mode().Type())
	}
	if links(info) > 1 {
		return fmt.Errorf("%w: %w", wire.ErrFormat, errHardLinks)
	}
	if before != nil && !sameFile(before, info) {
		return fmt.Errorf("%w: the file has changed", wire.ErrFormat)
	}
	return nil
}

// reason drops the path of an error, which the caller names.
func reason(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

// close closes the files; those that are asked for again are opened again.
func (x *externals) close() {
	for _, f := range x.files {
		if f.file != nil {
			f.file.Close()
			f.file = nil
		}
	}
	x.open = 0
}
