package sql

// Dialect is whose SQL a text is. It decides how words are read, which functions there are, and the types of what is
// computed.
type Dialect uint8

// The dialects.
const (
	Postgres Dialect = iota
	Redshift         // as its documentation describes it: see functions_redshift.go
)

// String gives the configuration's word.
func (d Dialect) String() string {
	if d == Redshift {
		return "redshift"
	}
	return "postgres"
}

// redshift says that the statement's expressions are Redshift's.
func (b *binder) redshift() bool { return b.dialect == Redshift }

// undocumented notes what the documentation does not tell all of: such a query is not asked of a Redshift.
func (b *binder) undocumented(what string) {
	if b.silent == "" {
		b.silent = what + " its documentation does not tell,"
	}
}
