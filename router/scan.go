package router

import (
	"cmp"
	"fmt"
	"slices"

	"tidegate/catalog"
	"tidegate/internal/engine"
	"tidegate/internal/pgtypes"
	"tidegate/sql"
)

// scan is one mention of a lake table in the statement, with the files that may hold its rows.
type scan struct {
	use *sql.Use
	// where is use.Where with what subqueries prove at the generation that is read.
	where map[string]sql.Domain
	table *catalog.TableView // at the generation that is read
	now   *catalog.TableView // at the newest one, which says what is hot
	// generation is the one that is read.
	generation int64
	kept       []*catalog.File
	// limited says that a preview needs only the kept files although others may hold rows.
	limited bool
}

// scanAll finds the lake's tables among the relations.
func (d *decision) scanAll() error {
	for _, u := range d.req.Query.Uses {
		if u.Relation.Class != sql.ClassLake {
			continue
		}
		n := catalog.Name{Schema: u.Relation.Name.Schema, Table: u.Relation.Name.Table}
		t, ok := d.view.Tables[n]
		if !ok {
			return fmt.Errorf("table %s is not in generation %d", n, d.view.Generation)
		}
		d.scans = append(d.scans, &scan{
			use: u, where: u.Where, table: t, now: d.newest.Tables[n], generation: d.view.Generation,
			kept: Prune(t, pruning(t.Table, u, u.Where)),
		})
	}
	d.narrow()
	return nil
}

// narrow leaves files out by the values of scalar subqueries that statistics tell at the generation that is read.
func (d *decision) narrow() {
	where, ok := d.req.Query.Narrowed(d.known)
	if !ok {
		return
	}
	for _, s := range d.scans {
		s.where = where[slices.Index(d.req.Query.Uses, s.use)]
		s.kept = Prune(s.table, pruning(s.table.Table, s.use, s.where))
	}
}

// bytes is the compressed size of the columns that the statement needs in the kept files.
func (s *scan) bytes() int64 {
	var n int64
	for _, f := range s.kept {
		for i := range f.Stats {
			if slices.Contains(s.use.Columns, f.Stats[i].Name) {
				n += f.Stats[i].Bytes
			}
		}
	}
	return n
}

// files gives the kept files with the columns that the statement needs of them.
func (s *scan) files() []engine.ScanFile {
	var columns []string
	for _, c := range s.columns() {
		if !c.Partition {
			columns = append(columns, c.Name)
		}
	}
	files := make([]engine.ScanFile, len(s.kept))
	for i, f := range s.kept {
		files[i] = scanFile(f)
		files[i].Columns = columns
	}
	return files
}

func scanFile(f *catalog.File) engine.ScanFile {
	return engine.ScanFile{Key: f.Path, ETag: f.ETag, Size: f.Bytes, FooterBytes: f.FooterBytes}
}

func (s *scan) rows() int64 {
	var n int64
	for _, f := range s.kept {
		n += f.Rows
	}
	return n
}

// single reports whether the statement mentions one relation only, a table of the lake.
func (d *decision) single() bool { return len(d.scans) == 1 && len(d.req.Query.Uses) == 1 }

// preview narrows the one scan of a LIMIT query to the files that can satisfy it, in catalog order or, for an
// ORDER BY, from the end that the order begins with.
func (d *decision) preview() {
	shape := d.req.Query.Shape
	if shape.Limit < 0 || shape.Filtered || !d.single() {
		return
	}
	s := d.scans[0]
	var enough []*catalog.File
	if shape.OrderBy == "" {
		enough = firstFiles(s.kept, shape.Limit)
	} else {
		enough = extremeFiles(s.kept, shape.OrderBy, shape.OrderDesc, shape.Limit)
	}
	s.limited = len(enough) < len(s.kept)
	s.kept = enough
}

func firstFiles(files []*catalog.File, limit int64) []*catalog.File {
	var rows int64
	for i, f := range files {
		if rows >= limit {
			return files[:i]
		}
		rows += f.Rows
	}
	return files
}

// extremeFiles gives files that certainly hold the first rows of an order by column: as many values as the limit
// that no value of a file left out precedes. Descending order begins with NULLs, so a file with one stays in.
func extremeFiles(files []*catalog.File, column string, desc bool, limit int64) []*catalog.File {
	sorted := slices.Clone(files)
	stats := make(map[*catalog.File]*catalog.ColumnStats, len(files))
	for _, f := range files {
		s, ok := f.Stat(column)
		if !ok || s.Min == nil || s.Max == nil || s.Nulls != 0 || s.Min.Class == pgtypes.ClassFloat {
			return files
		}
		stats[f] = s
	}
	near, far := nearFar(stats, desc)
	comparable := true
	slices.SortStableFunc(sorted, func(a, b *catalog.File) int {
		order, ok := near(a).Compare(*near(b))
		comparable = comparable && ok
		return order * sign(desc)
	})
	if !comparable {
		return files
	}
	var rows int64
	var edge *pgtypes.Datum // the last value that the files so far surely reach
	for i, f := range sorted {
		if rows >= limit && edge != nil {
			if order, _ := near(f).Compare(*edge); order*sign(desc) >= 0 {
				return sorted[:i]
			}
		}
		rows += f.Rows
		if edge == nil {
			edge = far(f)
		} else if order, _ := far(f).Compare(*edge); order*sign(desc) > 0 {
			edge = far(f)
		}
	}
	return files
}

// nearFar give the end of a file that the order meets first, and the other one.
func nearFar(stats map[*catalog.File]*catalog.ColumnStats, desc bool) (near, far func(*catalog.File) *pgtypes.Datum) {
	low := func(f *catalog.File) *pgtypes.Datum { return stats[f].Min }
	high := func(f *catalog.File) *pgtypes.Datum { return stats[f].Max }
	if desc {
		return high, low
	}
	return low, high
}

func sign(desc bool) int {
	if desc {
		return -1
	}
	return 1
}

// loads gives the loads that have the rows of a file's pair and are in the hot table now; none if it is not hot.
func (s *scan) loads(f *catalog.File) []catalog.HotPart {
	if s.now == s.table {
		return s.now.Hot.Covered[pairOf(f)]
	}
	return s.now.Loads(f)
}

// replaced gives a kept file that is not live any more and whose rows no hot compaction has. They may be gone.
func (s *scan) replaced() (*catalog.File, bool) {
	if s.now == s.table {
		return nil, false
	}
	i := slices.IndexFunc(s.kept, func(f *catalog.File) bool { return len(s.loads(f)) == 0 && !s.now.Live(f) })
	if i < 0 {
		return nil, false
	}
	return s.kept[i], true
}

// uncoveredPairs gives the pairs of the kept files that are not hot, sorted.
func (s *scan) uncoveredPairs() []catalog.Pair {
	seen := map[catalog.Pair]bool{}
	for _, f := range s.kept {
		if len(s.loads(f)) == 0 {
			seen[pairOf(f)] = true
		}
	}
	pairs := make([]catalog.Pair, 0, len(seen))
	for p := range seen {
		pairs = append(pairs, p)
	}
	slices.SortFunc(pairs, func(a, b catalog.Pair) int {
		return cmp.Or(cmp.Compare(a.Partition, b.Partition), cmp.Compare(a.Batch, b.Batch))
	})
	return pairs
}
