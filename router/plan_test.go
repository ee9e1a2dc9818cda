package router

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"tidegate/catalog"
	"tidegate/internal/engine"
	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
	"tidegate/sql"
)

// TestPlan reads testdata/*.test. A file is a conversation with one router:
//
//	catalog                 makes the catalog anew. Lines:
//	  table NAME COLUMN:TYPE… [hot=COLUMN,…] [time=COLUMN]     a COLUMN:TYPE* is a partition column
//	  file TABLE BATCH PARTITION rows=N [each=BYTES] COLUMN=LOW..HIGH…   every column takes 1000 bytes, or each; no NULLs
//	  hot TABLE BATCH PARTITION                                 the pair is covered, with the columns that are hot now
//	  withdraw TABLE BATCH PARTITION                            it is not any more
//	  replaced TABLE BATCH PARTITION                            its file and its coverage end
//	  column TABLE COLUMN:TYPE                                  a new or a wider column: the next schema version
//	  spec TABLE hot=COLUMN,… [keep=HOURS] [stale=DURATION]     what is hot from now on, and how far behind it may be
//	  adopt TABLE HOT ZONE [FROM] columns=COLUMN,…              others write it, and HOT has these columns; time= names its days
//	  covered TABLE FIRST LAST                                  these days are the same on both sides
//	  differs TABLE DAY WORDS…                                  this one is not
//	  lacks TABLE BATCH COLUMN                                  the batch's files do not tell the column's bounds; COLUMN? has NULLs
//	generation ago=DURATION         the next generation, committed so long ago: the one before, changed by such lines
//	cache max=BYTES present=BYTES [held=BYTES]   the lake is elsewhere behind this cache; 1 MB/s are fetched
//	plan [latency=CLASS] [max_scan=BYTES] [generation=N] [max_staleness=DURATION]   plans the statement and prints what was decided
func TestPlan(t *testing.T) {
	t.Parallel()
	recalled := 0
	defer func() {
		if recalled < 40 {
			t.Errorf("only %d statements came from the plan cache", recalled)
		}
	}()
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		t.Helper()
		f := &planFixture{}
		defer func() { recalled += f.recalled }()
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			t.Helper()
			switch d.Cmd {
			case "catalog":
				f.catalogHistory = catalogHistory{parseCatalog(t, d.Input)}
				f.router = New(Options{
					Views: f, Pins: noPins{}, Local: noEngine("local"), Cold: noEngine("cold"),
					LocalPath: func(f engine.ScanFile) string { return "/lake/" + f.Key },
					Hot: &Hot{
						Engine: noEngine("hot"), Table: func(n catalog.Name) string { return "hot." + n.String() },
						Distrust: func(*catalog.TableView) string { return "" },
					},
				})
				return ""
			case "generation":
				var ago string
				d.ScanArgs(t, "ago", &ago)
				f.next(t, ago, d.Input)
				return ""
			case "cache":
				f.router.o.Cache = parseCache(t, d)
				return ""
			case "plan":
				return f.plan(t, d)
			}
			t.Fatalf("unknown command %s", d.Cmd)
			return ""
		})
	})
}

type planFixture struct {
	catalogHistory
	router   *Router
	recalled int // statements that were planned a second time, from the plan cache
}

// fixedCache holds the same for every statement.
type fixedCache struct{ most, present, held int64 }

func (c fixedCache) Present([]engine.ScanFile) int64 { return c.present }
func (c fixedCache) MaxBytes() int64                 { return c.most }
func (c fixedCache) Free() int64                     { return c.most - c.held }
func (c fixedCache) FetchRate() float64              { return 1e6 }
func (c fixedCache) InPlace(engine.ScanFile) bool    { return false }

func parseCache(t *testing.T, d *datadriven.TestData) fixedCache {
	t.Helper()
	var c fixedCache
	d.ScanArgs(t, "max", &c.most)
	d.ScanArgs(t, "present", &c.present)
	d.MaybeScanArgs(t, "held", &c.held)
	return c
}

type noPins struct{}

func (noPins) Pin(int64) (func(), error) { return func() {}, nil }

// noEngine only has a name: planning must not touch engines.
type noEngine string

func (noEngine) Describe(context.Context, engine.Statement) ([]engine.Column, error) {
	return nil, errors.New("planning described a statement")
}

func (noEngine) Query(context.Context, engine.Statement) (engine.Rows, error) {
	return nil, errors.New("planning ran a statement")
}

