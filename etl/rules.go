package etl

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"tidegate/catalog"
	"tidegate/etl/pipeline"
	"tidegate/internal/logkey"
)

// ruleError says which rules forbid to publish a batch.
type ruleError struct {
	broken []catalog.BrokenRule
	verb   string // that can accept it
}

func (e *ruleError) Error() string {
	reasons := make([]string, len(e.broken))
	for i, b := range e.broken {
		reasons[i] = fmt.Sprintf("%s; %s --accept %s publishes it all the same", b, e.verb, b.Rule)
	}
	return strings.Join(reasons, "; ")
}

// keepRules compares the batch, which is written and verified, with the pipeline's rules. One that stops it is a
// checkError of a ruleError, unless it is accepted. What a requeue reads was rejected before, and is no batch as the others.
func (b *batch) keepRules(ctx context.Context) error {
	if b.kind == catalog.RecordRequeue {
		return nil
	}
	broken, err := b.brokenRules(ctx)
	if err != nil {
		return fmt.Errorf("compare with the rules: %w", err)
	}
	var stops []catalog.BrokenRule
	for i := range broken {
		r := &broken[i]
		r.Accepted = r.Stops() && slices.Contains(b.Accept, r.Rule)
		if r.Stops() {
			stops = append(stops, *r)
			continue
		}
		b.log.WarnContext(ctx, "a rule is broken", logkey.Rule, r.Rule, "expected", r.Expected, "found", r.Found, "accepted", r.Accepted)
	}
	b.notes.Broken = broken
	if len(stops) > 0 {
		return &checkError{&ruleError{stops, b.verb()}}
	}
	return nil
}

// verb is the command that makes the batch.
func (b *batch) verb() string {
	if b.choice != nil {
		return "etl backfill"
	}
	return "etl run"
}

func (b *batch) brokenRules(ctx context.Context) ([]catalog.BrokenRule, error) {
	past, err := b.past(ctx)
	if err != nil {
		return nil, err
	}
	if err := b.measure(ctx, past); err != nil {
		return nil, fmt.Errorf("measure the rows: %w", err)
	}
	c := b.p.Checks
	broken := b.rejectRatio(pipeline.RuleMaxRejectRatio, pipeline.Stop, c.MaxRejectRatio)
	if r := c.RejectRatio; r != nil {
		broken = append(broken, b.rejectRatio(pipeline.RuleRejectRatio, r.Action, r.Max)...)
	}
	if r := c.RowChange; r != nil {
		broken = append(broken, b.rowChange(r, past)...)
	}
	if r := c.NullRate; r != nil {
		broken = append(broken, b.nullRate(r, past)...)
	}
	if r := c.Silent; r != nil {
		broken = append(broken, b.silent(r, past)...)
	}
	if c.Freshness == nil {
		return broken, nil
	}
	stale, err := b.freshness(ctx, c.Freshness)
	return append(broken, stale...), err
}

func broke(rule string, action pipeline.Action, expected, found string) []catalog.BrokenRule {
	return []catalog.BrokenRule{{Rule: rule, Action: string(action), Expected: expected, Found: found}}
}

func (b *batch) rejectRatio(rule string, action pipeline.Action, most float64) []catalog.BrokenRule {
	c := b.counts
	if c.Read == 0 || float64(c.Rejected)/float64(c.Read) <= most {
		return nil
	}
	return broke(rule, action, fmt.Sprintf("at most %g of the records rejected", most),
		fmt.Sprintf("%d of %d (%s)", c.Rejected, c.Read, summary(b.rejects)))
}

// rowChange says nothing where batches are mostly empty: no number of rows is a multiple of 0.
func (b *batch) rowChange(r *pipeline.RowChange, past history) []catalog.BrokenRule {
	with := past.like(r.Before, func(*catalog.Batch) bool { return true })
	if len(with) < past.enough {
		return nil
	}
	usual := median(with, func(c *catalog.Batch) float64 { return float64(c.Counts.Emitted) })
	least, most, found := r.Min*usual, r.Max*usual, float64(b.counts.Emitted)
	if usual == 0 || found >= least && (r.Max == 0 || found <= most) {
		return nil
	}
	limits := fmt.Sprintf("%g to %g", least, most)
	switch {
	case r.Max == 0:
		limits = fmt.Sprintf("at least %g", least)
	case r.Min == 0:
		limits = fmt.Sprintf("at most %g", most)
	}
	return broke(pipeline.RuleRowChange, r.Action, fmt.Sprintf("%s rows (%s)", limits, past.told(with, fmt.Sprintf("%g", usual))),
		strconv.FormatInt(b.counts.Emitted, 10))
}

