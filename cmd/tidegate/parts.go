package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/lmittmann/tint"
	"github.com/mattn/go-isatty"

	"tidegate/catalog"
	"tidegate/etl/pipeline"
	"tidegate/internal/engine/duck"
	"tidegate/internal/storage"
	"tidegate/internal/storage/file"
	"tidegate/internal/storage/s3"
	"tidegate/internal/yamlfile"
)

// parts are the pieces that more than one verb builds on.
type parts struct {
	config
	log    *slog.Logger
	store  catalog.Store
	lake   storage.Bucket
	access *access // of the gateway; nil before it is built
	// metrics of this process; nil: nobody reads them.
	metrics registry
	// sessions of the clients; nil until somebody serves them.
	sessions *sessions
}

// open makes the folders, the lake and the catalog. Everything it opens is closed by close.
func open(ctx context.Context, c config, log *slog.Logger) (*parts, error) {
	lake, err := openLake(ctx, c)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(c.DataDir, 0o755); err != nil {
		return nil, fmt.Errorf("make folder: %w (set data_dir to a place that can be written)", err)
	}
	store, err := c.openCatalog(ctx)
	if err != nil {
		return nil, err
	}
	return &parts{config: c, log: log, store: store, lake: lake, metrics: newRegistry()}, nil
}

func (p *parts) close() error { return p.store.Close() }

// openDuck opens a DuckDB instance with a folder of its own to spill into.
func (p *parts) openDuck(ctx context.Context, name, memory string, o duck.Options) (*duck.DB, error) {
	o.TempDir = p.scratch(name)
	if err := os.MkdirAll(o.TempDir, 0o755); err != nil {
		return nil, fmt.Errorf("make folder to spill into: %w", err)
	}
	bytes, err := parseMemory(memory)
	if err != nil {
		return nil, err
	}
	o.MemoryLimit, o.Log = fmt.Sprintf("%dMB", bytes>>20), p.log
	return duck.Open(ctx, o)
}

// duckShare is the part of an ETL process's memory that DuckDB counts. It needs more than it counts, and the more the more
// rows have passed: with 139 M records of the bench a third of the whole.
const duckShare = 0.5

// etlMemory is what the DuckDB instance of an ETL process may have, bytes.
func (p *parts) etlMemory() (int64, error) {
	bytes, err := parseMemory(p.Limits.ETLMemory)
	return int64(duckShare * float64(bytes)), err
}

// openETL opens the DuckDB instance of an ETL process.
func (p *parts) openETL(ctx context.Context) (*duck.DB, error) {
	bytes, err := p.etlMemory()
	if err != nil {
		return nil, err
	}
	return p.openDuck(ctx, "etl-spill", strconv.FormatInt(bytes, 10), duck.Options{Threads: p.Limits.Threads})
}

// openLake opens the lake by its location's scheme. A bucket that cannot be listed is told before any work.
func openLake(ctx context.Context, c config) (storage.Bucket, error) {
	if c.lakeIsFolder() {
		b, err := file.Create(c.Lake.Location)
		if err != nil {
			return nil, err
		}
		return b, nil
	}
	b, err := s3.Open(ctx, c.Lake.Location, c.Lake.S3.options())
	if err != nil {
		return nil, err
	}
	return b, b.Check(ctx)
}

func (c s3Config) options() s3.Options {
	return s3.Options{Endpoint: c.Endpoint, Region: c.Region, PathStyle: c.PathStyle, Profile: c.Profile, RoleARN: c.RoleARN}
}

// openSource opens the location of a pipeline's raw objects.
func (p *parts) openSource(ctx context.Context, location string) (storage.Bucket, error) {
	if strings.HasPrefix(location, "s3://") {
		b, err := s3.Open(ctx, location, p.Lake.S3.options())
		if err != nil {
			return nil, err
		}
		return b, nil
	}
	b, err := file.Open(location)
	if err != nil {
		return nil, err
	}
	return b, nil
}

func loadPipelines(c config) ([]*pipeline.Pipeline, error) {
	all, err := pipeline.Load(c.Pipelines)
	if err != nil {
		return nil, wrong{err}
	}
	if err := c.checkPipelines(all); err != nil {
		return nil, wrong{err}
	}
	if len(all) == 0 {
		return nil, wrong{fmt.Errorf("no pipeline in %s: put NAME.sql and NAME.yml there, or set pipelines", c.Pipelines)}
	}
	return all, nil
}

// checkPipelines says what of the pipelines this configuration cannot do.
func (c *config) checkPipelines(all []*pipeline.Pipeline) error {
	errs := []error{checkEvents(all)}
	for _, p := range all {
		if p.FromTableLine > 0 && !c.Hot.remote() {
			errs = append(errs, &yamlfile.Error{File: p.YMLFile, Line: p.FromTableLine, Message: fmt.Sprintf(
				"hot.columns: from_table needs a hot store on a server, and hot.kind is %s; list the columns", c.Hot.Kind)})
		}
	}
	return errors.Join(errs...)
}

// newLog writes colours on a terminal and JSON elsewhere.
func (p *program) newLog() *slog.Logger { return p.logTo(p.err) }

// logTo is newLog for lines that go to out: the terminal itself, or what stands before it.
func (p *program) logTo(out io.Writer) *slog.Logger {
	if isTerminal(p.err) {
		return slog.New(tint.NewTextHandler(out, &tint.Options{TimeFormat: "15:04:05"}))
	}
	return slog.New(slog.NewJSONHandler(out, nil))
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && isatty.IsTerminal(f.Fd())
}

// closeAll closes in reverse order of opening and joins what went wrong.
type closeAll []func() error

func (c *closeAll) add(f func() error) { *c = append(*c, f) }

func (c closeAll) close() error {
	var errs []error
	for _, f := range slices.Backward(c) {
		errs = append(errs, f())
	}
	return errors.Join(errs...)
}
