package system

import (
	"maps"
	"slices"

	"tidegate/internal/engine"
	"tidegate/internal/pgtypes"
)

// Names gives the relations of the schema, sorted.
func Names() []string { return slices.Sorted(maps.Keys(definitions())) }

// definitions are the columns of every relation; their order is part of the interface.
func definitions() map[string][]engine.LoadColumn {
	return map[string][]engine.LoadColumn{
		"tiers": columns(
			"table_name", pgtypes.Text, "tier", pgtypes.Text, "columns", pgtypes.Int4, "rows", pgtypes.Int8,
			"bytes", pgtypes.Int8, "from_time", pgtypes.Timestamptz, "through_time", pgtypes.Timestamptz,
			"batches", pgtypes.Int8, "column_names", pgtypes.Text),
		"tables": columns(
			"table_name", pgtypes.Text, "description", pgtypes.Text, "partition_by", pgtypes.Text,
			"rows", pgtypes.Int8, "bytes", pgtypes.Int8, "files", pgtypes.Int8,
			"fresh_through", pgtypes.Timestamptz, "hot_through", pgtypes.Timestamptz, "generation", pgtypes.Int8),
		"batches": columns(
			"table_name", pgtypes.Text, "batch", pgtypes.Text, "revision", pgtypes.Int4, "state", pgtypes.Text,
			"rows_read", pgtypes.Int8, "rows_blank", pgtypes.Int8, "rows_rejected", pgtypes.Int8,
			"rows_filtered", pgtypes.Int8, "rows_deduplicated", pgtypes.Int8, "rows_emitted", pgtypes.Int8,
			"bytes_in", pgtypes.Int8, "bytes_out", pgtypes.Int8, "started_at", pgtypes.Timestamptz,
			"committed_at", pgtypes.Timestamptz, "hot_loaded_at", pgtypes.Timestamptz, "reason", pgtypes.Text,
			"rows_truncated", pgtypes.Int8),
		"files": columns(
			"table_name", pgtypes.Text, "batch", pgtypes.Text, "partition", pgtypes.Text, "path", pgtypes.Text,
			"rows", pgtypes.Int8, "bytes", pgtypes.Int8, "generation", pgtypes.Int8),
		"partitions": columns(
			"table_name", pgtypes.Text, "partition", pgtypes.Text, "rows", pgtypes.Int8, "bytes", pgtypes.Int8,
			"files", pgtypes.Int8, "batches", pgtypes.Int8, "generation", pgtypes.Int8, "hot", pgtypes.Bool,
			"hot_rows", pgtypes.Int8, "published_generation", pgtypes.Int8),
		"loads": columns(
			"table_name", pgtypes.Text, "batch", pgtypes.Text, "partition", pgtypes.Text, "load_seq", pgtypes.Int8,
			"hot_schema_version", pgtypes.Int4, "rows", pgtypes.Int8, "begin_generation", pgtypes.Int8,
			"loaded_at", pgtypes.Timestamptz, "withdrawn", pgtypes.Bool),
		"freshness": columns(
			"table_name", pgtypes.Text, "newest_generation", pgtypes.Int8, "hot_generation", pgtypes.Int8,
			"fresh_through", pgtypes.Timestamptz, "hot_through", pgtypes.Timestamptz,
			"behind_seconds", pgtypes.Float8, "max_staleness_seconds", pgtypes.Float8),
		"quarantine": columns(
			"table_name", pgtypes.Text, "batch", pgtypes.Text, "object", pgtypes.Text, "line", pgtypes.Int8,
			"reason", pgtypes.Text, "raw", pgtypes.Text),
		"query_log": columns(
			"query_id", pgtypes.Text, "started_at", pgtypes.Timestamptz, "user_name", pgtypes.Text,
			"route", pgtypes.Text, "reason", pgtypes.Text, "latency", pgtypes.Text, "rows", pgtypes.Int8,
			"bytes_scanned", pgtypes.Int8, "bytes_fetched", pgtypes.Int8, "elapsed_ms", pgtypes.Float8,
			"generation", pgtypes.Int8, "as_of", pgtypes.Timestamptz, "sqlstate", pgtypes.Text,
			"fingerprint", pgtypes.Text, "query", pgtypes.Text),
	}
}

// columns reads name, type, name, type, ….
func columns(pairs ...any) []engine.LoadColumn {
	var out []engine.LoadColumn
	for p := range slices.Chunk(pairs, 2) {
		out = append(out, engine.LoadColumn{Name: p[0].(string), Type: p[1].(pgtypes.OID)})
	}
	return out
}
