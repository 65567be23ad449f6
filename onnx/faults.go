package onnx

import (
	"errors"
	"fmt"

	"github.com/cameo-onnx/cameo/onnx/wire"
)

// ErrFaults ends an import whose faults Options.Fault has heard.
var ErrFaults = fmt.Errorf("%w: some nodes cannot be built", wire.ErrFormat)

// surveyed passes what a survey found on to Options.Fault, so that the import goes on; other errors end it.
func (im *importer) surveyed(err error) error {
	var un *UnsupportedError
	if im.opts.Fault == nil || !errors.As(err, &un) {
		return err
	}
	im.opts.Fault(err)
	im.told = map[string]bool{}
	for _, u := range un.Nodes {
		im.told[u.Node] = true
	}
	return nil
}

// heard passes a node's error on to Options.Fault; false where the import cannot go on without the node. Nodes that the survey told of
// are not told of again.
func (im *importer) heard(p *wire.Node, err error) bool {
	if im.opts.Fault == nil || errors.Is(err, wire.ErrBudget) {
		return false
	}
	if !im.told[label(p)] {
		im.opts.Fault(err)
	}
	im.miss(p)
	return true
}

// skip reports whether p depends on a value that could not be built; what depends on p is skipped then too.
func (im *importer) skip(p *wire.Node) bool {
	found := false
	if len(im.broken) > 0 {
		visitInputs(p, 0, func(name string) { found = found || im.broken[name] })
	}
	if found {
		im.miss(p)
	}
	return found
}

func (im *importer) miss(p *wire.Node) {
	if im.broken == nil {
		im.broken = map[string]bool{}
	}
	im.faults++
	for _, o := range p.Out {
		if o != "" {
			im.broken[o] = true
		}
	}
}
