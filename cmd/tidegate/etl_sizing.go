package main

import (
	"fmt"
	"io"
	"math"
	"runtime"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"tidegate/etl"
)

// coresPerDPU are the virtual processors of a data processing unit of AWS Glue, the unit of price of what Tidegate replaces.
const coresPerDPU = 4

// dpuHours says what cores that work for so long are worth.
func dpuHours(cores int, took time.Duration) float64 {
	return float64(cores) / coresPerDPU * took.Hours()
}

// cost says it with its formula.
func cost(cores int, took time.Duration) string {
	return fmt.Sprintf("%.4f equivalent DPU-hours (%d cores / %d x %.1f s / 3600)", dpuHours(cores, took), cores, coresPerDPU, took.Seconds())
}

// cores are those that this configuration lets the ETL use.
func (c *config) cores() int {
	if c.Limits.Threads > 0 {
		return min(c.Limits.Threads, runtime.GOMAXPROCS(0))
	}
	return runtime.GOMAXPROCS(0)
}

func sizingsOf(planned []etl.Planned) etl.Sizings {
	var all etl.Sizings
	for _, p := range planned {
		if p.Sizing != nil {
			all = append(all, p.Sizing)
		}
	}
	return all
}

// printSizing says how long it takes here, of each pipeline and of all, and what to do where that is too long.
func printSizing(out io.Writer, planned []etl.Planned, cores int) error {
	all := sizingsOf(planned)
	if len(all) == 0 {
		return nil
	}
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	fmt.Fprintf(w, "\nTABLE\tOBJECTS\tBYTES\tLARGEST\tMB/S PER CORE\tMINUTES ON %d CORES\tOF\tHOLDS\tWORKERS\n", cores)
	for _, p := range planned {
		if s := p.Sizing; s != nil {
			line := sizeOf(etl.Sizings{s}, cores)
			fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%s\t%s\t%.0f\t%s\t%s\n", p.Table, s.Inputs, s.Bytes, s.LargestBytes, rateText(s),
				line.minutesText(), line.LimitMinutes, line.holdsText(), line.workersText())
		}
	}
	line := sizeOf(all, cores)
	fmt.Fprintf(w, "total\t%d\t%d\t\t\t%s\t%.0f\t%s\t%s\n", line.Inputs, line.Bytes, line.minutesText(), line.LimitMinutes, line.holdsText(), line.workersText())
	if err := w.Flush(); err != nil {
		return err
	}
	for _, p := range planned {
		for _, text := range sizingAdvice(p, cores) {
			if _, err := fmt.Fprintf(out, "%s: %s\n", p.Table, text); err != nil {
				return err
			}
		}
	}
	_, err := fmt.Fprintf(out, "cost: %s\n", cost(cores, all.Expected(1, cores)))
	return err
}

// sizeLine is how long some pipelines take, as etl plan --json has it.
type sizeLine struct {
	Inputs int   `json:"inputs"`
	Bytes  int64 `json:"bytes"`
	// Rate, from here to RateBatches, is of one pipeline: bytes for each second of a core.
	Rate         float64 `json:"bytes_per_core_second,omitempty"` // of what batches do at once
	SerialRate   float64 `json:"serial_bytes_per_core_second,omitempty"`
	RateFrom     string  `json:"rate_from,omitempty"`
	RateBatches  int     `json:"rate_batches,omitempty"`
	Tasks        int     `json:"tasks,omitempty"`
	Largest      string  `json:"largest,omitempty"`
	LargestBytes int64   `json:"largest_bytes,omitempty"`
	TooLarge     bool    `json:"largest_too_large,omitempty"` // it alone takes longer than there is time
	Cores        int     `json:"cores"`
	Minutes      float64 `json:"expected_minutes"`
	AtLeast      bool    `json:"at_least,omitempty"` // what some pipeline will find is not known
	LimitMinutes float64 `json:"limit_minutes"`
	Holds        bool    `json:"holds"`
	Workers      int     `json:"workers_needed"` // of so many cores each; 0: no number is enough
	Useful       int     `json:"workers_useful"` // more find nothing to do
	DPUHours     float64 `json:"dpu_hours"`
}

