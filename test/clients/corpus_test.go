package clients

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"tidegate/internal/testkit"
	"tidegate/test/corpus"
)

// corpusFile is what the recorder wrote down of a client, in its folder.
const corpusFile = "corpus.json"

// checkCorpus replays what clients asked about the system's relations, without the clients. A reason that none needs any
// more is removed when files are written anew.
func checkCorpus(t *testing.T, gate side) {
	t.Helper()
	c := testkit.Dial(t, gate.url())
	equal, different := 0, 0
	for _, client := range allClients() {
		statements := readCorpus(t, client.folder())
		for i := range statements {
			s := &statements[i]
			switch why := corpus.Replay(t, c, s); {
			case why == "" && s.Differs != "" && *rewrite:
				s.Differs = ""
			case why == "" && s.Differs != "":
				t.Errorf("%s %d: answered as PostgreSQL did, though it differs because %s", client.name, i, s.Differs)
			case why != "" && s.Differs == "":
				t.Errorf("%s %d: %s\n%.400s", client.name, i, why, s.SQL)
			case why == "":
				equal++
			default:
				different++
			}
		}
		if *rewrite {
			saveCorpus(t, client.folder(), statements)
		}
	}
	t.Logf("%d statements answered as PostgreSQL did, %d otherwise for a reason", equal, different)
	if equal == 0 {
		t.Error("no statement was replayed")
	}
}

func readCorpus(t *testing.T, folder string) (statements []corpus.Statement) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(folder, corpusFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil // it asks nothing about the system's relations
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &statements); err != nil {
		t.Fatal(err)
	}
	return statements
}

// writeCorpus keeps every statement once that PostgreSQL answers alone as it did, with the reason that it had.
func writeCorpus(t *testing.T, folder string, recorded []corpus.Statement, postgres side) {
	t.Helper()
	reasons := map[string]string{}
	for _, s := range readCorpus(t, folder) {
		reasons[s.SQL] = s.Differs
	}
	c := testkit.Dial(t, postgres.url())
	names := relationNames(t, c)
	seen := map[string]bool{}
	var kept []corpus.Statement
	for _, s := range recorded {
		text, known := withNames(s.SQL, names)
		for i, arg := range s.Args {
			named, ok := withNames(arg, names)
			s.Args[i], known = named, known && ok
		}
		key := text + strings.Join(s.Args, "\x00")
		if !known || seen[key] {
			continue
		}
		seen[key] = true
		s.SQL, s.Differs = text, reasons[text]
		if corpus.Replay(t, c, &s) == "" {
			kept = append(kept, s)
		}
	}
	saveCorpus(t, folder, kept)
}

func saveCorpus(t *testing.T, folder string, statements []corpus.Statement) {
	t.Helper()
	path := filepath.Join(folder, corpusFile)
	if len(statements) == 0 {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
		return
	}
	var text bytes.Buffer
	for i, s := range statements {
		line, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		text.WriteString(map[bool]string{true: "[\n", false: ",\n"}[i == 0])
		text.Write(line)
	}
	text.WriteString("\n]\n")
	if err := os.WriteFile(path, text.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

// relationNames are the relations of users by their OID.
func relationNames(t *testing.T, c *pgconn.PgConn) map[string]string {
	t.Helper()
	names := map[string]string{}
	for _, row := range run(t, c, "select c.oid, n.nspname || '.' || relname from pg_class c join pg_namespace n on n.oid = relnamespace where c.oid >= 16384")[0].Rows {
		names[string(row[0])] = string(row[1])
	}
	return names
}

var userOID = regexp.MustCompile(`\b(1[6-9]|[2-9]\d)\d{3}\b`)

// withNames puts {{oid:name}} where a text has the OID of a relation of users. A number that may be the OID of something
// else makes the text one that cannot be replayed.
func withNames(text string, names map[string]string) (string, bool) {
	known := true
	return userOID.ReplaceAllStringFunc(text, func(number string) string {
		name, ok := names[number]
		known = known && ok
		return "{{oid:" + name + "}}"
	}), known
}
