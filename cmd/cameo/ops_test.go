package main

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/cameo-onnx/cameo/ir"
	"github.com/cameo-onnx/cameo/onnx"
	"github.com/cameo-onnx/cameo/onnx/vectors"
	"github.com/cameo-onnx/cameo/onnx/wire"
	"github.com/cameo-onnx/cameo/testdata"
)

func TestTheTableOfOperatorsIsUpToDate(t *testing.T) {
	want, _, _ := cameoRun("ops", "--markdown")
	have, err := os.ReadFile("../../docs/OPERATORS.md")
	if err != nil {
		t.Fatal(err)
	}
	if string(have) != want {
		t.Error("docs/OPERATORS.md is not what cameo ops --markdown prints: go generate ./cmd/cameo")
	}
}

// TestListedOperatorsAreThoseThatRun walks ONNX's cases: what is imported is listed, with its opset; what is not listed is refused.
func TestListedOperatorsAreThoseThatRun(t *testing.T) {
	list, err := listOps(nil)
	if err != nil {
		t.Fatal(err)
	}
	listed := map[onnx.Operator]bool{}
	for _, i := range list {
		o := onnx.Operator{Domain: short(i.Domain), Op: i.Name}
		listed[o] = true
		if !onnx.Supports(o.Domain, o.Op) {
			t.Errorf("%s of %s is listed, and not supported", i.Name, i.Domain)
		}
	}
	for o := range limits {
		if !listed[o] {
			t.Errorf("%v has a note, and is not listed", o)
		}
	}
	cases, err := vectors.Find(testdata.Shared(t, "onnx-tests"), vectors.DefaultTolerance)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		data, err := os.ReadFile(filepath.Join(c.Dir, "model.onnx"))
		if err != nil {
			t.Fatal(err)
		}
		m, err := wire.DecodeModel(data, wire.Budget{})
		if err != nil {
			t.Fatal(err)
		}
		ops := map[onnx.Operator]bool{}
		operatorsOf(m.Graph, ops)
		unlisted := false
		for _, f := range m.Functions {
			delete(ops, onnx.Operator{Domain: f.Domain, Op: f.Name})
		}
		for o := range ops {
			unlisted = unlisted || !listed[o]
			first, last := onnx.Opsets(o.Domain, o.Op)
			for _, s := range m.Opsets {
				if short(s.Domain) == o.Domain && listed[o] && (int(s.Version) < first && s.Version >= 7 || last > 0 && int(s.Version) > last) {
					t.Errorf("%s: %s of opset %d is listed for %d to %d", c.Name, o.Op, s.Version, first, last)
				}
			}
		}
		if _, err := onnx.Import(m, onnx.Options{}); unlisted && !errors.Is(err, ir.ErrUnsupported) {
			t.Errorf("%s: %v are not all listed, and it is not refused: %v", c.Name, ops, err)
		}
	}
}

// short spells the domain of ai.onnx the short way.
func short(domain string) string {
	if domain == "ai.onnx" {
		return ""
	}
	return domain
}

// operatorsOf adds the operators of g's nodes, and of their bodies, to ops.
func operatorsOf(g *wire.Graph, ops map[onnx.Operator]bool) {
	for _, n := range g.Nodes {
		ops[onnx.Operator{Domain: short(n.Domain), Op: n.OpType}] = true
		for _, a := range n.Attrs {
			for _, b := range append(a.Graphs[:len(a.Graphs):len(a.Graphs)], a.G) {
				if b != nil {
					operatorsOf(b, ops)
				}
			}
		}
	}
}
