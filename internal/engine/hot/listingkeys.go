package hot

import (
	"context"
	"fmt"
	"strings"

	"tidegate/internal/engine"
)

const (
	keysSQL = `SELECT ` + listedName + ` AS schema, c.relname, k.conname, k.contype, k.conkey, tn.nspname AS ref_schema,` +
		` t.relname AS ref_name, k.confkey` +
		` FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_class c ON c.oid = k.conrelid` +
		` JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace` +
		` LEFT JOIN pg_catalog.pg_class t ON t.oid = k.confrelid LEFT JOIN pg_catalog.pg_namespace tn ON tn.oid = t.relnamespace` +
		` WHERE k.contype IN ('p', 'u', 'f') AND ` + ownSchema + ` ORDER BY 1, 2, k.contype DESC, k.conname`

	// The indexes of keys have the key's name.
	indexesSQL = `SELECT ` + listedName + ` AS schema, c.relname, i.relname AS index, x.indisunique, x.indkey,` +
		` pg_catalog.pg_get_indexdef(x.indexrelid) AS definition` +
		` FROM pg_catalog.pg_index x JOIN pg_catalog.pg_class i ON i.oid = x.indexrelid` +
		` JOIN pg_catalog.pg_class c ON c.oid = x.indrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace` +
		` LEFT JOIN pg_catalog.pg_constraint k ON k.conrelid = c.oid AND k.conname = i.relname AND k.contype IN ('p', 'u')` +
		` WHERE k.conname IS NULL AND ` + ownSchema + ` ORDER BY 1, 2, 3`
)

// listKeys adds the keys to the relations.
func listKeys(ctx context.Context, e engine.Querier, byName map[RelationName]*listed) error {
	keys, err := engine.Texts(ctx, e, engine.Statement{SQL: keysSQL}, 8)
	if err != nil {
		return fmt.Errorf("list the warehouse's keys: %w", err)
	}
	for _, r := range keys {
		rel := byName[RelationName{r[0], r[1]}]
		if rel == nil {
			continue
		}
		k := Key{Name: r[2], Kind: r[3], Columns: rel.named(strings.Split(strings.Trim(r[4], "{}"), ","))}
		if k.Kind == "f" {
			k.Refers = RelationName{r[5], r[6]}
			if target := byName[k.Refers]; target != nil {
				k.RefColumns = target.named(strings.Split(strings.Trim(r[7], "{}"), ","))
			}
		}
		rel.Keys = append(rel.Keys, k)
	}
	return nil
}

// listIndexes adds the indexes that keys have not.
func listIndexes(ctx context.Context, e engine.Querier, byName map[RelationName]*listed) error {
	indexes, err := engine.Texts(ctx, e, engine.Statement{SQL: indexesSQL}, 6)
	if err != nil {
		return fmt.Errorf("list the warehouse's indexes: %w", err)
	}
	for _, r := range indexes {
		if rel := byName[RelationName{r[0], r[1]}]; rel != nil {
			rel.Indexes = append(rel.Indexes, Index{Name: r[2], Unique: r[3] == "t", Columns: rel.named(strings.Fields(r[4])), Definition: r[5]})
		}
	}
	return nil
}

// listed is a relation while it is listed: the catalog counts columns, dropped ones too.
type listed struct {
	*Relation
	names map[string]string // of columns, by number
}

// named gives the columns' names by their numbers, "" for 0: that is an expression.
func (l *listed) named(numbers []string) []string {
	names := make([]string, len(numbers))
	for i, n := range numbers {
		names[i] = l.names[n]
	}
	return names
}
