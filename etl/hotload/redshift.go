package hotload

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"tidegate/catalog"
	"tidegate/internal/pgtypes"
)

// Redshift writes the statements of a Redshift hot store. They follow Redshift's documentation of COPY ("COPY from
// columnar data formats", "Using a manifest to specify data files") and of CREATE TABLE.
//
// TRUNCATE never occurs: it commits, also within a transaction.
type Redshift struct {
	Schema  string // of the hot tables and the ledger
	IAMRole string // that COPY reads S3 as
}

// stageTable is the temporary table of a load's transaction.
const stageTable = "tg_stage"

// maxVarchar is the longest VARCHAR, in bytes.
const maxVarchar = 65535

// TableRef is the hot table's name in SQL. Redshift folds names in quotes too: all of ours are lower case.
func (r *Redshift) TableRef(name catalog.Name) string {
	return quoteName(r.Schema) + "." + quoteName(tableName(name))
}

// Type gives the column type that holds every value of t. TEXT would be VARCHAR(256), and a length counts bytes.
func (r *Redshift) Type(t pgtypes.Type) (string, error) {
	switch t.OID {
	case pgtypes.Bool, pgtypes.Int2, pgtypes.Int4, pgtypes.Int8, pgtypes.Float4, pgtypes.Float8, pgtypes.Date,
		pgtypes.Time, pgtypes.Timestamp, pgtypes.Timestamptz:
		return t.String(), nil
	case pgtypes.Numeric:
		if t.Typmod < 0 {
			return "", fmt.Errorf("a numeric without precision has no place in Redshift, whose default is numeric(18,0): write numeric(%d,s)", pgtypes.MaxPrecision)
		}
		return t.String(), nil
	case pgtypes.Varchar, pgtypes.Text, pgtypes.JSON:
		n := maxVarchar
		if t.OID == pgtypes.Varchar && t.Typmod >= 4 {
			n = min(4*(int(t.Typmod)-4), maxVarchar) // a character of UTF-8 has up to four bytes
		}
		return fmt.Sprintf("character varying(%d)", n), nil
	case pgtypes.UUID:
		return "character varying(36)", nil
	}
	return "", fmt.Errorf("type %s has no place in Redshift", t)
}

func (r *Redshift) columnList(columns []catalog.Column) (definitions, names []string, err error) {
	for _, c := range columns {
		t, err := r.Type(c.Type)
		if err != nil {
			return nil, nil, fmt.Errorf("column %s: %w", c.Name, err)
		}
		definitions, names = append(definitions, quoteName(c.Name)+" "+t), append(names, quoteName(c.Name))
	}
	return definitions, names, nil
}

// CreateTable makes the hot table, sorted as the pipeline says.
func (r *Redshift) CreateTable(t *catalog.Table) (string, error) {
	columns, err := hotColumns(t)
	if err != nil {
		return "", err
	}
	definitions, _, err := r.columnList(columns)
	if err != nil {
		return "", err
	}
	dist, err := distribution(t.Hot.Dist)
	if err != nil {
		return "", err
	}
	text := "CREATE TABLE " + r.TableRef(t.Name) + " (" + strings.Join(definitions, ", ") + ", " + SeqColumn + " bigint NOT NULL)" + dist
	var sort []string
	for _, name := range t.Hot.Sort {
		for _, c := range columns {
			if c.Name == name {
				sort = append(sort, quoteName(name))
			}
		}
	}
	if len(sort) > 0 {
		text += " SORTKEY (" + strings.Join(sort, ", ") + ")"
	}
	return text, nil
}

// distribution reads hot.dist of a pipeline: key(COLUMN), even, all, auto or nothing.
func distribution(dist string) (string, error) {
	switch dist {
	case "":
		return "", nil
	case "even", "all", "auto":
		return " DISTSTYLE " + strings.ToUpper(dist), nil
	}
	column, ok := strings.CutPrefix(dist, "key(")
	if column, ok2 := strings.CutSuffix(column, ")"); ok && ok2 {
		return " DISTSTYLE KEY DISTKEY (" + quoteName(column) + ")", nil
	}
	return "", fmt.Errorf("hot.dist is %q; the choices are key(COLUMN), even, all, auto", dist)
}

// CreateLedger makes the ledger: small, and on every node.
func (r *Redshift) CreateLedger() string {
	return "CREATE TABLE IF NOT EXISTS " + r.ledgerRef() + " (target varchar(512) NOT NULL, load_seq bigint NOT NULL, " +
		"batch varchar(128) NOT NULL, partition varchar(2048) NOT NULL, rows bigint NOT NULL, sha256 varchar(64) NOT NULL, " +
		"loaded_at timestamp NOT NULL) DISTSTYLE ALL"
}

func (r *Redshift) ledgerRef() string { return quoteName(r.Schema) + "." + ledgerTable }

// ManifestEntry is one file of a manifest.
type ManifestEntry struct {
	URL   string // s3://bucket/key
	Bytes int64
}

