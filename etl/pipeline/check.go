package pipeline

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"tidegate/catalog"
	"tidegate/etl/avrosubset"
	"tidegate/internal/yamlfile"
)

// Defaults of a batch.
const (
	defaultMaxBytes   = 8 << 30
	defaultMaxObjects = 10_000

	defaultKeepQuarantine = 30 * 24 * time.Hour
)

// check makes the Pipeline of the yml, as far as the yml alone can tell what is right.
func (l *loader) check(d *draft, data []byte) {
	for _, key := range notYet() {
		if _, given := d.lines[key]; given {
			l.at(d, key, "%s is not supported yet", key)
		}
	}
	d.Schedule = d.yml.Schedule
	if d.adopts() {
		l.adopt(d)
		return
	}
	l.table(d)
	d.Description = d.yml.Description
	l.source(d, data)
	l.time(d)
	d.PartitionBy, d.ClusterBy, d.UniqueKey = d.yml.PartitionBy, d.yml.ClusterBy, d.yml.UniqueKey
	l.keys(d)
	l.hot(d)
	l.columns(d)
	l.checks(d)
	l.limits(d)
}

// missing complains of a key that must be there.
func (l *loader) missing(d *draft, path, example string) {
	if _, given := d.lines[path]; !given {
		l.at(d, path, "key %s is missing; write %s", path, example)
	}
}

// one complains unless value is one of the choices; nothing is said of "".
func (l *loader) one(d *draft, path, value string, choices ...string) {
	if value != "" && !slices.Contains(choices, value) {
		l.at(d, path, "%s %q is unknown%s; it can be %s", path, value, yamlfile.DidYouMean(value, choices), strings.Join(choices, ", "))
	}
}

var identifier = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

func tableName(s string) (catalog.Name, bool) {
	name, ok := catalog.ParseName(s)
	return name, ok && identifier.MatchString(name.Schema) && identifier.MatchString(name.Table)
}

func (l *loader) table(d *draft) {
	if d.yml.Table == "" {
		l.missing(d, "table", "table: schema.name")
		return
	}
	name, ok := tableName(d.yml.Table)
	switch {
	case !ok:
		l.at(d, "table", "table %q is not schema.table in lower-case letters, digits and _", d.yml.Table)
	case slices.Contains([]string{"tidegate", "tidegate_etl", "tidegate_hot", "pg_catalog", "information_schema"}, name.Schema):
		l.at(d, "table", "schema %s is Tidegate's own; choose another", name.Schema)
	default:
		d.Table = name
	}
}

func (l *loader) source(d *draft, data []byte) {
	s := d.yml.Source
	if s == nil {
		for _, key := range []string{"fields", "unique_key", "batch", "lookups"} {
			if _, given := d.lines[key]; given {
				l.at(d, key, "%s needs a source; this pipeline has none and reads tables", key)
			}
		}
		return
	}
	d.Source = &Source{Location: s.Location, Events: s.Events, EventsLine: d.lines["source.events"], Format: s.Format, Required: s.Required}
	l.location(d, "source.location", s.Location, "location: file:./raw/")
	if s.Events != "" && !strings.HasPrefix(s.Location, "s3://") {
		l.at(d, "source.events", "events are of a bucket, and location is %q; write s3://BUCKET/PREFIX", s.Location)
	}
	if s.Format == "" {
		l.missing(d, "source.format", "format: json")
	}
	l.one(d, "source.format", s.Format, formats()...)
	l.unique(d, "source.required", s.Required)
	l.one(d, "source.unknown_fields", s.Unknown, "report", "collect")
	if d.Source.CollectUnknown = s.Unknown == "collect"; d.Source.CollectUnknown && slices.Contains(s.Required, RestField) {
		l.at(d, "source.required", "%s is what unknown_fields: collect makes; no record has to have it", RestField)
	}
	ordered := orderedFields(data)
	d.Source.Fields = l.fields(d, "fields", d.yml.Fields, ordered.Fields)
	if i := slices.IndexFunc(d.Source.Fields, d.Source.Collects); i >= 0 {
		l.at(d, "fields."+RestField, "field %s is what unknown_fields: collect makes, and is json; remove it from fields", RestField)
	}
	l.csv(d, "source", s, d.Source)
	l.lookups(d, ordered)
}

// formats are those of raw records.
func formats() []string { return []string{"json", "csv", "tsv", "avro", "parquet"} }

