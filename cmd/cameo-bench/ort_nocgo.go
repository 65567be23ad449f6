//go:build !cgo

package main

import (
	"errors"

	"github.com/cameo-onnx/cameo"
)

var errNoCgo = errors.New("this program was built without cgo, which calling ONNX Runtime takes: build it with CGO_ENABLED=1 and a C compiler")

func initialise(string) error { return errNoCgo }

func openRival(string, map[string]cameo.Value, []string, int) (rival, error) { return nil, errNoCgo }
