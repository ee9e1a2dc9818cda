package raw

import (
	"encoding/json"
	"fmt"
	"time"

	"tidegate/etl/pipeline"
	"tidegate/internal/engine"
	"tidegate/internal/pgtypes"
)

// Columns that every clean record begins with, both BIGINT: which of Ingested.Inputs it came from, and which record of that
// object it is, from 1, rejected and blank ones counted.
const (
	ObjectColumn = "_tg_object"
	LineColumn   = "_tg_line"
)

// FutureTolerance is how much later than its object's LastModified a record may be.
const FutureTolerance = 24 * time.Hour

// maxNames bounds the member names that are remembered: keys may be data.
const maxNames = 10_000

// field is one member of a record that the pipeline asks for.
type field struct {
	name     string
	set      setter // nil: only required, in no column
	required bool
	time     timeForm // is compared with the object's LastModified
	missing  string
	badType  string
	future   string
}

// timeForm says how a column holds a time.
type timeForm uint8

const (
	noTime timeForm = iota
	microseconds
	days
)

// placeColumns are ObjectColumn and LineColumn, before the fields.
const placeColumns = 2

// converter checks records against a pipeline's fields and keeps the clean ones as rows. Of members of one name the last
// counts, and null is the same as no member; names are compared as they are after unescaping.
// It is not safe for concurrent use.
type converter struct {
	fields []field

	// Members come in much the same order in every record, so the name seen last time at this place is tried
	// before the map.
	names     []string
	index     map[string]int
	fieldOf   []int   // by name; -1: not asked for
	seen      []int64 // by name: how often
	unnamed   int64   // members whose names are not remembered
	predicted []int   // name by place in the record

	collected int // the field that collects what is not asked for; -1: none
	rest      []byte

	values [][]byte // by field, of the current record
	layout []engine.Physical
	rows   *engine.Builder
	cutoff int64 // microseconds; a later time is future_time
}

func newConverter(p *pipeline.Pipeline) (*converter, error) {
	c := &converter{index: map[string]int{}, collected: -1}
	c.layout = []engine.Physical{engine.PhysicalI64, engine.PhysicalI64}
	for _, f := range p.SourceFields() {
		set, physical, err := setterOf(f.Type)
		if err != nil {
			return nil, fmt.Errorf("field %s: %w", f.Name, err)
		}
		if f.Type.OID == pgtypes.JSON && p.Source.Tabular() {
			set = jsonOfText(set)
		}
		c.layout = append(c.layout, physical)
		i := c.add(f.Name, set)
		if p.Source.Collects(f) {
			c.collect(i)
		}
		if p.Time != nil && p.Time.Column == f.Name {
			c.fields[i].time = timeFormOf(f.Type)
		}
	}
	for _, name := range p.Source.Required {
		i, ok := c.index[name]
		if !ok {
			i = c.add(name, nil)
		}
		c.fields[i].required = true
	}
	c.values = make([][]byte, len(c.fields))
	c.rows = engine.NewBuilder(c.layout)
	return c, nil
}

func timeFormOf(t pgtypes.Type) timeForm {
	switch t.OID {
	case pgtypes.Timestamptz, pgtypes.Timestamp:
		return microseconds
	case pgtypes.Date:
		return days
	}
	return noTime
}

func (c *converter) add(name string, set setter) int {
	i := len(c.fields)
	c.fields = append(c.fields, field{
		name: name, set: set,
		missing: "missing_field(" + name + ")", badType: "bad_type(" + name + ")", future: "future_time(" + name + ")",
	})
	c.index[name] = i
	c.names = append(c.names, name)
	c.fieldOf = append(c.fieldOf, i)
	c.seen = append(c.seen, 0)
	return i
}

// collect makes the field just added the one that no member of a record is by name.
func (c *converter) collect(field int) {
	c.collected = field
	delete(c.index, c.names[field])
}

// object sets the LastModified that the following records' times are compared with.
func (c *converter) object(modified time.Time) {
	c.cutoff = modified.Add(FutureTolerance).UnixMicro()
}

// convert checks a well-formed record and keeps it as a row, or gives the reason to reject it.
func (c *converter) convert(r *record, object int) (reason string) {
	clear(c.values)
	c.rest = c.rest[:0]
	for place := range r.members {
		m := &r.members[place]
		i := c.field(place, m)
		if i < 0 {
			if c.collected >= 0 {
				c.keepRest(m)
			}
			continue
		}
		c.values[i] = m.value
		if m.value[0] == 'n' {
			c.values[i] = nil
		}
	}
	if len(c.rest) > 0 {
		c.rest = append(c.rest, '}')
		c.values[c.collected] = c.rest
	}
	for i := range c.fields {
		if c.fields[i].required && c.values[i] == nil {
			return c.fields[i].missing
		}
	}
	c.rows.Vector(0).I64[c.rows.Rows()] = int64(object)
	c.rows.Vector(1).I64[c.rows.Rows()] = r.line
	if reason = c.setFields(); reason != "" {
		c.rows.Drop()
		return reason
	}
	c.rows.Keep()
	return ""
}

// keepRest adds a member to the object of those that are not asked for, as it is written.
func (c *converter) keepRest(m *member) {
	separator := byte(',')
	if len(c.rest) == 0 {
		separator = '{'
	}
	c.rest = append(append(append(c.rest, separator, '"'), m.key...), '"', ':')
	c.rest = append(c.rest, m.value...)
}

// setFields sets the columns behind those that say where the record is from.
func (c *converter) setFields() (reason string) {
	for i, v := range c.values {
		f, column := &c.fields[i], placeColumns+i
		if f.set == nil {
			continue
		}
		if v == nil {
			c.rows.SetNull(column)
		} else if !f.set(c.rows, column, v) {
			return f.badType
		}
	}
	for i, v := range c.values {
		if f := &c.fields[i]; v != nil && f.time != noTime && c.late(f.time, placeColumns+i) {
			return f.future
		}
	}
	return ""
}

// late reports whether the column holds a time that is too far after the object's.
func (c *converter) late(form timeForm, column int) bool {
	v, row := c.rows.Vector(column), c.rows.Rows()
	if form == days {
		return int64(v.I32[row])*86400_000_000 > c.cutoff
	}
	return v.I64[row] > c.cutoff
}

// field finds the field that a member belongs to, -1 for none.
func (c *converter) field(place int, m *member) int {
	if place < len(c.predicted) && !m.escaped {
		if n := c.predicted[place]; n >= 0 && c.names[n] == string(m.key) {
			c.seen[n]++
			return c.fieldOf[n]
		}
	}
	key := m.key
	if m.escaped {
		var s string
		if json.Unmarshal([]byte(`"`+string(key)+`"`), &s) != nil {
			return -1
		}
		key = []byte(s)
	}
	n, known := c.index[string(key)]
	if !known {
		if len(c.names) >= maxNames {
			c.unnamed++
			return -1
		}
		n = len(c.names)
		c.names, c.fieldOf, c.seen = append(c.names, string(key)), append(c.fieldOf, -1), append(c.seen, 0)
		c.index[c.names[n]] = n
	}
	c.seen[n]++
	for place >= len(c.predicted) && place < maxNames {
		c.predicted = append(c.predicted, -1)
	}
	if place < maxNames {
		c.predicted[place] = n
	}
	return c.fieldOf[n]
}
