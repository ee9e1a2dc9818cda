package etl

import (
	"math"
	"time"

	"tidegate/etl/pipeline"
)

// Sizing says how long it takes to do what is planned of a pipeline, by what its batches took before.
type Sizing struct {
	Rate     Rate
	Schedule time.Duration
	Bytes    int64
	Inputs   int
	// Tasks are what cores can do at once: objects, small ones together, and pieces of Parquet.
	Tasks        int
	Largest      string // input
	LargestBytes int64
	// Follows says that upstream tables change first: what there is to do is not known, but how long a batch took before.
	Follows bool
	divides bool // one input may be read by several cores
}

// reserve is the part of the schedule that is kept for a second attempt.
const reserve = 0.25

// Limit is how long a run may take: the schedule without what is kept for a second attempt.
func (s *Sizing) Limit() time.Duration {
	return time.Duration(float64(s.Schedule) * (1 - reserve))
}

// Unknown reports whether nobody can say how long it takes.
func (s *Sizing) Unknown() bool { return s.Follows && s.Rate.BatchSeconds == 0 }

// Expected is how long so many workers take that have so many cores each, 0 if there is nothing to do.
func (s *Sizing) Expected(workers, cores int) time.Duration {
	if s.Follows {
		return seconds(s.Rate.BatchSeconds / float64(cores))
	}
	total := 0.0
	if s.Rate.Shared > 0 {
		total += float64(s.Bytes) / s.Rate.Shared / float64(min(workers*cores, max(1, s.Tasks)))
	}
	if s.Rate.Serial > 0 {
		total += float64(s.Bytes) / s.Rate.Serial / float64(cores)
	}
	return max(seconds(total), s.OneInput())
}

// OneInput is how long the largest input takes alone: more cores and workers make that no shorter.
func (s *Sizing) OneInput() time.Duration {
	if s.Follows || s.divides || s.Rate.Shared == 0 {
		return 0
	}
	return seconds(float64(s.LargestBytes) / s.Rate.Shared)
}

// Serial is how long the part takes that one batch at a time does, with so many cores: more workers make that no shorter.
func (s *Sizing) Serial(cores int) time.Duration {
	if s.Follows || s.Rate.Serial == 0 {
		return 0
	}
	return seconds(float64(s.Bytes) / s.Rate.Serial / float64(cores))
}

func seconds(s float64) time.Duration {
	return time.Duration(min(s, float64(math.MaxInt64/time.Second)-1) * float64(time.Second))
}

// Useful is how many workers of so many cores find work to do: at least 1.
func (s *Sizing) Useful(cores int) int {
	return max(1, (s.Tasks+cores-1)/cores)
}

// Sizings are those of one run, which does one after the other as far as they share its workers.
type Sizings []*Sizing

// Expected is how long all of them take.
func (all Sizings) Expected(workers, cores int) time.Duration {
	var sum time.Duration
	for _, s := range all {
		took := s.Expected(workers, cores)
		sum = min(sum, math.MaxInt64-took) + took
	}
	return sum
}

// Schedule is the shortest schedule of those that have something to do; the default one if none has.
func (all Sizings) Schedule() time.Duration {
	shortest := time.Duration(math.MaxInt64)
	for _, s := range all {
		if s.Follows || s.Bytes > 0 {
			shortest = min(shortest, s.Schedule)
		}
	}
	if shortest == math.MaxInt64 {
		return pipeline.DefaultSchedule
	}
	return shortest
}

// Limit is that of the Schedule.
func (all Sizings) Limit() time.Duration { return (&Sizing{Schedule: all.Schedule()}).Limit() }

// Holds reports whether all of them end in time.
func (all Sizings) Holds(workers, cores int) bool {
	return all.Expected(workers, cores) <= all.Limit()
}

// Useful is how many workers find work to do.
func (all Sizings) Useful(cores int) int {
	most := 1
	for _, s := range all {
		most = max(most, s.Useful(cores))
	}
	return most
}

// Needed is the smallest number of workers of so many cores that end in time. enough is false if none does: then it is
// the number beyond which more are of no use.
func (all Sizings) Needed(cores int) (workers int, enough bool) {
	useful := all.Useful(cores)
	low, high := 1, useful // more workers never take longer
	if !all.Holds(high, cores) {
		return useful, false
	}
	for low < high {
		middle := (low + high) / 2
		if all.Holds(middle, cores) {
			high = middle
		} else {
			low = middle + 1
		}
	}
	return low, true
}