func (f *planFixture) plan(t *testing.T, d *datadriven.TestData) string {
	t.Helper()
	req := Request{MaxStaleness: -1}
	for _, a := range d.CmdArgs {
		switch a.Key {
		case "latency":
			req.Latency = a.Vals[0]
		case "max_scan":
			n, err := strconv.ParseInt(a.Vals[0], 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			req.MaxScan = n
		case "generation":
			n, err := strconv.ParseInt(a.Vals[0], 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			req.Generation = n
		case "max_staleness":
			req.MaxStaleness = parseSpan(t, a.Vals[0])
		default:
			t.Fatalf("unknown argument %s", a.Key)
		}
	}
	p, err := f.ask(t, d.Input, req)
	told := f.tell(p, err)
	f.checkRecalled(t, d.Input, req, told)
	return told
}

// tell prints a plan, and gives it back.
func (f *planFixture) tell(p *engine.Plan, err error) string {
	if e, ok := errors.AsType[*pgerr.Error](err); ok {
		return strings.TrimSpace(fmt.Sprintf("%s: %s\n%s", e.Code, e.Message, hintLine(e))) + "\n"
	}
	if err != nil {
		return "error: " + err.Error() + "\n"
	}
	defer p.Release()
	var b strings.Builder
	for _, n := range p.Notices {
		fmt.Fprintf(&b, "%s: %s\n", n.Severity, n.Message)
	}
	by := fmt.Sprint(p.Engine)
	if _, ok := p.Engine.(known); ok {
		by = "itself"
	}
	fmt.Fprintf(&b, "%s by %s: %s\n", p.Route, by, p.Reason)
	fmt.Fprintf(&b, "files %d kept, %d pruned; %d bytes", p.FilesKept, p.FilesPruned, p.Bytes)
	if f.router.o.Cache != nil {
		fmt.Fprintf(&b, ", %d cached; %s", p.CachedBytes, formatDuration(p.Estimate))
		for _, s := range p.Statement.Files {
			fmt.Fprintf(&b, "\nneeds %v of %s", s.Columns, s.Key)
		}
	}
	if p.Generation != f.catalogHistory[0].Generation {
		fmt.Fprintf(&b, "; generation %d", p.Generation)
	}
	b.WriteByte('\n')
	b.WriteString(paths.ReplaceAllStringFunc(p.Statement.SQL, shortPath) + "\n")
	if w := p.Statement.Waves; w != nil {
		for i, part := range w.Parts {
			fmt.Fprintf(&b, "wave %d: %s\n", i+1, paths.ReplaceAllStringFunc(part.SQL, shortPath))
		}
		fmt.Fprintf(&b, "final: %s, limit %d\n", w.Final, w.Limit)
	}
	return b.String()
}

var paths = regexp.MustCompile(`/lake/[^']*`)

func shortPath(p string) string { return strings.TrimPrefix(p, "/lake/") }

func hintLine(e *pgerr.Error) string {
	if e.Hint == "" {
		return ""
	}
	return "hint: " + e.Hint
}

func (f *planFixture) ask(t *testing.T, text string, req Request) (*engine.Plan, error) {
	t.Helper()
	statements, err := sql.Parse(text)
	if err != nil {
		return nil, err
	}
	req.Statement = statements[0]
	req.Query, err = f.router.Bind(t.Context(), req.Generation, statements[0], planEnv())
	if err != nil {
		return nil, err
	}
	return f.router.Plan(t.Context(), req)
}

func planEnv() sql.Env {
	now := time.Date(2018, 2, 10, 12, 0, 0, 0, time.UTC)
	return sql.Env{SearchPath: []string{"public"}, Database: "tidegate", User: "demo", Zone: time.UTC, Now: now, Statement: now}
}

func parseTable(t *testing.T, name catalog.Name, words []string) *catalog.TableView {
	t.Helper()
	tv := &catalog.TableView{
		Table: &catalog.Table{Name: name, SchemaVersion: 1},
		Hot:   catalog.HotState{Covered: map[catalog.Pair][]catalog.HotPart{}, Versions: map[int][]string{}},
	}
	for _, w := range words {
		if hot, ok := strings.CutPrefix(w, "hot="); ok {
			tv.Table.Hot = &catalog.HotSpec{Columns: strings.Split(hot, ",")}
			tv.Hot.Versions[1] = tv.Table.Hot.Columns
			continue
		}
		if column, ok := strings.CutPrefix(w, "time="); ok {
			tv.Table.Time = &catalog.TimeSpec{Column: column, Zone: "UTC", Grain: "day"}
			continue
		}
		column, typ, _ := strings.Cut(w, ":")
		typ, partition := strings.CutSuffix(typ, "*")
		pg, err := pgtypes.Parse(typ)
		if err != nil {
			t.Fatal(err)
		}
		tv.Table.Columns = append(tv.Table.Columns, catalog.Column{Name: column, Type: pg, Partition: partition})
	}
	return tv
}

func parseFile(t *testing.T, table *catalog.Table, words []string) *catalog.File {
	t.Helper()
	f := &catalog.File{Batch: words[0], Partition: words[1], SchemaVersion: 1}
	f.Path = table.Name.String() + "/" + f.Partition + "/run=" + f.Batch + "/0000.parquet"
	for _, c := range table.Columns {
		if !c.Partition {
			f.Stats = append(f.Stats, catalog.ColumnStats{Name: c.Name, Bytes: 1000, Exact: true})
			f.Bytes += 1000
		}
	}
	for _, w := range words[2:] {
		key, value, _ := strings.Cut(w, "=")
		if n, err := strconv.ParseInt(value, 10, 64); err == nil {
			switch key {
			case "rows":
				f.Rows = n
			case "each":
				f.Bytes = n * int64(len(f.Stats))
				for i := range f.Stats {
					f.Stats[i].Bytes = n
				}
			default:
				t.Fatalf("unknown number %s", w)
			}
			continue
		}
		low, high, _ := strings.Cut(value, "..")
		i := slices.IndexFunc(f.Stats, func(s catalog.ColumnStats) bool { return s.Name == key })
		column, _ := table.Column(key)
		f.Stats[i].Min, f.Stats[i].Max = bound(t, column.Type, low), bound(t, column.Type, high)
	}
	return f
}

func bound(t *testing.T, typ pgtypes.Type, text string) *pgtypes.Datum {
	t.Helper()
	d := &pgtypes.Datum{Class: pgtypes.ClassOf(typ.OID)}
	var err error
	switch d.Class {
	case pgtypes.ClassInt:
		d.I, err = strconv.ParseInt(text, 10, 64)
	case pgtypes.ClassTimestamptz:
		var at time.Time
		at, err = time.Parse("2006-01-02T15:04:05", text)
		d.I = at.UnixMicro()
	default:
		d.S = text
	}
	if err != nil {
		t.Fatal(err)
	}
	return d
}
