package captured

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"tidegate/internal/testkit"
)

// statement is what one client sent, with what PostgreSQL answered.
type statement struct {
	Client  string   `json:"client"`
	SQL     string   `json:"sql"`
	Results []result `json:"results"`
	Note    string   `json:"note"`
}

type result struct {
	Names    []string `json:"names"`
	OIDs     []uint32 `json:"oids"`
	Typmods  []int32  `json:"typmods"`
	Rows     int      `json:"rows"`
	Tag      string   `json:"tag"`
	SQLState string   `json:"sqlstate"`
	Message  string   `json:"message"`
}

// recorded lies beside the project.
const recorded = "../../../shared/clients"

func TestCapturedStatements(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile(filepath.Join(recorded, "captured_queries.json"))
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("the recorded statements are not here")
	}
	if err != nil {
		t.Fatal(err)
	}
	var statements []statement
	if err := json.Unmarshal(data, &statements); err != nil {
		t.Fatal(err)
	}
	url := serve(t).URL
	connections := map[string]*pgconn.PgConn{} // one for each client: cursors outlive a statement
	equal := 0
	for i, s := range statements {
		if s.Results == nil { // long ones, which were not run
			continue
		}
		c, ok := connections[s.Client]
		if !ok {
			c = testkit.Dial(t, url)
			connections[s.Client] = c
		}
		why := replay(t, c, &s)
		reason, differs := differences[i]
		switch {
		case differs && why == "":
			t.Errorf("%d %s: answered as PostgreSQL did, and it is in the list because %s", i, s.Client, reason)
		case !differs && why != "":
			t.Errorf("%d %s: %s\n%.600s", i, s.Client, why, s.SQL)
		case !differs:
			equal++
		}
	}
	t.Logf("%d statements answered as PostgreSQL did, %d otherwise for a reason", equal, len(differences))
	if equal+len(differences) < 200 {
		t.Error("statements are missing")
	}
}

const (
	ownSchema   = "schema tidegate and its views are there beside PostgreSQL's"
	oneDatabase = "there is one database: no postgres and no templates"
	noTOAST     = "TOAST tables are not shown"
	redshift    = "Redshift's views are there: it was a PostgreSQL that had none"
)

// differences are the statements that are answered otherwise, with the reason.
var differences = map[int]string{
	17: ownSchema, 23: ownSchema, 79: ownSchema, 139: ownSchema, 185: ownSchema, 198: ownSchema,
	104: oneDatabase, 105: noTOAST, 187: redshift,
}

// replay runs a statement outside a transaction, as it was recorded, and gives the first difference.
func replay(t *testing.T, c *pgconn.PgConn, s *statement) string {
	t.Helper()
	defer func() {
		if c.TxStatus() != 'I' {
			if _, err := c.Exec(t.Context(), "rollback").ReadAll(); err != nil {
				t.Fatal(err)
			}
		}
	}()
	text, err := withOIDs(t, c, s.SQL)
	if err != nil {
		return err.Error()
	}
	if strings.Contains(s.Note, "described, not executed") {
		return described(t, c, text, s)
	}
	var got []result
	reader := c.Exec(t.Context(), text)
	for reader.NextResult() {
		rr := reader.ResultReader()
		r := columns(rr.FieldDescriptions())
		for rr.NextRow() {
			r.Rows++
		}
		tag, err := rr.Close()
		if err != nil {
			break // the reader has it
		}
		r.Tag = tag.String()
		got = append(got, r)
	}
	if err := reader.Close(); err != nil {
		failed, ok := errors.AsType[*pgconn.PgError](err)
		if !ok {
			return err.Error()
		}
		got = append(got, result{SQLState: failed.Code, Message: failed.Message})
	}
	return difference(s.Results, got)
}

func described(t *testing.T, c *pgconn.PgConn, text string, s *statement) string {
	t.Helper()
	d, err := c.Prepare(t.Context(), "", text, nil)
	if err != nil {
		return err.Error()
	}
	want := strings.TrimPrefix(strings.Split(s.Note, ";")[0], "parameters: OIDs ")
	if got := fmt.Sprint(d.ParamOIDs); got != want {
		return "parameters " + got + ", want " + want
	}
	return difference(s.Results, []result{columns(d.Fields)})
}

func columns(fields []pgconn.FieldDescription) (r result) {
	for _, f := range fields {
		r.Names, r.OIDs, r.Typmods = append(r.Names, f.Name), append(r.OIDs, f.DataTypeOID), append(r.Typmods, f.TypeModifier)
	}
	return r
}

func difference(want, got []result) string {
	for i := range min(len(want), len(got)) {
		w, g := want[i], got[i]
		switch {
		case w.SQLState != g.SQLState:
			return fmt.Sprintf("result %d: SQLSTATE %q %s, want %q %s", i, g.SQLState, g.Message, w.SQLState, w.Message)
		case !slices.Equal(w.Names, g.Names):
			return fmt.Sprintf("result %d: columns %q, want %q", i, g.Names, w.Names)
		case !slices.Equal(w.OIDs, g.OIDs):
			return fmt.Sprintf("result %d: types %d, want %d", i, g.OIDs, w.OIDs)
		case !slices.Equal(w.Typmods, g.Typmods):
			return fmt.Sprintf("result %d: typmods %d, want %d", i, g.Typmods, w.Typmods)
		case w.Rows != g.Rows:
			return fmt.Sprintf("result %d: %d rows, want %d", i, g.Rows, w.Rows)
		case w.Tag != g.Tag:
			return fmt.Sprintf("result %d: tag %q, want %q", i, g.Tag, w.Tag)
		}
	}
	if len(want) != len(got) {
		return fmt.Sprintf("%d results, want %d", len(got), len(want))
	}
	return ""
}

var oidMark = regexp.MustCompile(`\{\{oid:([a-z_.]+)\}\}`)

// withOIDs puts a relation's OID where the statement names it so.
func withOIDs(t *testing.T, c *pgconn.PgConn, text string) (string, error) {
	t.Helper()
	var failed error
	return oidMark.ReplaceAllStringFunc(text, func(mark string) string {
		name := oidMark.FindStringSubmatch(mark)[1]
		r := c.ExecParams(t.Context(), "select $1::regclass::oid", [][]byte{[]byte(name)}, nil, nil, nil).Read()
		if r.Err != nil {
			failed = fmt.Errorf("OID of %s: %w", name, r.Err)
			return mark
		}
		return string(r.Rows[0][0])
	}), failed
}
