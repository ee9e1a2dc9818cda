package router

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"tidegate/catalog"
	"tidegate/internal/engine"
	"tidegate/internal/engine/parquetscan"
	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
	"tidegate/sql"
)

// build makes the plan of the chosen way.
func (d *decision) build(c *candidate, all []*candidate) (*engine.Plan, error) {
	p := &engine.Plan{Route: c.route, Bytes: c.bytes, CachedBytes: c.cached, Estimate: c.estimate, Reason: d.reason(c, all), HotOnly: d.hotOnly() != nil, Temporary: d.readsTemporary()}
	source := d.coldSource
	p.Engine = d.r.o.Cold
	if c.route == engine.RouteHot {
		source, p.Engine = d.hotSource, d.r.o.Hot.Engine
	}
	var err error
	if c.route == engine.RouteHot {
		p.Statement, err = d.hotStatement(source)
	} else {
		var text string
		text, err = d.req.Query.Render(source)
		p.Statement = d.statement(text)
	}
	if err != nil {
		return nil, err
	}
	p.Statement.Files = c.files
	if c.waves != nil {
		if p.Statement.Waves, err = d.waves(c.waves); err != nil {
			return nil, err
		}
		if !d.discreet() {
			p.Reason += fmt.Sprintf("; in %d waves of files: %s", len(c.waves.files), c.waves.because)
		}
	}
	for _, s := range d.scans {
		p.FilesKept += len(s.kept)
		p.FilesPruned += len(s.table.Files) - len(s.kept)
	}
	// A store that is down is worth a word to everybody who might have been answered by it.
	if c.route == engine.RouteCold && (d.latency == Interactive || all[0].down && d.latency != Archive) {
		p.Notices = append(p.Notices, engine.Notice{Severity: "NOTICE", Code: "00000", Message: "answered cold: " + d.why(all[0])})
	}
	p.Observe = d.observe(c)
	return p, nil
}

// hotStatement is the statement in the hot engine's words, with the values apart if it takes them so.
func (d *decision) hotStatement(source func(*sql.Use) (string, error)) (engine.Statement, error) {
	q := d.req.Query
	if d.r.o.Hot.Redshift && slices.ContainsFunc(q.Uses, (*sql.Use).Barrier) {
		return engine.Statement{}, pgerr.New(pgerr.FeatureNotSupported,
			"Redshift is not asked what can fail by a row's values where a row filter applies")
	}
	if !d.r.o.Hot.Postgres {
		text, err := q.Render(source)
		return d.statement(text), err
	}
	if d.r.o.Hot.Parameters {
		if text, args, ok, err := q.Parameterized(source); ok || err != nil {
			s := d.statement(text)
			s.Args, s.Literals = make([]engine.Arg, len(args)), len(args) > len(q.Params) && !d.byKey()
			for i, a := range args {
				s.Args[i] = engine.Arg(a)
			}
			return s, err
		}
	}
	render := q.RenderPostgres
	if d.r.o.Hot.Redshift && d.hotOnly() == nil { // what only the warehouse has is asked in the user's own words
		render = q.RenderRedshift
	}
	text, err := render(source)
	return d.statement(text), err
}

// byKey reports whether the statement asks every table for one value of its unique key: then no plan depends on which.
func (d *decision) byKey() bool {
	for _, s := range d.scans {
		key := s.table.Table.UniqueKey
		if len(key) == 0 || slices.ContainsFunc(key, func(column string) bool { return !oneValue(s.use.Where[column]) }) {
			return false
		}
	}
	return true
}

func oneValue(d sql.Domain) bool {
	if d.Null || len(d.Intervals) != 1 || d.Intervals[0].Low == nil || d.Intervals[0].High == nil {
		return false
	}
	order, ok := d.Intervals[0].Low.Compare(*d.Intervals[0].High)
	return ok && order == 0
}

