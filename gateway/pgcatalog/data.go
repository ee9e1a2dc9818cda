package pgcatalog

import (
	"embed"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"tidegate/internal/engine"
	"tidegate/internal/pgtypes"
	"tidegate/sql"
)

// dataFiles are PostgreSQL 15's own rows. relations.csv and columns.csv are the shape of the two schemas; every other
// file holds rows of the relation whose name it has, with the columns that are not the same in all rows. \N is
// NULL, lists are JSON. _keyword.csv is PostgreSQL's list of key words with their category, _redshift.csv the shape of
// Redshift's relations.
//
//go:embed data/*.csv
var dataFiles embed.FS

const csvNull = `\N`

// keywordTable has PostgreSQL's key words and what pg_get_keywords says of them: categories U, C, T, R, and whether they are
// a column's label without AS.
const keywordTable = "_keyword"

var keywordColumns = []engine.LoadColumn{{Name: "word", Type: pgtypes.Text}, {Name: "category", Type: pgtypes.Text}, {Name: "barelabel", Type: pgtypes.Bool}}

// dataset is the embedded data, read.
type dataset struct {
	relations []*relation                 // by OID
	byName    map[sql.TableName]*relation // and what Redshift has beside them, which pg_class does not list
	rows      map[string][][]any          // constant rows of pg_catalog's relations, in column order
	types     map[int64]typeRow           // pg_type by OID
	// The types of a relation of PostgreSQL's own and of an array of it: what our own have in common with them.
	compositeType, compositeArray []any
	keywords                      [][]any
}

// typeRow is what columns take from their type.
type typeRow struct {
	name           string
	length         int64
	byValue        bool
	align, storage string
	collation      int64
}

// fixed are the columns whose value is the same in every row of ours and of PostgreSQL's.
var fixed = map[string]values{
	"pg_type":     {"typowner": bootstrapRole, "typisdefined": true},
	"pg_proc":     {"proowner": bootstrapRole},
	"pg_operator": {"oprowner": bootstrapRole},
	"pg_opclass":  {"opcowner": bootstrapRole},
	"pg_opfamily": {"opfowner": bootstrapRole},
	"pg_settings": {"pending_restart": false},
}

// changing gives the relations with rows for our own objects: Refresh changes them.
func changing() []string { return append(slices.Sorted(maps.Keys(ofObjects)), whole...) }

// ofObjects are the changing relations whose rows belong to one table, sequence or schema, with the column that holds the
// number of what a row is about.
var ofObjects = map[string]string{
	"pg_class": "oid", "pg_attribute": "attrelid", "pg_type": "oid", "pg_description": "objoid", "pg_constraint": "oid", "pg_index": "indexrelid",
	"pg_attrdef": "oid", "pg_rewrite": "oid", "pg_sequence": "seqrelid", "pg_depend": "objid",
}

// whole are the changing relations that Refresh makes anew: they have few rows.
var whole = []string{"pg_namespace", "pg_database", "pg_authid", "pg_settings", "pg_auth_members"}

func readDataset() (*dataset, error) {
	d := &dataset{byName: map[sql.TableName]*relation{}, rows: map[string][][]any{}, types: map[int64]typeRow{}}
	if err := d.readRelations(); err != nil {
		return nil, err
	}
	if err := d.readRedshift(); err != nil {
		return nil, err
	}
	bodies := viewBodies(viewsSQL + "\n--\n" + informationSchemaSQL)
	for _, r := range d.relations {
		if body, ok := bodies[r.source()]; ok {
			r.definition = body
		} else if r.kind == "v" {
			r.definition = r.emptyDefinition()
		}
	}
	entries, err := dataFiles.ReadDir("data")
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		table := strings.TrimSuffix(e.Name(), ".csv")
		if table == "relations" || table == "columns" || strings.HasPrefix(table, "_") {
			continue
		}
		if err := d.readRows(table); err != nil {
			return nil, fmt.Errorf("%s: %w", e.Name(), err)
		}
	}
	if err := readCSV(keywordTable, func(f map[string]string) error {
		d.keywords = append(d.keywords, []any{f["word"], f["category"], f["barelabel"] == "t"})
		return nil
	}); err != nil {
		return nil, err
	}
	d.readTypes()
	return d, nil
}

func (d *dataset) readTypes() {
	r := d.relation("pg_catalog", "pg_type")
	for _, row := range d.rows["pg_type"] {
		at := func(name string) any { return row[r.index[name]] }
		switch at("typname") {
		case "pg_class":
			d.compositeType = row
		case "_pg_class":
			d.compositeArray = row
		}
		d.types[at("oid").(int64)] = typeRow{
			name: at("typname").(string), length: at("typlen").(int64), byValue: at("typbyval").(bool),
			align: at("typalign").(string), storage: at("typstorage").(string), collation: at("typcollation").(int64),
		}
	}
}

