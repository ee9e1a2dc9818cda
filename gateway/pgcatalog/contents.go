package pgcatalog

import "tidegate/internal/pgtypes"

// Contents is what the catalogs show beside PostgreSQL's own objects. All of it is what one person may see: who may
// see less gets a Catalog with less.
type Contents struct {
	Database string // the one database
	Tables   []Table
	Roles    []Role
	Settings []Setting
}

// Table is a table or view of ours.
type Table struct {
	Schema, Name string
	Description  string // "" is none
	// View is set for a relation that is computed, as those of schema tidegate; Definition is then what
	// pg_get_viewdef tells.
	View       bool
	Definition string
	Columns    []Column
	Part       bool  // it has other columns, which are not for whoever looks: no privilege on it is one on the table
	Writable   bool  // whoever looks may change it
	Rows       int64 // -1 is not known
	Bytes      int64
}

// Column is a column of a Table, in order.
type Column struct {
	Name        string
	Type        pgtypes.Type
	Description string // "" is none
	NotNull     bool
}

// Role is a user or group.
type Role struct {
	Name            string
	Superuser       bool
	Login           bool
	ConnectionLimit int64 // 0 is none
}

// Setting is a setting and its value when a session begins. PostgreSQL's names take their description from
// PostgreSQL; others are custom.
type Setting struct{ Name, Value string }
