package etl

import (
	"context"
	"fmt"
	"slices"

	"tidegate/catalog"
	"tidegate/etl/pipeline"
)

const (
	// rateBatches is how many of a table's newest batches say how fast the next ones are.
	rateBatches = 20
	// slowest of five: a rate that four of five batches reached, and a time that four of five kept.
	slowest = 5
	// assumedRate is what is taken before the first batch: little for compressed JSON, in bytes for each second of a core.
	assumedRate = 2.5e6
)

// The sources of a Rate.
const (
	RateMeasured = "measured" // by batches of this version of the pipeline
	RateBefore   = "before"   // by batches of former versions: this one has made none
	RateAssumed  = "assumed"  // nobody knows
)

// Rate is how fast a pipeline's batches are made: bytes of input for each second of one core.
type Rate struct {
	From    string // RateMeasured, RateBefore or RateAssumed
	Batches int    // it is measured by
	// Shared is for what several batches can do at once, Serial for what one batch at a time does; 0: there is nothing
	// of that.
	Shared, Serial float64
	// BatchSeconds are the core seconds of one batch whatever its size; 0: not known.
	BatchSeconds float64
}

// rate measures by the newest batches: the p20 of their rates, never the mean.
func (r *Runner) rate(ctx context.Context, p *pipeline.Pipeline) (Rate, error) {
	all, err := r.Store.LastBatches(ctx, p.Table, rateBatches)
	if err != nil {
		return Rate{}, fmt.Errorf("read the batches before: %w", err)
	}
	all = slices.DeleteFunc(all, func(b catalog.Batch) bool {
		again := p.Source != nil && b.Kind != catalog.RecordAppend // such a batch has the table to itself
		return again || b.Effort == nil || b.Effort.CoreSeconds <= 0 || b.BytesIn == 0
	})
	present := slices.DeleteFunc(slices.Clone(all), func(b catalog.Batch) bool { return b.Version != p.Version() })
	switch {
	case len(present) > 0:
		return rateOf(present, RateMeasured), nil
	case len(all) > 0:
		return rateOf(all, RateBefore), nil
	case p.Source == nil:
		return Rate{From: RateAssumed, Serial: assumedRate}, nil
	}
	return Rate{From: RateAssumed, Shared: assumedRate}, nil
}

func rateOf(batches []catalog.Batch, from string) Rate {
	r := Rate{From: from, Batches: len(batches)}
	var shared, serial, seconds []float64
	for i := range batches {
		b := &batches[i]
		e := b.Effort
		shared = append(shared, perSecond(b.BytesIn, e.CoreSeconds-e.SerialCoreSeconds))
		serial = append(serial, perSecond(b.BytesIn, e.SerialCoreSeconds))
		seconds = append(seconds, e.CoreSeconds)
	}
	r.Shared, r.Serial = slow(shared), slow(serial)
	slices.Sort(seconds)
	r.BatchSeconds = seconds[len(seconds)-1-(len(seconds)-1)/slowest]
	return r
}

func perSecond(bytes int64, seconds float64) float64 {
	if seconds <= 0 {
		return 0
	}
	return float64(bytes) / seconds
}

// slow gives the p20 of the rates that are not 0; 0 if all are.
func slow(rates []float64) float64 {
	rates = slices.DeleteFunc(rates, func(v float64) bool { return v == 0 })
	if len(rates) == 0 {
		return 0
	}
	slices.Sort(rates)
	return rates[(len(rates)-1)/slowest]
}
