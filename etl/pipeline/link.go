package pipeline

import (
	"fmt"
	"slices"

	"tidegate/catalog"
	"tidegate/internal/pgtypes"
	"tidegate/sql"
)

// link orders the pipelines and checks what needs the columns of their tables.
func (l *loader) link(drafts []*draft) []*Pipeline {
	draftOf := map[*Pipeline]*draft{}
	pipelines := make([]*Pipeline, len(drafts))
	made, adopted := map[catalog.Name]bool{}, map[catalog.Name]bool{}
	for i, d := range drafts {
		draftOf[d.Pipeline], pipelines[i] = d, d.Pipeline
		made[d.Table] = true
		adopted[d.Table] = d.Adopt != nil
	}
	sorted, err := Sort(pipelines)
	if err != nil {
		l.note(drafts[0], err)
		return nil
	}
	tables := Tables{}
	for _, p := range sorted {
		d := draftOf[p]
		if !l.upstream(d, made, adopted) || p.Statement == nil || d.untyped {
			continue
		}
		columns, selected, err := p.output(tables)
		if err != nil {
			l.note(d, err)
			continue
		}
		tables[p.Table] = columns
		l.names(d, columns, selected)
	}
	return sorted
}

// upstream reports whether the tables that a pipeline reads are there to check it against.
func (l *loader) upstream(d *draft, made, adopted map[catalog.Name]bool) bool {
	ok := true
	for _, name := range d.Upstream {
		if !made[name] {
			l.fail(d, d.SQLFile, 1, "no pipeline makes the table %s", name)
		}
		if adopted[name] {
			l.fail(d, d.SQLFile, 1, "table %s is adopted; a pipeline cannot read an adopted table yet", name)
		}
		ok = ok && made[name] && !adopted[name] && !l.broken[name]
	}
	if !ok {
		l.broken[d.Table] = true
	}
	return ok
}

// names checks every name of a column in the yml against the columns of the table, of which the first ones are
// selected and the others made.
func (l *loader) names(d *draft, columns []catalog.Column, selected int) {
	all := make([]string, len(columns))
	for i, c := range columns {
		all[i] = c.Name
	}
	given := all[:selected] // without a dt that is made from the time
	if len(given) < len(all) {
		if d.Time == nil {
			l.at(d, "partition_by", "dt is made from the time, but key time is missing; write time: { column: ts }, or give dt in the SELECT")
		}
	}
	for path, names := range map[string][]string{"cluster_by": d.ClusterBy, "unique_key": d.UniqueKey} {
		l.members(d, path, names, given)
	}
	l.members(d, "partition_by", d.PartitionBy, all)
	l.keyNames(d, all)
	l.checkNames(d, columns, all)
	if d.Hot != nil {
		l.members(d, "hot.columns", d.Hot.Columns, all)
		if d.Hot.FromTable {
			l.members(d, "hot.sort", d.Hot.Sort, all)
		}
	}
	for i, c := range d.Columns {
		if c.Name != "" {
			l.member(d, fmt.Sprintf("columns[%d].name", i), c.Name, all, "column")
		}
		if j := slices.Index(all, c.Name); j >= 0 && c.MaxBytes > 0 {
			l.maxBytes(d, fmt.Sprintf("columns[%d]", i), columns[j], c.OnOverflow)
		}
	}
	if d.Time != nil && d.Time.Column != "" {
		l.member(d, "time.column", d.Time.Column, given, "column")
		if j := slices.Index(given, d.Time.Column); j >= 0 {
			l.timeType(d, columns[j])
		}
	}
	if !slices.ContainsFunc(columns, func(c catalog.Column) bool { return !c.Partition }) {
		l.at(d, "partition_by", "every column is a partition column; files would have none")
	}
}

// maxBytes checks that values of a column have a length, and that they can be cut if they shall be.
func (l *loader) maxBytes(d *draft, path string, c catalog.Column, onOverflow string) {
	switch {
	case d.Hot != nil && slices.Contains(d.Hot.Columns, c.Name) && c.MaxBytes > catalog.HotMaxBytes:
		l.at(d, path+".max_bytes", "column %s is hot, and a hot column has at most %d bytes", c.Name, catalog.HotMaxBytes)
	case pgtypes.ClassOf(c.Type.OID) == pgtypes.ClassText:
	case c.Type.OID != pgtypes.JSON:
		l.at(d, path+".max_bytes", "column %s is %s; max_bytes is for text, varchar and json", c.Name, c.Type)
	case onOverflow == "truncate":
		l.at(d, path+".on_overflow", "column %s is json; what is cut off is json no longer: write on_overflow: reject", c.Name)
	}
}

func (l *loader) members(d *draft, path string, names, all []string) {
	l.unique(d, path, names)
	for i, name := range names {
		l.member(d, fmt.Sprintf("%s[%d]", path, i), name, all, "column")
	}
}

func (l *loader) timeType(d *draft, c catalog.Column) {
	switch c.Type.OID {
	case pgtypes.Timestamptz, pgtypes.Timestamp:
	case pgtypes.Date:
		if d.Time.Grain == "hour" {
			l.at(d, "time.grain", "column %s is date, which has no hours; grain can be day, month", c.Name)
		}
	default:
		l.at(d, "time.column", "column %s is %s; the time must be timestamptz, timestamp or date", c.Name, c.Type)
	}
}

// Tables has the columns of tables that pipelines make.
type Tables map[catalog.Name][]catalog.Column

// Relation finds a table.
func (t Tables) Relation(schema, table string) (*sql.Relation, bool) {
	columns, ok := t[catalog.Name{Schema: schema, Table: table}]
	if !ok {
		return nil, false
	}
	r := &sql.Relation{Name: sql.TableName{Schema: schema, Table: table}}
	for _, c := range columns {
		r.Columns = append(r.Columns, sql.Column{Name: c.Name, Type: c.Type})
	}
	return r, true
}

// HasSchema reports whether some table is in the schema.
func (t Tables) HasSchema(schema string) bool {
	for name := range t {
		if name.Schema == schema {
			return true
		}
	}
	return false
}
