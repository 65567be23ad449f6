package kern

import (
	"runtime"
	"sync/atomic"
	"syscall"
	"unsafe"
)

const (
	futexWaitPrivate = 0 | 128
	futexWakePrivate = 1 | 128
)

// napTime is how long a worker stays in one system call. Go 1.26 overlooks a thread that enters a call just while the world is
// being stopped: everything stands still until the call returns, or for a minute.
var napTime = syscall.NsecToTimespec(20e6)

// nap sleeps on a futex, for a wake from that reaches another core in about 5 µs, where the runtime's own wake of a goroutine
// takes some 60 µs. It reports false where nothing came in time.
func nap(seq *atomic.Uint32, ticket uint32) bool {
	_, _, err := syscall.Syscall6(syscall.SYS_FUTEX, uintptr(unsafe.Pointer(seq)), futexWaitPrivate, uintptr(ticket), uintptr(unsafe.Pointer(&napTime)), 0, 0)
	return err != syscall.ETIMEDOUT
}

// rouse wakes n that nap.
func rouse(seq *atomic.Uint32, n int) {
	syscall.RawSyscall6(syscall.SYS_FUTEX, uintptr(unsafe.Pointer(seq)), futexWakePrivate, uintptr(n), 0, 0, 0)
}

func yield() {
	syscall.RawSyscall(syscall.SYS_SCHED_YIELD, 0, 0, 0)
	runtime.Gosched()
}
