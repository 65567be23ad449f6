package onnx

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strconv"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/onnx/wire"
)

const (
	maxModelFile  = 1<<31 - 1<<20 // what other readers of protobuf take
	externalAlign = 4096          // of weights in their file, so that it can be mapped
	smallTensor   = 1024          // bytes that stay in the model's file whatever its size
)

// Save exports g to a model file at path, and large constants to path + ".data" where o says so. Both are written under other names and
// put in place when they are whole.
func Save(path string, g *ir.Graph, o ExportOptions) error {
	m, err := Export(g, o)
	if err != nil {
		return err
	}
	limit := o.External
	if limit <= 0 {
		limit = math.MaxInt
	}
	if o.External == 0 && weights(m.Graph) > maxModelFile {
		limit = smallTensor
	}
	out := &externalFile{path: path + ".data", name: filepath.Base(path) + ".data", limit: limit, at: map[*byte]int64{}}
	if err := out.graph(m.Graph); err != nil {
		out.discard()
		return fmt.Errorf("onnx: %w", err)
	}
	data := m.Append(nil)
	if len(data) > maxModelFile {
		out.discard()
		return fmt.Errorf("onnx: %s would be %d bytes long, more than readers of ONNX take, without External", path, len(data))
	}
	err = func() error {
		tmp, err := newFile(path)
		if err != nil {
			return err
		}
		if _, err := tmp.Write(data); err != nil {
			tmp.Close()
			return errors.Join(err, os.Remove(tmp.Name()))
		}
		if err := out.commit(); err != nil {
			tmp.Close()
			return errors.Join(err, os.Remove(tmp.Name()))
		}
		return put(tmp, path)
	}()
	if err != nil {
		out.discard()
		return fmt.Errorf("onnx: %w", err)
	}
	return nil
}

// weights returns the bytes of a graph's initializers.
func weights(g *wire.Graph) (n int) {
	eachTensor(g, func(t *wire.Tensor) error { n += len(t.Raw); return nil })
	return n
}

// eachTensor calls f for the initializers of a graph and of the subgraphs in it, which Export has made and whose nesting is bounded.
func eachTensor(g *wire.Graph, f func(*wire.Tensor) error) error {
	for _, t := range g.Inits {
		if err := f(t); err != nil {
			return err
		}
	}
	for _, n := range g.Nodes {
		for _, a := range n.Attrs {
			if a.G == nil {
				continue
			}
			if err := eachTensor(a.G, f); err != nil {
				return err
			}
		}
	}
	return nil
}

// externalFile gathers large constants in a file of its own.
type externalFile struct {
	path, name string
	limit      int
	tmp        *os.File
	end        int64
	at         map[*byte]int64 // where constants that share memory already stand
}

func (x *externalFile) graph(g *wire.Graph) error { return eachTensor(g, x.move) }

// move writes a tensor's data to the file, if they are large, and notes their place in the tensor.
func (x *externalFile) move(t *wire.Tensor) error {
	if len(t.Raw) < x.limit || len(t.Raw) == 0 {
		return nil
	}
	offset, known := x.at[&t.Raw[0]]
	if !known {
		if x.tmp == nil {
			var err error
			if x.tmp, err = newFile(x.path); err != nil {
				return err
			}
		}
		offset = (x.end + externalAlign - 1) / externalAlign * externalAlign
		if _, err := x.tmp.WriteAt(t.Raw, offset); err != nil {
			return err
		}
		x.end = offset + int64(len(t.Raw))
		x.at[&t.Raw[0]] = offset
	}
	t.External = []wire.StringString{
		{Key: "location", Value: x.name}, {Key: "offset", Value: strconv.FormatInt(offset, 10)}, {Key: "length", Value: strconv.Itoa(len(t.Raw))},
	}
	t.DataLocation, t.Raw, t.HasRaw = wire.LocationExternal, nil, false
	return nil
}

// commit puts the file in its place.
func (x *externalFile) commit() error {
	if x.tmp == nil {
		return nil
	}
	tmp := x.tmp
	x.tmp = nil
	return put(tmp, x.path)
}

func (x *externalFile) discard() {
	if x.tmp != nil {
		x.tmp.Close()
		os.Remove(x.tmp.Name())
		x.tmp = nil
	}
}

// newFile creates a file beside path under a name that nobody has.
func newFile(path string) (*os.File, error) {
	if info, err := os.Lstat(path); err == nil && !info.Mode().IsRegular() && info.Mode().Type() != fs.ModeSymlink {
		return nil, fmt.Errorf("%s is no regular file but %v", path, info.Mode().Type())
	}
	f, err := os.OpenFile(path+"."+rand.Text()+".tmp", os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
	var e *fs.PathError
	if errors.As(err, &e) {
		e.Path = path // the name that the caller knows
	}
	return f, err
}

// put closes a file and gives it its name, once its bytes are safe.
func put(tmp *os.File, path string) error {
	err := tmp.Sync()
	if e := tmp.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(tmp.Name()))
	}
	return nil
}
