package pipeline

import (
	"errors"
	"slices"
	"strings"

	"tidegate/catalog"
	"tidegate/internal/pgerr"
	"tidegate/internal/yamlfile"
	"tidegate/sql"
)

// parse reads the .sql file: one SELECT, from source alone or from tables.
func (l *loader) parse(d *draft) {
	statements, err := sql.Parse(d.SQL)
	if err != nil {
		l.failSQL(d, err)
		return
	}
	if len(statements) != 1 || statements[0].Kind != sql.KindSelect {
		line := 1
		if len(statements) > 1 {
			line = lineOf(d.SQL, statements[1].Offset+leadingSpace(statements[1].Text))
		}
		l.fail(d, d.SQLFile, line, "a pipeline is one SELECT")
		return
	}
	st := statements[0]
	if d.Source != nil {
		if err := sql.RowPreserving(st, d.lookupTables()...); err != nil {
			l.failSQL(d, err)
			return
		}
		d.Statement = st
		l.sameButCase(d)
		l.onlyGiven(d)
		l.restTaken(d)
		return
	}
	ok := len(st.TableNames()) > 0
	if !ok {
		l.fail(d, d.SQLFile, 1, "the SELECT reads neither source nor a table")
	}
	for _, name := range st.TableNames() {
		upstream := catalog.Name{Schema: name.Schema, Table: name.Table}
		switch {
		case name == (sql.TableName{Table: sql.SourceRelation}):
			if d.lines != nil {
				l.at(d, "source", "key source is missing, but the SELECT reads source; write source: { location: …, format: json }")
			}
		case name.Schema == "":
			l.fail(d, d.SQLFile, 1, "relation %s has no schema; write schema.table", name)
		default:
			d.Upstream = append(d.Upstream, upstream)
			continue
		}
		ok = false
	}
	if ok {
		d.Statement = st
	}
}

// sameButCase complains of columns of source that differ only in case: SQL folds names that are not quoted, so a field
// userId would be there, and userid as well, always NULL.
func (l *loader) sameButCase(d *draft) {
	fields := d.SourceFields()
	for i, f := range fields[len(d.Source.Fields):] {
		for _, other := range fields[:len(d.Source.Fields)+i] {
			if strings.EqualFold(f.Name, other.Name) {
				l.fail(d, d.SQLFile, 1, "the SELECT reads field %s, but there is %s; names that are not quoted are lower case in SQL: write %q", f.Name, other.Name, other.Name)
			}
		}
	}
}

// restTaken complains of a SELECT that leaves what is collected.
func (l *loader) restTaken(d *draft) {
	if d.Source.CollectUnknown && !slices.Contains(d.Statement.SourceColumns(d.lookupTables()...), RestField) {
		l.at(d, "source.unknown_fields", "unknown_fields: collect gives source the column %s, which the SELECT does not take; add it to the SELECT", RestField)
	}
}

func leadingSpace(s string) int { return len(s) - len(strings.TrimLeft(s, " \t\r\n")) }

// lineOf gives the line, from 1, of a byte offset.
func lineOf(text string, offset int) int {
	return 1 + strings.Count(text[:min(max(offset, 0), len(text))], "\n")
}

// lineAt gives the line of a position in characters from 1; 0 is the first line.
func lineAt(text string, position int) int {
	for offset := range text {
		if position--; position <= 0 {
			return lineOf(text, offset)
		}
	}
	return lineOf(text, len(text))
}

// failSQL notes an error that the language gave, at its position in the .sql file.
func (l *loader) failSQL(d *draft, err error) {
	e := located(d.Pipeline, err)
	l.fail(d, e.File, e.Line, "%s", e.Message)
}

// located makes an error of the language one of the .sql file.
func located(p *Pipeline, err error) *yamlfile.Error {
	e := pgErrorOf(err)
	parts := slices.DeleteFunc([]string{e.Message, e.Detail, e.Hint}, func(s string) bool { return s == "" })
	for i := range parts {
		parts[i] = strings.TrimSuffix(parts[i], ".") // PostgreSQL's details and hints are sentences
	}
	line := 1
	if e.Position > 0 {
		line = lineAt(p.SQL, e.Position)
	}
	return &yamlfile.Error{File: p.SQLFile, Line: line, Message: strings.Join(parts, "; ")}
}

func pgErrorOf(err error) *pgerr.Error {
	if e, ok := errors.AsType[*pgerr.Error](err); ok {
		return e
	}
	return &pgerr.Error{Code: pgerr.InternalError, Message: err.Error()}
}
