// Package trial runs a pipeline on example files beside it and compares what comes out with what is wanted.
//
// The examples of pipelines/web/events.sql are in pipelines/web/events.test/, or in folders below it, one for each case:
//
//	in.ndjson, in.2.json.gz …   objects of the source, read as one batch
//	sites.csv …                 lookups by name; one that is not there is read from where the pipeline says
//	web.events.csv …            tables that a second stage reads
//	want.csv                    rows of the table, in any order; columns that it does not name do not matter; where it names
//	                            one, an empty line is a NULL
//	want.rejects.csv            line and reason (and object, if there are several) of the records that are rejected
//
// Everything is done by the real Runner, in a folder of its own.
package trial

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"tidegate/catalog"
	"tidegate/etl"
	"tidegate/etl/pipeline"
	"tidegate/internal/storage"
)

// Case is one folder of examples.
type Case struct {
	Pipeline *pipeline.Pipeline
	Dir      string
}

// Bench is what cases are run with. All must be set.
type Bench struct {
	Engine etl.Engine
	// Source opens folders, and where lookups are that a case does not have.
	Source func(location string) (storage.Bucket, error)
	// Catalog and Lake make empty ones, in a file and in a folder.
	Catalog func(ctx context.Context, file string) (catalog.Store, error)
	Lake    func(location string) (Lake, error)
	Log     *slog.Logger
	All     []*pipeline.Pipeline // upstream first
	// Update writes what came out as what is wanted.
	Update bool
}

// Lake is a lake in a folder of this machine.
type Lake interface {
	storage.Bucket
	storage.LocalPather
}

// Result is what became of a case.
type Result struct {
	Case
	Differences []string // lines; nil: none
}

// Find gives the cases of a pipeline, in order of their names.
func Find(p *pipeline.Pipeline) ([]Case, error) {
	root := strings.TrimSuffix(p.YMLFile, ".yml") + ".test"
	var cases []Case
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if e.IsDir() || hidden(e.Name()) {
			return nil
		}
		if dir := filepath.Dir(path); len(cases) == 0 || cases[len(cases)-1].Dir != dir {
			cases = append(cases, Case{p, dir})
		}
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	slices.SortFunc(cases, func(a, b Case) int { return strings.Compare(a.Dir, b.Dir) })
	return slices.CompactFunc(cases, func(a, b Case) bool { return a.Dir == b.Dir }), err
}

// Run runs a case. The error is not the pipeline's: files are missing or wrong, or the disk is.
func (b *Bench) Run(ctx context.Context, c Case) (r Result, err error) {
	files, err := sort(c)
	if err != nil {
		return Result{}, err
	}
	t, err := newTry(ctx, b, files)
	if err != nil {
		return Result{}, err
	}
	defer func() { err = errors.Join(err, t.close()) }()
	r = Result{Case: c}
	if failure := t.run(ctx); failure != nil {
		r.Differences = []string{failure.Error()}
		return r, nil
	}
	if b.Update {
		return r, t.update(ctx)
	}
	r.Differences, err = t.compare(ctx)
	return r, err
}

// hidden reports whether a file is somebody else's: an editor's, a system's.
func hidden(name string) bool { return strings.HasPrefix(name, ".") || strings.HasSuffix(name, "~") }

// Names of files in a case.
const (
	wantFile    = "want.csv"
	rejectsFile = "want.rejects.csv"
	inPrefix    = "in."
)

// caseFiles are the files of a case, by what they are for.
type caseFiles struct {
	Case
	in      []string          // names
	lookups map[string]string // name of the lookup → name
	tables  map[string]string // schema.table → name
}

// sort finds out what each file is for.
func sort(c Case) (caseFiles, error) {
	f := caseFiles{Case: c, lookups: map[string]string{}, tables: map[string]string{}}
	entries, err := os.ReadDir(c.Dir)
	if err != nil {
		return f, err
	}
	for _, e := range entries {
		name := e.Name()
		stem, _, _ := strings.Cut(name, ".")
		lookup := slices.ContainsFunc(c.Pipeline.Lookups, func(l pipeline.Lookup) bool { return l.Name == stem })
		table, csv := strings.CutSuffix(name, ".csv")
		upstream := slices.ContainsFunc(c.Pipeline.Upstream, func(n catalog.Name) bool { return n.String() == table })
		switch {
		case e.IsDir() || hidden(name) || name == wantFile || name == rejectsFile:
		case strings.HasPrefix(name, inPrefix) && c.Pipeline.Source != nil:
			f.in = append(f.in, name)
		case lookup:
			f.lookups[stem] = name
		case csv && upstream:
			f.tables[table] = name
		default:
			return f, fmt.Errorf("%s is for nothing: there may be %s", filepath.Join(c.Dir, name), strings.Join(f.possible(), ", "))
		}
	}
	if c.Pipeline.Source != nil && len(f.in) == 0 {
		return f, fmt.Errorf("%s has no file %s…, which would be an object of the source", c.Dir, inPrefix)
	}
	return f, nil
}

// possible names the files that a case may have.
func (f *caseFiles) possible() []string {
	names := []string{wantFile, rejectsFile}
	if f.Pipeline.Source != nil {
		names = append(names, inPrefix+"…")
	}
	for _, l := range f.Pipeline.Lookups {
		names = append(names, l.Name+".…")
	}
	for _, n := range f.Pipeline.Upstream {
		names = append(names, n.String()+".csv")
	}
	return names
}
