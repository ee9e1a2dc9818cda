package etl

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"tidegate/catalog"
)

// Choice says what a backfill makes again. The zero value is all that is not of its pipeline's present version.
type Choice struct {
	// From and To bound the time of partitions, as their dt has it: what ends after From and begins before To. Zero: no bound.
	From, To time.Time
	Batches  []string // only these, by id
	Force    bool     // what is of the present version too
}

// ranged reports whether only some partitions are chosen.
func (c *Choice) ranged() bool { return !c.From.IsZero() || !c.To.IsZero() }

// within reports whether some of a time lies between the bounds.
func (c *Choice) within(begin, end time.Time) bool {
	return (c.From.IsZero() || end.After(c.From)) && (c.To.IsZero() || begin.Before(c.To))
}

// has reports whether a partition is chosen. One whose dt is NULL is not, if there are bounds.
func (c *Choice) has(partition string) bool {
	if !c.ranged() {
		return true
	}
	begin, end, ok := partitionSpan(partition)
	return ok && c.within(begin, end)
}

// partitionSpan gives the time of a partition by its dt, as a wall clock. ok is false without one.
func partitionSpan(partition string) (begin, end time.Time, ok bool) {
	value, null, ok := catalog.PartitionValue(partition, catalog.PartitionKey)
	if !ok || null {
		return begin, end, false
	}
	return ParseSpan(value)
}

// ParseSpan reads an hour, a day or a month as dt has them: 2018-02-15T03, 2018-02-15, 2018-02.
func ParseSpan(value string) (begin, end time.Time, ok bool) {
	for name, g := range grains {
		begin, err := time.Parse(g.layout, value)
		if err != nil {
			continue
		}
		switch name {
		case "hour":
			return begin, begin.Add(time.Hour), true
		case "day":
			return begin, begin.AddDate(0, 0, 1), true
		default:
			return begin, begin.AddDate(0, 1, 0), true
		}
	}
	return begin, end, false
}

// chosenBatches tells why a batch of a first stage is made again: by the partitions of its rows; of one without rows by the time of its
// newest object. What a run since the lineage was first read has made is not chosen.
func (t *run) chosenBatches(upTo int64) func(*lineage) func(*catalog.Batch) string {
	c := t.choice
	return func(l *lineage) func(*catalog.Batch) string {
		partitions := l.partitions()
		return func(b *catalog.Batch) string {
			switch {
			case b.Seq > upTo, !c.Force && b.Version == t.p.Version():
				return ""
			case len(c.Batches) > 0:
				if !slices.ContainsFunc(c.Batches, func(id string) bool { return l.became(id, b) }) {
					return ""
				}
			case len(partitions[refOf(b)]) == 0:
				if at := batchTime(b.ID); !c.within(at, at.Add(time.Minute)) {
					return ""
				}
			case !slices.ContainsFunc(partitions[refOf(b)], c.has):
				return ""
			}
			if b.Version == t.p.Version() {
				return "chosen"
			}
			return "made by version " + b.Version
		}
	}
}

// became reports whether a batch is what one with this id became.
func (l *lineage) became(id string, b *catalog.Batch) bool {
	was, ok := l.newest[id]
	return ok && l.heir(was) == b
}

// withChosen adds the partitions of a second stage that a backfill chooses to those that changed.
func (t *run) withChosen(ctx context.Context, view *catalog.View, parts, changed []*upstreamPart) ([]*upstreamPart, error) {
	own := view.Tables[t.p.Table]
	if t.choice == nil || own == nil {
		return changed, nil
	}
	l, err := t.readLineage(ctx)
	if err != nil {
		return nil, err
	}
	due := map[string]bool{}
	_, _, incremental := t.passing(view)
	for _, p := range l.live {
		output := p.Partition
		if !incremental {
			output = "" // there is one part, and it is all of them
		}
		chosen := slices.ContainsFunc(p.of, func(b *catalog.Batch) bool {
			return (len(t.choice.Batches) == 0 || slices.Contains(t.choice.Batches, b.ID)) && (t.choice.Force || b.Version != t.p.Version())
		})
		if chosen && t.choice.has(p.Partition) {
			due[output] = true
		}
	}
	for _, u := range changed {
		delete(due, u.output)
	}
	changed = slices.Clone(changed)
	for _, u := range parts {
		if due[u.output] {
			changed = append(changed, u)
		}
	}
	slices.SortFunc(changed, func(a, b *upstreamPart) int { return strings.Compare(a.key, b.key) })
	return changed, nil
}

// checkChoice makes sure that the choice means something for the table. A second stage that it says nothing about still
// follows what it reads.
func (t *run) checkChoice() error {
	if t.choice.ranged() && t.p.Source != nil && !slices.Contains(t.p.PartitionBy, catalog.PartitionKey) {
		return fmt.Errorf("%s has no partitions by %s to choose from: leave out the bounds, or name batches", t.p.Table, catalog.PartitionKey)
	}
	return nil
}
