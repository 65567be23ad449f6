//go:build unix

package onnx

import (
	"io/fs"
	"os"
	"syscall"
)

// links returns the number of names of a file; 1 where the file system does not tell.
func links(info fs.FileInfo) uint64 {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return uint64(s.Nlink)
	}
	return 1
}

// sameFile reports whether two looks at a path saw one file, where the file system tells.
func sameFile(a, b fs.FileInfo) bool {
	_, ok := a.Sys().(*syscall.Stat_t)
	return !ok || os.SameFile(a, b)
}
