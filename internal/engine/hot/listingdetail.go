package hot

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"tidegate/internal/engine"
	"tidegate/internal/pgtypes"
)

// What PostgreSQL's catalog tells of relations and Redshift's does not.
const (
	commentsSQL = `SELECT n.nspname, pg_catalog.obj_description(n.oid, 'pg_namespace') FROM pg_catalog.pg_namespace n` +
		` WHERE pg_catalog.obj_description(n.oid, 'pg_namespace') <> '' AND left(n.nspname, 3) <> 'pg_'`

	madeSQL = `SELECT ` + listedName + ` AS schema, c.relname, a.attname, a.attidentity, a.attgenerated` +
		` FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace` +
		` JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped` +
		` WHERE (a.attidentity <> '' OR a.attgenerated <> '') AND ` + ownSchema

	viewsSQL = `SELECT ` + listedName + ` AS schema, c.relname, c.relkind, pg_catalog.pg_get_viewdef(c.oid), pg_catalog.pg_get_viewdef(c.oid, true)` +
		` FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace` +
		` WHERE c.relkind IN ('v', 'm') AND ` + ownSchema

	constraintsSQL = `SELECT ` + listedName + ` AS schema, c.relname, k.conname, k.contype, k.conkey, k.confupdtype, k.confdeltype,` +
		` k.confmatchtype, k.condeferrable, k.condeferred, k.convalidated, k.connoinherit, pg_catalog.pg_get_constraintdef(k.oid),` +
		` pg_catalog.pg_get_constraintdef(k.oid, true)` +
		` FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_class c ON c.oid = k.conrelid` +
		` JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE k.contype IN ('p', 'u', 'f', 'c') AND ` + ownSchema +
		` ORDER BY 1, 2, 3`

	indexDetailSQL = `SELECT ` + listedName + ` AS schema, c.relname, i.relname AS index, am.amname, x.indoption, x.indclass, x.indnkeyatts` +
		` FROM pg_catalog.pg_index x JOIN pg_catalog.pg_class i ON i.oid = x.indexrelid JOIN pg_catalog.pg_am am ON am.oid = i.relam` +
		` JOIN pg_catalog.pg_class c ON c.oid = x.indrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE ` + ownSchema

	sequencesSQL = `SELECT ` + listedName + ` AS schema, c.relname, pg_catalog.obj_description(c.oid, 'pg_class'), s.seqtypid,` +
		` s.seqstart, s.seqincrement, s.seqmax, s.seqmin, s.seqcache, s.seqcycle, tn.nspname AS owner_schema, t.relname AS owner,` +
		` a.attname, d.deptype FROM pg_catalog.pg_sequence s JOIN pg_catalog.pg_class c ON c.oid = s.seqrelid` +
		` JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace` +
		` LEFT JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid` +
		` AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjsubid > 0 AND d.deptype IN ('a', 'i')` +
		` LEFT JOIN pg_catalog.pg_class t ON t.oid = d.refobjid LEFT JOIN pg_catalog.pg_namespace tn ON tn.oid = t.relnamespace` +
		` LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid` +
		` WHERE left(n.nspname, 3) <> 'pg_' AND n.nspname <> 'information_schema' ORDER BY 1, 2`
)

// detail adds what PostgreSQL tells.
func (l *Listing) detail(ctx context.Context, e engine.Querier, byName map[RelationName]*listed) error {
	l.Comments = map[string]string{}
	for _, part := range []struct {
		what, sql string
		columns   int
		take      func(rel *listed, r []string) error
	}{
		{"comments on schemas", commentsSQL, 2, func(_ *listed, r []string) error { l.Comments[r[0]] = r[1]; return nil }},
		{"identity columns", madeSQL, 5, (*listed).made},
		{"views", viewsSQL, 5, (*listed).view},
		{"constraints", constraintsSQL, 14, (*listed).constraint},
		{"indexes", indexDetailSQL, 7, (*listed).indexDetail},
		{"sequences", sequencesSQL, 14, func(_ *listed, r []string) error { return l.sequence(r) }},
	} {
		rows, err := engine.Texts(ctx, e, engine.Statement{SQL: part.sql}, part.columns)
		if err != nil {
			return fmt.Errorf("list the warehouse's %s: %w", part.what, err)
		}
		for _, r := range rows {
			rel := byName[RelationName{r[0], r[1]}]
			if rel == nil {
				rel = &listed{&Relation{}, nil}
			}
			if err := part.take(rel, r); err != nil {
				return fmt.Errorf("read the warehouse's %s: %w", part.what, err)
			}
		}
	}
	return nil
}

func (l *listed) made(r []string) error {
	for i := range l.Columns {
		if c := &l.Columns[i]; c.Name == r[2] {
			c.Identity, c.Generated = r[3], r[4]
		}
	}
	return nil
}

func (l *listed) view(r []string) error {
	l.Materialized, l.Definition, l.Pretty = r[2] == "m", r[3], r[4]
	return nil
}

// constraint adds to the key of that name, or adds a check.
func (l *listed) constraint(r []string) error {
	var k *Key
	for i := range l.Keys {
		if l.Keys[i].Name == r[2] {
			k = &l.Keys[i]
		}
	}
	if k == nil {
		var columns []string
		if r[4] != "" {
			columns = l.named(strings.Split(strings.Trim(r[4], "{}"), ","))
		}
		l.Keys = append(l.Keys, Key{Name: r[2], Kind: r[3], Columns: columns})
		k = &l.Keys[len(l.Keys)-1]
	}
	if k.Kind == "f" {
		k.OnUpdate, k.OnDelete, k.Match = r[5], r[6], r[7]
	}
	k.Deferrable, k.Deferred, k.NotValid, k.NoInherit = r[8] == "t", r[9] == "t", r[10] != "t", r[11] == "t"
	k.Definition, k.Pretty = r[12], r[13]
	return nil
}

func (l *listed) indexDetail(r []string) error {
	options, err1 := numbers(strings.Fields(r[4]))
	classes, err2 := numbers(strings.Fields(r[5]))
	keys, err3 := strconv.Atoi(r[6])
	d := IndexDetail{Method: r[3], Options: options, Classes: classes, KeyColumns: keys}
	for i := range l.Indexes {
		if l.Indexes[i].Name == r[2] {
			l.Indexes[i].Detail = d
		}
	}
	for i := range l.Keys {
		if k := &l.Keys[i]; k.Name == r[2] && (k.Kind == "p" || k.Kind == "u") {
			k.Index = d
		}
	}
	return errors.Join(err1, err2, err3)
}

func (l *Listing) sequence(r []string) error {
	n, err := numbers(r[3:9])
	if err != nil {
		return err
	}
	l.Sequences = append(l.Sequences, Sequence{
		Schema: r[0], Name: r[1], Description: r[2], Type: pgtypes.OID(n[0]), Start: n[1], Increment: n[2], Max: n[3], Min: n[4], Cache: n[5],
		Cycle: r[9] == "t", Owner: RelationName{r[10], r[11]}, OwnerColumn: r[12], Identity: r[13] == "i",
	})
	return nil
}

func numbers(texts []string) ([]int64, error) {
	list := make([]int64, len(texts))
	for i, t := range texts {
		n, err := strconv.ParseInt(t, 10, 64)
		if err != nil {
			return nil, err
		}
		list[i] = n
	}
	return list, nil
}