// relation gives a relation by name, nil if there is none.
func (d *dataset) relation(schema, table string) *relation {
	return d.byName[sql.TableName{Schema: schema, Table: table}]
}

// constant gives the relations whose rows never change, by name.
func (d *dataset) constant() []string {
	var out []string
	changes := changing()
	for table := range d.rows {
		if !slices.Contains(changes, table) {
			out = append(out, table)
		}
	}
	slices.Sort(out)
	return out
}

func (d *dataset) readRelations() error {
	byOID := map[int64]*relation{}
	err := readCSV("relations", func(f map[string]string) error {
		oid, err1 := strconv.ParseInt(f["oid"], 10, 64)
		rowType, err2 := strconv.ParseInt(f["reltype"], 10, 64)
		r := &relation{
			oid: oid, rowType: rowType, name: sql.TableName{Schema: f["schema"], Table: f["name"]}, kind: f["kind"],
			shared: f["shared"] == "t", index: map[string]int{},
		}
		if f["description"] != csvNull {
			r.description = f["description"]
		}
		byOID[oid], d.byName[r.name] = r, r
		d.relations = append(d.relations, r)
		return errors.Join(err1, err2)
	})
	if err != nil {
		return err
	}
	return readCSV("columns", func(f map[string]string) error {
		var n [5]int64
		for i, name := range []string{"relation", "type", "base", "typmod", "collation"} {
			var err error
			if n[i], err = strconv.ParseInt(f[name], 10, 64); err != nil {
				return err
			}
		}
		r, ok := byOID[n[0]]
		if !ok {
			return fmt.Errorf("column %s of unknown relation %d", f["name"], n[0])
		}
		s := storedAs(pgtypes.OID(n[2]))
		typmod := n[3]
		if n[1] != n[2] {
			typmod = -1 // it is the domain's
		}
		r.index[f["name"]] = len(r.columns)
		r.columns = append(r.columns, column{
			name: f["name"], declared: n[1], typmod: typmod, served: servedAs(pgtypes.OID(n[2]), int32(n[3])), collation: n[4], notNull: f["notnull"] == "t",
			load: engine.LoadColumn{Name: f["name"], Type: s.oid, List: s.list},
		})
		return nil
	})
}

func (d *dataset) readRows(table string) error {
	r := d.relation("pg_catalog", table)
	if r == nil {
		return errors.New("no such relation")
	}
	return readCSV(table, func(f map[string]string) error {
		v := values{}
		maps.Copy(v, fixed[table])
		for name, text := range f {
			i, ok := r.index[name]
			if !ok {
				return fmt.Errorf("no column %s", name)
			}
			value, err := r.columns[i].parse(text)
			if err != nil {
				return fmt.Errorf("column %s: %w", name, err)
			}
			v[name] = value
		}
		d.rows[table] = append(d.rows[table], r.row(v))
		return nil
	})
}

// readCSV gives every line of a data file to f, by the names of its first line.
func readCSV(name string, f func(fields map[string]string) error) error {
	file, err := dataFiles.Open(path.Join("data", name+".csv"))
	if err != nil {
		return err
	}
	defer file.Close()
	r := csv.NewReader(file)
	header, err := r.Read()
	if err != nil {
		return err
	}
	for {
		line, err := r.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		fields := make(map[string]string, len(header))
		for i, h := range header {
			fields[h] = line[i]
		}
		if err := f(fields); err != nil {
			n, _ := r.FieldPos(0)
			return fmt.Errorf("line %d: %w", n, err)
		}
	}
}

// parse reads a value of a data file as engine.Loader wants it.
func (c *column) parse(text string) (any, error) {
	if text == csvNull {
		return nil, nil //nolint:nilnil // nil is the value NULL
	}
	if c.load.List {
		return parseList(text, c.load.Type)
	}
	switch c.load.Type {
	case pgtypes.Bool:
		return text == "t", nil
	case pgtypes.Int2, pgtypes.Int4, pgtypes.Int8, pgtypes.OIDType:
		return strconv.ParseInt(text, 10, 64)
	case pgtypes.Float4, pgtypes.Float8:
		return strconv.ParseFloat(text, 64)
	}
	return text, nil
}

// parseList reads a JSON list; PostgreSQL's to_json puts OIDs in quotes.
func parseList(text string, element pgtypes.OID) (any, error) {
	var items []json.RawMessage
	if err := json.Unmarshal([]byte(text), &items); err != nil {
		return nil, err
	}
	words, numbers := []string{}, []int64{}
	for _, item := range items {
		if element == pgtypes.Text {
			var s string
			if err := json.Unmarshal(item, &s); err != nil {
				return nil, err
			}
			words = append(words, s)
			continue
		}
		n, err := strconv.ParseInt(strings.Trim(string(item), `"`), 10, 64)
		if err != nil {
			return nil, err
		}
		numbers = append(numbers, n)
	}
	if element == pgtypes.Text {
		return words, nil
	}
	return numbers, nil
}
