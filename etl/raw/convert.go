package raw

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"
	"unicode/utf8"

	"tidegate/etl/pipeline"
	"tidegate/internal/pgtypes"
)

// Columns that every clean record begins with: which of Ingested.Inputs it came from, and which record of that
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
	appendTo appender
	prefix   string // `,"name":`
	required bool
	clean    bool // goes into the clean record; false for one that is only required
	time     bool // is compared with the object's LastModified
	missing  string
	badType  string
	future   string
}

// converter checks records against a pipeline's fields and writes the clean ones. Of members of one name the last
// counts, and null is the same as no member; names are compared as they are after unescaping. A clean record has
// the fields in their order, so DuckDB never sees a name twice, and no member that the pipeline does not ask for.
// It is not safe for concurrent use.
type converter struct {
	fields []field

	// Members come in much the same order in every record, so the name seen last time at this place is tried
	// before the map.
	names     []string
	index     map[string]int
	fieldOf   []int  // by name; -1: not asked for
	seen      []bool // by name
	predicted []int  // name by place in the record

	values [][]byte // by field, of the current record
	out    []byte
	cutoff int64 // microseconds; a later time is future_time
}

func newConverter(p *pipeline.Pipeline) (*converter, error) {
	c := &converter{index: map[string]int{}}
	for _, f := range p.SourceFields() {
		add, err := appenderOf(f.Type)
		if err != nil {
			return nil, fmt.Errorf("field %s: %w", f.Name, err)
		}
		c.add(f.Name, add, true)
		c.fields[len(c.fields)-1].time = p.Time != nil && p.Time.Column == f.Name && hasInstant(f.Type)
	}
	for _, name := range p.Source.Required {
		i, ok := c.index[name]
		if !ok {
			i = c.add(name, anything, false)
		}
		c.fields[i].required = true
	}
	c.values = make([][]byte, len(c.fields))
	return c, nil
}

func hasInstant(t pgtypes.Type) bool {
	return t.OID == pgtypes.Timestamptz || t.OID == pgtypes.Timestamp || t.OID == pgtypes.Date
}

func (c *converter) add(name string, add appender, clean bool) int {
	i := len(c.fields)
	quoted, _ := json.Marshal(name) // a string always can be
	c.fields = append(c.fields, field{
		name: name, appendTo: add, prefix: "," + string(quoted) + ":", clean: clean,
		missing: "missing_field(" + name + ")", badType: "bad_type(" + name + ")", future: "future_time(" + name + ")",
	})
	c.index[name] = i
	c.names = append(c.names, name)
	c.fieldOf = append(c.fieldOf, i)
	c.seen = append(c.seen, false)
	return i
}

// object sets the LastModified that the following records' times are compared with.
func (c *converter) object(modified time.Time) {
	c.cutoff = modified.Add(FutureTolerance).UnixMicro()
}

// convert checks a well-formed record, gives its clean form with a newline, valid until the next call, or the
// reason to reject it.
func (c *converter) convert(r *record, s *scanner, object int, line int64) (clean []byte, reason string) {
	if s.surrogate || s.beyondASCII() && !utf8.Valid(r.raw) {
		return nil, ReasonUTF8
	}
	clear(c.values)
	for place := range s.members {
		m := &s.members[place]
		i := c.field(place, m)
		if i < 0 {
			continue
		}
		c.values[i] = m.value
		if m.value[0] == 'n' {
			c.values[i] = nil
		}
	}
	for i := range c.fields {
		if c.fields[i].required && c.values[i] == nil {
			return nil, c.fields[i].missing
		}
	}
	out := c.out[:0]
	out = append(out, `{"`+ObjectColumn+`":`...)
	out = strconv.AppendInt(out, int64(object), 10)
	out = append(out, `,"`+LineColumn+`":`...)
	out = strconv.AppendInt(out, line, 10)
	for i, v := range c.values {
		f := &c.fields[i]
		if v == nil || !f.clean {
			continue
		}
		var ok bool
		if out, ok = f.appendTo(append(out, f.prefix...), v); !ok {
			return nil, f.badType
		}
	}
	out = append(out, '}', '\n')
	c.out = out
	return c.out, c.checkTime()
}

func (c *converter) checkTime() (reason string) {
	for i, v := range c.values {
		if !c.fields[i].time || v == nil {
			continue
		}
		if at, ok := micros(v); ok && at > c.cutoff {
			return c.fields[i].future
		}
	}
	return ""
}

// field finds the field that a member belongs to, -1 for none.
func (c *converter) field(place int, m *member) int {
	if place < len(c.predicted) && !m.escaped {
		if n := c.predicted[place]; n >= 0 && c.names[n] == string(m.key) {
			c.seen[n] = true
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
			return -1
		}
		n = len(c.names)
		c.names, c.fieldOf, c.seen = append(c.names, string(key)), append(c.fieldOf, -1), append(c.seen, false)
		c.index[c.names[n]] = n
	}
	c.seen[n] = true
	for place >= len(c.predicted) && place < maxNames {
		c.predicted = append(c.predicted, -1)
	}
	if place < maxNames {
		c.predicted[place] = n
	}
	return c.fieldOf[n]
}