func (b *batch) nullRate(r *pipeline.NullRate, past history) []catalog.BrokenRule {
	if b.counts.Emitted == 0 {
		return nil
	}
	var expected, found []string
	for _, column := range r.Columns {
		with := past.like(r.Before, func(c *catalog.Batch) bool {
			_, counted := nullsOf(c, column)
			return counted && c.Counts.Emitted > 0
		})
		if len(with) < past.enough {
			continue
		}
		usual := median(with, func(c *catalog.Batch) float64 {
			n, _ := nullsOf(c, column)
			return float64(n) / float64(c.Counts.Emitted)
		})
		if rate := float64(b.notes.Measured.Nulls[column]) / float64(b.counts.Emitted); rate > usual+r.MaxRise {
			expected = append(expected, fmt.Sprintf("%s NULL in at most %.4g of the rows (%s)", column, usual+r.MaxRise, past.told(with, fmt.Sprintf("%.4g", usual))))
			found = append(found, fmt.Sprintf("%s in %.4g", column, rate))
		}
	}
	if len(found) == 0 {
		return nil
	}
	return broke(pipeline.RuleNullRate, r.Action, strings.Join(expected, ", "), strings.Join(found, ", "))
}

func nullsOf(c *catalog.Batch, column string) (nulls int64, counted bool) {
	if c.Measured == nil {
		return 0, false
	}
	nulls, counted = c.Measured.Nulls[column]
	return nulls, counted
}

// toldValues is how many silent values are named.
const toldValues = 20

// silent asks for the values that each of the batches before had: what comes now and then may stay away.
func (b *batch) silent(r *pipeline.Silent, past history) []catalog.BrokenRule {
	with, always := past.lasting(r)
	have := b.notes.Measured.Values[r.Column]
	var expected, found []string
	more := 0
	for _, value := range always {
		usual := median(with, func(c *catalog.Batch) float64 { return float64(c.Measured.Values[r.Column][value]) })
		least := max(1, r.Min*usual)
		switch n := have[value]; {
		case float64(n) >= least:
		case len(found) == toldValues:
			more++
		default:
			expected = append(expected, fmt.Sprintf("%g of %s %s", least, r.Column, value))
			found = append(found, fmt.Sprintf("%d of %s", n, value))
		}
	}
	if more > 0 {
		found = append(found, fmt.Sprintf("and %d values more are silent", more))
	}
	if len(found) == 0 {
		return nil
	}
	return broke(pipeline.RuleSilent, r.Action, "at least this many rows: "+strings.Join(expected, ", "), strings.Join(found, ", "))
}

// lasting gives the values that all batches had with which one is compared, if there are enough of these.
func (h history) lasting(r *pipeline.Silent) (with []*catalog.Batch, always []string) {
	with = h.like(r.Before, func(c *catalog.Batch) bool { return c.Measured != nil && c.Measured.Values[r.Column] != nil })
	if len(with) < h.enough {
		return with, nil
	}
	for value := range with[0].Measured.Values[r.Column] {
		if !slices.ContainsFunc(with, func(c *catalog.Batch) bool { return c.Measured.Values[r.Column][value] == 0 }) {
			always = append(always, value)
		}
	}
	slices.Sort(always)
	return with, always
}

// freshness compares the newest time with the newest object, which the batch's id tells: the same batch made again later
// is judged alike.
func (b *batch) freshness(ctx context.Context, r *pipeline.Freshness) ([]catalog.BrokenRule, error) {
	known, err := number(ctx, b.session, fmt.Sprintf("SELECT count(%s)::BIGINT FROM %s", b.instant(), b.writable))
	if err != nil || known == 0 {
		return nil, err
	}
	micros, err := number(ctx, b.session, fmt.Sprintf("SELECT epoch_us(max(%s))::BIGINT FROM %s", b.instant(), b.writable))
	newest, oldest := time.UnixMicro(micros), batchTime(b.id).Add(-r.MaxAge)
	if err != nil || !newest.Before(oldest) {
		return nil, err
	}
	return broke(pipeline.RuleFreshness, r.Action,
		fmt.Sprintf("a %s from %s on (%s before the newest object)", b.table.Time.Column, oldest.UTC().Format(time.RFC3339), r.MaxAge),
		newest.UTC().Format(time.RFC3339)), nil
}
