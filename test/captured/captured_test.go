package captured

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"tidegate/internal/testkit"
	"tidegate/test/corpus"
)

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
	var statements []corpus.Statement
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
		why := corpus.Replay(t, c, &s)
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
