package cpu

import "syscall"

// adviseHuge asks for huge pages below b; a system that has none says so, and nothing is lost.
func adviseHuge(b []byte) { _ = syscall.Madvise(b, syscall.MADV_HUGEPAGE) }
