package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// parseBytes reads "4GB", "512 MiB", "1000": both unit families count in steps of 1024, as PostgreSQL's settings do.
func parseBytes(s string) (int64, error) {
	text := strings.ToLower(strings.ReplaceAll(s, " ", ""))
	digits := strings.TrimRight(text, "abcdefghijklmnopqrstuvwxyz")
	unit := strings.TrimSuffix(strings.TrimSuffix(text[len(digits):], "b"), "i")
	shift := strings.Index(" kmgtp", unit)
	if unit == "" {
		shift = 0
	}
	n, err := strconv.ParseFloat(digits, 64)
	if err != nil || len(unit) > 1 || shift < 0 || n < 0 {
		return 0, fmt.Errorf("%q is not a size; write 512MB, 20GiB", s)
	}
	return int64(n * float64(int64(1)<<(10*shift))), nil
}

// parseMemory reads a size, or a share of this machine's memory ("50%").
func parseMemory(s string) (int64, error) {
	share, percent := strings.CutSuffix(strings.TrimSpace(s), "%")
	if !percent {
		return parseBytes(s)
	}
	p, err := strconv.ParseFloat(share, 64)
	if err != nil || p <= 0 || p > 100 {
		return 0, fmt.Errorf("%q is not a share of memory; write 1%% to 100%%", s)
	}
	total, err := machineMemory()
	if err != nil {
		return 0, err
	}
	return int64(float64(total) * p / 100), nil
}

// machineMemory gives the memory that this process may use: the control group's limit, else the machine's.
func machineMemory() (int64, error) {
	if b, err := os.ReadFile("/sys/fs/cgroup/memory.max"); err == nil {
		if n, err := strconv.ParseInt(strings.TrimSpace(string(b)), 10, 64); err == nil {
			return n, nil
		}
	}
	f, err := os.Open("/proc/meminfo")
	if err != nil {
		return 0, fmt.Errorf("read the machine's memory: %w", err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		if fields := strings.Fields(lines.Text()); len(fields) >= 2 && fields[0] == "MemTotal:" {
			kb, err := strconv.ParseInt(fields[1], 10, 64)
			return kb << 10, err
		}
	}
	return 0, errors.New("read the machine's memory: no MemTotal in /proc/meminfo")
}
