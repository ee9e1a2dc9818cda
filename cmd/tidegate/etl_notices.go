package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"tidegate/catalog"
)

type etlNoticesCmd struct {
	All  bool `help:"Those that were resolved within the last 7 days, too."`
	JSON bool `name:"json" help:"One JSON object a line for each."`
}

// resolvedFor is how long etl notices --all shows what is over.
const resolvedFor = 7 * 24 * time.Hour

// Run tells what is wrong with the tables' batches.
func (e *etlNoticesCmd) Run(ctx context.Context, p *program) error {
	c, err := loadConfig(p.config)
	if err != nil {
		return err
	}
	parts, err := open(ctx, c, p.newLog())
	if err != nil {
		return err
	}
	from := time.Time{}
	if e.All {
		from = time.Now().Add(-resolvedFor)
	}
	incidents, err := parts.store.Incidents(ctx, from)
	if err == nil {
		if e.JSON {
			err = printIncidentsJSON(p.out, incidents)
		} else {
			err = printIncidents(p.out, incidents)
		}
	}
	return errors.Join(err, parts.close())
}

func printIncidents(out io.Writer, incidents []catalog.Incident) error {
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "TABLE\tKIND\tRULE\tSINCE\tRESOLVED\tWHAT")
	for _, i := range incidents {
		resolved := ""
		if !i.ResolvedAt.IsZero() {
			resolved = i.ResolvedAt.Format(statusTime)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", i.Table, i.Kind, i.Rule, i.OpenedAt.Format(statusTime), resolved, oneLine(i.Text))
	}
	return w.Flush()
}

// oneLine makes one line of the several that joined errors have.
func oneLine(text string) string { return strings.ReplaceAll(strings.TrimSpace(text), "\n", "; ") }

func printIncidentsJSON(out io.Writer, incidents []catalog.Incident) error {
	e := json.NewEncoder(out)
	for _, i := range incidents {
		line := struct {
			Table      string     `json:"table"`
			Kind       string     `json:"kind"`
			Rule       string     `json:"rule,omitempty"`
			Batch      string     `json:"batch,omitempty"`
			Text       string     `json:"text"`
			OpenedAt   time.Time  `json:"opened_at"`
			SeenAt     time.Time  `json:"seen_at"`
			ResolvedAt *time.Time `json:"resolved_at,omitempty"`
		}{i.Table.String(), string(i.Kind), i.Rule, i.Batch, i.Text, i.OpenedAt, i.SeenAt, nil}
		if !i.ResolvedAt.IsZero() {
			line.ResolvedAt = &i.ResolvedAt
		}
		if err := e.Encode(line); err != nil {
			return err
		}
	}
	return nil
}
