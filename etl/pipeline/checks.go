package pipeline

import (
	"fmt"
	"slices"
	"time"

	"tidegate/catalog"
)

// Action says what becomes of a batch that breaks a rule.
type Action string

// The actions. A rule that names none stops.
const (
	Stop Action = "stop" // it is not published, and the next run tries again
	Warn Action = "warn" // it is published, and its commit record says so
)

// The names of the rules.
const (
	RuleMaxRejectRatio = "max_reject_ratio"
	RuleRejectRatio    = "reject_ratio"
	RuleRowChange      = "row_change"
	RuleNullRate       = "null_rate"
	RuleFreshness      = "freshness"
	RuleSilent         = "silent"
)

// RuleNames gives the names of all rules.
func RuleNames() []string {
	return []string{RuleMaxRejectRatio, RuleRejectRatio, RuleRowChange, RuleNullRate, RuleFreshness, RuleSilent}
}

// Checks are rules that a batch must keep to be published. Those that are nil are not asked for.
type Checks struct {
	MaxRejectRatio float64 // rejected / read; 1 by default. It stops
	RejectRatio    *RejectRatio
	RowChange      *RowChange
	NullRate       *NullRate
	Freshness      *Freshness
	Silent         *Silent
	Absence        *Absence
}

// Absence wants a batch in each span of time, and that it is there when By of the span is over. It keeps no batch from
// being published: people are told.
type Absence struct{ Every, By time.Duration }

// Overdue gives from when on there should have been a batch at a time, after the last one.
func (a *Absence) Overdue(last, now time.Time) (since time.Time, overdue bool) {
	since = now.UTC().Truncate(a.Every)
	if now.Before(since.Add(a.By)) {
		since = since.Add(-a.Every)
	}
	return since, last.Before(since)
}

// RejectRatio limits rejected / read.
type RejectRatio struct {
	Action Action
	Max    float64
}

// RowChange limits the emitted rows, in multiples of the median of the batches before.
type RowChange struct {
	Action Action
	Min    float64
	Max    float64 // 0: no limit
	Before Before
}

// NullRate limits by how much the share of NULLs in each of some columns may exceed the median of the batches before.
type NullRate struct {
	Action  Action
	Columns []string
	MaxRise float64
	Before  Before
}

// Freshness limits how much older than the newest object of a batch its newest time may be.
type Freshness struct {
	Action Action
	MaxAge time.Duration
}

// Silent wants of each value of a column more than a part of its rows in the batches before, by their median.
type Silent struct {
	Action Action
	Column string
	Min    float64
	Before Before
}

// Before says with which batches one is compared: the newest so many. Of those that are compared there must be
// MinBefore, else a rule says nothing.
type Before struct {
	Batches int
	Same    string // "", SameHour or SameWeekdayHour: only those whose newest object is of the same one (UTC)
}

// What Before.Same can be.
const (
	SameHour        = "hour"
	SameWeekdayHour = "weekday_hour"
)

// reach is how many hourly batches have so many of the same hour.
func (b Before) reach() int {
	switch b.Same {
	case SameHour:
		return 24 * b.Batches
	case SameWeekdayHour:
		return 7 * 24 * b.Batches
	}
	return b.Batches
}

// LookBack is how many batches before one the rules may have to see.
func (c *Checks) LookBack() int {
	most := 0
	if c.RowChange != nil {
		most = max(most, c.RowChange.Before.reach())
	}
	if c.NullRate != nil {
		most = max(most, c.NullRate.Before.reach())
	}
	if c.Silent != nil {
		most = max(most, c.Silent.Before.reach())
	}
	return most
}

// MinBefore is the fewest batches whose median means something.
const MinBefore = 3

const (
	defaultBefore = 10
	maxBefore     = 1000
)

type ymlChecks struct {
	MaxRejectRatio *float64        `yaml:"max_reject_ratio"`
	RejectRatio    *ymlRejectRatio `yaml:"reject_ratio"`
	RowChange      *ymlRowChange   `yaml:"row_change"`
	NullRate       *ymlNullRate    `yaml:"null_rate"`
	Freshness      *ymlFreshness   `yaml:"freshness"`
	Silent         *ymlSilent      `yaml:"silent"`
	Absence        *ymlAbsence     `yaml:"absence"`
}

type ymlAbsence struct {
	Every duration `yaml:"every"`
	By    duration `yaml:"by"`
}

type ymlRejectRatio struct {
	Max    float64 `yaml:"max"`
	Action string  `yaml:"action"`
}

type ymlRowChange struct {
	Min     float64 `yaml:"min"`
	Max     float64 `yaml:"max"`
	Batches *int    `yaml:"batches"`
	Same    string  `yaml:"same"`
	Action  string  `yaml:"action"`
}

type ymlNullRate struct {
	Columns []string `yaml:"columns"`
	MaxRise float64  `yaml:"max_rise"`
	Batches *int     `yaml:"batches"`
	Same    string   `yaml:"same"`
	Action  string   `yaml:"action"`
}

type ymlFreshness struct {
	MaxAge duration `yaml:"max_age"`
	Action string   `yaml:"action"`
}

