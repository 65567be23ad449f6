package kern

import (
	"os"
	"path"
	"strconv"
	"strings"
)

// cpuQuota returns how many CPUs the cgroup allows, rounded up, or 0 where it sets no limit.
// The runtime sizes GOMAXPROCS so by itself, but not when the main module names an older Go.
func cpuQuota() int {
	groups, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return 0
	}
	best := 0
	for line := range strings.Lines(string(groups)) {
		f := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(f) != 3 {
			continue
		}
		quota := quotaV1
		if f[1] == "" {
			quota = quotaV2
		} else if !strings.Contains(","+f[1]+",", ",cpu,") {
			continue
		}
		for dir := f[2]; ; dir = path.Dir(dir) {
			if q := quota(dir); q > 0 && (best == 0 || q < best) {
				best = q
			}
			if dir == "/" || dir == "." {
				break
			}
		}
	}
	return best
}

func quotaV2(dir string) int {
	b, _ := os.ReadFile(path.Join("/sys/fs/cgroup", dir, "cpu.max"))
	if f := strings.Fields(string(b)); len(f) == 2 {
		return quotient(f[0], f[1])
	}
	return 0
}

func quotaV1(dir string) int {
	q, _ := os.ReadFile(path.Join("/sys/fs/cgroup/cpu", dir, "cpu.cfs_quota_us"))
	p, _ := os.ReadFile(path.Join("/sys/fs/cgroup/cpu", dir, "cpu.cfs_period_us"))
	return quotient(strings.TrimSpace(string(q)), strings.TrimSpace(string(p)))
}

// quotient rounds quota over period up; "max", -1 and nonsense give 0.
func quotient(quota, period string) int {
	q, err := strconv.Atoi(quota)
	p, err2 := strconv.Atoi(period)
	if err != nil || err2 != nil || q <= 0 || p <= 0 {
		return 0
	}
	return (q + p - 1) / p
}