func (d *decision) reason(c *candidate, all []*candidate) string {
	hot, cold := all[0], all[1]
	switch {
	case d.discreet():
		return d.discreetReason(c)
	case c == hot && d.freshness != "":
		return d.freshness
	case d.hotOnly() != nil:
		return cold.why
	case d.req.Statement.Hints.Engine != "":
		return "the statement asks for engine(" + d.req.Statement.Hints.Engine + ")"
	case c == cold && hot.barred != nil:
		return hot.why
	case c == hot && cold.barred != nil:
		return cold.why
	case d.latency == Archive:
		return "latency is archive"
	case d.latency == Interactive:
		return "latency is interactive and hot holds every column and partition asked for"
	case c == hot:
		return fmt.Sprintf("hot is estimated faster (%s, cold %s)", formatDuration(hot.estimate), formatDuration(cold.estimate))
	}
	return fmt.Sprintf("cold is estimated faster (%s, hot %s)", formatDuration(cold.estimate), formatDuration(hot.estimate))
}

func (d *decision) observe(c *candidate) func(time.Duration) {
	tables, bytes, files := d.tables(), c.bytes, d.files()
	if c.route == engine.RouteHot {
		return func(t time.Duration) { d.r.timings.observeHot(d.fingerprint, tables, t) }
	}
	if c.cached < c.bytes {
		return nil // it took the time of fetching too, which the cache measures
	}
	return func(t time.Duration) { d.r.timings.observeCold(bytes, files, t) }
}

// scanOf finds the scan of a mention.
func (d *decision) scanOf(u *sql.Use) (*scan, error) {
	for _, s := range d.scans {
		if s.use == u {
			return s, nil
		}
	}
	return nil, fmt.Errorf("relation %s is not part of the query", u.Relation.Name)
}

func (d *decision) coldSource(u *sql.Use) (string, error) {
	if u.Relation.Class == sql.ClassTemporary {
		return d.temporary.Source(u)
	}
	s, err := d.scanOf(u)
	if err != nil {
		return "", err
	}
	return d.r.parquet(s), nil
}

// parquet gives the FROM item of a scan's files.
func (r *Router) parquet(s *scan) string {
	files := make([]parquetscan.ParquetFile, len(s.kept))
	for i, f := range s.kept {
		files[i] = parquetscan.ParquetFile{Path: r.o.LocalPath(scanFile(f)), Partition: f.Partition}
	}
	return parquetscan.ParquetSource(files, s.columns())
}

func (s *scan) columns() []parquetscan.SourceColumn {
	columns := make([]parquetscan.SourceColumn, 0, len(s.use.Columns))
	for _, name := range s.use.Columns {
		c, _ := s.table.Table.Column(name)
		columns = append(columns, parquetscan.SourceColumn{Name: name, DuckDBType: c.Type.DuckDB(), FileType: c.FileType, Partition: c.Partition})
	}
	return columns
}

// hotSource reads the rows that count at the generation that is read: not those loaded after the newest one, not those
// withdrawn whose deletion is still to come, not those of files that are newer, and not those that lack a column.
func (d *decision) hotSource(u *sql.Use) (string, error) {
	switch u.Relation.Class {
	case sql.ClassHotOnly:
		return d.hotOnlySource(u), nil
	case sql.ClassTemporary:
		return d.temporary.Source(u)
	default:
	}
	s, err := d.scanOf(u)
	if err != nil {
		return "", err
	}
	if s.table.Table.Adopt != nil {
		return d.adoptedSource(s)
	}
	var b strings.Builder
	b.WriteString("(SELECT " + strings.Join(d.hotColumns(u, s.table.Table.SchemaVersion > 1), ", "))
	fmt.Fprintf(&b, " FROM %s WHERE _tg_seq <= %d", d.r.o.Hot.Table(s.table.Table.Name), s.now.Hot.MaxLoadSeq)
	if out := slices.Concat(s.now.Hot.Withdrawn, s.newer(), s.lacking()); len(out) > 0 {
		b.WriteString(" AND _tg_seq NOT IN (")
		for i, seq := range out {
			if i > 0 {
				b.WriteString(", ")
			}
			fmt.Fprint(&b, seq)
		}
		b.WriteString(")")
	}
	b.WriteString(")")
	return b.String(), nil
}

