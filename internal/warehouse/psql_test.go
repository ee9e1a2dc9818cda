package warehouse_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tidegate/internal/testkit"
	"tidegate/internal/warehouse"
)

// psql runs a script and gives what a person would see, without the greeting.
func psql(t *testing.T, l *lab, script string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), testkit.Psql(t), "-X", "-q", "-A", "-P", "footer=off", l.url())
	cmd.Env = append(os.Environ(), "PSQLRC=/dev/null", "LC_ALL=C.UTF-8")
	cmd.Stdin = strings.NewReader(script)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("psql: %v\n%s", err, out)
	}
	return string(out)
}

func TestPsql(t *testing.T) {
	t.Parallel()
	l := start(t)
	l.parquet(t, "e/1", "select range::integer as id, 'p' || range as path from range(3)")
	got := psql(t, l, `
create table e (id int sortkey, path varchar(10) encode zstd) diststyle even;
copy e from 's3://lake/e/' iam_role default format as parquet;
select * from e where id > 0 order by 1;
begin;
delete from e;
select count(*), null as nothing from e;
rollback;
select 'a' as a; select 'b' as b;
select count(*) from e;
copy e from 's3://lake/e/' iam_role default format as parquet region 'eu-west-1';
insert into e values (1, '12345678901');
\set VERBOSITY verbose
select nothing;
`)
	want := `INFO:  Load into table 'e' completed, 3 record(s) loaded successfully.
id|path
1|p1
2|p2
count|nothing
0|
a
a
b
b
count
3
ERROR:  REGION argument is not supported for PARQUET based COPY
ERROR:  value too long for type character varying(10)
ERROR:  42703: column "nothing" does not exist
`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("psql (-want +got):\n%s", diff)
	}
}

func TestPsqlLosesItsConnection(t *testing.T) {
	t.Parallel()
	l := start(t)
	l.Fail(warehouse.Fault{At: warehouse.AfterCommit, Effect: warehouse.Drop})
	cmd := exec.CommandContext(t.Context(), testkit.Psql(t), "-X", "-q", "-c", "create table t (n int)", "-c", "begin", "-c", "insert into t values (1)",
		"-c", "commit", l.url())
	out, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "connection") {
		t.Errorf("psql: %v\n%s", err, out)
	}
	same(t, "committed all the same", ask(t, l.connect(t), "select * from t"), "1")
}
