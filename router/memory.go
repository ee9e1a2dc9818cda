package router

import (
	"tidegate/catalog"
	"tidegate/internal/engine"
	"tidegate/sql"
)

// What a statement takes of DuckDB's memory, about: facts that were measured with DuckDB 1.5.
const (
	scanPerColumn = 4 << 20 // decompressed row groups of the threads that scan
	heldByStream  = 8 << 20 // what is buffered of a result that comes as it is scanned
	groupsOfRows  = 8       // rows for each group, where nobody knows
	textWidth     = 32      // bytes of a text in a sort or a hash table, if statistics do not tell more
	textPacking   = 3       // how much larger than in Parquet texts are there
	rowOverhead   = 16      // of a row in a sort or a hash table

	sampledFiles = 32 // whose statistics are looked at: a plan may have thousands
)

// memory estimates what the statement needs. It does not know how many rows the predicates leave within a file, so it
// is rather too much.
func (d *decision) memory() engine.Memory {
	keeps := d.req.Query.Shape.Keeps
	var scanned, kept int64
	for _, s := range d.scans {
		columns := int64(len(s.use.Columns)) * scanPerColumn
		if len(s.kept) <= sampledFiles {
			columns = min(columns, 4*s.bytes())
		}
		scanned += columns
		if keeps != sql.KeepsNothing {
			kept += s.rows() * s.width()
		}
	}
	switch keeps {
	case sql.KeepsNothing:
		return engine.Memory{Peak: scanned, Held: min(scanned, heldByStream)}
	case sql.KeepsGroups:
		kept /= groupsOfRows
	case sql.KeepsRows:
	}
	return engine.Memory{Peak: scanned + kept, Held: kept}
}

// width is about what a row of a scan takes in a sort or a hash table.
func (s *scan) width() int64 {
	sample := s.kept[:min(len(s.kept), sampledFiles)]
	rows := int64(1)
	for _, f := range sample {
		rows += f.Rows
	}
	width := int64(rowOverhead)
	for _, name := range s.use.Columns {
		c, _ := s.table.Table.Column(name)
		if n := c.Type.Len(); n > 0 {
			width += int64(n)
		} else {
			width += max(textWidth, textPacking*columnBytes(sample, name)/rows)
		}
	}
	return width
}

// columnBytes is the compressed size of a column in files.
func columnBytes(files []*catalog.File, name string) int64 {
	var n int64
	for _, f := range files {
		for i := range f.Stats {
			if f.Stats[i].Name == name {
				n += f.Stats[i].Bytes
			}
		}
	}
	return n
}
