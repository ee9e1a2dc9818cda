package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"text/template"
	"time"

	"tidegate/etl"
	"tidegate/etl/pipeline"
	"tidegate/examples"
	"tidegate/internal/demo"
)

type demoCmd struct {
	Data    string `help:"Folder of its configuration, pipelines and data." default:"./tidegate-data"`
	Records int    `help:"Page views to make." default:"1000000"`
	Days    int    `help:"Days they arrive in." default:"14"`
	Sites   int    `help:"Sites they are of." default:"50"`
}

// rawLogs is where the demo's pipeline looks for them.
const rawLogs = "tidegate-data/raw/web"

// Run makes what is not there yet, runs the pipelines and serves. A second run finds everything and only serves.
func (d *demoCmd) Run(ctx context.Context, p *program) error {
	if p.config != "" {
		return wrong{fmt.Errorf("demo has a configuration of its own, in %s/demo.yml; use serve with yours", d.Data)}
	}
	path, err := layOutDemo(d.Data)
	if err != nil {
		return err
	}
	c, err := loadConfig(path)
	if err != nil {
		return err
	}
	if err := portsAreFree(ctx, c); err != nil {
		return err
	}
	if err := d.makeLogs(ctx, p); err != nil {
		return err
	}
	pipelines, err := loadPipelines(c)
	if err != nil {
		return err
	}
	parts, err := open(ctx, c, p.newLog())
	if err != nil {
		return err
	}
	err = parts.demonstrate(ctx, p, path, pipelines)
	return errors.Join(err, parts.close())
}

func (p *parts) demonstrate(ctx context.Context, prog *program, path string, pipelines []*pipeline.Pipeline) error {
	// What is committed can be looked at even if a pipeline failed: tidegate.batches says why.
	if err := p.runPipelines(ctx, prog, pipelines, etl.Options{}); ctx.Err() == nil {
		exitCode(err, prog.err)
	} else {
		return err
	}
	return p.serve(ctx, prog, func(address string) error { return p.invite(prog, path, address) })
}

// layOutDemo writes the demo's configuration and pipelines unless they are there: what the user changed stays.
func layOutDemo(dir string) (string, error) {
	c := defaults()
	c.DataDir = dir
	c.Pipelines = filepath.Join(c.DataDir, "pipelines")
	web, err := fs.Sub(examples.Web, "web/pipelines")
	if err != nil {
		return "", fmt.Errorf("find the example pipelines: %w", err)
	}
	if _, err := os.Stat(c.Pipelines); errors.Is(err, fs.ErrNotExist) {
		if err := os.CopyFS(c.Pipelines, web); err != nil {
			return "", fmt.Errorf("lay out the demo: %w", err)
		}
	}
	path := filepath.Join(c.DataDir, "demo.yml")
	text := fmt.Sprintf("# What `tidegate demo` serves with; `tidegate config print -c %s` shows every key.\n"+
		"data_dir: %s\npipelines: %s\n", path, c.DataDir, c.Pipelines)
	err = writeNew(path, text)
	return path, err
}

func writeNew(path, text string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("lay out the demo: %w", err)
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Close())
}

// portsAreFree finds out before a minute of work is done in vain.
func portsAreFree(ctx context.Context, c config) error {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", c.Listen)
	if err != nil {
		return portTaken(c.Listen, err)
	}
	if err := l.Close(); err != nil || c.Admin == "" {
		return err
	}
	if l, err = lc.Listen(ctx, "tcp", c.Admin); err != nil {
		return adminTaken(c.Admin, err)
	}
	return l.Close()
}

func (d *demoCmd) makeLogs(ctx context.Context, p *program) error {
	started := time.Now()
	truth, err := demo.Generate(ctx, rawLogs, demo.Options{Seed: 1, Days: d.Days, Sites: d.Sites, Records: d.Records})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(p.out, "raw logs: %d records in %d objects below %s (%.1f s)\n",
		truth.Records, truth.Objects, rawLogs, time.Since(started).Seconds())
	return err
}

var invitation = template.Must(template.New("invitation").Parse(`
Serving {{.URL}}   (Ctrl-C ends it)

Paste into another terminal:

  # how many page views there are: the catalog's statistics know, nothing is read
  psql '{{.URL}}' -c 'select count(*) from web.events'

  # these columns are hot: answered from the hot store
  psql '{{.URL}}' -c "/*+ tidegate latency(interactive) */ select domain, count(*), avg(load_ms) from web.events group by 1 order by 2 desc limit 5"

  # user_agent is not hot: answered cold from Parquet, and a NOTICE says why
  psql '{{.URL}}' -c "/*+ tidegate latency(interactive) */ select user_agent, count(*) from web.events group by 1 order by 2 desc limit 5"

  # who would answer, and why
  psql '{{.URL}}' -c "explain (route) select site_id, count(*) from web.events where ts >= '2018-02-10' group by 1"

  # page views and visitors per site and day: a table made from a table
  psql '{{.URL}}' -c "select * from web.site_daily order by pv desc limit 5"

  # what is where, what each batch did, what was put aside
  psql '{{.URL}}' -c 'select * from tidegate.tiers' -c 'select batch, rows_read, rows_rejected, rows_deduplicated, rows_emitted from tidegate.batches' -c 'select reason, count(*) from tidegate.quarantine group by 1 order by 2 desc'

  # run the pipelines again while this serves: nothing is loaded twice
  {{.Program}} etl run -c {{.Config}}

`))

// invite prints what to paste.
func (p *parts) invite(prog *program, path, address string) error {
	name := os.Args[0]
	if strings.HasSuffix(name, ".test") {
		name = "tidegate"
	}
	return invitation.Execute(prog.out, map[string]string{
		"URL": fmt.Sprintf("postgres://demo@%s/%s", address, p.Database), "Config": path, "Program": name,
	})
}