// newer gives the load sequences of pairs that are newer than the generation that is read, sorted. A compaction is not if
// it has the rows of pairs that were there.
func (s *scan) newer() []int64 {
	if s.now == s.table {
		return nil
	}
	seqs := map[int64]bool{}
	for _, f := range s.now.Files {
		if f.Generation > s.generation {
			addSeqs(seqs, s.now.Hot.Covered[pairOf(f)])
		}
	}
	if len(seqs) > 0 && len(s.now.Hot.Passed) > 0 {
		for _, f := range s.table.Files {
			for _, part := range s.loads(f) {
				delete(seqs, part.LoadSeq)
			}
		}
	}
	return slices.Sorted(maps.Keys(seqs))
}

func addSeqs(seqs map[int64]bool, loads []catalog.HotPart) {
	for _, part := range loads {
		seqs[part.LoadSeq] = true
	}
}

// lacking gives the load sequences of pairs that were loaded without a column of the statement and could be met all the
// same, sorted. None of their files is needed: they were left out by what the lake has in that column, or because
// others are enough for a LIMIT. But in the hot table the column is NULL.
func (s *scan) lacking() []int64 {
	where := maps.Clone(s.where)
	versions := map[int]bool{}
	for version, has := range s.now.Hot.Versions {
		missing := without(s.use.Columns, has)
		hidden := func(column string) bool {
			d, ok := s.where[column]
			return ok && !d.Null
		}
		if len(missing) == 0 || slices.ContainsFunc(missing, hidden) {
			continue // none of its NULLs is seen
		}
		versions[version] = true
		for _, column := range missing {
			delete(where, column)
		}
	}
	if len(versions) == 0 || len(where) == len(s.where) && !s.limited {
		return nil // what keeps the files out keeps the rows out
	}
	seqs := map[int64]bool{}
	for _, f := range Prune(s.table, where) {
		for _, part := range s.loads(f) {
			if versions[part.SchemaVersion] {
				seqs[part.LoadSeq] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(seqs))
}

// hotColumns are the columns that the statement needs; in PostgreSQL's words, where a * stands as it was written, all
// of the relation's, of which the others are NULLs. widened says that a column may be narrower in the hot table, which
// the next load alters: numbers would be computed as the narrow type.
func (d *decision) hotColumns(u *sql.Use, widened bool) []string {
	typeName := pgtypes.Type.DuckDB
	if d.r.o.Hot.Postgres {
		typeName = pgtypes.Type.String
	}
	var list []string
	for _, c := range u.Relation.Columns {
		name := quoteIdent(c.Name)
		switch {
		case slices.Contains(u.Columns, c.Name) && widened && isNumber(c.Type):
			list = append(list, "CAST("+name+" AS "+typeName(c.Type)+") AS "+name)
		case slices.Contains(u.Columns, c.Name):
			list = append(list, name)
		case d.r.o.Hot.Postgres:
			list = append(list, "CAST(NULL AS "+typeName(c.Type)+") AS "+name)
		}
	}
	if len(list) == 0 {
		return []string{"1"}
	}
	return list
}

func isNumber(t pgtypes.Type) bool {
	switch pgtypes.ClassOf(t.OID) {
	case pgtypes.ClassInt, pgtypes.ClassFloat, pgtypes.ClassNumeric:
		return true
	default:
		return false
	}
}

func quoteIdent(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }

func pairOf(f *catalog.File) catalog.Pair {
	return catalog.Pair{Batch: f.Batch, Partition: f.Partition}
}