type ymlSilent struct {
	Column  string  `yaml:"column"`
	Min     float64 `yaml:"min"`
	Batches *int    `yaml:"batches"`
	Same    string  `yaml:"same"`
	Action  string  `yaml:"action"`
}

// checks reads the rules. Names of columns are checked with those of the table.
func (l *loader) checks(d *draft) {
	y, c := d.yml.Checks, &d.Checks
	c.MaxRejectRatio = 1
	if r := y.MaxRejectRatio; r != nil {
		c.MaxRejectRatio = *r
		l.ratio(d, "checks.max_reject_ratio", *r)
	}
	if r := y.RejectRatio; r != nil {
		l.missing(d, "checks.reject_ratio.max", "max: 0.001")
		l.ratio(d, "checks.reject_ratio.max", r.Max)
		c.RejectRatio = &RejectRatio{l.action(d, RuleRejectRatio, r.Action), r.Max}
	}
	if r := y.RowChange; r != nil {
		_, atMost := d.lines["checks.row_change.max"]
		if r.Min == 0 && !atMost {
			l.at(d, "checks.row_change", "row_change has neither min nor max; write row_change: { min: 0.5, max: 2 }")
		}
		if r.Min < 0 || atMost && (r.Max <= 0 || r.Max < r.Min) {
			l.at(d, "checks.row_change", "row_change needs 0 <= min <= max and max > 0")
		}
		c.RowChange = &RowChange{l.action(d, RuleRowChange, r.Action), r.Min, r.Max, l.before(d, RuleRowChange, r.Batches, r.Same)}
	}
	if r := y.NullRate; r != nil {
		l.missing(d, "checks.null_rate.columns", "columns: [user_id]")
		l.missing(d, "checks.null_rate.max_rise", "max_rise: 0.1")
		l.ratio(d, "checks.null_rate.max_rise", r.MaxRise)
		c.NullRate = &NullRate{l.action(d, RuleNullRate, r.Action), r.Columns, r.MaxRise, l.before(d, RuleNullRate, r.Batches, r.Same)}
	}
	if r := y.Freshness; r != nil {
		l.freshness(d, r)
	}
	if r := y.Silent; r != nil {
		l.missing(d, "checks.silent.column", "column: site_id")
		l.ratio(d, "checks.silent.min", r.Min)
		c.Silent = &Silent{l.action(d, RuleSilent, r.Action), r.Column, r.Min, l.before(d, RuleSilent, r.Batches, r.Same)}
	}
	if r := y.Absence; r != nil {
		l.absence(d, r)
	}
}

func (l *loader) absence(d *draft, r *ymlAbsence) {
	l.missing(d, "checks.absence.every", "every: 1h")
	l.missing(d, "checks.absence.by", "by: 55m")
	if r.Every > 0 && r.By > r.Every {
		l.at(d, "checks.absence.by", "absence.by is longer than every: it is the minute of each span in which the batch must be there")
	}
	d.Checks.Absence = &Absence{time.Duration(r.Every), time.Duration(r.By)}
}

func (l *loader) freshness(d *draft, r *ymlFreshness) {
	l.missing(d, "checks.freshness.max_age", "max_age: 2h")
	switch {
	case d.Source == nil:
		l.at(d, "checks.freshness", "freshness compares with the objects of a source; this pipeline has none and reads tables")
	case d.Time == nil:
		l.at(d, "checks.freshness", "freshness needs time; write time: { column: ts }")
	}
	d.Checks.Freshness = &Freshness{l.action(d, RuleFreshness, r.Action), time.Duration(r.MaxAge)}
}

func (l *loader) ratio(d *draft, path string, v float64) {
	if v < 0 || v > 1 {
		l.at(d, path, "%s must be from 0 to 1", path[len("checks."):])
	}
}

func (l *loader) action(d *draft, rule, action string) Action {
	l.one(d, "checks."+rule+".action", action, string(Stop), string(Warn))
	if action == "" {
		return Stop
	}
	return Action(action)
}

func (l *loader) before(d *draft, rule string, batches *int, same string) Before {
	b := Before{Batches: defaultBefore, Same: same}
	l.one(d, "checks."+rule+".same", same, SameHour, SameWeekdayHour)
	if batches != nil {
		b.Batches = *batches
		if b.Batches < MinBefore || b.Batches > maxBefore {
			l.at(d, "checks."+rule+".batches", "%s.batches must be from %d to %d", rule, MinBefore, maxBefore)
		}
	}
	return b
}

// checkNames checks the columns that rules name.
func (l *loader) checkNames(d *draft, columns []catalog.Column, all []string) {
	if r := d.Checks.NullRate; r != nil {
		l.members(d, "checks.null_rate.columns", r.Columns, all)
		for i, name := range r.Columns {
			if j := slices.Index(all, name); j >= 0 && columns[j].Partition {
				l.at(d, fmt.Sprintf("checks.null_rate.columns[%d]", i), "%s is a partition column; the files do not have it", name)
			}
		}
	}
	if r := d.Checks.Silent; r != nil && r.Column != "" {
		l.member(d, "checks.silent.column", r.Column, all, "column")
	}
}
