package router

import (
	"errors"
	"slices"

	"tidegate/catalog"
	"tidegate/internal/engine"
	"tidegate/internal/pgerr"
	"tidegate/sql"
)

// discreet reports whether a row filter applies to a relation of the statement. Then nothing that is told of the plan may
// tell of rows that are not the asker's: no sizes, no files, no partitions, no text for an engine.
func (d *decision) discreet() bool {
	return slices.ContainsFunc(d.req.Query.Uses, (*sql.Use).Filtered)
}

// pruning gives those of all domains by which files of a table are left out. Behind a row filter these are the filter's and those
// of partitions and time: by any other column, the way that is taken would tell what values other rows have.
func pruning(t *catalog.Table, u *sql.Use, all map[string]sql.Domain) map[string]sql.Domain {
	if !u.Filtered() {
		return all
	}
	where := u.FilterWhere()
	for name, domain := range all {
		c, ok := t.Column(name)
		if ok && (c.Partition || t.Time != nil && t.Time.Column == name) {
			where[name] = domain
		}
	}
	return where
}

// told gives the error of a way that is barred as the asker may hear it.
func (d *decision) told(err error) error {
	e, ok := errors.AsType[*pgerr.Error](err)
	switch {
	case !ok || !d.discreet() || e.Code == pgerr.CannotConnectNow:
		return err
	case e.Code == pgerr.ConfigurationLimit:
		return pgerr.New(e.Code, "the query would read more than it may").WithHint("narrow the time range or name fewer columns")
	}
	return pgerr.New(e.Code, "%s", notAll)
}

// notAll stands for why the hot store does not answer.
const notAll = "the hot store does not hold all that the query needs"

// why is candidate.why as the asker may hear it.
func (d *decision) why(c *candidate) string {
	if d.discreet() && !c.down {
		return notAll
	}
	return c.why
}

// discreetReason is the reason of a plan by what the asker said, not by data.
func (d *decision) discreetReason(c *candidate) string {
	switch {
	case d.req.Statement.Hints.Engine != "":
		return "the statement asks for engine(" + d.req.Statement.Hints.Engine + ")"
	case d.latency != Standard:
		return "latency is " + d.latency
	}
	return "a row filter applies: why " + string(c.route) + " is not told"
}

// discreetLines leaves of an explanation what does not depend on data.
func discreetLines(lines []engine.ExplainLine) []engine.ExplainLine {
	kept := slices.DeleteFunc(lines, func(l engine.ExplainLine) bool {
		return !slices.Contains([]string{"route", "reason", "generation", "as_of"}, l.Key)
	})
	const text = "files, bytes, estimate and SQL, because a row filter applies"
	return append(kept, engine.ExplainLine{Label: "Not shown", Key: "not_shown", Value: text, Text: text})
}
