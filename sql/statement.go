package sql

import pg_query "github.com/pganalyze/pg_query_go/v6"

// Statement is one parsed statement. It is immutable.
type Statement struct {
	Kind   Kind
	Text   string // its own text, without the semicolon
	Offset int    // bytes before it in the text given to Parse
	Tag    string // command tag: "SELECT", "CREATE TABLE"
	Hints  Hints

	// The one that Kind names is set.
	Set         *Setting
	Show        string // setting's name, lower case; "all"
	Transaction *Transaction
	Prepared    *Prepared
	Cursor      *Cursor
	Explain     *Explain
	Call        *Call
	Copy        *Copy
	Lock        *Lock
	Notify      *Notify
	Constraints *Constraints
	Discard     string // ALL, PLANS, SEQUENCES, TEMP

	node    *pg_query.Node
	grammar int32  // the version of the tree, as the parser says it
	source  string // the whole text: locations in node count its bytes
	tokens  []*pg_query.ScanToken
	whole   bool // it is all of source
	dialect Dialect
	spelled string // Text in the grammar's words, if it is in others

	log *logged // nil of what is no text of a client
}

// Setting is SET or RESET.
type Setting struct {
	Name    string // lower case; "" with Reset: all
	Values  []string
	Local   bool
	Default bool // SET … TO DEFAULT, RESET
	// More are the further settings of SET TRANSACTION and SET SESSION CHARACTERISTICS, which set several at once.
	More []Setting
}

// Transaction is a transaction control statement.
type Transaction struct {
	// Verb is BEGIN, COMMIT, ROLLBACK, SAVEPOINT, RELEASE, ROLLBACK TO, or with Prepared PREPARE TRANSACTION, COMMIT
	// PREPARED, ROLLBACK PREPARED.
	Verb       string
	Savepoint  string
	Prepared   string // a prepared transaction's name
	ReadOnly   *bool
	Deferrable *bool
	Isolation  string // "repeatable read", lower case; "" not said
	Chain      bool
}

// Prepared is PREPARE, EXECUTE or DEALLOCATE.
type Prepared struct {
	Name  string // "" with DEALLOCATE: all
	Types []string
	Args  []ExecuteArg
	Query *Statement // PREPARE's
}

// Cursor is DECLARE, FETCH, MOVE or CLOSE.
type Cursor struct {
	Verb      string
	Name      string // "" with CLOSE: all
	Hold      bool
	Scroll    bool
	Binary    bool
	Contrary  string // DECLARE's options that exclude each other: "SCROLL and NO SCROLL"
	Direction string // forward, backward, absolute, relative
	Count     int64  // math.MaxInt64: all
	Query     *Statement
}

// Explain is EXPLAIN.
type Explain struct {
	Route   bool // EXPLAIN (ROUTE)
	Analyze bool
	Format  string // text or json
	Query   *Statement
}