func sizeOf(all etl.Sizings, cores int) sizeLine {
	took := all.Expected(1, cores)
	line := sizeLine{
		Cores: cores, Minutes: took.Minutes(), LimitMinutes: all.Limit().Minutes(), Holds: all.Holds(1, cores),
		Useful: all.Useful(cores), DPUHours: dpuHours(cores, took),
	}
	if n, enough := all.Needed(cores); enough {
		line.Workers = n
	}
	for _, s := range all {
		line.Inputs += s.Inputs
		line.Bytes += s.Bytes
		line.AtLeast = line.AtLeast || s.Unknown()
	}
	return line
}

// sizeOfOne is sizeOf with what only one pipeline has.
func sizeOfOne(s *etl.Sizing, cores int) sizeLine {
	line := sizeOf(etl.Sizings{s}, cores)
	line.Rate, line.SerialRate, line.RateFrom, line.RateBatches = s.Rate.Shared, s.Rate.Serial, s.Rate.From, s.Rate.Batches
	line.Tasks, line.Largest, line.LargestBytes, line.TooLarge = s.Tasks, s.Largest, s.LargestBytes, s.OneInput() > s.Limit()
	return line
}

func (l sizeLine) minutesText() string {
	text := fmt.Sprintf("%.1f", math.Ceil(l.Minutes*10)/10)
	if l.AtLeast {
		text += " and more"
	}
	return text
}

func (l sizeLine) holdsText() string {
	switch {
	case !l.Holds:
		return "no"
	case l.AtLeast:
		return "not known"
	}
	return "yes"
}

func (l sizeLine) workersText() string {
	if l.Workers == 0 {
		return "no number is enough"
	}
	return strconv.Itoa(l.Workers)
}

// rateText gives the rates: what batches can do at once, and what one at a time does.
func rateText(s *etl.Sizing) string {
	var parts []string
	for _, rate := range []float64{s.Rate.Shared, s.Rate.Serial} {
		if rate > 0 {
			parts = append(parts, fmt.Sprintf("%.1f", rate/1e6))
		}
	}
	text := strings.Join(parts, ", then ")
	if s.Rate.From == etl.RateAssumed {
		text += " assumed"
	}
	return text
}

// sizingAdvice says what the numbers of a pipeline rest on, and what keeps it from ending in time.
func sizingAdvice(p etl.Planned, cores int) []string {
	s := p.Sizing
	if s == nil {
		return nil
	}
	var lines []string
	switch {
	case s.Rate.From == etl.RateAssumed && s.Bytes > 0:
		lines = append(lines, "no batch of it was measured yet: little is assumed, the first batch tells more")
	case s.Rate.From == etl.RateBefore:
		lines = append(lines, fmt.Sprintf("measured by %d batches of former versions of the pipeline: this one has made none", s.Rate.Batches))
	}
	if s.Unknown() {
		lines = append(lines, "how long it takes is not known: "+upstreams(p.After)+" changes first, and no batch of it was measured yet")
	}
	if s.Follows || (etl.Sizings{s}).Holds(1, cores) {
		return lines
	}
	limit := s.Limit().Minutes()
	if one := s.OneInput(); one > s.Limit() {
		lines = append(lines, fmt.Sprintf("%s is too big: its %d bytes alone take %.1f minutes of %.0f, and one core reads an object; have it written in smaller ones",
			s.Largest, s.LargestBytes, one.Minutes(), limit))
	}
	if serial := s.Serial(cores); serial > s.Limit() {
		lines = append(lines, fmt.Sprintf("what one batch at a time does takes %.1f minutes of %.0f on %d cores: more workers are of no use, more cores for each are", serial.Minutes(), limit, cores))
	}
	return lines
}
