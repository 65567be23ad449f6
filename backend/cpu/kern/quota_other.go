//go:build !linux

package kern

func cpuQuota() int { return 0 }
