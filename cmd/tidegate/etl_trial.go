package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"tidegate/catalog"
	"tidegate/etl/pipeline"
	"tidegate/etl/trial"
	"tidegate/internal/storage"
	"tidegate/internal/storage/file"
)

type etlTestCmd struct {
	Select []string `help:"Test only these pipelines, as etl run takes them." placeholder:"NAME"`
	Update bool     `help:"Write what comes out as what is wanted (want.csv, want.rejects.csv), to be looked at."`
}

// Run tries pipelines on the examples beside them. Nothing of the lake, the catalog or the warehouse is touched.
func (e *etlTestCmd) Run(ctx context.Context, p *program) (err error) {
	c, chosen, err := chosenPipelines(p, e.Select)
	if err != nil {
		return err
	}
	all, err := loadPipelines(c)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "tidegate-etl-test-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	c.DataDir = dir
	quiet := slog.New(slog.DiscardHandler) // what a case says is in its result
	parts := &parts{config: c, log: quiet}
	db, err := parts.openETL(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	bench := &trial.Bench{
		Engine: db, Log: quiet, All: all, Update: e.Update,
		Source: func(l string) (storage.Bucket, error) { return parts.openSource(ctx, l) },
		Catalog: func(ctx context.Context, name string) (catalog.Store, error) {
			return (&config{Catalog: "sqlite:" + name}).openCatalog(ctx)
		},
		Lake: func(l string) (trial.Lake, error) { return file.Create(l) },
	}
	return e.tryAll(ctx, p, bench, chosen)
}

// tryAll tries each pipeline and says of each case how it ended.
func (e *etlTestCmd) tryAll(ctx context.Context, p *program, bench *trial.Bench, pipelines []*pipeline.Pipeline) error {
	tried, failed := 0, 0
	for _, of := range pipelines {
		cases, err := trial.Find(of)
		if err != nil {
			return err
		}
		if len(cases) == 0 {
			fmt.Fprintf(p.out, "none  %s  there is no %s.test\n", of.Name, strings.TrimSuffix(of.YMLFile, ".yml"))
		}
		for _, c := range cases {
			began := time.Now()
			result, err := bench.Run(ctx, c)
			if ctx.Err() != nil {
				return err
			}
			if err != nil { // others may be right
				result.Differences = append(result.Differences, err.Error())
			}
			word := "ok  "
			if tried++; len(result.Differences) > 0 {
				failed++
				word = "FAIL"
			}
			fmt.Fprintf(p.out, "%s  %s  %s  %.2fs\n", word, of.Name, c.Dir, time.Since(began).Seconds())
			for _, line := range result.Differences {
				fmt.Fprintln(p.out, "      "+strings.ReplaceAll(line, "\n", "\n      "))
			}
		}
	}
	switch {
	case tried == 0:
		return wrong{errors.New("no pipeline has examples; put in.ndjson and want.csv into NAME.test beside one (docs/pipelines.md)")}
	case failed > 0:
		return fmt.Errorf("%d of %d cases failed", failed, tried)
	}
	return nil
}
