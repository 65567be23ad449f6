//go:build !linux

package kern

import (
	"runtime"
	"sync/atomic"
)

func nap(*atomic.Uint32, uint32) bool { return false }

func rouse(*atomic.Uint32, int) {}

func yield() { runtime.Gosched() }