// location checks a location at a key; example is what to write if there is none.
func (l *loader) location(d *draft, path, location, example string) {
	switch {
	case location == "":
		l.missing(d, path, example)
	case strings.HasPrefix(location, "s3://") && !strings.HasPrefix(location, "s3:///") && location != "s3://":
	case !strings.HasPrefix(location, "file:") || location == "file:":
		l.at(d, path, "location %q is not file:PATH or s3://BUCKET/PREFIX", location)
	}
}

// inOrder are the declared fields in the file's order, which a map does not keep.
type inOrder struct {
	Fields  yaml.MapSlice `yaml:"fields"`
	Lookups map[string]struct {
		Fields yaml.MapSlice `yaml:"fields"`
	} `yaml:"lookups"`
}

func orderedFields(data []byte) inOrder {
	var o inOrder
	if err := yaml.Unmarshal(data, &o); err != nil {
		return inOrder{} // Decode has said why
	}
	return o
}

// fields reads declared fields, whose names are below the key path.
func (l *loader) fields(d *draft, path string, given ymlFields, ordered yaml.MapSlice) (fields []Field) {
	folded := map[string]string{}
	for _, item := range ordered {
		name := fmt.Sprint(item.Key)
		text, ok := given[name]
		if !ok {
			continue
		}
		at := path + "." + name
		t, err := parseType(text)
		switch other := folded[strings.ToLower(name)]; {
		case err != nil:
			d.untyped = true
			l.at(d, at, "field %s: %v", name, err)
		case other != "":
			l.at(d, at, "fields %s and %s differ only in case", other, name)
		case strings.HasPrefix(name, "_tg_"):
			l.at(d, at, "field %s: names with _tg_ are Tidegate's own", name)
		}
		folded[strings.ToLower(name)] = name
		fields = append(fields, Field{Name: name, Type: t})
	}
	return fields
}

// unique complains of names that a list has twice.
func (l *loader) unique(d *draft, path string, names []string) {
	for i, name := range names {
		if slices.Contains(names[:i], name) {
			l.at(d, fmt.Sprintf("%s[%d]", path, i), "%s has %s twice", path, name)
		}
	}
}

func (l *loader) time(d *draft) {
	t := d.yml.Time
	if t == nil {
		return
	}
	d.Time = &catalog.TimeSpec{Column: t.Column, Zone: "UTC", Grain: "day"}
	if t.Column == "" {
		l.missing(d, "time.column", "column: ts")
	}
	if t.Zone != "" {
		d.Time.Zone = t.Zone
		if !knownZone(t.Zone) {
			l.at(d, "time.zone", "zone %q is not known; write a name of the IANA list, as UTC or Asia/Tokyo", t.Zone)
		}
	}
	l.one(d, "time.grain", t.Grain, "hour", "day", "month")
	if t.Grain != "" {
		d.Time.Grain = t.Grain
	}
}

// knownZone reports whether the name is one of the IANA list, which DuckDB has too. The machine's own folder of zones
// also has names for itself and a second set with leap seconds.
func knownZone(name string) bool {
	if slices.Contains([]string{"Local", "localtime", "posixrules", "Factory"}, name) ||
		strings.HasPrefix(name, "posix/") || strings.HasPrefix(name, "right/") {
		return false
	}
	_, err := time.LoadLocation(name)
	return err == nil
}

func (l *loader) hot(d *draft) {
	h := d.yml.Hot
	d.MaxStaleness = (*time.Duration)(d.yml.Staleness)
	if h == nil {
		if d.MaxStaleness != nil {
			l.at(d, "max_staleness", "max_staleness needs hot: a table that is never hot is never behind")
		}
		return
	}
	d.Hot = &catalog.HotSpec{Columns: h.Columns, Keep: time.Duration(h.Keep), Sort: h.Sort, Dist: h.Dist}
	l.one(d, "hot.format", h.Format, "parquet", catalog.FormatAvro)
	if h.Format == catalog.FormatAvro {
		d.Hot.Format = h.Format
		for i, name := range h.Columns {
			if err := avrosubset.CheckName(name); err != nil {
				l.at(d, fmt.Sprintf("hot.columns[%d]", i), "%v; write hot.format: parquet", err)
			}
		}
	}
	if d.hotFromTable() {
		l.hotFromTable(d)
		return
	}
	if len(h.Columns) == 0 {
		if _, given := d.lines["hot.columns"]; given && h.Columns != nil {
			l.at(d, "hot.columns", "hot.columns is empty")
		}
		l.missing(d, "hot.columns", "columns: [ts, …]")
	}
	l.hotKeep(d)
	l.unique(d, "hot.columns", h.Columns)
	if name, ok := distKey(h.Dist); ok {
		l.member(d, "hot.dist", name, h.Columns, "hot column")
	} else {
		l.one(d, "hot.dist", h.Dist, "auto", "even", "all", "key(column)")
	}
	for i, name := range h.Sort {
		l.member(d, fmt.Sprintf("hot.sort[%d]", i), name, h.Columns, "hot column")
	}
}

