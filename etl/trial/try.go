package trial

import (
	"bufio"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"tidegate/catalog"
	"tidegate/etl"
	"tidegate/etl/pipeline"
	"tidegate/internal/yamlfile"
	"tidegate/sql"
)

// try is a case at work: a lake and a catalog of its own in a folder that goes with it.
type try struct {
	*Bench
	files  caseFiles
	dir    string
	store  catalog.Store
	lake   Lake
	runner *etl.Runner
}

func newTry(ctx context.Context, b *Bench, files caseFiles) (t *try, err error) {
	t = &try{Bench: b, files: files}
	if t.dir, err = os.MkdirTemp("", "tidegate-etl-test-"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, t.close())
		}
	}()
	if t.lake, err = b.Lake("file:" + filepath.Join(t.dir, "lake")); err != nil {
		return nil, err
	}
	if t.store, err = b.Catalog(ctx, filepath.Join(t.dir, "catalog.db")); err != nil {
		return nil, err
	}
	t.runner, err = etl.New(etl.Options{
		Store: t.store, Lake: t.lake, Engine: b.Engine, WorkDir: filepath.Join(t.dir, "work"), Log: b.Log, Source: b.Source,
	})
	return t, err
}

func (t *try) close() (err error) {
	if t.store != nil {
		err = t.store.Close()
	}
	return errors.Join(err, os.RemoveAll(t.dir))
}

// run makes the tables that the pipeline reads, and then its own.
func (t *try) run(ctx context.Context) error {
	for _, name := range t.files.Pipeline.Upstream {
		text := name.String() + ".csv"
		if t.files.tables[name.String()] == "" {
			return fmt.Errorf("there is no %s, the rows of the table that the pipeline reads", text)
		}
		up, columns, err := t.made(name)
		if err != nil {
			return err
		}
		p, err := t.ofCSV(name, columns, text)
		if err != nil {
			return err
		}
		p.Time, p.PartitionBy = up.Time, up.PartitionBy
		if err := t.load(ctx, p, text); err != nil {
			return err
		}
	}
	p, err := t.subject()
	if err != nil {
		return err
	}
	_, err = t.runner.Run(ctx, []*pipeline.Pipeline{p})
	return err
}

// made gives the pipeline that makes a table, and the table's columns.
func (t *try) made(name catalog.Name) (*pipeline.Pipeline, []catalog.Column, error) {
	tables := pipeline.Tables{}
	for _, p := range t.All {
		if p.Statement == nil {
			continue // it adopts, and no pipeline reads that
		}
		columns, err := p.Output(tables)
		if err != nil {
			return nil, nil, err
		}
		if p.Table == name {
			return p, columns, nil
		}
		tables[p.Table] = columns
	}
	return nil, nil, fmt.Errorf("no pipeline makes the table %s", name)
}

// subject is the pipeline that is tried, over the files of the case, of which no queue knows. Rules are about batches in a row; this is one alone.
func (t *try) subject() (*pipeline.Pipeline, error) {
	p := *t.files.Pipeline
	p.Checks = pipeline.Checks{MaxRejectRatio: 1}
	if p.Source == nil {
		return &p, nil
	}
	source := *p.Source
	source.Location, source.Events = "file:"+filepath.Join(t.dir, "in")+"/", ""
	p.Source = &source
	if err := t.copyFiles("in", t.files.in...); err != nil {
		return nil, err
	}
	p.Lookups = slices.Clone(p.Lookups)
	for i := range p.Lookups {
		l := &p.Lookups[i]
		if name := t.files.lookups[l.Name]; name != "" {
			if err := t.copyFiles("lookups", name); err != nil {
				return nil, err
			}
			source := *l.Source
			source.Location = "file:" + filepath.Join(t.dir, "lookups", name)
			l.Source = &source
		}
	}
	return &p, nil
}

// copyFiles brings files of the case into a folder of the try. They become new: what they hold may not be of the future.
func (t *try) copyFiles(folder string, names ...string) error {
	if err := os.MkdirAll(filepath.Join(t.dir, folder), 0o755); err != nil {
		return err
	}
	for _, name := range names {
		text, err := os.ReadFile(filepath.Join(t.files.Dir, name))
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(t.dir, folder, name), text, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// ofCSV is a pipeline that makes a table of a CSV file of the case. What the file does not name is NULL; of partition
// columns the table's time makes dt then.
func (t *try) ofCSV(table catalog.Name, columns []catalog.Column, name string) (*pipeline.Pipeline, error) {
	given, err := header(filepath.Join(t.files.Dir, name))
	if err != nil {
		return nil, err
	}
	all := make([]string, len(columns))
	for i, c := range columns {
		all[i] = c.Name
	}
	for _, g := range given {
		if !slices.Contains(all, g) {
			return nil, fmt.Errorf("%s: there is no column %s%s; there are %s", name, g, yamlfile.DidYouMean(g, all), strings.Join(all, ", "))
		}
	}
	p := &pipeline.Pipeline{
		Name: name, SQLFile: name, YMLFile: name, SHA256: strings.Repeat("0", 64), Table: table, MaxBytes: 1 << 40, MaxObjects: 1,
		Checks: pipeline.Checks{MaxRejectRatio: 1},
		Source: &pipeline.Source{Location: "file:" + filepath.Join(t.dir, name) + "/", Format: "csv", CSV: pipeline.CSV{Delimiter: ',', Header: true, BlankIsNull: true}},
	}
	var targets []string
	for _, c := range columns {
		switch {
		case slices.Contains(given, c.Name):
			p.Source.Fields = append(p.Source.Fields, pipeline.Field{Name: c.Name, Type: c.Type})
			targets = append(targets, quoted(c.Name))
		case c.Name != catalog.PartitionKey:
			targets = append(targets, fmt.Sprintf("CAST(NULL AS %s) AS %s", c.Type, quoted(c.Name)))
		}
	}
	p.SQL = "SELECT " + strings.Join(targets, ", ") + " FROM " + sql.SourceRelation
	statements, err := sql.Parse(p.SQL)
	if err != nil {
		return nil, err
	}
	p.Statement = statements[0]
	return p, t.copyFiles(name, name)
}

func quoted(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// load runs a pipeline of a CSV file, each record of which must be right.
func (t *try) load(ctx context.Context, p *pipeline.Pipeline, name string) error {
	report, err := t.runner.Run(ctx, []*pipeline.Pipeline{p})
	if err != nil {
		return err
	}
	if report.Pipelines[0].Counts.Rejected == 0 {
		return nil
	}
	rejects, err := t.rejects(ctx, p.Table)
	if err != nil {
		return err
	}
	return fmt.Errorf("%s, line %s: %s", name, rejects[0][1], rejects[0][2])
}

// csvReader reads a file that may begin with a mark of its encoding, as spreadsheets write it.
func csvReader(f io.Reader) *csv.Reader {
	text := bufio.NewReader(f)
	if r, _, err := text.ReadRune(); err == nil && r != '\ufeff' {
		_ = text.UnreadRune() // there is one to unread; what is wrong with the file the reader says
	}
	return csv.NewReader(text)
}

// header gives the first record of a CSV file.
func header(path string) (names []string, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	names, err = csvReader(f).Read()
	if errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s is empty; its first line names the columns", path)
	}
	return names, err
}
