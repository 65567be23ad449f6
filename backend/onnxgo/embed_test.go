package onnxgo_test

import (
	"os/exec"
	"strings"
	"testing"
)

// A program that embeds cameo downloads and links the modules of the packages below, and no other.
func TestEmbeddersGetNothingOfOnnxGo(t *testing.T) {
	tool, err := exec.LookPath("go")
	if err != nil {
		t.Skip("there is no go command to list packages with")
	}
	modules := func(pkg string) string {
		out, err := exec.Command(tool, "list", "-deps", "-f", "{{with .Module}}{{.Path}}{{end}}", pkg).Output()
		if err != nil {
			t.Fatal(err)
		}
		return "\n" + string(out)
	}
	root, own := modules("github.com/cameo-onnx/cameo"), modules(".")
	for _, m := range []string{"owulveryck", "gorgonia.org", "chewxy", "gogo/protobuf", "golang/protobuf", "xtgo", "pkg/errors", "go4.org", "flatbuffers"} {
		if strings.Contains(root, m) {
			t.Errorf("package cameo links %s:%s", m, root)
		}
	}
	if !strings.Contains(own, "owulveryck/onnx-go") || !strings.Contains(own, "gorgonia.org/tensor") {
		t.Errorf("the list is no list of what is linked: %s", own)
	}
}
