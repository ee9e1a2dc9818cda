package pipeline

import (
	"fmt"
	"strings"
	"time"

	"tidegate/catalog"
)

// Schedule says when a pipeline is to run: At after each multiple of Every since Monday, 1 January of year 1, UTC.
type Schedule struct{ Every, At time.Duration }

// DefaultSchedule is how often somebody runs a pipeline that does not say it.
const DefaultSchedule = time.Hour

// Every is how often the pipeline runs, and so how long a run may take.
func (p *Pipeline) Every() time.Duration {
	if p.Schedule == nil {
		return DefaultSchedule
	}
	return p.Schedule.Every
}

// Last gives the latest time of the schedule that is not after now.
func (s *Schedule) Last(now time.Time) time.Time {
	return now.UTC().Add(-s.At).Truncate(s.Every).Add(s.At)
}

// UnmarshalText reads "1h" or "1 day at 2h".
func (s *Schedule) UnmarshalText(b []byte) error {
	every, at, offset := strings.Cut(string(b), " at ")
	var err error
	if s.Every, err = parseDuration(every); err != nil {
		return err
	}
	if offset {
		if s.At, err = parseDuration(at); err != nil {
			return err
		}
	}
	if s.Every < time.Second || s.At >= s.Every {
		return fmt.Errorf("%q is not a schedule: it is at least a second, and what is after `at` is shorter; write 1h, 1h at 5m, 1 day at 2h", b)
	}
	return nil
}

// Due gives the pipelines whose time has come since a moment, and those that have no schedule and read, directly or not,
// what they make. The pipelines are upstream first, and so are those that are due.
func Due(pipelines []*Pipeline, since, now time.Time) []*Pipeline {
	var due []*Pipeline
	changes := map[catalog.Name]bool{}
	for _, p := range pipelines {
		is := p.Schedule != nil && p.Schedule.Last(now).After(since)
		for _, up := range p.Upstream {
			is = is || p.Schedule == nil && changes[up]
		}
		if is {
			due = append(due, p)
			changes[p.Table] = true
		}
	}
	return due
}

// Unscheduled gives the pipelines that no time and no other pipeline makes run.
func Unscheduled(pipelines []*Pipeline) []*Pipeline {
	var never []*Pipeline
	runs := map[catalog.Name]bool{}
	for _, p := range pipelines {
		runs[p.Table] = p.Schedule != nil
		for _, up := range p.Upstream {
			runs[p.Table] = runs[p.Table] || runs[up]
		}
		if !runs[p.Table] {
			never = append(never, p)
		}
	}
	return never
}
