package surface

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
	"tidegate/sql"
)

// State is what Tidegate does with an entry.
type State string

// The states.
const (
	Identical State = "identical" // DuckDB's function of the same name, called the same way
	Rewritten State = "rewritten" // another text for DuckDB, with PostgreSQL's answer
	System    State = "catalogs"  // answered by the engine of pg_catalog and information_schema
	Refused   State = "refused"   // 0A000
)

// Finding is what the binder makes of an entry.
type Finding struct {
	*Entry
	State  State
	Reason string // why it is refused
	Text   string // what DuckDB is told
	// Constant says that it is answered only if its arguments of type text or interval are constants.
	Constant bool
	// Call is an expression that was bound: columns are named by their types.
	Call string
}

// Prober binds statements over a table that has a column of every type.
type Prober struct {
	types  map[uint32]Type
	probe  *sql.Relation
	system map[string]bool
}

// NewProber makes the table.
func NewProber(c *Catalog) *Prober {
	p := &Prober{types: c.Types, probe: &sql.Relation{Name: sql.TableName{Schema: "public", Table: "probe"}}, system: map[string]bool{}}
	for _, info := range pgtypes.Infos() {
		if info.OID != pgtypes.Unknown {
			p.probe.Columns = append(p.probe.Columns, sql.Column{Name: columnOf(info.OID), Type: pgtypes.Of(info.OID)})
		}
	}
	for _, name := range append(sql.SystemFunctions(), sql.SessionFunctions()...) {
		p.system[name] = true
	}
	return p
}

func columnOf(oid uint32) string { return fmt.Sprintf("c%d", oid) }

// Relation makes a Prober a catalog.
func (p *Prober) Relation(schema, table string) (*sql.Relation, bool) {
	return p.probe, schema == "public" && table == "probe"
}

// HasSchema makes a Prober a catalog.
func (p *Prober) HasSchema(schema string) bool { return schema == "public" }

// Types gives the types that a column or a cast of text can have, in OID order.
func (p *Prober) Types() []Type {
	var list []Type
	for _, t := range p.types {
		if _, system, err := p.bind("select " + p.value(t.OID) + " from public.probe"); err == nil && !system {
			list = append(list, t)
		}
	}
	slices.SortFunc(list, func(a, b Type) int { return int(a.OID) - int(b.OID) })
	return list
}

// value is an expression of a type that is no constant.
func (p *Prober) value(oid uint32) string {
	if _, ok := pgtypes.Lookup(oid); ok {
		return columnOf(oid)
	}
	t := p.types[oid]
	if t.Category == 'A' {
		return "array[" + p.value(t.Element) + "]"
	}
	return columnOf(pgtypes.Text) + "::" + t.Name
}

// bind gives the text for DuckDB. system says that it is that of the catalogs.
func (p *Prober) bind(text string) (duck string, system bool, err error) {
	statements, err := sql.Parse(text)
	if err != nil {
		return "", false, err
	}
	now := time.Date(2018, 2, 15, 3, 4, 5, 600000000, time.UTC)
	q, err := sql.Bind(statements[0], p, sql.Env{
		SearchPath: []string{"public"}, Database: "tidegate", User: "demo", BackendPID: 7, Version: "PostgreSQL 15.20 (Tidegate)",
		Settings: func(string) (string, bool) { return "", true }, Now: now, Statement: now, Zone: time.UTC,
	})
	if err != nil {
		return "", false, err
	}
	duck, err = q.Render(func(*sql.Use) (string, error) { return "probe", nil })
	return duck, q.System, err
}

// Probe finds out about an entry.
func (p *Prober) Probe(e *Entry) *Finding {
	f := &Finding{Entry: e, State: Refused}
	if e.Kind == Function && p.system[e.Name] {
		f.State = System
	}
	for _, with := range p.polymorphs(e) {
		for _, constant := range []string{"", "day", "hour", "1", "YYYY-MM-DD", "UTC", "{}", "a"} {
			call, ok := p.call(e, with, constant)
			if !ok {
				continue
			}
			text, system, err := p.bind(call)
			if err == nil && system {
				f.State = System
				return f
			}
			if err == nil {
				f.State, f.Reason, f.Text, f.Constant = Rewritten, "", text, constant != ""
				f.Call = strings.TrimSuffix(strings.TrimPrefix(call, "select "), " from public.probe")
				if p.unchanged(e, text) {
					f.State = Identical
				}
				return f
			}
			if f.Reason == "" && f.State == Refused {
				f.Reason = reason(err)
			}
		}
	}
	return f
}

// reason is what the error says beside "is not supported yet".
func reason(err error) string {
	if e, ok := errors.AsType[*pgerr.Error](err); ok {
		return strings.TrimSuffix(e.Message, " is not supported yet")
	}
	return err.Error()
}

