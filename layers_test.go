package cameo_test

import (
	"bufio"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/cameo-onnx/cameo"

// layers is the layout: a package imports only from lines with a smaller
// number. A name that ends in /... stands for everything below it too. It is
// policy: a build that it breaks is wrong, not the table.
var layers = []struct {
	level    int
	packages string
}{
	{7, "cmd/cameo/..."},
	{6, ". backend/onnxgo runtime/verify runtime/inspect runtime/measure"},
	{5, "runtime zoo/task"},
	{4, "zoo onnx passes backend/cpu backend/cuda backend/aot"},
	{3, "passes/grad passes/rewrite passes/memory backend onnx/vectors runtime/values zoo/data"},
	{2, "ir/op"},
	{1, "ir ir/npy"},
	{0, "ir/tensor ir/sym ir/jpeg ir/jpeg2000 backend/cpu/kern/... backend/cuda/driver backend/cuda/ptx onnx/wire testdata"},
}

// Within line 0 these imports are part of the layout.
var allowed = map[string][]string{
	"onnx/wire": {"ir/tensor"}, // tensors alias the file
}

// only names the sole packages that may import a path or what lies below it.
var only = map[string][]string{
	"google.golang.org/protobuf":    {"onnx/wire"},
	"github.com/owulveryck/onnx-go": {"backend/onnxgo"},
	"gorgonia.org":                  {"backend/onnxgo"},
	"github.com/ebitengine/purego":  {"backend/cuda/driver"},
	"gonum.org/v1/plot":             {"cmd/cameo/chart"},
}

type source struct {
	file, pkg string // relative to the root; "." is the root package
	imports   []string
	lines     int
	first     string
	test      bool
	generated bool
}

// sources reads the header of every Go file of this module: nested modules,
// testdata and directories that the go command ignores are left out.
func sources(t *testing.T) []source {
	t.Helper()
	var all []source
	err := filepath.WalkDir(".", func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() {
			_, err := os.Stat(filepath.Join(file, "go.mod"))
			if file != "." && (err == nil || name == "testdata" || strings.HasPrefix(name, "_") || strings.HasPrefix(name, ".")) {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") {
			return nil
		}
		s, err := read(file)
		all = append(all, s)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func read(file string) (source, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return source{}, err
	}
	f, err := parser.ParseFile(token.NewFileSet(), file, text, parser.ImportsOnly|parser.ParseComments)
	if err != nil {
		return source{}, err
	}
	slash := filepath.ToSlash(file)
	s := source{file: slash, pkg: path.Dir(slash), test: strings.HasSuffix(file, "_test.go")}
	for _, imp := range f.Imports {
		p, err := strconv.Unquote(imp.Path.Value)
		if err != nil {
			return source{}, err
		}
		s.imports = append(s.imports, p)
	}
	s.lines = strings.Count(string(text), "\n")
	scan := bufio.NewScanner(strings.NewReader(string(text)))
	scan.Scan()
	s.first = scan.Text()
	for _, group := range f.Comments {
		for _, c := range group.List {
			s.generated = s.generated || c.Pos() < f.Package && strings.HasPrefix(c.Text, "// Code generated ")
		}
	}
	return s, nil
}

// level is the line of the layout on which a package stands.
func level(pkg string) (int, bool) {
	for _, line := range layers {
		for _, name := range strings.Fields(line.packages) {
			tree, deep := strings.CutSuffix(name, "/...")
			if pkg == tree || deep && strings.HasPrefix(pkg, tree+"/") {
				return line.level, true
			}
		}
	}
	return 0, false
}

// ours is an import path relative to the module.
func ours(imp string) (string, bool) {
	if imp == module {
		return ".", true
	}
	return strings.CutPrefix(imp, module+"/")
}

// sameTree holds for two packages of one line that stand below one entry of
// the layout, such as backend/cpu/kern and its parts.
func sameTree(a, b string) bool {
	for _, line := range layers {
		for _, name := range strings.Fields(line.packages) {
			tree, deep := strings.CutSuffix(name, "/...")
			under := func(p string) bool { return p == tree || strings.HasPrefix(p, tree+"/") }
			if deep && under(a) && under(b) {
				return true
			}
		}
	}
	return false
}

// faults are the ways in which one file breaks the layout.
func faults(s source) []string {
	var list []string
	me, known := level(s.pkg)
	if !known {
		list = append(list, "package "+s.pkg+" is on no line of the layout")
	}
	for _, imp := range s.imports {
		for tree, users := range only {
			if (imp == tree || strings.HasPrefix(imp, tree+"/")) && !slices.Contains(users, s.pkg) && !s.test {
				list = append(list, "imports "+imp+", which only "+strings.Join(users, ", ")+" may")
			}
		}
		dep, is := ours(imp)
		if !is || s.test || !known {
			continue
		}
		if s.pkg == "zoo" && (dep == "backend" || strings.HasPrefix(dep, "backend/")) {
			list = append(list, "imports "+dep+": a model knows no backend")
		}
		if its, ok := level(dep); !ok || its >= me && !slices.Contains(allowed[s.pkg], dep) && !sameTree(s.pkg, dep) {
			list = append(list, "imports "+dep+", which is not on a lower line of the layout")
		}
	}
	if slices.Contains([]string{"util", "utils", "common", "helpers", "misc"}, path.Base(s.pkg)) {
		list = append(list, "package "+s.pkg+" is named after nothing")
	}
	return list
}

func TestPackagesImportOnlyFromLowerLines(t *testing.T) {
	all := sources(t)
	if len(all) < 10 {
		t.Fatalf("only %d files found", len(all))
	}
	for _, s := range all {
		for _, fault := range faults(s) {
			t.Errorf("%s: %s", s.file, fault)
		}
	}
}

// Every kind of fault is planted once, so that the test above can fail.
func TestLayoutFaultsAreFound(t *testing.T) {
	for want, s := range map[string]source{
		"on no line":     {pkg: "ir/extra"},
		"lower line":     {pkg: "ir", imports: []string{module + "/ir/op"}},
		"not on a lower": {pkg: "passes", imports: []string{module + "/backend/cpu"}},
		"which only":     {pkg: "onnx", imports: []string{"google.golang.org/protobuf/encoding/protowire"}},
		"which only b":   {pkg: "runtime", imports: []string{"gorgonia.org/tensor"}},
		"knows no":       {pkg: "zoo", imports: []string{module + "/backend"}},
		"after nothing":  {pkg: "ir/util"},
	} {
		if got := strings.Join(faults(s), "\n"); !strings.Contains(got, want) {
			t.Errorf("planted %q, found %q", want, got)
		}
	}
	if got := faults(source{pkg: "ir/op", imports: []string{module + "/ir", "fmt"}}); len(got) > 0 {
		t.Errorf("a sound file is blamed: %v", got)
	}
}

// Imports of the files that are not tests form no cycle: the compiler sees to
// that. What a package's own tests import must not reach back to it either.
func TestTestsImportNoCycle(t *testing.T) {
	deps := map[string]map[string]bool{}
	all := sources(t)
	for _, s := range all {
		for _, imp := range s.imports {
			if dep, is := ours(imp); is && !s.test && dep != s.pkg {
				if deps[s.pkg] == nil {
					deps[s.pkg] = map[string]bool{}
				}
				deps[s.pkg][dep] = true
			}
		}
	}
	for _, s := range all {
		external := s.test && isExternal(s.file)
		if !s.test || external {
			continue
		}
		seen := map[string]bool{}
		var queue []string
		for _, imp := range s.imports {
			if dep, is := ours(imp); is {
				queue = append(queue, dep)
			}
		}
		for len(queue) > 0 {
			p := queue[0]
			queue = queue[1:]
			if p == s.pkg {
				t.Errorf("%s: its imports lead back to %s; make it an external test", s.file, s.pkg)
				break
			}
			if seen[p] {
				continue
			}
			seen[p] = true
			for d := range deps[p] {
				queue = append(queue, d)
			}
		}
	}
}

func isExternal(file string) bool {
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.PackageClauseOnly)
	return err == nil && strings.HasSuffix(f.Name.Name, "_test")
}

const maxLines = 400

// A longer file says why on its first line: "// long: the table of ...".
func TestFilesAreShortOrSayWhyNot(t *testing.T) {
	for _, s := range sources(t) {
		if s.test || s.generated || s.lines <= maxLines || tooLongForAReason(s.first) {
			continue
		}
		t.Errorf("%s: %d lines, more than %d, and the first line states no reason (// long: ...)", s.file, s.lines, maxLines)
	}
}

func tooLongForAReason(first string) bool {
	_, why, ok := strings.Cut(first, "long:")
	return ok && strings.HasPrefix(first, "//") && strings.TrimSpace(why) != ""
}
