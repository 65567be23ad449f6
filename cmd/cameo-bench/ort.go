//go:build cgo

package main

import (
	"errors"
	"fmt"
	"os"

	ort "github.com/yalue/onnxruntime_go"

	"github.com/cameo-onnx/cameo"
	"github.com/cameo-onnx/cameo/ir/tensor"
)

var errNoLibrary = errors.New("ONNX Runtime's shared library is needed: --ort PATH or the variable CAMEO_ORT; " +
	"it is libonnxruntime in the folder capi of the onnxruntime package")

// initialise loads ONNX Runtime.
func initialise(path string) error {
	if path == "" {
		return errNoLibrary
	}
	if _, err := os.Stat(path); err != nil {
		return fmt.Errorf("%w (%v)", errNoLibrary, err)
	}
	if ort.IsInitialized() {
		return nil
	}
	ort.SetSharedLibraryPath(path)
	if err := ort.InitializeEnvironment(); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// ortModel is a model in ONNX Runtime.
type ortModel struct {
	session *ort.DynamicAdvancedSession
	in, out []ort.Value
}

// openRival loads a model into ONNX Runtime, on so many threads.
func openRival(path string, in map[string]cameo.Value, outs []string, threads int) (rival, error) {
	o, err := ort.NewSessionOptions()
	if err != nil {
		return nil, err
	}
	defer o.Destroy()
	if err := errors.Join(o.SetIntraOpNumThreads(threads), o.SetInterOpNumThreads(1)); err != nil {
		return nil, err
	}
	m := &ortModel{out: make([]ort.Value, len(outs))}
	var names []string
	for name, v := range in {
		t, ok := v.(*cameo.Tensor)
		if !ok || t.DType() == cameo.String {
			m.Close()
			return nil, fmt.Errorf("input %q cannot be given to it", name)
		}
		var dims []int64
		for _, d := range t.Dims() {
			dims = append(dims, int64(d))
		}
		x, err := ort.NewCustomDataTensor(ort.NewShape(dims...), t.Bytes(), ort.TensorElementDataType(t.DType())) // both number the types as ONNX does
		if err != nil {
			m.Close()
			return nil, err
		}
		names, m.in = append(names, name), append(m.in, x)
	}
	if m.session, err = ort.NewDynamicAdvancedSession(path, names, outs, o); err != nil {
		m.Close()
		return nil, err
	}
	return m, nil
}

// Run runs the model; the outputs of the first run serve the later ones, so that neither side allocates.
func (m *ortModel) Run() error { return m.session.Run(m.in, m.out) }

// Outputs returns copies of the outputs whose element types Go has.
func (m *ortModel) Outputs() ([]*cameo.Tensor, error) {
	list := make([]*cameo.Tensor, len(m.out))
	for i, v := range m.out {
		var dims []int
		for _, d := range v.GetShape() {
			dims = append(dims, int(d))
		}
		switch v := v.(type) {
		case *ort.Tensor[float32]:
			list[i] = copied(v.GetData(), dims)
		case *ort.Tensor[float64]:
			list[i] = copied(v.GetData(), dims)
		case *ort.Tensor[int64]:
			list[i] = copied(v.GetData(), dims)
		case *ort.Tensor[int32]:
			list[i] = copied(v.GetData(), dims)
		case *ort.Tensor[uint8]:
			list[i] = copied(v.GetData(), dims)
		case *ort.Tensor[int8]:
			list[i] = copied(v.GetData(), dims)
		}
	}
	return list, nil
}

func copied[T cameo.Element](data []T, dims []int) *cameo.Tensor {
	t := tensor.New(tensor.DTypeOf[T](), dims...)
	copy(tensor.Data[T](t), data)
	return t
}

// Close gives what the model holds back.
func (m *ortModel) Close() {
	for _, v := range append(m.in, m.out...) {
		if v != nil {
			v.Destroy()
		}
	}
	if m.session != nil {
		m.session.Destroy()
	}
}
