package data

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/cameo-onnx/cameo/ir/tensor"
)

// Alphabet holds the letters that the classifier of names reads, in the order of its input.
const Alphabet = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ .,;'"

// Languages are the classes of the documented classifier of names, in order.
var Languages = []string{
	"Arabic", "Chinese", "Czech", "Dutch", "English", "French", "German",
	"Greek", "Irish", "Italian", "Japanese", "Korean", "Polish", "Portuguese", "Russian", "Scottish", "Spanish", "Vietnamese",
}

// Names are names with the language of each.
type Names struct {
	Languages []string
	Names     []string // in ASCII
	Labels    []int    // into Languages
}

// ReadNames reads the files LANGUAGE.txt in dir, in order of their names, one name a line.
func ReadNames(dir string) (*Names, error) {
	files, err := os.ReadDir(dir) // by name
	if err != nil {
		return nil, fmt.Errorf("data: %w", err)
	}
	var s Names
	for _, f := range files {
		language, ok := strings.CutSuffix(f.Name(), ".txt")
		if !ok || f.IsDir() {
			continue
		}
		if err := s.add(filepath.Join(dir, f.Name()), len(s.Languages)); err != nil {
			return nil, fmt.Errorf("data: %w", err)
		}
		s.Languages = append(s.Languages, language)
	}
	if len(s.Languages) == 0 {
		return nil, fmt.Errorf("data: %s holds no LANGUAGE.txt", dir)
	}
	return &s, nil
}

func (s *Names) add(path string, class int) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		if name := Fold(strings.TrimSpace(lines.Text())); name != "" {
			s.Names, s.Labels = append(s.Names, name), append(s.Labels, class)
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// Fold spells a name in the letters of Alphabet: accents fall off, and other signs are left out.
func Fold(name string) string {
	var b strings.Builder
	for _, r := range norm.NFD.String(name) {
		if !unicode.Is(unicode.Mn, r) && strings.ContainsRune(Alphabet, r) {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// OneHot writes a letter of Alphabet into x[1,57].
func OneHot(x *tensor.Tensor, letter byte) {
	v := tensor.Data[float32](x)
	clear(v)
	if i := strings.IndexByte(Alphabet, letter); i >= 0 {
		v[i] = 1
	}
}
