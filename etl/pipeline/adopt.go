package pipeline

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"tidegate/catalog"
	"tidegate/internal/pgtypes"
)

// Adopt makes a table of what others write: Parquet below Cold, and perhaps a table of the warehouse. A pipeline that
// adopts is a .yml alone; its Time names the column that splits both sides into days.
type Adopt struct {
	Cold    string        // "s3://bucket/prefix/", "file:./folder/"
	Hot     string        // "public.events"; "" is none
	HotFrom string        // "2018-01-01"; "" is the oldest day
	Verify  time.Duration // how long the comparison of the two sides counts
	// Lines of the yml, for those who find out later that a value cannot be.
	HotLine, ColdLine, SplitLine int
}

// defaultVerify is how long the comparison of an adopted table's two sides counts.
const defaultVerify = 15 * time.Minute

type ymlAdopt struct {
	Hot     string   `yaml:"hot"`
	Cold    string   `yaml:"cold"`
	SplitOn string   `yaml:"split_on"`
	HotFrom string   `yaml:"hot_from"`
	Verify  duration `yaml:"verify"`
}

// adopts reports whether the yml is one without a SELECT.
func (d *draft) adopts() bool {
	_, given := d.lines["adopt"]
	return given
}

// adopt checks a yml that adopts.
func (l *loader) adopt(d *draft) {
	l.table(d)
	d.Description = d.yml.Description
	for _, key := range []string{
		"source", "fields", "partition_by", "cluster_by", "unique_key", "hot", "checks", "batch", "lookups", "lookback", "max_staleness", "time.column", "time.grain",
	} {
		if _, given := d.lines[key]; given {
			l.at(d, key, "%s is not for an adopted table: others write its files, and adopt.split_on is its time", key)
		}
	}
	a := d.yml.Adopt
	if a == nil {
		l.at(d, "adopt", `adopt is empty; write adopt: { hot: public.events, cold: "s3://BUCKET/PREFIX/", split_on: ts }`)
		return
	}
	d.Adopt = &Adopt{
		Cold: a.Cold, Hot: a.Hot, HotFrom: a.HotFrom, Verify: time.Duration(a.Verify),
		HotLine: d.lines["adopt.hot"], ColdLine: d.lines["adopt.cold"], SplitLine: d.lines["adopt.split_on"],
	}
	l.location(d, "adopt.cold", a.Cold, `cold: "s3://BUCKET/PREFIX/" or "file:PATH"`)
	l.adoptHot(d, a)
	l.adoptTime(d, a)
	l.adoptColumns(d)
	l.keys(d)
}

func (l *loader) adoptHot(d *draft, a *ymlAdopt) {
	if a.Hot == "" {
		for _, key := range []string{"adopt.hot_from", "adopt.verify"} {
			if _, given := d.lines[key]; given {
				l.at(d, key, "%s needs adopt.hot, the warehouse's table", key)
			}
		}
		return
	}
	if _, ok := catalog.ParseName(a.Hot); !ok {
		l.at(d, "adopt.hot", "hot %q is not schema.table", a.Hot)
	}
	if a.SplitOn == "" {
		l.missing(d, "adopt.split_on", "split_on: ts, the column whose days are compared")
	}
	if _, err := catalog.ParseDay(a.HotFrom); a.HotFrom != "" && err != nil {
		l.at(d, "adopt.hot_from", "hot_from %v", err)
	}
	if _, given := d.lines["adopt.verify"]; !given {
		d.Adopt.Verify = defaultVerify
	} else if a.Verify < duration(time.Second) {
		l.at(d, "adopt.verify", "verify must be at least 1s")
	}
}

func (l *loader) adoptTime(d *draft, a *ymlAdopt) {
	if a.SplitOn == "" {
		if _, given := d.lines["time"]; given {
			l.at(d, "time", "time.zone needs adopt.split_on: it is the zone of its days")
		}
		return
	}
	d.Time = &catalog.TimeSpec{Column: a.SplitOn, Zone: "UTC", Grain: "day"}
	if t := d.yml.Time; t != nil && t.Zone != "" {
		d.Time.Zone = t.Zone
		if !knownZone(t.Zone) {
			l.at(d, "time.zone", "zone %q is not known; write a name of the IANA list, as UTC or Asia/Tokyo", t.Zone)
		}
	}
}

// adoptColumns takes descriptions, and types of keys in the path: those of the files' columns are in the files.
func (l *loader) adoptColumns(d *draft) {
	var names []string
	for i, c := range d.yml.Columns {
		path := fmt.Sprintf("columns[%d]", i)
		column := Column{Name: c.Name, Description: c.Description, Line: d.lines[path+".name"]}
		if c.Name == "" {
			l.missing(d, path+".name", "name: column")
		}
		for _, key := range []string{"max_bytes", "on_overflow"} {
			if _, given := d.lines[path+"."+key]; given {
				l.at(d, path+"."+key, "%s is not for an adopted table: its files are as they are", key)
			}
		}
		if c.Type != "" {
			t, err := parseType(c.Type)
			if err == nil && !slices.Contains(KeyTypes(), t) {
				err = errors.New("only a key in the path needs a type, and it can be text, bigint, date")
			}
			if err != nil {
				l.at(d, path+".type", "column %s: %v", c.Name, err)
			}
			column.Type = &t
		}
		names = append(names, c.Name)
		d.Columns = append(d.Columns, column)
	}
	l.unique(d, "columns", names)
}

// KeyTypes are the types that a key in the path of an adopted table can have.
func KeyTypes() []pgtypes.Type {
	return []pgtypes.Type{pgtypes.Of(pgtypes.Text), pgtypes.Of(pgtypes.Int8), pgtypes.Of(pgtypes.Date)}
}
