package measure

import (
	"fmt"
	"os"
	"regexp"
	"strconv"
	"time"
)

// Resident gives how many bytes of memory the program has that Serve has started last.
func (p *Program) Resident() (int64, error) { return statusBytes(p.pid, "VmRSS", residentLine) }

// watchPeak looks at the most memory, bytes, that a process has had, until it is asked for; 0 if it never could be seen. What
// the system says when the process is over counts what its parent had when it was started.
func watchPeak(pid int) (peak func() int64) {
	stop, seen := make(chan struct{}), make(chan int64)
	go func() {
		last := int64(0)
		for tick := time.Tick(20 * time.Millisecond); ; {
			if bytes, err := statusBytes(pid, "VmHWM", peakLine); err == nil { // when it is over there is nothing to read
				last = bytes
			}
			select {
			case <-stop:
				seen <- last
				return
			case <-tick:
			}
		}
	}()
	return func() int64 { close(stop); return <-seen }
}

// The lines of what Linux tells of a process.
var (
	residentLine = regexp.MustCompile(`(?m)^VmRSS:\s+(\d+) kB$`)
	peakLine     = regexp.MustCompile(`(?m)^VmHWM:\s+(\d+) kB$`)
)

// statusBytes reads a size that Linux tells of a process, in the line of the name.
func statusBytes(pid int, name string, line *regexp.Regexp) (int64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, fmt.Errorf("read the memory of a process: %w", err)
	}
	m := line.FindSubmatch(status)
	if m == nil {
		return 0, fmt.Errorf("read the memory of a process: its status has no %s", name)
	}
	kb, err := strconv.ParseInt(string(m[1]), 10, 64)
	return kb << 10, err
}
