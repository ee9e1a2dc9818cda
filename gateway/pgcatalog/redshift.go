package pgcatalog

import (
	"errors"
	"strconv"

	"tidegate/internal/engine"
	"tidegate/internal/pgtypes"
	"tidegate/sql"
)

// readRedshift reads the shape of what Redshift has in pg_catalog and PostgreSQL has not: its SVV_ views, and the answers
// of its SHOW statements, which sql.Parse makes queries of the relations show_….
func (d *dataset) readRedshift() error {
	return readCSV("_redshift", func(f map[string]string) error {
		oid, err1 := strconv.ParseUint(f["type"], 10, 32)
		typmod, err2 := strconv.ParseInt(f["typmod"], 10, 32)
		if err := errors.Join(err1, err2); err != nil {
			return err
		}
		name := sql.TableName{Schema: "pg_catalog", Table: f["relation"]}
		r := d.byName[name]
		if r == nil {
			r = &relation{name: name, kind: "v", index: map[string]int{}}
			d.byName[name] = r
		}
		r.index[f["name"]] = len(r.columns)
		r.columns = append(r.columns, column{
			name: f["name"], declared: int64(oid), typmod: typmod, served: servedAs(pgtypes.OID(oid), int32(typmod)),
			load: engine.LoadColumn{Name: f["name"], Type: storedAs(pgtypes.OID(oid)).oid},
		})
		return nil
	})
}