// polymorphs gives the types to try for anyelement and its kin.
func (p *Prober) polymorphs(e *Entry) []uint32 {
	for _, a := range e.Args {
		if strings.HasPrefix(a.Name, "any") || strings.HasPrefix(a.Name, `"any"`) {
			return []uint32{pgtypes.Int4, pgtypes.Text}
		}
	}
	return []uint32{pgtypes.Int4}
}

// call writes a statement that uses the entry; ok is false if there is no text to make constant.
func (p *Prober) call(e *Entry, with uint32, constant string) (text string, ok bool) {
	var args []string
	ok = constant == ""
	for i, a := range e.Args {
		switch {
		case a.OID == 0:
		case constant != "" && a.OID == pgtypes.Text:
			args, ok = append(args, "'"+constant+"'"), true
		case constant != "" && a.OID == pgtypes.Interval:
			args, ok = append(args, "interval '09:00'"), true
		case e.variadic && i == len(e.Args)-1 && a.Category == 'A':
			args = append(args, p.argument(p.types[a.Element], with))
		case e.variadic && i == len(e.Args)-1:
			args = append(args, p.value(pgtypes.Text), p.argument(a, with)) // json_build_object wants pairs
		case e.Direct > 0 && i < e.Direct && a.OID == pgtypes.Float8:
			args = append(args, "0.5") // fractions are constants
		case e.Direct > 0 && i < e.Direct && a.Category == 'A':
			args = append(args, "array[0.25, 0.75]")
		default:
			args = append(args, p.argument(a, with))
		}
	}
	const from = " from public.probe"
	switch {
	case e.Kind == Cast:
		return "select " + args[0] + "::" + e.Result.Name + from, ok
	case e.Kind == Operator && spelled[e.Name] != "":
		return "select " + args[0] + spelled[e.Name] + args[1] + from, ok
	case e.Name == "overlaps":
		return fmt.Sprintf("select (%s, %s) overlaps (%s, %s)%s", args[0], args[1], args[2], args[3], from), ok
	case e.Kind == Operator && len(args) == 1:
		return "select operator(pg_catalog." + e.Name + ") " + args[0] + from, ok
	case e.Kind == Operator:
		return "select " + args[0] + " operator(pg_catalog." + e.Name + ") " + args[1] + from, ok
	case e.Direct >= 0:
		direct := min(e.Direct, len(args))
		ordered := args[direct:]
		if len(ordered) == 0 {
			ordered = args
		}
		return fmt.Sprintf("select %s(%s) within group (order by %s)%s", e.Name, strings.Join(args[:direct], ", "), strings.Join(ordered, ", "), from), ok
	case e.Kind == Aggregate && len(args) == 0:
		return "select " + e.Name + "(*)" + from, ok
	case e.Kind == Window:
		return fmt.Sprintf("select %s(%s) over (order by c23)%s", e.Name, strings.Join(args, ", "), from), ok
	case e.Set:
		return fmt.Sprintf("select x from public.probe, lateral pg_catalog.%q(%s) as x", e.Name, strings.Join(args, ", ")), ok
	case e.Name == "extract" && len(args) == 2 && constant != "":
		return fmt.Sprintf("select extract(%s from %s)%s", strings.Trim(args[0], "'"), args[1], from), ok
	}
	return fmt.Sprintf("select pg_catalog.%q(%s)%s", e.Name, strings.Join(args, ", "), from), ok
}

// spelled are the words for operators that nobody writes as signs.
var spelled = map[string]string{"~~": " like ", "!~~": " not like ", "~~*": " ilike ", "!~~*": " not ilike "}

func (p *Prober) argument(a Type, with uint32) string {
	switch name := strings.Trim(a.Name, `"`); {
	case name == "record":
		return "row(" + p.value(with) + ", " + p.value(pgtypes.Text) + ")"
	case name == "anyarray" || name == "anycompatiblearray":
		return "array[" + p.value(with) + "]"
	case strings.HasPrefix(name, "any"):
		return p.value(with)
	}
	return p.value(a.OID)
}

// unchanged tells whether DuckDB's text is the same call, of plain columns.
func (p *Prober) unchanged(e *Entry, text string) bool {
	var columns []string
	for _, a := range e.Args {
		if a.OID == 0 {
			continue
		}
		columns = append(columns, p.value(a.OID))
	}
	plain := strings.NewReplacer(`"`, "", "probe.", "", "(", " ( ", ")", " ) ", ",", " , ")
	list := strings.Fields(strings.ToLower(plain.Replace(text)))
	want := e.Name + " ( " + strings.Join(columns, " , ") + " )"
	switch {
	case e.Kind == Operator && len(columns) == 2:
		want = "( " + columns[0] + " " + e.Name + " " + columns[1] + " )"
	case e.Kind == Operator:
		want = "( " + e.Name + columns[0] + " )"
	case e.Kind == Cast:
		return false
	}
	got := strings.Join(list, " ")
	got, _, _ = strings.Cut(strings.TrimPrefix(got, "select "), " as ")
	got, _, _ = strings.Cut(got, " from ")
	return got == strings.Join(strings.Fields(want), " ")
}