func (l *loader) hotKeep(d *draft) {
	if _, given := d.lines["hot.keep"]; given && d.Hot.Keep > 0 && d.Time == nil {
		l.at(d, "hot.keep", "keep needs time: without it no row is older than another")
	}
}

// hotFromTable reports whether the yml has the word, not a list of a column of that name.
func (d *draft) hotFromTable() bool {
	_, list := d.lines["hot.columns[0]"]
	return len(d.yml.Hot.Columns) == 1 && !list
}

// hotFromTable checks the hot table that somebody else makes. Names of columns are checked with those of the table.
func (l *loader) hotFromTable(d *draft) {
	d.Hot.Columns, d.Hot.FromTable, d.FromTableLine = nil, true, d.lines["hot.columns"]
	if d.Hot.Dist != "" {
		l.at(d, "hot.dist", "dist is for a hot table that Tidegate makes; columns: from_table leaves it as it is")
	}
	l.hotKeep(d)
	l.unique(d, "hot.sort", d.Hot.Sort)
}

// distKey gives the column of key(column).
func distKey(dist string) (column string, ok bool) {
	inner, ok := strings.CutPrefix(dist, "key(")
	column, closed := strings.CutSuffix(inner, ")")
	return strings.TrimSpace(column), ok && closed
}

// member complains unless name is one of names.
func (l *loader) member(d *draft, path, name string, names []string, what string) {
	if !slices.Contains(names, name) {
		l.at(d, path, "%s: there is no %s %s%s; there are %s", path, what, name, yamlfile.DidYouMean(name, names), strings.Join(names, ", "))
	}
}

func (l *loader) columns(d *draft) {
	var names []string
	for i, c := range d.yml.Columns {
		path := fmt.Sprintf("columns[%d]", i)
		column := Column{Name: c.Name, Description: c.Description, MaxBytes: c.MaxBytes, OnOverflow: c.OnOverflow}
		if c.Name == "" {
			l.missing(d, path+".name", "name: column")
		}
		if c.Type != "" {
			t, err := parseType(c.Type)
			if err != nil {
				l.at(d, path+".type", "column %s: %v", c.Name, err)
			}
			column.Type = &t
		}
		if c.MaxBytes < 0 {
			l.at(d, path+".max_bytes", "column %s: max_bytes must be positive", c.Name)
		}
		l.one(d, path+".on_overflow", c.OnOverflow, "truncate", "reject")
		switch {
		case c.MaxBytes == 0 && c.OnOverflow != "":
			l.at(d, path+".on_overflow", "%s.on_overflow needs max_bytes", path)
		case c.MaxBytes > 0 && c.OnOverflow == "":
			l.missing(d, path+".on_overflow", "on_overflow: truncate or reject")
		}
		names = append(names, c.Name)
		d.Columns = append(d.Columns, column)
	}
	l.unique(d, "columns", names)
}

func (l *loader) limits(d *draft) {
	d.MaxBytes, d.MaxObjects = defaultMaxBytes, defaultMaxObjects
	if d.yml.Batch.MaxBytes > 0 {
		d.MaxBytes = int64(d.yml.Batch.MaxBytes)
	}
	if n := d.yml.Batch.MaxObjects; n != nil {
		d.MaxObjects = *n
		if *n < 1 {
			l.at(d, "batch.max_objects", "max_objects must be at least 1")
		}
	}
	d.KeepQuarantine = defaultKeepQuarantine
	if k := d.yml.Keep; k != nil {
		d.KeepQuarantine = time.Duration(*k)
	}
	d.Lookback = time.Duration(d.yml.Lookback)
	if d.Lookback > 0 && d.Source != nil {
		l.at(d, "lookback", "lookback is for pipelines that read tables; this one reads a source")
	}
}
