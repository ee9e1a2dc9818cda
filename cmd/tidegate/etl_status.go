package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"tidegate/catalog"
	"tidegate/etl/pipeline"
)

type etlStatusCmd struct {
	Select []string `help:"Only these pipelines, as etl run has them." placeholder:"NAME"`
	JSON   bool     `name:"json" help:"One JSON object a line for each pipeline."`
}

// Run tells from the catalog how each pipeline fared. Nothing is listed or read.
func (e *etlStatusCmd) Run(ctx context.Context, p *program) error {
	c, pipelines, err := chosenPipelines(p, e.Select)
	if err != nil {
		return err
	}
	parts, err := open(ctx, c, p.newLog())
	if err != nil {
		return err
	}
	return errors.Join(e.show(ctx, p, parts, pipelines), parts.close())
}

func (e *etlStatusCmd) show(ctx context.Context, p *program, parts *parts, pipelines []*pipeline.Pipeline) error {
	rows, err := parts.store.LiveRows(ctx)
	if err != nil {
		return err
	}
	batches, err := parts.store.Batches(ctx)
	if err != nil {
		return err
	}
	all := statusOf(pipelines, rows, batches, time.Now())
	if e.JSON {
		return printStatusJSON(p.out, all)
	}
	return printStatus(p.out, all)
}

// pipelineStatus is how a pipeline fared, from its table's batches.
type pipelineStatus struct {
	Pipeline string `json:"pipeline"`
	Table    string `json:"table"`
	Rows     int64  `json:"rows"` // that the table has
	// Batches and Rejected are of all published batches that were not made again; a record that a requeue reads again
	// counts once.
	Batches  int   `json:"batches"`
	Rejected int64 `json:"rejected"`
	// Stale counts the batches that lost rows to others which do not have them any more: the next run makes them again.
	Stale int `json:"stale,omitempty"`
	// Of the newest published batch that is no requeue, the place of one that was made again being its former; absent before
	// the first.
	LastBatch    string     `json:"last_batch,omitempty"`
	LastCommit   *time.Time `json:"last_commit,omitempty"`
	LastSeconds  float64    `json:"last_seconds,omitempty"` // that it took
	AgeSeconds   float64    `json:"age_seconds,omitempty"`
	LastRead     int64      `json:"last_read,omitempty"`
	LastRejected int64      `json:"last_rejected,omitempty"`
	LastBytesIn  int64      `json:"last_bytes_in,omitempty"`
	catalog.Notes
	// Of batches that were never published: how many there are, and when the newest began and why it failed.
	Failed   int        `json:"failed"`
	FailedAt *time.Time `json:"failed_at,omitempty"`
	Failure  string     `json:"failure,omitempty"`

	place int64 // of LastBatch
}

// statusOf sums up the batches, which are oldest first, by pipeline. A batch of which some partitions were replaced is still
// one that counts, so the rows are those of the files.
func statusOf(pipelines []*pipeline.Pipeline, rows map[catalog.Name]int64, batches []catalog.Batch, now time.Time) []*pipelineStatus {
	all := make([]*pipelineStatus, len(pipelines))
	of := map[catalog.Name]*pipelineStatus{}
	for i, p := range pipelines {
		all[i] = &pipelineStatus{Pipeline: p.Name, Table: p.Table.String(), Rows: rows[p.Table]}
		of[p.Table] = all[i]
	}
	for i := range batches {
		b := &batches[i]
		s, ok := of[b.Table]
		if !ok {
			continue
		}
		if b.State == catalog.BatchFailed {
			if s.Failed++; s.FailedAt == nil || !b.StartedAt.Before(*s.FailedAt) {
				s.FailedAt, s.Failure = &b.StartedAt, b.Reason
			}
			continue
		}
		if b.RemadeBy != 0 || b.Kind == catalog.RecordCompact {
			continue
		}
		s.Batches++
		if b.Stale {
			s.Stale++
		}
		s.Rejected += b.Counts.Rejected
		if b.Kind == catalog.RecordRequeue {
			s.Rejected -= b.Counts.Read // rejected by other batches, and counted there
		}
		if b.Kind == catalog.RecordRequeue {
			continue
		}
		if s.LastCommit == nil || b.Place >= s.place {
			s.place = b.Place
			s.LastBatch, s.LastCommit = b.ID, &b.CommittedAt
			s.LastSeconds, s.AgeSeconds = b.CommittedAt.Sub(b.StartedAt).Seconds(), now.Sub(b.ArrivedAt).Seconds()
			s.LastRead, s.LastRejected, s.LastBytesIn = b.Counts.Read, b.Counts.Rejected, b.BytesIn
			s.Notes = b.Notes
			s.Measured, s.Lost, s.Notes.Stale = nil, nil, nil // much, and for later batches only
		}
	}
	return all
}

const statusTime = "2006-01-02 15:04:05Z"

func printStatusJSON(out io.Writer, all []*pipelineStatus) error {
	e := json.NewEncoder(out)
	for _, s := range all {
		if err := e.Encode(s); err != nil {
			return err
		}
	}
	return nil
}

func printStatus(out io.Writer, all []*pipelineStatus) error {
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "PIPELINE\tTABLE\tBATCHES\tROWS\tLAST COMMIT\tAGE\tREAD\tREJECTED\tSECONDS\tFAILED")
	for _, s := range all {
		commit, age := "never", ""
		if s.LastCommit != nil {
			commit = s.LastCommit.UTC().Format(statusTime)
			age = (time.Duration(s.AgeSeconds) * time.Second).String()
		}
		fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%s\t%s\t%d\t%d\t%.1f\t%d\n", s.Pipeline, s.Table, s.Batches, s.Rows, commit, age,
			s.LastRead, s.LastRejected, s.LastSeconds, s.Failed)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, s := range all {
		if s.Stale > 0 {
			if _, err := fmt.Fprintf(out, "%s: %d batches lost rows to others which do not have them any more; the next run makes them again\n", s.Table, s.Stale); err != nil {
				return err
			}
		}
		if err := printNotes(out, s.Table, s.Notes); err != nil {
			return err
		}
		if s.Failure == "" {
			continue
		}
		if _, err := fmt.Fprintf(out, "%s failed at %s: %s\n", s.Table, s.FailedAt.UTC().Format(statusTime), oneLine(s.Failure)); err != nil {
			return err
		}
	}
	return nil
}
