package main

import (
	"os"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/cameo-onnx/cameo/zoo/task"
)

// progress returns a bar on standard error if that is a terminal, else nil.
func progress(n int, what string) *progressbar.ProgressBar {
	if n < 10 || !term.IsTerminal(int(os.Stderr.Fd())) {
		return nil
	}
	return progressbar.NewOptions(n, progressbar.OptionSetDescription(what), progressbar.OptionSetWriter(os.Stderr),
		progressbar.OptionShowCount(), progressbar.OptionClearOnFinish())
}

// watch shows on a terminal how much of n items is done; the result ends it.
func watch(m *task.Model, n int, what string) func() {
	bar := progress(n, what)
	if bar == nil {
		return func() {}
	}
	m.Progress = func(done int) { bar.Set(done) }
	return func() { bar.Clear() }
}