// Manifest names the files of a COPY. Without one COPY takes every key that begins with what it is told; a file that
// is not mandatory may be missing without a word; and Parquet needs the length. A file named twice would be loaded
// twice, so that is an error.
func (r *Redshift) Manifest(files []ManifestEntry) ([]byte, error) {
	type meta struct {
		ContentLength int64 `json:"content_length"`
	}
	type entry struct {
		URL       string `json:"url"`
		Mandatory bool   `json:"mandatory"`
		Meta      meta   `json:"meta"`
	}
	seen := map[string]bool{}
	entries := []entry{}
	for _, f := range files {
		if !strings.HasPrefix(f.URL, "s3://") {
			return nil, fmt.Errorf("COPY reads from S3 only, not %s", f.URL)
		}
		if seen[f.URL] {
			return nil, fmt.Errorf("file %s is named twice", f.URL)
		}
		seen[f.URL] = true
		entries = append(entries, entry{f.URL, true, meta{f.Bytes}})
	}
	if len(entries) == 0 {
		return nil, errors.New("a manifest needs a file")
	}
	return json.Marshal(map[string]any{"entries": entries})
}

// Statements are a load's transaction, in order. The caller compares what CountCopied and CountHot give with what
// the load says before it goes on, and rolls back otherwise.
type Statements struct {
	Begin, Lock, Known string // Known: what the ledger has of the load, load sequence and hash
	Stage, Copy        string
	CountCopied        string // rows that COPY took, and rows that are staged
	Delete, Insert     string
	CountHot           string // rows of each load sequence
	Forget, Remember   string
	Commit             string
}

// Load writes the statements. fileColumns is the order of the columns in the Parquet files, which COPY reads by
// position. The ledger's lock comes before anything that makes a snapshot: what the loader before committed is seen.
func (r *Redshift) Load(l Load, fileColumns []string, manifestURL string) (*Statements, error) {
	inFile := make([]catalog.Column, len(fileColumns))
	for i, name := range fileColumns {
		c, ok := l.Table.Column(name)
		if !ok {
			return nil, fmt.Errorf("column %s of the files is not a column of %s", name, l.Table.Name)
		}
		inFile[i] = c
	}
	staged, stagedNames, err := r.columnList(inFile)
	if err != nil {
		return nil, err
	}
	columns, err := hotColumns(l.Table)
	if err != nil {
		return nil, err
	}
	_, names, err := r.columnList(columns)
	if err != nil {
		return nil, err
	}
	seqs := l.seqs()
	inLedger := strings.Replace(whereSeqs(seqs), SeqColumn, "load_seq", 1) + " AND target = " + quoteText(l.Table.Name.String())
	values := make([]string, len(l.Parts))
	for i, p := range l.Parts {
		// INSERT … SELECT … UNION ALL: Redshift takes several rows in VALUES too, but no function there.
		values[i] = fmt.Sprintf("SELECT %s, %d, %s, %s, %d, %s, getdate()", quoteText(l.Table.Name.String()), p.LoadSeq,
			quoteText(l.Batch), quoteText(p.Partition), p.Rows, quoteText(l.hash(p)))
	}
	seqOf, in := r.partOf(l)
	ref := r.TableRef(l.Table.Name)
	return &Statements{
		Begin: "BEGIN", Lock: "LOCK " + r.ledgerRef(),
		Known: "SELECT load_seq, sha256 FROM " + r.ledgerRef() + inLedger,
		Stage: "CREATE TEMP TABLE " + stageTable + " (" + strings.Join(staged, ", ") + ")",
		Copy: "COPY " + stageTable + " (" + strings.Join(stagedNames, ", ") + ") FROM " + quoteText(manifestURL) +
			" IAM_ROLE " + quoteText(r.IAMRole) + " FORMAT AS PARQUET MANIFEST",
		CountCopied: "SELECT pg_last_copy_count(), count(*) FROM " + stageTable,
		Delete:      "DELETE FROM " + ref + whereSeqs(seqs),
		Insert: "INSERT INTO " + ref + " (" + strings.Join(names, ", ") + ", " + SeqColumn + ") SELECT " + strings.Join(names, ", ") +
			", " + seqOf + " FROM " + stageTable + in,
		CountHot: "SELECT " + SeqColumn + ", count(*) FROM " + ref + whereSeqs(seqs) + " GROUP BY 1",
		Forget:   "DELETE FROM " + r.ledgerRef() + inLedger,
		Remember: "INSERT INTO " + r.ledgerRef() + " (target, load_seq, batch, partition, rows, sha256, loaded_at) " + strings.Join(values, " UNION ALL "),
		Commit:   "COMMIT",
	}, nil
}

// partOf gives the expression of a staged row's load sequence, and the WHERE that keeps the rows of the load's parts:
// there is no VALUES to join with.
func (r *Redshift) partOf(l Load) (seq, where string) {
	if len(l.Table.PartitionBy) == 0 {
		return strconv.FormatInt(l.Parts[0].LoadSeq, 10), ""
	}
	var cases, conditions []string
	for _, p := range l.Parts {
		var keys []string
		for _, name := range l.Table.PartitionBy {
			value, null, ok := catalog.PartitionValue(p.Partition, name)
			if null || !ok {
				keys = append(keys, quoteName(name)+" IS NULL")
			} else {
				keys = append(keys, quoteName(name)+" = "+quoteText(value))
			}
		}
		condition := strings.Join(keys, " AND ")
		cases = append(cases, fmt.Sprintf("WHEN %s THEN %d", condition, p.LoadSeq))
		conditions = append(conditions, "("+condition+")")
	}
	return "CASE " + strings.Join(cases, " ") + " END", " WHERE " + strings.Join(conditions, " OR ")
}
